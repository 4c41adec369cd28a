//! Cross margin on the built programs: what it does, and the attacks on it.
#![allow(non_snake_case)] // arguments are named as clients see them

use alloy_primitives::{Address, I256, U256};
use alloy_sol_types::{SolCall, SolError, SolEvent, SolValue};
use fusebox_testbed::{Outcome, Tx};
use fusebox_tests::{abi::*, change::decision, *};

const ANY: U256 = U256::ZERO;
const DAY: u64 = 86_400;
/// A trader who only appears here, and stays isolated.
const DAVE: Address = who(0x15);
const USERS: [Address; 5] = [ALICE, BOB, CAROL, LP, DAVE];
/// 2,000 dollars, in whole ones.
const PRICE: i64 = 2_000;

/// Markets 1, 2 and 3 in loss domain 0, market 4 in domain 1, each with feeds of its own.
#[derive(Clone)]
struct Field {
    rig: Rig,
    feeds: Vec<[Address; 2]>,
    prices: Vec<i64>,
}

impl Field {
    fn new() -> Self {
        Self::of(4, |_, _| {})
    }
    /// `many` markets, whose words to list them may be changed.
    fn of(many: usize, change: impl Fn(u32, &mut Vec<U256>)) -> Self {
        let mut rig = Rig::new();
        let mut feeds = vec![[rig.anchor, rig.second]];
        for market in 2..=many as u32 {
            let arguments = (U256::from(8), I256::try_from(START).unwrap()).abi_encode_params();
            let mut feed = || rig.chain.deploy_evm(DEPLOYER, &creation("MockV3Aggregator", &arguments)).unwrap();
            let own = [feed(), feed()];
            let words = own.map(|feed| aggregator(feed, 8, 100_000, MAX_AGE));
            let mut words = rig.listing_of(rig.terms(), Params::default(), &words);
            if market == 4 {
                words[2] |= U256::from(1) << 200usize; // its loss domain
            }
            change(market, &mut words);
            // The feeds have to be fresh when it is listed.
            rig.call(GOVERNANCE, &proposeCall { words: words_of(&words) });
            rig.advance(7 * DAY, START);
            for feed in &own {
                let answer = I256::try_from(START).unwrap();
                rig.on(DEPLOYER, *feed, &updateAnswerCall { answer });
            }
            rig.call(CAROL, &executeCall { words: words_of(&words) });
            feeds.push(own);
        }
        for user in [ALICE, BOB, DAVE] {
            rig.fund(user, 10_000_000);
            rig.call(user, &depositCall { amount: rig.units(100_000) });
        }
        let prices = vec![PRICE; many];
        let mut field = Self { rig, feeds, prices };
        field.wait(1);
        field
    }
    /// A market's price, in dollars; its feeds are fresh.
    fn set(&mut self, market: usize, dollars: i64) {
        self.prices[market - 1] = dollars;
        self.refresh(market);
    }
    fn refresh(&mut self, market: usize) {
        for feed in self.feeds[market - 1] {
            let answer = I256::try_from(self.prices[market - 1] * 100_000_000).unwrap();
            self.rig.on(DEPLOYER, feed, &updateAnswerCall { answer });
        }
    }
    /// Time passes, every feed is fresh but those of the market given.
    fn wait_without(&mut self, secs: u64, stale: usize) {
        self.rig.wait(secs);
        for market in (1..=self.prices.len()).filter(|market| *market != stale) {
            self.refresh(market);
        }
    }
    fn wait(&mut self, secs: u64) {
        self.wait_without(secs, 0);
    }
    fn govern(&mut self, words: Vec<U256>) {
        self.rig.call(GOVERNANCE, &proposeCall { words: words.clone() });
        self.wait(7 * DAY);
        self.rig.call(CAROL, &executeCall { words });
    }
    fn open(&mut self, who: Address, market: u32, is_long: bool, ether: u64, margin: u64) {
        let call = self.opening(market, is_long, ether, margin);
        self.rig.call(who, &call);
    }
    fn opening(&self, market: u32, is_long: bool, ether: u64, margin: u64) -> openCall {
        let (size, margin) = (U256::from(WAD) * U256::from(ether), self.rig.units(margin));
        openCall { market, isLong: is_long, size, margin, limitPrice: ANY }
    }
    fn cross(&mut self, who: Address, domain: u8, on: bool) {
        self.rig.call(who, &crossMarginCall { domain, on });
    }
    fn free(&self, who: Address) -> U256 {
        self.rig.ask(&accountCall { who }).free
    }
    fn margin(&self, who: Address, market: u32) -> U256 {
        self.rig.ask(&positionCall { who, market }).margin
    }
    /// What an account's positions in a domain have and need, how many, how many without a price, and two flags.
    fn state(&self, who: Address, domain: u8) -> (U256, U256, u8, u8, u8) {
        let word = self.rig.ask(&crossStateCall { account: who, domain });
        let ones = (U256::from(1) << 112) - U256::from(1);
        let small = |at: usize| ((word >> at) & U256::from(255)).to::<u8>();
        (word & ones, (word >> 112usize) & ones, small(224), small(232), small(240))
    }
    fn liquidate(&mut self, market: u32, account: Address) -> Outcome {
        let outcome = self.rig.send(CAROL, &liquidateCall { market, account });
        assert!(outcome.event::<Liquidated>().is_some(), "not liquidated");
        self.conserved();
        outcome
    }
    fn healthy(&mut self, market: u32, account: Address, equity: u64, threshold: u64) {
        let error = Healthy { equity: self.rig.units(equity), threshold: self.rig.units(threshold) };
        self.rig.refuses(CAROL, &liquidateCall { market, account }, error);
    }
    fn accounted(&self) -> U256 {
        let mut sum = self.rig.ask(&poolCall {}).assets;
        let markets = 1..=self.prices.len() as u32;
        for who in USERS {
            sum += self.free(who);
            sum += markets.clone().map(|market| self.margin(who, market)).sum::<U256>();
        }
        let high = |word: U256| (word >> 112usize) & ((U256::from(1) << 112) - U256::from(1));
        let mut domains = [None; 2];
        for market in markets {
            let words = self.rig.ask(&lossesCall { market });
            sum += words[0] + words[1] + words[2]; // buffer and reserves
            domains[usize::from(market == 4)] = Some(high(words[10]) + high(words[12]));
            if market == 1 {
                sum += words[5] + words[6]; // the fund
            }
        }
        sum + domains.into_iter().flatten().sum::<U256>()
    }
    fn conserved(&self) {
        assert_eq!(self.accounted(), self.rig.balance(self.rig.perp));
    }
}

