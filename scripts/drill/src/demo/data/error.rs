//! Why a file is not taken.

use std::fmt;

/// Why a file is not taken: where, what was found, what would have been taken.
#[derive(Debug, PartialEq, Eq)]
pub enum DataError {
    /// The file cannot be read.
    Unreadable {
        /// As it was named.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// The first line is not the header.
    Header {
        /// As it was named.
        file: String,
        /// What stands there.
        value: String,
        /// What should.
        bound: &'static str,
    },
    /// A line has too many or too few columns.
    Columns {
        /// As it was named.
        file: String,
        /// From 1.
        line: usize,
        /// How many there are.
        value: usize,
        /// How many there should be.
        bound: usize,
    },
    /// Not a plain decimal number.
    Number {
        /// As it was named.
        file: String,
        /// From 1.
        line: usize,
        /// What stands there.
        value: String,
        /// What should.
        bound: &'static str,
    },
    /// A price of zero, or above what is taken.
    Price {
        /// As it was named.
        file: String,
        /// From 1.
        line: usize,
        /// What stands there.
        value: String,
        /// What should.
        bound: String,
    },
    /// An amount of zero, or above what is taken.
    Amount {
        /// As it was named.
        file: String,
        /// From 1.
        line: usize,
        /// What stands there.
        value: String,
        /// What should.
        bound: String,
    },
    /// A time that is not after the one before.
    Order {
        /// As it was named.
        file: String,
        /// From 1.
        line: usize,
        /// The time.
        value: u64,
        /// The one before.
        bound: u64,
    },
    /// Too few or too many rows.
    Rows {
        /// As it was named.
        file: String,
        /// How many there are.
        value: usize,
        /// What is taken.
        bound: String,
    },
    /// The first time is too early for a protocol that is deployed before it.
    Early {
        /// The first time.
        value: u64,
        /// The earliest that is taken.
        bound: u64,
    },
    /// The rows of a file cover too much time.
    Span {
        /// As it was named.
        file: String,
        /// Seconds from the first to the last.
        value: u64,
        /// What is taken.
        bound: u64,
    },
    /// Too few files.
    Sources {
        /// How many there are.
        value: usize,
        /// What is taken.
        bound: &'static str,
    },
    /// The files have too little, or too much, time in common.
    Overlap {
        /// The later of the first times.
        from: u64,
        /// The earlier of the last times.
        until: u64,
        /// What is taken.
        bound: String,
    },
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, reason } => write!(f, "{file}: cannot be read: {reason}"),
            Self::Header { file, value, bound } => {
                write!(f, "{file}, line 1: the header is `{value}`, it should be `{bound}`")
            }
            Self::Columns { file, line, value, bound } => {
                write!(f, "{file}, line {line}: {value} columns, there should be {bound}")
            }
            Self::Number { file, line, value, bound } => write!(f, "{file}, line {line}: `{value}` is not {bound}"),
            Self::Price { file, line, value, bound } => {
                write!(f, "{file}, line {line}: a price of {value} is outside {bound}")
            }
            Self::Amount { file, line, value, bound } => {
                write!(f, "{file}, line {line}: an amount of {value} is outside {bound}")
            }
            Self::Order { file, line, value, bound } => {
                write!(f, "{file}, line {line}: time {value} is not after {bound}, the one before")
            }
            Self::Rows { file, value, bound } => write!(f, "{file}: {value} rows, there should be {bound}"),
            Self::Early { value, bound } => {
                write!(f, "the first time is {value}, there should be Unix seconds of at least {bound}")
            }
            Self::Span { file, value, bound } => {
                write!(f, "{file}: {value} s from the first row to the last, there should be at most {bound}")
            }
            Self::Sources { value, bound } => write!(f, "{value} price files, there should be {bound}"),
            Self::Overlap { from, until, bound } => {
                let common = until.saturating_sub(*from);
                write!(f, "the files have {common} s in common ({from} to {until}), there should be {bound}")
            }
        }
    }
}
