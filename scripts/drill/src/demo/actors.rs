//! Who trades, and what each of them wants at a given minute: fixed schedules and rules, no chance, no knowledge of
//! what comes next.

use alloy_primitives::Address;

/// One whole unit of the collateral.
pub const UNIT: f64 = 1e6;
/// Margin that a trader needs to open, bps of notional; what the market is listed with.
pub const INITIAL_BPS: u16 = 500;
/// Margin below which a position is liquidated, bps of notional.
pub const MAINTENANCE_BPS: u16 = 250;
/// Fee of a trade, bps of notional.
pub const FEE_BPS: u16 = 5;
/// Penalty of a liquidation, bps of notional.
pub const PENALTY_BPS: u16 = 100;
/// Traders who are there from the first day.
const BOOK: u64 = 60;
/// Seconds between two of the book.
const BOOK_EVERY: u64 = 600;
/// Traders who buy what has fallen, and seconds between two of them.
const DIP_BUYERS: u64 = 12;
const DIP_EVERY: u64 = 300;
/// A fall within the hour that calls them.
const DIP: f64 = 0.05;
/// The gap between market and oracle that is worth two fees to the informed trader, and where he takes his profit.
const GAP_OPEN: f64 = 0.004;
const GAP_CLOSE: f64 = 0.001;
/// His notional at most, and his leverage.
const INFORMED_NOTIONAL: f64 = 1_000_000.0;
const INFORMED_LEVERAGE: f64 = 12.0;
/// What he brings.
pub const INFORMED_CAPITAL: f64 = 150_000.0;

/// What the actors see.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Unix seconds.
    pub now: u64,
    /// On the market.
    pub spot: f64,
    /// What the contract would trade at.
    pub mark: f64,
    /// How far the market is below its high of the last hour.
    pub fall: f64,
}

/// How a trader looks after a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Not at all.
    Sleeps,
    /// Adds margin when it gets short, once.
    TopsUp,
    /// Closes when half the margin is lost.
    Stops,
    /// Closes when as much as the margin is won, or most of it lost.
    Takes,
    /// Follows the gap between market and oracle.
    Follows,
    /// Tests what is possible; its position is never looked after, and is too small to matter.
    Probes,
}

/// What somebody asks of the contract.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ask {
    /// A new position.
    Open {
        /// Which way.
        long: bool,
        /// In whole units of the collateral.
        notional: f64,
        /// Notional over margin.
        leverage: f64,
    },
    /// The end of a position.
    Close,
    /// Free collateral into the position, in whole units.
    TopUp(f64),
    /// All free collateral out.
    Withdraw,
    /// Whole units of free collateral into the pool.
    Provide(f64),
    /// A share of one's shares out of the pool.
    Remove(f64),
}

impl Ask {
    /// For people and for the list of refusals.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open a position",
            Self::Close => "close a position",
            Self::TopUp(_) => "add margin",
            Self::Withdraw => "withdraw",
            Self::Provide(_) => "provide liquidity",
            Self::Remove(_) => "remove liquidity",
        }
    }
    /// Seconds for which one who was refused tries again.
    pub fn patience(&self) -> u64 {
        match self {
            Self::Open { .. } => 600,
            Self::Provide(_) | Self::Remove(_) => 7_200,
            Self::Close | Self::TopUp(_) | Self::Withdraw => u64::MAX,
        }
    }
}

/// A position as its owner knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// Which way.
    pub long: bool,
    /// Base units, WAD.
    pub size: u128,
    /// Collateral base units.
    pub margin: u128,
    /// Collateral base units.
    pub entry: u128,
    /// Unix seconds.
    pub since: u64,
    /// Whether margin was added already.
    pub topped_up: bool,
}

impl Held {
    /// Profit at a price, in whole units of the collateral.
    pub fn profit(&self, price: f64) -> f64 {
        let (value, entry) = (self.notional(price), self.entry as f64 / UNIT);
        if self.long {
            value - entry
        } else {
            entry - value
        }
    }
    /// Value at a price, in whole units of the collateral.
    pub fn notional(&self, price: f64) -> f64 {
        self.size as f64 / 1e18 * price
    }
    /// Margin in whole units of the collateral.
    pub fn margin_units(&self) -> f64 {
        self.margin as f64 / UNIT
    }
    /// Whether a keeper would try to liquidate it at a price.
    pub fn is_short_of_margin(&self, price: f64) -> bool {
        self.margin_units() + self.profit(price) < self.notional(price) * f64::from(MAINTENANCE_BPS) / 1e4
    }
    /// What it is worth to its owner at a price: he cannot lose more than its margin.
    pub fn worth(&self, price: f64) -> f64 {
        self.profit(price).max(-self.margin_units())
    }
}