fn words_of(listing: &[U256]) -> Vec<U256> {
    change::list(listing)
}

fn all<E: SolEvent>(outcome: &Outcome) -> Vec<E> {
    outcome.logs.iter().filter_map(|log| log.decode::<E>()).collect()
}

/// Alice long 10 in market 1 and short 10 in market 2, 3,000 of margin each; Bob the same, isolated.
fn pair(choose: bool) -> Field {
    let mut field = Field::new();
    if choose {
        field.cross(ALICE, 0, true);
    }
    for who in [ALICE, BOB] {
        field.open(who, 1, true, 10, 3_000);
        field.open(who, 2, false, 10, 3_000);
    }
    field
}

#[test]
fn pp_40_cross_margin_is_chosen_and_left_for_a_domain() {
    let mut field = pair(false);
    let outcome = field.rig.send(ALICE, &crossMarginCall { domain: 0, on: true });
    assert_eq!(all::<CrossMargin>(&outcome), [CrossMargin { account: ALICE, domain: 0, chosen: true }]);
    let (equity, needed) = (field.rig.units(6_000), field.rig.units(2_000));
    assert_eq!(field.state(ALICE, 0), (equity, needed, 2, 0, 2));
    assert_eq!(field.state(ALICE, 1).4, 0, "another domain was chosen");
    assert_eq!(field.state(BOB, 0), (equity, needed, 2, 0, 0));
    let again = field.rig.send(ALICE, &crossMarginCall { domain: 0, on: true });
    assert!(all::<CrossMargin>(&again).is_empty(), "an equal choice is none");
    field.cross(ALICE, 0, false);
    assert_eq!(field.state(ALICE, 0).4, 0);
    field.conserved();
}

#[test]
fn pp_40_nobody_leaves_before_a_liquidation() {
    let mut field = pair(true);
    field.set(1, 1_750); // alone 500 is left of 875 needed; together all is well
    let leave = crossMarginCall { domain: 0, on: false };
    let alone = |equity, needed| PositionNotAlone { leg: 0, equity, needed };
    field.rig.refuses(ALICE, &leave, alone(500_000_000, 1_750_000_000));
    // With its own maintenance margin, and not its initial one, neither.
    field.rig.call(ALICE, &topUpCall { market: 1, amount: field.rig.units(600) });
    field.rig.refuses(ALICE, &leave, alone(1_100_000_000, 1_750_000_000));
    // A profit that stands is no margin of its own.
    field.set(1, PRICE + 400);
    field.set(2, PRICE + 250);
    field.rig.refuses(ALICE, &leave, PositionNotAlone { leg: 1, equity: 500_000_000, needed: 2_250_000_000 });
    // Nor at prices that are not fit for new risk: stale, in doubt, stopped.
    field.set(1, PRICE);
    field.set(2, PRICE);
    let mut stale = field.clone();
    stale.wait_without(MAX_AGE + 1, 2);
    stale.rig.fails(ALICE, &leave);
    let mut paused = field.clone();
    paused.rig.call(PAUSER, &pauseCall { scopes: vec![1], classes: 1, reason: 1 });
    paused.rig.fails(ALICE, &leave);
    field.rig.call(ALICE, &leave);
}

#[test]
fn pp_40_nobody_chooses_it_to_escape_a_liquidation() {
    let mut field = pair(false);
    field.set(1, 1_750);
    let choose = crossMarginCall { domain: 0, on: true };
    let error = PositionNotAlone { leg: 0, equity: 500_000_000, needed: 875_000_000 };
    field.rig.refuses(ALICE, &choose, error);
    // A domain of another market is another matter, and helps nothing.
    field.cross(ALICE, 1, true);
    field.open(ALICE, 4, true, 10, 9_000);
    field.rig.refuses(ALICE, &choose, PositionNotAlone { leg: 0, equity: 500_000_000, needed: 875_000_000 });
    field.liquidate(1, ALICE);
    assert_eq!(field.margin(ALICE, 4), field.rig.units(9_000));
    assert_eq!(field.margin(ALICE, 2), field.rig.units(3_000));
}

#[test]
fn pp_41_a_position_is_safe_while_all_of_its_domain_have_what_they_need() {
    let mut field = pair(true);
    field.set(1, 1_750);
    field.healthy(1, ALICE, 3_500, 1_875);
    field.healthy(2, ALICE, 3_500, 1_875);
    field.liquidate(1, BOB); // who is isolated
    field.healthy(2, BOB, 3_000, 1_000);
    field.set(1, 1_580);
    field.healthy(1, ALICE, 1_800, 1_790);
    field.set(1, 1_578); // 1,780 of 1,789
    field.liquidate(1, ALICE);
}

#[test]
fn pp_42_what_a_liquidation_leaves_stays_with_the_others() {
    let mut field = pair(true);
    field.set(2, 2_600); // the short has lost 6,000: all there is
    let free = field.free(ALICE);
    // The long is liquidated first, by choice: its 3,000 less a penalty stay in the domain.
    let outcome = field.liquidate(1, ALICE);
    let event: Liquidated = outcome.event().unwrap();
    assert_eq!((event.reward, event.fee), (field.rig.units(200), field.rig.units(200)));
    assert_eq!(field.margin(ALICE, 2), field.rig.units(5_600));
    let kept = MarginMoved { account: ALICE, from: 1, to: 2, amount: field.rig.units(2_600) };
    assert_eq!(all::<MarginMoved>(&outcome), [kept]);
    let outcome = field.liquidate(2, ALICE);
    let event: Liquidated = outcome.event().unwrap();
    assert_eq!(event.badDebt, field.rig.units(660)); // 6,000 less 5,600 less the liquidator's 260
    assert_eq!(field.free(ALICE), free, "free collateral paid or was paid");
}

