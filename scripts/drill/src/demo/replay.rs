//! One run of an incident: minute by minute, prices first, then those who act on them.
//!
//! Within a minute the informed trader comes first, then the keeper, then everybody else: the order that is worst for
//! the protocol.

use super::actors::{self, Ask, Habit, Held, Pending, Trader, View, UNIT};
use super::ground::{Ground, Refusal, Settings};
use super::incident::{float, Incident, Kind as SourceKind};
use super::perp::{self, Seen};
use super::record::{money, Event, Kind, Refusals, Run, Sample, Span, Totals, CLASSES, TIERS};
use alloy_primitives::Address;
use std::collections::BTreeMap;

/// A fall within the hour that makes the guardian look, and how long a person takes to act.
pub const ALARM: f64 = 0.06;
/// Seconds from the alarm to the pause.
pub const REACTION: u64 = 480;
/// Liquidity providers and what each of them brings, in whole units.
pub const PROVIDERS: [(&str, f64); 3] =
    [("provider P0", 6_000_000.0), ("provider P1", 3_000_000.0), ("provider P2", 1_000_000.0)];
/// A fall within the hour at which provider P1 wants a third of his money back.
const FLIGHT: f64 = 0.07;
/// When the market is calm again after that, and what provider P2 then adds.
const CALM: f64 = 0.02;
const RETURN: f64 = 500_000.0;
/// Seconds between two probes of what is possible while all is quiet.
const PROBE_EVERY: u64 = 600;

/// A replay that is under way.
pub struct Replay<'a> {
    incident: &'a Incident,
    ground: Ground,
    crowd: Vec<Trader>,
    providers: Vec<Provider>,
    prices: Prices,
    guardian: Guardian,
    tally: BTreeMap<(&'static str, String), u32>,
    run: Run,
    tier: u8,
    stopped: u8,
    why_stopped: String,
    keeper_reward: f64,
    frightened: bool,
    seen: Seen,
}

/// A liquidity provider.
struct Provider {
    address: Address,
    name: &'static str,
    shares: u128,
    pending: Option<Pending>,
    done: bool,
    in_: f64,
    out: f64,
}

/// What the person at the switch does.
enum Guardian {
    /// Nothing to see yet, or nobody there.
    Watching,
    /// Has seen it and reaches for the switch.
    Reacting {
        /// When it is pressed.
        at: u64,
    },
    /// Paused.
    Paused {
        /// When that ends by itself.
        until: u64,
    },
    /// Done: once is all there is.
    Done,
    /// Nobody there.
    Absent,
}

/// Where each source stands.
struct Prices {
    next: Vec<usize>,
    last: Vec<f64>,
    hour: Vec<(u64, f64)>,
}

impl<'a> Replay<'a> {
    /// Deploys everything and lets the providers in.
    pub fn new(incident: &'a Incident, name: &str, settings: &Settings) -> Result<Self, String> {
        let ground = Ground::new(incident, settings)?;
        let count = incident.sources.len();
        let mut replay = Self {
            incident,
            ground,
            crowd: actors::crowd(incident.from, incident.until),
            providers: Vec::new(),
            prices: Prices { next: vec![0; count], last: vec![f64::NAN; count], hour: Vec::new() },
            guardian: if settings.guardian { Guardian::Watching } else { Guardian::Absent },
            tally: BTreeMap::new(),
            run: Run {
                name: name.into(),
                samples: Vec::new(),
                tiers: Vec::new(),
                events: Vec::new(),
                journal: Vec::new(),
                refusals: Vec::new(),
                totals: Totals::default(),
                transactions: 0,
                gas: 0,
            },
            tier: 0,
            stopped: 0,
            why_stopped: String::new(),
            keeper_reward: 0.0,
            frightened: false,
            seen: Seen::default(),
        };
        replay.feed(incident.from)?;
        for (index, (name, amount)) in PROVIDERS.into_iter().enumerate() {
            let address = actors::address(6, index as u64);
            replay.ground.enter(address, amount).map_err(|refusal| refusal.text)?;
            let shares = replay.ground.provide(address, base_units(amount)).map_err(|refusal| refusal.text)?;
            let provider = Provider { address, name, shares, pending: None, done: false, in_: amount, out: 0.0 };
            replay.providers.push(provider);
        }
        Ok(replay)
    }

    /// Runs to the end; `progress` is told the time now and then.
    pub fn run(mut self, mut progress: impl FnMut(u64)) -> Result<Run, String> {
        let mut now = self.incident.from;
        while now <= self.incident.until {
            self.minute(now)?;
            if (now - self.incident.from) % 3_600 == 0 {
                progress(now);
            }
            now += 60;
        }
        self.finish()
    }

