//! A cascade: who paid for what the bankrupt could not, as a waterfall, step by step and over time.

use super::figures::{asked, figure, reserves};
use super::tables::{events, grid, journal, tiers};
use super::{list, of_run, section, Chapter};
use crate::demo::cascade::{rows, sentences, sums, units, Both, LAYERS};
use crate::demo::chart::escaped;
use crate::demo::incident::Incident;
use crate::demo::record::{clock, money, Run};
use serde_json::{json, Value};
use std::fmt::Write;

/// Classes of the page's style, one a layer.
const STYLES: [&str; 7] = ["grey", "teal", "blue", "orange", "violet", "rose", "ink"];
/// Of the waterfall, in pixels.
const WIDTH: f64 = 1_080.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 110.0;
const ROW: f64 = 26.0;

/// The chapter.
pub fn chapter(incident: &Incident, both: &Both, facts: Vec<String>) -> Chapter {
    let unit = "USDC";
    let runs = [&both.with, &both.without];
    let subtitle = format!(
        "{} UTC to {} UTC, replayed against the compiled contracts on a Stylus engine in one process: {} transactions, {} million gas. Prices are real, the book is stated, and nobody liquidated while it mattered.",
        clock(incident.from),
        clock(incident.until),
        money(runs.iter().map(|run| run.transactions as f64).sum()),
        money(runs.iter().map(|run| run.gas as f64).sum::<f64>() / 1e6)
    );
    let findings = sentences(both, unit);
    Chapter {
        name: incident.name.clone(),
        title: incident.title.clone(),
        subtitle,
        verdict: findings.first().cloned().unwrap_or_default(),
        body: body(incident, both, &findings, &facts),
        citations: incident.citations.clone(),
        json: element(incident, both, &findings, &facts),
    }
}

fn body(incident: &Incident, both: &Both, findings: &[String], facts: &[String]) -> String {
    let mut body = String::new();
    list(&mut body, "What it comes to", findings);
    section(
        &mut body,
        "Who paid",
        "What the bankrupt lost, and the layers of the waterfall in their order: each begins where the one before it ended. From the contract's own events.",
    );
    waterfall(&mut body, "with a fund and a margin that breathes", &both.with);
    waterfall(&mut body, "with a static margin and no fund", &both.without);
    let window = close_up(incident, both);
    section(
        &mut body,
        "Step by step",
        "A row a bankrupt account, in the order in which they were liquidated, in USDC.",
    );
    let head: Vec<&str> = std::iter::once("loss").chain(LAYERS).collect();
    for (name, run) in
        [("With a fund and a margin that breathes", &both.with), ("With a static margin and no fund", &both.without)]
    {
        let _ = writeln!(body, "<p class=\"lead\">{name}</p>");
        grid(&mut body, &head, &rows(run));
    }
    let whole = (incident.from, incident.until);
    section(&mut body, "The fund before and after", "What the fund holds of its target, in percent; buffer, fund and what is owed to each, in USDC. Fees bear a surcharge until what the losses took is paid back.");
    let [ratio, owed] = reserves(&both.with, whole);
    figure(&mut body, &ratio, None, incident);
    figure(&mut body, &owed, None, incident);
    section(
        &mut body,
        "The margin on the way",
        "What the contract asked of a new position, as it named it when it refused one.",
    );
    figure(&mut body, &asked(&both.with, &both.without, window), None, incident);
    section(&mut body, "What tripped, when and why", "From the contract's own answers; times are UTC.");
    tiers(&mut body, &both.with);
    journal(&mut body, &both.with);
    section(&mut body, "Timeline", "With a fund and a margin that breathes.");
    events(&mut body, &both.with);
    list(&mut body, "How it was set up", facts);
    body
}

/// From two hours before nobody liquidated any more to six hours after the last loss.
fn close_up(incident: &Incident, both: &Both) -> (u64, u64) {
    let from = incident.cast.cascade.map_or(incident.from, |it| it.still.0.saturating_sub(7_200));
    let last = both.with.steps.last().map_or(incident.until, |step| step.time + 21_600);
    (from.max(incident.from), last.min(incident.until))
}

/// The loss and its parts as bars, each beginning where the one before it ended.
fn waterfall(out: &mut String, name: &str, run: &Run) {
    let (loss, parts) = sums(&run.steps);
    let height = ROW * (parts.len() + 1) as f64 + 8.0;
    let x = |amount: u128| (WIDTH - LEFT - RIGHT) * amount as f64 / loss.max(1) as f64;
    let _ = writeln!(
        out,
        "<figure><div class=\"legend\">{}, in USDC</div><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Who paid, {}\">",
        escaped(name),
        escaped(name)
    );
    let mut bar = |row: usize, label: &str, style: &str, from: u128, amount: u128| {
        let top = ROW * row as f64 + 4.0;
        let (left, width) = (LEFT + x(from), x(amount).max(if amount > 0 { 1.5 } else { 0.0 }));
        let _ = writeln!(
            out,
            "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\">{}</text><rect class=\"bar {style}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\"/><text class=\"note\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            LEFT - 10.0,
            top + 15.0,
            escaped(label),
            ROW - 6.0,
            left + width + 6.0,
            top + 15.0,
            units(amount)
        );
    };
    bar(0, "lost", "ink", 0, loss);
    let mut borne = 0;
    for (row, ((label, style), part)) in LAYERS.iter().zip(STYLES).zip(parts).enumerate() {
        bar(row + 1, label, style, borne, part);
        borne += part;
    }
    out.push_str("</svg></figure>\n");
}

fn element(incident: &Incident, both: &Both, findings: &[String], facts: &[String]) -> Value {
    let of = |name: &str, run: &Run| {
        let mut element = of_run(name.into(), run);
        let (loss, parts) = sums(&run.steps);
        let named: serde_json::Map<String, Value> =
            LAYERS.iter().zip(parts).map(|(layer, part)| ((*layer).to_string(), part.to_string().into())).collect();
        element["waterfall"] = json!({ "loss": loss.to_string(), "parts": named, "steps": run.steps });
        let every = run.samples.len().div_ceil(400).max(1);
        let told = run.samples.iter().step_by(every).filter_map(|sample| sample.reserves.map(|r| (sample.time, r)));
        element["reserves"] = told
            .map(|(time, r)| json!({"time": time, "fund": r.fund, "buffer": r.buffer, "pool": r.pool, "owed": r.owed}))
            .collect();
        element
    };
    json!({
        "incident": incident.name,
        "title": incident.title,
        "from": incident.from,
        "until": incident.until,
        "unit": "USDC",
        "sources": incident.citations,
        "facts": facts,
        "findings": findings,
        "limits": ["Book, stakes and standing keepers are invented; that is the point of it: what happens if."],
        "runs": [of("fund and breathing margin", &both.with), of("static margin, no fund", &both.without)],
    })
}