#[test]
fn pp_43_a_loss_takes_the_margins_of_its_domain_first_and_nothing_else() {
    let mut field = pair(true);
    field.cross(ALICE, 1, true);
    field.open(ALICE, 4, true, 10, 9_000);
    field.set(1, 1_200);
    let (free, pool) = (field.free(ALICE), field.rig.ask(&poolCall {}));
    let outcome = field.liquidate(1, ALICE);
    let event: Liquidated = outcome.event().unwrap();
    // 8,000 are lost, 6,000 were there, of which 120 are the liquidator's.
    assert_eq!((event.loss, event.reward), (field.rig.units(8_000), field.rig.units(120)));
    assert_eq!(event.badDebt, field.rig.units(2_120));
    let lent = MarginMoved { account: ALICE, from: 2, to: 1, amount: field.rig.units(3_000) };
    assert_eq!(all::<MarginMoved>(&outcome), [lent]);
    let borne: U256 = all::<LossBorne>(&outcome).iter().map(|part| U256::from(part.amount)).sum();
    assert_eq!(borne, event.loss);
    assert_eq!(field.rig.ask(&poolCall {}).assets - pool.assets, field.rig.units(5_880));
    assert_eq!((field.margin(ALICE, 2), field.margin(ALICE, 4)), (U256::ZERO, field.rig.units(9_000)));
    assert_eq!(field.free(ALICE), free);
    // What is left has nothing, needs something, and is liquidated.
    field.liquidate(2, ALICE);
    field.healthy(4, ALICE, 9_000, 1_000);
}

#[test]
fn pp_43_less_than_all_margins_takes_no_more_than_it_lacks() {
    let mut field = pair(true);
    field.set(1, 1_550);
    // 4,500 are lost, and 310 are the penalty.
    let outcome = field.liquidate(1, ALICE);
    let event: Liquidated = outcome.event().unwrap();
    assert_eq!((event.badDebt, event.reward, event.fee), (ANY, field.rig.units(155), field.rig.units(155)));
    assert_eq!(field.margin(ALICE, 2), field.rig.units(1_190));
    field.healthy(2, ALICE, 1_190, 1_000);
}

#[test]
fn pp_43_a_profit_that_stands_pays_before_anybody_bears() {
    let mut field = pair(true);
    field.set(1, 1_200); // 8,000 lost
    field.set(2, 1_700); // 3,000 won, of which nothing is margin
    let value = |field: &Field| {
        let p = field.rig.ask(&positionCall { who: ALICE, market: 2 });
        p.entry - field.rig.units(17_000)
    };
    assert_eq!(value(&field), field.rig.units(3_000));
    let outcome = field.liquidate(1, ALICE);
    let event: Liquidated = outcome.event().unwrap();
    assert_eq!((event.loss, event.badDebt), (field.rig.units(5_760), ANY));
    assert!(all::<LossBorne>(&outcome).is_empty());
    let netted = ProfitNetted { account: ALICE, from: 2, to: 1, amount: field.rig.units(2_240) };
    assert_eq!(all::<ProfitNetted>(&outcome), [netted]);
    assert_eq!(value(&field), field.rig.units(760));
    // The side's entry moved with it: what the pool owes is what its positions have.
    let short = field.rig.ask(&marketCall { market: 2 })[7];
    let sum: U256 = [ALICE, BOB].map(|who| field.rig.ask(&positionCall { who, market: 2 }).entry).iter().sum();
    assert_eq!(short, sum);
    // Somebody is paid to close what is left, out of what it has won.
    let outcome = field.liquidate(2, ALICE);
    let event: Liquidated = outcome.event().unwrap();
    assert_eq!(event.reward, field.rig.units(170));
}

#[test]
fn pp_43_who_reduces_borrows_from_the_others_and_never_beyond() {
    let mut field = pair(true);
    field.set(1, 1_650); // 3,500 lost: more than its margin
    let free = field.free(ALICE);
    let half = reduceCall { market: 1, size: U256::from(5 * WAD), limitPrice: ANY };
    field.rig.call(ALICE, &half);
    field.conserved();
    // Half of the loss was covered by its own margin, with the fee: 3,000 - 1,750 - 8.25.
    assert_eq!(field.margin(ALICE, 1), field.rig.units(1_241) + U256::from(750_000));
    assert_eq!(field.margin(ALICE, 2), field.rig.units(3_000));
    let outcome = field.rig.send(ALICE, &closeCall { market: 1, limitPrice: ANY });
    let lent = field.rig.units(516) + U256::from(500_000); // 1,750 + 8.25 - 1,241.75
    assert_eq!(all::<MarginMoved>(&outcome), [MarginMoved { account: ALICE, from: 2, to: 1, amount: lent }]);
    assert_eq!(field.margin(ALICE, 2), field.rig.units(3_000) - lent);
    assert_eq!(field.free(ALICE), free);
    field.conserved();
    // Bob's is more than his margin, and nobody else's is his.
    field.set(1, 1_650);
    field.rig.fails(BOB, &closeCall { market: 1, limitPrice: ANY });
    // Beyond the domain nobody closes for himself: the loss has to go down the waterfall.
    let mut field = pair(true);
    field.set(1, 1_200);
    let error = LossAboveMargin { loss: field.rig.units(8_000), margin: field.rig.units(6_000) };
    field.rig.refuses(ALICE, &closeCall { market: 1, limitPrice: ANY }, error);
}

#[test]
fn pp_44_a_profit_without_a_price_shelters_nothing() {
    let mut field = pair(true);
    field.set(2, 1_300); // the short has won 7,000
    field.set(1, 1_450); // the long has lost 5,500
    field.healthy(1, ALICE, 7_500, 1_375);
    // Its market has no price for days: what it has won then is nobody's word.
    field.wait_without(MAX_AGE + 1, 2);
    assert_eq!(field.state(ALICE, 0).3, 1);
    field.liquidate(1, ALICE);
    assert_eq!(field.margin(ALICE, 2), field.rig.units(210)); // 6,000 - 5,500 - 290
                                                              // Nobody has taken the profit itself.
    field.wait(1);
    let p = field.rig.ask(&positionCall { who: ALICE, market: 2 });
    assert_eq!(p.entry, field.rig.units(20_000));
}

