//! The charts of the report.

use crate::demo::cascade::Reserves;
use crate::demo::chart::{escaped, Band, Chart, Level, Line, Mark, Strip};
use crate::demo::flows::{Fate, Plan, Told};
use crate::demo::incident::Incident;
use crate::demo::leverage::Pair;
use crate::demo::record::{clock, hour, Event, Kind, Run, Sample, CLASSES};
use crate::demo::report::Setting;
use crate::demo::verdict::Runs;
use serde_json::{json, Value};
use std::fmt::Write;

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

pub(super) fn style_of(tier: &str) -> &'static str {
    match tier {
        "Guarded" => "guarded",
        "ReduceOnly" => "reduceonly",
        "Halted" | "Settling" => "halted",
        _ => "open",
    }
}

pub(super) fn prices(runs: &Runs, window: (u64, u64), close_up: bool) -> Chart {
    let run = &runs.on;
    let mut lines = vec![
        line("market", "grey", run, |sample| sample.spot),
        stepped("oracle (anchor)", "blue", run, |sample| sample.anchor),
        line("what checks it", "orange", run, |sample| sample.check),
    ];
    lines.push(line("the breaker's reference", "violet thin", run, |sample| sample.reference));
    lines.retain(is_drawn);
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

pub(super) fn deviations(runs: &Runs, window: (u64, u64), setting: &Setting) -> Chart {
    let run = &runs.on;
    let market = line("anchor against the market", "grey", run, |sample| bps(sample.anchor, sample.spot));
    let checked = line("anchor against what checks it", "blue", run, |sample| bps(sample.anchor, sample.check));
    let measured = if is_drawn(&checked) {
        checked
    } else {
        line("source against its reference (log)", "blue", run, |sample| {
            (sample.anchor / sample.reference).ln().abs() * 1e4
        })
    };
    let mut chart = comparison("Deviation in basis points", "bps", 240.0, window, runs, vec![measured, market]);
    chart.levels =
        setting.thresholds.iter().map(|(value, label)| Level { value: *value, label: label.clone() }).collect();
    chart
}

/// The price of a whole record, the tiers behind it, and what was refused.
pub(super) fn overview(run: &Run, window: (u64, u64)) -> Chart {
    let lines = vec![stepped("oracle (anchor)", "blue", run, |sample| sample.anchor)];
    let mut chart = chart("Price and tier", "USD", 200.0, window, lines);
    chart.bands = bands(run);
    chart.strips = (0..CLASSES.len()).map(|class| strip(run, class)).collect();
    chart
}

fn is_drawn(line: &Line) -> bool {
    line.points.iter().any(|(_, value)| value.is_finite())
}

/// Runs against each other: from zero, with the tiers of the one that is told.
fn comparison(
    title: &str,
    unit: &'static str,
    height: f64,
    window: (u64, u64),
    runs: &Runs,
    lines: Vec<Line>,
) -> Chart {
    let mut chart = chart(title, unit, height, window, lines);
    chart.zero = true;
    chart.bands = bands(&runs.on);
    chart
}

pub(super) fn results(runs: &Runs, window: (u64, u64), unit: &'static str) -> Chart {
    let lines = vec![
        line("providers, with breakers", "blue", &runs.unpaused, |sample| sample.pool_result),
        line("providers, with breakers and the pause", "teal thin", &runs.on, |sample| sample.pool_result),
        line("providers, without breakers", "orange", &runs.off, |sample| sample.pool_result),
    ];
    comparison("Result of the liquidity providers", unit, 280.0, window, runs, lines)
}

pub(super) fn debts(runs: &Runs, window: (u64, u64), unit: &'static str) -> Chart {
    let lines = vec![
        line("informed trader, with breakers", "blue", &runs.unpaused, |sample| sample.informed),
        line("informed trader, without", "orange", &runs.off, |sample| sample.informed),
        stepped("bad debt, with breakers", "blue thin", &runs.unpaused, |sample| sample.bad_debt),
        stepped("bad debt, without", "orange thin", &runs.off, |sample| sample.bad_debt),
    ];
    comparison("Taken by the informed trader, and bad debt", unit, 240.0, window, runs, lines)
}

pub(super) fn counts(runs: &Runs, window: (u64, u64)) -> Chart {
    let lines = vec![
        stepped("liquidated, with breakers and the pause", "teal", &runs.on, |sample| sample.liquidations.into()),
        stepped("liquidated, without", "orange", &runs.off, |sample| sample.liquidations.into()),
        stepped("refused, with breakers and the pause", "violet", &runs.on, |sample| sample.refused.into()),
        stepped("refused, with breakers", "violet thin", &runs.unpaused, |sample| sample.refused.into()),
    ];
    comparison("Liquidations and refusals", "number", 240.0, window, runs, lines)
}

pub(super) fn interest(runs: &Runs, window: (u64, u64), unit: &'static str) -> Chart {
    let lines = vec![
        stepped("longs, with breakers and the pause", "blue", &runs.on, |sample| sample.long),
        stepped("shorts, with breakers and the pause", "violet", &runs.on, |sample| sample.short),
        stepped("longs, without", "orange thin", &runs.off, |sample| sample.long),
        stepped("shorts, without", "rose thin", &runs.off, |sample| sample.short),
    ];
    comparison("Open interest", unit, 240.0, window, runs, lines)
}

/// The margin that the contract asked for at a leverage, and how far the market moved within the hour.
pub(super) fn margins(pair: &Pair, window: (u64, u64)) -> Chart {
    asked(&pair.breathing, &pair.still, window)
}

/// The margin that the contract asked for, and how far the market moved within the hour.
pub(super) fn asked(breathing: &Run, still: &Run, window: (u64, u64)) -> Chart {
    let samples = &breathing.samples;
    let moved = samples.iter().enumerate().map(|(at, sample)| {
        let hour = samples[..=at].iter().rev().take_while(|before| before.time + 3_600 >= sample.time);
        let (low, high) = hour.fold((f64::MAX, f64::MIN), |(low, high), s| (low.min(s.spot), high.max(s.spot)));
        (sample.time, bps(high, low))
    });
    let label = "the market's range within the hour".into();
    let moved = Line { label, style: "grey", step: false, points: moved.collect() };
    let lines = vec![
        moved,
        stepped("initial margin that breathes", "blue", breathing, |sample| sample.initial_bps),
        stepped("initial margin that stands still", "orange thin", still, |sample| sample.initial_bps),
    ];
    let mut chart = chart("Initial margin", "bps", 300.0, window, lines);
    chart.zero = true;
    chart.bands = bands(breathing);
    chart
}

/// The fund of its target; and what there is for losses beside what is owed after them.
pub(super) fn reserves(run: &Run, window: (u64, u64)) -> [Chart; 2] {
    let of = |label: &str, style: &'static str, of: &dyn Fn(&Reserves) -> f64| {
        stepped(label, style, run, |sample| sample.reserves.as_ref().map_or(f64::NAN, of))
    };
    let ratio = vec![of("the fund, of its target", "blue", &|it| it.ratio())];
    let mut ratio = chart("Fund ratio", "%", 220.0, window, ratio);
    ratio.levels.push(Level { value: 100.0, label: "target".into() });
    let money = vec![
        of("in the fund", "blue", &|it| it.fund),
        of("in the buffer", "teal", &|it| it.buffer),
        of("owed to traders who were cut", "rose thin", &|it| it.owed[0]),
        of("owed to providers", "orange thin", &|it| it.owed[1]),
        of("owed to the fund", "violet thin", &|it| it.owed[2]),
        of("owed to the buffer", "grey thin", &|it| it.owed[3]),
    ];
    let mut money = chart("Recapitalisation", "USDC", 300.0, window, money);
    (ratio.zero, money.zero) = (true, true);
    (ratio.bands, money.bands) = (bands(run), bands(run));
    [ratio, money]
}

