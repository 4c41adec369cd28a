//! The panel word and what it speaks of: classes of action, tiers, scopes, the standing of a circuit.
//!
//! Word `k` holds 64 nibbles. Nibble 0 is a copy of the main switch, nibbles 1..=63 are the circuits `63k..63k+63`.
//! A circuit is normal when [`LISTED`] is its only bit, so a word that was never written reads as stopped.

use alloy_primitives::U256;

/// Circuits in one panel word.
pub const CIRCUITS_PER_WORD: u32 = 63;
/// Bit of the guardian.
pub const PAUSE: u8 = 1;
/// Bit of the breaker.
pub const BREAKER: u8 = 2;
/// Bit of limiter trips and sentinels.
pub const SIGNAL: u8 = 4;
/// Bit of a circuit that exists.
pub const LISTED: u8 = 8;

/// A class of action, in the order in which they are stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// New risk: opening, increasing, liquidity withdrawal.
    Increase = 0,
    /// Liquidation.
    Liquidate = 1,
    /// Closing and reducing.
    Reduce = 2,
    /// Withdrawal that needs no price.
    ExitUnpriced = 3,
    /// Top up, repay.
    Inflow = 4,
}

impl Class {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Increase, Self::Liquidate, Self::Reduce, Self::ExitUnpriced, Self::Inflow];

    /// The number of the class.
    pub const fn code(self) -> u8 {
        match self {
            Self::Increase => 0,
            Self::Liquidate => 1,
            Self::Reduce => 2,
            Self::ExitUnpriced => 3,
            Self::Inflow => 4,
        }
    }

    /// The class with that number.
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Increase,
            1 => Self::Liquidate,
            2 => Self::Reduce,
            3 => Self::ExitUnpriced,
            4 => Self::Inflow,
            _ => return None,
        })
    }
}

/// A set of classes, one bit each; bits 5 to 7 are never set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Classes(u8);

impl Classes {
    /// No class.
    pub const NONE: Self = Self(0);
    /// Every class.
    pub const ALL: Self = Self(0b1_1111);
    /// What an exit needs: withdrawal without a price, and topping up.
    pub const EXITS: Self = Self(0b1_1000);

    /// The set of exactly these bits; `None` if a bit names no class.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits & !Self::ALL.0 == 0 {
            Some(Self(bits))
        } else {
            None
        }
    }
    /// One bit a class.
    pub const fn bits(self) -> u8 {
        self.0
    }
    /// The set of one class.
    pub const fn of(class: Class) -> Self {
        Self(match class {
            Class::Increase => 0b1,
            Class::Liquidate => 0b10,
            Class::Reduce => 0b100,
            Class::ExitUnpriced => 0b1000,
            Class::Inflow => 0b1_0000,
        })
    }
    /// Whether the class is in the set.
    pub const fn has(self, class: Class) -> bool {
        self.0 & Self::of(class).0 != 0
    }
    /// Classes in either.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// Classes in both.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
    /// Classes in this one only.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
    /// Whether it is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// How far a circuit is from normal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Tier {
    /// Everything works.
    #[default]
    Normal = 0,
    /// Everything works, limits are tighter.
    Guarded = 1,
    /// No Increase.
    ReduceOnly = 2,
    /// No believable price: only what needs none.
    Halted = 3,
    /// Claims at a fixed price, and no way back: what was put in is counted, so nothing is added either.
    Settling = 4,
}

impl Tier {
    /// The number of the tier.
    pub const fn code(self) -> u8 {
        match self {
            Self::Normal => 0,
            Self::Guarded => 1,
            Self::ReduceOnly => 2,
            Self::Halted => 3,
            Self::Settling => 4,
        }
    }
    /// The tier with that number.
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Normal,
            1 => Self::Guarded,
            2 => Self::ReduceOnly,
            3 => Self::Halted,
            4 => Self::Settling,
            _ => return None,
        })
    }
    /// The classes that a tier stops.
    pub const fn stops(self) -> Classes {
        match self {
            Self::Normal | Self::Guarded => Classes::NONE,
            Self::ReduceOnly => Classes(0b1),
            Self::Halted => Classes(0b111),
            Self::Settling => Classes(0b1_0111),
        }
    }
}