    fn minute(&mut self, now: u64) -> Result<(), String> {
        self.ground.at(now);
        self.feed(now)?;
        let view = self.view(now);
        self.dips(&view);
        self.act_as(0, &view); // the informed trader, before anybody can record anything
        self.guard(&view);
        self.keep(&view)?;
        for index in 1..self.crowd.len() {
            self.act_as(index, &view);
        }
        self.provide(&view);
        self.probe(&view);
        self.sample(&view)
    }

    /// Every price that was published since the last minute, with its own time.
    fn feed(&mut self, now: u64) -> Result<(), String> {
        for (index, source) in self.incident.sources.iter().enumerate() {
            while let Some(round) = source.rounds.get(self.prices.next[index]).filter(|round| round.updated_at <= now) {
                self.ground.push(index, round)?;
                self.prices.last[index] = float(round.answer);
                self.prices.next[index] += 1;
            }
        }
        Ok(())
    }

    fn view(&mut self, now: u64) -> View {
        let spot = self.prices.last[1]; // the first source that checks the anchor: the market as the demo sees it
        self.prices.hour.push((now, spot));
        self.prices.hour.retain(|(at, _)| at + 3_600 >= now);
        let high = self.prices.hour.iter().map(|(_, price)| *price).fold(spot, f64::max);
        View { now, spot, mark: self.mark(), fall: 1.0 - spot / high }
    }

    /// What the contract would trade at: the anchor, or the median where three or more may form one.
    fn mark(&self) -> f64 {
        let rounds = self.incident.sources.iter().zip(&self.prices.last);
        let prices: Vec<f64> =
            rounds.filter(|(source, _)| source.kind == SourceKind::Rounds).map(|(_, price)| *price).collect();
        if prices.len() < 3 {
            return self.prices.last[0];
        }
        median(&prices)
    }

    fn say(&mut self, time: u64, kind: Kind, text: String) {
        self.run.events.push(Event { time, kind, text });
    }

    fn dips(&mut self, view: &View) {
        if actors::call_dip_buyers(&mut self.crowd, view) {
            let text = format!(
                "The market is {:.1} % below its high of the last hour, at {:.2}: dip buyers come",
                view.fall * 100.0,
                view.spot
            );
            self.say(view.now, Kind::Market, text);
        }
    }

    /// Lets one trader do what he wants, if he wants something.
    fn act_as(&mut self, index: usize, view: &View) {
        // After a close there is collateral to take home in the same minute: two asks at most.
        for _ in 0..2 {
            let Some(ask) = actors::wish(&self.crowd[index], view) else { return };
            match self.ask(index, ask, view) {
                Ok(()) => {
                    let trader = &mut self.crowd[index];
                    trader.pending = None;
                    self.run.totals.filled += u32::from(matches!(ask, Ask::Open { .. } | Ask::Close));
                }
                Err(refusal) => return self.refused(index, ask, refusal, view),
            }
        }
    }

    fn ask(&mut self, index: usize, ask: Ask, view: &View) -> Result<(), Refusal> {
        if !self.crowd[index].arrived {
            let (address, capital) = (self.crowd[index].address, self.crowd[index].capital);
            self.ground.enter(address, capital)?;
            let trader = &mut self.crowd[index];
            trader.arrived = true;
            trader.net_in = base_units(capital) as i128;
            trader.free = base_units(capital) as i128;
        }
        let address = self.crowd[index].address;
        match ask {
            Ask::Open { long, notional, leverage } => {
                let size = (notional / view.mark * 1e12) as u128 * 1_000_000;
                let margin = base_units(notional / leverage);
                let fill = self.ground.open(address, long, size, margin)?;
                let trader = &mut self.crowd[index];
                trader.free -= (margin + fill.fee) as i128;
                trader.held =
                    Some(Held { long, size, margin, entry: fill.notional, since: view.now, topped_up: false });
                trader.plan = None;
                let text = format!(
                    "{} opens {} {} at {:.2}, {leverage:.0}x",
                    trader.name,
                    if long { "long" } else { "short" },
                    money(notional),
                    view.mark
                );
                self.say(view.now, trade_kind(&self.crowd[index]), text);
            }
            Ask::Close => {
                let fill = self.ground.close(address)?;
                let free = self.ground.free(address)? as i128;
                let trader = &mut self.crowd[index];
                let result = fill.profit as i128 - (fill.loss - fill.bad_debt) as i128;
                (trader.held, trader.free) = (None, free);
                trader.cashing_out = trader.habit != Habit::Follows && trader.free > 0;
                let text = format!(
                    "{} closes at {:.2}: {} after fees",
                    trader.name,
                    view.mark,
                    units(result - fill.fee as i128)
                );
                self.say(view.now, trade_kind(&self.crowd[index]), text);
            }
            Ask::TopUp(amount) => {
                let amount = base_units(amount).min(self.crowd[index].free.max(0) as u128);
                self.ground.top_up(address, amount)?;
                let trader = &mut self.crowd[index];
                trader.free -= amount as i128;
                if let Some(held) = &mut trader.held {
                    held.margin += amount;
                    held.topped_up = true;
                }
                let text = format!("{} adds {} of margin", trader.name, units(amount as i128));
                self.say(view.now, Kind::Trade, text);
            }
            Ask::Withdraw => {
                let amount = self.crowd[index].free.max(0);
                self.ground.withdraw(address, amount as u128)?;
                let trader = &mut self.crowd[index];
                (trader.free, trader.net_in, trader.cashing_out) = (0, trader.net_in - amount, false);
            }
            Ask::Provide(_) | Ask::Remove(_) => {}
        }
        Ok(())
    }

