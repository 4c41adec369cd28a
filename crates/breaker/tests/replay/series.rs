//! Prices from files: each series is seconds and WAD, a minute apart unless it says otherwise.

use flate2::read::GzDecoder;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Seconds and the price since then, WAD.
pub type Series = Vec<(u64, u128)>;

const WAD: f64 = 1e18;

/// The cells of a file under `scripts/drill/data`, without its heading.
fn rows(name: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/drill/data").join(name);
    let (mut file, mut text) = (File::open(path).unwrap(), String::new());
    if name.ends_with(".gz") {
        GzDecoder::new(file).read_to_string(&mut text).unwrap();
    } else {
        file.read_to_string(&mut text).unwrap();
    }
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect());
    (lines.next().unwrap(), lines.collect())
}

fn wad(price: f64) -> u128 {
    (price * WAD) as u128
}

/// The rounds of ETH/USD: not a minute apart, but when Chainlink wrote them.
pub fn rounds() -> Series {
    let (_, rows) = rows("eth-2023/chainlink_eth_usd_rounds.csv");
    rows.iter().map(|row| (row[2].parse().unwrap(), row[3].parse::<u128>().unwrap() * 10_000_000_000)).collect()
}

/// ETH in the Uniswap pool.
pub fn pool() -> Series {
    let (_, rows) = rows("eth-2023/uniswap_v3_polygon_weth_usdc_1m.csv");
    rows.iter().map(|row| (row[0].parse().unwrap(), wad(row[1].parse().unwrap()))).collect()
}

/// The close of each minute on Binance.
pub fn closes(name: &str) -> Series {
    let (_, rows) = rows(&format!("binance-1m/{name}_1m.csv.gz"));
    rows.iter().map(|row| (row[0].parse().unwrap(), wad(row[4].parse().unwrap()))).collect()
}

/// A stablecoin by its deviation from a dollar; minutes without a price are left out.
pub fn stablecoin(name: &str, column: &str) -> Series {
    let (heading, rows) = rows(&format!("stablecoins/{name}_dev_bps_1m.csv.gz"));
    let at = heading.iter().position(|cell| cell == column).unwrap();
    let present = rows.iter().filter(|row| !row[at].is_empty());
    let price = |row: &[String]| wad(1.0 + row[at].parse::<f64>().unwrap() / 10_000.0);
    present.map(|row| (row[0].parse::<u64>().unwrap() / 1_000, price(row))).collect()
}

/// The geometric mean of the half hour before each row but the first thirty: what a mean tick is.
pub fn means(series: &[(u64, u128)]) -> Series {
    let logs: Vec<f64> = series.iter().map(|(_, price)| (*price as f64 / WAD).ln()).collect();
    let mean = |at: usize| wad((logs[at - 30..at].iter().sum::<f64>() / 30.0).exp());
    (30..series.len()).map(|at| (series[at].0, mean(at))).collect()
}

/// A series looked up at moments that never go back.
pub struct Latest {
    series: Series,
    at: usize,
}

impl Latest {
    /// From the first row on.
    pub fn of(series: Series) -> Self {
        Self { series, at: 0 }
    }
    /// The last row at or before `now`, or the first of all.
    pub fn at(&mut self, now: u64) -> (u64, u128) {
        while self.at + 1 < self.series.len() && self.series[self.at + 1].0 <= now {
            self.at += 1;
        }
        self.series[self.at]
    }
}
