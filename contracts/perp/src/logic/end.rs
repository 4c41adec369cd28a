//! The end of everything: what is divided among markets, and what the fund gives for which loss domain. Pure, by value.
//!
//! Traders' principal was never in it. Then come profits, one part of all of them out of the pool; what winners lack then,
//! and what the deficit ledgers still owe to who was cut and to providers, the fund makes up, each loss domain out of its
//! own claim; the rest of the pool is the providers', the rest of the fund the stakers'.

use crate::{logic::settle::levied, storage::settle::Profits};
use fusebox_fund::{logic::loss::part_down, types::settlement::Pot};

/// A market at the end of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// Its number.
    pub market: u32,
    /// Its loss domain.
    pub domain: u32,
    /// What its count came to; one that was divided before is not part of this.
    pub profits: Profits,
    /// What its winners lack.
    pub short: u128,
}

/// What a loss domain needs of the fund, and may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// What the winners of its markets lack.
    pub short: u128,
    /// What its ledger owes to who was cut.
    pub cut: u128,
    /// What it owes to providers: what the pool lost, so that what winners are given in the pool's place counts.
    pub providers: u128,
    /// What the domain may still draw over its life.
    pub claim: u128,
}

impl Need {
    /// All of it, as far as the domain may draw.
    pub fn wanted(&self) -> u128 {
        let providers = self.providers.saturating_sub(self.short);
        self.short.saturating_add(self.cut).saturating_add(providers).min(self.claim)
    }
}

/// What earlier cuts take from the claims of the domain's markets, out of `outstanding`: the same part of what is asked in
/// all of them. What is taken.
///
/// Rounding: down, for each market.
/// Invariants: PP-12, PP-37.
pub fn levy(all: &mut [Ending], domain: u32, outstanding: u128) -> u128 {
    let of_domain = |ending: &Ending| ending.domain == domain;
    let asked =
        all.iter().filter(|ending| of_domain(ending)).fold(0, |sum: u128, of| sum.saturating_add(of.profits.asked));
    let taken = asked.min(outstanding);
    let mut sum = 0u128;
    for ending in all.iter_mut().filter(|ending| of_domain(ending)) {
        ending.profits = levied(ending.profits, part_down(taken, ending.profits.asked, asked));
        sum = sum.saturating_add(ending.profits.collected);
    }
    sum
}

/// Pays claims out of the pool, one part of all of them: what is paid.
///
/// Rounding: down, for each market.
/// Invariants: PP-22, PP-37.
pub fn share(all: &mut [Ending], pool: u128) -> u128 {
    let claims = all.iter().fold(0, |sum: u128, of| sum.saturating_add(of.profits.pot.claims));
    let mut sum = 0u128;
    for ending in all {
        let Pot { claims: own, .. } = ending.profits.pot;
        let paid = if claims <= pool { own } else { part_down(own, pool, claims) };
        ending.profits = Profits { pot: Pot { claims: own, paid }, divided: true, left: paid, ..ending.profits };
        ending.short = own.saturating_sub(paid);
        sum = sum.saturating_add(paid);
    }
    sum
}

/// What the winners of a domain's markets lack.
pub fn short_of(all: &[Ending], domain: u32) -> u128 {
    all.iter().filter(|of| of.domain == domain).fold(0, |sum: u128, of| sum.saturating_add(of.short))
}

/// What of `fund` a domain is given that wants `wanted`, where all of them want `all`: where there is not enough, each the
/// same part.
///
/// Rounding: down.
/// Invariants: PP-38.
pub fn given(wanted: u128, all: u128, fund: u128) -> u128 {
    if all <= fund {
        return wanted;
    }
    part_down(wanted, fund, all)
}

/// Gives `amount`, at most what they lack, to the winners of a domain's markets: what is given.
///
/// Rounding: down, for each market.
/// Invariants: PP-37, PP-38.
pub fn top_up(all: &mut [Ending], domain: u32, amount: u128) -> u128 {
    let short = short_of(all, domain);
    let mut sum = 0u128;
    for ending in all.iter_mut().filter(|of| of.domain == domain) {
        let more = part_down(amount.min(short), ending.short, short);
        let Profits { pot: Pot { claims, paid }, left, .. } = ending.profits;
        let (paid, left) = (paid.saturating_add(more), left.saturating_add(more));
        ending.profits = Profits { pot: Pot { claims, paid }, left, ..ending.profits };
        sum = sum.saturating_add(more);
    }
    sum
}
