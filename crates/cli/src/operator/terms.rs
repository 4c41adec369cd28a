//! What Governance decides about the fund and about money that is brought back: the words, within the bounds of the modules.
//!
//! The chain looks at these bounds when a change is carried out, days after it was proposed: here they are asked before.

use super::{explain, fault::Fault, fault::Outcome};
use alloy_primitives::{B256, U256};
use fusebox_authority::types::{change, Act};
use fusebox_fund::{
    error::Error,
    types::{
        ledger::{Harbour, Recap},
        loss::{CoverTerms, MAX_AMOUNT},
        Params,
    },
};
use perp::{insurance, settle};

/// On what terms the fund covers a loss domain: deductible in units of the token and in basis points of an epoch's losses,
/// budget in basis points of the fund, days of an epoch, what may be drawn in all in units of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cover {
    /// The domain.
    pub domain: u32,
    /// What a loss bears itself.
    pub deductible: u128,
    /// The same as a share.
    pub deductible_bps: u16,
    /// What an epoch may draw.
    pub budget_bps: u16,
    /// Days of an epoch.
    pub epoch_days: u16,
    /// What may be drawn in all.
    pub claim: u128,
}

/// The fund's times, in seconds, and its floor, in units of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fund {
    /// From a request until it may leave.
    pub cooldown: u64,
    /// How long it may leave then.
    pub window: u64,
    /// How long an incident holds back.
    pub hold: u64,
    /// How long a deficit holds back.
    pub deficit: u64,
    /// What is never paid out.
    pub floor: u128,
}

impl Cover {
    /// The words of the change.
    ///
    /// Errors: a value out of its bounds.
    pub fn words(&self) -> Outcome<Vec<U256>> {
        let (bps, budget, days) = (self.deductible_bps, self.budget_bps, self.epoch_days);
        CoverTerms::new(self.deductible, bps, budget, days).map_err(said)?;
        if self.claim > MAX_AMOUNT {
            return Err(said(Error::TooLarge { value: self.claim, bound: MAX_AMOUNT }));
        }
        let small = [bps, budget, days].map(U256::from);
        let [bps, budget, days] = small;
        let arguments = [U256::from(self.deductible), bps, budget, days, U256::from(self.claim)];
        Ok(protocol(insurance::COVER, self.domain, &arguments))
    }
}

impl Fund {
    /// The words of the change.
    ///
    /// Errors: a value out of its bounds.
    pub fn words(&self) -> Outcome<Vec<U256>> {
        let times = [self.cooldown, self.window, self.hold, self.deficit];
        let [a, b, c, d] = times.map(|secs| u32::try_from(secs).unwrap_or(u32::MAX));
        Params::new(a, b, c, d, self.floor).map_err(said)?;
        let mut arguments = times.map(U256::from).to_vec();
        arguments.push(U256::from(self.floor));
        Ok(protocol(insurance::PARAMS, 0, &arguments))
    }
}

/// How the fund is filled up: its target in basis points of the pool's assets, the most of a fee in basis points.
///
/// Errors: a value out of its bounds.
pub fn surcharge(target_bps: u16, most_bps: u16) -> Outcome<Vec<U256>> {
    Recap::new(target_bps, most_bps).map_err(said)?;
    Ok(protocol(insurance::RECAP, 0, &[target_bps, most_bps].map(U256::from)))
}

/// On what terms money may be brought back: bounty in basis points, its cap in units of the token, hash of the text.
///
/// Errors: a value out of its bounds.
pub fn harbour(rate_bps: u16, cap: u128, text: B256) -> Outcome<Vec<U256>> {
    Harbour::new(rate_bps, cap, text).map_err(said)?;
    Ok(protocol(settle::HARBOUR, 0, &[U256::from(rate_bps), U256::from(cap), text.into()]))
}

/// The words of one of the protocol's own acts.
pub fn protocol(id: u16, scope: u32, arguments: &[U256]) -> Vec<U256> {
    std::iter::once(change::header(Act::Protocol, id, scope)).chain(arguments.iter().copied()).collect()
}

/// A value out of its bounds, in words.
fn said(error: Error) -> Fault {
    Fault::Usage(explain::explain(&Vec::<u8>::from(error), 0).show())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUND: Fund = Fund { cooldown: 864_000, window: 345_600, hold: 259_200, deficit: 1_209_600, floor: 1_000_000 };

    #[test]
    fn what_the_modules_would_refuse_days_later_is_refused_now() {
        let cover =
            Cover { domain: 1, deductible: 5, deductible_bps: 1_000, budget_bps: 2_500, epoch_days: 30, claim: 7 };
        assert_eq!(cover.words().expect("within")[1..], [5u64, 1_000, 2_500, 30, 7].map(U256::from));
        let text = Cover { budget_bps: 0, ..cover }.words().unwrap_err().to_string();
        assert!(text.contains("FundParameter"), "{text}");
        assert!(Cover { claim: 1 << 112, ..cover }.words().is_err());
        assert_eq!(FUND.words().expect("within")[1], U256::from(864_000));
        assert!(Fund { cooldown: 863_999, ..FUND }.words().is_err());
        assert!(Fund { deficit: u64::MAX, ..FUND }.words().is_err());
        assert!(surcharge(400, 4_000).is_ok() && surcharge(400, 10_001).is_err());
        assert!(harbour(5_000, 1, B256::ZERO).is_ok() && harbour(5_001, 1, B256::ZERO).is_err());
    }
}
