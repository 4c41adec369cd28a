//! Tickets that wait to be paid: their numbers from the logs, what they hold from the storage.

use super::{access::Place, clock, fault::Outcome, remote::Remote};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent;
use fusebox::bindings::Protocol as entry;
use fusebox_core::host::Host;
use fusebox_limiter::{storage as buckets, TicketId};
use serde_json::{json, Value};
use std::collections::BTreeSet;

/// Rows for people, and the same for machines: by the time at which they are ready.
///
/// Errors: no answer from the node.
pub fn section(place: &Place, remote: &Remote<'_>, protocol: Address) -> Outcome<(Vec<Vec<String>>, Value)> {
    let ends = [entry::TicketClaimed::SIGNATURE_HASH, entry::TicketCancelled::SIGNATURE_HASH];
    let signatures = [entry::TicketIssued::SIGNATURE_HASH, ends[0], ends[1]];
    let mut ids: BTreeSet<(u64, u128)> = BTreeSet::new();
    for log in place.rpc.logs(protocol, &signatures, place.from_block(), remote.header().number.to())? {
        // Each of them begins with the ticket's number. One that is gone costs no further question to the node.
        let [signature, id, ..] = log.topics[..] else { continue };
        let id = TicketId(u128::try_from(U256::from_be_bytes(id.0)).unwrap_or_default());
        let place = (id.ready_secs(), id.0);
        if ends.contains(&signature) {
            ids.remove(&place);
        } else {
            ids.insert(place);
        }
    }
    let now = remote.now();
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    for (ready, id) in ids {
        let (Some(ticket), held) = remote.read(|host| buckets::ticket(host, TicketId(id)))? else { continue };
        let bucket = TicketId(id).slot().bucket;
        let hold = match (ticket.held, held > now) {
            (true, true) => format!("held until {}", clock::when(held, now)),
            (true, false) => "was held, and cannot be again".to_owned(),
            (false, _) => String::new(),
        };
        rows.push(vec![
            id.to_string(),
            format!("{} of bucket {bucket}", ticket.amount),
            ticket.owner.to_string(),
            format!("ready {}", clock::when(ready, now)),
            hold,
        ]);
        all.push(json!({
            "ticket": id.to_string(), "bucket": bucket, "owner": ticket.owner, "amount": ticket.amount.to_string(),
            "ready": ready, "heldUntil": ticket.held.then_some(held),
        }));
    }
    if rows.is_empty() {
        rows.push(vec!["none waits".to_owned()]);
    }
    Ok((rows, all.into()))
}
