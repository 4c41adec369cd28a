//! A cascade that bankrupts accounts: a stated book on a thin pool in a real crash, liquidated too late; who paid what.

use super::actors::{address, pick, planned, Ask, Habit, Trader};
use super::record::{clock, money, Run};
use super::stage::Played;
use super::verdict::{gained, saved};
use serde::Serialize;
use std::fmt::Write;

/// How a cascade differs from a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cascade {
    /// From when to when nobody liquidates, in Unix seconds.
    pub still: (u64, u64),
    /// Whether a fund is staked, covers the market and is filled up again, and the market has a buffer.
    pub fund: bool,
}

/// What of the usual liquidity is in the pool, in percent.
pub const POOL_PERCENT: f64 = 2.98;
/// What each staker puts into the fund, in whole units.
pub const STAKES: [f64; 2] = [20_000.0, 10_000.0];
/// On what terms the fund covers: deductible, its bps of an epoch's losses, budget in bps of the fund, days of an epoch,
/// claim in base units.
pub const COVER: [u64; 5] = [0, 1_000, 10_000, 7, 1_000_000_000_000];
/// The fund's target in bps of the pool, and the surcharge at most in bps of a fee.
pub const RECAP: [u64; 2] = [1_000, 10_000];
/// Up to where liquidations fill the buffer, bps of the pool.
pub const BUFFER_BPS: u64 = 1_000;
/// Longs and shorts of the book, the notional of each, and the leverage of the shorts.
const LONGS: u64 = 12;
const SHORTS: u64 = 12;
/// How many of the shorts take their profit before the keepers come back.
const EARLY: u64 = 11;
const NOTIONAL: f64 = 49_500.0;
const SHORT_LEVERAGE: f64 = 3.0;
/// They do so long before it, the others so long after it.
const FIRST_LEAVE: u64 = 120;
const OTHERS_LEAVE: u64 = 43_200;
/// How long after the keepers came back others come whose fees fill the fund again.
const OTHERS_COME: u64 = 6 * 3_600;
/// Seconds between two of them, how long each stays, and what he opens.
const OTHERS_EVERY: u64 = 900;
const OTHERS_STAY: u64 = 1_800;
const OTHERS_NOTIONAL: f64 = 250_000.0;

/// Who bears a loss, in the order of the waterfall.
pub const LAYERS: [&str; 7] = ["collateral", "buffer", "fund", "pool", "deleveraged", "profits cut", "nobody"];

/// A position that was closed bankrupt: in base units of the collateral.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Unix seconds.
    pub time: u64,
    /// Whose it was.
    pub who: String,
    /// Its loss.
    pub loss: u128,
    /// Who bore it, in the order of [`LAYERS`], as the contract logged it.
    pub borne: [u128; 7],
}

/// What there is for losses and what is owed after them, in whole units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reserves {
    /// The fund.
    pub fund: f64,
    /// The market's buffer.
    pub buffer: f64,
    /// The pool's assets.
    pub pool: f64,
    /// Owed to traders who were cut, to providers, to the fund, to the buffer.
    pub owed: [f64; 4],
}

impl Reserves {
    /// The fund in percent of its target.
    pub fn ratio(&self) -> f64 {
        self.fund / (self.pool * RECAP[0] as f64 / 1e4) * 100.0
    }
}

/// The book, and those who trade after the crash.
pub fn book(from: u64, until: u64, (_, back): (u64, u64)) -> Vec<Trader> {
    let long = |index: u64| {
        let leverage = [18.0, 15.0, 12.0, 10.0, 20.0][index as usize % 5];
        let ask = Ask::Open { long: true, notional: NOTIONAL, leverage };
        planned(3, index, format!("long L{index}"), Habit::Sleeps, from + 600 * (index + 1), ask)
    };
    let short = |index: u64| {
        let ask = Ask::Open { long: false, notional: NOTIONAL, leverage: SHORT_LEVERAGE };
        let mut short =
            planned(4, index, format!("short S{index}"), Habit::Sleeps, from + 600 * (LONGS + index + 1), ask);
        short.leaves = if index < EARLY { back - FIRST_LEAVE } else { back + OTHERS_LEAVE };
        short
    };
    let other = |index: u64| {
        let at = back + OTHERS_COME + OTHERS_EVERY * index;
        let ask = Ask::Open { long: pick(index, 7, 2) == 0, notional: OTHERS_NOTIONAL, leverage: 5.0 };
        let mut other = planned(5, index, format!("trader T{index}"), Habit::Sleeps, at, ask);
        other.leaves = at + OTHERS_STAY;
        other
    };
    let others = until.saturating_sub(back + OTHERS_COME + 2 * OTHERS_STAY) / OTHERS_EVERY;
    (0..LONGS).map(long).chain((0..SHORTS).map(short)).chain((0..others).map(other)).collect()
}

