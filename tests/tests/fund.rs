//! The fund as a contract of its own, on the built programs and real tokens.

use alloy_primitives::{hex, Address, U256};
use alloy_sol_types::{sol, SolCall, SolError, SolValue};
use fusebox_testbed::{Chain, Tx};
use fusebox_tests::{
    abi::{
        approveCall, armCall, balanceOfCall, callsCall, lastOkCall, mintCall, setFailingCall, setFeeCall, setLyingCall,
        transferCall,
    },
    creation, wasm, who, ALICE, BOB, CAROL, DEPLOYER,
};

sol! {
    #![sol(all_derives)]

    function deposit(uint256 assets, address receiver) returns (uint256 shares);
    function request(uint256 shares) returns (uint256 value);
    function cancel();
    function redeem(uint256 shares, address receiver, address owner) returns (uint256 assets);
    function claim(address owner) returns (uint256 assets);
    function draw(uint256 domain, uint256 need, address to) returns (uint256 paid);
    function expose(uint256 domain, uint256 kind, uint256 units);
    function recapitalise(uint256 assets) returns (uint256 arrived);
    function initialise(uint256[] words);
    function asset() returns (address asset);
    function decimals() returns (uint256 decimals);
    function totalAssets() returns (uint256 assets);
    function totalSupply() returns (uint256 shares);
    function convertToShares(uint256 assets) returns (uint256 shares);
    function convertToAssets(uint256 shares) returns (uint256 assets);
    function maxDeposit(address receiver) returns (uint256 assets);
    function previewDeposit(uint256 assets) returns (uint256 shares);
    function maxRedeem(address owner) returns (uint256 shares);
    function maxWithdraw(address owner) returns (uint256 assets);
    function previewRedeem(uint256 shares) returns (uint256 assets);
    function state(address owner) returns (uint256[] words);
    function cover(uint256 domain) returns (uint256[] words);

    error ZeroAmount();
    error AmountTooLarge(uint256 value, uint256 max);
    error StakeClosed(uint256 exposure, uint64 until);
    error InsufficientShares(uint256 needed, uint256 held);
    error NoRequest(uint64 until, uint64 now);
    error RequestCoolingDown(uint64 ready, uint64 now);
    error AboveOpen(uint256 amount, uint256 bound);
    error FundParameter(uint8 id, uint256 value, uint256 bound);
    error TokenCallFailed(address token, bytes4 selector);
    error TokenShortTransfer(uint256 asked, uint256 moved);
    error TokenWithoutCode(address token);
    error ZeroAddress(uint256 argument);
    error OddDomains(uint256 words, uint256 domains);
    error TooFewWords(uint256 words, uint256 min);
    error UnknownDomain(uint256 domain, uint256 count);
    error NotDrawer(address who, uint256 domain);
    error NotOwner(address who, address owner);
    error AboveClaim(uint256 open, uint256 claim);
    error UnknownExposure(uint256 kind, uint256 max);
    error AlreadyInitialised(address asset);
    error DeskWithoutCode(address desk);
    error PanelWithoutCode(address panel);
    error Stopped(uint32 scope, uint8 class, uint8 sources, uint64 until);

    event Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares);
    event Withdraw(address indexed sender, address indexed receiver, address indexed owner, uint256 assets, uint256 shares);
}

const DAY: u64 = 86_400;
const COOLDOWN: u64 = 10 * DAY;
const WINDOW: u64 = 4 * DAY;
const FLOOR: u128 = 1_000_000;
/// Who draws for domain 0, and for domain 1.
const PROTOCOL: Address = who(0xe0);
const SECOND: Address = who(0xe1);

fn u(n: u128) -> U256 {
    U256::from(n)
}

/// The parameters as one word: floor 96, then four times of 32 bits.
fn params() -> U256 {
    let times = [COOLDOWN, WINDOW, 3 * DAY, 14 * DAY];
    times.iter().enumerate().fold(u(FLOOR), |word, (i, secs)| word | (U256::from(*secs) << (96 + 32 * i)))
}

