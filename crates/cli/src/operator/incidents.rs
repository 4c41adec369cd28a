//! `incidents`: the journal as a timeline, verified against its chain of hashes.

use super::{
    access::{Access, Place},
    clock,
    fault::{Fault, Outcome},
    output::{table, Report, Tone},
    remote::Remote,
    rpc::Log,
    words,
};
use alloy_primitives::{keccak256, Address, B256, U256};
use alloy_sol_types::SolEvent;
use clap::Args;
use fusebox::{
    bindings::Protocol as entry,
    logic,
    types::{Incident, Label},
};
use fusebox_core::host::{word, Host};
use serde_json::{json, Value};
use std::collections::BTreeMap;

/// The journal: every incident with its three times, checked for completeness.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  fusebox incidents
  fusebox incidents 3 --changes
  fusebox incidents --json | jq '.incidents[] | select(.resolved == 0)'

Every change of an incident is a log and moves the head of a chain of hashes, keccak256(head . id . record . opener .
money). The logs are folded and compared with the head that the protocol stores: a log that is missing, added or
altered shows. Exit code 4 if it does; the first block to ask for is from_block of fusebox.toml, or 0.")]
pub struct Incidents {
    /// Only this incident.
    id: Option<u32>,
    /// Every change, not only how each incident stands.
    #[arg(long)]
    changes: bool,
    #[command(flatten)]
    access: Access,
}

/// A change of an incident, as its log has it.
#[derive(Clone, Debug)]
struct Entry {
    id: u32,
    incident: Incident,
    block: u64,
    transaction: B256,
}

/// The head of the chain after a change.
pub fn fold(head: B256, id: u32, record: U256, opener: Address, money: U256) -> B256 {
    let words = [U256::from_be_bytes(head.0), U256::from(id), record, word(opener), money];
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes::<32>()).collect();
    keccak256(bytes)
}

/// The journal of its logs, and what is wrong with its chain.
fn read(logs: &[Log], head: B256, count: u32) -> (Vec<Entry>, Option<String>) {
    let (mut at, mut entries, mut wrong) = (B256::ZERO, Vec::new(), None);
    for log in logs {
        let Ok(event) = entry::Incident::decode_raw_log(log.topics.iter().copied(), &log.data) else { continue };
        at = fold(at, event.id, event.record, event.openedBy, event.money);
        let block = log.block_number.map_or(0, |block| block.to());
        if at != event.head && wrong.is_none() {
            wrong = Some(format!("the change of incident {} in block {block} does not follow from those before it: a log is missing or altered", event.id));
            at = event.head; // what comes after it is checked all the same
        }
        let incident = Incident::unpack(event.record, word(event.openedBy), event.money);
        entries.push(Entry { id: event.id, incident, block, transaction: log.transaction_hash.unwrap_or_default() });
    }
    let known = entries.iter().map(|entry| entry.id).max().unwrap_or(0);
    if wrong.is_none() && at != head {
        wrong = Some(format!("the logs fold to {at}, and the protocol stores {head}: the last logs are missing"));
    }
    if wrong.is_none() && known < count {
        wrong = Some(format!("{count} incidents are on record, and the logs know {known}"));
    }
    (entries, wrong)
}

impl Incidents {
    pub(super) fn run(&self) -> Outcome {
        let place = self.access.open()?;
        let protocol = place.protocol()?;
        let remote = Remote::latest(&place.rpc, protocol, Address::ZERO)?;
        let (head, count) = remote.read(|host| (fusebox::storage::head(host), fusebox::storage::incidents(host)))?;
        let signature = [entry::Incident::SIGNATURE_HASH];
        let logs = place.rpc.logs(protocol, &signature, place.from_block(), remote.header().number.to())?;
        let (entries, wrong) = read(&logs, head, count);
        let chosen: Vec<&Entry> = entries.iter().filter(|entry| self.id.is_none_or(|id| entry.id == id)).collect();
        if let (Some(id), true) = (self.id, chosen.is_empty()) {
            return Err(Fault::Usage(format!("there is no incident {id}; {count} are on record")));
        }
        self.print(&place, &chosen, remote.now(), (head, wrong.as_deref()));
        wrong.map_or(Ok(()), |wrong| Err(Fault::Verification(format!("the journal does not verify: {wrong}"))))
    }

    fn print(&self, place: &Place, entries: &[&Entry], now: u64, (head, wrong): (B256, Option<&str>)) {
        let mut latest: BTreeMap<u32, &Entry> = BTreeMap::new();
        for entry in entries {
            latest.insert(entry.id, entry);
        }
        let mut text = String::new();
        for (id, entry) in &latest {
            text.push_str(&story(place, *id, &entry.incident, now));
            if self.changes {
                let rows = entries.iter().filter(|entry| entry.id == *id).map(|entry| change_row(entry));
                text.push_str(&table(&rows.collect::<Vec<_>>()));
            }
            text.push('\n');
        }
        if latest.is_empty() {
            text.push_str("no incident is on record\n");
        }
        let verdict = match wrong {
            None => place
                .out
                .paint(&format!("verified: {} changes fold to the stored head {head}", entries.len()), Tone::Good),
            Some(wrong) => place.out.paint(&format!("NOT verified: {wrong}"), Tone::Bad),
        };
        let verdict = if self.id.is_some() && wrong.is_none() {
            format!("verified: the journal folds to the stored head {head}")
        } else {
            verdict
        };
        text.push_str(&verdict);
        let all: Vec<Value> = latest.iter().map(|(id, entry)| json(*id, entry)).collect();
        let json = json!({ "incidents": all, "head": head, "verified": wrong.is_none(), "wrong": wrong });
        place.out.print(&Report { text, json });
    }
}

