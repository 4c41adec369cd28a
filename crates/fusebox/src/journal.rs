//! The journal over storage: one open incident a scope, every change chained by hash.

use crate::{
    abi,
    error::Error,
    logic, storage,
    types::{Finding, Incident, Label},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};
use fusebox_core::{
    host::{emit, Host},
    pack::FieldOverflow,
    panel::Scope,
};

/// Writes an incident, moves the head of the chain and emits both.
///
/// The new head is `keccak256(head . id . record . opener . money)`, so that a reader of the logs can verify that none
/// is missing.
fn write(host: &mut impl Host, id: u32, incident: &Incident) -> Result<(), FieldOverflow> {
    let [record, opener, money] = storage::store_incident(host, id, incident)?;
    let number = U256::from(id);
    let head = U256::from_be_bytes(storage::head(host).0);
    let mut preimage = Vec::with_capacity(160);
    [head, number, record, opener, money].iter().for_each(|word| preimage.extend_from_slice(&word.to_be_bytes::<32>()));
    let head = host.keccak(&preimage);
    storage::store_head(host, head);
    let topics = [abi::INCIDENT, topic(id), topic(incident.scope.number())];
    emit(host, &topics, [record, opener, money, U256::from_be_bytes(head.0)]);
    Ok(())
}

fn topic(number: u32) -> B256 {
    B256::new(U256::from(number).to_be_bytes())
}

/// The open incident of a scope.
pub fn open_incident(host: &impl Host, scope: Scope) -> Option<(u32, Incident)> {
    let id = storage::open_id(host, scope);
    (id != 0).then(|| (id, storage::incident(host, id)))
}

/// The number of the incident that is open at the scope, or of a new one that [`record`] will fill in this transaction.
///
/// An incident whose clock has run out is resolved first: what comes after it is another one.
pub fn reserve(host: &mut impl Host, scope: Scope) -> Result<u32, FieldOverflow> {
    let now = host.now();
    if let Some((id, incident)) = open_incident(host, scope) {
        if incident.detected == 0 || now < incident.ends {
            return Ok(id);
        }
        write(host, id, &logic::resolve(now, incident))?;
    }
    let id = storage::incidents(host).saturating_add(1);
    storage::store_incidents(host, id);
    storage::store_open_id(host, scope, id);
    Ok(id)
}

/// Records a finding: fills a new incident at the scope, or updates the open one; where nothing changes, nothing is written.
///
/// Its number, and by how many tiers it has risen.
pub fn record(host: &mut impl Host, scope: Scope, by: Address, finding: Finding) -> Result<(u32, u8), FieldOverflow> {
    let (id, now) = (reserve(host, scope)?, host.now());
    let before = storage::incident(host, id);
    let after = match before.detected {
        0 => logic::open(now, scope, by, finding),
        _ => logic::update(now, before, finding),
    };
    if after != before {
        write(host, id, &after)?;
    }
    Ok((id, after.tier.code().saturating_sub(before.tier.code())))
}

/// Resolves the open incident of a scope that is back to Normal.
pub fn resolve(host: &mut impl Host, scope: Scope) -> Result<(), FieldOverflow> {
    let Some((id, incident)) = open_incident(host, scope) else { return Ok(()) };
    storage::store_open_id(host, scope, 0);
    let resolved = logic::resolve(host.now(), incident);
    write(host, id, &resolved)
}

/// Notes that a scope's incident ends at `ends` after all: a pause cut short or extended.
pub fn reschedule(host: &mut impl Host, scope: Scope, ends: u64) -> Result<(), FieldOverflow> {
    let Some((id, incident)) = open_incident(host, scope) else { return Ok(()) };
    let updated = Incident { ends, ..incident };
    if updated != incident {
        write(host, id, &updated)?;
    }
    Ok(())
}

/// Notes that nothing can be added any more to what caused the open incident of a scope: it has been wound down.
pub fn contain(host: &mut impl Host, scope: Scope) -> Result<(), FieldOverflow> {
    let Some((id, incident)) = open_incident(host, scope) else { return Ok(()) };
    let contained = logic::contain(host.now(), incident);
    if contained != incident {
        write(host, id, &contained)?;
    }
    Ok(())
}

fn existing(host: &impl Host, id: u32) -> Result<Incident, Error> {
    let count = storage::incidents(host);
    if id == 0 || id > count {
        return Err(Error::UnknownIncident { id, count });
    }
    Ok(storage::incident(host, id))
}

/// Governance's word on an incident, afterwards.
pub fn label(host: &mut impl Host, id: u32, label: u8) -> Result<(), Error> {
    let word = Label::from_code(label).ok_or(Error::UnknownLabel { label, max: 2 })?;
    let incident = existing(host, id)?;
    let labelled = logic::label(incident, word);
    if labelled != incident {
        write(host, id, &labelled)?;
    }
    Ok(())
}

/// Adds a loss and what of it was covered to the open incident of a scope, if there is one.
pub fn lose(host: &mut impl Host, scope: Scope, loss: u128, cover: u128) -> Result<(), Error> {
    let Some((id, incident)) = open_incident(host, scope) else { return Ok(()) };
    let updated = logic::add_loss(incident, loss, cover)?;
    if updated != incident {
        write(host, id, &updated)?;
    }
    Ok(())
}

/// An incident and its three times: to detection, to containment, to resolution.
pub fn read(host: &impl Host, id: u32) -> Result<Incident, Error> {
    existing(host, id)
}
