//! What the chain has of what a parameter file asks for, in the words in which it is compared.

use super::goals::Found;
use crate::operator::{clock, fault::Outcome, remote::Remote};
use alloy_primitives::Address;
use fusebox_authority::{storage as authority, types::Role};
use fusebox_core::panel::Scope;
use fusebox_fund::{storage::ledger, types::Params};
use fusebox_guardian::storage as guardian;

/// A guardian as it is: who, and for how long.
///
/// Errors: no answer from the node.
pub fn granted(remote: &Remote<'_>, who: Address, scope: u32) -> Outcome<String> {
    let grant = remote.read(|host| guardian::grant(host, who, Scope::new(scope)))?;
    Ok(match grant.duration_secs {
        0 => "no guardian".to_owned(),
        secs => format!("{who}, for {}", clock::span(secs.into())),
    })
}

/// That an account holds a role.
pub fn holds(who: Address, role: Role) -> Found {
    Box::new(move |_, remote| {
        let holds = remote.read(|host| authority::account(host, who))?.roles.has(role);
        Ok(if holds { who.to_string() } else { format!("not {who}") })
    })
}

/// The terms of a domain's cover as they are stored: deductible, its basis points, budget, days, claim.
///
/// Errors: no answer from the node.
pub fn cover(remote: &Remote<'_>, domain: u32) -> Outcome<String> {
    let cover = remote.read(|host| ledger::cover(host, domain))?;
    let terms = cover.terms;
    Ok(format!(
        "{}, {}, {}, {}, {}",
        terms.deductible(),
        terms.deductible_bps(),
        terms.budget_bps(),
        terms.epoch_days(),
        cover.claim
    ))
}

/// How the fund is filled up, as it is stored.
///
/// Errors: no answer from the node.
pub fn recap(remote: &Remote<'_>) -> Outcome<String> {
    let recap = remote.read(ledger::recap)?;
    Ok(format!("{}, {}", recap.target_bps(), recap.max_bps()))
}

/// The fund's parameters: of a fund that nobody has staked in, those it would begin with.
///
/// Errors: no answer from the node.
pub fn fund(remote: &Remote<'_>) -> Outcome<String> {
    let params = remote.read(fusebox_fund::storage::params)?.unwrap_or(Params::DEFAULT);
    let times = [params.cooldown_secs(), params.window_secs(), params.hold_secs(), params.deficit_secs()];
    let times = times.map(|secs| secs.to_string()).join(", ");
    Ok(format!("{times}, {}", params.floor()))
}

/// The latest terms of a return.
///
/// Errors: no answer from the node.
pub fn harbour(remote: &Remote<'_>) -> Outcome<String> {
    let latest = remote.read(ledger::latest_harbour)?;
    if latest == 0 {
        return Ok("none".to_owned());
    }
    let terms = remote.read(|host| ledger::harbour(host, latest))?;
    Ok(format!("{}, {}, {}", terms.rate_bps(), terms.cap(), terms.text()))
}
