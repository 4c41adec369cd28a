//! The reference protocol: whole calls of its entries.

use super::{act, creation, deployment, done, program, refused, Figure};
use crate::programs::PERP;
use alloy_primitives::{keccak256, Address, Bytes, I256, U256};
use alloy_sol_types::{sol, SolCall, SolEvent, SolValue};
use fusebox_core::{
    panel::{Class, Classes},
    slot::erc7201,
};
use fusebox_testbed::{Chain, Outcome};
use std::path::Path;

sol! {
    function initialise(address collateral, address governance, address council, address pauser, uint32 pauseSecs, uint128 floor);
    function propose(uint256[] words) returns (bytes32 hash);
    function execute(uint256[] words);
    function rebase(uint32 bucket);
    function price(uint32 market, uint8 class) returns (uint256 price, uint8 tier, bool grace);
    function deposit(uint256 amount) returns (uint256 credited);
    function withdraw(uint256 amount) returns (uint256 ticket);
    function provide(uint256 amount) returns (uint256 shares);
    function open(uint32 market, bool isLong, uint256 size, uint256 margin, uint256 limitPrice);
    function reduce(uint32 market, uint256 size, uint256 limitPrice);
    function liquidate(uint32 market, address account) returns (uint8 outcome);
    function close(uint32 market, uint256 limitPrice);
    function deleverage(uint32 market);
    function settle(uint32 market, address account);
    function stake(uint256 amount) returns (uint256 shares);
    function poke(uint32 market) returns (uint8 tier);
    function pause(uint32[] scopes, uint8 classes, uint16 reason) returns (uint64 failed);

    function mint(address to, uint256 amount);
    function approve(address spender, uint256 amount) returns (bool);
    function updateAnswer(int256 answer);

    event Liquidated(uint32 indexed market, address indexed account, address indexed liquidator, uint256 size, uint256 notional, uint256 loss, uint256 reward, uint256 fee, uint256 badDebt);
    event FundDrawn(uint16 indexed domain, uint256 staked, uint256 held);
    event Tripped(uint32 indexed market, uint8 tier, uint8 previous, uint8 cause, uint32 deviationBps, uint64 until, uint8 strikes);

    error Stopped(uint32 scope, uint8 class, uint8 sources, uint64 until);
    error PriceInDoubt(uint32 deviationBps, uint32 boundBps);
    error NotGuardian(address caller, uint32 scope);
}

/// Where the oracle program is in that order.
const ORACLE: usize = 2;
const MARKET: u32 = 1;

const GOVERNANCE: Address = Address::repeat_byte(0x21);
const COUNCIL: Address = Address::repeat_byte(0x22);
const GUARDIAN: Address = Address::repeat_byte(0x23);
const PROVIDER: Address = Address::repeat_byte(0x24);
const TRADER: Address = Address::repeat_byte(0x25);
const SECOND: Address = Address::repeat_byte(0x26);
const KEEPER: Address = Address::repeat_byte(0x27);
const NEWCOMER: Address = Address::repeat_byte(0x28);

/// The protocol with one market of two feeds; a copy is another chain.
#[derive(Clone)]
struct Ground {
    chain: Chain,
    token: Address,
    feeds: [Address; 2],
    programs: Vec<Address>,
}

