//! Bad input: every refusal by its exact error, words included, and nothing changed by it.

use alloy_primitives::{aliases::U80, Address, FixedBytes, I256, U256};
use alloy_sol_types::{SolCall, SolError, SolValue};
use fusebox_testbed::{DeployError, Tx};
use fusebox_tests::{abi::*, *};

const MAX: u128 = (1 << 112) - 1;

fn n(value: u128) -> U256 {
    U256::from(value)
}

fn open_one(rig: &Rig) -> openCall {
    openCall { market: 1, isLong: true, size: n(WAD), margin: rig.units(400), limitPrice: U256::ZERO }
}

fn constructor_refuses(rig: &Rig, programs: &[Address], roles: [Address; 4], secs: u32, error: impl SolError) {
    let [token, governance, council, pauser] = roles;
    let mut chain = rig.chain.clone();
    match deploy(&mut chain, programs, token, [governance, council, pauser], (secs, 1_000_000)) {
        Err(DeployError::Constructor(revert)) => assert_eq!(revert.data, error.abi_encode()),
        other => panic!("not refused by the constructor: {other:?}"),
    }
}

#[test]
fn a_constructor_refuses_zero_addresses_and_absurd_values() {
    let rig = Rig::bare(Plan::default());
    let roles = [rig.token, GOVERNANCE, COUNCIL, PAUSER];
    for argument in 0..4usize {
        let mut bad = roles;
        bad[argument] = Address::ZERO;
        constructor_refuses(&rig, &rig.programs, bad, 3_600, ZeroAddress { argument: U256::from(argument) });
    }
    for program in 0..rig.programs.len() {
        let mut bad = rig.programs.clone();
        bad[program] = Address::ZERO;
        constructor_refuses(&rig, &bad, roles, 3_600, ZeroAddress { argument: U256::from(program + 1) });
    }
    let count = rig.programs.len();
    for length in [0, count - 1] {
        let error = InvalidLength { length: U256::from(length), expected: U256::from(count) };
        constructor_refuses(&rig, &rig.programs[..length], roles, 3_600, error);
    }
    let no_code = [ALICE, GOVERNANCE, COUNCIL, PAUSER];
    constructor_refuses(&rig, &rig.programs, no_code, 3_600, TokenWithoutCode { token: ALICE });
    let no_decimals = [rig.programs[0], GOVERNANCE, COUNCIL, PAUSER];
    let selector = FixedBytes::from([0x31, 0x3c, 0xe5, 0x67]);
    let error = TokenCallFailed { token: rig.programs[0], selector };
    constructor_refuses(&rig, &rig.programs, no_decimals, 3_600, error);
    constructor_refuses(&rig, &rig.programs, roles, 299, DurationTooShort { value: 299, bound: 300 });
    let longest = 14 * 86_400;
    let error = DurationTooLong { value: longest + 1, bound: longest };
    constructor_refuses(&rig, &rig.programs, roles, longest as u32 + 1, error);
    // An initialisation that sets nothing would leave a protocol to whoever initialises it first.
    let nothing = alloy_primitives::Bytes::from(panelCall {}.abi_encode());
    let arguments = (rig.programs.clone(), nothing).abi_encode_params();
    match rig.chain.clone().deploy_wasm_with(DEPLOYER, &wasm("perp"), arguments, U256::ZERO) {
        Err(DeployError::Constructor(revert)) => assert_eq!(revert.data, ProgramFailed { program: n(5) }.abi_encode()),
        other => panic!("not refused by the constructor: {other:?}"),
    }
    // The bounds themselves are accepted.
    for secs in [300, longest as u32] {
        let mut chain = rig.chain.clone();
        deploy(&mut chain, &rig.programs, rig.token, [GOVERNANCE, COUNCIL, PAUSER], (secs, 1_000_000))
            .expect("at the bound");
    }
    // Decimals.
    let mut rig = rig;
    for (decimals, accepted) in [(0u64, true), (18, true), (19, false), (255, false)] {
        let arguments = ("T".to_string(), "T".to_string(), U256::from(decimals)).abi_encode_params();
        let token = rig.chain.deploy_evm(DEPLOYER, &creation("TestToken", &arguments)).expect("a token");
        let roles = [token, GOVERNANCE, COUNCIL, PAUSER];
        if accepted {
            let mut chain = rig.chain.clone();
            deploy(&mut chain, &rig.programs, token, [GOVERNANCE, COUNCIL, PAUSER], (300, 1_000_000))
                .expect("decimals");
        } else {
            let error = DecimalsOutOfBounds { decimals: U256::from(decimals), max: n(18) };
            constructor_refuses(&rig, &rig.programs, roles, 300, error);
        }
    }
}