#[test]
fn pp_44_a_loss_without_a_price_ends_nothing_and_stops_nothing() {
    for is_stale in [true, false] {
        let mut field = pair(true);
        field.set(2, 2_500); // the short has lost 5,000, and 1,000 are left of 2,250
        if is_stale {
            field.wait_without(MAX_AGE + 1, 2);
        } else {
            // Two feeds that disagree, and a tier that says so.
            let answer = I256::try_from(START * 2).unwrap();
            let feed = field.feeds[1][1];
            field.rig.on(DEPLOYER, feed, &updateAnswerCall { answer });
        }
        assert_eq!(field.state(ALICE, 0).3, 1);
        field.healthy(1, ALICE, 6_000, 2_000);
        let call = liquidateCall { market: 2, account: ALICE }.abi_encode();
        field.rig.chain.send(Tx::new(CAROL, field.rig.perp, call));
        assert!(!field.rig.ask(&positionCall { who: ALICE, market: 2 }).size.is_zero(), "without a price");
        // What is worse than both margins is liquidated all the same.
        field.set(1, 1_450);
        field.liquidate(1, ALICE);
        assert_eq!(field.margin(ALICE, 2), field.rig.units(210));
    }
}

/// Whoever can pause a market has neither a hedge there count for nothing, nor a loss there forgotten.
#[test]
fn pp_44_a_pause_changes_no_health() {
    let mut field = pair(true);
    field.govern(change::guardian(PAUSER, 2, PAUSE_SECS as u32));
    let mut lost = field.clone();
    field.set(2, 1_300);
    field.set(1, 1_450);
    field.rig.call(PAUSER, &pauseCall { scopes: vec![2], classes: ALL_CLASSES, reason: 1 });
    assert_eq!(field.state(ALICE, 0).3, 0);
    field.healthy(1, ALICE, 7_500, 1_375);
    lost.set(2, 2_500);
    lost.rig.call(PAUSER, &pauseCall { scopes: vec![2], classes: ALL_CLASSES, reason: 1 });
    assert_eq!(lost.rig.call(CAROL, &liquidateCall { market: 2, account: ALICE }), 1, "during a pause");
    lost.liquidate(1, ALICE); // 1,000 of 2,250: the long, which has lost nothing, is closed for what the short has
    assert_eq!(lost.margin(ALICE, 2), lost.rig.units(6_000 - 400));
}

/// Who brings just too little gas chooses no verdict: not which position has a price.
#[test]
fn pp_44_too_little_gas_liquidates_nobody() {
    let mut field = pair(true);
    field.set(2, 1_300);
    field.set(1, 1_450);
    let call = liquidateCall { market: 1, account: ALICE }.abi_encode();
    let mut words = Vec::new();
    for gas in (100_000..2_500_000).step_by(20_000) {
        let mut tx = Tx::new(CAROL, field.rig.perp, call.clone());
        tx.gas = gas;
        let outcome = field.rig.chain.view(tx);
        assert!(!outcome.success, "{gas} gas was the right amount");
        words.push(outcome.output.len());
    }
    assert!(words.contains(&0) && words.iter().any(|len| *len >= 68), "nothing was tried");
    let healthy = Healthy { equity: field.rig.units(7_500), threshold: field.rig.units(1_375) }.abi_encode();
    let last = field.rig.chain.view(Tx::new(CAROL, field.rig.perp, call));
    assert_eq!(last.output[..], healthy[..]);
}

#[test]
fn pp_45_few_positions_and_none_of_dust() {
    let mut field = Field::of(6, |_, _| {});
    field.cross(ALICE, 0, true);
    let dust = field.opening(1, true, 1, 9);
    field.rig.refuses(ALICE, &dust, MarginBelowLeast { margin: 9_000_000, bound: 10_000_000 });
    field.open(ALICE, 1, true, 10, 9_000);
    // What the others have is no smallest margin of its own.
    let dust = field.opening(2, true, 1, 9);
    field.rig.refuses(ALICE, &dust, MarginBelowLeast { margin: 9_000_000, bound: 10_000_000 });
    field.open(ALICE, 2, true, 1, 10);
    field.open(ALICE, 3, true, 1, 10);
    field.open(ALICE, 4, true, 1, 200); // of another domain
    field.open(ALICE, 5, true, 1, 10);
    let fifth = field.opening(6, true, 1, 10);
    field.rig.refuses(ALICE, &fifth, TooManyLegs { legs: U256::from(5), max: U256::from(4) });
    // Nor are there more when it is chosen.
    for market in [1, 2, 3, 5, 6] {
        field.open(DAVE, market, true, 1, 300);
    }
    let choose = crossMarginCall { domain: 0, on: true };
    field.rig.refuses(DAVE, &choose, TooManyLegs { legs: U256::from(5), max: U256::from(4) });
    // What a liquidation costs with as many as there may be.
    for market in [1, 2, 3, 5] {
        field.set(market, 1_300);
    }
    let outcome = field.liquidate(1, ALICE);
    println!("a liquidation of one of four: {} gas", outcome.gas_used);
    assert!(outcome.gas_used < 4_000_000);
}

#[test]
fn pp_46_openings_need_the_initial_margin_of_all_together() {
    let mut field = Field::new();
    field.cross(ALICE, 0, true);
    field.open(ALICE, 1, true, 10, 3_500);
    // 10 more need 2,000 beside the 2,000 of the first; 500 are enough, and one less is not.
    let short = field.opening(2, true, 10, 499);
    let error = MarginBelowInitial { margin: 1_999_000_000, needed: 2_000_000_000 };
    field.rig.refuses(ALICE, &short, error);
    field.open(ALICE, 2, true, 10, 500);
    // A loss of any of them counts, a profit of none.
    field.set(1, 2_500);
    let more = increaseCall { market: 2, size: U256::from(WAD), margin: ANY, limitPrice: ANY };
    let error = MarginBelowInitial { margin: 1_500_000_000, needed: 2_200_000_000 }; // 4,000 less 2,500
    field.rig.refuses(ALICE, &more, error);
    field.set(1, 1_900);
    let error = MarginBelowInitial { margin: 1_100_000_000, needed: 2_200_000_000 }; // 4,000 - 1,900 - 1,000
    field.rig.refuses(ALICE, &more, error);
    // No new risk in a domain of which a price is not fit for it.
    field.set(1, PRICE);
    let more = increaseCall { market: 2, size: U256::from(WAD), margin: field.rig.units(1_000), limitPrice: ANY };
    field.wait_without(MAX_AGE + 1, 1);
    field.rig.fails(ALICE, &more);
    field.wait(1);
    field.rig.call(ALICE, &more);
    // In a domain that was not chosen each stands alone.
    let alone = field.opening(4, true, 10, 1_999);
    field.rig.refuses(ALICE, &alone, MarginBelowInitial { margin: 1_999_000_000, needed: 2_000_000_000 });
    field.open(ALICE, 4, true, 10, 2_000);
    field.conserved();
}

