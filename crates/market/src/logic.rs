//! The rules: pure, total, by value. `margin` says what a position needs, `health` when it ends, `warm` when a profit may
//! leave, `cross` what positions of one domain are together, `deleverage` what a side gives back.

pub mod deleverage;

mod change;
mod cross;
mod health;
mod margin;
mod warm;

pub use change::{changed, listed};
pub use cross::{alone, balance, cover, turned};
pub use health::{equity, health, is_paced, threshold_up};
pub use margin::{
    admit, anchored, initial_up, interest_cap_down, leverage_down, line_up, market_up, needed_up, ramp_up, remembered,
    slack_up, volatility_up,
};
pub use warm::{locked_up, lost, profited, withdraw, withdrawable};