#[test]
fn a_listing_refuses_terms_out_of_bounds() {
    let rig = Rig::new();
    let feeds = [rig.anchor, rig.second].map(|feed| aggregator(feed, 8, 100_000, MAX_AGE));
    let bad: [(u8, u128, u128); 14] = [
        (0, 9, 10),
        (0, 10_001, 10_000),
        (0, 16_383, 10_000),
        (15, 0, 1),
        (15, 1_000, 999),
        (10, 1_001, 1_000),
        (16, 501, 500),
        (9, 0, 1),
        (9, 20_001, 20_000),
        (7, 9_999, 10_000),
        (7, 0, 10_000),
        (7, 50_001, 50_000),
        (12, 0, 1),
        (18, 86_399, 86_400),
    ];
    for (term, value, bound) in bad {
        let call = rig.listing_of(rig.terms().with(term.into(), value), Params::default(), &feeds);
        rig.refuses_change(change::list(&call), MarketTerm { term, value, bound });
    }
    let least = rig.terms().0[12];
    let call = rig.listing_of(rig.terms().with(19, least + 1), Params::default(), &feeds);
    let error = TermOutOfBounds { term: n(19), value: U256::from(least + 1), bound: U256::from(least) };
    rig.refuses_change(change::list(&call), error);
    for (term, value) in [(0, 10_000), (15, 999), (10, 0), (10, 1_000), (16, 0), (16, 500), (9, 20_000), (7, 10_000)] {
        let call = rig.listing_of(rig.terms().with(term, value), Params::default(), &feeds);
        let (mut rig, execute) = rig.ripe(change::list(&call));
        rig.call(CAROL, &execute);
        assert_eq!(rig.ask(&panelCall {})[0], n(2), "term {term} at {value}");
    }
}

#[test]
fn a_listing_refuses_parameters_out_of_bounds() {
    let rig = Rig::new();
    // Index in the word, number of the field, value, bounds.
    let bad: [(usize, u8, u64, u64, u64); 25] = [
        (0, 1, 0, 1, 1_000),
        (0, 1, 1_001, 1, 1_000),
        (1, 2, 2_501, 1, 2_500),
        (2, 3, 5_001, 1, 5_000),
        (3, 4, 99, 100, 5_000),
        (3, 4, 5_001, 100, 5_000),
        (4, 5, 0, 1, 1_000),
        (4, 5, 1_001, 1, 1_000),
        (5, 6, 299, 300, 14_400),
        (5, 6, 14_401, 300, 14_400),
        (6, 7, 0, 1, 50),
        (6, 7, 51, 1, 50),
        (7, 8, 29, 30, 600),
        (7, 8, 601, 30, 600),
        (8, 9, 0, 1, 1_440),
        (9, 10, 1_441, 1, 1_440),
        (10, 11, 0, 1, 1_440),
        (11, 12, 1_441, 1, 1_440),
        (12, 13, 309, 310, 4_320),
        (12, 13, 4_321, 310, 4_320),
        (13, 15, 599, 600, 7_200),
        (13, 15, 7_201, 600, 7_200),
        (14, 14, 2, 3, 10),
        (14, 14, 11, 3, 10),
        (16, 1, 1, 0, 0), // divergence off, its thresholds on: the first of them is named
    ];
    for (index, field, value, min, max) in bad {
        let call = rig.listing(Params::default().with(index, value));
        let value = if index == 16 { 500 } else { value };
        let error = OutOfBounds { field, value: U256::from(value), min: U256::from(min), max: U256::from(max) };
        rig.refuses_change(change::list(&call), error);
    }
}

