//! The same crash at several leverages, each with a margin that breathes and with one that stands still.

use super::incident::{Incident, Sampling};
use super::margin::Margin;
use super::record::{clock, money, Run};
use super::stage::Played;
use super::verdict::{gained, saved};
use serde_json::{json, Value};
use std::fmt::Write;

/// A leverage in both markets.
pub struct Pair {
    /// Notional over margin of every position.
    pub leverage: u8,
    /// With a margin that breathes.
    pub breathing: Run,
    /// With one that stands still.
    pub still: Run,
}

/// The runs by leverage, in the order of the incidents.
pub fn pairs(incidents: &[Incident], played: Vec<Played>) -> Vec<Pair> {
    let mut waiting: Option<(u8, Run)> = None;
    let mut pairs = Vec::new();
    for (incident, played) in incidents.iter().zip(played) {
        match (incident.cast.leverage, incident.cast.margin, waiting.take()) {
            (Some(leverage), Margin::Breathing, _) => waiting = Some((leverage, played.on)),
            (Some(leverage), _, Some((of, breathing))) if of == leverage => {
                pairs.push(Pair { leverage, breathing, still: played.on });
            }
            _ => {}
        }
    }
    pairs
}

/// What the columns of [`rows`] are.
pub const HEAD: [&str; 8] = [
    "liquidated",
    "margin lost in liquidations",
    "providers' result",
    "bad debt",
    "taken by the informed trader",
    "other traders' result",
    "opened smaller",
    "notional not opened",
];

/// A row a run: its name and its figures in the order of [`HEAD`].
pub fn rows(pairs: &[Pair]) -> Vec<(String, Vec<String>)> {
    let cells = |run: &Run| {
        let totals = &run.totals;
        vec![
            totals.liquidations.to_string(),
            money(totals.liquidated_margin),
            money(-totals.loss),
            money(totals.bad_debt),
            money(totals.informed),
            money(totals.traders),
            totals.smaller.to_string(),
            money(totals.withheld),
        ]
    };
    let of = |pair: &Pair| {
        let name = |margin: &str| format!("{}x, margin {margin}", pair.leverage);
        [(name("breathes"), cells(&pair.breathing)), (name("stands still"), cells(&pair.still))]
    };
    pairs.iter().flat_map(of).collect()
}

/// What the comparison says.
pub fn sentences(pairs: &[Pair], unit: &str) -> Vec<String> {
    let of = |pair: &Pair| {
        let (on, off) = (&pair.breathing.totals, &pair.still.totals);
        format!(
            "At {}x: {} positions were liquidated with the margin that breathes and {} with the one that stands still; providers ended {} and {}, it {}; bad debt was {} and {}, it {}. {} positions were opened smaller for it, by {} {unit} of notional together.",
            pair.leverage,
            on.liquidations,
            off.liquidations,
            gained(-on.loss, unit),
            gained(-off.loss, unit),
            saved(off.loss - on.loss, unit),
            money(on.bad_debt),
            money(off.bad_debt),
            saved(off.bad_debt - on.bad_debt, unit),
            i64::from(on.smaller) - i64::from(off.smaller),
            money(on.withheld - off.withheld)
        )
    };
    let mut said: Vec<String> = pairs.iter().map(of).collect();
    said.extend(pairs.last().and_then(breath));
    said
}

/// Between which margins the market breathed, as the contract named them.
fn breath(pair: &Pair) -> Option<String> {
    let asked = || pair.breathing.samples.iter().filter(|sample| sample.initial_bps.is_finite());
    let low = asked().min_by(|a, b| a.initial_bps.total_cmp(&b.initial_bps))?;
    let high = asked().max_by(|a, b| a.initial_bps.total_cmp(&b.initial_bps))?;
    let [low_bps, high_bps] = [low, high].map(|sample| sample.initial_bps.round());
    Some(format!(
        "The contract asked a small position for {low_bps} bps of its notional at the least and for {high_bps} bps at the most, at {} ({}x at most); a position that stands already is not asked for more.",
        clock(high.time),
        (1e4 / high_bps * 10.0).round() / 10.0
    ))
}

/// The table on a terminal.
pub fn text(pairs: &[Pair], unit: &str) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "  {:26}{}", unit, HEAD.map(|head| format!(" {:>14}", short(head))).concat());
    for (name, cells) in rows(pairs) {
        let cells: String = cells.iter().map(|cell| format!(" {cell:>14}")).collect();
        let _ = writeln!(out, "  {name:26}{cells}");
    }
    for line in sentences(pairs, unit) {
        let _ = writeln!(out, "  {line}");
    }
    out
}

/// A head in at most 14 letters.
fn short(head: &str) -> &str {
    match head {
        "margin lost in liquidations" => "margin lost",
        "providers' result" => "providers",
        "taken by the informed trader" => "informed",
        "other traders' result" => "other traders",
        "notional not opened" => "not opened",
        other => other,
    }
}

/// How it was set up.
pub fn fact(pairs: &[Pair], incident: &Incident) -> String {
    let at: Vec<String> = pairs.iter().map(|pair| format!("{}x", pair.leverage)).collect();
    let Sampling { coarse, .. } = incident.sampling;
    format!(
        "The runs at one leverage: the same traders, times and sizes, from {}, but every position but the informed trader's and the probe's is opened at {}; who is refused for margin opens as much as the same margin carries (at 20x, where all of it is needed, often a thousandth less), the informed trader too: what the breathing margin saves the providers is for a large part his. Breakers are on, nobody pauses, every {} s is replayed. The margin that breathes is the module's default (base 500 bps, z 3 over 60 min, ramps of open interest and size to 2,000 bps, falling by 500 bps a day at most); the one that stands still is the same market with z 0 and without ramps. Open interest of a side is at most half of the pool and profits warm up for 4 h in both.",
        clock(incident.from),
        at.join(", "),
        coarse.max(60)
    )
}

/// The elements of `report.json`.
pub fn elements(pairs: &[Pair]) -> Vec<Value> {
    let element = |leverage: u8, margin: &str, run: &Run| {
        let asked: Vec<(u64, f64)> = run
            .samples
            .iter()
            .step_by(10)
            .filter(|sample| sample.initial_bps.is_finite())
            .map(|sample| (sample.time, sample.initial_bps.round()))
            .collect();
        json!({
            "leverage": leverage,
            "margin": margin,
            "liquidations": run.totals.liquidations,
            "loss": super::report::cents(run.totals.loss),
            "bad_debt": super::report::cents(run.totals.bad_debt),
            "totals": run.totals,
            "tiers": run.tiers,
            "initial_bps": asked,
        })
    };
    let of = |pair: &Pair| {
        [element(pair.leverage, "breathing", &pair.breathing), element(pair.leverage, "still", &pair.still)]
    };
    pairs.iter().flat_map(of).collect()
}
