//! The incidents that are in the project.

use super::{numbered, within, Cast, Incident, Kind, Sampling, Source};
use crate::demo::cascade::Cascade;
use crate::demo::data::packed::{column, published, Cell};
use crate::demo::data::{self, Point, Round};
use crate::demo::margin::Margin;

/// Names that `--incident` takes, in the order of the report.
pub const NAMES: [&str; 6] = ["eth-2023", "cascade", "ust-2022", "quiet", "storms", "nomad-2022"];

/// Nothing is left out.
pub const EVERY_MINUTE: Sampling = Sampling { coarse: 60, moved_bps: 0, probe: 600 };
/// Everybody: traders every quarter of an hour, a guardian, and the same without breakers.
pub const FULL: Cast = Cast { arrivals: 900, guardian: true, ..STORM };
/// Traders, but nobody at the switch: what the breakers do by themselves.
const STORM: Cast =
    Cast { arrivals: 3_600, guardian: false, compared: true, margin: Margin::Bare, leverage: None, cascade: None };
/// Nobody but keeper, providers and probe.
const EMPTY: Cast = Cast { arrivals: 0, compared: false, ..STORM };
/// Storms last weeks, and most of their minutes are calm.
const STORM_SAMPLING: Sampling = Sampling { coarse: 1_800, moved_bps: 40, probe: 3_600 };
/// A cascade is looked at closely while the market moves.
const CASCADE_SAMPLING: Sampling = Sampling { coarse: 300, moved_bps: 20, probe: 900 };
/// Ten months of it.
const QUIET_SAMPLING: Sampling = Sampling { coarse: 1_800, moved_bps: 40, probe: 7_200 };

/// When the oracle that stands in for Chainlink's publishes: the terms of its BTC/USD feed on mainnet.
const ORACLE_BPS: u64 = 50;
const ORACLE_HEARTBEAT: u64 = 3_600;
/// The same for a stablecoin: those of its USD feeds.
const STABLE_BPS: u64 = 25;
const STABLE_HEARTBEAT: u64 = 86_400;

const NETWORK: &str = "github nl2992/ICAIF_stablecoin-contagion-network@30c8f77b, from data.binance.vision; MIT";
const GNN: &str = "github nl2992/ICAIF_stablecoin-contagion-gnn@e49628ba; MIT";
const CHAINLINK: &str = "Chainlink ETH/USD rounds: on-chain record, aggregator 0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419, via github sajanrajdev/ape-chainlink-fetcher@d8974936; on-chain facts, the repository states no licence";

/// The records of an incident of prices of [`NAMES`].
///
/// Errors: what is wrong with the project's own record.
pub fn parts(name: &str) -> Result<Vec<Incident>, String> {
    match name {
        "eth-2023" => Ok(vec![eth_2023()?]),
        "cascade" => cascade(),
        "ust-2022" => Ok(vec![ust_2022()?]),
        "quiet" => quiet(),
        "storms" => storms(),
        other => Err(format!("no incident is called `{other}`; there is {}", NAMES.join(", "))),
    }
}

fn chainlink() -> Result<Vec<Round>, String> {
    let csv = include_str!("../../../data/eth-2023/chainlink_eth_usd_rounds.csv");
    data::rounds("chainlink_eth_usd_rounds.csv", csv).map_err(|error| error.to_string())
}

/// The crash of 17 August 2023 and the four days before.
pub fn eth_2023() -> Result<Incident, String> {
    let pool_csv = include_str!("../../../data/eth-2023/uniswap_v3_polygon_weth_usdc_1m.csv");
    let rounds = chainlink()?;
    let pool = data::points("uniswap_v3_polygon_weth_usdc_1m.csv", pool_csv).map_err(|error| error.to_string())?;
    let (from, until) = (1_691_884_800, 1_692_316_740);
    Ok(Incident {
        name: "eth-2023".into(),
        title: "ETH, 13-17 August 2023".into(),
        sources: vec![
            Source::new("Chainlink ETH/USD", Kind::Rounds, rounds, from, until),
            Source::new("Uniswap v3 WETH/USDC, 30-minute mean", Kind::Pool, numbered(&pool), from, until),
        ],
        market: None,
        from,
        until,
        sampling: EVERY_MINUTE,
        cast: FULL,
        assumed: Vec::new(),
        citations: vec![
            CHAINLINK.into(),
            "Uniswap v3 WETH/USDC on Polygon, one row a minute: github zelos-alpha/demeter@737d4360 samples/data; MIT"
                .into(),
        ],
    })
}

/// The leverages of [`leverages`].
pub const LEVERAGES: [u8; 3] = [3, 10, 20];

