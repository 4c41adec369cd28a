//! The contract's interface as the demo uses it, and what its answers say in words.

use super::record::{clock, Kind, CLASSES, TIERS};
use alloy_primitives::U256;
use alloy_sol_types::{sol, SolEvent};
use fusebox_testbed::{Log, Revert};

sol! {
    function initialise(address collateral, address governance, address council, address pauser, uint32 pauseSecs, uint128 floor);
    function propose(uint256[] words) returns (bytes32 hash);
    function execute(uint256[] words);
    function pause(uint32[] scopes, uint8 classes, uint16 reason) returns (uint64 failed);
    function unpause(uint32 scope);
    function poke(uint32 market) returns (uint8 tier);
    function check(uint32 market, uint8 class) returns (uint8 tier);
    function quote(uint32 market) returns (uint256[] words);
    function breakerState(uint32 market) returns (uint256[] words);
    function panel() returns (uint256[] words);
    function incident(uint32 id) returns (uint256[] words);
    function pool() returns (uint256 assets, uint256 shares, uint256 badDebt, uint256 unpaid);
    function account(address who) returns (uint256 free, uint256 shares);
    function position(address who, uint32 market) returns (bool isLong, uint256 size, uint256 margin, uint256 entry);

    function deposit(uint256 amount) returns (uint256 credited);
    function withdraw(uint256 amount) returns (uint256 ticket);
    function open(uint32 market, bool isLong, uint256 size, uint256 margin, uint256 limitPrice);
    function increase(uint32 market, uint256 size, uint256 margin, uint256 limitPrice);
    function reduce(uint32 market, uint256 size, uint256 limitPrice);
    function close(uint32 market, uint256 limitPrice);
    function topUp(uint32 market, uint256 amount);
    function liquidate(uint32 market, address account) returns (uint8 outcome);
    function provide(uint256 amount) returns (uint256 shares);
    function remove(uint256 shares) returns (uint256 amount, uint256 ticket);
    function claimTickets(uint128[] ids) returns (uint64 failed);
    function holdTicket(uint128 id, uint64 until);
    function rebase(uint32 bucket);
    function bucketState(uint32 bucket) returns (uint256[] words);

    event Increased(uint32 indexed market, address indexed account, bool isLong, uint256 size, uint256 notional, uint256 margin, uint256 fee);
    event Reduced(uint32 indexed market, address indexed account, uint256 size, uint256 notional, uint256 profit, uint256 loss, uint256 fee, uint256 badDebt);
    event Liquidated(uint32 indexed market, address indexed account, address indexed liquidator, uint256 size, uint256 notional, uint256 loss, uint256 reward, uint256 fee, uint256 badDebt);
    event Paused(uint32 indexed scope, address indexed by, uint8 previousClasses, uint8 classes, uint64 previousUntil, uint64 until, uint64 exitsUntil, uint16 reason, uint32 incident);

    event LossBorne(uint32 indexed domain, uint8 indexed step, uint128 amount);

    function stake(uint256 amount) returns (uint256 shares);
    function losses(uint32 market) returns (uint256[] words);

    event Removed(address indexed account, uint256 amount, uint256 shares);
    event TicketIssued(uint128 indexed id, address indexed owner, uint128 amount, uint64 ready);

    event Tripped(uint32 indexed market, uint8 tier, uint8 previous, uint8 cause, uint32 deviationBps, uint64 until, uint8 strikes);
    event ReferenceAnchored(uint32 indexed market, uint256 price);
    event Quarantined(uint32 indexed market, uint8 feed, uint64 until);
    event Released(uint32 indexed market, uint8 feed);

    error Stopped(uint32 scope, uint8 class, uint8 sources, uint64 until);
    error PriceInDoubt(uint32 deviationBps, uint32 boundBps);
    error StalePrice(uint256 age, uint256 max);
    error NoQuorum(uint8 valid, uint8 needed);
    error SequencerDown(uint256 since, uint256 until);
    error InvalidPrice(uint8 feed, uint8 fault);
    error MarginBelowInitial(uint128 margin, uint128 needed);
    error ProfitWarming(uint128 amount, uint128 available);
    error Healthy(uint256 equity, uint256 threshold);
    error InterestAboveCap(uint128 interest, uint128 bound);
    error LiquidityInUse(uint256 assets, uint256 needed);
    error InsufficientFree(uint256 needed, uint256 free);
    error PoolInsolvent(uint256 owed, uint256 assets);
    error TicketTooFar(uint64 ready, uint64 bound);
    error LimitExceeded(uint128 amount, uint128 available, uint64 earliest);
    error AboveCapacity(uint128 amount, uint128 bound);
    error PositionExists(uint256 size);
    error NoPosition();

    /// Tokens, feeds and the pool oracle.
    function mint(address to, uint256 amount);
    function approve(address spender, uint256 amount) returns (bool);
    function balanceOf(address who) returns (uint256);
    function updateRoundData(uint80 roundId, int256 answer, uint256 timestamp, uint256 startedAt);
    function push(uint32 timestamp, int24 tick);
    function observe(uint32[] secondsAgos) returns (int56[] ticks, uint160[] liquidity);
}

/// What a trade or a liquidation did, in base units of the collateral.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fill {
    /// At the price.
    pub notional: u128,
    /// To the pool.
    pub fee: u128,
    /// Realised.
    pub profit: u128,
    /// Realised.
    pub loss: u128,
    /// Beyond the margin.
    pub bad_debt: u128,
    /// To the keeper.
    pub reward: u128,
    /// Who bore a loss beyond the margin, in the order of the waterfall.
    pub borne: [u128; 7],
}