/// An incident's head line and its timeline.
fn story(place: &Place, id: u32, it: &Incident, now: u64) -> String {
    let is_open = !it.is_resolved();
    let state = match (is_open, now < it.ends) {
        (true, true) => place.out.paint("open", Tone::Bad),
        (true, false) => place.out.paint("over by its clock, not yet written as resolved", Tone::Warn),
        _ => place.out.paint("resolved", Tone::Good),
    };
    let label = match it.label {
        code if code == Label::Confirmed.code() => ", confirmed",
        code if code == Label::FalsePositive.code() => ", a false positive",
        _ => "",
    };
    let (detection, containment, resolution) = logic::times(*it);
    let took = |secs: Option<u64>, from: &str| {
        secs.map_or_else(String::new, |secs| format!("{} after {from}", clock::span(secs)))
    };
    let at = |time: u64| if time == 0 { "not yet".to_owned() } else { clock::utc(time) };
    let mut rows = vec![
        vec!["  first sign".to_owned(), at(it.anomaly)],
        vec!["  detected".to_owned(), at(it.detected), took(Some(detection), "the first sign")],
        vec!["  contained".to_owned(), at(it.contained), took(containment, "detection")],
        vec!["  resolved".to_owned(), at(it.resolved), took(resolution, "detection")],
        vec!["  opened by".to_owned(), it.opened_by.to_string()],
    ];
    if is_open {
        rows.push(vec!["  ends".to_owned(), clock::when(it.ends, now)]);
    }
    if it.loss != 0 || it.cover != 0 {
        rows.push(vec!["  loss".to_owned(), format!("{}, of which {} was covered", it.loss, it.cover)]);
    }
    let head = format!(
        "incident {id}: {} reached {} by {} ({state}{label})\n",
        words::scope(it.scope.number().into()),
        words::tier(it.tier.code().into()),
        words::cause(it.cause),
    );
    head + &table(&rows)
}

fn change_row(entry: &Entry) -> Vec<String> {
    let it = &entry.incident;
    vec![
        format!("    block {}", entry.block),
        words::tier(it.tier.code().into()),
        format!("contained {}", if it.contained == 0 { "no" } else { "yes" }),
        format!("resolved {}", if it.resolved == 0 { "no" } else { "yes" }),
        format!("ends {}", clock::utc(it.ends)),
        entry.transaction.to_string(),
    ]
}

fn json(id: u32, entry: &Entry) -> Value {
    let it = &entry.incident;
    let (detection, containment, resolution) = logic::times(*it);
    json!({
        "id": id, "scope": it.scope.number(), "tier": words::tier(it.tier.code().into()), "cause": words::cause(it.cause),
        "label": it.label, "anomaly": it.anomaly, "detected": it.detected, "contained": it.contained,
        "resolved": it.resolved, "ends": it.ends, "openedBy": it.opened_by, "loss": it.loss.to_string(),
        "cover": it.cover.to_string(), "toDetection": detection, "toContainment": containment, "toResolution": resolution,
        "block": entry.block, "transaction": entry.transaction,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::U64;

    fn log(id: u32, record: u64, head: B256) -> Log {
        let event = entry::Incident {
            id,
            scope: 1,
            record: U256::from(record),
            openedBy: Address::repeat_byte(3),
            money: U256::ZERO,
            head,
        };
        let data = event.encode_log_data();
        Log {
            address: Address::ZERO,
            topics: data.topics().to_vec(),
            data: data.data,
            block_number: Some(U64::from(7)),
            transaction_hash: None,
        }
    }

    fn chain() -> (Vec<Log>, B256) {
        let who = Address::repeat_byte(3);
        let first = fold(B256::ZERO, 1, U256::from(1), who, U256::ZERO);
        let second = fold(first, 2, U256::from(2), who, U256::ZERO);
        (vec![log(1, 1, first), log(2, 2, second)], second)
    }

    #[test]
    fn a_whole_chain_verifies() {
        let (logs, head) = chain();
        let (entries, wrong) = read(&logs, head, 2);
        assert_eq!((entries.len(), wrong), (2, None));
    }

    #[test]
    fn a_log_that_is_missing_added_or_altered_shows() {
        let (logs, head) = chain();
        let wrong = |logs: &[Log], count| read(logs, head, count).1.expect("a chain that is broken");
        assert!(wrong(&logs[1..], 2).contains("incident 2"));
        assert!(wrong(&logs[..1], 2).contains("the last logs are missing"));
        let twice = [logs[0].clone(), logs[0].clone(), logs[1].clone()];
        assert!(wrong(&twice, 2).contains("incident 1"));
        let altered = [logs[0].clone(), log(2, 3, head)];
        assert!(wrong(&altered, 2).contains("incident 2"));
        assert!(wrong(&logs, 3).contains("3 incidents are on record"));
    }
}
