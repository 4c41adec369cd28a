//! A crash with breakers and without: cards, charts, tables, the timeline.

use super::figures::{counts, debts, deviations, figure, interest, margins, prices, results};
use super::tables::{events, grid, journal, refusals, table, tiers};
use super::{list, of_run, section, Chapter, Setting};
use crate::demo::chart::escaped;
use crate::demo::incident::Incident;
use crate::demo::leverage::{self, Pair};
use crate::demo::record::{clock, money, price};
use crate::demo::verdict::{Row, Runs};
use serde_json::{json, Value};
use std::fmt::Write;

/// The chapter.
pub fn chapter(incident: &Incident, runs: &Runs, pairs: &[Pair], setting: &Setting) -> Chapter {
    Chapter {
        name: incident.name.clone(),
        title: incident.title.clone(),
        subtitle: subtitle(incident, runs, setting),
        verdict: runs.sentences(setting.unit).first().cloned().unwrap_or_default(),
        body: body(incident, runs, pairs, setting),
        citations: incident.citations.clone(),
        json: element(incident, runs, pairs, setting),
    }
}

fn element(incident: &Incident, runs: &Runs, pairs: &[Pair], setting: &Setting) -> Value {
    let mut element = json!({
        "incident": incident.name,
        "title": incident.title,
        "from": incident.from,
        "until": incident.until,
        "unit": setting.unit,
        "sources": incident.citations,
        "facts": setting.facts,
        "findings": runs.sentences(setting.unit),
        "limits": runs.limits(setting.low.0, incident.until),
        "runs": runs.all().map(|run| of_run(run.name.clone(), run)),
    });
    if !pairs.is_empty() {
        element["leverages"] = leverage::elements(pairs).into();
    }
    element
}

fn body(incident: &Incident, runs: &Runs, pairs: &[Pair], setting: &Setting) -> String {
    let mut body = String::new();
    cards(&mut body, &runs.rows(), setting.unit);
    list(&mut body, "What it comes to", &runs.sentences(setting.unit));
    let window = around(setting.low.0, incident, runs);
    section(
        &mut body,
        "The crash, minute by minute",
        "What the market paid, what the oracle said, and what the contract made of it. Behind the lines the tier of the market; below, which calls users could still make, each tried on the real contract.",
    );
    figure(&mut body, &prices(runs, window, true), Some(TIER_KEYS), incident);
    let measured = if incident.is_sole() {
        "One source: how far it is from the breaker's reference (velocity), beside how far the oracle is from the market."
    } else {
        "The deviation of the anchor from what checks it, as the breaker counts it, beside that of the anchor from the market. A mean of 30 minutes lags in a fall: part of the doubt is the lag's own."
    };
    section(&mut body, "What the breaker measures", measured);
    figure(&mut body, &deviations(runs, window, setting), None, incident);
    section(
        &mut body,
        "What it cost",
        "The result of the liquidity providers since the beginning, and what the informed trader took, with the breakers and without.",
    );
    figure(&mut body, &results(runs, window, setting.unit), None, incident);
    figure(&mut body, &debts(runs, window, setting.unit), None, incident);
    section(&mut body, "Liquidated and refused", "Sums since the beginning of the replay.");
    figure(&mut body, &counts(runs, window), None, incident);
    section(&mut body, "Open interest", "At entry prices.");
    figure(&mut body, &interest(runs, window, setting.unit), None, incident);
    at_leverages(&mut body, incident, pairs, setting);
    section(&mut body, "All of it", "The same from the first minute: how quiet the circuit was before.");
    let whole = (incident.from, incident.until);
    figure(&mut body, &prices(runs, whole, false), Some(TIER_KEYS), incident);
    figure(&mut body, &results(runs, whole, setting.unit), None, incident);
    section(&mut body, "All figures", &format!("Money in {}.", setting.unit));
    table(&mut body, &runs.rows());
    section(&mut body, "What tripped, when and why", "From the contract's own answers; times are UTC.");
    tiers(&mut body, &runs.on);
    journal(&mut body, &runs.on);
    refusals(&mut body, &runs.on);
    section(&mut body, "Timeline", "Breakers on, with the guardian's pause.");
    events(&mut body, &runs.on);
    list(&mut body, "What this cannot show", &runs.limits(setting.low.0, incident.until));
    list(&mut body, "How it was set up", &setting.facts);
    body
}

