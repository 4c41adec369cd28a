//! One HTML file that needs nothing else, and `report.json`.

use super::chart::{escaped, Band, Chart, Level, Line, Mark, Strip};
use super::incident::Incident;
use super::record::{clock, date, hour, money, span, Event, Kind, Run, Sample, CLASSES};
use super::verdict::{Row, Runs};
use serde_json::{json, Value};
use std::fmt::Write;

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
        money(runs.all().iter().map(|run| run.transactions).sum::<u64>() as f64),
        money(runs.all().iter().map(|run| run.gas).sum::<u64>() as f64 / 1e6),
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

fn line(label: &str, style: &'static str, run: &Run, of: impl Fn(&Sample) -> f64) -> Line {
    let points = run.samples.iter().map(|sample| (sample.time, of(sample))).collect();
    Line { label: label.into(), style, step: false, points }
}

fn stepped(label: &str, style: &'static str, run: &Run, of: impl Fn(&Sample) -> f64) -> Line {
    Line { step: true, ..line(label, style, run, of) }
}

fn chart(title: &str, unit: &'static str, height: f64, (from, until): (u64, u64), lines: Vec<Line>) -> Chart {
    Chart {
        title: title.into(),
        unit,
        height,
        from,
        until,
        zero: false,
        lines,
        bands: Vec::new(),
        marks: Vec::new(),
        levels: Vec::new(),
        strips: Vec::new(),
    }
}

/// Tiers of a run as colours behind the lines.
fn bands(run: &Run) -> Vec<Band> {
    run.tiers
        .iter()
        .map(|tier| Band {
            style: style_of(&tier.tier),
            from: tier.from,
            until: tier.until,
            label: format!("{}, {} to {}: {}", tier.tier, clock(tier.from), clock(tier.until), tier.why),
        })
        .collect()
}

fn style_of(tier: &str) -> &'static str {
    match tier {
        "Guarded" => "guarded",
        "ReduceOnly" => "reduceonly",
        "Halted" | "Settling" => "halted",
        _ => "open",
    }
}

fn prices(runs: &Runs, window: (u64, u64), close_up: bool) -> Chart {
    let run = &runs.on;
    let mut lines = vec![
        line("market", "grey", run, |sample| sample.spot),
        stepped("oracle (anchor)", "blue", run, |sample| sample.anchor),
        line("what checks it", "orange", run, |sample| sample.check),
    ];
    if run.samples.iter().any(|sample| sample.reference.is_finite()) {
        lines.push(line("the breaker's reference", "violet thin", run, |sample| sample.reference));
    }
    let mut chart = chart("Prices and tier", "USD", if close_up { 400.0 } else { 300.0 }, window, lines);
    chart.bands = bands(run);
    if close_up {
        let events = runs.moments().filter(|event| event.kind == Kind::Pause);
        chart.marks = events.map(|event| mark(event, "person")).collect();
    }
    chart.strips = (0..CLASSES.len()).map(|class| strip(run, class)).collect();
    chart
}

fn mark(event: &Event, style: &'static str) -> Mark {
    let text: String = event.text.split([':', ',', ';']).next().unwrap_or("").to_string();
    Mark { time: event.time, style, label: format!("{} {text}", hour(event.time)) }
}

/// When calls of a class were refused.
fn strip(run: &Run, class: usize) -> Strip {
    let mut bands: Vec<Band> = Vec::new();
    for sample in &run.samples {
        let stopped = sample.stopped >> class & 1 == 1;
        let until = sample.time + 60;
        match bands.last_mut() {
            Some(band) if stopped && band.until >= sample.time => band.until = until,
            _ if stopped => bands.push(Band { style: "stopped", from: sample.time, until, label: String::new() }),
            _ => {}
        }
    }
    for band in &mut bands {
        band.label = format!("{} refused {} to {}", CLASSES[class], clock(band.from), clock(band.until));
    }
    Strip { label: CLASSES[class].into(), bands }
}

fn bps(a: f64, b: f64) -> f64 {
    (a - b).abs() / a.min(b) * 10_000.0
}

fn deviations(runs: &Runs, window: (u64, u64), setting: &Setting) -> Chart {
    let run = &runs.on;
    let lines = vec![
        line("anchor against what checks it", "blue", run, |sample| bps(sample.anchor, sample.check)),
        line("anchor against the market", "grey", run, |sample| bps(sample.anchor, sample.spot)),
    ];
    let mut chart = chart("Deviation in basis points", "bps", 240.0, window, lines);
    chart.zero = true;
    chart.bands = bands(run);
    chart.levels =
        setting.thresholds.iter().map(|(value, label)| Level { value: *value, label: label.clone() }).collect();
    chart
}

