//! A loss, the layers that may bear it, what each bore, and what a loss domain may draw from the fund.

use crate::error::Error;
use alloy_primitives::U256;

/// The largest amount: 112 bits, so that a product with basis points fits 128.
pub const MAX_AMOUNT: u128 = (1 << 112) - 1;
/// The largest absolute deductible: 96 bits, so that a domain is two words.
pub const MAX_DEDUCTIBLE: u128 = (1 << 96) - 1;
/// One, as an index of what was cut from profits counts.
pub const ONE_INDEX: u128 = 1_000_000_000_000_000_000_000_000_000;
/// One in basis points.
pub(crate) const BPS: u128 = 10_000;

/// On what terms the fund covers a loss domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoverTerms {
    deductible: u128,
    deductible_bps: u16,
    budget_bps: u16,
    epoch_days: u16,
}

impl CoverTerms {
    /// Checks every bound, inclusive.
    ///
    /// Units: `deductible` in token units, `deductible_bps` of an epoch's losses, `budget_bps` of the fund.
    /// Errors: [`Error::Parameter`], numbered as in the README's table.
    pub fn new(deductible: u128, deductible_bps: u16, budget_bps: u16, epoch_days: u16) -> Result<Self, Error> {
        within(16, deductible, 0, MAX_DEDUCTIBLE)?;
        within(17, deductible_bps.into(), 0, BPS)?;
        within(18, budget_bps.into(), 1, BPS)?;
        within(19, epoch_days.into(), 1, 365)?;
        Ok(Self { deductible, deductible_bps, budget_bps, epoch_days })
    }
    /// What the market bears of an epoch's losses before the fund pays, in token units.
    pub const fn deductible(&self) -> u128 {
        self.deductible
    }
    /// The same as a part of them, in basis points; the larger of the two counts.
    pub const fn deductible_bps(&self) -> u16 {
        self.deductible_bps
    }
    /// What the domain may draw in an epoch, in basis points of the fund.
    pub const fn budget_bps(&self) -> u16 {
        self.budget_bps
    }
    /// How long an epoch is, in days.
    pub const fn epoch_days(&self) -> u16 {
        self.epoch_days
    }
}

/// What a loss domain may draw; one that was never written draws nothing.
///
/// The words, from their least significant bits: `lost` 112, `drawn` 112, `until_day` 32 | `claim` 112, deductible 96,
/// its bps 16, budget bps 16, epoch days 16.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    /// The terms.
    pub terms: CoverTerms,
    /// What the domain may still draw over its life, in token units.
    pub claim: u128,
    /// Losses beyond collateral in this epoch, in token units; the largest amount stands for all above.
    pub lost: u128,
    /// What the fund paid of them.
    pub drawn: u128,
    /// The day since 1970 on which the epoch ends.
    pub until_day: u32,
}

impl Cover {
    /// The domain of two words.
    pub fn unpack([state, terms]: [U256; 2]) -> Self {
        let (lost, drawn, until_day) = open(state);
        let [a, b, c, d] = terms.into_limbs();
        let terms = CoverTerms {
            deductible: u128::from(b >> 48) | u128::from(c) << 16 | u128::from(d & 0xffff) << 80,
            deductible_bps: low16(d >> 16),
            budget_bps: low16(d >> 32),
            epoch_days: low16(d >> 48),
        };
        Self { terms, claim: u128::from(a) | u128::from(b & 0xffff_ffff_ffff) << 64, lost, drawn, until_day }
    }
    /// The domain's two words; what passes a field is cut to the field's largest value.
    pub fn pack(&self) -> [U256; 2] {
        let CoverTerms { deductible, deductible_bps, budget_bps, epoch_days } = self.terms;
        let claim = self.claim.min(MAX_AMOUNT);
        let high = low64(deductible >> 80)
            | u64::from(deductible_bps) << 16
            | u64::from(budget_bps) << 32
            | u64::from(epoch_days) << 48;
        let middle = low64(claim >> 64) | low64(deductible) << 48;
        let terms = U256::from_limbs([low64(claim), middle, low64(deductible >> 16), high]);
        [close(self.lost, self.drawn, self.until_day), terms]
    }
}

