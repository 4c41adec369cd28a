//! Being written.

pub mod deleverage;