/// What each entry costs in each state.
pub fn figures(folder: &Path) -> Result<Vec<Figure>, String> {
    let first = Ground::new(folder)?;
    let steady = first.steady()?;
    let mut figures = Vec::new();
    let mut add = |id, state, gas| figures.push(Figure { id, state, gas, floor: None });
    let doubted = steady.priced(2_000, 1_400)?;
    add("price", "first", first.frame(first.done(KEEPER, &of_price())?)?);
    add("price", "steady", steady.frame(steady.done(KEEPER, &of_price())?)?);
    add(
        "price",
        "refused",
        doubted.frame(refused::<PriceInDoubt, _>(&doubted.chain, KEEPER, doubted.hot(), &of_price())?)?,
    );
    add("open", "first", first.done(TRADER, &opening())?.gas_used);
    add("open", "steady", steady.done(SECOND, &opening())?.gas_used);
    add("open", "refused", steady.paused(Class::Increase)?.stopped(SECOND, &opening())?);
    let mut held = first.clone();
    held.act(TRADER, &opening())?;
    let reducing = reduceCall { market: MARKET, size: units(1, 17), limitPrice: U256::ZERO };
    add("reduce", "first", held.done(TRADER, &reducing)?.gas_used);
    add("reduce", "steady", steady.done(TRADER, &reducing)?.gas_used);
    add("reduce", "refused", steady.paused(Class::Reduce)?.stopped(TRADER, &reducing)?);
    let closing = closeCall { market: MARKET, limitPrice: U256::ZERO };
    add("close", "first", held.done(TRADER, &closing)?.gas_used);
    add("close", "steady", steady.done(TRADER, &closing)?.gas_used);
    add("close", "refused", steady.paused(Class::Reduce)?.stopped(TRADER, &closing)?);
    add("liquidate", "first", held.priced(1_840, 1_840)?.liquidation::<Liquidated>()?);
    add("liquidate", "steady", steady.priced(1_840, 1_840)?.liquidation::<Liquidated>()?);
    add("liquidate", "refused", doubted.liquidation::<Tripped>()?);
    let covered = steady.covered()?.priced(1_700, 1_700)?;
    add("liquidate.draw", "steady", covered.liquidation::<FundDrawn>()?);
    let won = steady.priced(2_150, 2_150)?;
    for (id, accounts) in [("deleverage.10", 10), ("deleverage.1000", 1_000), ("deleverage.100000", 100_000)] {
        add(id, "steady", won.crowded(accounts)?.done(KEEPER, &deleverageCall { market: MARKET })?.gas_used);
    }
    let mut cut = won.crowded(10)?;
    cut.act(KEEPER, &deleverageCall { market: MARKET })?;
    let settling = settleCall { market: MARKET, account: TRADER };
    add("settle", "steady", cut.done(KEEPER, &settling)?.gas_used);
    add("close.deleveraged", "steady", cut.done(TRADER, &closing)?.gas_used);
    let depositing = depositCall { amount: units(100, 6) };
    add("deposit", "first", first.done(NEWCOMER, &depositing)?.gas_used);
    add("deposit", "steady", steady.done(TRADER, &depositing)?.gas_used);
    add("deposit", "refused", steady.paused(Class::Inflow)?.stopped(TRADER, &depositing)?);
    let withdrawing = withdrawCall { amount: units(100, 6) };
    add("perp.withdraw", "first", first.done(TRADER, &withdrawing)?.gas_used);
    add("perp.withdraw", "steady", steady.done(TRADER, &withdrawing)?.gas_used);
    add("perp.withdraw", "refused", steady.paused(Class::ExitUnpriced)?.stopped(TRADER, &withdrawing)?);
    add("poke", "first", first.done(KEEPER, &pokeCall { market: MARKET })?.gas_used);
    add("poke", "steady", steady.done(KEEPER, &pokeCall { market: MARKET })?.gas_used);
    let trip = doubted.done(KEEPER, &pokeCall { market: MARKET })?;
    add("poke.trip", "steady", logged::<Tripped>(&trip)?);
    add("pause", "first", steady.done(GUARDIAN, &pausing(MARKET, Classes::ALL))?.gas_used);
    let call = pausing(MARKET, Classes::ALL);
    add("pause", "refused", refused::<NotGuardian, _>(&steady.chain, TRADER, steady.hot(), &call)?.gas_used);
    Ok(figures)
}

fn units(amount: u64, decimals: u64) -> U256 {
    U256::from(amount) * U256::from(10).pow(U256::from(decimals))
}

fn of_price() -> priceCall {
    priceCall { market: MARKET, class: Class::Increase.code() }
}

/// One unit of size at twice the margin that is needed.
fn opening() -> openCall {
    openCall { market: MARKET, isLong: true, size: units(1, 18), margin: units(200, 6), limitPrice: U256::ZERO }
}

fn pausing(scope: u32, classes: Classes) -> pauseCall {
    pauseCall { scopes: vec![scope], classes: classes.bits(), reason: 1 }
}

fn logged<E: SolEvent>(outcome: &Outcome) -> Result<u64, String> {
    outcome.event::<E>().map(|_| outcome.gas_used).ok_or_else(|| format!("no {} was logged", E::SIGNATURE))
}