#[test]
fn a_listing_refuses_feeds_that_are_not_what_they_are_said_to_be() {
    let mut rig = Rig::new();
    let (anchor, second) = (rig.anchor, rig.second);
    let good = [anchor, second].map(|feed| aggregator(feed, 8, 100_000, MAX_AGE));
    let with_first = |word: U256| vec![word, good[1]];
    let bounds = |field: u8, value: u64, min: u64, max: u64| OutOfBounds {
        field,
        value: U256::from(value),
        min: U256::from(min),
        max: U256::from(max),
    };
    let cases: Vec<(Vec<U256>, Vec<u8>)> = vec![
        (with_first(aggregator(anchor, 8, 19_999, MAX_AGE)), bounds(17, 19_999, 20_000, 5_000_000).abi_encode()),
        (with_first(aggregator(anchor, 8, 5_000_001, MAX_AGE)), bounds(17, 5_000_001, 20_000, 5_000_000).abi_encode()),
        (with_first(aggregator(anchor, 8, 100_000, 59)), bounds(16, 59, 60, 172_800).abi_encode()),
        (with_first(aggregator(anchor, 8, 100_000, 172_801)), bounds(16, 172_801, 60, 172_800).abi_encode()),
        (with_first(aggregator(anchor, 19, 100_000, MAX_AGE)), bounds(18, 19, 0, 18).abi_encode()),
        (
            with_first(aggregator(anchor, 6, 100_000, MAX_AGE)),
            WrongDecimals { feed: 0, reported: 8, configured: 6 }.abi_encode(),
        ),
        (with_first(aggregator(Address::ZERO, 8, 100_000, MAX_AGE)), ZeroFeed { feed: 0 }.abi_encode()),
        (vec![good[0], good[0]], RepeatedFeed { feed: 1, first: 0 }.abi_encode()),
        (with_first(pool_mean(anchor, [18, 6], false, 1_800)), AnchorOnlyChecks { kind: 2 }.abi_encode()),
        (vec![good[0], pool_mean(second, [18, 6], false, 1_799)], bounds(19, 1_799, 1_800, 65_535).abi_encode()),
        (vec![good[0]], NoQuorum { valid: 1, needed: 2 }.abi_encode()),
        (vec![], bounds(22, 0, 1, 5).abi_encode()),
        (vec![good[0]; 6], bounds(22, 6, 1, 5).abi_encode()),
        (
            with_first(good[0] + (U256::from(2) << 160usize)), // kind 3
            bounds(24, 3, 1, 2).abi_encode(),
        ),
        (with_first(aggregator(ALICE, 8, 100_000, MAX_AGE)), InvalidPrice { feed: 0, fault: 2 }.abi_encode()),
        (
            vec![good[0], pool_mean(second, [18, 6], false, 1_800)], // an aggregator does not observe
            InvalidPrice { feed: 1, fault: 1 }.abi_encode(),
        ),
    ];
    for (index, (feeds, expected)) in cases.into_iter().enumerate() {
        let call = rig.listing_of(rig.terms(), Params::default(), &feeds);
        let (mut rig, execute) = rig.ripe(change::list(&call));
        assert_eq!(rig.fails(CAROL, &execute).output, expected, "case {index}");
    }
    for length in 0..6usize {
        let words = rig.listing(Params::default())[..length].to_vec();
        let error = InvalidLength { length: U256::from(length), expected: n(7) };
        rig.refuses_change(change::list(&words), error);
    }
    for (word, expected) in [
        (sequencer_word(ALICE, 299, 0xff_ffff), bounds(20, 299, 300, 86_400).abi_encode()),
        (sequencer_word(ALICE, 86_401, 0xff_ffff), bounds(20, 86_401, 300, 86_400).abi_encode()),
        (sequencer_word(ALICE, 3_600, 3_599), bounds(21, 3_599, 3_600, 2_592_000).abi_encode()),
        (sequencer_word(Address::ZERO, 3_600, 3_600), ZeroFeed { feed: 255 }.abi_encode()),
    ] {
        let mut call = rig.listing(Params::default());
        call[5] = word;
        let (mut rig, execute) = rig.ripe(change::list(&call));
        assert_eq!(rig.fails(CAROL, &execute).output, expected);
    }
    let call = rig.listing(Params::default());
    let (mut doubted, execute) = rig.ripe(change::list(&call));
    doubted.set_second(START / 100 * 106);
    doubted.refuses(CAROL, &execute, PriceInDoubt { deviationBps: 600, boundBps: 500 });
    for listed in 2..=8 {
        rig.govern(&[change::list(&call)]);
        assert_eq!(rig.ask(&panelCall {})[0], n(listed));
    }
    rig.refuses_change(change::list(&call), TooManyMarkets { markets: n(9), max: n(8) });
}

