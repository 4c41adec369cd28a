//! Playbooks on a machine.

use super::{queue, require};
use crate::{
    abi, logic, storage,
    types::{Change, Playbook, Role, Row, Situation},
    ChangeError,
};
use alloy_primitives::{B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::host::{emit, word, Host};

/// Writes the playbook that a change which has waited approves.
///
/// Events: `PlaybookSet`.
pub(super) fn register<H: Host>(host: &mut H, change: &Change<'_>) {
    let hash = queue::hash(host, change.args);
    store(host, hash, logic::playbook::register(change, host.now()));
}

/// The caller, the Council, runs a batch that Governance approved, in the situation that the composer has read. Roles are
/// changed here; `carry` is called with each change in turn and carries out the rest.
///
/// Errors: the caller is not Council; those of [`logic::playbook::run`]; what `carry` refuses.
/// Events: `PlaybookRun`, those of each change.
pub fn run<H: Host, E: From<ChangeError>>(
    host: &mut H,
    rows: &[Row],
    mut batch: &[U256],
    situation: &Situation,
    carry: &mut dyn FnMut(&mut H, &Change<'_>) -> Result<(), E>,
) -> Result<(), E> {
    begin(host, batch, situation)?;
    while let Some((words, rest)) = logic::playbook::next(batch)? {
        let change = Change::decode(words)?;
        queue::apply(host, rows, &change)?;
        carry(host, &change)?;
        batch = rest;
    }
    Ok(())
}

/// Checks who runs what when, and writes it down before anything happens.
fn begin<H: Host>(host: &mut H, batch: &[U256], situation: &Situation) -> Result<(), ChangeError> {
    require(host, Role::Council)?;
    let (hash, by) = (queue::hash(host, batch), host.caller());
    let next = logic::playbook::run(storage::playbook(host, hash), hash, situation, by, host.now())?;
    storage::set_playbook(host, hash, next);
    let topics = [abi::PlaybookRun::SIGNATURE_HASH, hash, U256::from(next.scope).into()];
    emit(host, &topics, [U256::from(next.incident), U256::from(next.runs), word(by)]);
    Ok(())
}

/// The caller, Governance, withdraws the approval of a batch, at once; of one that is not armed, nothing.
///
/// Errors: the caller is not Governance.
/// Events: `PlaybookSet`.
pub fn retire<H: Host>(host: &mut H, hash: B256) -> Result<(), ChangeError> {
    require(host, Role::Governance)?;
    let playbook = storage::playbook(host, hash);
    if playbook.armed {
        store(host, hash, Playbook { armed: false, ..playbook });
    }
    Ok(())
}

/// Stores and logs an approval or its end.
fn store<H: Host>(host: &mut H, hash: B256, playbook: Playbook) {
    storage::set_playbook(host, hash, playbook);
    let topics = [abi::PlaybookSet::SIGNATURE_HASH, hash, U256::from(playbook.scope).into()];
    let flags =
        [u64::from(playbook.tier.code()), u64::from(playbook.single), u64::from(playbook.armed), playbook.until];
    emit(host, &topics, flags.map(U256::from));
}