impl Ground {
    /// Everything deployed and listed, accounts with collateral, liquidity, no position; no program held ready.
    fn new(folder: &Path) -> Result<Self, String> {
        let mut chain = Chain::new();
        let arguments = ("USD Coin".to_string(), "USDC".to_string(), U256::from(6)).abi_encode_params();
        let token =
            chain.deploy_evm(GOVERNANCE, &creation("TestToken", &arguments)?).map_err(deployment("the token"))?;
        let aggregator = creation("MockV3Aggregator", &(U256::from(8), units(2_000, 8)).abi_encode_params())?;
        let mut feed = || chain.deploy_evm(GOVERNANCE, &aggregator).map_err(deployment("a feed"));
        let feeds = [feed()?, feed()?];
        let mut programs = Vec::new();
        for name in &PERP[1..] {
            programs.push(chain.deploy_wasm(GOVERNANCE, &program(folder, name)?).map_err(deployment(name))?);
        }
        let terms = initialiseCall {
            collateral: token,
            governance: GOVERNANCE,
            council: COUNCIL,
            pauser: GUARDIAN,
            pauseSecs: 86_400,
            floor: 1_000_000_000_000,
        };
        let arguments = (programs.clone(), Bytes::from(terms.abi_encode())).abi_encode_params();
        let hot = chain.deploy_wasm_with(GOVERNANCE, &program(folder, PERP[0])?, arguments, U256::ZERO);
        programs.insert(0, hot.map_err(deployment(PERP[0]))?);
        let mut ground = Self { chain, token, feeds, programs };
        // What is listed and who guards it waits out the longest delay.
        let changes = [listing(feeds), guardian()];
        for words in &changes {
            ground.act(GOVERNANCE, &proposeCall { words: words.clone() })?;
        }
        ground.chain.advance(7 * 86_400);
        let mut ground = ground.priced(2_000, 2_000)?;
        for words in changes {
            ground.act(KEEPER, &executeCall { words })?;
        }
        for (who, amount) in [(PROVIDER, 1_000_000), (TRADER, 10_000), (SECOND, 10_000), (KEEPER, 1_000)] {
            ground.fund(who, amount + 1_000)?;
            ground.act(who, &depositCall { amount: units(amount, 6) })?;
        }
        ground.fund(NEWCOMER, 1_000)?;
        ground.act(PROVIDER, &provideCall { amount: units(1_000_000, 6) })?;
        // The buckets follow the pool that has just been filled: collateral, liquidity, liquidations of the market.
        for bucket in [0, 1, 16 + MARKET] {
            ground.act(KEEPER, &rebaseCall { bucket })?;
        }
        Ok(ground)
    }

    /// Later: every program held ready, a position in the market, a price remembered, every account used.
    fn steady(&self) -> Result<Self, String> {
        let mut ground = self.clone();
        for program in &ground.programs {
            ground.chain.set_cached(*program, true);
        }
        ground.act(TRADER, &opening())?;
        ground.act(KEEPER, &pokeCall { market: MARKET })?;
        ground.chain.advance(60);
        ground.priced(2_000, 2_000)
    }

    /// With a fund that covers the market's domain, and what is staked in it.
    fn covered(&self) -> Result<Self, String> {
        let mut ground = self.clone();
        let terms = [0, 0, 10_000, 30, 1_000_000_000_000u64];
        let cover: Vec<_> = std::iter::once(7 | 5 << 8).chain(terms).map(U256::from).collect();
        ground.act(GOVERNANCE, &proposeCall { words: cover.clone() })?;
        ground.chain.advance(7 * 86_400);
        ground.act(KEEPER, &executeCall { words: cover })?;
        ground.act(SECOND, &stakeCall { amount: units(1_000, 6) })?;
        ground.priced(2_000, 2_000)
    }

    /// With so many accounts on the long side, the trader one of them, that sum to a hundred units of size: written into
    /// the storage, since what is measured is what they cost afterwards.
    fn crowded(&self, accounts: u64) -> Result<Self, String> {
        let mut ground = self.clone();
        let hot = ground.hot();
        let share = |whole: u64, decimals| units(whole, decimals) / U256::from(accounts);
        let [size, margin, entry] = [share(100, 18), share(20_000, 6), share(200_000, 6)];
        let held = size | (margin << 120usize) | (U256::from(1) << 240usize);
        for number in 0..accounts {
            let account =
                if number == 0 { TRADER } else { Address::left_padding_from(&(number + 1_000).to_be_bytes()) };
            let key: U256 = U256::from_be_slice(account.as_slice()) | (U256::from(MARKET) << 160usize);
            let root = erc7201("perp.positions");
            let slot = keccak256([key.to_be_bytes::<32>(), root.to_be_bytes::<32>()].concat());
            let slot = U256::from_be_bytes(slot.0);
            ground.chain.set_storage(hot, slot, held);
            ground.chain.set_storage(hot, slot + U256::from(1), entry);
        }
        let sums = (size | (entry << 112usize)) * U256::from(accounts);
        ground.chain.set_storage(hot, erc7201("perp.markets") + U256::from(4 * MARKET + 1), sums);
        Ok(ground)
    }

    fn hot(&self) -> Address {
        self.programs[0]
    }

    fn act<C: SolCall>(&mut self, from: Address, call: &C) -> Result<C::Return, String> {
        let to = self.hot();
        act(&mut self.chain, from, to, call)
    }

    fn done<C: SolCall>(&self, from: Address, call: &C) -> Result<Outcome, String> {
        done(&self.chain, from, self.hot(), call)
    }

    fn stopped<C: SolCall>(&self, from: Address, call: &C) -> Result<u64, String> {
        Ok(refused::<Stopped, C>(&self.chain, from, self.hot(), call)?.gas_used)
    }