/// What became of a liquidation.
pub enum Liquidation {
    /// Done, and what the contract logged about its circuit on the way.
    Done(Fill, Vec<Note>),
    /// Refused by a condition, which was recorded.
    Refused {
        /// What the contract logged.
        logs: Vec<Note>,
        /// In words.
        why: super::ground::Refusal,
    },
}

/// Something that the contract logged about its circuit.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// For the timeline.
    Said(Kind, String),
    /// Why the tier rose, and at which strike.
    Why(String, u8),
    /// The reference was set anew.
    Anchored(f64),
}

/// What was seen of the circuit so far.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Why the tier rose in this minute.
    pub why: String,
    /// Whether there was a reference before.
    pub anchored: bool,
}

/// The contract's books and its circuit at one moment.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// Of the pool, in whole units.
    pub assets: f64,
    /// In whole units.
    pub bad_debt: f64,
    /// The mean of the pool that checks the anchor, where one does.
    pub pool_mean: Option<f64>,
    /// The breaker's reference; NaN if there is none.
    pub reference: f64,
}

/// Wei-like words as base units; the contract keeps all of them below 2^128.
pub fn amount(word: U256) -> u128 {
    u128::try_from(word).unwrap_or(u128::MAX)
}

/// The first event of a kind.
pub fn event<E: SolEvent>(logs: &[Log]) -> Option<E> {
    logs.iter().find_map(Log::decode)
}

/// A refusal in words: the name of the error, the sentence, whether the circuit refused.
pub fn explain(revert: &Revert) -> (String, String, bool) {
    let said = |name: &str, text: String, circuit: bool| (name.to_string(), text, circuit);
    if let Some(Stopped { scope, class, sources, until }) = revert.decode() {
        let by = [(1, "a guardian"), (2, "the breaker"), (4, "a signal")];
        let by: Vec<&str> = by.into_iter().filter(|(bit, _)| sources & bit != 0).map(|(_, who)| who).collect();
        let whole = if scope == 0 { " for the protocol" } else { "" };
        let class = CLASSES.get(usize::from(class)).copied().unwrap_or("?");
        let until = if until == u64::MAX { "further notice".into() } else { clock(until) };
        return said("Stopped", format!("{class} is stopped by {}{whole} until {until}", by.join(" and ")), true);
    }
    if let Some(PriceInDoubt { deviationBps: a, boundBps: b }) = revert.decode() {
        return said("PriceInDoubt", format!("the price is in doubt by {a} bps (bound {b})"), true);
    }
    if let Some(StalePrice { age, max }) = revert.decode() {
        return said("StalePrice", format!("the price is {age} s old (at most {max})"), true);
    }
    if let Some(NoQuorum { valid, needed }) = revert.decode() {
        return said("NoQuorum", format!("{valid} valid sources, {needed} needed"), true);
    }
    if let Some(InvalidPrice { feed, fault }) = revert.decode() {
        return said("InvalidPrice", format!("source {feed} gives no price (fault {fault})"), true);
    }
    if let Some(MarginBelowInitial { margin, needed }) = revert.decode() {
        let (a, b) = (margin as f64 / 1e6, needed as f64 / 1e6);
        return said("MarginBelowInitial", format!("margin {a:.0}, {b:.0} needed under this tier"), false);
    }
    if let Some(LiquidityInUse { assets, needed }) = revert.decode() {
        let (a, b) = (amount(assets) as f64 / 1e6, amount(needed) as f64 / 1e6);
        return said("LiquidityInUse", format!("the pool would keep {a:.0}, open positions need {b:.0}"), false);
    }
    if let Some(LimitExceeded { amount, available, .. }) = revert.decode() {
        let (a, b) = (amount as f64 / 1e6, available as f64 / 1e6);
        return said("LimitExceeded", format!("{a:.0} is above what may go now, {b:.0}"), true);
    }
    if let Some(AboveCapacity { amount, bound }) = revert.decode() {
        let (a, b) = (amount as f64 / 1e6, bound as f64 / 1e6);
        return said("AboveCapacity", format!("{a:.0} is above the limiter's capacity, {b:.0}"), true);
    }
    if let Some(TicketTooFar { ready, bound }) = revert.decode() {
        let far = format!("its ticket would be ready at {}, the queue takes until {}", clock(ready), clock(bound));
        return said("TicketTooFar", far, true);
    }
    if let Some(ProfitWarming { amount, available }) = revert.decode() {
        let (a, b) = (amount as f64 / 1e6, available as f64 / 1e6);
        return said("ProfitWarming", format!("{a:.0} is asked for, {b:.0} of it has warmed up"), false);
    }
    let plain = [
        ("Healthy", revert.decode::<Healthy>().is_some()),
        ("InterestAboveCap", revert.decode::<InterestAboveCap>().is_some()),
        ("InsufficientFree", revert.decode::<InsufficientFree>().is_some()),
        ("PoolInsolvent", revert.decode::<PoolInsolvent>().is_some()),
        ("PositionExists", revert.decode::<PositionExists>().is_some()),
        ("NoPosition", revert.decode::<NoPosition>().is_some()),
    ];
    if let Some((name, _)) = plain.into_iter().find(|(_, is)| *is) {
        return said(name, name.to_string(), false);
    }
    if let Some(SequencerDown { since, .. }) = revert.decode() {
        return said(
            "SequencerDown",
            format!("the sequencer is down, or was until {}", clock(amount(since) as u64)),
            true,
        );
    }
    // What is not known here is not taken for the circuit's doing.
    said("unknown", revert.to_string(), false)
}

/// The name of a tier.
pub fn tier_name(tier: u64) -> String {
    TIERS.get(tier as usize).copied().unwrap_or("?").into()
}
