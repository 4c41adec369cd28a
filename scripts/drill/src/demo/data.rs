//! Prices from files: the project's own records and a user's `timestamp,price`.

mod error;
pub mod packed;

pub use error::DataError;

use std::path::Path;

/// Decimals of a price everywhere in the demo: those of a Chainlink USD feed.
pub const PRICE_ONE: u64 = 100_000_000;
/// The largest price that is taken, in whole units of quote.
pub const PRICE_MAX: u64 = 1_000_000_000;
/// The shortest overlap of a user's sources, in seconds.
pub const SPAN_MIN: u64 = 3_600;
/// The longest, in seconds: what stays under a minute of replay.
pub const SPAN_MAX: u64 = 31 * 86_400;
/// The earliest first time, in Unix seconds: the protocol is deployed a week before.
pub const TIME_MIN: u64 = 1_000_000;
/// Most rows of one file.
pub const ROWS_MAX: usize = 1_000_000;

/// A price at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Unix seconds.
    pub time: u64,
    /// 8 decimals.
    pub price: u64,
}

/// A Chainlink round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// Phase and number, 80 bits.
    pub id: u128,
    /// Unix seconds.
    pub started_at: u64,
    /// Unix seconds.
    pub updated_at: u64,
    /// 8 decimals.
    pub answer: u64,
}

/// The rows of `round_id,started_at,updated_at,answer`, by time of update.
pub fn rounds(file: &str, text: &str) -> Result<Vec<Round>, DataError> {
    let mut previous = 0;
    rows(file, text, "round_id,started_at,updated_at,answer", |line, cells| {
        let [id, started_at, updated_at, answer] = columns(file, line, cells)?;
        let bound = "a round id of at most 80 bits";
        let id: u128 = digits::<u128>(id).filter(|id| *id >> 80 == 0).ok_or_else(|| number(file, line, id, bound))?;
        let bound = "a whole number of seconds";
        let started_at = digits(started_at).ok_or_else(|| number(file, line, started_at, bound))?;
        let updated_at = digits(updated_at).ok_or_else(|| number(file, line, updated_at, bound))?;
        later(file, line, updated_at, &mut previous)?;
        let cell = answer;
        let answer: u64 = digits(cell).ok_or_else(|| number(file, line, cell, "a whole number with 8 decimals"))?;
        if answer == 0 || answer > PRICE_MAX * PRICE_ONE {
            return Err(price(file, line, cell, format!("1 to {}", PRICE_MAX * PRICE_ONE)));
        }
        Ok(Round { id, started_at, updated_at, answer })
    })
}

/// The rows of `timestamp,price`, by time.
pub fn points(file: &str, text: &str) -> Result<Vec<Point>, DataError> {
    let mut previous = 0;
    rows(file, text, "timestamp,price", |line, cells| {
        let [time, cell] = columns(file, line, cells)?;
        let time = digits(time).ok_or_else(|| number(file, line, time, "a whole number of seconds"))?;
        later(file, line, time, &mut previous)?;
        let price_8 = decimal(cell).ok_or_else(|| number(file, line, cell, "a plain decimal number above zero"))?;
        if price_8 == 0 || price_8 > PRICE_MAX * PRICE_ONE {
            return Err(price(file, line, cell, format!("0.00000001 to {PRICE_MAX}")));
        }
        Ok(Point { time, price: price_8 })
    })
}

/// A user's files and the seconds that all of them cover, both ends included; the first is the anchor.
pub fn sources(files: &[String]) -> Result<(Vec<Vec<Point>>, u64, u64), DataError> {
    if !(2..=5).contains(&files.len()) {
        return Err(DataError::Sources { value: files.len(), bound: "two to five" });
    }
    let mut sources = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(Path::new(file))
            .map_err(|error| DataError::Unreadable { file: file.clone(), reason: error.to_string() })?;
        sources.push(points(file, &text)?);
    }
    let from = sources.iter().filter_map(|source| source.first()).map(|point| point.time).max().unwrap_or(0);
    let until = sources.iter().filter_map(|source| source.last()).map(|point| point.time).min().unwrap_or(0);
    let common = until.saturating_sub(from);
    if !(SPAN_MIN..=SPAN_MAX).contains(&common) {
        return Err(DataError::Overlap { from, until, bound: format!("{SPAN_MIN} to {SPAN_MAX} s") });
    }
    Ok((sources, from, until))
}