fn results(runs: &Runs, window: (u64, u64), unit: &'static str) -> Chart {
    let lines = vec![
        line("providers, with breakers", "blue", &runs.unpaused, |sample| sample.pool_result),
        line("providers, with breakers and the pause", "teal thin", &runs.on, |sample| sample.pool_result),
        line("providers, without breakers", "orange", &runs.off, |sample| sample.pool_result),
    ];
    let mut chart = chart("Result of the liquidity providers", unit, 280.0, window, lines);
    chart.zero = true;
    chart.bands = bands(&runs.on);
    chart
}

fn debts(runs: &Runs, window: (u64, u64), unit: &'static str) -> Chart {
    let lines = vec![
        line("informed trader, with breakers", "blue", &runs.unpaused, |sample| sample.informed),
        line("informed trader, without", "orange", &runs.off, |sample| sample.informed),
        stepped("bad debt, with breakers", "blue thin", &runs.unpaused, |sample| sample.bad_debt),
        stepped("bad debt, without", "orange thin", &runs.off, |sample| sample.bad_debt),
    ];
    let mut chart = chart("Taken by the informed trader, and bad debt", unit, 240.0, window, lines);
    chart.zero = true;
    chart.bands = bands(&runs.on);
    chart
}

fn counts(runs: &Runs, window: (u64, u64)) -> Chart {
    let lines = vec![
        stepped("liquidated, with breakers and the pause", "teal", &runs.on, |sample| sample.liquidations.into()),
        stepped("liquidated, without", "orange", &runs.off, |sample| sample.liquidations.into()),
        stepped("refused, with breakers and the pause", "violet", &runs.on, |sample| sample.refused.into()),
        stepped("refused, with breakers", "violet thin", &runs.unpaused, |sample| sample.refused.into()),
    ];
    let mut chart = chart("Liquidations and refusals", "number", 240.0, window, lines);
    chart.zero = true;
    chart.bands = bands(&runs.on);
    chart
}

fn interest(runs: &Runs, window: (u64, u64), unit: &'static str) -> Chart {
    let lines = vec![
        stepped("longs, with breakers and the pause", "blue", &runs.on, |sample| sample.long),
        stepped("shorts, with breakers and the pause", "violet", &runs.on, |sample| sample.short),
        stepped("longs, without", "orange thin", &runs.off, |sample| sample.long),
        stepped("shorts, without", "rose thin", &runs.off, |sample| sample.short),
    ];
    let mut chart = chart("Open interest", unit, 240.0, window, lines);
    chart.zero = true;
    chart.bands = bands(&runs.on);
    chart
}

fn figure(out: &mut String, chart: &Chart, keys: Option<&str>, incident: &Incident) {
    let names: Vec<&str> =
        incident.citations.iter().filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
    let licences: Vec<&str> =
        incident.citations.iter().filter_map(|line| line.rsplit_once("; ")).map(|(_, l)| l).collect();
    let _ = writeln!(
        out,
        "<figure data-values=\"{}\"><div class=\"legend\">{}{}</div>\n{}<figcaption>Prices: {} ({}). Everything else: this replay. Times UTC.</figcaption></figure>",
        escaped(&values(chart).to_string()),
        chart.legend(),
        keys.unwrap_or(""),
        chart.svg(),
        escaped(&names.join("; ")),
        escaped(&licences.join("; "))
    );
}

/// What the pointer shows: at most a few hundred moments.
fn values(chart: &Chart) -> Value {
    let inside = |point: &&(u64, f64)| (chart.from..=chart.until).contains(&point.0);
    let times: Vec<u64> =
        chart.lines.first().map_or(Vec::new(), |l| l.points.iter().filter(inside).map(|p| p.0).collect());
    let every = times.len().div_ceil(480).max(1);
    let times: Vec<u64> = times.into_iter().step_by(every).collect();
    let round = |value: f64| if value.is_finite() { json!((value * 100.0).round() / 100.0) } else { Value::Null };
    let lines: Vec<Value> = chart
        .lines
        .iter()
        .map(|l| {
            let values: Vec<Value> = l.points.iter().filter(inside).step_by(every).map(|p| round(p.1)).collect();
            json!({"label": l.label, "values": values})
        })
        .collect();
    let step = times.get(1).map_or(60, |second| second - times[0]);
    json!({"from": chart.from, "until": chart.until, "step": step, "bottom": chart.height - 30.0, "times": times, "lines": lines})
}