#[test]
fn a_pool_is_read_the_right_way_round_or_not_listed() {
    let mut rig = Rig::new();
    // ln(2,000e6 / 1e18) / ln(1.0001): dollars of 6 decimals for an asset of 18.
    let tick = I256::try_from(-200_311).expect("fits");
    let oracles = |rig: &mut Rig| {
        [1_800, 1_799].map(|age| {
            let arguments = (U256::from(rig.now() - age), tick, U256::from(10)).abi_encode_params();
            rig.chain.deploy_evm(DEPLOYER, &creation("PoolOracle", &arguments)).expect("an oracle")
        })
    };
    // They are as old once the listings have waited: where they will be is known before.
    let mut future = rig.clone();
    future.advance(7 * 86_400, START);
    let [pool, young] = oracles(&mut future);
    let anchor = aggregator(rig.anchor, 8, 100_000, MAX_AGE);
    let [unready, inverse, right] = [(young, false), (pool, true), (pool, false)].map(|(source, inverted)| {
        let feeds = [anchor, pool_mean(source, [18, 6], inverted, 1_800)];
        change::list(&rig.listing_of(rig.terms(), Params::default(), &feeds))
    });
    for words in [&unready, &inverse, &right] {
        rig.call(GOVERNANCE, &proposeCall { words: words.clone() });
    }
    rig.advance(7 * 86_400, START);
    assert_eq!(oracles(&mut rig), [pool, young]);
    rig.refuses(CAROL, &executeCall { words: unready }, InvalidPrice { feed: 1, fault: 1 });
    let doubt =
        PriceInDoubt::abi_decode(&rig.fails(CAROL, &executeCall { words: inverse }).output).expect("PriceInDoubt");
    assert!(doubt.deviationBps > 1_000_000, "the inverse of the price is far from it");
    rig.call(CAROL, &executeCall { words: right });
    let price = rig.ask(&priceCall { market: 2, class: INCREASE });
    assert_eq!((price.price, price.tier), (n(2_000 * WAD), 0));
}

#[test]
fn feeds_that_do_what_they_should_not_give_no_price() {
    let mut rig = Rig::of(Plan { hostile: true, ..Plan::default() });
    let feed = rig.anchor;
    let call = open_one(&rig);
    let (now, one) = (U256::from(rig.now()), I256::try_from(START).expect("fits"));
    let round = |round: u64, answer: I256, updated: U256, answered: u64| setRoundCall {
        round: U80::from(round),
        answer,
        startedAt: updated,
        updatedAt: updated,
        answeredIn: U80::from(answered),
    };
    // 1 reverted, 2 malformed, 3 not positive, 4 too large, 5 never updated, 6 of the future, 7 unfinished.
    let rounds = [
        (round(7, I256::ZERO, now, 7), 3),
        (round(7, -one, now, 7), 3),
        (round(7, I256::MIN, now, 7), 3),
        (round(7, I256::MAX, now, 7), 4),
        (round(7, one, U256::ZERO, 7), 5),
        (round(7, one, now + n(1), 7), 6),
        (round(7, one, U256::MAX, 7), 6),
        (round(7, one, now, 6), 7),
    ];
    for (bad, fault) in rounds {
        rig.on(DEPLOYER, feed, &bad);
        rig.refuses(ALICE, &call, InvalidPrice { feed: 0, fault });
    }
    rig.set_price(START);
    // Revert, RevertHuge, Burn, Loop, Huge.
    for (mode, size, fault) in [(1, 0, 1), (2, 20_000, 1), (3, 0, 1), (4, 0, 1), (5, 161, 2), (5, 20_000, 2)] {
        rig.on(DEPLOYER, feed, &setCall { mode, size: n(size) });
        rig.refuses(ALICE, &call, InvalidPrice { feed: 0, fault });
    }
    rig.set_price(START);
    for length in [0usize, 31, 32, 159] {
        rig.on(DEPLOYER, feed, &setReplyCall { reply: vec![1; length].into() });
        rig.refuses(ALICE, &call, InvalidPrice { feed: 0, fault: 2 });
    }
    rig.set_price(START);
    rig.call(ALICE, &call);
}