/// A claim, no deductible, the whole fund as a budget, epochs of a week.
fn terms(claim: u128) -> U256 {
    u(claim) | (U256::from(10_000) << 224) | (U256::from(7) << 240)
}

fn word(address: Address) -> U256 {
    U256::from_be_slice(address.as_slice())
}

#[derive(Clone)]
struct Fund {
    chain: Chain,
    at: Address,
    desk: Address,
    token: Address,
    unit: u128,
}

impl Fund {
    fn new() -> Self {
        Self::of("TestToken", 6)
    }

    fn of(token: &str, decimals: u8) -> Self {
        let arguments = match token {
            "TestToken" => ("Dollar".to_owned(), "USD".to_owned(), U256::from(decimals)).abi_encode_params(),
            "FeeToken" => (U256::from(decimals), U256::from(100)).abi_encode_params(),
            _ => U256::from(decimals).abi_encode(),
        };
        let mut chain = Chain::new();
        let token = chain.deploy_evm(DEPLOYER, &creation(token, &arguments)).expect("a token");
        let desk = chain.deploy_wasm(DEPLOYER, &wasm("fund-desk")).expect("the desk");
        let unit = 10u128.pow(decimals.into());
        let words = vec![
            word(desk),
            word(token),
            U256::ZERO,
            params(),
            word(PROTOCOL),
            terms(1_000_000 * unit),
            word(SECOND),
            terms(50 * unit),
        ];
        let at = chain.deploy_wasm_with(DEPLOYER, &wasm("fund"), words.abi_encode(), U256::ZERO).expect("the fund");
        let mut fund = Self { chain, at, desk, token, unit };
        for user in [ALICE, BOB, CAROL, PROTOCOL] {
            fund.on(user, token, &mintCall { to: user, amount: u(1_000_000 * unit) });
            // NoReturnToken answers nothing.
            let approve = approveCall { spender: at, amount: U256::MAX }.abi_encode();
            assert!(fund.chain.send(Tx::new(user, token, approve)).success);
        }
        fund
    }

    fn on<C: SolCall>(&mut self, from: Address, to: Address, call: &C) -> C::Return {
        self.chain.call(from, to, call).unwrap_or_else(|revert| panic!("{} failed: {revert}", C::SIGNATURE))
    }
    fn call<C: SolCall>(&mut self, from: Address, call: &C) -> C::Return {
        self.on(from, self.at, call)
    }
    fn ask<C: SolCall>(&self, call: &C) -> C::Return {
        self.chain.query(ALICE, self.at, call).unwrap_or_else(|revert| panic!("{} failed: {revert}", C::SIGNATURE))
    }
    fn refuses<C: SolCall, E: SolError>(&self, from: Address, call: &C, error: E) {
        let outcome = self.chain.view(Tx::new(from, self.at, call.abi_encode()));
        assert!(!outcome.success, "{} passed", C::SIGNATURE);
        assert_eq!(outcome.output, error.abi_encode(), "{} is not refused with {}", C::SIGNATURE, E::SIGNATURE);
    }
    fn stake(&mut self, from: Address, units: u128) -> U256 {
        let assets = u(units * self.unit);
        self.call(from, &depositCall { assets, receiver: from })
    }
    fn shares(&self, owner: Address) -> U256 {
        self.ask(&balanceOfCall { who: owner })
    }
    fn balance(&self, of: Address) -> U256 {
        self.chain.query(ALICE, self.token, &balanceOfCall { who: of }).expect("a balance")
    }
    /// What the vault, what is held back and what is owed can claim.
    fn claims(&self) -> U256 {
        let words = self.ask(&stateCall { owner: ALICE });
        let (low, middle) = ((U256::from(1) << 96usize) - U256::from(1), (U256::from(1) << 128usize) - U256::from(1));
        (words[1] & low) + (words[3] & low) + ((words[4] >> 96usize) & middle)
    }
    fn redeem(&mut self, from: Address, shares: U256) -> U256 {
        self.call(from, &redeemCall { shares, receiver: from, owner: from })
    }
}

