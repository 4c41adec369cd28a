//! Averages that follow a value.

use crate::math::{self, MathError};
use crate::wad::Wad;
use alloy_primitives::U256;

/// `current` moved towards `target` by the share `weight` of the way; with `1 - decay_factor` as the weight, an
/// exponential average.
///
/// Units: those of `current` and `target`; `weight` in [0, 1].
/// Rounding: the step goes down, exact, so the result never passes `target` and stays on the side of `current`.
/// Errors: `OutOfRange` for a weight above one.
pub fn ema_step(current: U256, target: U256, weight: Wad) -> Result<U256, MathError> {
    if weight > Wad::ONE {
        return Err(MathError::OutOfRange { value: weight.0, bound: Wad::ONE.0 });
    }
    let step = weight.of_down(current.abs_diff(target))?;
    if current < target {
        math::add(current, step)
    } else {
        math::sub(current, step)
    }
}