    /// Collateral in the wallet, all of it approved.
    fn fund(&mut self, who: Address, amount: u64) -> Result<(), String> {
        let (token, spender) = (self.token, self.hot());
        act(&mut self.chain, GOVERNANCE, token, &mintCall { to: who, amount: units(amount, 6) })?;
        act(&mut self.chain, who, token, &approveCall { spender, amount: U256::MAX }).map(drop)
    }

    /// With other prices at the two feeds, published now.
    fn priced(&self, anchor: u64, second: u64) -> Result<Self, String> {
        let mut ground = self.clone();
        for (feed, price) in ground.feeds.into_iter().zip([anchor, second]) {
            let answer = I256::from_raw(units(price, 8));
            act(&mut ground.chain, GOVERNANCE, feed, &updateAnswerCall { answer })?;
        }
        Ok(ground)
    }

    /// With one class stopped by the guardian: what moves tokens for the protocol, what trades for the market.
    fn paused(&self, class: Class) -> Result<Self, String> {
        let mut ground = self.clone();
        let (scope, classes) = match class {
            // A guardian that stops margin from coming in has to stop liquidations with it.
            Class::Inflow => (0, Classes::of(class).or(Classes::of(Class::Liquidate))),
            Class::ExitUnpriced => (0, Classes::of(class)),
            _ => (MARKET, Classes::of(class)),
        };
        match ground.act(GUARDIAN, &pausing(scope, classes))? {
            0 => Ok(ground),
            failed => Err(format!("the pause of scope {scope} failed: {failed:b}")),
        }
    }

    /// A keeper's call on the trader's position, which logs `E`.
    fn liquidation<E: SolEvent>(&self) -> Result<u64, String> {
        logged::<E>(&self.done(KEEPER, &liquidateCall { market: MARKET, account: TRADER })?)
    }

    /// Of a call that asks for a price: the oracle program's part, as every entry pays it.
    fn frame(&self, outcome: Outcome) -> Result<u64, String> {
        let frame = outcome.calls.iter().find(|call| call.to == self.programs[ORACLE]);
        frame.map(|call| call.gas_used).ok_or_else(|| "no price was asked for".into())
    }
}

/// The market: the breaker's defaults, two aggregators with 8 decimals.
fn listing(feeds: [Address; 2]) -> Vec<U256> {
    // 5 % initial margin and as much again while Guarded, a margin that neither breathes nor ramps, all of the pool, 5 bps
    // of fee, a smallest margin of 10; no caps; 2.5 % maintenance, 1 % penalty; no bounty.
    let fields =
        [(500, 0), (9_999, 14), (1, 28), (9_999, 42), (1, 56), (60, 80), (15_000, 94), (10_000, 110), (10_000, 124)];
    let terms = placed(&fields) | placed(&[(5, 139)]) | (units(10, 6) << 165);
    let caps = (U256::from(1) << 192) - U256::from(1);
    let closing = placed(&[(250, 0), (250, 16), (86_400, 72), (100, 104)]) | (units(10, 6) << 120);
    // Divergence, velocity, confidence; time constant and cap of the reference, debounce; the three tiers' times,
    // window, hard end, span of clean samples; then how many of these.
    let times = [500, 1_000, 2_500, 1_000, 200, 1_800, 2, 60, 10, 60, 240, 240, 4_320, 600];
    let params = packed(&times) | (U256::from(10) << 224);
    let list = U256::from(7); // the act of a protocol's own, number 0
                              // No bounty, a buffer of a hundredth of the pool; a side's profit is closed from a ten-thousandth of it on.
    let policy = placed(&[(100, 64), (1, 80), (1, 96)]);
    let mut words = vec![list, terms, caps, closing, policy, params, U256::ZERO];
    for feed in feeds {
        // An aggregator, its decimals; gas for it, oldest answer.
        let rest = U256::from(1 | 8 << 8) | (U256::from(100_000) << 48) | (U256::from(4_500) << 72);
        words.push(U256::from_be_slice(feed.as_slice()) | (rest << 160));
    }
    words
}

/// The change that appoints the market's guardian.
fn guardian() -> Vec<U256> {
    let appoint = U256::from(3 | u64::from(MARKET) << 24);
    vec![appoint, U256::from_be_slice(GUARDIAN.as_slice()), U256::from(86_400)]
}

/// Fields at their offsets.
fn placed(fields: &[(u64, usize)]) -> U256 {
    fields.iter().fold(U256::ZERO, |word, (value, at)| word | (U256::from(*value) << *at))
}

/// Fields of 16 bits, from the least significant.
fn packed(fields: &[u64]) -> U256 {
    fields.iter().rev().fold(U256::ZERO, |word, field| (word << 16) | U256::from(*field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_packed_from_the_least_significant_bit() {
        assert_eq!(packed(&[1, 2]), U256::from(0x2_0001));
        assert_eq!(units(2_000, 8), U256::from(200_000_000_000u64));
    }
}