/// The last day of the crash, every position at one leverage: with a margin that breathes and with one that stands
/// still, for each of [`LEVERAGES`].
pub fn leverages(crash: &Incident) -> Vec<Incident> {
    let from = crash.until - 86_400 + 60;
    let sources: Vec<Source> = crash
        .sources
        .iter()
        .map(|source| Source::new(&source.name, source.kind, source.rounds.clone(), from, crash.until))
        .collect();
    let of = |leverage: u8, margin: Margin| Incident {
        name: format!("{}-{leverage}x", crash.name),
        title: format!("{}, {leverage}x", crash.title),
        sources: sources.clone(),
        from,
        sampling: Sampling { coarse: 300, moved_bps: 15, probe: 600 },
        cast: Cast { leverage: Some(leverage), margin, guardian: false, compared: false, ..crash.cast },
        ..crash.clone()
    };
    LEVERAGES.into_iter().flat_map(|at| [of(at, Margin::Breathing), of(at, Margin::Still)]).collect()
}

/// The end of the Terra dollar, as one venue saw it.
fn ust_2022() -> Result<Incident, String> {
    let packed = include_bytes!("../../../data/stablecoins/ust_terra_dev_bps_1m.csv.gz");
    let points = column("ust_terra_dev_bps_1m.csv.gz", packed, "UST/binance", Cell::DeviationBps)?;
    let (from, until) = span(&points);
    let oracle = numbered(&published(&points, ORACLE_BPS, ORACLE_HEARTBEAT));
    Ok(Incident {
        name: "ust-2022".into(),
        title: "UST, 6-13 May 2022".into(),
        sources: vec![Source::new("an oracle over the venue's price of UST", Kind::Rounds, oracle, from, until)],
        market: Some(numbered(&points)),
        from,
        until,
        sampling: EVERY_MINUTE,
        cast: FULL,
        assumed: vec![
            "The record holds one venue. The market is configured with `sole`: one source, divergence off, velocity and volatility only. A jump of 10 % of that one source is not confirmed by anything, and is ReduceOnly.".into(),
            format!("The oracle is not in the record either: it publishes the venue's price when that has moved by {ORACLE_BPS} bps, or after an hour; the market that traders see is the venue's price of the minute."),
            "The record's author multiplied the venue's UST/USDT by Coinbase's USDT/USD. It ends at 06:49 on 13 May, when the venue stopped trading.".into(),
        ],
        citations: vec![format!("UST on Binance, deviation from 1 USD, one row a minute: {GNN}")],
    })
}

/// The fall of Bitcoin on 8 November 2022 and the days after it, with a fund and a margin that breathes, and with neither.
fn cascade() -> Result<Vec<Incident>, String> {
    let packed = include_bytes!("../../../data/binance-1m/ftx_2022_btcusdt_1m.csv.gz");
    let points = column("ftx_2022_btcusdt_1m.csv.gz", packed, "close", Cell::Close)?;
    let (from, until) = (1_667_887_200, 1_668_038_400);
    let points: Vec<Point> = points.into_iter().filter(|point| (from..=until).contains(&point.time)).collect();
    let still = (1_667_923_200, 1_667_935_920);
    let of = |name: &str, margin: Margin, fund: bool| {
        let citation = format!("Binance BTC/USDT, one-minute bars (ftx_2022): {NETWORK}");
        let cast = Cast { margin, compared: false, cascade: Some(Cascade { still, fund }), ..EMPTY };
        let terms = (ORACLE_BPS, ORACLE_HEARTBEAT);
        mirrored(name, "A cascade: BTC, 8-9 November 2022", &points, terms, cast, CASCADE_SAMPLING, citation)
    };
    Ok(vec![of("cascade", Margin::BreathingThin, true), of("cascade-static", Margin::StillThin, false)])
}

/// The four crises of Bitcoin.
fn storms() -> Result<Vec<Incident>, String> {
    let file = |name: &str| format!("{name}_btcusdt_1m.csv.gz");
    let records: [(&str, &str, &[u8]); 4] = [
        (
            "terra_luna_2022",
            "BTC, Terra, May 2022",
            include_bytes!("../../../data/binance-1m/terra_luna_2022_btcusdt_1m.csv.gz"),
        ),
        (
            "celsius_3ac_2022",
            "BTC, Celsius and 3AC, June 2022",
            include_bytes!("../../../data/binance-1m/celsius_3ac_2022_btcusdt_1m.csv.gz"),
        ),
        ("ftx_2022", "BTC, FTX, November 2022", include_bytes!("../../../data/binance-1m/ftx_2022_btcusdt_1m.csv.gz")),
        (
            "usdc_svb_2023",
            "BTC, SVB and USDC, March 2023",
            include_bytes!("../../../data/binance-1m/usdc_svb_2023_btcusdt_1m.csv.gz"),
        ),
    ];
    let incident = |(name, title, packed): (&str, &str, &[u8])| {
        let points = column(&file(name), packed, "close", Cell::Close)?;
        let citation = format!("Binance BTC/USDT, one-minute bars ({name}): {NETWORK}");
        Ok(mirrored(name, title, &points, (ORACLE_BPS, ORACLE_HEARTBEAT), STORM, STORM_SAMPLING, citation))
    };
    records.into_iter().map(incident).collect()
}