/// What can bear a loss now, in token units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// What is left of the account's own collateral.
    pub collateral: u128,
    /// The market's buffer.
    pub buffer: u128,
    /// The fund's assets.
    pub fund: u128,
    /// What the fund keeps.
    pub fund_floor: u128,
    /// The pool's assets.
    pub pool: u128,
    /// What the pool keeps.
    pub pool_floor: u128,
}

/// Who bears a loss, in token units; the parts sum to the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// The account's collateral.
    pub collateral: u128,
    /// The market's buffer.
    pub buffer: u128,
    /// The fund.
    pub fund: u128,
    /// The pool.
    pub pool: u128,
    /// Those who were deleveraged.
    pub deleveraged: u128,
    /// Profits, through the index.
    pub haircut: u128,
    /// What nobody has borne yet: what is asked of the next step, and after the last what no layer could bear.
    pub open: u128,
}

impl Split {
    /// The loss.
    pub const fn sum(&self) -> u128 {
        let above = self.collateral.saturating_add(self.buffer).saturating_add(self.fund).saturating_add(self.pool);
        above.saturating_add(self.deleveraged).saturating_add(self.haircut).saturating_add(self.open)
    }
    /// The parts in their order.
    pub const fn parts(&self) -> [u128; 7] {
        [self.collateral, self.buffer, self.fund, self.pool, self.deleveraged, self.haircut, self.open]
    }
}

/// How much of profits was cut so far: never falls, a later era is above every earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Index {
    /// How often everything was cut.
    pub era: u32,
    /// What was cut of a unit of profit that stood since the era began: 0..[`ONE_INDEX`].
    pub cut: u128,
}

impl Index {
    /// The index of its bits: `cut` 96, `era` 32.
    pub fn from_bits(bits: u128) -> Self {
        Self { era: low32(low64(bits >> 96)), cut: bits & ((1 << 96) - 1) }
    }
    /// The bits of the index, for the word of whoever remembers it.
    pub fn to_bits(self) -> u128 {
        self.cut | u128::from(self.era) << 96
    }
}

/// A haircut: who is cut pays a little more than the loss, and that goes to the residue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Haircut {
    /// The index from now on.
    pub index: Index,
    /// What all profits pay together, in token units.
    pub charged: u128,
    /// What of it is rounding, in token units.
    pub residue: u128,
}

/// Refuses a value outside its bounds, which are inclusive.
pub(crate) const fn within(id: u8, value: u128, low: u128, high: u128) -> Result<(), Error> {
    if value < low {
        return Err(Error::Parameter { id, value, bound: low });
    }
    if value > high {
        return Err(Error::Parameter { id, value, bound: high });
    }
    Ok(())
}

/// Two amounts and a number of 32 bits from one word.
#[inline(never)] // once in a program: bytes run out before gas
pub(crate) fn open(word: U256) -> (u128, u128, u32) {
    let [a, b, c, d] = word.into_limbs();
    let low = u128::from(a) | u128::from(b & 0xffff_ffff_ffff) << 64;
    let high = u128::from(b >> 48) | u128::from(c) << 16 | u128::from(d & 0xffff_ffff) << 80;
    (low, high, low32(d >> 32))
}

/// The word of two amounts and a number of 32 bits; an amount past its field counts as the largest.
#[inline(never)]
pub(crate) fn close(low: u128, high: u128, tag: u32) -> U256 {
    let (low, high) = (low.min(MAX_AMOUNT), high.min(MAX_AMOUNT));
    let middle = low64(low >> 64) | low64(high) << 48;
    let top = low64(high >> 80) | u64::from(tag) << 32;
    U256::from_limbs([low64(low), middle, low64(high >> 16), top])
}

/// The low 64 bits.
#[inline]
#[allow(clippy::as_conversions)] // cut on purpose
pub(crate) const fn low64(value: u128) -> u64 {
    value as u64
}

/// The low 32 bits.
#[inline]
#[allow(clippy::as_conversions)] // cut on purpose
pub(crate) const fn low32(value: u64) -> u32 {
    value as u32
}

/// The low 16 bits.
#[inline]
#[allow(clippy::as_conversions)] // cut on purpose
pub(crate) const fn low16(value: u64) -> u16 {
    value as u16
}