/// A trader.
#[derive(Clone, Debug)]
pub struct Trader {
    /// His account.
    pub address: Address,
    /// For people.
    pub name: String,
    /// How he looks after a position.
    pub habit: Habit,
    /// What he opens, and when; none for one who follows a rule instead.
    pub plan: Option<(u64, Ask)>,
    /// When he closes whatever happens; the end of time for one who stays.
    pub leaves: u64,
    /// What he brings, in whole units of the collateral.
    pub capital: f64,
    /// What he holds.
    pub held: Option<Held>,
    /// What he was refused, since when, and whether that was counted.
    pub pending: Option<Pending>,
    /// Whether his collateral is in.
    pub arrived: bool,
    /// Whether he has free collateral to take home.
    pub cashing_out: bool,
    /// Free collateral in the contract, in base units.
    pub free: i128,
    /// Collateral that he has put in less what he has taken out, in base units.
    pub net_in: i128,
    /// When he was last refused something.
    pub refused_at: Option<u64>,
    /// When a keeper was last refused his liquidation.
    pub unliquidated_since: Option<u64>,
    /// When he asks for his free collateral again: profits warm up before they leave.
    pub again: u64,
}

/// Something that was refused and is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    /// What.
    pub ask: Ask,
    /// Since when.
    pub since: u64,
}

