//! The project's compressed records: one column of prices, or of deviations from 1 USD.

use super::{Point, PRICE_ONE};
use flate2::read::GzDecoder;
use std::io::Read;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A price; the row's time is when its minute begins, and the price when it ends.
    Close,
    /// Basis points from 1 USD at the row's time, which is in milliseconds.
    DeviationBps,
}

/// The rows of a compressed file that have a value in a column, by time.
///
/// Errors: which line of the record is not what it should be.
pub fn column(file: &str, packed: &[u8], name: &str, cell: Cell) -> Result<Vec<Point>, String> {
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).map_err(|error| format!("{file}: {error}"))?;
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    let at = header.split(',').position(|column| column == name);
    let at = at.ok_or_else(|| format!("{file}: no column `{name}` in `{header}`"))?;
    let mut points: Vec<Point> = Vec::new();
    for (line, row) in lines.enumerate() {
        let cells: Vec<&str> = row.split(',').collect();
        let (Some(time), Some(value)) = (cells.first(), cells.get(at)) else {
            return Err(format!("{file}, line {}: `{row}` is too short", line + 2));
        };
        if value.is_empty() {
            continue; // the venue was not there in this minute
        }
        let point = point(time, value, cell).ok_or_else(|| format!("{file}, line {}: `{row}`", line + 2))?;
        if points.last().is_some_and(|last| last.time >= point.time) {
            return Err(format!("{file}, line {}: {time} is not after the row before", line + 2));
        }
        points.push(point);
    }
    Ok(points)
}

fn point(time: &str, value: &str, cell: Cell) -> Option<Point> {
    let (time, value): (u64, f64) = (time.parse().ok()?, value.parse().ok()?);
    let (time, price) = match cell {
        Cell::Close => (time + 60, value),
        Cell::DeviationBps => (time / 1_000, 1.0 + value / 1e4),
    };
    let price = (price * PRICE_ONE as f64).round();
    (price.is_finite() && price >= 1.0).then_some(Point { time, price: price as u64 })
}

/// What an oracle publishes that follows a market: a round when the price has moved by `bps` since the last one, or
/// when `heartbeat` seconds have passed.
pub fn published(points: &[Point], bps: u64, heartbeat: u64) -> Vec<Point> {
    let mut out: Vec<Point> = Vec::new();
    for point in points {
        let due = out.last().is_none_or(|last| {
            let (low, high) = (last.price.min(point.price), last.price.max(point.price));
            point.time - last.time >= heartbeat || u128::from(high - low) * 10_000 >= u128::from(bps) * u128::from(low)
        });
        if due {
            out.push(*point);
        }
    }
    out
}
