//! The circuit: the keeper who records and liquidates, the person at the switch, what is possible, what the tier is.

use super::{Guardian, Replay, ALARM, REACTION, SECOND_LOOK};
use crate::demo::actors::{Habit, Held, View, UNIT};
use crate::demo::cascade::{Reserves, Step};
use crate::demo::ground::Refusal;
use crate::demo::margin::asked_bps;
use crate::demo::perp;
use crate::demo::record::{money, price, Kind, Span, CLASSES, TIERS};
use crate::demo::setup::PAUSED_SCOPE;

/// By how much the probe's position would have to grow so that its margin is certainly refused, in whole units.
const ENOUGH: f64 = 20_000.0;
/// All classes of action.
const EVERYTHING: u8 = 0b1_1111;

impl Replay<'_> {
    /// The keeper records what is due and liquidates what is short of margin.
    pub(super) fn keep(&mut self, view: &View) -> Result<(), String> {
        let (tier, logs) = self.ground.poke()?;
        self.note(view.now, &logs);
        self.follow(view, tier);
        if self.incident.cast.cascade.is_some_and(|it| (it.still.0..it.still.1).contains(&view.now)) {
            return Ok(());
        }
        for index in 0..self.crowd.len() {
            let Some(held) = self.crowd[index].held else { continue };
            if self.crowd[index].habit == Habit::Probes || !held.is_short_of_margin(view.mark) {
                continue;
            }
            let address = self.crowd[index].address;
            match self.ground.liquidate(address) {
                Ok(perp::Liquidation::Done(fill, logs)) => {
                    self.note(view.now, &logs);
                    let free = self.ground.free(address).map_err(|refusal| refusal.text)?;
                    self.liquidated(index, held, free as i128, &fill, view);
                }
                Ok(perp::Liquidation::Refused { logs, why }) => {
                    self.note(view.now, &logs);
                    self.liquidation_refused(index, why, view);
                }
                Err(refusal) if refusal.by_circuit => self.liquidation_refused(index, refusal, view),
                Err(_) => {} // healthy by a hair, or in the grace after a pause
            }
        }
        Ok(())
    }

    pub(super) fn liquidated(&mut self, index: usize, held: Held, free: i128, fill: &perp::Fill, view: &View) {
        self.keeper_reward += fill.reward as f64 / UNIT;
        let trader = &mut self.crowd[index];
        let lost = (held.margin as i128 - (free - trader.free)) as f64 / UNIT;
        (trader.held, trader.pending, trader.free) = (None, None, free);
        trader.cashing_out = trader.habit != Habit::Follows && trader.free > 0;
        if fill.borne.iter().any(|part| *part > 0) {
            let who = trader.name.clone();
            self.run.steps.push(Step { time: view.now, who, loss: fill.loss, borne: fill.borne });
        }
        let trader = &self.crowd[index];
        let totals = &mut self.run.totals;
        totals.liquidations += 1;
        totals.liquidated_margin += lost;
        let debt = if fill.bad_debt > 0 {
            format!(", bad debt {}", money(fill.bad_debt as f64 / UNIT))
        } else {
            String::new()
        };
        let text = format!(
            "{} is liquidated at {}: {} {}, {} of margin lost{debt}",
            trader.name,
            price(view.mark),
            if held.long { "long" } else { "short" },
            money(held.entry as f64 / UNIT),
            money(lost)
        );
        self.say(view.now, Kind::Liquidation, text);
    }

    /// Counted once for each position and stretch of refusals.
    pub(super) fn liquidation_refused(&mut self, index: usize, refusal: Refusal, view: &View) {
        if self.crowd[index].unliquidated_since.replace(view.now).is_some_and(|at| at + 60 >= view.now) {
            return;
        }
        self.count("liquidate", &refusal, true);
        let text = format!("The keeper wants to liquidate {}: {}", self.crowd[index].name, refusal.text);
        self.say(view.now, Kind::Refusal, text);
    }

    /// The person at the switch: an alarm, a while to react, one pause; its end needs nobody.
    pub(super) fn guard(&mut self, view: &View) {
        match self.guardian {
            Guardian::Watching if view.fall >= ALARM => {
                self.guardian = Guardian::Reacting { at: view.now + REACTION };
            }
            Guardian::Reacting { at } if view.now >= at => match self.ground.pause(PAUSED_SCOPE, EVERYTHING) {
                Ok((until, logs)) => {
                    // With two sources the pause runs out by itself; with one, people have to say that it is over.
                    let look = self.incident.is_sole().then_some(view.now + SECOND_LOOK);
                    self.guardian = Guardian::Paused { until, look };
                    let minutes = (until - view.now) / 60;
                    self.say(
                        view.now,
                        Kind::Pause,
                        format!(
                            "A guardian pauses the market: every class, for {minutes} min, {} s after the alarm",
                            REACTION
                        ),
                    );
                    self.note(view.now, &logs);
                }
                Err(refusal) => {
                    self.guardian = Guardian::Done;
                    self.say(view.now, Kind::Pause, format!("A guardian wants to pause: {}", refusal.text));
                }
            },
            Guardian::Paused { until, look: Some(look) } if view.now >= look && view.now < until => {
                self.look_again(until, view);
            }
            Guardian::Paused { until, .. } if view.now >= until => {
                self.guardian = Guardian::Done;
                self.say(
                    view.now,
                    Kind::Pause,
                    "The pause has run out: by the clock alone, nobody did anything".into(),
                );
            }
            _ => {}
        }
    }

    /// The Council, which did not open the incident, ends the pause.
    fn look_again(&mut self, until: u64, view: &View) {
        match self.ground.unpause(PAUSED_SCOPE) {
            Ok(logs) => {
                self.guardian = Guardian::Done;
                let minutes = (until - view.now) / 60;
                let text = format!("The Council ends the pause, {minutes} min before the clock would have");
                self.say(view.now, Kind::Pause, text);
                self.note(view.now, &logs);
            }
            Err(refusal) => {
                self.guardian = Guardian::Paused { until, look: None };
                self.say(view.now, Kind::Pause, format!("The Council wants to end the pause: {}", refusal.text));
            }
        }
    }

    /// What the contract logged about its circuit.
    pub(super) fn note(&mut self, now: u64, logs: &[perp::Note]) {
        for note in logs {
            match note {
                perp::Note::Said(kind, text) => self.say(now, *kind, text.clone()),
                perp::Note::Why(why, strikes) => {
                    self.seen.why = why.clone();
                    self.run.strikes = self.run.strikes.max(*strikes);
                }
                perp::Note::Anchored(at) => {
                    // One when it starts; later ones end an episode and are worth telling.
                    if std::mem::replace(&mut self.seen.anchored, true) {
                        self.say(
                            now,
                            Kind::Tier,
                            format!("The reference is set anew at {}, from clean samples", price(*at)),
                        );
                    }
                }
            }
        }
    }

    /// Which classes a real call is refused now; nothing of it is kept.
    pub(super) fn probe(&mut self, view: &View) {
        if self.is_quiet(view) && !self.is_due(view) {
            return;
        }
        let Some(probe) = self.crowd.iter().find(|trader| trader.habit == Habit::Probes && trader.held.is_some())
        else {
            return;
        };
        let answers = self.ground.probe(probe.address);
        let mut stopped = 0;
        let mut reasons: Vec<String> = Vec::new();
        for (class, refusal) in answers.into_iter().enumerate() {
            let Some(refusal) = refusal else { continue };
            stopped |= 1 << class;
            if !reasons.contains(&refusal.text) {
                reasons.push(refusal.text);
            }
        }
        if stopped != self.stopped {
            let names = |mask: u8| {
                let names: Vec<&str> = CLASSES
                    .iter()
                    .enumerate()
                    .filter(|(class, _)| mask >> class & 1 == 1)
                    .map(|(_, name)| *name)
                    .collect();
                names.join(", ")
            };
            let text = match (stopped, stopped & !self.stopped) {
                (0, _) => "Every class of action passes again".into(),
                (_, 0) => format!("{} passes again; still refused: {}", names(self.stopped & !stopped), names(stopped)),
                (_, new) => format!("{} refused: {}", names(new), reasons.join("; ")),
            };
            self.say(view.now, Kind::Access, text);
        }
        (self.stopped, self.why_stopped) = (stopped, reasons.join("; "));
    }

    /// The initial margin in bps that the contract names now, where all use one leverage.
    pub(super) fn initial(&self, view: &View) -> f64 {
        let probe = self.crowd.iter().find(|trader| trader.habit == Habit::Probes);
        let (true, Some(probe)) = (self.incident.shrinks(), probe) else { return f64::NAN };
        let Some(held) = &probe.held else { return f64::NAN };
        let more = (ENOUGH / view.mark * 1e12) as u128 * 1_000_000;
        let asked = self.ground.needed(probe.address, more);
        asked.map_or(f64::NAN, |needed| asked_bps(held, more, view.mark, needed))
    }

    /// What there is for losses in a cascade: read when it has changed, and now and then.
    pub(super) fn reserves(&mut self, view: &View) -> Result<Option<Reserves>, String> {
        if self.incident.cast.cascade.is_none() {
            return Ok(None);
        }
        let lost = self.run.steps.last().is_some_and(|step| step.time == view.now);
        match self.run.samples.last().and_then(|sample| sample.reserves) {
            Some(known) if !lost && !self.is_due(view) => Ok(Some(known)),
            _ => self.ground.reserves().map(Some),
        }
    }

    /// Follows the tier of the market and says what changed it.
    pub(super) fn follow(&mut self, view: &View, now: u8) {
        let before = std::mem::replace(&mut self.tier, now);
        let why_now = std::mem::take(&mut self.seen.why);
        if now == before {
            return;
        }
        if let Some(span) = self.run.tiers.last_mut().filter(|_| before > 0) {
            span.until = view.now;
        }
        let name = TIERS[usize::from(now).min(4)];
        let paused = matches!(self.guardian, Guardian::Paused { .. });
        let why = if now > before && !why_now.is_empty() {
            why_now
        } else if now > before && paused {
            "a guardian's pause".into()
        } else if now > before && matches!(self.guardian, Guardian::Absent) {
            "recorded by somebody's trade".into()
        } else if now > before {
            "the grace after the pause".into()
        } else {
            format!("stepped down from {} by the clock", TIERS[usize::from(before).min(4)])
        };
        self.say(view.now, Kind::Tier, format!("{name}: {why}"));
        if now > 0 {
            self.run.tiers.push(Span { tier: name.into(), from: view.now, until: self.incident.until, why });
        }
    }
}