#[test]
fn a_stake_leaves_after_its_time_with_what_it_brought() {
    for decimals in [6, 18] {
        let mut fund = Fund::of("TestToken", decimals);
        let unit = fund.unit;
        assert_eq!(fund.ask(&assetCall {}), fund.token);
        assert_eq!(fund.ask(&decimalsCall {}), U256::from(decimals + 3));
        assert_eq!(fund.ask(&previewDepositCall { assets: u(100 * unit) }), u(100_000 * unit));
        assert_eq!(fund.stake(ALICE, 100), u(100_000 * unit));
        assert_eq!(fund.stake(BOB, 300), u(300_000 * unit));
        assert_eq!((fund.ask(&totalAssetsCall {}), fund.ask(&totalSupplyCall {})), (u(400 * unit), u(400_000 * unit)));
        let shares = fund.shares(ALICE);
        assert_eq!(fund.ask(&convertToAssetsCall { shares }), u(100 * unit));
        assert_eq!(fund.ask(&convertToSharesCall { assets: u(100 * unit) }), shares);
        assert_eq!(fund.ask(&maxRedeemCall { owner: ALICE }), U256::ZERO);
        assert_eq!(fund.call(ALICE, &requestCall { shares }), u(100 * unit));
        let start = fund.chain.timestamp();
        fund.chain.advance(COOLDOWN - 1);
        let redeem = redeemCall { shares, receiver: CAROL, owner: ALICE };
        fund.refuses(ALICE, &redeem, RequestCoolingDown { ready: start + COOLDOWN, now: start + COOLDOWN - 1 });
        fund.chain.advance(1);
        let may = (fund.ask(&maxRedeemCall { owner: ALICE }), fund.ask(&maxWithdrawCall { owner: ALICE }));
        assert_eq!(may, (shares, u(100 * unit)));
        assert_eq!(fund.ask(&previewRedeemCall { shares }), u(100 * unit));
        fund.refuses(BOB, &redeem, NotOwner { who: BOB, owner: ALICE });
        let (before, outcome) = (fund.balance(CAROL), fund.chain.view(Tx::new(ALICE, fund.at, redeem.abi_encode())));
        let logged: Withdraw = outcome.event().expect("Withdraw");
        assert_eq!((logged.receiver, logged.assets, logged.shares), (CAROL, u(100 * unit), shares));
        assert_eq!(fund.call(ALICE, &redeem), u(100 * unit));
        assert_eq!(fund.balance(CAROL) - before, u(100 * unit));
        assert_eq!((fund.claims(), fund.balance(fund.at)), (u(300 * unit), u(300 * unit)));
        // Past the window there is no request any more.
        let shares = fund.shares(BOB);
        fund.call(BOB, &requestCall { shares });
        fund.chain.advance(COOLDOWN + WINDOW);
        let now = fund.chain.timestamp();
        fund.refuses(BOB, &redeemCall { shares, receiver: BOB, owner: BOB }, NoRequest { until: 0, now });
        fund.refuses(BOB, &cancelCall {}, NoRequest { until: 0, now });
    }
}

#[test]
fn if_2_a_donation_changes_no_price() {
    let mut fund = Fund::new();
    fund.stake(ALICE, 100);
    let seen = |fund: &Fund| {
        (fund.claims(), fund.ask(&convertToAssetsCall { shares: u(1 << 60) }), fund.ask(&totalAssetsCall {}))
    };
    let before = seen(&fund);
    let (to, amount) = (fund.at, u(500_000 * fund.unit));
    fund.on(BOB, fund.token, &transferCall { to, amount });
    assert_eq!(seen(&fund), before);
    assert_eq!(fund.stake(BOB, 100), fund.shares(ALICE));
}