/// What should trip nothing: the rest of the Chainlink rounds, and BUSD while it was wound down in good order.
fn quiet() -> Result<Vec<Incident>, String> {
    let all = chainlink()?;
    let end = all.last().map_or(0, |round| round.updated_at);
    let begin = all.first().map_or(0, |round| round.updated_at).div_ceil(60) * 60;
    let mut parts: Vec<Incident> = [
        ("eth-before", "ETH, 5 April to 12 August 2023", begin, 1_691_884_800 - 60),
        ("eth-after", "ETH, 18 August 2023 to 29 January 2024", 1_692_316_800, end / 60 * 60),
    ]
    .into_iter()
    .map(|(name, title, from, until)| eth_quiet(name, title, &all, from, until))
    .collect();
    let busd = include_bytes!("../../../data/stablecoins/busd_winddown_dev_bps_1m.csv.gz");
    let usd = column("busd_winddown_dev_bps_1m.csv.gz", busd, "BUSD/binance", Cell::DeviationBps)?;
    let busd = include_bytes!("../../../data/binance-1m/busd_2023_busdusdt_1m.csv.gz");
    let usdt = column("busd_2023_busdusdt_1m.csv.gz", busd, "close", Cell::Close)?;
    let terms = (STABLE_BPS, STABLE_HEARTBEAT);
    let weeks = [
        (
            "busd-usd",
            "BUSD in USD, 12-18 February 2023",
            &usd,
            format!("BUSD on Binance, deviation from 1 USD, one row a minute: {GNN}"),
        ),
        (
            "busd-usdt",
            "BUSD in USDT, 13-28 February 2023",
            &usdt,
            format!("Binance BUSD/USDT, one-minute bars (busd_2023): {NETWORK}"),
        ),
    ];
    parts.extend(
        weeks.map(|(name, title, points, citation)| {
            mirrored(name, title, points, terms, EMPTY, QUIET_SAMPLING, citation)
        }),
    );
    Ok(parts)
}

fn eth_quiet(name: &str, title: &str, all: &[Round], from: u64, until: u64) -> Incident {
    let rounds = within(all.to_vec(), from, until);
    Incident {
        name: name.into(),
        title: title.into(),
        sources: vec![
            Source::new("Chainlink ETH/USD", Kind::Rounds, rounds.clone(), from, until),
            Source::new("its own 30-minute mean", Kind::Pool, rounds.clone(), from, until),
        ],
        market: Some(rounds),
        from,
        until,
        sampling: QUIET_SAMPLING,
        cast: EMPTY,
        assumed: vec!["For these months the record holds Chainlink's rounds alone: their own 30-minute mean stands in for the second source, so that divergence measures how fast the price moved.".into()],
        citations: vec![CHAINLINK.into()],
    }
}

/// One venue as two sources: an oracle that follows its price, and its mean of 30 minutes.
fn mirrored(
    name: &str,
    title: &str,
    points: &[Point],
    (bps, heartbeat): (u64, u64),
    cast: Cast,
    sampling: Sampling,
    citation: String,
) -> Incident {
    let (from, until) = span(points);
    let (oracle, market) = (numbered(&published(points, bps, heartbeat)), numbered(points));
    let mut moves = points.to_vec();
    moves.dedup_by_key(|point| point.price); // a pool in which nobody trades says nothing
    Incident {
        name: name.into(),
        title: title.into(),
        sources: vec![
            Source::new("an oracle over the venue's price", Kind::Rounds, oracle, from, until),
            Source::new("the same venue, 30-minute mean", Kind::Pool, numbered(&moves), from, until),
        ],
        market: Some(market),
        from,
        until,
        sampling,
        cast,
        assumed: vec![format!("The record holds one venue. The anchor is an oracle that publishes the venue's price when that has moved by {bps} bps or {heartbeat} s have passed; the second source is the same venue's 30-minute mean. They are not independent: divergence measures how fast the price moved.")],
        citations: vec![citation],
    }
}

/// From the first whole minute of a record to its last.
fn span(points: &[Point]) -> (u64, u64) {
    let first = points.first().map_or(0, |point| point.time.div_ceil(60) * 60);
    (first, points.last().map_or(0, |point| point.time / 60 * 60))
}