    /// What becomes of a call that did not go through.
    fn refused(&mut self, index: usize, ask: Ask, refusal: Refusal, view: &View) {
        let honest = self.crowd[index].habit != Habit::Follows;
        let name = self.crowd[index].name.clone();
        let probes = self.crowd[index].habit == Habit::Probes;
        let fresh = self.crowd[index].pending.is_none();
        let by_circuit = refusal.by_circuit || (refusal.margin && self.tier > 0);
        if fresh && by_circuit && !probes {
            self.count(ask.name(), &refusal, honest);
            if honest {
                self.say(view.now, Kind::Refusal, format!("{name} wants to {}: {}", ask.name(), refusal.text));
            }
        }
        let trader = &mut self.crowd[index];
        let since = trader.pending.map_or(view.now, |pending| pending.since);
        let patient = refusal.by_circuit && view.now - since < ask.patience();
        // The informed trader looks again every minute; others insist until their patience ends.
        trader.pending = (patient && honest).then_some(Pending { ask, since });
        if trader.pending.is_some() {
            return;
        }
        match ask {
            Ask::Open { .. } => {
                trader.plan = None;
                trader.cashing_out = trader.arrived && honest;
            }
            Ask::Withdraw => trader.cashing_out = false,
            Ask::TopUp(_) => {
                if let Some(held) = &mut trader.held {
                    held.topped_up = true;
                }
            }
            Ask::Close | Ask::Provide(_) | Ask::Remove(_) => {}
        }
    }

    fn count(&mut self, action: &'static str, refusal: &Refusal, honest: bool) {
        *self.tally.entry((action, refusal.name.clone())).or_default() += 1;
        self.run.totals.refused += 1;
        self.run.totals.refused_honest += u32::from(honest);
    }