#[test]
fn pp_46_what_a_close_pays_out_leaves_the_others_their_initial_margins() {
    let mut field = pair(true);
    field.set(1, 1_750); // 2,500 lost, and 1,750 needed for new risk: 1,250 are missing
    field.set(2, 1_700); // 3,000 won
    let free = field.free(ALICE);
    let outcome = field.rig.send(ALICE, &closeCall { market: 2, limitPrice: ANY });
    let kept = MarginMoved { account: ALICE, from: 2, to: 1, amount: field.rig.units(1_250) };
    assert_eq!(all::<MarginMoved>(&outcome), [kept]);
    assert_eq!(field.free(ALICE), free + field.rig.units(6_000 - 17 - 1_250));
    field.conserved();
    field.cross(ALICE, 0, false); // with just that it is good alone
                                  // Where another has no price, all of it stays.
    let mut field = pair(true);
    field.wait_without(MAX_AGE + 1, 1);
    let free = field.free(ALICE);
    field.rig.call(ALICE, &closeCall { market: 2, limitPrice: ANY });
    assert_eq!(field.free(ALICE), free);
    assert_eq!(field.margin(ALICE, 1), field.rig.units(6_000 - 20));
    // The last one leaves everything, whatever was chosen.
    field.wait(1);
    field.rig.call(ALICE, &closeCall { market: 1, limitPrice: ANY });
    assert_eq!(field.free(ALICE), free + field.rig.units(6_000 - 40));
    field.conserved();
}

/// A winner that is liquidated with its domain does not pay out what is not warm.
#[test]
fn pp_46_a_profit_that_warms_up_does_not_leave_by_a_liquidation() {
    let mut field = Field::of(2, |_, words| {
        words[0] |= U256::from(240) << 149usize; // minutes of its warm-up
    });
    field.cross(ALICE, 0, true);
    field.open(ALICE, 1, true, 10, 3_000);
    field.open(ALICE, 2, false, 10, 3_000);
    field.set(2, 1_700);
    field.set(1, 1_150); // 8,500 lost, 9,000 there
    field.liquidate(2, ALICE);
    assert_eq!(field.margin(ALICE, 1), field.rig.units(9_000 - 340));
    field.set(1, PRICE);
    let free = field.free(ALICE);
    field.rig.call(ALICE, &closeCall { market: 1, limitPrice: ANY });
    let all = free + field.rig.units(9_000 - 340 - 20);
    assert_eq!(field.free(ALICE), all);
    let available = all - field.rig.units(3_000);
    let error = ProfitWarming { amount: all.to(), available: available.to() };
    field.rig.refuses(ALICE, &withdrawCall { amount: all }, error);
    field.rig.call(ALICE, &withdrawCall { amount: available });
}

/// A part of a winner that is deleveraged stays with it.
#[test]
fn pp_46_who_is_deleveraged_shelters_nothing() {
    let mut field = pair(true);
    field.govern(change::parameter(2, 0x0515, 1));
    field.govern(change::parameter(2, 0x0516, 1));
    field.set(2, 1_500); // both shorts have won 5,000, far above a hundredth of a percent of the pool
    field.rig.call(CAROL, &deleverageCall { market: 2 });
    field.conserved();
    field.set(1, 930); // 6,000 and what the short has won, less 10,700
    let free = field.free(ALICE);
    let outcome = field.liquidate(1, ALICE);
    assert_eq!(all::<PositionSettled>(&outcome).len(), 1, "it was not settled first");
    let event: Liquidated = outcome.event().unwrap();
    assert_eq!(event.badDebt, ANY);
    assert_eq!(field.free(ALICE), free, "what was realised left the domain");
    let left = field.margin(ALICE, 2);
    assert!(left > field.rig.units(50) && left < field.rig.units(100), "{left}");
    // 300 less the penalty of 186, and a profit
}

/// One that was closed out whole leaves its margin to the others, and not to free collateral.
#[test]
fn pp_46_who_is_closed_out_shelters_nothing() {
    let mut field = Field::new();
    field.govern(change::parameter(2, 0x0509, 20_000));
    field.cross(ALICE, 0, true);
    field.open(ALICE, 1, true, 10, 3_000);
    field.open(ALICE, 2, false, 10, 3_000);
    field.open(BOB, 2, true, 100, 20_000);
    // The pool bears what it has but for its floor, and a third more than that is lost.
    let pool = field.rig.ask(&poolCall {});
    let shares = (pool.assets - field.rig.units(100_010)) * pool.shares / pool.assets;
    field.rig.call(LP, &removeCall { shares });
    field.set(2, 500);
    let outcome = field.liquidate(2, BOB);
    assert_eq!(all::<Deleveraged>(&outcome).len(), 1);
    assert!(field.rig.ask(&marketCall { market: 2 })[6].is_zero(), "the shorts were not closed whole");
    field.set(1, 1_450); // 5,500 lost
    let free = field.free(ALICE);
    let outcome = field.rig.send(CAROL, &settleCall { market: 2, account: ALICE });
    assert_eq!(all::<MarginMoved>(&outcome).len(), 1);
    assert_eq!(field.free(ALICE), free, "it left the domain");
    assert!(field.margin(ALICE, 1) >= field.rig.units(6_000));
    field.conserved();
}

