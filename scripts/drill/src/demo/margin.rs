//! What a market asks of a position: the parameters it is listed with, and what the contract answers when asked.

use super::actors::{Held, FEE_BPS, INITIAL_BPS, MAINTENANCE_BPS, PENALTY_BPS};
use super::cascade::BUFFER_BPS;
use alloy_primitives::U256;
use fusebox_market::params::{Caps, Params, Ramp, MAX_CAP};
use fusebox_market::storage::{pack_caps, pack_closing, pack_terms};
use fusebox_market::types::Ratchet;

/// How the margin of a market moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Margin {
    /// It stands still but for the tier, open interest may be as large as the pool, and profits leave at once: what
    /// breakers are compared on.
    Bare,
    /// The module's defaults: volatility, open interest and size raise it, and it comes down by the day.
    Breathing,
    /// The same market with the margin standing still but for the tier.
    Still,
    /// [`Self::Breathing`] where open interest may be twice the pool, with a buffer.
    BreathingThin,
    /// [`Self::Still`] where open interest may be twice the pool, without one.
    StillThin,
}

/// The smallest margin, and what is dust: 10 units.
const LEAST: u128 = 10_000_000;
/// The largest notional of a position where size raises the margin.
const POSITION: u128 = 2_000_000_000_000;
/// Of a poke: 5 units a tier.
const BOUNTY: u64 = 5_000_000;

impl Margin {
    fn params(self) -> Params {
        let caps = match self {
            Self::Bare => Caps { position: MAX_CAP, interest: MAX_CAP },
            _ => Caps { position: POSITION, interest: MAX_CAP },
        };
        let mut params = Params::standard(0, LEAST, caps, 0);
        let terms = &mut params.terms;
        (terms.base_bps, terms.fee_bps) = (INITIAL_BPS, FEE_BPS);
        params.closing.maintenance = Ramp { to_bps: MAINTENANCE_BPS, ..Ramp::flat(MAINTENANCE_BPS, 0, 86_400) };
        params.closing.penalty_bps = PENALTY_BPS;
        if !matches!(self, Self::Breathing | Self::BreathingThin) {
            // Neither volatility nor open interest nor size raises the margin, and it falls as fast as it may.
            terms.z_hundredths = 0;
            (terms.interest_start_bps, terms.interest_margin_bps) = (9_999, 1);
            (terms.size_start_bps, terms.size_margin_bps) = (9_999, 1);
            terms.ratchet_bps = 10_000;
        }
        if self == Self::Bare {
            (terms.interest_share_bps, terms.warmup_mins) = (10_000, 0);
        }
        if matches!(self, Self::BreathingThin | Self::StillThin) {
            terms.interest_share_bps = 20_000;
        }
        params
    }

    /// The words that list the market: terms, caps, what ends a position, policy.
    pub fn words(self) -> [U256; 4] {
        let Params { terms, caps, closing } = self.params();
        let buffer = if self == Self::BreathingThin { BUFFER_BPS } else { 0 };
        let policy = U256::from(BOUNTY) | (U256::from(buffer) << 64usize);
        [pack_terms(&terms), pack_caps(&caps, &Ratchet::default()), pack_closing(&closing), policy]
    }
}

/// The initial margin in bps of notional that the contract names when it refuses `needed` for a position of `held` and
/// `more`, both in base units.
pub fn asked_bps(held: &Held, more: u128, price: f64, needed: u128) -> f64 {
    let size = (held.size + more) as f64 / 1e18;
    needed as f64 / 1e6 / (size * price) * 1e4
}
