#![doc = include_str!("../README.md")]

pub mod devnet;
pub mod operator;
