//! What Governance sets for a market, in three words: one that every trade reads, one more for opening, one for what
//! ends a position.

use crate::error::Error;

/// The whole, in basis points.
pub const FULL_BPS: u16 = 10_000;
/// The largest cap on notional, in token units: 96 bits.
pub const MAX_CAP: u128 = u128::MAX >> 32;
/// The largest smallest margin, and the largest dust, in token units: 80 bits.
pub const MAX_DUST: u128 = u128::MAX >> 48;
/// The shortest ramp of the maintenance margin, in seconds.
pub const MIN_RAMP_SECS: u32 = 86_400;
/// The longest ramp of the maintenance margin, in seconds.
pub const MAX_RAMP_SECS: u32 = 365 * 86_400;
/// Parameters that have a number.
pub const TERMS: u8 = 19;

/// What every trade of a market reads: its margins, limits and fee; one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Initial margin in a calm and empty market, bps of notional: 10..=10,000, and above the maintenance margin.
    pub base_bps: u16,
    /// From which share of the cap open interest raises the margin, bps: 0..=9,999.
    pub interest_start_bps: u16,
    /// The margin with open interest at the cap, bps of notional: 1..=10,000; no effect up to the base.
    pub interest_margin_bps: u16,
    /// From which share of the cap the size of a position raises its margin, bps: 0..=9,999.
    pub size_start_bps: u16,
    /// The margin of a position at the cap, bps of notional: 1..=10,000; no effect up to the base.
    pub size_margin_bps: u16,
    /// Standard deviations that the margin covers, in hundredths: 0..=1,000; 0 is a margin that volatility does not move.
    pub z_hundredths: u16,
    /// Over which time, in minutes: 1..=10,080.
    pub horizon_mins: u16,
    /// Factor on the initial margin while Guarded, bps: 10,000..=50,000.
    pub guarded_bps: u16,
    /// How fast the market's margin may fall, bps of notional a day: 100..=10,000.
    pub ratchet_bps: u16,
    /// Open interest of a side at most this share of the pool, bps: 1..=20,000.
    pub interest_share_bps: u16,
    /// Fee on each trade, bps of notional: 0..=1,000; the rule of the contract, the word of the market.
    pub fee_bps: u16,
    /// How long a realised profit warms up, in minutes: 0..=43,200.
    pub warmup_mins: u16,
    /// Smallest margin of a position, in token units: 1..=2^80 - 1.
    pub min_margin: u128,
    /// The contract's own mark: an overlay is in force on one of the terms, so who loads them looks further.
    pub overlaid: bool,
    /// The contract's second mark: a loss of the market's domain is still to be paid back or collected.
    pub stressed: bool,
}

/// What only an opening reads beside the terms: caps on notional; one word with the ratchet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// The largest notional of a position, in token units: 1..=2^96 - 1.
    pub position: u128,
    /// The largest open interest of a side, in token units of notional: 1..=2^96 - 1.
    pub interest: u128,
}

/// What ends a position: the maintenance margin and what follows from falling below it; one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Closing {
    /// The maintenance margin.
    pub maintenance: Ramp,
    /// Penalty of a liquidation, bps of notional: 0..=the maintenance margin at its lowest.
    pub penalty_bps: u16,
    /// A liquidation of at most this notional does not wait for the pace, in token units: 0..=2^80 - 1.
    pub dust: u128,
    /// The loss domain: fixed when the market is listed.
    pub domain: u8,
}

/// A margin on its way from one value to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ramp {
    /// Where it started, bps of notional.
    pub from_bps: u16,
    /// Where it ends, bps of notional.
    pub to_bps: u16,
    /// When it started, in seconds.
    pub start: u64,
    /// How long it takes, in seconds: 24 h..=365 d.
    pub length_secs: u32,
}

impl Ramp {
    /// One that stands still.
    pub const fn flat(bps: u16, now: u64, length_secs: u32) -> Self {
        Self { from_bps: bps, to_bps: bps, start: now, length_secs }
    }

    /// Where it is, in basis points of notional.
    ///
    /// Rounding: towards where it came from, so that no number of changes makes it faster than one.
    pub fn at(&self, now: u64) -> u16 {
        let (length, passed) = (u64::from(self.length_secs), now.saturating_sub(self.start));
        if passed >= length {
            return self.to_bps;
        }
        let whole = u64::from(self.from_bps.abs_diff(self.to_bps)).saturating_mul(passed);
        let moved = u16::try_from(whole.checked_div(length).unwrap_or(0)).unwrap_or(0);
        if self.from_bps < self.to_bps {
            self.from_bps.saturating_add(moved)
        } else {
            self.from_bps.saturating_sub(moved)
        }
    }

    /// A new one from where this one is.
    pub fn turned(&self, now: u64, to_bps: u16, length_secs: u32) -> Self {
        Self { from_bps: self.at(now), to_bps, start: now, length_secs }
    }
}

/// All parameters of a market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params {
    /// What every trade reads.
    pub terms: Terms,
    /// What an opening reads.
    pub caps: Caps,
    /// What a liquidation reads.
    pub closing: Closing,
}