/// Alice long 10 in markets 1 and 3, 3,000 of margin each; the first has won 5,000, of which a haircut asks what is answered.
fn haircut(field: &mut Field) -> U256 {
    field.rig.call(PAUSER, &heartbeatCall {});
    field.govern(change::parameter(2, 0x0509, 20_000));
    field.cross(ALICE, 0, true);
    field.open(ALICE, 1, true, 10, 3_000);
    field.open(ALICE, 3, true, 10, 3_000);
    field.open(BOB, 2, true, 200, 40_000);
    let pool = field.rig.ask(&poolCall {});
    let shares = (pool.assets - field.rig.units(200_010)) * pool.shares / pool.assets;
    field.rig.call(LP, &removeCall { shares });
    field.set(1, 2_500); // 5,000 won
    field.set(2, 600); // a little more is lost than the pool has, and no short to deleverage
    let outcome = field.liquidate(2, BOB);
    let charged: U256 = all::<ProfitsCut>(&outcome).iter().map(|cut| U256::from(cut.charged)).sum();
    assert!(charged > field.rig.units(2_000) && charged < field.rig.units(3_000), "{charged}");
    charged
}

/// What a haircut asks of a profit is taken before the rest of it pays for another position.
#[test]
fn pp_43_a_profit_pays_its_haircut_before_it_pays_for_others() {
    let mut field = Field::new();
    let charged = haircut(&mut field);
    field.set(3, 1_150); // 8,500 lost of 6,000, and of what is left of the profit
    let outcome = field.liquidate(3, ALICE);
    let cut: ProfitCut = outcome.event().expect("ProfitCut");
    let netted: ProfitNetted = outcome.event().expect("ProfitNetted");
    assert_eq!((cut.market, cut.profit), (1, field.rig.units(5_000)));
    assert!(cut.cut + U256::from(1) >= charged, "{} of {charged}", cut.cut);
    assert_eq!(netted.amount, field.rig.units(5_000) - cut.cut);
}

/// Else it would be paid whole, or left to its owner while others bear what he has lost.
#[test]
fn pp_43_a_pause_of_reduce_keeps_no_haircut_from_a_profit_that_is_liquidated_or_pays_for_others() {
    let mut field = Field::new();
    let charged = haircut(&mut field);
    field.set(3, 1_000); // 10,000 lost of 6,000, and of what is left of the profit
    field.rig.call(PAUSER, &pauseCall { scopes: vec![1], classes: 1 << REDUCE, reason: 1 });
    let cut = |outcome: &Outcome| {
        let cuts: Vec<ProfitCut> = all(outcome);
        assert_eq!((cuts.len(), cuts[0].market, cuts[0].profit), (1, 1, U256::from(5_000_000_000u64)));
        assert!(cuts[0].cut + U256::from(1) >= charged);
        cuts[0].cut
    };
    let mut other = field.clone();
    let outcome = other.liquidate(3, ALICE);
    let left = other.rig.units(5_000) - cut(&outcome);
    let netted: ProfitNetted = outcome.event().expect("ProfitNetted");
    assert_eq!(netted.amount, left);
    // 4,000 beyond the margins, less that; and the liquidator's part.
    let debt = outcome.event::<Liquidated>().unwrap().badDebt;
    assert_eq!(debt, other.rig.units(4_000 + 100) - left);
    let free = field.free(ALICE);
    let outcome = field.liquidate(1, ALICE);
    let left = field.rig.units(6_000 + 5_000 - 500) - cut(&outcome); // the penalty on 25,000
    assert_eq!((field.margin(ALICE, 3), field.free(ALICE)), (left, free));
}

/// Alice long 10 in market 1 with 9,000 of margin; her short of market 2 was closed out at a loss beyond its margin, and
/// nobody has settled it.
fn closed_out_at_a_loss() -> Field {
    let mut field = Field::new();
    field.govern(change::parameter(2, 0x0509, 20_000));
    field.cross(ALICE, 0, true);
    field.open(ALICE, 1, true, 10, 9_000);
    field.set(2, 400);
    field.open(ALICE, 2, false, 10, 50); // sold at 400: 1,000 lost at 500, of 50
    field.set(2, PRICE);
    field.open(DAVE, 2, false, 10, 3_000);
    field.open(BOB, 2, true, 100, 20_000);
    let pool = field.rig.ask(&poolCall {});
    let shares = (pool.assets - field.rig.units(100_010)) * pool.shares / pool.assets;
    field.rig.call(LP, &removeCall { shares });
    field.set(2, 500);
    field.liquidate(2, BOB);
    assert!(field.rig.ask(&marketCall { market: 2 })[6].is_zero(), "the shorts were not closed whole");
    field
}

/// Who loses on a side that is closed out whole pays with what the others have, not with the pool's.
#[test]
fn pp_43_who_is_closed_out_at_a_loss_borrows() {
    let mut field = closed_out_at_a_loss();
    let before = field.margin(ALICE, 1);
    let outcome = field.rig.send(CAROL, &settleCall { market: 2, account: ALICE });
    let lent: U256 = all::<MarginMoved>(&outcome).iter().map(|moved| moved.amount).sum();
    let settled: PositionSettled = outcome.event().unwrap();
    assert_eq!(settled.badDebt, ANY, "others bear what the domain has");
    assert_eq!(before - field.margin(ALICE, 1), lent);
    assert!(!lent.is_zero());
    field.conserved();
}

/// Who lets another margin stand for a position whose market ends is liquidated before it does.
#[test]
fn pp_47_a_wind_down_lets_nobody_wait_for_the_end_with_too_little() {
    let mut field = pair(true);
    field.set(1, 1_750);
    field.healthy(1, ALICE, 3_500, 1_875);
    field.govern(decision(1, 1));
    field.healthy(2, ALICE, 3_000, 1_000); // which nothing of market 1 keeps alive either
    let mut bankrupt = field.clone();
    let mut other = field.clone();
    other.set(1, PRICE);
    other.set(2, 2_200);
    other.liquidate(2, ALICE); // 1,000 of its own 3,000 are left, of 1,100
    assert_eq!(other.margin(ALICE, 1), other.rig.units(3_000 + 1_000 - 440));
    field.liquidate(1, ALICE);
    assert_eq!(field.margin(ALICE, 2), field.rig.units(3_000 + 500 - 350));
    bankrupt.set(1, 1_600); // and what it lacks is taken from the others all the same
    let outcome = bankrupt.liquidate(1, ALICE);
    assert_eq!(outcome.event::<Liquidated>().unwrap().badDebt, ANY);
    assert_eq!(bankrupt.margin(ALICE, 2), bankrupt.rig.units(3_000 - 1_000 - 320));
}

