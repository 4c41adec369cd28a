//! One HTML file that needs nothing else, and `report.json`.

mod figures;
mod tables;

use super::chart::escaped;
use super::incident::Incident;
use super::record::{clock, money, Run};
use super::verdict::{Row, Runs};
use figures::{counts, debts, deviations, figure, interest, prices, results};
use serde_json::{json, Value};
use std::fmt::Write;
use tables::{events, journal, refusals, table, tiers};

/// What the report needs to know beside the runs.
pub struct Setting {
    /// Of the collateral, for people.
    pub unit: &'static str,
    /// What was deployed and how it was set, one sentence each.
    pub facts: Vec<String>,
    /// Divergence thresholds of the breaker in bps and their names.
    pub thresholds: Vec<(f64, String)>,
    /// The lowest price and its time.
    pub low: (u64, f64),
}

/// `report.json`.
pub fn json(incident: &Incident, runs: &Runs, setting: &Setting) -> Value {
    let one = |run: &Run| {
        let (detected, contained, resolved) = run.times();
        json!({
            "name": run.name,
            "tiers": run.tiers,
            "loss": cents(run.totals.loss),
            "bad_debt": cents(run.totals.bad_debt),
            "liquidations": run.totals.liquidations,
            "refused": run.totals.refused,
            "detected": detected,
            "contained": contained,
            "resolved": resolved,
            "totals": run.totals,
            "refusals": run.refusals,
            "journal": run.journal,
            "events": run.events,
            "transactions": run.transactions,
            "gas": run.gas,
        })
    };
    json!([{
        "incident": incident.name,
        "title": incident.title,
        "from": incident.from,
        "until": incident.until,
        "unit": setting.unit,
        "sources": incident.citations,
        "facts": setting.facts,
        "findings": runs.sentences(setting.unit),
        "limits": runs.limits(setting.low.0, incident.until),
        "runs": runs.all().map(one),
    }])
}

/// The page.
pub fn html(incident: &Incident, runs: &Runs, setting: &Setting) -> String {
    let mut body = String::new();
    cards(&mut body, &runs.rows(), setting.unit);
    list(&mut body, "What it comes to", &runs.sentences(setting.unit));
    let window = around(setting.low.0, incident);
    section(
        &mut body,
        "The crash, minute by minute",
        "What the market paid, what the oracle said, and what the contract made of it. Behind the lines the tier of the market; below, which calls users could still make, each tried on the real contract.",
    );
    figure(&mut body, &prices(runs, window, true), Some(TIER_KEYS), incident);
    section(
        &mut body,
        "How far the sources were apart",
        "The deviation of the anchor from what checks it, as the breaker counts it, beside that of the anchor from the market. A mean of 30 minutes lags in a fall: part of the doubt is the lag's own.",
    );
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
    let footer: String = incident.citations.iter().map(|line| format!("<p>{}</p>\n", escaped(line))).collect();
    let subtitle = format!(
        "{} UTC to {} UTC, replayed minute by minute against the compiled contracts on a Stylus engine in one process: {} transactions, {} million gas. The low was {:.2} at {}.",
        clock(incident.from),
        clock(incident.until),
        money((runs.on.transactions + runs.off.transactions) as f64),
        money((runs.on.gas + runs.off.gas) as f64 / 1e6),
        setting.low.1,
        clock(setting.low.0)
    );
    include_str!("report.html")
        .replace("{{title}}", &escaped(&incident.title))
        .replace("{{subtitle}}", &escaped(&subtitle))
        .replace("{{footer}}", &format!("<p>Sources and licences of the prices:</p>\n{footer}"))
        .replace("{{body}}", &body)
}

const TIER_KEYS: &str = "<span class=\"key\"><u class=\"guarded\"></u>Guarded</span><span class=\"key\"><u class=\"reduceonly\"></u>ReduceOnly</span><span class=\"key\"><u class=\"halted\"></u>Halted</span><span class=\"key\"><u class=\"open\"></u>call went through</span><span class=\"key\"><u class=\"stopped\"></u>call refused</span>";

/// From 75 minutes before the low to the end, or 135 minutes after it.
fn around(low: u64, incident: &Incident) -> (u64, u64) {
    ((low.saturating_sub(4_500)).max(incident.from), (low + 8_100).min(incident.until))
}

fn cents(value: f64) -> f64 {
    let rounded = (value * 100.0).round() / 100.0;
    if rounded == 0.0 {
        0.0 // not minus zero
    } else {
        rounded
    }
}

fn section(out: &mut String, title: &str, lead: &str) {
    let _ = writeln!(out, "<h2>{}</h2>\n<p>{}</p>", escaped(title), escaped(lead));
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    let _ = writeln!(out, "<h2>{}</h2>\n<ul>", escaped(title));
    for line in lines {
        let _ = writeln!(out, "<li>{}</li>", escaped(line));
    }
    out.push_str("</ul>\n");
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