#[test]
fn a_domain_draws_what_it_may_and_no_other_does() {
    let mut fund = Fund::new();
    let unit = fund.unit;
    fund.stake(ALICE, 1_000);
    let draw = |domain: u128, units: u128| drawCall { domain: u(domain), need: u(units * unit), to: CAROL };
    fund.refuses(ALICE, &draw(0, 1), NotDrawer { who: ALICE, domain: U256::ZERO });
    fund.refuses(SECOND, &draw(0, 1), NotDrawer { who: SECOND, domain: U256::ZERO });
    fund.refuses(PROTOCOL, &draw(2, 1), UnknownDomain { domain: u(2), count: u(2) });
    fund.refuses(
        PROTOCOL,
        &drawCall { domain: U256::MAX, need: u(1), to: CAROL },
        UnknownDomain { domain: U256::MAX, count: u(2) },
    );
    let before = fund.balance(CAROL);
    // The second may draw 50 in its life, whatever it needs.
    assert_eq!(fund.call(SECOND, &draw(1, 80)), u(50 * unit));
    assert_eq!(fund.call(SECOND, &draw(1, 80)), U256::ZERO);
    // The first what is there, less the floor.
    assert_eq!(fund.call(PROTOCOL, &draw(0, 200)), u(200 * unit));
    assert_eq!(fund.call(PROTOCOL, &draw(0, 10_000)), u(750 * unit - FLOOR));
    assert_eq!(fund.balance(CAROL) - before, u(1_000 * unit - FLOOR));
    assert_eq!((fund.claims(), fund.balance(fund.at)), (u(FLOOR), u(FLOOR)));
    assert_eq!(fund.call(BOB, &recapitaliseCall { assets: u(500 * unit) }), u(500 * unit));
    assert_eq!(fund.ask(&coverCall { domain: u(1) })[0], word(SECOND));
    assert_eq!(fund.ask(&coverCall { domain: u(9) }), vec![U256::ZERO; 4]);
}

#[test]
fn what_is_open_shuts_the_door_and_holds_its_part_back() {
    let mut fund = Fund::new();
    let unit = fund.unit;
    let shares = fund.stake(ALICE, 100);
    fund.stake(BOB, 300);
    fund.call(ALICE, &requestCall { shares });
    fund.chain.advance(COOLDOWN);
    let expose = |kind: u128, units: u128| exposeCall { domain: U256::ZERO, kind: u(kind), units: u(units * unit) };
    fund.refuses(BOB, &expose(0, 1), NotDrawer { who: BOB, domain: U256::ZERO });
    fund.refuses(PROTOCOL, &expose(4, 1), UnknownExposure { kind: u(4), max: u(3) });
    fund.refuses(PROTOCOL, &expose(0, 0), ZeroAmount {});
    fund.refuses(PROTOCOL, &expose(2, 1), AboveOpen { amount: u(unit), bound: U256::ZERO });
    fund.call(PROTOCOL, &expose(0, 40));
    let until = fund.chain.timestamp() + 3 * DAY;
    let deposit = depositCall { assets: u(unit), receiver: CAROL };
    fund.refuses(CAROL, &deposit, StakeClosed { exposure: u(40 * unit), until });
    assert_eq!(fund.ask(&maxDepositCall { receiver: CAROL }), U256::ZERO);
    assert_eq!(fund.ask(&previewRedeemCall { shares }), u(90 * unit));
    assert_eq!(fund.redeem(ALICE, shares), u(90 * unit));
    assert_eq!((fund.claims(), fund.balance(fund.at)), (u(310 * unit), u(310 * unit)));
    // Half of it turns out to be lost: hers pays a quarter of that, and the rest comes back.
    assert_eq!(fund.call(PROTOCOL, &drawCall { domain: U256::ZERO, need: u(20 * unit), to: PROTOCOL }), u(20 * unit));
    assert_eq!(fund.call(BOB, &claimCall { owner: ALICE }), U256::ZERO);
    fund.chain.advance(3 * DAY);
    let before = fund.balance(ALICE);
    assert_eq!(fund.call(BOB, &claimCall { owner: ALICE }), u(5 * unit));
    assert_eq!(fund.balance(ALICE) - before, u(5 * unit));
    assert_eq!((fund.ask(&totalAssetsCall {}), fund.claims()), (u(285 * unit), u(285 * unit)));
    fund.call(CAROL, &deposit);
}

