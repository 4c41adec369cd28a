//! Settlement: the price by the clock, and the same result in any order of claims.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use fusebox_fund::{
    error::Error,
    logic::settlement::{challenge, close_out, divide, payout_down, phase, propose, wind_down},
    types::{
        loss::MAX_AMOUNT,
        settlement::{Anchor, Phase, Pot, Settlement, Totals, MAX_PRICE, MAX_RESTARTS, MAX_SECOND, WINDOW_SECS},
        Account, Vault,
    },
};
use num_bigint::BigUint;
use proptest::prelude::*;

const T: u64 = 1_700_000_000;
const ANCHOR: Anchor = Anchor { price: 3_000, at: T - 3_600, feeds: 2 };

/// Cases per property; `FUSEBOX_CASES` asks for another number.
fn config() -> ProptestConfig {
    let cases = std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn amount() -> impl Strategy<Value = u128> {
    prop_oneof![Just(0), 1u128..20, 1u128..1_000_000, (0u32..112).prop_map(|bits| 1 << bits), 0..=MAX_AMOUNT]
}

fn settling() -> Settlement {
    propose(Settlement::default(), T, ANCHOR).unwrap()
}

#[test]
fn the_price_is_fixed_at_the_second() {
    let none = Settlement::default();
    assert_eq!(phase(&none, T), Phase::Trading);
    assert_eq!(phase(&wind_down(none), u64::MAX), Phase::WindingDown);
    let settlement = settling();
    let until = T + WINDOW_SECS;
    assert!(settlement.winding);
    assert_eq!(phase(&settlement, until - 1), Phase::Challenged { price: 3_000, until });
    assert_eq!(phase(&settlement, until), Phase::Fixed { price: 3_000 });
    assert_eq!(wind_down(settlement), settlement);
    let better = Anchor { price: 2_900, feeds: 3, ..ANCHOR };
    assert!(challenge(settlement, until - 1, better).is_ok());
    assert_eq!(challenge(settlement, until, better), Err(Error::NotChallengeable { until, now: until }));
    assert_eq!(challenge(none, T, better), Err(Error::NotChallengeable { until: 0, now: T }));
    assert_eq!(propose(settlement, T + 1, ANCHOR), Err(Error::Settling { started: T }));
}

#[test]
fn what_is_no_clean_anchor_is_refused() {
    let refused = |anchor| propose(Settlement::default(), T, anchor).unwrap_err();
    let price = |value, bound| Error::Parameter { id: 24, value, bound };
    assert_eq!(refused(Anchor { price: 0, ..ANCHOR }), price(0, 1));
    assert_eq!(refused(Anchor { price: MAX_PRICE + 1, ..ANCHOR }), price(MAX_PRICE + 1, MAX_PRICE));
    assert_eq!(refused(Anchor { feeds: 0, ..ANCHOR }), Error::BadAnchor { at: ANCHOR.at, bound: T });
    assert_eq!(refused(Anchor { at: T + 1, ..ANCHOR }), Error::BadAnchor { at: T + 1, bound: T });
    assert!(propose(Settlement::default(), T, Anchor { at: T, price: MAX_PRICE, feeds: 1 }).is_ok());
    let later = Anchor { at: T + 1, feeds: 9, price: 1 };
    assert_eq!(challenge(settling(), T + 60, later), Err(Error::BadAnchor { at: T + 1, bound: T }));
}

#[test]
fn if_36_a_better_founded_price_takes_the_place_and_a_weaker_one_does_not() {
    let stands = settling();
    let weaker = |at, feeds| {
        let anchor = Anchor { price: 1, at, feeds };
        assert_eq!(challenge(stands, T, anchor), Err(Error::WeakerAnchor { at, bound: ANCHOR.at }), "{at} {feeds}");
    };
    let better = |at, feeds| assert!(challenge(stands, T, Anchor { price: 1, at, feeds }).is_ok(), "{at} {feeds}");
    weaker(ANCHOR.at, 2);
    weaker(ANCHOR.at - 1, 2);
    weaker(T, 1);
    better(ANCHOR.at + 1, 2);
    better(ANCHOR.at - 1, 3);
    better(T - WINDOW_SECS + 1, 3);
    weaker(T - WINDOW_SECS, 3);
    let old = Settlement { anchor: Anchor { at: T - WINDOW_SECS, feeds: 3, ..ANCHOR }, ..stands };
    let fresh = Anchor { price: 1, at: T - WINDOW_SECS + 1, feeds: 1 };
    assert!(challenge(old, T, fresh).is_ok(), "history does not stand against what was seen on the last day");
    let quorum = Settlement { anchor: Anchor { feeds: 3, ..ANCHOR }, ..stands };
    let more = Anchor { price: 1, feeds: 200, ..ANCHOR };
    assert!(challenge(quorum, T, more).is_err(), "beyond a quorum only time counts");
    let same = Anchor { feeds: 3, ..ANCHOR };
    let after = challenge(stands, T + 99, same).unwrap();
    assert_eq!((after.until, after.restarts, after.anchor), (stands.until, 0, same), "the same price restarts nothing");
}

#[test]
fn if_35_restarts_run_out() {
    let (mut settlement, mut now) = (settling(), T);
    for i in 1..=u64::from(MAX_RESTARTS) {
        now = settlement.until - 1;
        settlement = challenge(settlement, now, Anchor { price: u128::from(i), at: ANCHOR.at + i, feeds: 2 }).unwrap();
        assert_eq!((settlement.until, u64::from(settlement.restarts)), (now + WINDOW_SECS, i));
    }
    let last = Anchor { price: 77, at: T, feeds: 3 };
    let after = challenge(settlement, now + 1, last).unwrap();
    assert_eq!((after.until, after.restarts), (settlement.until, MAX_RESTARTS));
    assert_eq!(phase(&after, after.until), Phase::Fixed { price: 77 });
}

#[test]
fn short_of_principal_it_is_shared_and_the_rest_get_nothing() {
    let totals = Totals { assets: 50, principal: 100, profits: 10, providers: 10, stakers: 10 };
    let division = divide(&totals).unwrap();
    assert_eq!(payout_down(&division.principal, 33), 16);
    assert_eq!(payout_down(&division.profits, 10), 0);
    let division = divide(&Totals { assets: 105, ..totals }).unwrap();
    assert_eq!((payout_down(&division.principal, 33), payout_down(&division.profits, 5)), (33, 2));
    let division = divide(&Totals { assets: 131, ..totals }).unwrap();
    assert_eq!((division.stakers.paid, division.residue), (10, 1));
    let too_large = |value| Error::TooLarge { value, bound: MAX_AMOUNT };
    assert_eq!(divide(&Totals { stakers: MAX_AMOUNT + 1, ..totals }), Err(too_large(MAX_AMOUNT + 1)));
    assert_eq!(divide(&Totals { assets: MAX_AMOUNT + 1, ..totals }), Err(too_large(MAX_AMOUNT + 1)));
}

fn anchor() -> impl Strategy<Value = Anchor> {
    let price = prop_oneof![4 => 1u128..5, 1 => 0..=MAX_PRICE + 1];
    (price, T - 200_000..=T + 10, 0u8..6).prop_map(|(price, at, feeds)| Anchor { price, at, feeds })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn if_35_the_clock_fixes_a_price_by_a_hard_end(
        steps in prop::collection::vec((0u64..WINDOW_SECS * 5 / 4, anchor()), 0..30),
    ) {
        let (mut settlement, mut now) = (settling(), T);
        let hard_end = T + WINDOW_SECS * (u64::from(MAX_RESTARTS) + 1);
        let mut fixed = None;
        for (dt, anchor) in steps {
            now += dt;
            if let Ok(next) = challenge(settlement, now, anchor) {
                prop_assert!(fixed.is_none());
                prop_assert!(next.until >= settlement.until && next.until <= hard_end);
                prop_assert!(next.restarts <= MAX_RESTARTS && next.started == T);
                prop_assert_eq!(next.anchor, anchor);
                settlement = next;
            }
            match phase(&settlement, now) {
                Phase::Fixed { price } => prop_assert_eq!(price, *fixed.get_or_insert(price)),
                Phase::Challenged { until, .. } => prop_assert!(fixed.is_none() && now < until),
                other => prop_assert!(false, "{:?}", other),
            }
        }
        let done = matches!(phase(&settlement, hard_end), Phase::Fixed { .. });
        prop_assert!(done);
    }

    #[test]
    fn if_36_the_best_founded_anchor_wins_in_any_order(
        anchors in prop::collection::vec(anchor(), 1..8), rotate in 0usize..8,
    ) {
        let all: Vec<_> = anchors
            .into_iter()
            .map(|anchor| Anchor { at: anchor.at.min(T), feeds: anchor.feeds.max(1), price: anchor.price.clamp(1, MAX_PRICE) })
            .collect();
        let rank = |anchor: &Anchor| {
            let fresh = T - anchor.at < WINDOW_SECS;
            (if fresh { anchor.feeds.min(3) } else { 0 }, anchor.at)
        };
        let run = |anchors: &[Anchor]| {
            rank(&anchors.iter().fold(settling(), |s, anchor| challenge(s, T + 1, *anchor).unwrap_or(s)).anchor)
        };
        let mut turned = all.clone();
        turned.rotate_left(rotate % all.len());
        prop_assert_eq!(run(&all), run(&turned));
        prop_assert_eq!(run(&all), all.iter().map(rank).chain([rank(&ANCHOR)]).max().unwrap());
    }

    #[test]
    fn if_33_the_classes_are_paid_in_order_and_never_more_than_there_is(
        [assets, principal, profits, providers, stakers] in [amount(), amount(), amount(), amount(), amount()],
    ) {
        let totals = Totals { assets, principal, profits, providers, stakers };
        let division = divide(&totals).unwrap();
        let pots = [division.principal, division.profits, division.providers, division.stakers];
        let sum: BigUint = pots.iter().map(|pot| BigUint::from(pot.paid)).sum();
        prop_assert_eq!(sum + division.residue, BigUint::from(assets));
        for (i, pot) in pots.iter().enumerate() {
            prop_assert!(pot.paid <= pot.claims);
            prop_assert!(pot.paid == 0 || pots[..i].iter().all(|before| before.paid == before.claims));
        }
        prop_assert!(division.residue == 0 || pots.iter().all(|pot| pot.paid == pot.claims));
    }

    #[test]
    fn if_34_any_order_of_claims_has_the_same_result(
        claims in prop::collection::vec((0usize..4, 0u128..1 << 100), 1..60),
        order in any::<prop::sample::Index>(), seed in any::<u64>(), part in 0u128..=12_000,
    ) {
        let sum = |rank| claims.iter().filter(|claim| claim.0 == rank).map(|claim| claim.1).sum::<u128>();
        let [principal, profits, providers, stakers] = [sum(0), sum(1), sum(2), sum(3)];
        let assets = (principal + profits + providers + stakers) / 10_000 * part;
        let division = divide(&Totals { assets, principal, profits, providers, stakers }).unwrap();
        let pots = [division.principal, division.profits, division.providers, division.stakers];
        let pay = |order: &[usize]| {
            let (mut left, mut paid) = (assets, vec![0; claims.len()]);
            for i in order {
                paid[*i] = payout_down(&pots[claims[*i].0], claims[*i].1);
                left = left.checked_sub(paid[*i]).expect("never more than there is");
            }
            (paid, left)
        };
        let forward: Vec<usize> = (0..claims.len()).collect();
        let mut shuffled = forward.clone();
        shuffled.rotate_left(order.index(claims.len()));
        let mut state = seed | 1;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(i, (state >> 33) as usize % (i + 1));
        }
        prop_assert_eq!(pay(&forward), pay(&shuffled));
        let (paid, left) = pay(&forward);
        prop_assert!(left - division.residue <= claims.len() as u128, "dust is less than a unit a claim");
        for (i, (rank, claim)) in claims.iter().enumerate() {
            let Pot { claims: all, paid: pot } = pots[*rank];
            let exact = if all == 0 { BigUint::ZERO } else { BigUint::from(*claim) * pot / all };
            prop_assert_eq!(BigUint::from(paid[i]), exact);
        }
    }

    #[test]
    fn if_39_stakers_are_paid_their_part_of_what_is_left_in_any_order(
        stakes in prop::collection::vec(0u128..1 << 90, 1..20), nobodys in 0u128..1 << 90, assets in 0u128..1 << 96,
        rotate in any::<prop::sample::Index>(), requested in any::<bool>(),
    ) {
        let shares = stakes.iter().sum::<u128>() + nobodys;
        let (vault, pot) = (Vault { assets, shares, epoch: 3 }, Pot { claims: assets, paid: assets });
        let staked = |shares| {
            let account = Account { shares, epoch: 3, ..Account::default() };
            if requested { Account { requested: shares / 2, value: 1, since: 7, ..account } } else { account }
        };
        let run = |order: &[usize]| {
            let (mut left, mut paid) = (vault, vec![0; stakes.len()]);
            for at in order {
                let (next, account, part) = close_out(left, staked(stakes[*at]), &pot);
                assert_eq!(next.assets + part, left.assets);
                assert_eq!(account, Account { epoch: 3, ..Account::default() });
                assert_eq!(close_out(next, account, &pot), (next, account, 0), "once");
                (left, paid[*at]) = (next, part);
            }
            (left, paid)
        };
        let forward: Vec<usize> = (0..stakes.len()).collect();
        let mut turned = forward.clone();
        turned.rotate_left(rotate.index(stakes.len()));
        turned.reverse();
        let (left, paid) = run(&forward);
        prop_assert_eq!(run(&turned), (left, paid.clone()));
        for (stake, paid) in stakes.iter().zip(&paid) {
            let exact = if shares == 0 { BigUint::ZERO } else { BigUint::from(*stake) * assets / shares };
            prop_assert_eq!(BigUint::from(*paid), exact);
        }
        // Where every share is somebody's, nothing but dust is left: the floor is paid out as well.
        prop_assert!(nobodys > 0 || shares == 0 || left.assets <= stakes.len() as u128);
    }

    #[test]
    fn if_37_the_words_of_a_settlement_survive_their_packing(
        price in 0..=MAX_PRICE, [at, started, until] in [0..=MAX_SECOND, 0..=MAX_SECOND, 0..=MAX_SECOND],
        feeds in 0..=u8::MAX, restarts in 0u8..128, winding in any::<bool>(), claims in amount(), paid in amount(),
    ) {
        let settlement = Settlement { anchor: Anchor { price, at, feeds }, started, until, restarts, winding };
        prop_assert_eq!(Settlement::unpack(settlement.pack()), settlement);
        let pot = Pot { claims, paid };
        prop_assert_eq!(Pot::unpack(pot.pack()), pot);
    }
}

