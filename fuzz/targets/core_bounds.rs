//! Exponential, logarithm, power and decay: bounds in order, round trips that hold, neighbours in order.
#![no_main]

use alloy_primitives::U256;
use fusebox_core::wad::{decay_down, decay_up, exp_down, exp_up, ln_down, ln_up, pow_down, pow_up};
use fusebox_core::{SignedWad, Wad};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: ([u64; 4], [u64; 4], i128, u64, u64)| {
    let (x, y) = (Wad(U256::from_limbs(input.0)), Wad(U256::from_limbs(input.1)));
    if let (Ok(low), Ok(high)) = (ln_down(x), ln_up(x)) {
        assert!(low <= high && high.0 - low.0 <= 2);
        // e^ln x encloses x.
        assert!(exp_down(low).unwrap() <= x);
        if let Ok(above) = exp_up(high) {
            assert!(above >= x);
        }
        if let Some(next) = x.0.checked_add(U256::ONE).map(Wad) {
            assert!(ln_down(next).unwrap() >= low && ln_up(next).unwrap() >= high);
        }
    }
    let t = SignedWad(input.2);
    if let (Ok(low), Ok(high)) = (exp_down(t), exp_up(t)) {
        assert!(low <= high);
        // ln e^t encloses t.
        if low != Wad::ZERO {
            assert!(ln_down(low).unwrap() <= t && ln_up(high).unwrap() >= t);
        }
        let before = SignedWad(t.0.saturating_sub(1));
        assert!(exp_down(before).unwrap() <= low && exp_up(before).unwrap() <= high);
    }
    if let (Ok(low), Ok(high)) = (pow_down(x, y), pow_up(x, y)) {
        assert!(low <= high);
    }
    if let (Ok(low), Ok(high)) = (decay_down(x.0, input.3, input.4), decay_up(x.0, input.3, input.4)) {
        assert!(low <= high && high <= x.0);
    }
});