#[test]
fn no_domain_speaks_for_another() {
    let mut fund = Fund::new();
    let unit = fund.unit;
    fund.stake(ALICE, 1_000);
    let expose = |domain: u128, kind: u128, units: u128| {
        let units = u(units * unit);
        exposeCall { domain: u(domain), kind: u(kind), units }
    };
    fund.call(PROTOCOL, &expose(0, 0, 40));
    fund.call(PROTOCOL, &expose(0, 1, 100)); // the 40 that were set aside, and 60 more
    let open = |fund: &Fund| {
        let word = fund.ask(&stateCall { owner: ALICE })[2];
        let low = (U256::from(1) << 96usize) - U256::from(1);
        let deficit = (word >> 96usize) & ((U256::from(1) << 128usize) - U256::from(1));
        (deficit / u(unit), (word & low) / u(unit))
    };
    assert_eq!(open(&fund), (u(100), U256::ZERO));
    fund.refuses(SECOND, &expose(1, 2, 1), AboveOpen { amount: u(unit), bound: U256::ZERO });
    fund.refuses(SECOND, &expose(1, 3, 1), AboveOpen { amount: u(unit), bound: U256::ZERO });
    fund.refuses(SECOND, &expose(0, 3, 1), NotDrawer { who: SECOND, domain: U256::ZERO });
    // Nor does it hold back more than it may draw.
    fund.refuses(SECOND, &expose(1, 1, 51), AboveClaim { open: u(51 * unit), claim: u(50 * unit) });
    fund.call(SECOND, &expose(1, 0, 30));
    fund.refuses(SECOND, &expose(1, 1, 51), AboveClaim { open: u(51 * unit), claim: u(50 * unit) });
    fund.call(SECOND, &expose(1, 1, 20));
    assert_eq!(open(&fund), (u(120), u(10)));
    fund.refuses(SECOND, &expose(1, 3, 21), AboveOpen { amount: u(21 * unit), bound: u(20 * unit) });
    // A draw is of one's own.
    assert_eq!(fund.call(SECOND, &drawCall { domain: u(1), need: u(15 * unit), to: SECOND }), u(15 * unit));
    fund.refuses(SECOND, &expose(1, 3, 6), AboveOpen { amount: u(6 * unit), bound: u(5 * unit) });
    fund.call(SECOND, &expose(1, 3, 5));
    fund.call(PROTOCOL, &expose(0, 3, 100));
    assert_eq!(open(&fund), (U256::ZERO, u(10)));
    // By the clock: nothing of it is left to call off.
    fund.chain.advance(3 * DAY);
    fund.refuses(SECOND, &expose(1, 2, 1), AboveOpen { amount: u(unit), bound: U256::ZERO });
    fund.stake(BOB, 1);
}

