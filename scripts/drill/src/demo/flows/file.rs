//! A user's own flows: `timestamp,account,amount`.

use super::{Flow, Plan};
use crate::demo::data::{self, DataError};
use alloy_primitives::{keccak256, Address};
use std::path::Path;

/// Most rows: what stays under a minute of replay.
pub const ROWS_MAX: usize = 20_000;
/// Longest time from first to last row, in seconds.
pub const SPAN_MAX: u64 = 31 * 86_400;

/// The plan of a file: everybody starts with what he will take, and that is the liquidity that the limiter counts.
pub fn plan(file: &str) -> Result<Plan, DataError> {
    let text = std::fs::read_to_string(Path::new(file))
        .map_err(|error| DataError::Unreadable { file: file.into(), reason: error.to_string() })?;
    let flows = parse(file, &text)?;
    data::late_enough(flows.first().map_or(0, |flow| flow.time))?;
    let liquidity = super::openings(&flows).values().sum();
    Ok(Plan { name: "flows".into(), flows, liquidity, freeze: None, honest: Vec::new(), after: 72 * 3_600 })
}

/// What is assumed, one sentence each.
pub fn assumptions() -> Vec<String> {
    vec![
        "Every account starts with the most that its own rows take out of it, less what they have brought by then: all of it is the account's own.".into(),
        "The liquidity that the limiter counts is the sum of these, as if the pool held as much again. Nobody holds a ticket.".into(),
        "Everybody asks once: who is refused does not come back.".into(),
    ]
}

/// The rows, by time; an amount below zero comes in.
pub fn parse(file: &str, text: &str) -> Result<Vec<Flow>, DataError> {
    let mut previous = 0;
    let flows = data::rows(file, text, "timestamp,account,amount", |line, cells| {
        let [time, name, cell] = data::columns(file, line, cells)?;
        let time = data::seconds(file, line, time)?;
        if time < previous {
            return Err(DataError::Order { file: file.into(), line, value: time, bound: previous });
        }
        previous = time;
        if name.is_empty() || name.len() > 64 {
            return Err(data::number(file, line, name, "an account: an address or a name of at most 64 bytes"));
        }
        Ok(Flow { time, account: account(name), amount: data::amount(file, line, cell)? })
    })?;
    if flows.len() > ROWS_MAX {
        return Err(DataError::Rows { file: file.into(), value: flows.len(), bound: format!("2 to {ROWS_MAX}") });
    }
    let spans = flows.last().zip(flows.first()).map_or(0, |(last, first)| last.time - first.time);
    if spans > SPAN_MAX {
        return Err(DataError::Span { file: file.into(), value: spans, bound: SPAN_MAX });
    }
    Ok(flows)
}

/// An address as it is, a name as an address of its own.
fn account(name: &str) -> Address {
    name.parse().unwrap_or_else(|_| Address::from_word(keccak256(name)))
}
