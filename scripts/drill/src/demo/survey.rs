//! Many records at once: how often a circuit tripped, at which tier, for how long, and whether exits stayed open.

use super::facts;
use super::incident::Incident;
use super::record::{clock, money, span, Run, CLASSES, TIERS};
use super::stage::Played;
use std::fmt::Write;

/// What a record is replayed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Nothing should trip.
    Quiet,
    /// Whatever trips, closing and liquidating go on.
    Storms,
}

/// One record of a survey.
pub struct Line {
    /// For people.
    pub title: String,
    /// Seconds of the record.
    pub seconds: u64,
    /// Minutes that were replayed.
    pub minutes: usize,
    /// The market's largest fall from a high before it, in percent.
    pub fall: f64,
    /// How often each tier above Normal was entered, and for how many seconds.
    pub tiers: [(usize, u64); 3],
    /// The highest strike; the third latches.
    pub strikes: u8,
    /// Minutes in which a real call of each class was refused.
    pub stopped: [u64; 5],
    /// Closings that somebody asked for and was refused.
    pub closings_refused: u32,
    /// Liquidations that the keeper tried and was refused.
    pub liquidations_refused: u32,
    /// Positions liquidated, with breakers and without.
    pub liquidations: (u32, Option<u32>),
    /// What the informed trader took, with breakers.
    pub informed: f64,
    /// Bad debt, with breakers and without.
    pub bad_debt: (f64, Option<f64>),
    /// Result of the liquidity providers, with breakers and without.
    pub providers: (f64, Option<f64>),
}

/// The line of a record.
pub fn line(incident: &Incident, played: &Played) -> Line {
    let (run, off) = (&played.on, played.off.as_ref());
    let refused = |action: &str| {
        run.refusals.iter().filter(|refusal| refusal.action == action).map(|refusal| refusal.count).sum()
    };
    Line {
        title: incident.title.clone(),
        seconds: incident.until - incident.from,
        minutes: run.samples.len(),
        fall: fall(incident),
        tiers: [1, 2, 3].map(|tier| of_tier(run, TIERS[tier])),
        strikes: run.strikes,
        stopped: std::array::from_fn(|class| {
            run.samples.iter().filter(|sample| sample.stopped >> class & 1 == 1).count() as u64
        }),
        closings_refused: refused("close a position"),
        liquidations_refused: refused("liquidate"),
        liquidations: (run.totals.liquidations, off.map(|off| off.totals.liquidations)),
        informed: run.totals.informed,
        bad_debt: (run.totals.bad_debt, off.map(|off| off.totals.bad_debt)),
        providers: (-run.totals.loss, off.map(|off| -off.totals.loss)),
    }
}

fn of_tier(run: &Run, name: &str) -> (usize, u64) {
    let spans = run.tiers.iter().filter(|span| span.tier == name);
    spans.fold((0, 0), |(count, seconds), span| (count + 1, seconds + span.until - span.from))
}

fn fall(incident: &Incident) -> f64 {
    let (mut high, mut worst) = (0u64, 0f64);
    for round in incident.market() {
        high = high.max(round.answer);
        worst = worst.max(1.0 - round.answer as f64 / high as f64);
    }
    worst * 100.0
}

