//! The middle of a handful of values.

use alloy_primitives::Uint;

/// The median, sorting `values` in place; `None` if there are none.
///
/// Insertion sort: there are never more than a few feeds, and it is the least code.
///
/// Rounding: of an even number, the mean of the middle two, down, exact.
pub fn median<const BITS: usize, const LIMBS: usize>(values: &mut [Uint<BITS, LIMBS>]) -> Option<Uint<BITS, LIMBS>> {
    for end in 1..values.len() {
        for at in (0..end).rev() {
            match values.get_mut(at..) {
                Some([low, high, ..]) if *low > *high => core::mem::swap(low, high),
                _ => break,
            }
        }
    }
    let high = *values.get(values.len() >> 1)?;
    if values.len() & 1 == 1 {
        return Some(high);
    }
    let low = *values.get((values.len() >> 1).checked_sub(1)?)?;
    // Sorted, so neither step can wrap.
    Some(low.wrapping_add(high.wrapping_sub(low).wrapping_shr(1)))
}
