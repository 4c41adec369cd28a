//! What a run leaves behind: a sample a minute, the tiers, what happened, the sums.
//!
//! Money is in whole units of the collateral here; the contract counts in base units.

use super::cascade::{Reserves, Step};
use serde::Serialize;

/// Names of the tiers by number.
pub const TIERS: [&str; 5] = ["Normal", "Guarded", "ReduceOnly", "Halted", "Settling"];
/// Names of the classes of action by number.
pub const CLASSES: [&str; 5] = ["Increase", "Liquidate", "Reduce", "ExitUnpriced", "Inflow"];

/// The state at one minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Unix seconds.
    pub time: u64,
    /// The price on the open market: what the independent source says this minute.
    pub spot: f64,
    /// The anchor feed's latest answer.
    pub anchor: f64,
    /// What checks the anchor: the pool's 30-minute mean, or the median of the other sources; NaN while it has none.
    pub check: f64,
    /// The breaker's reference; NaN while it has none.
    pub reference: f64,
    /// The tier that `check` answers for the market.
    pub tier: u8,
    /// Classes that a real call was refused, one bit each.
    pub stopped: u8,
    /// Open interest of the longs, at entry.
    pub long: f64,
    /// Open interest of the shorts, at entry.
    pub short: f64,
    /// What the liquidity providers have gained (below zero: lost), open positions valued at `spot`.
    pub pool_result: f64,
    /// What the informed trader has gained, open positions valued at `spot`.
    pub informed: f64,
    /// Losses beyond margins so far.
    pub bad_debt: f64,
    /// Positions liquidated so far.
    pub liquidations: u32,
    /// Calls that the circuit refused so far.
    pub refused: u32,
    /// The initial margin of a small position in bps, as the contract names it; NaN where it was not asked.
    pub initial_bps: f64,
    /// What there is for losses, in a cascade.
    pub reserves: Option<Reserves>,
}

/// A stretch of time in one tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Its name.
    pub tier: String,
    /// Unix seconds.
    pub from: u64,
    /// Unix seconds; the end of the data if it lasted longer.
    pub until: u64,
    /// What put it there.
    pub why: String,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The price.
    Market,
    /// A tier changed.
    Tier,
    /// A person acted on the circuit, or that ended.
    Pause,
    /// A position was liquidated.
    Liquidation,
    /// A call was refused.
    Refusal,
    /// What users could do changed.
    Access,
    /// Liquidity came or went.
    Liquidity,
    /// The informed trader traded.
    Informed,
    /// Somebody traded.
    Trade,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Unix seconds.
    pub time: u64,
    /// What kind of thing.
    pub kind: Kind,
    /// For people.
    pub text: String,
}

/// One incident of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Journaled {
    /// Its number.
    pub id: u64,
    /// The protocol (0) or a market.
    pub scope: u32,
    /// What opened it.
    pub cause: String,
    /// The highest tier it reached.
    pub tier: String,
    /// The first sign, in Unix seconds.
    pub anomaly: u64,
    /// Unix seconds.
    pub detected: u64,
    /// Unix seconds; none while it has not happened.
    pub contained: Option<u64>,
    /// Unix seconds; none while it has not happened.
    pub resolved: Option<u64>,
}

/// Refusals by what was asked for and who answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusals {
    /// Which call.
    pub action: String,
    /// The error.
    pub error: String,
    /// How often.
    pub count: u32,
}

/// Money at the end of a run, in whole units of the collateral.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    /// What the providers lost (below zero: gained), open positions valued at the last market price.
    pub loss: f64,
    /// The largest loss they had on the way, from the best moment before it.
    pub worst_drawdown: f64,
    /// Losses beyond margins.
    pub bad_debt: f64,
    /// Positions liquidated.
    pub liquidations: u32,
    /// Margin that liquidated traders lost, penalties included.
    pub liquidated_margin: f64,
    /// Calls that the circuit refused.
    pub refused: u32,
    /// Of these, calls of ordinary traders and providers.
    pub refused_honest: u32,
    /// What the informed trader gained.
    pub informed: f64,
    /// What all other traders gained, together.
    pub traders: f64,
    /// Orders filled.
    pub filled: u32,
    /// Minutes above Normal.
    pub minutes_tripped: u32,
    /// Traders' withdrawals that the limiter gave a ticket.
    pub tickets: u32,
    /// The longest wait of these, in seconds.
    pub longest_wait: u64,
    /// Positions that were opened smaller than wanted, since the margin would not carry more.
    pub smaller: u32,
    /// By how much notional, together.
    pub withheld: f64,
}

/// A run of the whole incident.
#[derive(Clone, Debug)]
pub struct Run {
    /// For people and for `report.json`.
    pub name: String,
    /// One a minute.
    pub samples: Vec<Sample>,
    /// Everything above Normal.
    pub tiers: Vec<Span>,
    /// In order of time.
    pub events: Vec<Event>,
    /// The contract's own journal.
    pub journal: Vec<Journaled>,
    /// Who was refused what.
    pub refusals: Vec<Refusals>,
    /// The sums.
    pub totals: Totals,
    /// The highest strike of a trip; the third latches.
    pub strikes: u8,
    /// Positions that were closed bankrupt, and who paid.
    pub steps: Vec<Step>,
    /// Transactions that were sent.
    pub transactions: u64,
    /// Gas they used.
    pub gas: u64,
}

impl Run {
    /// Unix seconds of the first record, of the first containment, and of the last resolution if all are resolved.
    pub fn times(&self) -> (Option<u64>, Option<u64>, Option<u64>) {
        let detected = self.journal.iter().map(|incident| incident.detected).min();
        let contained = self.journal.iter().filter_map(|incident| incident.contained).min();
        let resolved = self.journal.iter().map(|incident| incident.resolved).collect::<Option<Vec<_>>>();
        (detected, contained, resolved.and_then(|all| all.into_iter().max()))
    }
}

/// `13 Aug 00:00`, UTC, without a library: days from the civil calendar.
pub fn clock(time: u64) -> String {
    let (day, month) = date(time);
    format!("{day:>2} {month} {}", hour(time))
}

/// `00:00`, UTC.
pub fn hour(time: u64) -> String {
    format!("{:02}:{:02}", time / 3_600 % 24, time / 60 % 60)
}

/// Day of the month and the month's name, UTC.
pub fn date(time: u64) -> (u64, &'static str) {
    const MONTHS: [&str; 12] = ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"];
    // Days since 1 March 0000, in which leap days come last in their year (the usual civil-from-days).
    let days = time / 86_400 + 719_468;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    (of_year - (153 * month + 2) / 5 + 1, MONTHS[month as usize % 12])
}

/// `1 h 5 min`, `35 min`, `45 s`.
pub fn span(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// A price with as many decimals as it takes to see it move.
pub fn price(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.4}")
    }
}

/// `12,345` with a sign in front if it is below zero.
pub fn money(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at != 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 && digits != "0" {
        format!("-{text}")
    } else {
        text
    }
}
