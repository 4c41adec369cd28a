//! What a parameter file says about the fund and about money that is brought back.

use super::plan::{Number, Span};
use crate::operator::{
    fault::{Fault, Outcome},
    terms,
};
use alloy_primitives::{B256, U256};
use serde::Deserialize;

/// What the fund covers in a loss domain.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cover {
    /// The domain.
    pub domain: u32,
    /// What a loss bears itself, in units of the token.
    pub deductible: Number,
    /// The same as a share, in basis points.
    pub deductible_bps: u16,
    /// What an epoch may draw, in basis points.
    pub budget_bps: u16,
    /// Days of an epoch.
    pub epoch_days: u16,
    /// What may be drawn in all, in units of the token.
    pub claim: Number,
}

/// How the fund is filled up.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surcharge {
    /// What it aims at, in basis points of the pool.
    pub target_bps: u16,
    /// The most of a fee, in basis points.
    pub most_bps: u16,
}

/// The fund's times and floor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fund {
    /// From a request until it may leave.
    pub cooldown: Span,
    /// How long it may leave then.
    pub window: Span,
    /// How long an incident holds back.
    pub hold: Span,
    /// How long a deficit holds back.
    pub deficit: Span,
    /// What is never paid out, in units of the token.
    pub floor: Number,
}

/// On what terms money may be brought back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnTerms {
    /// The bounty of what is brought back, in basis points.
    pub rate_bps: u16,
    /// The largest bounty of an incident, in units of the token.
    pub cap: Number,
    /// The hash of the terms' text.
    pub text: B256,
}

impl Cover {
    /// The words of the change.
    ///
    /// Errors: a value out of its bounds.
    pub fn words(&self) -> Outcome<Vec<U256>> {
        let terms = terms::Cover {
            domain: self.domain,
            deductible: self.deductible.0,
            deductible_bps: self.deductible_bps,
            budget_bps: self.budget_bps,
            epoch_days: self.epoch_days,
            claim: self.claim.0,
        };
        terms.words().map_err(|fault| named(&format!("[[cover]] of domain {}", self.domain), fault))
    }
}

impl Surcharge {
    /// The words of the change.
    ///
    /// Errors: a value out of its bounds.
    pub fn words(&self) -> Outcome<Vec<U256>> {
        terms::surcharge(self.target_bps, self.most_bps).map_err(|fault| named("[surcharge]", fault))
    }
}

impl Fund {
    /// The words of the change.
    ///
    /// Errors: a value out of its bounds.
    pub fn words(&self) -> Outcome<Vec<U256>> {
        let [cooldown, window, hold, deficit] = [self.cooldown, self.window, self.hold, self.deficit].map(|one| one.0);
        let terms = terms::Fund { cooldown, window, hold, deficit, floor: self.floor.0 };
        terms.words().map_err(|fault| named("[fund]", fault))
    }
}

impl ReturnTerms {
    /// The words of the change.
    ///
    /// Errors: a value out of its bounds.
    pub fn words(&self) -> Outcome<Vec<U256>> {
        terms::harbour(self.rate_bps, self.cap.0, self.text).map_err(|fault| named("[return_terms]", fault))
    }
}

/// A refusal with the part of the file that it is about.
fn named(part: &str, fault: Fault) -> Fault {
    Fault::Usage(format!("{part}: {fault}"))
}
