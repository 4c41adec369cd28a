//! Being written.

pub mod ledger;
pub mod loss;
pub mod settlement;