/// Nobody's money is a share of the free collateral of somebody: an account of a staker.
pub fn staker(index: usize) -> alloy_primitives::Address {
    address(7, index as u64)
}

/// Whether the parts of every step sum to its loss.
///
/// Errors: the first step of which they do not.
pub fn summed(steps: &[Step]) -> Result<(), String> {
    match steps.iter().find(|step| step.borne.iter().sum::<u128>() != step.loss) {
        Some(step) => Err(format!("of the loss of {}, {}, {:?} was borne", step.who, step.loss, step.borne)),
        None => Ok(()),
    }
}

/// The sums of all steps: the loss, then each layer, in base units.
pub fn sums(steps: &[Step]) -> (u128, [u128; 7]) {
    let parts = std::array::from_fn(|at| steps.iter().map(|step| step.borne[at]).sum());
    (steps.iter().map(|step| step.loss).sum(), parts)
}

/// The runs: with the fund and a margin that breathes, and with neither.
pub struct Both {
    /// With.
    pub with: Run,
    /// Without.
    pub without: Run,
}

/// The runs of a cascade.
///
/// Errors: one is missing.
pub fn both(played: Vec<Played>) -> Result<Both, String> {
    let mut runs = played.into_iter().map(|played| played.on);
    let missing = "cascade: a run is missing";
    Ok(Both { with: runs.next().ok_or(missing)?, without: runs.next().ok_or(missing)? })
}

/// Base units as people write money.
pub fn units(amount: u128) -> String {
    money(amount as f64 / 1e6)
}

/// What came of it.
pub fn sentences(both: &Both, unit: &str) -> Vec<String> {
    let told = |run: &Run, how: &str| {
        let (loss, parts) = sums(&run.steps);
        let paid: Vec<String> = LAYERS
            .iter()
            .zip(parts)
            .filter(|(_, part)| *part > 0)
            .map(|(layer, part)| format!("{layer} {}", units(part)))
            .collect();
        format!(
            "{how}: {} accounts were bankrupt when they were liquidated and lost {} {unit} together: {}. The parts of each loss sum to it, to the unit.",
            run.steps.len(),
            units(loss),
            paid.join(", ")
        )
    };
    let (on, off) = (&both.with.totals, &both.without.totals);
    let mut said = vec![
        told(&both.with, "With a fund and a margin that breathes"),
        told(&both.without, "With a static margin and no fund"),
        format!(
            "Providers ended {} with and {} without: margin and fund {} for them. Traders ended {} with and {} without. Bad debt that stayed with the pool was {} {unit} with and {} without.",
            gained(-on.loss, unit),
            gained(-off.loss, unit),
            saved(off.loss - on.loss, unit),
            gained(on.traders, unit),
            gained(off.traders, unit),
            money(on.bad_debt),
            money(off.bad_debt)
        ),
        format!(
            "The margin that breathes let {} positions open only smaller, by {} {unit} of notional together, {} with the static one.",
            on.smaller,
            money(on.withheld),
            off.smaller
        ),
    ];
    let reserves = |at: Option<&super::record::Sample>| at.and_then(|sample| sample.reserves);
    let before = reserves(
        both.with.samples.iter().rfind(|sample| both.with.steps.first().is_some_and(|s| sample.time < s.time)),
    );
    let low = both.with.samples.iter().filter_map(|sample| sample.reserves.map(|r| (sample.time, r)));
    let low = low.min_by(|a, b| a.1.fund.total_cmp(&b.1.fund));
    if let (Some(before), Some((time, low)), Some(end)) = (before, low, reserves(both.with.samples.last())) {
        said.push(format!(
            "The fund held {} {unit} before the crash, {} at the least at {}, and {} when the record ends ({:.0} %, {:.0} % and {:.0} % of its target). Owed after it are then still {} {unit}.",
            money(before.fund),
            money(low.fund),
            clock(time),
            money(end.fund),
            before.ratio(),
            low.ratio(),
            end.ratio(),
            money(end.owed.iter().sum())
        ));
    }
    said
}