/// The protocol (0) or one market (1 and up); market `n` is circuit `n - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(u32);

impl Scope {
    /// The main switch.
    pub const PROTOCOL: Self = Self(0);

    /// Scope number `n`.
    pub const fn new(n: u32) -> Self {
        Self(n)
    }
    /// Its number.
    pub const fn number(self) -> u32 {
        self.0
    }
    /// Whether it is the main switch.
    pub const fn is_protocol(self) -> bool {
        self.0 == 0
    }
    /// Its panel word and the nibble in it; the main switch is nibble 0 of every word, here of the first.
    #[inline]
    pub const fn place(self) -> (u32, u32) {
        match self.0.checked_sub(1) {
            None => (0, 0),
            Some(circuit) => {
                (circuit.wrapping_div(CIRCUITS_PER_WORD), circuit.wrapping_rem(CIRCUITS_PER_WORD).wrapping_add(1))
            }
        }
    }
}

/// One panel word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Panel(pub U256);

impl Panel {
    /// The bits at `nibble`; 0 for a nibble that does not exist.
    #[inline]
    pub fn bits(self, nibble: u32) -> u8 {
        let limb = self.0.as_limbs().get(usize::try_from(nibble >> 4).unwrap_or(4)).copied().unwrap_or(0);
        let [low, ..] = (limb >> ((nibble & 15) << 2)).to_le_bytes();
        low & 0xf
    }
    /// Whether the main switch and the circuit at `nibble` are both normal: the whole of a check on a quiet day.
    #[inline]
    pub fn is_normal(self, nibble: u32) -> bool {
        self.bits(0) == LISTED && self.bits(nibble) == LISTED
    }
    /// The word with the bits of `source` at `nibble` set or cleared, every other bit as it was.
    pub fn with(self, nibble: u32, source: u8, on: bool) -> Self {
        let mut limbs = self.0.into_limbs();
        let mask = u64::from(source & 0xf) << ((nibble & 15) << 2);
        if let Some(limb) = limbs.get_mut(usize::try_from(nibble >> 4).unwrap_or(4)) {
            *limb = if on { *limb | mask } else { *limb & !mask };
        }
        Self(U256::from_limbs(limbs))
    }
    /// The word with nibble 0 replaced: how the copies of the main switch are kept equal.
    pub fn with_main(self, bits: u8) -> Self {
        let [low, b, c, d] = self.0.into_limbs();
        Self(U256::from_limbs([low & !0xf | u64::from(bits & 0xf), b, c, d]))
    }
}

/// What one source says of one scope at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The tier it imposes.
    pub tier: Tier,
    /// The classes that are stopped, those of the tier included.
    pub stopped: Classes,
    /// Liquidation only below half the maintenance margin: the grace after a pause.
    pub grace: bool,
    /// When that changes by the clock alone, in seconds; 0 if nothing is in force.
    pub until: u64,
}

impl Standing {
    /// Nothing in force.
    pub const NORMAL: Self = Self { tier: Tier::Normal, stopped: Classes::NONE, grace: false, until: 0 };

    /// A tier until a time.
    pub const fn tier(tier: Tier, until: u64) -> Self {
        Self { tier, stopped: tier.stops(), grace: false, until }
    }
    /// Both at once: the higher tier, all that either stops, the end that comes later.
    pub fn and(self, other: Self) -> Self {
        Self {
            tier: self.tier.max(other.tier),
            stopped: self.stopped.or(other.stopped),
            grace: self.grace || other.grace,
            until: self.until.max(other.until),
        }
    }
}