/// The same crash at several leverages, and the margin that the contract asked for on the way.
fn at_leverages(body: &mut String, incident: &Incident, pairs: &[Pair], setting: &Setting) {
    let Some(last) = pairs.last() else { return };
    list(body, "The last day at one leverage each", &leverage::sentences(pairs, setting.unit));
    grid(body, &leverage::HEAD, &leverage::rows(pairs));
    section(
        body,
        "The margin breathes",
        "What the contract asked of a small new position, minute by minute, as it named it when it refused one; beside it how far the market had moved within the hour. It rises at once and falls by a line.",
    );
    let whole = (last.breathing.samples.first().map_or(incident.from, |sample| sample.time), incident.until);
    figure(body, &margins(last, whole), Some(TIER_KEYS), incident);
}

fn subtitle(incident: &Incident, runs: &Runs, setting: &Setting) -> String {
    format!(
        "{} UTC to {} UTC, replayed against the compiled contracts on a Stylus engine in one process: {} transactions, {} million gas. The low was {} at {}.",
        clock(incident.from),
        clock(incident.until),
        money((runs.on.transactions + runs.off.transactions) as f64),
        money((runs.on.gas + runs.off.gas) as f64 / 1e6),
        price(setting.low.1),
        clock(setting.low.0)
    )
}

const TIER_KEYS: &str = "<span class=\"key\"><u class=\"guarded\"></u>Guarded</span><span class=\"key\"><u class=\"reduceonly\"></u>ReduceOnly</span><span class=\"key\"><u class=\"halted\"></u>Halted</span><span class=\"key\"><u class=\"open\"></u>call went through</span><span class=\"key\"><u class=\"stopped\"></u>call refused</span>";

/// From 75 minutes before the low, or before the first trip where that was earlier, to 135 minutes after it.
fn around(low: u64, incident: &Incident, runs: &Runs) -> (u64, u64) {
    let tripped = runs.on.tiers.first().map_or(low, |tier| tier.from).min(low);
    (tripped.saturating_sub(4_500).max(incident.from), (low + 8_100).min(incident.until))
}

/// The figures that matter most, side by side. Breakers alone against no breakers: the pause has its own sentence.
fn cards(out: &mut String, rows: &[Row], unit: &str) {
    out.push_str("<div class=\"cards\">\n");
    let shown = [
        (0, "Liquidity providers' result"),
        (2, "Bad debt"),
        (3, "Taken by the informed trader"),
        (5, "Positions liquidated"),
        (8, "Ordinary users' calls refused"),
    ];
    for (at, title) in shown {
        let Some(row) = rows.get(at) else { continue };
        let difference = (row.unpaused - row.off) * f64::from(row.good);
        let counted = matches!(at, 5 | 8);
        let unit = if counted { "" } else { unit };
        let (style, text) = match difference {
            d if d >= 0.5 => ("good", format!("better by {} {unit}", money(d))),
            d if d <= -0.5 => ("bad", format!("worse by {} {unit}", money(-d))),
            _ => ("even", "no difference".into()),
        };
        let _ = writeln!(
            out,
            "<div class=\"card\"><h3>{}</h3><div class=\"pair\"><span>with breakers</span><b>{}</b></div><div class=\"pair\"><span>without</span><b>{}</b></div><div class=\"diff {style}\">{}</div></div>",
            escaped(title),
            money(row.unpaused),
            money(row.off),
            text.trim_end()
        );
    }
    out.push_str("</div>\n");
}
