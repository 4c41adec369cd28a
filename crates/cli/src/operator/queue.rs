//! What waits: set, propose, execute, cancel, playbook, and what has been proposed so far.

use super::{
    access::Place,
    ahead,
    change::{self, Proposal},
    clock,
    fault::{Fault, Outcome},
    guard::{one, Common},
    parameters,
    remote::Remote,
    send::{Act, Session},
    words,
};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use clap::Args;
use fusebox::bindings::Protocol as entry;
use fusebox_authority::{
    logic::queue::stage,
    storage as authority,
    types::{Direction, Stage, Step},
};
use fusebox_core::host::Host;
use serde_json::json;

/// Set a parameter: at once where that tightens, proposed where it has to wait.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = format!("\
Examples:
  fusebox set base-bps 1500 --scope 1 --keystore governance.json     # more margin: at once
  fusebox set base-bps 800 --scope 1 --keystore governance.json      # less: proposed, for 48 hours
  fusebox set base-bps 1500 --scope 1 --for 24h --keystore steward.json   # a Steward's overlay
  fusebox set base-bps --scope 1 --end --keystore council.json       # an overlay ends

{}", parameters::table()))]
pub struct Set {
    /// Name or number.
    #[arg(value_parser = parameters::parse)]
    parameter: u16,
    /// The value, in the parameter's unit.
    #[arg(required_unless_present = "end")]
    value: Option<u128>,
    /// Where: protocol, the number of a market, or of a bucket.
    #[arg(long, default_value = "protocol", value_parser = words::parse_scope)]
    scope: u32,
    /// As a Steward, for so long: at most 72 hours in any seven days of a scope.
    #[arg(long = "for", value_name = "DURATION", value_parser = clock::parse_span)]
    overlay: Option<u64>,
    /// End an overlay.
    #[arg(long, conflicts_with_all = ["overlay", "value"])]
    end: bool,
    #[command(flatten)]
    common: Common,
}

/// Propose a change: it waits where everybody sees it, and can be cancelled.
#[derive(Clone, Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "\
Examples:
  fusebox propose guardian 0x... --scope 1 --pause 24h --keystore governance.json
  fusebox propose revoke 0x... council --keystore governance.json
  fusebox propose upgrade perp-view 0x... --safe 0x... --out upgrade.json
  fusebox execute 0x...          # by anybody, when it has waited"
)]
pub struct Propose {
    #[command(subcommand)]
    change: Proposal,
    #[command(flatten)]
    common: Common,
}

/// Carry out a change that has waited: by anybody, for seven days.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  fusebox execute 0x9f... --key-file keeper.key
  fusebox execute --ready --key-file keeper.key     # all whose time it is

Exit code 6 if it has to wait still.")]
pub struct Execute {
    /// Hash of the change, as it was proposed under.
    #[arg(required_unless_present = "ready")]
    hash: Option<B256>,
    /// Everything whose time it is, in the order in which it was proposed.
    #[arg(long, conflicts_with = "hash")]
    ready: bool,
    #[command(flatten)]
    common: Common,
}

/// Cancel a change that waits: Council, a Guardian by role, or who proposed it.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "Example:\n  fusebox cancel 0x9f... --safe 0x... --out cancel.json")]
pub struct Cancel {
    /// Hash of the change, as it was proposed under.
    hash: B256,
    #[command(flatten)]
    common: Common,
}

/// A proposal that was made.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The hash of its words.
    pub hash: B256,
    /// Its words.
    pub words: Vec<U256>,
    /// Who proposed it.
    pub by: Address,
    /// When it may be executed from, in seconds.
    pub earliest: u64,
    /// Where it stands now.
    pub stage: Stage,
}

