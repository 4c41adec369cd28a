//! A Stylus chain in one process.

pub mod activation;
