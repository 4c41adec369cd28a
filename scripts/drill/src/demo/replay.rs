//! One run of an incident: minute by minute, prices first, then those who act on them.
//!
//! Within a minute the informed trader comes first, then the keeper, then everybody else: the order that is worst for
//! the protocol.

mod circuit;
mod ends;
mod liquidity;
mod trading;

use super::actors::{self, Pending, Trader, View, UNIT};
use super::cascade;
use super::ground::{Ground, Settings};
use super::incident::{float, Incident, Kind as SourceKind};
use super::perp::Seen;
use super::record::{money, price, Event, Kind, Run, Sample, Totals};
use alloy_primitives::Address;
use std::collections::BTreeMap;

/// A fall within the hour that makes the guardian look, and how long a person takes to act.
pub const ALARM: f64 = 0.06;
/// Seconds from the alarm to the pause.
pub const REACTION: u64 = 480;
/// Seconds from the pause to the Council's word that it may end; an incident has to be 10 minutes old for that.
pub const SECOND_LOOK: u64 = 1_200;
/// Liquidity providers and what each of them brings, in whole units.
pub const PROVIDERS: [(&str, f64); 3] =
    [("provider P0", 6_000_000.0), ("provider P1", 3_000_000.0), ("provider P2", 1_000_000.0)];
/// A fall within the hour that is not quiet any more.
const QUIET: f64 = 0.02;
const DAY: u64 = 86_400;
/// Buckets that follow the protocol's liquidity: withdrawals and removals.
const BUCKETS: [u32; 2] = [0, 1];

/// A replay that is under way.
#[derive(Clone)]
pub struct Replay<'a> {
    incident: &'a Incident,
    /// The minute that comes next.
    next: u64,
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
#[derive(Clone)]
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
#[derive(Clone, Copy)]
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
        /// When the Council looks at it; none once it has.
        look: Option<u64>,
    },
    /// Done: once is all there is.
    Done,
    /// Nobody there.
    Absent,
}

/// Where each source stands.
#[derive(Clone)]
struct Prices {
    next: Vec<usize>,
    last: Vec<f64>,
    spot: f64,
    hour: Vec<(u64, f64)>,
}

impl<'a> Replay<'a> {
    /// Deploys everything and lets the providers in.
    pub fn new(incident: &'a Incident, name: &str, settings: &Settings) -> Result<Self, String> {
        let ground = Ground::new(incident, settings)?;
        let count = incident.sources.len();
        let mut replay = Self {
            incident,
            next: incident.from,
            ground,
            crowd: crowd_of(incident),
            providers: Vec::new(),
            prices: Prices { next: vec![0; count], last: vec![f64::NAN; count], spot: f64::NAN, hour: Vec::new() },
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
                strikes: 0,
                steps: Vec::new(),
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
        replay.open_house(settings)?;
        Ok(replay)
    }

    /// Runs to the end; `progress` is told each hour of the incident.
    pub fn run(mut self, mut progress: impl FnMut()) -> Result<Run, String> {
        while self.next <= self.incident.until {
            self.step(&mut progress)?;
        }
        self.finish()
    }

    /// Runs to the end twice: with the guardian's pause, and from the second before it without, under another name.
    pub fn run_both(mut self, other: &str, mut progress: impl FnMut()) -> Result<(Run, Run), String> {
        while self.next <= self.incident.until && !self.pauses_next() {
            self.step(&mut progress)?;
        }
        let mut unpaused = self.clone();
        unpaused.guardian = Guardian::Absent;
        unpaused.run.name = other.into();
        Ok((self.run(progress)?, unpaused.run(|| {})?))
    }

    /// Whether the guardian presses the switch in the next minute.
    fn pauses_next(&self) -> bool {
        matches!(self.guardian, Guardian::Reacting { at } if self.next >= at)
    }

    fn step(&mut self, progress: &mut impl FnMut()) -> Result<(), String> {
        let now = self.next;
        let quiet = self.minute(now)?;
        self.next = self.incident.next(now, quiet);
        let hours = |time: u64| (time.min(self.incident.until) - self.incident.from) / 3_600;
        (hours(now)..hours(self.next)).for_each(|_| progress());
        Ok(())
    }

    /// Lets a minute happen; whether it was quiet.
    fn minute(&mut self, now: u64) -> Result<bool, String> {
        self.ground.at(now);
        self.feed(now)?;
        if self.run.samples.last().is_some_and(|last| last.time / DAY != now / DAY) {
            self.rebase()?;
        }
        let view = self.view(now);
        self.dips(&view);
        self.act_as(0, &view); // the informed trader, before anybody can record anything
        self.guard(&view);
        self.keep(&view)?;
        self.pay(&view)?;
        for index in 1..self.crowd.len() {
            self.act_as(index, &view);
        }
        self.provide(&view);
        self.probe(&view);
        self.sample(&view)?;
        Ok(self.is_quiet(&view))
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
        let market = self.incident.market();
        let seen = market.partition_point(|round| round.updated_at <= now).saturating_sub(1);
        self.prices.spot = market.get(seen).map_or(f64::NAN, |round| float(round.answer));
        Ok(())
    }

    fn view(&mut self, now: u64) -> View {
        let spot = self.prices.spot;
        self.prices.hour.push((now, spot));
        self.prices.hour.retain(|(at, _)| at + 3_600 >= now);
        let high = self.prices.hour.iter().map(|(_, price)| *price).fold(spot, f64::max);
        View { now, spot, mark: self.mark(), fall: 1.0 - spot / high }
    }

    /// Nothing tripped, nothing refused, no fall to speak of.
    fn is_quiet(&self, view: &View) -> bool {
        self.stopped == 0 && self.tier == 0 && view.fall < QUIET
    }

    /// Often enough for what is looked at while all is quiet.
    fn is_due(&self, view: &View) -> bool {
        (view.now - self.incident.from).is_multiple_of(self.incident.sampling.probe)
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
                "The market is {:.1} % below its high of the last hour, at {}: dip buyers come",
                view.fall * 100.0,
                price(view.spot)
            );
            self.say(view.now, Kind::Market, text);
        }
    }

    fn sample(&mut self, view: &View) -> Result<(), String> {
        let state = self.ground.state(!self.is_quiet(view) || self.is_due(view))?;
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
            initial_bps: self.initial(view),
            reserves: self.reserves(view)?,
        };
        self.run.samples.push(sample);
        Ok(())
    }
}

/// Everybody who trades in an incident.
fn crowd_of(incident: &Incident) -> Vec<Trader> {
    let (from, until, cast) = (incident.from, incident.until, incident.cast);
    let mut crowd = actors::crowd(from, until, cast.arrivals, cast.leverage);
    if let Some(cascade) = cast.cascade {
        crowd[0].capital = 1.0; // nobody here is informed
        crowd.extend(cascade::book(from, until, cascade.still));
    }
    crowd
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

fn base_units(amount: f64) -> u128 {
    (amount * UNIT).round() as u128
}

fn units(amount: i128) -> String {
    money(amount as f64 / UNIT)
}