/// Otherwise whoever liquidates chooses that it counts for nobody.
#[test]
fn pp_47_what_a_liquidation_leaves_goes_to_a_market_that_goes_on() {
    let mut field = pair(true);
    field.open(ALICE, 3, true, 10, 3_000);
    field.govern(decision(1, 1));
    field.set(2, 2_200);
    field.set(3, 1_650); // 1,000 and -500 are left where 1,925 are needed, whatever the first has
    let before = field.margin(ALICE, 1);
    field.liquidate(2, ALICE);
    assert_eq!(field.margin(ALICE, 1), before);
    assert_eq!(field.margin(ALICE, 3), field.rig.units(3_000 + 1_000 - 440));
    // What is left in the last one goes where there is anything.
    field.set(3, 1_725); // 810 of 862.5; the penalty is 345
    field.liquidate(3, ALICE);
    assert_eq!(field.margin(ALICE, 1), before + field.rig.units(3_560 - 2_750 - 345));
}

/// Settling takes from the margin that is put in: read before it, the margin would be below what it has to be.
#[test]
fn pp_46_who_opens_settles_first_and_then_counts_the_margin() {
    let field = closed_out_at_a_loss();
    let increase = |margin: u64| increaseCall {
        market: 1,
        size: U256::from(40 * WAD),
        margin: U256::from(margin),
        limitPrice: ANY,
    };
    let admitted = |field: &Field, margin: u64| {
        let call = increase(margin).abi_encode();
        field.rig.clone().chain.send(Tx::new(ALICE, field.rig.perp, call)).success
    };
    let least = |field: &Field| {
        let (mut less, mut enough) = (0u64, 80_000_000_000);
        assert!(!admitted(field, less) && admitted(field, enough));
        while enough - less > 1 {
            let middle = (less + enough) / 2;
            (less, enough) = if admitted(field, middle) { (less, middle) } else { (middle, enough) };
        }
        enough
    };
    let mut settled = field.clone();
    let outcome = settled.rig.send(CAROL, &settleCall { market: 2, account: ALICE });
    assert_eq!(all::<MarginMoved>(&outcome).len(), 1, "what it owes comes out of the other's margin");
    assert_eq!(least(&field), least(&settled));
}

#[test]
fn pp_47_a_settlement_isolates_in_any_order() {
    let settled = |first: Address, second: Address| {
        let mut field = pair(true);
        field.set(1, 1_750);
        field.govern(decision(1, 1));
        field.rig.call(GOVERNANCE, &proposeCall { words: decision(3, 1) });
        field.wait(7 * DAY);
        for _ in 0..40 {
            field.wait(60);
            field.rig.call(CAROL, &pokeCall { market: 1 });
        }
        field.rig.call(CAROL, &executeCall { words: decision(3, 1) });
        // From here on the other position stands alone, and takes nothing from what is being settled.
        assert_eq!(field.state(ALICE, 0).2, 1);
        let mut alone = field.clone();
        alone.set(2, 2_200);
        let free = alone.free(ALICE);
        alone.liquidate(2, ALICE);
        assert_eq!(alone.margin(ALICE, 1), alone.rig.units(3_000));
        assert_eq!(alone.free(ALICE), free + alone.rig.units(3_000 - 2_000 - 440));
        field.wait(DAY);
        for account in [first, second] {
            field.rig.call(CAROL, &settleAccountCall { account, market: 1 });
        }
        field.conserved();
        let pool = field.rig.ask(&poolCall {});
        (field.free(ALICE), field.free(BOB), field.margin(ALICE, 2), pool.assets, pool.badDebt)
    };
    let (one, other) = (settled(ALICE, BOB), settled(BOB, ALICE));
    assert_eq!(one, other);
    assert_eq!(one.2, U256::from(3_000_000_000u64));
}

#[test]
fn pp_8_a_token_that_calls_back_chooses_nothing() {
    let mut rig = Rig::of(Plan { token: "HookToken", ..Plan::default() });
    let (token, perp) = (rig.token, rig.perp);
    let payload = crossMarginCall { domain: 0, on: true }.abi_encode();
    let call = armCall { target: perp, payload: payload.into(), onTransfer: true, onTransferFrom: true };
    rig.on(DEPLOYER, token, &call);
    rig.call(ALICE, &withdrawCall { amount: rig.units(10) });
    assert!(!rig.chain.query(CAROL, token, &lastOkCall {}).expect("lastOk"), "the way back in was open");
    assert!(rig.ask(&crossStateCall { account: token, domain: 0 }).is_zero());
}

/// Who never chose it reads no word of it: neither the choice nor where its program is.
#[test]
fn an_isolated_account_pays_for_nothing() {
    let mut field = pair(true);
    let program = root("perp.config") + U256::from(23);
    let asks = |field: &mut Field, who: Address, data: Vec<u8>| {
        let outcome = field.rig.chain.send(Tx::new(who, field.rig.perp, data));
        assert!(outcome.success);
        outcome.storage_reads.iter().any(|read| U256::from_be_bytes(read.slot.0) == program)
    };
    let half = U256::from(5 * WAD);
    let limitPrice = ANY;
    for data in [
        increaseCall { market: 1, size: half, margin: field.rig.units(1_000), limitPrice }.abi_encode(),
        reduceCall { market: 1, size: half, limitPrice }.abi_encode(),
        topUpCall { market: 1, amount: half / U256::from(WAD) }.abi_encode(),
        settleCall { market: 1, account: BOB }.abi_encode(),
        closeCall { market: 2, limitPrice }.abi_encode(),
        withdrawCall { amount: half / U256::from(WAD) }.abi_encode(),
    ] {
        assert!(!asks(&mut field, BOB, data));
    }
    let open = field.opening(2, true, 10, 3_000).abi_encode();
    assert!(!asks(&mut field, BOB, open));
    field.set(1, 1_600);
    let liquidate = |account| liquidateCall { market: 1, account }.abi_encode();
    assert!(!asks(&mut field, CAROL, liquidate(BOB)));
    field.set(1, 1_500);
    assert!(asks(&mut field, CAROL, liquidate(ALICE)), "what is looked for is there where it is asked");
}

