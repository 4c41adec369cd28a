//! What time it is on the chain: this machine's, moved as far as a test wants.

use std::time::{SystemTime, UNIX_EPOCH};

use super::error::Failure;

/// Seconds between two blocks of the first layer.
const L1_SECONDS: u64 = 12;
/// The block number of the first layer when the chain began.
pub const L1_GENESIS: u64 = 1;
/// A clock further on than this is a mistake: year 9999.
const LAST: u64 = 253_402_300_799;

/// The clock of the chain.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Seconds that the chain is ahead of this machine.
    pub offset: i64,
    /// The time of the next block, where one was set.
    next: Option<u64>,
}

impl Clock {
    /// A clock that is ahead of this machine by some seconds.
    pub fn new(offset: i64) -> Self {
        Self { offset, next: None }
    }

    /// A clock that shows `timestamp` now.
    pub fn showing(timestamp: u64) -> Self {
        Self::new(difference(timestamp, unix_now()))
    }

    /// The time of a block after one at `parent`. Time stands still rather than going back.
    pub fn next_block(&self, parent: u64) -> u64 {
        let now = unix_now().saturating_add_signed(self.offset);
        self.next.unwrap_or(now).max(parent)
    }

    /// Notes that a block was made.
    pub fn tick(&mut self, timestamp: u64) {
        if self.next.take().is_some() {
            self.offset = difference(timestamp, unix_now());
        }
    }

    /// Moves the clock on, in seconds, and tells how far it is ahead.
    pub fn advance(&mut self, seconds: u64, parent: u64) -> Result<i64, Failure> {
        let target = self.next_block(parent).saturating_add(seconds);
        bounded(target)?;
        self.next = self.next.map(|next| next.saturating_add(seconds));
        self.offset = difference(target, unix_now());
        Ok(self.offset)
    }

    /// Sets the time of the next block; the clock runs on from there.
    pub fn set_next(&mut self, timestamp: u64, parent: u64) -> Result<(), Failure> {
        if timestamp < parent {
            let what =
                format!("timestamp {timestamp} is before that of the last block, {parent}; time does not go back");
            return Err(Failure::invalid_params(what));
        }
        bounded(timestamp)?;
        self.next = Some(timestamp);
        Ok(())
    }
}

/// The block number of the first layer at a time of a chain that began at `genesis`.
pub fn l1_number(genesis: u64, timestamp: u64) -> u64 {
    L1_GENESIS + timestamp.saturating_sub(genesis) / L1_SECONDS
}

fn bounded(timestamp: u64) -> Result<(), Failure> {
    if timestamp > LAST {
        return Err(Failure::invalid_params(format!("timestamp {timestamp} is after the year 9999, {LAST}")));
    }
    Ok(())
}

fn difference(to: u64, from: u64) -> i64 {
    i64::try_from(i128::from(to) - i128::from(from)).unwrap_or(i64::MAX)
}

/// Seconds since 1970 on this machine.
pub fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}
