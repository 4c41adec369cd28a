//! Positions that stand for one another: those of one account in one loss domain, if it has chosen so.
//!
//! Everything here names a domain and looks at no leg of another one.

use crate::{
    error::Error,
    types::{Balance, Choice, Leg},
};

/// What the positions of a domain have, owe and need together.
///
/// Invariants: MR-15.
pub fn balance(legs: &[Leg], domain: u8) -> Balance {
    let (mut assets, mut losses, mut needed) = (0u128, 0u128, 0u128);
    for leg in legs.iter().filter(|leg| leg.domain == domain) {
        assets = assets.saturating_add(leg.margin).saturating_add(leg.profit);
        losses = losses.saturating_add(leg.loss);
        needed = needed.saturating_add(leg.needed);
    }
    Balance { equity: assets.saturating_sub(losses), owed: losses.saturating_sub(assets), needed }
}

/// Whether each position of a domain meets what it needs without the others: the condition of choosing cross margin
/// (with their maintenance margins) and of leaving it (with their initial ones).
///
/// Nobody chooses it to escape a liquidation that is due, and nobody leaves one behind. Profit that is not realised
/// does not count.
///
/// Errors: [`Error::Alone`] with the first that does not.
/// Invariants: MR-17.
pub fn alone(legs: &[Leg], domain: u8) -> Result<(), Error> {
    for (leg, position) in (0u32..).zip(legs).filter(|(_, leg)| leg.domain == domain) {
        let value = position.margin.saturating_sub(position.loss);
        if value < position.needed || position.loss > position.margin {
            return Err(Error::Alone { leg, value, bound: position.needed });
        }
    }
    Ok(())
}

/// Takes a realised loss from the margins of a domain, in the order given, and returns what they do not cover.
///
/// Invariants: MR-16.
pub fn cover(legs: &mut [Leg], domain: u8, loss: u128) -> u128 {
    let mut left = loss;
    for leg in legs.iter_mut().filter(|leg| leg.domain == domain) {
        let part = left.min(leg.margin);
        leg.margin = leg.margin.saturating_sub(part);
        left = left.saturating_sub(part);
    }
    left
}

/// The account's choice in a domain, made or taken back; an equal one is no change and asks for nothing.
///
/// Errors: those of [`alone`].
/// Invariants: MR-17.
pub fn turned(choice: Choice, legs: &[Leg], domain: u8, on: bool) -> Result<Choice, Error> {
    if choice.has(domain) != on {
        alone(legs, domain)?;
    }
    Ok(choice.with(domain, on))
}
