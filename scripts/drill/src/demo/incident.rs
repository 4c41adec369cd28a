//! What is replayed: sources, the seconds they cover, and where they come from.

pub mod catalogue;

use super::cascade::Cascade;
use super::data::{self, DataError, Point, Round, PRICE_ONE};
use super::margin::Margin;

/// What a source is on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An aggregator in which each point is a round of its own.
    Rounds,
    /// A pool whose oracle is read as a mean of 30 minutes.
    Pool,
}

/// One source of prices.
#[derive(Clone, Debug)]
pub struct Source {
    /// For people.
    pub name: String,
    /// On chain.
    pub kind: Kind,
    /// By time; the first is at or before the beginning of the replay.
    pub rounds: Vec<Round>,
    /// The longest time between two rounds, in seconds.
    pub heartbeat: u64,
}

/// Which minutes are replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Seconds between two replayed minutes while nothing is tripped, refused or falling.
    pub coarse: u64,
    /// A move of the market since the last replayed minute, in bps, that brings its own minute into the replay.
    pub moved_bps: u64,
    /// Seconds between two probes while all is quiet.
    pub probe: u64,
}

/// Who is there beside the keeper, the providers and the one who probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cast {
    /// Seconds between two traders who arrive; 0: there are none.
    pub arrivals: u64,
    /// Whether somebody stands at the switch.
    pub guardian: bool,
    /// Whether the same is replayed without breakers.
    pub compared: bool,
    /// How the margin of the market moves.
    pub margin: Margin,
    /// The leverage at which every position is opened, where they do not differ; whoever is refused for margin opens as
    /// much as the same margin carries.
    pub leverage: Option<u8>,
    /// Whether it is a cascade, with a book of its own.
    pub cascade: Option<Cascade>,
}

/// A replay.
#[derive(Clone, Debug)]
pub struct Incident {
    /// For `report.json`.
    pub name: String,
    /// For people.
    pub title: String,
    /// The anchor first; one alone is configured as the only one.
    pub sources: Vec<Source>,
    /// What traders see, where it is not the second source.
    pub market: Option<Vec<Round>>,
    /// First second.
    pub from: u64,
    /// Last second.
    pub until: u64,
    /// Which minutes.
    pub sampling: Sampling,
    /// Who is there.
    pub cast: Cast,
    /// What stands in for what the record does not hold, one sentence each.
    pub assumed: Vec<String>,
    /// Source and licence, one line a source.
    pub citations: Vec<String>,
}

impl Incident {
    /// Whether one who is refused for margin opens as much as it carries.
    pub fn shrinks(&self) -> bool {
        self.cast.leverage.is_some() || self.cast.cascade.is_some()
    }

    /// What traders see.
    pub fn market(&self) -> &[Round] {
        let checked = self.sources.get(1).or(self.sources.first());
        self.market.as_deref().or(checked.map(|source| source.rounds.as_slice())).unwrap_or_default()
    }

    /// Whether one source is all there is.
    pub fn is_sole(&self) -> bool {
        self.sources.len() == 1
    }

    /// The minute that comes after `now`: the next one, or a later one while nothing happens in between.
    pub fn next(&self, now: u64, quiet: bool) -> u64 {
        let Sampling { coarse, moved_bps, .. } = self.sampling;
        if !quiet || coarse <= 60 {
            return now + 60;
        }
        let horizon = self.from + ((now - self.from) / coarse + 1) * coarse;
        let market = self.market();
        let at = market.partition_point(|round| round.updated_at <= now);
        let Some(last) = at.checked_sub(1).and_then(|at| market.get(at)).map(|round| round.answer) else {
            return now + 60;
        };
        let moves = |round: &&Round| {
            u128::from(round.answer.abs_diff(last)) * 10_000 >= u128::from(moved_bps) * u128::from(last)
        };
        let ahead = market.iter().skip(at).take_while(|round| round.updated_at <= horizon);
        let moved = ahead.into_iter().find(moves).map(|round| now + (round.updated_at - now).div_ceil(60) * 60);
        moved.unwrap_or(horizon).min(horizon)
    }
}

impl Source {
    fn new(name: &str, kind: Kind, rounds: Vec<Round>, from: u64, until: u64) -> Self {
        let mut rounds = within(rounds, from, until);
        if let (Kind::Pool, Some(first)) = (kind, rounds.first_mut()) {
            first.updated_at = first.updated_at.max(from.saturating_sub(1_800));
            // no earlier than its window begins
        }
        let gaps = rounds.iter().zip(rounds.iter().skip(1)).map(|(a, b)| b.updated_at - a.updated_at);
        let heartbeat = gaps.max().unwrap_or(0).max(60);
        // The heartbeat of a feed is a promise of its operator; what is known is the longest gap of the record.
        Self { name: name.into(), kind, rounds, heartbeat }
    }
}

/// The rounds of a stretch of time, and the one before it.
fn within(rounds: Vec<Round>, from: u64, until: u64) -> Vec<Round> {
    let first = rounds.partition_point(|round| round.updated_at <= from).saturating_sub(1);
    let end = rounds.partition_point(|round| round.updated_at <= until);
    rounds.get(first..end).unwrap_or_default().to_vec()
}

/// A user's own prices.
pub fn of_files(files: &[String]) -> Result<Incident, DataError> {
    let (sources, from, until) = data::sources(files)?;
    data::late_enough(from)?;
    Ok(Incident {
        name: "prices".into(),
        title: format!("{} sources of your own", sources.len()),
        sources: sources
            .iter()
            .zip(files)
            .map(|(points, file)| Source::new(file, Kind::Rounds, numbered(points), from, until))
            .collect(),
        market: None,
        from,
        until,
        sampling: catalogue::EVERY_MINUTE,
        cast: catalogue::FULL,
        assumed: Vec::new(),
        citations: files.iter().map(|file| format!("{file}: given with --prices")).collect(),
    })
}

/// Points as rounds numbered from 1.
fn numbered(points: &[Point]) -> Vec<Round> {
    let round = |(at, point): (usize, &Point)| Round {
        id: at as u128 + 1,
        started_at: point.time,
        updated_at: point.time,
        answer: point.price,
    };
    points.iter().enumerate().map(round).collect()
}

/// A price with 8 decimals for charts and for what actors think.
pub fn float(price: u64) -> f64 {
    price as f64 / PRICE_ONE as f64
}