#[test]
fn amounts_at_their_edges() {
    let mut rig = Rig::new();
    let (user, token, perp) = (who(0x77), rig.token, rig.perp);
    rig.on(user, token, &mintCall { to: user, amount: n(MAX) * n(4) });
    rig.on(user, token, &approveCall { spender: perp, amount: U256::MAX });
    let too_large = |value: u128| AmountTooLarge { value: n(value), max: n(MAX) };
    for (amount, seen) in [(n(MAX + 1), MAX + 1), (n(u128::MAX), u128::MAX), (U256::MAX, u128::MAX)] {
        rig.refuses(user, &depositCall { amount }, too_large(seen));
        rig.refuses(user, &withdrawCall { amount }, too_large(seen));
        rig.refuses(user, &provideCall { amount }, too_large(seen));
        rig.refuses(user, &removeCall { shares: amount }, too_large(seen));
        let open = openCall { size: amount, ..open_one(&rig) };
        rig.refuses(ALICE, &open, too_large(seen));
        let open = openCall { margin: amount, ..open_one(&rig) };
        rig.refuses(ALICE, &open, too_large(seen));
        rig.refuses(ALICE, &topUpCall { market: 1, amount }, too_large(seen));
    }
    let zero = U256::ZERO;
    rig.refuses(user, &depositCall { amount: zero }, ZeroAmount {});
    rig.refuses(user, &withdrawCall { amount: zero }, ZeroAmount {});
    rig.refuses(user, &provideCall { amount: zero }, ZeroAmount {});
    rig.refuses(LP, &removeCall { shares: zero }, ZeroAmount {});
    rig.refuses(ALICE, &topUpCall { market: 1, amount: zero }, ZeroAmount {});
    let open = openCall { size: zero, ..open_one(&rig) };
    rig.refuses(ALICE, &open, ZeroAmount {});
    let open = openCall { margin: zero, ..open_one(&rig) };
    rig.refuses(ALICE, &open, ZeroAmount {});
    assert_eq!(rig.call(user, &depositCall { amount: n(1) }), n(1));
    rig.refuses(user, &depositCall { amount: n(MAX) }, too_large(MAX + 1));
    assert_eq!(rig.call(user, &depositCall { amount: n(MAX - 1) }), n(MAX - 1));
    rig.refuses(user, &depositCall { amount: n(1) }, too_large(MAX + 1));
    // What is more than a bucket holds leaves in parts.
    let capacity = 10u128.pow(9) * 10u128.pow(rig.decimals.into()) * 9 / 10;
    rig.refuses(user, &withdrawCall { amount: n(MAX) }, AboveCapacity { amount: MAX, bound: capacity });
    let free = rig.ask(&accountCall { who: ALICE }).free;
    rig.refuses(ALICE, &withdrawCall { amount: free + n(1) }, InsufficientFree { needed: free + n(1), free });
    let held = rig.ask(&accountCall { who: LP }).shares;
    let more = held + n(1_000_000); // a lot
    rig.refuses(LP, &removeCall { shares: more }, InsufficientShares { needed: more, held });
    rig.refuses(LP, &removeCall { shares: n(999_999) }, ZeroAmount {});
}