/// Every change that was ever proposed, by the logs, and where it stands by the storage; the latest of equal ones.
///
/// Errors: no answer from the node.
pub fn proposals(place: &Place, remote: &Remote<'_>, protocol: Address) -> Outcome<Vec<Waiting>> {
    let signature = [entry::Proposed::SIGNATURE_HASH];
    let logs = place.rpc.logs(protocol, &signature, place.from_block(), remote.header().number.to())?;
    let mut all: Vec<Waiting> = Vec::new();
    for log in &logs {
        let Ok(event) = entry::Proposed::decode_raw_log(log.topics.iter().copied(), &log.data) else { continue };
        let (proposal, account) = remote.read(|host| {
            let proposal = authority::proposal(host, event.hash);
            (proposal, authority::account(host, proposal.by))
        })?;
        all.retain(|one| one.hash != event.hash);
        all.push(Waiting {
            hash: event.hash,
            words: event.words,
            by: event.by,
            earliest: proposal.earliest,
            stage: stage(&(proposal, account), remote.now()),
        });
    }
    Ok(all)
}

/// Where a proposal stands, in words.
pub fn standing(one: &Waiting, now: u64) -> String {
    match one.stage {
        Stage::Absent => "executed or cancelled".to_owned(),
        Stage::Waiting => format!("waits until {}", clock::when(one.earliest, now)),
        Stage::Ready => format!("ready since {}", clock::when(one.earliest, now)),
        Stage::Expired => format!("expired; it was ready {}", clock::when(one.earliest, now)),
        Stage::Dead => "dead: who proposed it has left Governance".to_owned(),
    }
}

/// The proposal with this hash.
fn find(place: &Place, protocol: Address, from: Address, hash: B256) -> Outcome<(Waiting, u64)> {
    let remote = Remote::latest(&place.rpc, protocol, from)?;
    let found = proposals(place, &remote, protocol)?.into_iter().find(|one| one.hash == hash);
    let one = found.ok_or_else(|| {
        Fault::Usage(format!(
            "nothing was proposed under {hash}. See `fusebox status --queue`; is from_block too late?"
        ))
    })?;
    Ok((one, remote.now()))
}

impl Set {
    pub(super) fn run(&self) -> Outcome {
        one(&self.common, |session, protocol| {
            let (id, scope) = (self.parameter, self.scope);
            let remote = Remote::latest(&session.place.rpc, protocol, session.from())?;
            let named = format!("{} in {}", parameters::show(id), words::scope(scope.into()));
            let Some(row) = parameters::row(id) else {
                return Err(Fault::Usage(format!("there is no parameter {id:#06x}; `fusebox set --help` lists them")));
            };
            let approved = remote.read(|host| perp::table::value(host, scope, id))?;
            let approved = approved.map_err(|data| {
                Fault::Refused(format!("{named}: {}", super::explain::explain(&data, remote.now()).show()))
            })?;
            if self.end {
                let call = entry::overlayCall { scope, id, value: 0, secs: 0 };
                return Ok(Act::call(format!("end the overlay of {named}"), protocol, &call));
            }
            let value = self.value.unwrap_or_default();
            let step = format!("{named}: {approved} -> {value} {}", parameters::unit(id));
            Ok(match self.overlay {
                Some(secs) => {
                    let title = format!("{step}, for {}", clock::span(secs));
                    Act::call(title, protocol, &entry::overlayCall { scope, id, value, secs })
                }
                None => {
                    let way = match (row.direction, row.direction.step(approved, value)) {
                        (_, Step::Same) => "as it is",
                        (_, Step::Tighter) => "tightens: at once",
                        (Direction::Contested, _) => "can hurt either way: it is proposed",
                        (_, Step::Looser) => "loosens: it is proposed",
                    };
                    Act::call(format!("{step} ({way})"), protocol, &entry::setCall { scope, id, value })
                }
            })
        })
    }
}

impl Propose {
    pub(super) fn run(&self) -> Outcome {
        let place = self.common.access.open()?;
        let session = Session::new(&place, &self.common.signing)?;
        let protocol = place.protocol()?;
        let (act, words) = self.act(&session, protocol)?;
        ahead::look(&place, &Remote::latest(&place.rpc, protocol, session.from())?, &words)?;
        let done = session.perform(&[act])?;
        let mut report = session.report(&done);
        let hash = change::hash(&words);
        report.json["hash"] = json!(hash);
        if let Some(event) = done.iter().flat_map(|one| &one.events).find(|event| event.name == "Proposed") {
            let (from, to) = (event.number("earliest").unwrap_or(0), event.number("latest").unwrap_or(0));
            let now = place.rpc.latest()?.timestamp.to();
            report.json["earliest"] = from.into();
            report.json["latest"] = to.into();
            report.text = report
                .text
                .lines()
                .filter(|line| !line.trim_start().starts_with("Proposed:"))
                .fold(String::new(), |text, line| text + line + "\n");
            report.text.push_str(&format!(
                "  hash {hash}\n  it can be executed from {} until {}\n  fusebox execute {hash}\n",
                clock::when(from, now),
                clock::utc(to)
            ));
        }
        place.out.print(&report);
        Ok(())
    }