/// Refuses a first time that leaves no time to deploy before it.
pub fn late_enough(first: u64) -> Result<(), DataError> {
    if first < TIME_MIN {
        return Err(DataError::Early { value: first, bound: TIME_MIN });
    }
    Ok(())
}

/// A whole number of seconds.
pub fn seconds(file: &str, line: usize, cell: &str) -> Result<u64, DataError> {
    digits(cell).ok_or_else(|| number(file, line, cell, "a whole number of seconds"))
}

/// An amount with 6 decimals, above or below zero.
pub fn amount(file: &str, line: usize, cell: &str) -> Result<i128, DataError> {
    let (sign, size) = cell.strip_prefix('-').map_or((1, cell), |size| (-1, size));
    let size = decimal(size).ok_or_else(|| number(file, line, cell, "a plain decimal number"))? / 100;
    if size == 0 || size > PRICE_MAX * 1_000_000 {
        let bound = format!("0.000001 to {PRICE_MAX}, or the same below zero");
        return Err(DataError::Amount { file: file.into(), line, value: cell.chars().take(40).collect(), bound });
    }
    Ok(sign * i128::from(size))
}

/// The rows under a header.
pub fn rows<T>(
    file: &str,
    text: &str,
    header: &'static str,
    mut read: impl FnMut(usize, &str) -> Result<T, DataError>,
) -> Result<Vec<T>, DataError> {
    let mut lines = text.lines().map(str::trim_end).enumerate();
    let first = lines.next().map_or("", |(_, line)| line);
    if first.trim_start_matches('\u{feff}') != header {
        return Err(DataError::Header { file: file.into(), value: first.chars().take(80).collect(), bound: header });
    }
    let rows = lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(at, line)| read(at + 1, line))
        .collect::<Result<Vec<_>, _>>()?;
    if !(2..=ROWS_MAX).contains(&rows.len()) {
        let bound = format!("2 to {ROWS_MAX}");
        return Err(DataError::Rows { file: file.into(), value: rows.len(), bound });
    }
    Ok(rows)
}

/// The cells of a row.
pub fn columns<'a, const N: usize>(file: &str, line: usize, cells: &'a str) -> Result<[&'a str; N], DataError> {
    let cells: Vec<&str> = cells.split(',').map(str::trim).collect();
    let value = cells.len();
    cells.try_into().map_err(|_| DataError::Columns { file: file.into(), line, value, bound: N })
}

fn later(file: &str, line: usize, value: u64, previous: &mut u64) -> Result<(), DataError> {
    if value <= *previous {
        return Err(DataError::Order { file: file.into(), line, value, bound: *previous });
    }
    *previous = value;
    Ok(())
}

/// What is not a number.
pub fn number(file: &str, line: usize, value: &str, bound: &'static str) -> DataError {
    DataError::Number { file: file.into(), line, value: value.chars().take(40).collect(), bound }
}

fn price(file: &str, line: usize, value: &str, bound: String) -> DataError {
    DataError::Price { file: file.into(), line, value: value.chars().take(40).collect(), bound }
}

fn digits<T: std::str::FromStr>(cell: &str) -> Option<T> {
    cell.bytes().all(|byte| byte.is_ascii_digit()).then(|| cell.parse().ok()).flatten()
}

/// A decimal number with 8 decimals; further ones are cut off.
fn decimal(cell: &str) -> Option<u64> {
    let (whole, fraction) = cell.split_once('.').unwrap_or((cell, "0"));
    if whole.is_empty() || fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u64 = digits(whole)?;
    let fraction: u64 = format!("{fraction:0<8}").get(..8)?.parse().ok()?;
    // What is too large for the type is too large for the bound: the caller names it.
    Some(whole.checked_mul(PRICE_ONE).and_then(|whole| whole.checked_add(fraction)).unwrap_or(u64::MAX))
}