    /// The keeper records what is due and liquidates what is short of margin.
    fn keep(&mut self, view: &View) -> Result<(), String> {
        let (tier, logs) = self.ground.poke()?;
        self.note(view.now, &logs);
        self.follow(view, tier);
        for index in 0..self.crowd.len() {
            let Some(held) = self.crowd[index].held else { continue };
            if self.crowd[index].habit == Habit::Probes || !held.is_short_of_margin(view.mark) {
                continue;
            }
            let address = self.crowd[index].address;
            match self.ground.liquidate(address) {
                Ok(perp::Liquidation::Done(fill)) => {
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

    fn liquidated(&mut self, index: usize, held: Held, free: i128, fill: &perp::Fill, view: &View) {
        self.keeper_reward += fill.reward as f64 / UNIT;
        let trader = &mut self.crowd[index];
        let lost = (held.margin as i128 - (free - trader.free)) as f64 / UNIT;
        (trader.held, trader.pending, trader.free) = (None, None, free);
        trader.cashing_out = trader.habit != Habit::Follows && trader.free > 0;
        let totals = &mut self.run.totals;
        totals.liquidations += 1;
        totals.liquidated_margin += lost;
        let debt = if fill.bad_debt > 0 {
            format!(", bad debt {}", money(fill.bad_debt as f64 / UNIT))
        } else {
            String::new()
        };
        let text = format!(
            "{} is liquidated at {:.2}: {} {}, {} of margin lost{debt}",
            trader.name,
            view.mark,
            if held.long { "long" } else { "short" },
            money(held.entry as f64 / UNIT),
            money(lost)
        );
        self.say(view.now, Kind::Liquidation, text);
    }

    /// Counted once for each position and stretch of refusals.
    fn liquidation_refused(&mut self, index: usize, refusal: Refusal, view: &View) {
        if self.crowd[index].unliquidated_since.replace(view.now).is_some_and(|at| at + 60 >= view.now) {
            return;
        }
        self.count("liquidate", &refusal, true);
        let text = format!("The keeper wants to liquidate {}: {}", self.crowd[index].name, refusal.text);
        self.say(view.now, Kind::Refusal, text);
    }

    /// The person at the switch: an alarm, a while to react, one pause; its end needs nobody.
    fn guard(&mut self, view: &View) {
        match self.guardian {
            Guardian::Watching if view.fall >= ALARM => {
                self.guardian = Guardian::Reacting { at: view.now + REACTION };
            }
            Guardian::Reacting { at } if view.now >= at => match self.ground.pause() {
                Ok((until, logs)) => {
                    self.guardian = Guardian::Paused { until };
                    let minutes = (until - view.now) / 60;
                    self.say(
                        view.now,
                        Kind::Pause,
                        format!(
                            "A guardian pauses the market: everything, for {minutes} min, {} s after the alarm",
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
            Guardian::Paused { until } if view.now >= until => {
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

    /// What the contract logged about its circuit.
    fn note(&mut self, now: u64, logs: &[perp::Note]) {
        for note in logs {
            match note {
                perp::Note::Said(kind, text) => self.say(now, *kind, text.clone()),
                perp::Note::Why(why) => self.seen.why = why.clone(),
                perp::Note::Anchored(price) => {
                    // One when it starts; later ones end an episode and are worth telling.
                    if std::mem::replace(&mut self.seen.anchored, true) {
                        self.say(
                            now,
                            Kind::Tier,
                            format!("The reference is set anew at {price:.2}, from clean samples"),
                        );
                    }
                }
            }
        }
    }

    /// Provider P1 takes fright and wants a third back; provider P2 adds when the market has calmed down after it.
    fn provide(&mut self, view: &View) {
        self.frightened |= view.fall >= FLIGHT;
        for index in 0..self.providers.len() {
            let provider = &self.providers[index];
            let ask = match (&provider.pending, index) {
                (Some(pending), _) => pending.ask,
                (None, 1) if !provider.done && view.fall >= FLIGHT => Ask::Remove(1.0 / 3.0),
                (None, 2) if !provider.done && self.frightened && view.fall < CALM => Ask::Provide(RETURN),
                _ => continue,
            };
            let (address, name, shares) = (provider.address, provider.name, provider.shares);
            let outcome = match ask {
                Ask::Remove(part) => self.remove(index, address, (shares as f64 * part) as u128),
                Ask::Provide(amount) => self.add(index, address, amount),
                _ => continue,
            };
            match outcome {
                Ok(text) => {
                    (self.providers[index].pending, self.providers[index].done) = (None, true);
                    self.say(view.now, Kind::Liquidity, format!("{name} {text}"));
                }
                Err(refusal) => self.provider_refused(index, ask, refusal, view),
            }
        }
    }

    fn remove(&mut self, index: usize, address: Address, shares: u128) -> Result<String, Refusal> {
        let amount = self.ground.remove(address, shares)?;
        let provider = &mut self.providers[index];
        provider.shares -= shares;
        provider.out += amount as f64 / UNIT;
        // Taken home at once; if that is refused it stays as free collateral, which no trade of others can touch.
        let _ = self.ground.withdraw(address, amount);
        Ok(format!("takes {} out of the pool", units(amount as i128)))
    }

    fn add(&mut self, index: usize, address: Address, amount: f64) -> Result<String, Refusal> {
        if self.providers[index].pending.is_none() {
            self.ground.enter(address, amount)?;
        }
        let shares = self.ground.provide(address, base_units(amount))?;
        let provider = &mut self.providers[index];
        provider.shares += shares;
        provider.in_ += amount;
        Ok(format!("adds {} to the pool", money(amount)))
    }

    fn provider_refused(&mut self, index: usize, ask: Ask, refusal: Refusal, view: &View) {
        let provider = &mut self.providers[index];
        let (name, fresh) = (provider.name, provider.pending.is_none());
        let since = provider.pending.map_or(view.now, |pending| pending.since);
        let patient = view.now - since < ask.patience();
        provider.pending = patient.then_some(Pending { ask, since });
        provider.done = !patient;
        if fresh {
            if refusal.by_circuit {
                self.count(ask.name(), &refusal, true);
            }
            self.say(view.now, Kind::Refusal, format!("{name} wants to {}: {}", ask.name(), refusal.text));
        } else if !patient {
            self.say(view.now, Kind::Liquidity, format!("{name} gives up: {}", refusal.text));
        }
    }

    /// Which classes a real call is refused now; nothing of it is kept.
    fn probe(&mut self, view: &View) {
        let quiet = self.stopped == 0 && self.tier == 0 && view.fall < 0.03;
        if quiet && (view.now - self.incident.from) % PROBE_EVERY != 0 {
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

    fn sample(&mut self, view: &View) -> Result<(), String> {
        let state = self.ground.state()?;
        let totals = &self.run.totals;
        let contributed: f64 = self.providers.iter().map(|provider| provider.in_ - provider.out).sum();
        let worth: f64 = self.crowd.iter().filter_map(|trader| trader.held).map(|held| held.worth(view.spot)).sum();
        let side = |long: bool| {
            let held = self.crowd.iter().filter_map(|trader| trader.held).filter(|held| held.long == long);
            held.map(|held| held.entry as f64 / UNIT).sum()
        };
        let sample = Sample {
            time: view.now,
            spot: view.spot,
            anchor: self.prices.last[0],
            check: state.pool_mean.unwrap_or_else(|| median(&self.prices.last[1..])),
            reference: state.reference,
            tier: self.tier,
            stopped: self.stopped,
            long: side(true),
            short: side(false),
            pool_result: state.assets - contributed - worth,
            informed: self.result_of(&self.crowd[0], view.spot),
            bad_debt: state.bad_debt,
            liquidations: totals.liquidations,
            refused: totals.refused,
        };
        self.run.samples.push(sample);
        Ok(())
    }

    fn result_of(&self, trader: &Trader, price: f64) -> f64 {
        let held = trader.held.map_or(0.0, |held| held.margin_units() + held.worth(price));
        (trader.free - trader.net_in) as f64 / UNIT + held
    }

    /// Follows the tier of the market and says what changed it.
    fn follow(&mut self, view: &View, now: u8) {
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

    fn finish(mut self) -> Result<Run, String> {
        let Some(last) = self.run.samples.last().copied() else { return Err("nothing was replayed".into()) };
        let providers: Vec<Address> = self.providers.iter().map(|provider| provider.address).collect();
        self.ground.conserved(&self.crowd, &providers)?;
        self.run.journal = self.ground.journal()?;
        let traders: f64 = self
            .crowd
            .iter()
            .filter(|trader| !matches!(trader.habit, Habit::Follows))
            .map(|trader| self.result_of(trader, last.spot))
            .sum();
        let totals = &mut self.run.totals;
        totals.loss = -last.pool_result;
        totals.bad_debt = last.bad_debt;
        totals.informed = last.informed;
        totals.traders = traders;
        totals.minutes_tripped = self.run.samples.iter().filter(|sample| sample.tier > 0).count() as u32;
        let mut high = f64::MIN;
        for sample in &self.run.samples {
            high = high.max(sample.pool_result);
            totals.worst_drawdown = totals.worst_drawdown.max(high - sample.pool_result);
        }
        self.run.refusals = self
            .tally
            .into_iter()
            .map(|((action, error), count)| Refusals { action: action.into(), error, count })
            .collect();
        self.run.refusals.sort_by_key(|refusal| std::cmp::Reverse(refusal.count));
        (self.run.transactions, self.run.gas) = self.ground.spent();
        Ok(self.run)
    }
}

fn median(prices: &[f64]) -> f64 {
    let mut prices = prices.to_vec();
    prices.sort_by(f64::total_cmp);
    let middle = prices.len() / 2;
    match (prices.len() % 2, prices.get(middle), prices.get(middle.wrapping_sub(1))) {
        (1, Some(price), _) => *price,
        (_, Some(high), Some(low)) => (high + low) / 2.0,
        _ => f64::NAN,
    }
}

fn trade_kind(trader: &Trader) -> Kind {
    if trader.habit == Habit::Follows {
        Kind::Informed
    } else {
        Kind::Trade
    }
}

fn base_units(amount: f64) -> u128 {
    (amount * UNIT).round() as u128
}

fn units(amount: i128) -> String {
    money(amount as f64 / UNIT)
}
