//! The end of a market: its price, found by the clock, and what each class of claims is worth.

use crate::types::loss::{close, low64, open};
use alloy_primitives::U256;

/// How long a proposed price can be challenged, in seconds.
pub const WINDOW_SECS: u64 = 24 * 3_600;
/// How often a better-founded price restarts that.
pub const MAX_RESTARTS: u8 = 3;
/// The largest price, WAD: 120 bits.
pub const MAX_PRICE: u128 = (1 << 120) - 1;
/// The latest second a word holds: 40 bits.
pub const MAX_SECOND: u64 = (1 << 40) - 1;

/// A clean observation of a price, as the chain itself recorded it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    /// WAD, 1..=[`MAX_PRICE`].
    pub price: u128,
    /// When it was observed, in seconds.
    pub at: u64,
    /// How many independent feeds agreed on it, 1 and up.
    pub feeds: u8,
}

/// How a market ends.
///
/// The word, from its least significant bit: `price` 120, `observed` 40, `feeds` 8, `started` 40, `until` 40,
/// `restarts` 7, `winding` 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    /// The price that stands.
    pub anchor: Anchor,
    /// When it began to settle, in seconds; 0 if it does not.
    pub started: u64,
    /// When the price is fixed, in seconds.
    pub until: u64,
    /// How often a challenge has restarted the window.
    pub restarts: u8,
    /// Nothing new may be opened, without end.
    pub winding: bool,
}

/// Where a market stands on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It trades.
    Trading,
    /// It only reduces, without end.
    WindingDown,
    /// A price is proposed and can be challenged.
    Challenged {
        /// The price that stands, WAD.
        price: u128,
        /// When it is fixed, in seconds.
        until: u64,
    },
    /// The price is fixed.
    Fixed {
        /// WAD.
        price: u128,
    },
}

impl Settlement {
    /// The settlement of a word.
    pub fn unpack(word: U256) -> Self {
        let [a, b, c, d] = word.into_limbs();
        let price = u128::from(a) | u128::from(b & 0xff_ffff_ffff_ffff) << 64;
        let [feeds, ..] = (c >> 32).to_le_bytes();
        let [flags, ..] = (d >> 56).to_le_bytes();
        Self {
            anchor: Anchor { price, at: b >> 56 | (c & 0xffff_ffff) << 8, feeds },
            started: c >> 40 | (d & 0xffff) << 24,
            until: d >> 16 & MAX_SECOND,
            restarts: flags & 0x7f,
            winding: flags >> 7 == 1,
        }
    }
    /// The settlement's word; what passes a field is cut to the field's largest value.
    pub fn pack(&self) -> U256 {
        let Anchor { price, at, feeds } = self.anchor;
        let (price, at) = (price.min(MAX_PRICE), at.min(MAX_SECOND));
        let (started, until) = (self.started.min(MAX_SECOND), self.until.min(MAX_SECOND));
        let flags = u64::from(self.restarts & 0x7f) | u64::from(self.winding) << 7;
        U256::from_limbs([
            low64(price),
            low64(price >> 64) | at << 56,
            at >> 8 | u64::from(feeds) << 32 | started << 40,
            started >> 24 | until << 16 | flags << 56,
        ])
    }
}

/// What there is and who claims it when everything ends, in token units; each claim rounded up in the sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Everything that can be paid out.
    pub assets: u128,
    /// What traders put in and did not lose.
    pub principal: u128,
    /// What they won.
    pub profits: u128,
    /// What providers claim.
    pub providers: u128,
    /// What stakers claim.
    pub stakers: u128,
}

/// One class of claims: what it claims and what there is for it, both fixed.
///
/// The word, from its least significant bit: `claims` 112, `paid` 112.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pot {
    /// The sum of its claims, in token units.
    pub claims: u128,
    /// What they are paid together, at most `claims`.
    pub paid: u128,
}

impl Pot {
    /// The pot of a word.
    pub fn unpack(word: U256) -> Self {
        let (claims, paid, _) = open(word);
        Self { claims, paid }
    }
    /// The pot's word.
    pub fn pack(&self) -> U256 {
        close(self.claims, self.paid, 0)
    }
}

/// How the assets are divided: the pots and the residue sum to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Division {
    /// Traders' principal.
    pub principal: Pot,
    /// Their profits.
    pub profits: Pot,
    /// Providers.
    pub providers: Pot,
    /// Stakers.
    pub stakers: Pot,
    /// What nobody claims.
    pub residue: u128,
}

/// A class of claims, in the order in which they are paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Traders' principal.
    Principal,
    /// Their profits.
    Profits,
    /// Providers.
    Providers,
    /// Stakers.
    Stakers,
}

impl Rank {
    /// The number of the class.
    pub const fn code(self) -> u8 {
        match self {
            Self::Principal => 0,
            Self::Profits => 1,
            Self::Providers => 2,
            Self::Stakers => 3,
        }
    }
}