#[test]
fn positions_at_their_edges() {
    let mut rig = Rig::new();
    let zero = U256::ZERO;
    let call = open_one(&rig);
    rig.refuses(ALICE, &topUpCall { market: 1, amount: n(1) }, NoPosition {});
    rig.refuses(ALICE, &closeCall { market: 1, limitPrice: zero }, NoPosition {});
    rig.refuses(ALICE, &reduceCall { market: 1, size: n(1), limitPrice: zero }, NoPosition {});
    let more = increaseCall { market: 1, size: n(1), margin: zero, limitPrice: zero };
    rig.refuses(ALICE, &more, NoPosition {});
    rig.refuses(CAROL, &liquidateCall { market: 1, account: ALICE }, NoPosition {});
    let min = rig.units(10);
    let small = openCall { size: n(WAD / 1_000), margin: min - n(1), ..call.clone() };
    rig.refuses(ALICE, &small, MarginBelowLeast { margin: (min - n(1)).to(), bound: min.to() });
    let needed = rig.units(200);
    let thin = openCall { margin: needed - n(1), ..call.clone() };
    rig.refuses(ALICE, &thin, MarginBelowInitial { margin: (needed - n(1)).to(), needed: needed.to() });
    rig.clone().call(ALICE, &openCall { margin: needed, ..call.clone() });
    // A buyer takes no price above the limit, a seller none below it; at the limit both do.
    let price = n(2_000 * WAD);
    for (is_long, bad) in [(true, price - n(1)), (false, price + n(1))] {
        let at = |limit| openCall { isLong: is_long, limitPrice: limit, ..call.clone() };
        rig.refuses(ALICE, &at(bad), LimitPrice { price, limit: bad });
        let mut other = rig.clone();
        other.call(ALICE, &at(price));
        let bad = if is_long { price + n(1) } else { price - n(1) };
        other.refuses(ALICE, &closeCall { market: 1, limitPrice: bad }, LimitPrice { price, limit: bad });
        other.call(ALICE, &closeCall { market: 1, limitPrice: price });
    }
    rig.call(ALICE, &call);
    rig.refuses(ALICE, &call, PositionExists { size: n(WAD) });
    let above = reduceCall { market: 1, size: n(WAD + 1), limitPrice: zero };
    rig.refuses(ALICE, &above, SizeAbovePosition { size: n(WAD + 1), held: n(WAD) });
    for class in [5, 6, 255] {
        rig.refuses(ALICE, &checkCall { market: 1, class }, UnknownClass { class: n(class.into()), max: n(4) });
        rig.refuses(ALICE, &priceCall { market: 1, class }, UnknownClass { class: n(class.into()), max: n(4) });
    }
    for class in [EXIT, INFLOW] {
        rig.refuses(ALICE, &priceCall { market: 1, class }, NotQuoted { class });
    }
}

#[test]
fn roles_guardians_and_labels_at_their_edges() {
    let mut rig = Rig::new();
    rig.refuses(
        GOVERNANCE,
        &revokeRoleCall { account: GOVERNANCE, role: 0 },
        LastGovernance { who: GOVERNANCE, bound: 1 },
    );
    rig.refuses(
        GOVERNANCE,
        &grantRoleCall { account: Address::ZERO, role: 1 },
        ZeroAccount { who: Address::ZERO, role: 1 },
    );
    let unknown = UnknownRole::abi_decode(&rig.fails(GOVERNANCE, &grantRoleCall { account: ALICE, role: 255 }).output);
    assert_eq!(unknown.expect("UnknownRole").role, 255);
    let set = |guardian, secs| change::guardian(guardian, 1, secs);
    rig.refuses_change(set(Address::ZERO, 300), ZeroGuardian { guardian: Address::ZERO, scope: 1 });
    rig.refuses_change(set(ALICE, 299), DurationTooShort { value: 299, bound: 300 });
    rig.refuses_change(set(ALICE, 1_209_601), DurationTooLong { value: 1_209_601, bound: 1_209_600 });
    rig.refuses(GOVERNANCE, &labelCall { incident: 1, label: 3 }, UnknownLabel { label: 3, max: 2 });
    for id in [0, 1, u32::MAX] {
        rig.refuses(GOVERNANCE, &labelCall { incident: id, label: 1 }, UnknownIncident { id, count: 0 });
        rig.refuses(ALICE, &incidentCall { id }, UnknownIncident { id, count: 0 });
    }
    let pause = |scopes: Vec<u32>, classes| pauseCall { scopes, classes, reason: 0 };
    rig.refuses(PAUSER, &pause(vec![1], 32), UnknownClasses { classes: 32, known: 31 });
    rig.refuses(PAUSER, &pause(vec![1; 65], 1), BatchSize { length: 65, bound: 64 });
    rig.call(PAUSER, &pause(vec![1], 1));
    let until = rig.now() + PAUSE_SECS + 86_400;
    let cooling = CoolingDown { until, now: rig.now() };
    rig.refuses(PAUSER, &pause(vec![0], 1), cooling);
    rig.advance(2 * PAUSE_SECS, START);
    rig.refuses(PAUSER, &pause(vec![1], 1), AlreadyUsed { who: PAUSER, scope: 1 });
}