/// The next number of a fixed sequence (xorshift), below `bound`.
fn next(state: &mut u64, bound: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 16) % bound
}

/// Accounts with cross margin among isolated ones, prices that part, deleveragings: to the unit after every action.
#[test]
fn pp_30_a_random_history_with_cross_margin_conserves() {
    let mut field = Field::of(4, |market, words| {
        words[3] |= packed(&[(64, 0), (16, 50), (16, 20), (16, 10)]); // buffer, a side's share, what it comes back to
        if market == 2 {
            words[0] |= U256::from(30) << 149usize;
        }
    });
    field.govern(change::parameter(1, 0x0515, 20));
    field.govern(change::cover(0, [0, 0, 10_000, 7, 10u128.pow(30)]));
    field.govern(change::recap(500, 5_000));
    let mut history = History { field, state: 0x5eed_0044, done: [0; 14], lent: 0, netted: 0, bad: 0, deleveraged: 0 };
    for user in [ALICE, BOB] {
        history.field.cross(user, 0, true);
    }
    (0..480).for_each(|step| history.step(step));
    let History { done, lent, netted, bad, deleveraged, .. } = history;
    println!("{done:?}: {lent} margins moved, {netted} profits netted, {bad} losses borne, {deleveraged} deleveraged");
    assert!(done.iter().all(|count| *count > 0), "something never succeeded");
    assert!(lent > 6 && netted > 0 && bad > 2 && deleveraged > 2, "too little happened");
}

struct History {
    field: Field,
    state: u64,
    done: [usize; 14],
    lent: usize,
    netted: usize,
    bad: usize,
    deleveraged: usize,
}

impl History {
    fn below(&mut self, bound: u64) -> u64 {
        next(&mut self.state, bound)
    }
    /// Prices part; now and then a feed is stale, or one market falls or rises by up to a third, and all are liquidated that may.
    fn weather(&mut self) {
        let storm = 1 + self.below(7) as usize;
        for market in 1..=4 {
            let most = if market == storm { 3_300 } else { 250 };
            let bps = self.below(2 * most) as i64 - most as i64;
            let price = &mut self.field.prices[market - 1];
            *price = (*price * (10_000 + bps) / 10_000 + (PRICE - *price) / 10).clamp(PRICE / 2, PRICE * 2);
        }
        let secs = if self.below(2) == 0 { DAY } else { 1 + self.below(3_000) };
        let stale = if self.below(8) == 0 { 1 + self.below(4) as usize } else { 0 };
        self.field.wait_without(secs, stale);
        for (account, market) in [ALICE, BOB, DAVE].into_iter().flat_map(|who| [1, 2, 3, 4].map(|market| (who, market)))
        {
            if storm <= 4 && !self.field.margin(account, market).is_zero() {
                self.act(4, CAROL, liquidateCall { market, account }.abi_encode());
            }
        }
    }
    fn step(&mut self, step: usize) {
        if step.is_multiple_of(4) {
            self.weather();
        }
        let who = [ALICE, ALICE, BOB, BOB, DAVE][self.below(5) as usize];
        let (account, market) = ([ALICE, BOB, DAVE][self.below(3) as usize], 1 + self.below(4) as u32);
        let size = U256::from(WAD) * U256::from(100 + self.below(900)) / U256::from(31);
        let price = U256::from(self.field.prices[market as usize - 1]);
        // In a domain a margin may be small beside what the others have.
        let share = U256::from([1, 2, 4, 8, 10, 12][self.below(6) as usize]);
        let margin = self.field.rig.units(1) * size / U256::from(WAD) * price * share / U256::from(80);
        let kind = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 6, 6, 8, 9, 10, 11, 13][self.below(22) as usize];
        let kind = if self.below(16) == 0 { [7, 12][self.below(2) as usize] } else { kind };
        let (up, domain) = (self.below(2) == 0, (market / 4) as u8);
        let data = match kind {
            0 => openCall { market, isLong: up, size, margin, limitPrice: ANY }.abi_encode(),
            1 => increaseCall { market, size, margin, limitPrice: ANY }.abi_encode(),
            2 => reduceCall { market, size: size / U256::from(4), limitPrice: ANY }.abi_encode(),
            3 => closeCall { market, limitPrice: ANY }.abi_encode(),
            4 => liquidateCall { market, account }.abi_encode(),
            5 => topUpCall { market, amount: margin }.abi_encode(),
            6 => crossMarginCall { domain, on: true }.abi_encode(),
            7 => crossMarginCall { domain, on: false }.abi_encode(),
            8 => deleverageCall { market }.abi_encode(),
            9 => settleCall { market, account }.abi_encode(),
            10 => withdrawCall { amount: margin }.abi_encode(),
            11 => depositCall { amount: margin }.abi_encode(),
            12 => pokeCall { market }.abi_encode(),
            _ => repayCall { market, amount: (margin / U256::from(9)).to() }.abi_encode(),
        };
        self.act(kind, who, data);
    }
    fn act(&mut self, kind: usize, who: Address, data: Vec<u8>) {
        let outcome = self.field.rig.chain.send(Tx::new(who, self.field.rig.perp, data));
        if !outcome.success {
            assert!(outcome.output.len() >= 4, "{kind} failed without a word: {:?}", outcome.note);
            return;
        }
        self.done[kind] += usize::from(kind != 4 || outcome.event::<Liquidated>().is_some());
        self.lent += all::<MarginMoved>(&outcome).len();
        self.netted += all::<ProfitNetted>(&outcome).len();
        self.bad += usize::from(!all::<LossBorne>(&outcome).is_empty());
        self.deleveraged += all::<Deleveraged>(&outcome).len();
        assert_eq!(
            self.field.accounted(),
            self.field.rig.balance(self.field.rig.perp),
            "after {kind}, {:?}",
            self.done
        );
    }
}
