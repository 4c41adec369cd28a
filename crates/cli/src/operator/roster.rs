//! Who holds which role, and who may pause what: names from the logs, what holds from the storage.

use super::{access::Place, clock, fault::Outcome, output::Tone, remote::Remote, words};
use alloy_primitives::Address;
use alloy_sol_types::SolEvent;
use fusebox::bindings::Protocol as entry;
use fusebox_authority::{storage as authority, types::Role};
use fusebox_core::{host::Host, panel::Scope};
use fusebox_guardian::storage as guardian;
use serde_json::{json, Value};
use std::collections::BTreeSet;

/// Rows for people, and the same for machines.
///
/// Errors: no answer from the node.
pub fn section(place: &Place, remote: &Remote<'_>, protocol: Address) -> Outcome<(Vec<Vec<String>>, Value)> {
    let signatures = [entry::RoleSet::SIGNATURE_HASH, entry::GuardianSet::SIGNATURE_HASH];
    let logs = place.rpc.logs(protocol, &signatures, place.from_block(), remote.header().number.to())?;
    let (mut accounts, mut grants) = (BTreeSet::new(), BTreeSet::new());
    for log in &logs {
        let topics = || log.topics.iter().copied();
        if let Ok(event) = entry::RoleSet::decode_raw_log(topics(), &log.data) {
            accounts.insert(event.account);
        }
        if let Ok(event) = entry::GuardianSet::decode_raw_log(topics(), &log.data) {
            grants.insert((event.guardian, event.scope));
        }
    }
    let (mut rows, mut json) = holders(remote, &accounts)?;
    let (more, guardians) = guardians(place, remote, &grants)?;
    rows.extend(more);
    json["guardians"] = guardians;
    Ok((rows, json))
}

fn holders(remote: &Remote<'_>, accounts: &BTreeSet<Address>) -> Outcome<(Vec<Vec<String>>, Value)> {
    let (mut rows, mut json) = (Vec::new(), Vec::new());
    for who in accounts {
        let account = remote.read(|host| authority::account(host, *who))?;
        let held: Vec<String> = Role::ALL
            .iter()
            .filter(|role| account.roles.has(**role))
            .map(|role| words::role(role.code().into()))
            .collect();
        if !held.is_empty() {
            rows.push(vec![who.to_string(), held.join(", ")]);
            json.push(json!({ "account": who, "roles": held }));
        }
    }
    let counted = remote.read(authority::holders)?;
    let listed = |role: Role| {
        json.iter()
            .filter(|one| {
                one["roles"].as_array().is_some_and(|all| all.contains(&words::role(role.code().into()).into()))
            })
            .count()
    };
    for role in Role::ALL {
        let (known, all) = (listed(role), counted.of(role));
        if u32::try_from(known).is_ok_and(|known| known < all) {
            rows.push(vec![
                format!("{} of {}", all, words::role(role.code().into())),
                "are not in the logs asked for: is from_block too late?".to_owned(),
            ]);
        }
    }
    Ok((rows, json!({ "holders": json })))
}

fn guardians(
    place: &Place,
    remote: &Remote<'_>,
    grants: &BTreeSet<(Address, u32)>,
) -> Outcome<(Vec<Vec<String>>, Value)> {
    let (mut rows, mut json) = (Vec::new(), Vec::new());
    let now = remote.now();
    for (who, scope) in grants {
        let (grant, watch) =
            remote.read(|host| (guardian::grant(host, *who, Scope::new(*scope)), guardian::watch(host, *who)))?;
        if grant.duration_secs == 0 {
            continue;
        }
        let is_able = grant.armed && now < watch.alive_until && now >= watch.rests_until;
        let state = match (grant.armed, now < watch.alive_until, now < watch.rests_until) {
            (false, _, _) => "has used its pause, not armed".to_owned(),
            (_, false, _) => "its heartbeat has lapsed".to_owned(),
            (_, _, true) => format!("rests until {}", clock::when(watch.rests_until, now)),
            _ => format!("can pause; alive until {}", clock::when(watch.alive_until, now)),
        };
        let tone = if is_able { Tone::Good } else { Tone::Warn };
        rows.push(vec![
            who.to_string(),
            format!("guardian of {}, for {}", words::scope((*scope).into()), clock::span(grant.duration_secs.into())),
            place.out.paint(&state, tone),
        ]);
        json.push(json!({
            "guardian": who, "scope": scope, "seconds": grant.duration_secs, "armed": grant.armed,
            "aliveUntil": watch.alive_until, "restsUntil": watch.rests_until, "canPause": is_able,
        }));
    }
    Ok((rows, json.into()))
}