pub(super) fn figure(out: &mut String, chart: &Chart, keys: Option<&str>, incident: &Incident) {
    let names: Vec<&str> =
        incident.citations.iter().filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
    let licences: Vec<&str> =
        incident.citations.iter().filter_map(|line| line.rsplit_once("; ")).map(|(_, l)| l).collect();
    drawn(out, chart, keys, &format!("Prices: {} ({})", names.join("; "), licences.join("; ")));
}

/// A chart with its source below.
pub(super) fn drawn(out: &mut String, chart: &Chart, keys: Option<&str>, source: &str) {
    let _ = writeln!(
        out,
        "<figure data-values=\"{}\"><div class=\"legend\">{}{}</div>\n{}<figcaption>{}. Everything else: this replay. Times UTC.</figcaption></figure>",
        escaped(&values(chart).to_string()),
        chart.legend(),
        keys.unwrap_or(""),
        chart.svg(),
        escaped(source)
    );
}

/// What left without the limiter and with it, and what waited: sums over time, to half an hour after the last of them.
pub(super) fn outflow(plan: &Plan, told: &Told) -> Chart {
    let mut changes: Vec<(u64, [f64; 3])> = Vec::new();
    for (flow, fate) in told.fates.iter().filter(|(flow, _)| !plan.is_honest(flow.account)) {
        let amount = flow.amount as f64 / 1e6;
        match fate {
            Fate::Paid => changes.push((flow.time, [amount, amount, 0.0])),
            Fate::Waits { .. } => changes.push((flow.time, [amount, 0.0, amount])),
            Fate::Refused => changes.push((flow.time, [amount, 0.0, 0.0])),
            Fate::Came => {}
        }
    }
    for (time, _, amount) in told.paid.iter().filter(|(_, owner, _)| !plan.is_honest(*owner)) {
        changes.push((*time, [0.0, *amount as f64 / 1e6, -(*amount as f64) / 1e6]));
    }
    changes.sort_by_key(|(time, _)| *time);
    let from = changes.first().map_or(0, |(time, _)| *time);
    let last = plan.flows.last().map_or(from, |flow| flow.time).max(plan.freeze.unwrap_or(from));
    let until = last + 1_800;
    let names = ["left without the limiter", "left with it", "waiting in tickets"];
    let lines = names.into_iter().zip(["orange", "blue", "violet"]).enumerate().map(|(at, (label, style))| {
        let mut sum = 0.0;
        let mut points: Vec<(u64, f64)> = changes
            .iter()
            .map(|(time, change)| {
                sum += change[at];
                (*time, sum)
            })
            .collect();
        points.push((until, sum));
        Line { label: label.into(), style, step: true, points }
    });
    let mut chart = chart("Sums since the first withdrawal", "USDC", 320.0, (from, until), lines.collect());
    chart.zero = true;
    let frozen = plan.freeze.map(|time| Mark {
        time,
        style: "person",
        label: format!("{} the Council holds the tickets", hour(time)),
    });
    chart.marks.extend(frozen);
    chart
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
    json!({"from": chart.from, "until": chart.until, "bottom": chart.height - 30.0, "times": times, "lines": lines})
}