#[test]
fn odd_tokens_are_credited_by_what_arrived_or_refused() {
    let mut quiet = Fund::of("NoReturnToken", 6);
    let shares = quiet.stake(ALICE, 100);
    quiet.call(ALICE, &requestCall { shares: shares / u(2) });
    quiet.chain.advance(COOLDOWN);
    assert_eq!(quiet.redeem(ALICE, shares / u(2)), u(50 * quiet.unit));
    assert_eq!(quiet.claims(), quiet.balance(quiet.at));

    let mut fee = Fund::of("FeeToken", 6);
    let shares = fee.stake(ALICE, 100);
    assert_eq!((shares, fee.claims(), fee.balance(fee.at)), (u(99_000 * fee.unit), u(99 * fee.unit), u(99 * fee.unit)));
    assert_eq!(fee.call(BOB, &recapitaliseCall { assets: u(100 * fee.unit) }), u(99 * fee.unit));
    assert_eq!(fee.claims(), fee.balance(fee.at));
    fee.call(PROTOCOL, &drawCall { domain: U256::ZERO, need: u(50 * fee.unit), to: CAROL });
    assert_eq!(fee.claims(), fee.balance(fee.at));

    let mut dear = Fund::of("SurchargeToken", 6);
    let shares = dear.stake(ALICE, 100);
    dear.call(ALICE, &requestCall { shares });
    dear.chain.advance(COOLDOWN);
    let token = dear.token;
    dear.on(ALICE, token, &setFeeCall { bps: u(100) });
    let (asked, moved) = (u(50 * dear.unit), u(50 * dear.unit + dear.unit / 2));
    let redeem = redeemCall { shares: shares / u(2), receiver: ALICE, owner: ALICE };
    dear.refuses(ALICE, &redeem, TokenShortTransfer { asked, moved });
    assert_eq!(dear.claims(), dear.balance(dear.at));

    let mut liar = Fund::of("FalseToken", 6);
    let shares = liar.stake(ALICE, 100);
    liar.call(ALICE, &requestCall { shares });
    liar.chain.advance(COOLDOWN);
    let (assets, token) = (u(liar.unit), liar.token);
    let failed = |selector: [u8; 4]| TokenCallFailed { token, selector: selector.into() };
    let deposit = depositCall { assets, receiver: ALICE };
    let redeem = redeemCall { shares: u(1_000_000), receiver: ALICE, owner: ALICE };
    for lying in [false, true] {
        let mut odd = liar.clone();
        match lying {
            true => drop(odd.on(ALICE, token, &setLyingCall { lying: true })),
            false => drop(odd.on(ALICE, token, &setFailingCall { failing: true })),
        }
        odd.refuses(ALICE, &deposit, failed([0x23, 0xb8, 0x72, 0xdd]));
        odd.refuses(ALICE, &recapitaliseCall { assets }, failed([0x23, 0xb8, 0x72, 0xdd]));
        odd.refuses(ALICE, &redeem, failed([0xa9, 0x05, 0x9c, 0xbb]));
        let draw = drawCall { domain: U256::ZERO, need: assets, to: CAROL };
        odd.refuses(PROTOCOL, &draw, failed([0xa9, 0x05, 0x9c, 0xbb]));
    }
}

#[test]
fn nothing_is_entered_again_while_a_token_moves() {
    let mut fund = Fund::of("HookToken", 6);
    let (at, token, unit) = (fund.at, fund.token, fund.unit);
    let shares = fund.stake(ALICE, 100);
    fund.stake(BOB, 100);
    fund.call(ALICE, &requestCall { shares });
    fund.chain.advance(COOLDOWN);
    let half = redeemCall { shares: shares / u(2), receiver: ALICE, owner: ALICE };
    let inside = [
        half.abi_encode(),
        depositCall { assets: u(unit), receiver: ALICE }.abi_encode(),
        claimCall { owner: ALICE }.abi_encode(),
        totalAssetsCall {}.abi_encode(),
        drawCall { domain: U256::ZERO, need: u(unit), to: ALICE }.abi_encode(),
    ];
    for (i, payload) in inside.into_iter().enumerate() {
        let mut fund = fund.clone();
        let arm = armCall { target: at, payload: payload.into(), onTransfer: true, onTransferFrom: true };
        fund.on(ALICE, token, &arm);
        fund.call(ALICE, &half);
        assert_eq!((fund.on(ALICE, token, &callsCall {}), fund.on(ALICE, token, &lastOkCall {})), (u(1), false), "{i}");
        fund.stake(BOB, 1);
        assert_eq!((fund.on(ALICE, token, &callsCall {}), fund.on(ALICE, token, &lastOkCall {})), (u(2), false), "{i}");
        assert_eq!(fund.claims(), fund.balance(at));
    }
}

