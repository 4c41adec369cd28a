//! The queue on a machine.

use super::require;
use crate::{
    abi, logic, storage,
    types::{Act, Change, Role, Row},
    ChangeError,
};
use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::host::{emit, word, Host};

/// The hash of words: of a change, what it is proposed under; of a batch, what its playbook is found under.
pub fn hash<H: Host>(host: &H, words: &[U256]) -> B256 {
    host.keccak(&encode(&[], words))
}

/// The bytes of words after others.
fn encode(first: &[U256], words: &[U256]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(first.len().saturating_add(words.len()).saturating_mul(32));
    first.iter().chain(words).for_each(|word| bytes.extend_from_slice(&word.to_be_bytes::<32>()));
    bytes
}

/// The caller, Governance, proposes a change: its hash.
///
/// Errors: the caller is not Governance; those of [`Change::decode`], [`logic::table::wait`],
/// [`logic::playbook::check`].
/// Events: `Proposed`, unless it is proposed already.
pub fn propose<H: Host>(host: &mut H, rows: &[Row], words: &[U256]) -> Result<B256, ChangeError> {
    require(host, Role::Governance)?;
    submit(host, rows, words)
}

/// [`propose`], where the role has been checked.
pub(super) fn submit<H: Host>(host: &mut H, rows: &[Row], words: &[U256]) -> Result<B256, ChangeError> {
    let (hash, change) = (hash(host, words), Change::decode(words)?);
    check(&change, rows)?;
    let wait = logic::table::wait(&change, rows, &storage::delays(host))?;
    let by = host.caller();
    let state = load(host, hash);
    let (proposal, changed) =
        logic::queue::propose(state, (by, storage::account(host, by)), change.act, wait, host.now())?;
    if changed {
        storage::set_proposal(host, hash, proposal);
        let topics = topics(abi::Proposed::SIGNATURE_HASH, hash, change.act);
        let (earliest, latest, length) = (proposal.earliest, proposal.latest(), U256::from(words.len()));
        // The array follows four words: it is what a watcher needs to judge the change, and to cancel it.
        let first = [U256::from(earliest), U256::from(latest), word(by), U256::from(128), length];
        host.log(&topics, &encode(&first, words));
    }
    Ok(hash)
}

/// Anyone executes a change whose time it is. Roles and playbooks are changed here; everything else is what the composer
/// carries out with the answer, in the same transaction.
///
/// Errors: those of [`logic::queue::execute`], [`Change::decode`], [`logic::grant`], [`logic::revoke`],
/// [`logic::table::parameter`], [`logic::playbook::check`].
/// Events: `Executed`, and `RoleSet` or `PlaybookSet`.
pub fn execute<'a, H: Host>(host: &mut H, rows: &[Row], words: &'a [U256]) -> Result<Change<'a>, ChangeError> {
    let hash = hash(host, words);
    let proposal = logic::queue::execute(load(host, hash), hash, host.now())?;
    storage::set_proposal(host, hash, proposal);
    let change = Change::decode(words)?;
    let by = word(host.caller());
    emit(host, &topics(abi::Executed::SIGNATURE_HASH, hash, change.act), [by]);
    apply(host, rows, &change)?;
    Ok(change)
}

/// The caller, a Council, a Guardian or the proposer, cancels a proposal.
///
/// Errors: those of [`Change::decode`] and [`logic::queue::cancel`].
/// Events: `Cancelled`, unless there is nothing to cancel.
pub fn cancel<H: Host>(host: &mut H, words: &[U256]) -> Result<(), ChangeError> {
    let (hash, change, who) = (hash(host, words), Change::decode(words)?, host.caller());
    let roles = storage::account(host, who).roles;
    let (proposal, changed) = logic::queue::cancel(storage::proposal(host, hash), &change, (who, roles))?;
    if changed {
        storage::set_proposal(host, hash, proposal);
        emit(host, &topics(abi::Cancelled::SIGNATURE_HASH, hash, change.act), [word(who)]);
    }
    Ok(())
}

/// Where a proposal stands ([`crate::types::Stage`]), its earliest and latest time in seconds, its proposer.
pub fn ready<H: Host>(host: &H, words: &[U256]) -> Vec<U256> {
    let state = load(host, hash(host, words));
    let stage = logic::queue::stage(&state, host.now()).code();
    let (proposal, _) = state;
    vec![U256::from(stage), U256::from(proposal.earliest), U256::from(proposal.latest()), word(proposal.by)]
}

/// A proposal and its proposer.
fn load<H: Host>(host: &H, hash: B256) -> logic::queue::State {
    let proposal = storage::proposal(host, hash);
    let proposer = if proposal.by == Address::ZERO { Default::default() } else { storage::account(host, proposal.by) };
    (proposal, proposer)
}

/// What a change must satisfy beside its own form.
fn check(change: &Change<'_>, rows: &[Row]) -> Result<(), ChangeError> {
    match change.act {
        Act::Parameter => logic::table::parameter(change, rows).map(drop),
        Act::Playbook => logic::playbook::check(change.args, rows),
        _ => Ok(()),
    }
}

/// Carries out what is this module's own of a change that has waited.
///
/// Errors: those of [`logic::grant`], [`logic::revoke`], [`logic::table::parameter`], [`logic::playbook::check`].
/// Events: `RoleSet`, `PlaybookSet`.
pub(super) fn apply<H: Host>(host: &mut H, rows: &[Row], change: &Change<'_>) -> Result<(), ChangeError> {
    check(change, rows)?;
    match change.act {
        Act::Grant => super::install(host, change.account(), change.role()?)?,
        Act::Revoke => super::remove(host, change.account(), change.role()?)?,
        Act::Playbook => super::playbook::register(host, change),
        _ => (),
    }
    Ok(())
}

/// Signature, hash, act.
fn topics(signature: B256, hash: B256, act: Act) -> [B256; 3] {
    [signature, hash, U256::from(act.code()).into()]
}