impl Params {
    /// The defaults over what depends on the token, the pool and the market.
    pub const fn standard(now: u64, min_margin: u128, caps: Caps, domain: u8) -> Self {
        Self {
            terms: Terms {
                base_bps: 500,
                interest_start_bps: 5_000,
                interest_margin_bps: 2_000,
                size_start_bps: 2_500,
                size_margin_bps: 2_000,
                z_hundredths: 300,
                horizon_mins: 60,
                guarded_bps: 15_000,
                ratchet_bps: 500,
                interest_share_bps: 5_000,
                fee_bps: 5,
                warmup_mins: 240,
                min_margin,
                overlaid: false,
                stressed: false,
            },
            caps,
            closing: Closing {
                maintenance: Ramp::flat(250, now, MIN_RAMP_SECS),
                penalty_bps: 100,
                dust: min_margin,
                domain,
            },
        }
    }

    /// The parameters, if every one is within its bounds, both included.
    ///
    /// Errors: [`Error::Term`].
    pub fn validated(self, now: u64) -> Result<Self, Error> {
        let base = u128::from(self.terms.base_bps);
        let ramp = &self.closing.maintenance;
        let (at, to) = (ramp.at(now), ramp.to_bps);
        let (low, high) = (u128::from(at.min(to)), u128::from(at.max(to)));
        for term in 0..TERMS {
            let (min, max) = bounds(term);
            let (value, min, max) = match term {
                15 if low < min => (low, min, max),
                15 => (high, min, base.saturating_sub(1)),
                16 => (self.get(16), min, low),
                _ => (self.get(term), min, max),
            };
            if value < min {
                return Err(Error::Term { term, value, bound: min });
            }
            if value > max {
                return Err(Error::Term { term, value, bound: max });
            }
        }
        Ok(self)
    }

    /// A parameter by its number; 0 for a number that none has.
    pub fn get(&self, term: u8) -> u128 {
        let (terms, closing) = (&self.terms, &self.closing);
        let bps = match term {
            0 => terms.base_bps,
            1 => terms.interest_start_bps,
            2 => terms.interest_margin_bps,
            3 => terms.size_start_bps,
            4 => terms.size_margin_bps,
            5 => terms.z_hundredths,
            6 => terms.horizon_mins,
            7 => terms.guarded_bps,
            8 => terms.ratchet_bps,
            9 => terms.interest_share_bps,
            10 => terms.fee_bps,
            11 => terms.warmup_mins,
            12 => return terms.min_margin,
            13 => return self.caps.position,
            14 => return self.caps.interest,
            15 => closing.maintenance.to_bps,
            16 => closing.penalty_bps,
            17 => return closing.dust,
            18 => return closing.maintenance.length_secs.into(),
            _ => 0,
        };
        bps.into()
    }

    /// The parameters with one of them changed; the maintenance margin, and the length of its ramp, start a new ramp
    /// from where the present one is.
    ///
    /// Errors: [`Error::UnknownTerm`], [`Error::Term`].
    pub fn with(mut self, now: u64, term: u8, value: u128) -> Result<Self, Error> {
        if term >= TERMS {
            return Err(Error::UnknownTerm { term, bound: TERMS.saturating_sub(1) });
        }
        let (min, max) = bounds(term);
        if value < min || value > max {
            return Err(Error::Term { term, value, bound: if value < min { min } else { max } });
        }
        let small = u16::try_from(value).unwrap_or(u16::MAX);
        let (terms, closing) = (&mut self.terms, &mut self.closing);
        let ramp = closing.maintenance;
        match term {
            0 => terms.base_bps = small,
            1 => terms.interest_start_bps = small,
            2 => terms.interest_margin_bps = small,
            3 => terms.size_start_bps = small,
            4 => terms.size_margin_bps = small,
            5 => terms.z_hundredths = small,
            6 => terms.horizon_mins = small,
            7 => terms.guarded_bps = small,
            8 => terms.ratchet_bps = small,
            9 => terms.interest_share_bps = small,
            10 => terms.fee_bps = small,
            11 => terms.warmup_mins = small,
            12 => terms.min_margin = value,
            13 => self.caps.position = value,
            14 => self.caps.interest = value,
            15 => closing.maintenance = ramp.turned(now, small, ramp.length_secs),
            16 => closing.penalty_bps = small,
            17 => closing.dust = value,
            _ => closing.maintenance = ramp.turned(now, ramp.to_bps, u32::try_from(value).unwrap_or(MAX_RAMP_SECS)),
        }
        self.validated(now)
    }
}

/// The bounds of a parameter that depend on no other one, both included.
pub const fn bounds(term: u8) -> (u128, u128) {
    match term {
        0 => (10, 10_000),
        1 | 3 => (0, 9_999),
        2 | 4 => (1, 10_000),
        5 => (0, 1_000),
        6 => (1, 10_080),
        7 => (10_000, 50_000),
        8 => (100, 10_000),
        9 => (1, 20_000),
        10 => (0, 1_000),
        11 => (0, 43_200),
        12 => (1, MAX_DUST),
        13 | 14 => (1, MAX_CAP),
        15 => (1, 9_999),
        16 => (0, 9_999),
        17 => (0, MAX_DUST),
        18 => (86_400, 31_536_000),
        _ => (0, 0),
    }
}