/// A row a bankrupt account: when, who, the loss and who bore it.
pub fn rows(run: &Run) -> Vec<(String, Vec<String>)> {
    let row = |name: String, loss: u128, borne: &[u128; 7]| {
        (name, std::iter::once(loss).chain(borne.iter().copied()).map(units).collect())
    };
    let mut rows: Vec<_> = run
        .steps
        .iter()
        .map(|step| row(format!("{} {}", clock(step.time), step.who), step.loss, &step.borne))
        .collect();
    let (loss, parts) = sums(&run.steps);
    rows.push(row("together".into(), loss, &parts));
    rows
}

/// What was assumed, one sentence each.
pub fn facts((from, until): (u64, u64)) -> Vec<String> {
    vec![
        format!(
            "The book is invented: {LONGS} longs and {SHORTS} shorts of {} USDC of notional each, the longs at 10 to 20x, the shorts at {SHORT_LEVERAGE}x, against a pool of {POOL_PERCENT} % of the usual one; open interest of a side may be twice the pool, so that the pool is near its floor. {EARLY} of the shorts take their profit {} s before the liquidators come back, the others {} h after it. Who is refused for margin opens as much as the same margin carries.",
            money(NOTIONAL),
            FIRST_LEAVE,
            OTHERS_LEAVE / 3_600
        ),
        format!("Nobody liquidates from {} to {} UTC, the minute of the lowest price; the keeper goes on poking.", clock(from), clock(until)),
        format!(
            "With the fund: {} USDC are staked a week before; it covers beyond a deductible of {} % of an epoch's losses, its whole is the budget of {} days; the buffer fills from penalties up to {} % of the pool; the target is {} % of the pool and a fee bears up to itself as a surcharge while anything is owed after a loss.",
            money(STAKES.iter().sum()),
            COVER[1] / 100,
            COVER[3],
            BUFFER_BPS / 100,
            RECAP[0] / 100
        ),
        format!(
            "From {} h after the keepers came back somebody opens {} USDC at 5x every {} min and closes {} min later: the fees and surcharges that fill the fund again are theirs.",
            OTHERS_COME / 3_600,
            money(OTHERS_NOTIONAL),
            OTHERS_EVERY / 60,
            OTHERS_STAY / 60
        ),
        "Without: the same book, prices and keepers, margin with z 0 and without ramps, nothing staked, no buffer.".into(),
    ]
}

/// The console.
pub fn text(title: &str, both: &Both, unit: &str) -> String {
    let mut out = format!("\n{title}: who paid ({unit})\n");
    for (name, run) in
        [("with a fund and a margin that breathes", &both.with), ("with a static margin and no fund", &both.without)]
    {
        let _ = writeln!(
            out,
            "\n  {name}\n  {:24}{:>11}{}",
            "",
            "loss",
            LAYERS.map(|layer| format!("{layer:>12}")).concat()
        );
        for (name, cells) in rows(run) {
            let (loss, parts) =
                cells.split_first().map_or((String::new(), &[][..]), |(loss, parts)| (loss.clone(), parts));
            let parts: String = parts.iter().map(|cell| format!("{cell:>12}")).collect();
            let _ = writeln!(out, "  {name:24}{loss:>11}{parts}");
        }
    }
    out.push('\n');
    for line in sentences(both, unit) {
        let _ = writeln!(out, "  {line}");
    }
    out
}
