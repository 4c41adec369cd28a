//! The queue: what Governance proposes waits where everybody sees it.
//!
//! A proposal's time is fixed when it is made. A delay raised later does not hold it up, and one lowered later does not
//! hurry it: who watches the queue has one date to know, and a proposal to raise a delay is no weapon against others.

use crate::{
    error::{ChangeError, Error},
    types::{Account, Act, Change, Proposal, Role, Roles, Stage},
};
use alloy_primitives::{Address, B256};
use fusebox_core::time::live;

/// A proposal, and its proposer as it is now.
pub type State = (Proposal, Account);

/// Where a proposal stands.
///
/// Invariants: AU-7, AU-13.
pub fn stage((proposal, proposer): &State, now: u64) -> Stage {
    if proposal.earliest == 0 {
        return Stage::Absent;
    }
    if !proposer.roles.has(Role::Governance) || proposer.term != proposal.term {
        return Stage::Dead;
    }
    match (live(now, proposal.earliest), live(now, proposal.latest())) {
        (true, _) => Stage::Waiting,
        (false, true) => Stage::Ready,
        (false, false) => Stage::Expired,
    }
}

/// Governance proposes; what it or another has proposed already and is alive stays as it is, date included.
///
/// Errors: [`Error::MissingRole`].
/// Invariants: AU-7, AU-10.
pub fn propose(
    state: State,
    (by, account): (Address, Account),
    act: Act,
    wait: u64,
    now: u64,
) -> Result<(Proposal, bool), ChangeError> {
    super::require(account, by, Role::Governance)?;
    if matches!(stage(&state, now), Stage::Waiting | Stage::Ready) {
        return Ok((state.0, false));
    }
    let earliest = now.saturating_add(wait);
    Ok((Proposal { by, term: account.term, earliest, act: act.code() }, true))
}

/// Anyone executes a proposal whose time it is; it is gone with that.
///
/// Errors: [`ChangeError::NotProposed`], [`ChangeError::ProposerGone`], [`ChangeError::TooEarly`],
/// [`ChangeError::TooLate`].
/// Invariants: AU-7, AU-11, AU-13.
pub fn execute(state: State, hash: B256, now: u64) -> Result<Proposal, ChangeError> {
    let (proposal, _) = state;
    match stage(&state, now) {
        Stage::Absent => Err(ChangeError::NotProposed { hash }),
        Stage::Dead => Err(ChangeError::ProposerGone { who: proposal.by, bound: proposal.term }),
        Stage::Waiting => Err(ChangeError::TooEarly { now, bound: proposal.earliest }),
        Stage::Expired => Err(ChangeError::TooLate { now, bound: proposal.latest() }),
        Stage::Ready => Ok(Proposal::default()),
    }
}

/// A Council, a Guardian or the proposer cancels, unless the change is their own removal; what is gone already is no
/// error.
///
/// Errors: [`Error::MissingRole`], [`ChangeError::OwnRemoval`].
/// Invariants: AU-10, AU-14.
pub fn cancel(
    proposal: Proposal,
    change: &Change<'_>,
    (who, roles): (Address, Roles),
) -> Result<(Proposal, bool), ChangeError> {
    let proposed = proposal.earliest != 0 && proposal.by == who;
    if !proposed && !roles.has(Role::Council) && !roles.has(Role::Guardian) {
        return Err(Error::MissingRole { who, role: Role::Guardian }.into());
    }
    if change.subject() == Some(who) {
        return Err(ChangeError::OwnRemoval { who, act: change.act.code() });
    }
    Ok((Proposal::default(), proposal.earliest != 0))
}
