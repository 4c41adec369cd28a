//! What is replayed: sources, the seconds they cover, and where they come from.

use super::data::{self, DataError, Point, Round, PRICE_ONE};

/// Names that `--incident` takes.
pub const NAMES: [&str; 1] = ["eth-2023"];

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

/// A replay.
#[derive(Clone, Debug)]
pub struct Incident {
    /// For `--incident` and `report.json`.
    pub name: String,
    /// For people.
    pub title: String,
    /// The anchor first.
    pub sources: Vec<Source>,
    /// First second.
    pub from: u64,
    /// Last second.
    pub until: u64,
    /// Source and licence, one line a source.
    pub citations: Vec<String>,
}

/// The crash of 17 August 2023 and the four days before.
pub fn eth_2023() -> Result<Incident, DataError> {
    let rounds_csv = include_str!("../../data/eth-2023/chainlink_eth_usd_rounds.csv");
    let pool_csv = include_str!("../../data/eth-2023/uniswap_v3_polygon_weth_usdc_1m.csv");
    let rounds = data::rounds("chainlink_eth_usd_rounds.csv", rounds_csv)?;
    let pool = data::points("uniswap_v3_polygon_weth_usdc_1m.csv", pool_csv)?;
    let (from, until) = (1_691_884_800, 1_692_316_740);
    Ok(Incident {
        name: "eth-2023".into(),
        title: "ETH, 13-17 August 2023".into(),
        sources: vec![
            Source::new("Chainlink ETH/USD", Kind::Rounds, rounds, from, until),
            Source::new("Uniswap v3 WETH/USDC, 30-minute mean", Kind::Pool, numbered(&pool), from, until),
        ],
        from,
        until,
        citations: vec![
            "Chainlink ETH/USD rounds: on-chain record, aggregator 0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419, via github sajanrajdev/ape-chainlink-fetcher@d8974936; on-chain facts, the repository states no licence".into(),
            "Uniswap v3 WETH/USDC on Polygon, one row a minute: github zelos-alpha/demeter@737d4360 samples/data; MIT".into(),
        ],
    })
}

/// A user's own prices.
pub fn of_files(files: &[String]) -> Result<Incident, DataError> {
    let (sources, from, until) = data::sources(files)?;
    Ok(Incident {
        name: "prices".into(),
        title: format!("{} sources of your own", sources.len()),
        sources: sources
            .iter()
            .zip(files)
            .map(|(points, file)| Source::new(file, Kind::Rounds, numbered(points), from, until))
            .collect(),
        from,
        until,
        citations: files.iter().map(|file| format!("{file}: given with --prices")).collect(),
    })
}

impl Source {
    fn new(name: &str, kind: Kind, rounds: Vec<Round>, from: u64, until: u64) -> Self {
        let first = rounds.partition_point(|round| round.updated_at <= from).saturating_sub(1);
        let end = rounds.partition_point(|round| round.updated_at <= until);
        let rounds = rounds.get(first..end).unwrap_or_default().to_vec();
        let gaps = rounds.iter().zip(rounds.iter().skip(1)).map(|(a, b)| b.updated_at - a.updated_at);
        let heartbeat = gaps.max().unwrap_or(0).max(60);
        // The heartbeat of a feed is a promise of its operator; what is known is the longest gap of the record.
        Self { name: name.into(), kind, rounds, heartbeat }
    }
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