#[cfg(feature = "shell")]
mod on_a_host {
    use super::*;
    use alloy_primitives::Address;
    use alloy_sol_types::SolEvent;
    use fusebox_core::host::Memory;
    use fusebox_fund::{
        shell::settlement::{self as shell, abi},
        storage::settlement as storage,
        types::{settlement::Rank, Params},
    };

    #[test]
    fn if_39_a_stake_is_paid_once_out_of_the_pot_of_the_division() {
        let mut host = Memory { now: T, ..Memory::default() };
        let (alice, vault) = (Address::repeat_byte(0xa1), Vault { assets: 901, shares: 3_000, epoch: 0 });
        fusebox_fund::storage::set_vault(&mut host, &vault);
        let stake = Account { shares: 1_000, requested: 500, value: 2, since: 9, ..Account::default() };
        fusebox_fund::storage::set_account(&mut host, alice, &Account::default(), &stake);
        shell::divide(&mut host, &Totals { assets: 901, stakers: 901, ..Totals::default() }).unwrap();
        assert_eq!(shell::close_out(&mut host, &Params::DEFAULT, alice), 300);
        let paid: abi::SettlementPaid = decode(&host, 1);
        assert_eq!((paid.account, paid.rank, paid.paid), (alice, 3, 300));
        assert_eq!(fusebox_fund::storage::vault(&host), Vault { assets: 601, ..vault });
        assert_eq!(fusebox_fund::storage::account(&host, alice), Account::default());
        assert_eq!(shell::close_out(&mut host, &Params::DEFAULT, alice), 0);
        // Shares of an epoch that a total loss has ended are nothing.
        fusebox_fund::storage::set_account(&mut host, alice, &Account::default(), &Account { epoch: 1, ..stake });
        assert_eq!(shell::close_out(&mut host, &Params::DEFAULT, alice), 0);
    }

