//! What the breaker decides: by value, total, without a machine.

pub mod curve;
pub mod ladder;
pub mod poke;
pub mod quote;
pub mod reference;
pub mod watch;

pub use ladder::{bit_needed, tier};
pub use poke::poke;
pub use quote::{listable, quote};
pub use watch::{came_back, sigma};