/// What the lines say together.
pub fn sentences(lines: &[Line], question: Question) -> Vec<String> {
    let days: u64 = lines.iter().map(|line| line.seconds).sum::<u64>() / 86_400;
    let sum = |tier: usize| {
        lines.iter().fold((0, 0), |(count, seconds), line| (count + line.tiers[tier].0, seconds + line.tiers[tier].1))
    };
    let tiers: Vec<String> = (0..3)
        .map(|tier| match sum(tier) {
            (0, _) => format!("{} never", TIERS[tier + 1]),
            (count, seconds) => format!("{} {count} times for {}", TIERS[tier + 1], span(seconds)),
        })
        .collect();
    let latches = lines.iter().filter(|line| line.strikes >= 3).count();
    let latch = if latches == 0 { "no latch".into() } else { format!("latched in {latches} of {}", lines.len()) };
    let mut said = vec![format!("In {days} days of {} records: {}; {latch}.", lines.len(), tiers.join(", "))];
    let stopped: Vec<String> = CLASSES
        .iter()
        .enumerate()
        .map(|(class, name)| (name, lines.iter().map(|line| line.stopped[class]).sum::<u64>()))
        .map(|(name, minutes)| format!("{name} {}", if minutes == 0 { "never".into() } else { span(minutes * 60) }))
        .collect();
    said.push(format!("A real call of each class, tried on the contract, was refused: {}.", stopped.join(", ")));
    match question {
        Question::Quiet => said.push(match (0..3).map(|tier| sum(tier).0).sum::<usize>() {
            0 => "Nothing tripped that should not have: nothing tripped at all.".into(),
            count => format!("{count} times a tier was entered where nothing should have tripped: each is in the table below, with the contract's own reason."),
        }),
        Question::Storms => {
            let of = |count: fn(&Line) -> u32| lines.iter().map(count).sum::<u32>();
            said.push(format!(
                "Closing was refused {} times to traders who asked for it, liquidation {} times to the keeper; {} positions were liquidated with breakers, {} without.",
                of(|line| line.closings_refused),
                of(|line| line.liquidations_refused),
                of(|line| line.liquidations.0),
                of(|line| line.liquidations.1.unwrap_or_default())
            ));
            let of = |value: fn(&Line) -> f64| money(lines.iter().map(value).sum());
            said.push(format!(
                "Bad debt {} USDC with breakers, {} without; the providers' result {} USDC with (what the informed trader took: {}), {} without.",
                of(|line| line.bad_debt.0),
                of(|line| line.bad_debt.1.unwrap_or_default()),
                of(|line| line.providers.0),
                of(|line| line.informed),
                of(|line| line.providers.1.unwrap_or_default())
            ));
        }
    }
    said
}

/// What such a survey cannot show.
pub fn limits() -> Vec<String> {
    vec![
        "Each record holds one venue or one feed; what stands in for the second source is named with each record. Two views of one venue agree in everything but time: what real sources would have said against each other is not in the data.".into(),
        "The prices are real; traders and sizes are invented by the fixed schedule of the demo. Fills are at the oracle's price without slippage, gas costs nothing, keepers never fail, and the trades do not move the market.".into(),
    ]
}

/// The head of the table, the same on the terminal and in the report; `no`: minutes in which a real call was refused.
pub fn head(question: Question) -> Vec<&'static str> {
    let mut head = vec!["days", "replayed", "fall", "Guarded", "ReduceOnly", "Halted", "no Increase"];
    match question {
        Question::Quiet => head.push("no other call"),
        Question::Storms => head.extend(["no closing", "no liquidation", "liquidated", "bad debt"]),
    }
    head
}

/// The cells of a line under [`head`].
pub fn cells(line: &Line, question: Question) -> Vec<String> {
    let tier = |at: usize| match line.tiers[at] {
        (0, _) => "-".into(),
        (count, seconds) => format!("{count} x, {}", span(seconds)),
    };
    let minutes = |count: u64| if count == 0 { "-".into() } else { format!("{count} min") };
    let mut cells = vec![
        (line.seconds / 86_400).to_string(),
        format!("{} min", money(line.minutes as f64)),
        format!("{:.1} %", line.fall),
        tier(0),
        tier(1),
        tier(2),
        minutes(line.stopped[0]),
    ];
    match question {
        Question::Quiet => cells.push(minutes(line.stopped[1..].iter().copied().max().unwrap_or_default())),
        Question::Storms => cells.extend([
            minutes(line.stopped[2]),
            minutes(line.stopped[1]),
            format!("{} / {}", line.liquidations.0, line.liquidations.1.unwrap_or_default()),
            format!("{} / {}", money(line.bad_debt.0), money(line.bad_debt.1.unwrap_or_default())),
        ]),
    }
    cells
}

/// The whole of it for a terminal.
pub fn text(title: &str, parts: &[(&Incident, &Played)], question: Question) -> String {
    let lines: Vec<Line> = parts.iter().map(|(incident, played)| line(incident, played)).collect();
    let mut out = format!("\n{title}\n");
    for (line, (incident, played)) in lines.iter().zip(parts) {
        let _ = writeln!(out, "\n  {}", line.title);
        for (name, cell) in head(question).iter().zip(cells(line, question)) {
            let _ = writeln!(out, "    {name:22} {cell}");
        }
        for tier in &played.on.tiers {
            let (from, long) = (clock(tier.from), span(tier.until - tier.from));
            let _ = writeln!(out, "    {from}  {} for {long}: {}", tier.tier, tier.why);
        }
        let sampled = facts::sampled(incident);
        for said in incident.assumed.iter().chain([&sampled]) {
            let _ = writeln!(out, "    {said}");
        }
    }
    let _ = writeln!(out, "\nWhat it comes to");
    for line in sentences(&lines, question) {
        let _ = writeln!(out, "  {line}");
    }
    out
}
