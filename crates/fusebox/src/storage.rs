//! Where the panel and the journal keep their words, at ERC-7201 roots: load and store only.
//!
//! | root | slot | word |
//! |---|---|---|
//! | `fusebox.panel` | k | panel word k |
//! | `fusebox.panel.count` | 0 | circuits listed 32 |
//! | `fusebox.signal` | scope | its signal: until 64; of the protocol, the sentinels' week 64 for all |
//! | `fusebox.decision` | scope | since when it is wound down 64, the end of the signal before that 64 |
//! | `fusebox.journal` | 0 | incidents 32 |
//! | | 1 | head of the chain of hashes |
//! | `fusebox.journal.open` | scope | its open incident, numbered from 1; 0 for none |
//! | `fusebox.journal.record` | 4i, 4i+1, 4i+2 | incident i: record, opener, money |

use crate::types::{Decision, Incident, Signal};
use alloy_primitives::{B256, U256};
use fusebox_core::{
    host::{word, Host},
    pack::{field, with_field, FieldOverflow},
    panel::{Panel, Scope},
    slot::{element, erc7201},
};

/// Root of the panel words.
pub const PANEL: U256 = erc7201("fusebox.panel");
const COUNT: U256 = erc7201("fusebox.panel.count");
const SIGNAL: U256 = erc7201("fusebox.signal");
const DECISION: U256 = erc7201("fusebox.decision");
const JOURNAL: U256 = erc7201("fusebox.journal");
const OPEN: U256 = erc7201("fusebox.journal.open");
const RECORD: U256 = erc7201("fusebox.journal.record");

fn low32(word: U256) -> u32 {
    u32::try_from(field(word, 0, 32)).unwrap_or(0)
}

/// Panel word `k`.
#[inline]
pub fn panel(host: &impl Host, k: u32) -> Panel {
    Panel(host.load(element(PANEL, k.into())))
}

/// Writes panel word `k`.
pub fn store_panel(host: &mut impl Host, k: u32, panel: Panel) {
    host.store(element(PANEL, k.into()), panel.0);
}

/// The signal of a scope.
pub fn signal(host: &impl Host, scope: Scope) -> Signal {
    let word = host.load(element(SIGNAL, scope.number().into()));
    Signal { until: field(word, 0, 64), week: field(word, 64, 64) }
}

/// Writes the signal of a scope.
pub fn store_signal(host: &mut impl Host, scope: Scope, signal: &Signal) -> Result<(), FieldOverflow> {
    let word = with_field(with_field(U256::ZERO, 0, 64, signal.until)?, 64, 64, signal.week)?;
    host.store(element(SIGNAL, scope.number().into()), word);
    Ok(())
}

/// What Governance has decided about a scope.
pub fn decision(host: &impl Host, scope: Scope) -> Decision {
    let word = host.load(element(DECISION, scope.number().into()));
    Decision { since: field(word, 0, 64), kept: field(word, 64, 64) }
}

/// Writes what Governance has decided about a scope.
pub fn store_decision(host: &mut impl Host, scope: Scope, decision: &Decision) -> Result<(), FieldOverflow> {
    let word = with_field(with_field(U256::ZERO, 0, 64, decision.since)?, 64, 64, decision.kept)?;
    host.store(element(DECISION, scope.number().into()), word);
    Ok(())
}

/// How many circuits are listed.
pub fn count(host: &impl Host) -> u32 {
    low32(host.load(COUNT))
}

/// Writes how many circuits are listed.
pub fn store_count(host: &mut impl Host, count: u32) {
    host.store(COUNT, U256::from(count));
}

/// How many incidents there are.
pub fn incidents(host: &impl Host) -> u32 {
    low32(host.load(JOURNAL))
}

/// The head of the chain of hashes.
pub fn head(host: &impl Host) -> B256 {
    B256::new(host.load(element(JOURNAL, 1)).to_be_bytes())
}

/// Writes the number of incidents.
pub fn store_incidents(host: &mut impl Host, count: u32) {
    host.store(JOURNAL, U256::from(count));
}

/// Writes the head of the chain of hashes.
pub fn store_head(host: &mut impl Host, head: B256) {
    host.store(element(JOURNAL, 1), U256::from_be_bytes(head.0));
}

/// The open incident of a scope, numbered from 1; 0 for none.
pub fn open_id(host: &impl Host, scope: Scope) -> u32 {
    low32(host.load(element(OPEN, scope.number().into())))
}

/// Writes the open incident of a scope.
pub fn store_open_id(host: &mut impl Host, scope: Scope, id: u32) {
    host.store(element(OPEN, scope.number().into()), U256::from(id));
}

fn record_slot(id: u32, part: u64) -> U256 {
    element(RECORD, u64::from(id).wrapping_shl(2).wrapping_add(part)) // 34 bits: no overflow
}

/// Incident `id`.
pub fn incident(host: &impl Host, id: u32) -> Incident {
    Incident::unpack(host.load(record_slot(id, 0)), host.load(record_slot(id, 1)), host.load(record_slot(id, 2)))
}

/// Writes incident `id`: its three words come back for the chain of hashes.
pub fn store_incident(host: &mut impl Host, id: u32, incident: &Incident) -> Result<[U256; 3], FieldOverflow> {
    let words = [incident.record()?, word(incident.opened_by), incident.money()?];
    let [record, opener, money] = words;
    host.store(record_slot(id, 0), record);
    host.store(record_slot(id, 1), opener);
    if money != U256::ZERO {
        host.store(record_slot(id, 2), money);
    }
    Ok(words)
}