/// A number below `bound` that depends on `index` and `salt` alone.
pub fn pick(index: u64, salt: u64, bound: u64) -> u64 {
    let mixed = (index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (salt + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) % 1_000_003 % bound
}

fn habit(index: u64) -> Habit {
    [Habit::Sleeps, Habit::TopsUp, Habit::Stops, Habit::Takes][pick(index, 3, 4) as usize]
}

/// An address of this replay.
pub fn address(kind: u8, index: u64) -> Address {
    let mut bytes = [0; 20];
    bytes[0] = 0xac;
    bytes[1] = kind;
    bytes[12..].copy_from_slice(&(index + 1).to_be_bytes());
    Address::from(bytes)
}

/// Everybody who trades between two times, in the order of arrival; the informed trader and the probe first. Nobody
/// else is there where nobody arrives (`every` is 0). With a `common` leverage all but these two open at that.
pub fn crowd(from: u64, until: u64, every: u64, common: Option<u8>) -> Vec<Trader> {
    let at_leverage = |own: f64| common.map_or(own, f64::from);
    let mut crowd = vec![
        trader(1, 0, "the informed trader".into(), Habit::Follows, None, INFORMED_CAPITAL),
        trader(
            2,
            0,
            "the probe".into(),
            Habit::Probes,
            Some((from, Ask::Open { long: true, notional: 100.0, leverage: 1.0 })),
            1_000.0,
        ),
    ];
    if every == 0 {
        return crowd;
    }
    for index in 0..BOOK {
        let at = from + BOOK_EVERY * (index + 1);
        let leverage = at_leverage([2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 18.0][pick(index, 1, 10) as usize]);
        let notional = 20_000.0 + 10_000.0 * pick(index, 2, 23) as f64;
        let ask = Ask::Open { long: pick(index, 4, 8) < 5, notional, leverage };
        crowd.push(planned(3, index, format!("trader B{index}"), habit(index), at, ask));
    }
    for index in 0..(until - from) / every {
        let at = from + every * (index + 1) - 60;
        let leverage = at_leverage([2.0, 3.0, 5.0, 8.0, 10.0, 12.0, 14.0, 16.0][pick(index, 5, 8) as usize]);
        let notional = 10_000.0 + 5_000.0 * pick(index, 6, 19) as f64;
        let ask = Ask::Open { long: pick(index, 7, 9) < 5, notional, leverage };
        let mut arrival = planned(4, index, format!("trader A{index}"), habit(index + BOOK), at, ask);
        arrival.leaves = at + 3_600 * (1 + pick(index, 8, 16));
        crowd.push(arrival);
    }
    for index in 0..DIP_BUYERS {
        let leverage = at_leverage([5.0, 8.0, 12.0][pick(index, 9, 3) as usize]);
        let notional = 40_000.0 + 10_000.0 * pick(index, 10, 7) as f64;
        let ask = Ask::Open { long: true, notional, leverage };
        crowd.push(planned(5, index, format!("dip buyer {index}"), Habit::Stops, u64::MAX, ask));
    }
    crowd
}

/// One who opens a position at a time, with the capital that it takes.
pub fn planned(kind: u8, index: u64, name: String, habit: Habit, at: u64, ask: Ask) -> Trader {
    let Ask::Open { notional, leverage, .. } = ask else { return trader(kind, index, name, habit, None, 0.0) };
    // Enough for the margin, the fee, and, for those who add margin, as much again.
    let spare = if habit == Habit::TopsUp { 2.0 } else { 1.0 };
    let capital = (notional / leverage * spare + notional * 0.002).ceil();
    trader(kind, index, name, habit, Some((at, ask)), capital)
}

fn trader(kind: u8, index: u64, name: String, habit: Habit, plan: Option<(u64, Ask)>, capital: f64) -> Trader {
    Trader {
        address: address(kind, index),
        name,
        habit,
        plan,
        leaves: u64::MAX,
        capital,
        held: None,
        pending: None,
        arrived: false,
        cashing_out: false,
        free: 0,
        net_in: 0,
        refused_at: None,
        unliquidated_since: None,
        again: 0,
    }
}

/// Sets the dip buyers' plans when the market has fallen far enough; true on the first call that does.
pub fn call_dip_buyers(crowd: &mut [Trader], view: &View) -> bool {
    let waiting = |trader: &&mut Trader| trader.plan.is_some_and(|(at, _)| at == u64::MAX);
    if view.fall < DIP || !crowd.iter_mut().any(|trader| waiting(&&mut *trader)) {
        return false;
    }
    for (index, trader) in crowd.iter_mut().filter(waiting).enumerate() {
        if let Some((at, _)) = &mut trader.plan {
            *at = view.now + DIP_EVERY * index as u64;
        }
    }
    true
}

/// What a trader wants now, if anything.
pub fn wish(trader: &Trader, view: &View) -> Option<Ask> {
    if let Some(pending) = &trader.pending {
        return Some(pending.ask);
    }
    let Some(held) = &trader.held else {
        return match trader.plan {
            Some((at, ask)) if view.now >= at => Some(ask),
            None if trader.habit == Habit::Follows => chase(view, trader),
            _ => (trader.cashing_out && view.now >= trader.again).then_some(Ask::Withdraw),
        };
    };
    let (profit, margin) = (held.profit(view.mark), held.margin_units());
    let equity = margin + profit;
    match trader.habit {
        Habit::Follows => {
            let gap = gap(view) * if held.long { 1.0 } else { -1.0 };
            (gap < GAP_CLOSE).then_some(Ask::Close)
        }
        Habit::Probes => None,
        _ if view.now >= trader.leaves => Some(Ask::Close),
        Habit::Stops if profit < -0.5 * margin => Some(Ask::Close),
        Habit::Takes if profit > margin || profit < -0.7 * margin => Some(Ask::Close),
        Habit::TopsUp
            if !held.topped_up && equity < 1.5 * held.notional(view.mark) * f64::from(MAINTENANCE_BPS) / 1e4 =>
        {
            Some(Ask::TopUp((margin * 0.9).floor()))
        }
        _ => None,
    }
}

/// How far the market is from what the contract would trade at.
fn gap(view: &View) -> f64 {
    view.spot / view.mark - 1.0
}

fn chase(view: &View, trader: &Trader) -> Option<Ask> {
    let gap = gap(view);
    let free = if trader.arrived { trader.free as f64 / UNIT } else { trader.capital };
    let notional = INFORMED_NOTIONAL.min(free * 0.9 * INFORMED_LEVERAGE);
    let worth_it = gap.abs() > GAP_OPEN && notional > 10_000.0;
    worth_it.then_some(Ask::Open { long: gap > 0.0, notional, leverage: INFORMED_LEVERAGE })
}