#[test]
fn tokens_that_fail_lie_or_take_a_fee() {
    let selector = |call: [u8; 4]| FixedBytes::from(call);
    let (transfer, transfer_from) = (selector([0xa9, 0x05, 0x9c, 0xbb]), selector([0x23, 0xb8, 0x72, 0xdd]));
    let mut rig = Rig::of(Plan { token: "FalseToken", ..Plan::default() });
    let (token, amount) = (rig.token, rig.units(5));
    for lying in [false, true] {
        if lying {
            rig.on(DEPLOYER, token, &setFailingCall { failing: false });
            rig.on(DEPLOYER, token, &setLyingCall { lying: true });
        } else {
            rig.on(DEPLOYER, token, &setFailingCall { failing: true });
        }
        rig.refuses(ALICE, &depositCall { amount }, TokenCallFailed { token, selector: transfer_from });
        rig.refuses(ALICE, &withdrawCall { amount }, TokenCallFailed { token, selector: transfer });
    }
    rig.on(DEPLOYER, token, &setLyingCall { lying: false });
    rig.call(ALICE, &withdrawCall { amount });

    let mut rig = Rig::of(Plan { token: "NoReturnToken", ..Plan::default() });
    let before = rig.balance(ALICE);
    assert_eq!(rig.call(ALICE, &depositCall { amount }), amount);
    rig.call(ALICE, &withdrawCall { amount });
    assert_eq!(rig.balance(ALICE), before);

    // 1 % of every transfer: what is credited is what arrived.
    let mut rig = Rig::of(Plan { token: "FeeToken", ..Plan::default() });
    let token = rig.token;
    let free = rig.ask(&accountCall { who: ALICE }).free;
    let arrived = rig.call(ALICE, &depositCall { amount: rig.units(100) });
    assert_eq!(arrived, rig.units(99));
    assert_eq!(rig.ask(&accountCall { who: ALICE }).free, free + arrived);
    assert_eq!(rig.accounted(&[ALICE, BOB, CAROL, LP]), rig.balance(rig.perp));
    rig.on(DEPLOYER, token, &setFeeCall { bps: n(10_000) });
    rig.refuses(ALICE, &depositCall { amount }, TokenShortTransfer { asked: amount, moved: U256::ZERO });
}

#[test]
fn fb_14_a_token_that_charges_its_sender_on_top_takes_nothing_from_others() {
    let mut rig = Rig::of(Plan { token: "SurchargeToken", ..Plan::default() });
    let (token, amount) = (rig.token, rig.units(100));
    rig.on(DEPLOYER, token, &setFeeCall { bps: n(100) });
    let moved = amount + rig.units(1);
    rig.refuses(ALICE, &withdrawCall { amount }, TokenShortTransfer { asked: amount, moved });
    rig.on(DEPLOYER, token, &setFeeCall { bps: U256::ZERO });
    rig.call(ALICE, &withdrawCall { amount });
    assert_eq!(rig.accounted(&[ALICE, BOB, CAROL, LP]), rig.balance(rig.perp));
}

#[test]
fn time_that_stands_still_jumps_or_runs_backwards() {
    let mut rig = Rig::new();
    let call = open_one(&rig);
    rig.advance(60, START);
    rig.call(CAROL, &pokeCall { market: 1 });
    let before = rig.picture();
    let outcome = rig.send(CAROL, &pokeCall { market: 1 });
    assert!(outcome.logs.is_empty() && rig.picture() == before, "a second poke in one second did something");
    let at = rig.now();
    rig.wait(86_400);
    rig.refuses(ALICE, &call, StalePrice { age: n(86_400), max: n(MAX_AGE.into()) });
    rig.call(CAROL, &pokeCall { market: 1 });
    assert_eq!(rig.bits(1), 8);
    rig.chain.set_timestamp(at - 1);
    rig.refuses(ALICE, &call, InvalidPrice { feed: 0, fault: 6 });
    rig.chain.set_timestamp(at + 86_400);
    rig.set_price(START);
    rig.call(ALICE, &call);
}