#[test]
fn bad_input_is_refused_with_value_and_bound() {
    let mut fund = Fund::new();
    let shares = fund.stake(ALICE, 100);
    let most = u((1 << 96) - 1);
    let huge = U256::from(1) << 128usize;
    fund.refuses(ALICE, &depositCall { assets: huge, receiver: ALICE }, AmountTooLarge { value: huge, max: most });
    fund.refuses(ALICE, &depositCall { assets: u(1), receiver: Address::ZERO }, ZeroAddress { argument: u(1) });
    let nothing = TokenShortTransfer { asked: U256::ZERO, moved: U256::ZERO };
    fund.refuses(ALICE, &depositCall { assets: U256::ZERO, receiver: ALICE }, nothing);
    fund.refuses(ALICE, &requestCall { shares: U256::ZERO }, ZeroAmount {});
    let (needed, held) = (shares + u(1), shares);
    fund.refuses(ALICE, &requestCall { shares: needed }, InsufficientShares { needed, held });
    fund.refuses(BOB, &requestCall { shares: u(1) }, InsufficientShares { needed: u(1), held: U256::ZERO });
    fund.refuses(ALICE, &requestCall { shares: huge }, AmountTooLarge { value: huge, max: most });
    let words = vec![word(fund.token), U256::ZERO, params()];
    fund.refuses(BOB, &initialiseCall { words }, AlreadyInitialised { asset: fund.token });
    let outcome = fund.chain.view(Tx::new(ALICE, fund.at, vec![0xde, 0xad, 0xbe, 0xef]));
    assert!(!outcome.success, "an unknown selector passed");
}

#[test]
fn a_constructor_out_of_bounds_deploys_nothing() {
    let fund = Fund::new();
    let (desk, token) = (word(fund.desk), word(fund.token));
    let refused = |words: Vec<U256>, error: Vec<u8>| {
        let deployed = fund.chain.clone().deploy_wasm_with(DEPLOYER, &wasm("fund"), words.abi_encode(), U256::ZERO);
        let message = deployed.map(|_| ()).expect_err("deployed").to_string();
        assert!(message.contains(&hex::encode(&error)), "{message} is not {}", hex::encode(error));
    };
    refused(vec![], TooFewWords { words: U256::ZERO, min: u(4) }.abi_encode());
    refused(vec![desk, token], TooFewWords { words: u(1), min: u(3) }.abi_encode());
    refused(vec![word(ALICE), token, U256::ZERO, params()], DeskWithoutCode { desk: ALICE }.abi_encode());
    refused(vec![desk, word(BOB), U256::ZERO, params()], TokenWithoutCode { token: BOB }.abi_encode());
    refused(vec![desk, token, word(BOB), params()], PanelWithoutCode { panel: BOB }.abi_encode());
    let short = params() - (U256::from(DAY) << 96usize);
    let error = FundParameter { id: 0, value: U256::from(9 * DAY), bound: U256::from(10 * DAY) };
    refused(vec![desk, token, U256::ZERO, short], error.abi_encode());
    let odd = OddDomains { words: u(4), domains: U256::ZERO };
    refused(vec![desk, token, U256::ZERO, params(), word(PROTOCOL)], odd.abi_encode());
    let nobody = vec![desk, token, U256::ZERO, params(), U256::ZERO, terms(1)];
    refused(nobody, ZeroAddress { argument: U256::ZERO }.abi_encode());
    let no_budget = FundParameter { id: 18, value: U256::ZERO, bound: u(1) };
    refused(vec![desk, token, U256::ZERO, params(), word(PROTOCOL), u(5)], no_budget.abi_encode());
}

