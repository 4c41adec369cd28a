//! The story on a terminal: what happened when, and what came of it.

use super::incident::Incident;
use super::leverage::{self, Pair};
use super::record::{date, hour, money, price, Event, Kind, Run, Sample};
use super::report::Setting;
use super::verdict::Runs;
use std::fmt::Write;
use std::io::IsTerminal;

/// Events of one kind in one minute from which on they are told together.
const TOGETHER: usize = 3;

/// Escape sequences, where there is a terminal that shows them.
#[derive(Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// Colours on a terminal, none in a file or where `NO_COLOR` asks for none.
    pub fn detect() -> Self {
        Self(std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none())
    }
    fn with(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.into()
        }
    }
}

/// The whole of it.
pub fn text(incident: &Incident, runs: &Runs, pairs: &[Pair], setting: &Setting, paint: Paint) -> String {
    let mut out = String::new();
    let run = &runs.on;
    let _ = writeln!(out, "\n{}", paint.with("1", &format!("{}, as the contract lived it (UTC)", incident.title)));
    let _ = writeln!(out, "{}\n", paint.with("2", "  time     market   oracle    check"));
    let mut day = 0;
    let (mut at, events) = (0, told(&run.events));
    for sample in run.samples.iter() {
        let (number, month) = date(sample.time);
        if number != day {
            day = number;
            let _ = writeln!(out, "{}", paint.with("1", &format!("{number} {month}")));
            let _ = writeln!(out, "  {}", paint.with("2", &of_the_day(run, sample.time)));
        }
        while let Some((time, kind, text)) = events.get(at).filter(|(time, ..)| *time <= sample.time) {
            let _ = writeln!(
                out,
                "  {}  {}  {}",
                hour(*time),
                paint.with("2", &prices(sample)),
                coloured(paint, *kind, text)
            );
            at += 1;
        }
    }
    let _ = writeln!(out, "\n{}", paint.with("1", "With the breakers and without"));
    let _ = writeln!(
        out,
        "{}",
        paint.with("2", &format!("  {:38} {:>14} {:>14} {:>14}", setting.unit, "on", "on + pause", "off"))
    );
    for row in runs.rows() {
        let _ = writeln!(
            out,
            "  {:38} {:>14} {:>14} {:>14}",
            row.label,
            money(row.unpaused),
            money(row.on),
            money(row.off)
        );
    }
    let _ = writeln!(out, "\n{}", paint.with("1", "What it comes to"));
    for line in runs.sentences(setting.unit) {
        let _ = writeln!(out, "  {line}");
    }
    if !pairs.is_empty() {
        let _ = writeln!(out, "\n{}", paint.with("1", "The last day at one leverage each"));
        out.push_str(&leverage::text(pairs, setting.unit));
    }
    let _ = writeln!(out, "\n{}", paint.with("1", "What this cannot show"));
    for line in runs.limits(setting.low.0, incident.until) {
        let _ = writeln!(out, "  {line}");
    }
    out
}

/// The prices of a minute in columns.
fn prices(sample: &Sample) -> String {
    let price = |value: f64| if value.is_finite() { format!("{:>8}", price(value)) } else { "       -".into() };
    format!("{} {} {}", price(sample.spot), price(sample.anchor), price(sample.check))
}

/// What matters, with much of a kind in one minute told together.
fn told(events: &[Event]) -> Vec<(u64, Kind, String)> {
    let mut told: Vec<(u64, Kind, String)> = Vec::new();
    let important: Vec<&Event> =
        events.iter().filter(|event| !matches!(event.kind, Kind::Trade | Kind::Informed)).collect();
    let mut rest = important.as_slice();
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|event| (event.time, event.kind) == (first.time, first.kind)).count();
        let (these, others) = rest.split_at(same);
        let several = matches!(first.kind, Kind::Liquidation | Kind::Refusal);
        if several && same >= TOGETHER {
            let what = if first.kind == Kind::Liquidation { "positions are liquidated" } else { "calls are refused" };
            told.push((first.time, first.kind, format!("{same} {what}, first: {}", first.text)));
        } else {
            told.extend(these.iter().map(|event| (event.time, event.kind, event.text.clone())));
        }
        rest = others;
    }
    told
}

fn coloured(paint: Paint, kind: Kind, text: &str) -> String {
    match kind {
        Kind::Tier => paint.with("1;33", text),
        Kind::Pause => paint.with("1;35", text),
        Kind::Liquidation => paint.with("31", text),
        Kind::Refusal | Kind::Access => paint.with("36", text),
        _ => text.into(),
    }
}

/// One line for the day that begins at `from`.
fn of_the_day(run: &Run, from: u64) -> String {
    let end = (from / 86_400 + 1) * 86_400;
    let today: Vec<&Sample> = run.samples.iter().filter(|sample| (from..end).contains(&sample.time)).collect();
    let (Some(first), Some(last)) = (today.first(), today.last()) else { return String::new() };
    let low = today.iter().map(|sample| sample.spot).fold(f64::MAX, f64::min);
    let events =
        |kind: Kind| run.events.iter().filter(|event| event.kind == kind && (from..end).contains(&event.time)).count();
    let tripped = today.iter().filter(|sample| sample.tier > 0).count();
    format!(
        "{} to {}, low {}; {} trades, {} liquidated, {}",
        price(first.spot),
        price(last.spot),
        price(low),
        events(Kind::Trade) + events(Kind::Informed),
        events(Kind::Liquidation),
        if tripped == 0 { "nothing tripped".into() } else { format!("{tripped} min above Normal") }
    )
}