    /// What loosens is proposed by its words; what may happen at once has an entry that decides.
    fn act(&self, session: &Session<'_>, protocol: Address) -> Outcome<(Act, Vec<U256>)> {
        let words = self.change.words()?;
        let told = change::describe(&words);
        let act = match &self.change {
            Proposal::Revoke { account, role } => {
                Act::call(told, protocol, &entry::revokeRoleCall { account: *account, role: role.code() })
            }
            Proposal::Guardian { account, scope, remove: true, .. }
                if self.is_removed_at_once(session, protocol)? =>
            {
                Act::call(
                    told,
                    protocol,
                    &entry::setGuardianCall { guardian: *account, scope: *scope, max_duration: 0 },
                )
            }
            _ => Act::call(format!("propose: {told}"), protocol, &entry::proposeCall { words: words.clone() }),
        };
        Ok((act, words))
    }

    /// Whether the guardian is not the last of its scope.
    fn is_removed_at_once(&self, session: &Session<'_>, protocol: Address) -> Outcome<bool> {
        let Proposal::Guardian { account, scope, .. } = &self.change else { return Ok(false) };
        let remote = Remote::latest(&session.place.rpc, protocol, session.from())?;
        remote.read(|host| !fusebox_guardian::shell::is_last(host, *account, words::at(*scope)))
    }
}

impl Execute {
    pub(super) fn run(&self) -> Outcome {
        let place = self.common.access.open()?;
        let session = Session::new(&place, &self.common.signing)?;
        let protocol = place.protocol()?;
        let ready = match self.hash {
            Some(hash) => {
                let (found, now) = find(&place, protocol, session.from(), hash)?;
                if found.stage == Stage::Waiting {
                    return Err(Fault::Waiting(format!(
                        "{}: {}",
                        change::describe(&found.words),
                        standing(&found, now)
                    )));
                }
                vec![found]
            }
            None => {
                let remote = Remote::latest(&place.rpc, protocol, session.from())?;
                proposals(&place, &remote, protocol)?.into_iter().filter(|one| one.stage == Stage::Ready).collect()
            }
        };
        let remote = Remote::latest(&place.rpc, protocol, session.from())?;
        let (mut going, mut left_out) = (Vec::new(), Vec::new());
        for one in ready {
            match ahead::look(&place, &remote, &one.words) {
                Ok(()) => going.push(one),
                // Of all that is ready, one that cannot be carried out keeps nothing else waiting.
                Err(Fault::Verification(why)) if self.hash.is_none() => {
                    left_out.push(format!("left out: {}: {why}", change::describe(&one.words)));
                }
                Err(fault) => return Err(fault),
            }
        }
        let act = |one: &Waiting| {
            let title = format!("execute: {}", change::describe(&one.words));
            Act::call(title, protocol, &entry::executeCall { words: one.words.clone() })
        };
        let done = session.perform(&going.iter().map(act).collect::<Vec<_>>())?;
        let mut report = session.report(&done);
        if going.is_empty() && left_out.is_empty() {
            report.text = "nothing is ready\n".to_owned();
        }
        place.out.print(&report);
        match left_out.is_empty() {
            true => Ok(()),
            false => Err(Fault::Verification(left_out.join("\n"))),
        }
    }
}

impl Cancel {
    pub(super) fn run(&self) -> Outcome {
        one(&self.common, |session, protocol| {
            let (found, _) = find(session.place, protocol, session.from(), self.hash)?;
            let title = format!("cancel: {}", change::describe(&found.words));
            Ok(Act::call(title, protocol, &entry::cancelCall { words: found.words }))
        })
    }
}