#[test]
fn a_panel_stops_what_it_stops_and_silence_stops_nothing() {
    // A panel that answers every question with what it was given.
    let mut fund = Fund::new();
    let panel = fund.chain.deploy_evm(DEPLOYER, &creation("HostileFeed", &[])).expect("a stand-in");
    let words = vec![word(fund.desk), word(fund.token), word(panel), params()];
    fund.at = fund.chain.deploy_wasm_with(DEPLOYER, &wasm("fund"), words.abi_encode(), U256::ZERO).expect("the fund");
    let approve = approveCall { spender: fund.at, amount: U256::MAX };
    fund.on(ALICE, fund.token, &approve);
    // It does not know the question, and so stops nothing.
    let shares = fund.stake(ALICE, 100);
    // Code that reverts with `Stopped(0, class, 1, 99)` whatever it is asked.
    let stopped = Stopped { scope: 0, class: 4, sources: 1, until: 99 };
    let data = stopped.abi_encode();
    let mut code = hex::decode("6084600c60003960846000fd").expect("code"); // copies what follows and reverts with it
    code.extend_from_slice(&data);
    fund.chain.set_code(panel, code);
    fund.refuses(ALICE, &depositCall { assets: u(1_000_000), receiver: ALICE }, stopped.clone());
    fund.call(ALICE, &requestCall { shares });
    fund.chain.advance(COOLDOWN);
    fund.refuses(ALICE, &redeemCall { shares, receiver: ALICE, owner: ALICE }, stopped.clone());
    fund.refuses(ALICE, &claimCall { owner: ALICE }, stopped);
    assert_eq!(fund.ask(&maxDepositCall { receiver: ALICE }), U256::ZERO);
    assert_eq!(fund.ask(&maxRedeemCall { owner: ALICE }), U256::ZERO);
    // Paying in is nobody's to stop.
    fund.call(ALICE, &recapitaliseCall { assets: u(5) });
}

#[test]
fn the_books_are_the_balance_after_whatever_is_done() {
    let mut fund = Fund::new();
    let (unit, users) = (fund.unit, [ALICE, BOB, CAROL]);
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = |n: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % n
    };
    let (mut done, mut refused, mut asked) = ([0u32; 9], 0, [0u64; 3]);
    for step in 0..600 {
        let i = next(3) as usize;
        let user = users[i];
        let amount = u(u128::from(next(2_000) + 1) * unit / u128::from(next(7) + 1));
        let part = u(u128::from(next(100) + 1));
        let shares = fund.shares(user) * part / u(100);
        let ready = fund.ask(&maxRedeemCall { owner: user }) * part / u(100);
        let now = fund.chain.timestamp();
        // Who has asked waits, most of the time.
        let kind = match next(9) as usize {
            1 if now < asked[i] + COOLDOWN + WINDOW && next(8) != 0 => 3,
            2 if next(4) != 0 => 4,
            kind => kind,
        };
        if kind == 1 {
            asked[i] = now;
        }
        let domain = U256::ZERO;
        let (from, data) = match kind {
            0 => (user, depositCall { assets: amount, receiver: users[next(3) as usize] }.abi_encode()),
            1 => (user, requestCall { shares }.abi_encode()),
            2 => (user, cancelCall {}.abi_encode()),
            3 | 4 => (user, redeemCall { shares: ready, receiver: user, owner: user }.abi_encode()),
            5 => (PROTOCOL, drawCall { domain, need: amount / u(4), to: PROTOCOL }.abi_encode()),
            6 => (PROTOCOL, recapitaliseCall { assets: amount }.abi_encode()),
            7 => (PROTOCOL, exposeCall { domain, kind: u(u128::from(next(4))), units: amount / u(8) }.abi_encode()),
            _ => (user, claimCall { owner: user }.abi_encode()),
        };
        match fund.chain.send(Tx::new(from, fund.at, data)).success {
            true => done[kind] += 1,
            false => refused += 1,
        }
        assert_eq!(fund.claims(), fund.balance(fund.at), "step {step}, kind {kind}");
        fund.chain.advance([0, 60, DAY / 4, DAY, 3 * DAY][next(5) as usize]);
    }
    assert!(done.iter().all(|n| *n > 2), "{done:?}, {refused} refused");
}
