//! Playbooks: batches that Governance has approved for the Council.

use super::{
    access::Place,
    change, clock,
    fault::{Fault, Outcome},
    guard::{one, Common},
    output::{table, Report},
    queue::proposals,
    remote::Remote,
    send::Act,
    words,
};
use alloy_primitives::{Address, B256, U256};
use clap::{Args, Subcommand};
use fusebox::bindings::Protocol as entry;
use fusebox_authority::storage as authority;
use fusebox_core::host::Host;
use serde_json::{json, Value};

/// Run, withdraw or list the batches that Governance has approved for the Council.
#[derive(Clone, Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "\
Examples:
  fusebox playbook list
  fusebox playbook run 0x... --keystore council.json --dry-run
  fusebox propose playbook stop-new-risk.txt --scope 1 --tier reduce-only --keystore governance.json"
)]
pub struct Playbook {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// The Council runs an approved batch, within an incident.
    Run {
        /// Hash of the batch.
        hash: B256,
    },
    /// Governance withdraws an approval, at once.
    Retire {
        /// Hash of the batch.
        hash: B256,
    },
    /// What is approved, and what it would do.
    List,
}

/// An approved batch.
struct Approved {
    hash: B256,
    batch: Vec<U256>,
    state: fusebox_authority::types::Playbook,
}

/// Every batch that was ever approved: its words by the logs, its state by the storage.
fn approved(place: &Place, remote: &Remote<'_>, protocol: Address) -> Outcome<Vec<Approved>> {
    let mut all = Vec::new();
    for one in proposals(place, remote, protocol)? {
        let Some((first, batch)) = one.words.split_first() else { continue };
        if first.byte(0) != fusebox_authority::Act::Playbook.code() {
            continue;
        }
        let hash = change::hash(batch);
        let state = remote.read(|host| authority::playbook(host, hash))?;
        if state.until != 0 {
            all.push(Approved { hash, batch: batch.to_vec(), state });
        }
    }
    Ok(all)
}

impl Playbook {
    pub(super) fn run(&self) -> Outcome {
        match self.what {
            What::List => self.list(),
            What::Run { hash } => one(&self.common, |session, protocol| {
                let remote = Remote::latest(&session.place.rpc, protocol, session.from())?;
                let found = approved(session.place, &remote, protocol)?.into_iter().find(|one| one.hash == hash);
                let found = found.ok_or_else(|| {
                    Fault::Usage(format!("no batch {hash} was ever approved; see `fusebox playbook list`"))
                })?;
                let steps: Vec<String> = change::parts(&found.batch)?.into_iter().map(change::describe).collect();
                let title = format!("run the playbook: {}", steps.join("; "));
                Ok(Act::call(title, protocol, &entry::playbookCall { batch: found.batch }))
            }),
            What::Retire { hash } => one(&self.common, |_, protocol| {
                Ok(Act::call(format!("withdraw playbook {hash}"), protocol, &entry::retireCall { hash }))
            }),
        }
    }

    fn list(&self) -> Outcome {
        let place = self.common.access.open()?;
        let protocol = place.protocol()?;
        let remote = Remote::latest(&place.rpc, protocol, Address::ZERO)?;
        let now = remote.now();
        let (mut text, mut all) = (String::new(), Vec::<Value>::new());
        for Approved { hash, batch, state } in approved(&place, &remote, protocol)? {
            let steps: Vec<String> = change::parts(&batch)?.into_iter().map(change::describe).collect();
            let armed = if state.armed { "armed" } else { "not armed" };
            let rows = [
                vec!["playbook".to_owned(), hash.to_string()],
                vec![
                    "state".to_owned(),
                    format!("{armed}, until {}, run {} times", clock::when(state.until, now), state.runs),
                ],
                vec![
                    "condition".to_owned(),
                    format!(
                        "an incident in {} of {} or above, ten minutes old",
                        words::scope(state.scope.into()),
                        words::tier(state.tier.code().into())
                    ),
                ],
                vec!["steps".to_owned(), steps.join("; ")],
            ];
            text.push_str(&table(&rows));
            text.push('\n');
            all.push(json!({
                "hash": hash, "armed": state.armed, "until": state.until, "runs": state.runs, "scope": state.scope,
                "tier": state.tier.code(), "single": state.single, "steps": steps,
            }));
        }
        if all.is_empty() {
            text = "no playbook was ever approved\n".to_owned();
        }
        place.out.print(&Report { text, json: json!({ "playbooks": all }) });
        Ok(())
    }
}