fn table(out: &mut String, rows: &[Row]) {
    out.push_str("<div class=\"scroll\"><table><thead><tr><th></th><th class=\"n\">breakers on</th><th class=\"n\">on, and a guardian pauses</th><th class=\"n\">breakers off</th><th class=\"n\">on against off</th></tr></thead><tbody>\n");
    for row in rows {
        let difference = row.unpaused - row.off;
        let style = match difference * f64::from(row.good) {
            d if d >= 0.5 => "good",
            d if d <= -0.5 => "bad",
            _ => "even",
        };
        let sign = if difference >= 0.5 { "+" } else { "" };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n {style}\">{sign}{}</td></tr>",
            escaped(row.label),
            money(row.unpaused),
            money(row.on),
            money(row.off),
            money(difference)
        );
    }
    out.push_str("</tbody></table></div>\n");
}

fn tiers(out: &mut String, run: &Run) {
    if run.tiers.is_empty() {
        out.push_str("<p>Nothing tripped.</p>\n");
        return;
    }
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>tier</th><th>from</th><th>until</th><th class=\"n\">for</th><th>why</th></tr></thead><tbody>\n");
    for tier in &run.tiers {
        let _ = writeln!(
            out,
            "<tr><td><span class=\"tag {}\">{}</span></td><td class=\"t\">{}</td><td class=\"t\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            style_of(&tier.tier),
            tier.tier,
            clock(tier.from),
            clock(tier.until),
            span(tier.until - tier.from),
            escaped(&tier.why)
        );
    }
    out.push_str("</tbody></table></div>\n");
}

fn journal(out: &mut String, run: &Run) {
    if run.journal.is_empty() {
        return;
    }
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>incident</th><th>scope</th><th>cause</th><th>highest tier</th><th>first sign</th><th>detected</th><th>contained</th><th>resolved</th></tr></thead><tbody>\n");
    for incident in &run.journal {
        let scope = if incident.scope == 0 { "protocol".into() } else { format!("market {}", incident.scope) };
        let after = |time: Option<u64>| {
            time.map_or("not within the data".into(), |at| {
                format!("{} (after {})", clock(at), span(at.saturating_sub(incident.detected)))
            })
        };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{scope}</td><td>{}</td><td><span class=\"tag {}\">{}</span></td><td class=\"t\">{}</td><td class=\"t\">{}</td><td>{}</td><td>{}</td></tr>",
            incident.id,
            escaped(&incident.cause),
            style_of(&incident.tier),
            incident.tier,
            clock(incident.anomaly),
            clock(incident.detected),
            after(incident.contained),
            after(incident.resolved)
        );
    }
    out.push_str("</tbody></table></div>\n");
}

fn refusals(out: &mut String, run: &Run) {
    if run.refusals.is_empty() {
        return;
    }
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>asked for</th><th>answer of the contract</th><th class=\"n\">times</th></tr></thead><tbody>\n");
    for refusal in &run.refusals {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td></tr>",
            escaped(&refusal.action),
            escaped(&refusal.error),
            refusal.count
        );
    }
    out.push_str("</tbody></table></div>\n");
}

fn events(out: &mut String, run: &Run) {
    let important = |event: &&Event| !matches!(event.kind, Kind::Trade | Kind::Informed);
    let rows = |out: &mut String, events: &mut dyn Iterator<Item = &Event>| {
        let mut day = 0;
        out.push_str("<div class=\"scroll\"><table><tbody>\n");
        for event in events {
            let (number, month) = date(event.time);
            let label = if number == day { hour(event.time) } else { format!("{number} {month} {}", hour(event.time)) };
            day = number;
            let _ = writeln!(out, "<tr><td class=\"t n\">{label}</td><td>{}</td></tr>", escaped(&event.text));
        }
        out.push_str("</tbody></table></div>\n");
    };
    rows(out, &mut run.events.iter().filter(important));
    let _ = writeln!(out, "<details><summary>Every trade of it ({} lines)</summary>", run.events.len());
    rows(out, &mut run.events.iter());
    out.push_str("</details>\n");
}