#[test]
fn too_little_gas_for_a_feed_fails_the_whole_call() {
    let mut rig = Rig::of(Plan { hostile: true, ..Plan::default() });
    let (perp, feed) = (rig.perp, rig.anchor);
    // A feed that needs most of its share: starved, it would look dead.
    rig.on(DEPLOYER, feed, &setCall { mode: 7, size: n(90_000) });
    let data = open_one(&rig).abi_encode();
    let whole = rig.chain.view(Tx::new(ALICE, perp, data.clone()));
    assert!(whole.success, "with all of its share it answers");
    let (mut starved, mut silent) = (0, 0);
    for gas in (20_000..whole.gas_used + 200_000).step_by(5_000) {
        let tx = Tx::new(ALICE, perp, data.clone()).gas(gas);
        let outcome = rig.chain.view(tx.clone());
        if outcome.success {
            continue;
        }
        let output = rig.fails_tx::<openCall>(tx).output;
        if let Ok(FeedGas { left, needed }) = FeedGas::abi_decode(&output) {
            assert!(left < needed && needed >= n(100_000), "{left} of {needed}");
            starved += 1;
        } else {
            assert!(InvalidPrice::abi_decode(&output).is_err(), "gas changed the verdict at {gas}");
            assert!(NoQuorum::abi_decode(&output).is_err() && PriceInDoubt::abi_decode(&output).is_err());
            silent += 1;
        }
    }
    assert!(starved > 3 && silent > 3, "{starved} starved, {silent} out of gas before");
}

#[test]
fn a_sequencer_that_is_down_young_or_silent() {
    let mut rig = Rig::of(Plan { sequencer: true, ..Plan::default() });
    let (feed, now) = (rig.sequencer, rig.now());
    let call = open_one(&rig);
    rig.call(ALICE, &call);
    rig.call(BOB, &call);
    let set = |answer: i64, since: u64| sequencer::setCall {
        answer: I256::try_from(answer).expect("fits"),
        startedAt: U256::from(since),
    };
    let liquidate = liquidateCall { market: 1, account: ALICE };
    let more = increaseCall { market: 1, size: n(WAD), margin: rig.units(400), limitPrice: U256::ZERO };
    rig.on(DEPLOYER, feed, &set(1, now));
    let down = |until: u64| SequencerDown { since: U256::from(now), until: U256::from(until) };
    rig.refuses(ALICE, &more, down(0));
    rig.refuses(CAROL, &liquidate, down(0));
    rig.on(DEPLOYER, feed, &set(0, now));
    for at in [now, now + 3_599] {
        rig.chain.set_timestamp(at);
        rig.set_price(START);
        rig.refuses(ALICE, &more, down(now + 3_600));
        rig.refuses(CAROL, &liquidate, down(now + 3_600));
    }
    rig.call(BOB, &closeCall { market: 1, limitPrice: U256::ZERO });
    rig.chain.set_timestamp(now + 3_600);
    rig.set_price(START);
    rig.call(ALICE, &more);
    for (answer, since, fault) in [(2, now, 2), (0, 0, 5), (0, now + 3_601, 6)] {
        rig.on(DEPLOYER, feed, &set(answer, since));
        rig.refuses(ALICE, &more, SequencerUnknown { fault });
        rig.clone().call(ALICE, &closeCall { market: 1, limitPrice: U256::ZERO });
    }
}

#[test]
fn calldata_that_names_nothing_is_refused() {
    let mut rig = Rig::new();
    let perp = rig.perp;
    for data in [vec![], vec![1], vec![1, 2, 3], vec![0xde, 0xad, 0xbe, 0xef], openCall::SELECTOR.to_vec()] {
        rig.fails_tx::<openCall>(Tx::new(ALICE, perp, data));
    }
    let mut short = open_one(&rig).abi_encode();
    short.pop();
    rig.fails_tx::<openCall>(Tx::new(ALICE, perp, short));
    let mut dirty = open_one(&rig).abi_encode();
    dirty[4] = 1; // above the 32 bits of the market
    rig.fails_tx::<openCall>(Tx::new(ALICE, perp, dirty));
    rig.chain.fund(ALICE, n(10));
    rig.fails_tx::<openCall>(Tx::new(ALICE, perp, open_one(&rig).abi_encode()).value(n(1)));
}
