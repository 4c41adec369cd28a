//! Being written.

pub mod side;
