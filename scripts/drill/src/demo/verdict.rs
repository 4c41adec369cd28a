//! What the breakers did, in sentences that follow from the numbers and from nothing else.

use super::record::{clock, money, price, span, Kind, Run, CLASSES, TIERS};

/// The runs of one replay.
pub struct Runs {
    /// Breakers on, a guardian pauses once.
    pub on: Run,
    /// Breakers on, nobody pauses: what the pause itself changed.
    pub unpaused: Run,
    /// Breakers off, nobody pauses.
    pub off: Run,
}

/// A figure of both runs.
pub struct Row {
    /// What it is.
    pub label: &'static str,
    /// Breakers on.
    pub on: f64,
    /// Breakers on, nobody pauses.
    pub unpaused: f64,
    /// Breakers off.
    pub off: f64,
    /// More of it is better for the protocol and its users (1), worse (-1), or neither (0).
    pub good: i8,
}

impl Runs {
    /// All three, in the order of the report.
    pub fn all(&self) -> [&Run; 3] {
        [&self.on, &self.unpaused, &self.off]
    }

    /// The figures that are compared.
    pub fn rows(&self) -> Vec<Row> {
        let row = |label, good, of: fn(&Run) -> f64| Row {
            label,
            on: of(&self.on),
            unpaused: of(&self.unpaused),
            off: of(&self.off),
            good,
        };
        vec![
            row("result of the liquidity providers", 1, |run| -run.totals.loss),
            row("their worst fall on the way", -1, |run| run.totals.worst_drawdown),
            row("bad debt", -1, |run| run.totals.bad_debt),
            row("taken by the informed trader", -1, |run| run.totals.informed),
            row("result of all other traders", 1, |run| run.totals.traders),
            row("positions liquidated", -1, |run| f64::from(run.totals.liquidations)),
            row("margin lost in liquidations", -1, |run| run.totals.liquidated_margin),
            row("calls refused by the circuit", -1, |run| f64::from(run.totals.refused)),
            row("of these, of ordinary users", -1, |run| f64::from(run.totals.refused_honest)),
            row("orders filled", 0, |run| f64::from(run.totals.filled)),
            row("withdrawals that waited for a ticket", -1, |run| f64::from(run.totals.tickets)),
            row("minutes above Normal", 0, |run| f64::from(run.totals.minutes_tripped)),
        ]
    }

    /// What the comparison says.
    pub fn sentences(&self, unit: &str) -> Vec<String> {
        let (on, off) = (&self.unpaused.totals, &self.off.totals);
        let mut said = Vec::new();
        said.push(format!(
            "Liquidity providers ended {} with the breakers and {} without them: the breakers {}.",
            gained(-on.loss, unit),
            gained(-off.loss, unit),
            saved(off.loss - on.loss, unit)
        ));
        said.push(format!(
            "Bad debt was {} {unit} with and {} {unit} without: the breakers {}.",
            money(on.bad_debt),
            money(off.bad_debt),
            saved(off.bad_debt - on.bad_debt, unit)
        ));
        said.push(format!(
            "The informed trader took {} {unit} with and {} {unit} without: the breakers {}.",
            money(on.informed),
            money(off.informed),
            saved(off.informed - on.informed, unit)
        ));
        said.push(format!(
            "Liquidated: {} positions and {} {unit} of margin with, {} and {} {unit} without.",
            on.liquidations,
            money(on.liquidated_margin),
            off.liquidations,
            money(off.liquidated_margin)
        ));
        said.push(format!(
            "The price of it: {} calls were refused, {} of them of ordinary users; the circuit was above Normal for {}.",
            on.refused,
            on.refused_honest,
            span(u64::from(on.minutes_tripped) * 60)
        ));
        said.extend(self.at_the_low());
        said.push(self.of_the_pause(unit));
        said
    }

    /// What the circuit allowed at the lowest price.
    fn at_the_low(&self) -> Option<String> {
        let (time, low) = self.low();
        let sample = self.unpaused.samples.iter().find(|sample| sample.time == time)?;
        let refused: Vec<&str> = CLASSES
            .iter()
            .enumerate()
            .filter(|(class, _)| sample.stopped >> class & 1 == 1)
            .map(|(_, name)| *name)
            .collect();
        let refused = if refused.is_empty() { "no class of action".into() } else { refused.join(", ") };
        let tier = TIERS.get(usize::from(sample.tier)).copied().unwrap_or("?");
        Some(format!("At the low, {} at {}, the market was {tier} and refused {refused}.", price(low), clock(time)))
    }

    /// What the guardian's pause changed, beyond what the breakers did without it.
    fn of_the_pause(&self, unit: &str) -> String {
        let (with, without) = (&self.on.totals, &self.unpaused.totals);
        format!(
            "The guardian's pause, against the same breakers without it: providers {}, bad debt {}, other traders {}, {} more calls refused, {:+} liquidations.",
            signed(without.loss - with.loss, unit),
            signed(with.bad_debt - without.bad_debt, unit),
            signed(with.traders - without.traders, unit),
            i64::from(with.refused) - i64::from(without.refused),
            i64::from(with.liquidations) - i64::from(without.liquidations)
        )
    }

    /// The lowest price of the market and its time.
    pub fn low(&self) -> (u64, f64) {
        let lowest = self.on.samples.iter().min_by(|a, b| a.spot.total_cmp(&b.spot));
        lowest.map_or((0, f64::NAN), |sample| (sample.time, sample.spot))
    }

    /// What the data cannot show.
    pub fn limits(&self, low: u64, until: u64) -> Vec<String> {
        let mut said = vec![format!(
            "The data ends {} after the low of {}: what the market did later, and whether it proved anyone right, is not in it.",
            span(until - low),
            clock(low)
        )];
        let open: Vec<String> = self
            .on
            .tiers
            .iter()
            .filter(|span| span.until >= until)
            .map(|span| format!("{} since {}", span.tier, clock(span.from)))
            .collect();
        if !open.is_empty() {
            said.push(format!("Still in force when it ends, so that its step down is not seen: {}.", open.join("; ")));
        }
        if self.on.journal.iter().any(|incident| incident.resolved.is_none()) {
            said.push("Not every incident is resolved when the data ends.".into());
        }
        said.push("The prices are real; the traders, their sizes and the guardian are invented by the fixed schedule of the demo. Fills are at the oracle's price without slippage, gas costs nothing, keepers never fail, and the trades do not move the market.".into());
        said
    }

    /// Moments that are worth a mark in a chart: changes of tier and what people did.
    pub fn moments(&self) -> impl Iterator<Item = &super::record::Event> {
        self.on.events.iter().filter(|event| matches!(event.kind, Kind::Tier | Kind::Pause))
    }
}

/// A result in words.
pub fn gained(value: f64, unit: &str) -> String {
    if value < 0.0 {
        format!("{} {unit} down", money(-value))
    } else {
        format!("{} {unit} up", money(value))
    }
}

/// A difference in words, above zero for the better.
pub fn saved(value: f64, unit: &str) -> String {
    match value {
        v if v >= 0.5 => format!("saved {} {unit}", money(v)),
        v if v <= -0.5 => format!("cost {} {unit}", money(-v)),
        _ => "made no difference".into(),
    }
}

fn signed(value: f64, unit: &str) -> String {
    if value.abs() < 0.5 {
        return format!("0 {unit}");
    }
    format!("{}{} {unit}", if value > 0.0 { "+" } else { "-" }, money(value.abs()))
}