    fn decode<E: SolEvent>(host: &Memory, i: usize) -> E {
        E::decode_raw_log(host.logs[i].topics.iter().copied(), &host.logs[i].data).unwrap()
    }

    #[test]
    fn a_market_winds_down_settles_and_pays() {
        let mut host = Memory { now: T, ..Memory::default() };
        assert_eq!(shell::phase(&host, 5), Phase::Trading);
        shell::wind_down(&mut host, 5);
        assert_eq!(decode::<abi::WoundDown>(&host, 0).market, 5);
        assert_eq!((shell::phase(&host, 5), shell::phase(&host, 4)), (Phase::WindingDown, Phase::Trading));
        shell::propose(&mut host, 5, ANCHOR).unwrap();
        shell::challenge(&mut host, 5, Anchor { price: 2_800, at: T, feeds: 3 }).unwrap();
        let stands: abi::PriceProposed = decode(&host, 2);
        assert_eq!((stands.price, stands.observed, stands.feeds, stands.until), (2_800, T, 3, T + WINDOW_SECS));
        host.now += WINDOW_SECS;
        assert_eq!(shell::phase(&host, 5), Phase::Fixed { price: 2_800 });
        assert_eq!(storage::settlement(&host, 5).restarts, 1);

        let totals = Totals { assets: 100, principal: 80, profits: 40, providers: 7, stakers: 7 };
        let division = shell::divide(&mut host, &totals).unwrap();
        assert_eq!((division.principal.paid, division.profits.paid), (80, 20));
        assert_eq!(shell::divide(&mut host, &totals), Err(Error::Settling { started: host.now }));
        assert_eq!(storage::divided(&host), (0, host.now));
        let logs = host.logs.len();
        let alice = Address::repeat_byte(0xa1);
        assert_eq!(shell::pay(&mut host, alice, Rank::Profits, 13), 6);
        assert_eq!(shell::pay(&mut host, alice, Rank::Principal, 13), 13);
        assert_eq!(shell::pay(&mut host, alice, Rank::Stakers, 7), 0);
        let paid: abi::SettlementPaid = decode(&host, logs);
        assert_eq!((paid.account, paid.rank, paid.claim, paid.paid), (alice, 1, 13, 6));
        // The stakers' pot is empty here, and so is what a stake is paid; it is forgotten all the same.
        let stake = Account { shares: 1_000, ..Account::default() };
        fusebox_fund::storage::set_account(&mut host, alice, &Account::default(), &stake);
        assert_eq!(shell::close_out(&mut host, &Params::DEFAULT, alice), 0);
        assert_eq!(fusebox_fund::storage::account(&host, alice), Account::default());
        let divided: abi::Divided = decode(&host, logs - 1);
        assert_eq!((divided.principal, divided.profits, divided.residue), (80, 20, 0));
    }
}
