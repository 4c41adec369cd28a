//! What the module remembers and what it is asked; sides and their deleveraging in `side`.
//!
//! Units: amounts, notionals and margins in token units below 2^112; sizes below 2^112; prices WAD below 2^120.

use alloy_primitives::U256;
use fusebox_core::panel::Tier;

pub mod side;

/// What a market remembers of its margin: where it was last raised to, and when; it falls along a line from there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ratchet {
    /// The margin then, bps of notional.
    pub margin_bps: u16,
    /// The second of it.
    pub at: u64,
}

/// What moves a market's margin and no trader sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// The market's tier.
    pub tier: Tier,
    /// What volatility asks for, bps of notional: from [`volatility_up`](crate::logic::volatility_up), maybe in
    /// another program.
    pub volatility_bps: u16,
}

/// A position as it would be after opening or increasing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// Its whole notional at the price, rounded up.
    pub notional: u128,
    /// The open interest of its side with it, in notional.
    pub interest: u128,
    /// The accounted assets of the pool, less what is not the pool's to lose.
    pub assets: u128,
    /// Its margin.
    pub margin: u128,
    /// Its unrealised loss, rounded up; unrealised profit does not count.
    pub loss: u128,
}

/// What an opening has to meet, and met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// The initial margin, bps of notional.
    pub initial_bps: u16,
    /// The same in token units, rounded up.
    pub needed: u128,
}

/// A position as it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Which way.
    pub is_long: bool,
    /// Base units; 0 is no position.
    pub size: u128,
    /// What it was bought (long) or sold (short) for.
    pub entry: u128,
    /// Its collateral.
    pub margin: u128,
}

/// A price and how to turn sizes into token units with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// WAD.
    pub price: u128,
    /// `10^(36 - decimals)`: notional = size * price / scale.
    pub scale: u128,
}

/// How far a position is from being liquidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// At this price (and above for a long, below for a short) it is certainly not liquidated; WAD, at most
    /// [`u128::MAX`].
    pub price: u128,
    /// How far the price may still move against it, bps of the price; 0 at the liquidation price and beyond.
    pub distance_bps: u32,
    /// Whether it may be liquidated now: exact, where the distance is rounded against the account.
    pub liquidatable: bool,
}

/// Realised profit of an account that is not warm yet; it is part of the free collateral, not beside it.
///
/// The word, from its least significant bit: `amount` 128, `start` 40, `end` 40.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Warm {
    /// What was warming at the start, in token units.
    pub amount: u128,
    /// Since when, in seconds.
    pub start: u64,
    /// When all of it is warm, in seconds.
    pub end: u64,
}

/// A position of an account with cross margin, by value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leg {
    /// The loss domain of its market.
    pub domain: u8,
    /// Its margin.
    pub margin: u128,
    /// Its unrealised profit, rounded down.
    pub profit: u128,
    /// Its unrealised loss, rounded up.
    pub loss: u128,
    /// What it needs alone: maintenance or initial margin, as the question is.
    pub needed: u128,
}

/// What the positions of one domain come to together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// What is left of margins and profits after losses.
    pub equity: u128,
    /// Losses beyond that: the domain's and nobody else's.
    pub owed: u128,
    /// The sum of what they need.
    pub needed: u128,
}

impl Balance {
    /// Whether the domain meets what it needs.
    pub const fn is_healthy(&self) -> bool {
        self.owed == 0 && self.equity >= self.needed
    }
}

/// The domains in which an account has chosen cross margin: one bit each, its word as it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice(pub U256);

impl Choice {
    /// Whether it has chosen it there.
    pub fn has(self, domain: u8) -> bool {
        self.0.bit(usize::from(domain))
    }
    /// With the choice of one domain.
    pub fn with(self, domain: u8, on: bool) -> Self {
        let mut word = self.0;
        word.set_bit(usize::from(domain), on);
        Self(word)
    }
}
