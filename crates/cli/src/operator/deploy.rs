//! `deploy`: a protocol's panel from one parameter file, resumable, every value read back and compared.

mod found;
mod goals;
pub mod insurance;
pub mod listing;
pub mod plan;
mod programs;

use super::{
    access::{Access, Place},
    clock,
    fault::{Fault, Outcome},
    output::{table, Report, Tone},
    remote::Remote,
    send::Session,
    signer::{Sender, Signing},
};
use alloy_primitives::Address;
use clap::Args;
use fusebox_core::host::Host;
use goals::{Goal, State};
use plan::Plan;
use serde_json::{json, Value};
use std::path::PathBuf;

/// Deploy a protocol's panel from one parameter file: programs, roles, guardians, markets, parameters.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = concat!("\
Examples:
  fusebox deploy params.toml --key-file deployer.key              # programs, and the protocol
  fusebox deploy params.toml --key-file governance.key            # proposes what Governance has to
  fusebox deploy params.toml --safe 0x... --out proposals.json    # the same, for a Safe
  fusebox deploy params.toml --key-file anybody.key               # days later: carries out what has waited
  fusebox deploy params.toml --check                              # only reads back and compares
  fusebox deploy --program perp-view --key-file deployer.key      # one program, for an upgrade

Run it again until its exit code is 0. What is done already is not done again: programs and the protocol's address are
kept in params.deployed.json beside the file, everything else is read from the chain. What Governance decides waits in the
queue, two days or seven, so one run does not do it all: exit code 6 says that something waits, and until when.

A parameter file:

", include_str!("deploy/example.toml")))]
pub struct Deploy {
    /// The parameter file.
    #[arg(required_unless_present = "program")]
    params: Option<PathBuf>,
    /// Only deploy and activate one program, to be proposed as an upgrade: perp-view, say.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["params", "check"])]
    program: Option<String>,
    /// Folder with the built programs.
    #[arg(long, value_name = "FOLDER")]
    wasm: Option<PathBuf>,
    /// Only read back and compare; send nothing.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    signing: Signing,
}

impl Deploy {
    pub(super) fn run(&self) -> Outcome {
        let Some(params) = &self.params else { return self.one() };
        let (plan, listings) = Plan::read(params)?;
        let place = self.access.open()?;
        let folder = place.wasm(self.wasm.as_ref());
        let mut record = programs::Record::load(params, place.rpc.chain_id()?)?;
        let session = match self.check {
            true => Session { place: &place, sender: Sender::Simulated(Address::ZERO) },
            false => Session::new(&place, &self.signing)?,
        };
        if !self.check && record.protocol.is_none() {
            programs::deploy(&session, &plan, &folder, &mut record)?;
        }
        let Some(protocol) = record.protocol else {
            return Err(Fault::Verification(
                "the protocol is not deployed yet: run it without --check, with an account that pays".into(),
            ));
        };
        let goals = goals::of(&plan, &listings, &record, &folder)?;
        if !self.check {
            self.advance(&session, protocol, &goals)?;
        }
        self.compare(&place, protocol, &goals)
    }

    /// Deploys and activates one program.
    fn one(&self) -> Outcome {
        let name = self.program.as_deref().unwrap_or_default();
        let name = format!("perp-{}", name.strip_prefix("perp-").unwrap_or(name));
        crate::operator::programs::parse(&name).map_err(Fault::Usage)?;
        let place = self.access.open()?;
        let session = Session::new(&place, &self.signing)?;
        let address = programs::one(&session, &name, &place.wasm(self.wasm.as_ref()))?;
        let text = format!("{name} is at {address}\n  fusebox propose upgrade {name} {address}");
        place.out.print(&Report { text, json: json!({ "program": name, "address": address }) });
        Ok(())
    }

    /// Proposes what is not proposed, carries out what is ready: who may do which, the chain says.
    fn advance(&self, session: &Session<'_>, protocol: Address, goals: &[Goal]) -> Outcome {
        let mut batch = Vec::new();
        let mut remote = Remote::latest(&session.place.rpc, protocol, session.from())?;
        for goal in goals {
            let Some(act) = goal.next(&remote, protocol, session.from(), session.place)? else { continue };
            if matches!(session.sender, Sender::Safe(..)) {
                batch.push(act);
                continue;
            }
            session.place.out.progress(&act.title);
            session.perform(&[act])?;
            remote = Remote::latest(&session.place.rpc, protocol, session.from())?;
        }
        let done = session.perform(&batch)?;
        if !done.is_empty() {
            session.place.out.progress(&session.report(&done).text);
        }
        Ok(())
    }

    /// Reads every value back and compares.
    fn compare(&self, place: &Place, protocol: Address, goals: &[Goal]) -> Outcome {
        let remote = Remote::latest(&place.rpc, protocol, Address::ZERO)?;
        let now = remote.now();
        let (mut rows, mut json) = (Vec::new(), Vec::<Value>::new());
        let (mut waiting, mut missing, mut wrong) = (None::<u64>, Vec::new(), Vec::new());
        for goal in goals {
            let (found, state) = (goal.found(place, &remote)?, goal.state(place, &remote)?);
            let (said, tone) = match &state {
                State::Holds => ("as wanted".to_owned(), Tone::Good),
                State::Waiting(at) => {
                    waiting = Some(waiting.map_or(*at, |least| least.min(*at)));
                    (format!("waits until {}", clock::when(*at, now)), Tone::Warn)
                }
                State::Ready => {
                    waiting = Some(waiting.map_or(now, |least| least.min(now)));
                    ("ready: run again".to_owned(), Tone::Warn)
                }
                State::Missing => {
                    if !goal.is_awaited(&remote)? {
                        missing.push(goal.what.clone());
                    }
                    ("to be proposed by Governance".to_owned(), Tone::Warn)
                }
                State::Wrong => {
                    wrong.push(goal.what.clone());
                    ("NOT AS WANTED".to_owned(), Tone::Bad)
                }
            };
            rows.push(vec![goal.what.clone(), goal.wanted.clone(), found.clone(), place.out.paint(&said, tone)]);
            json.push(json!({ "what": goal.what, "wanted": goal.wanted, "found": found, "state": state.word() }));
        }
        let head = vec!["what".to_owned(), "wanted".to_owned(), "on the chain".to_owned(), String::new()];
        let text = format!("protocol {protocol}\n\n{}", table(&[vec![head], rows].concat()));
        let json = json!({ "protocol": protocol, "values": json, "waitingUntil": waiting, "complete": wrong.is_empty() && missing.is_empty() && waiting.is_none() });
        place.out.print(&Report { text, json });
        if !wrong.is_empty() {
            return Err(Fault::Verification(format!(
                "not as the parameter file has it, and nothing can change it: {}",
                wrong.join(", ")
            )));
        }
        if !missing.is_empty() {
            let text = format!(
                "Governance has to propose: {}. Run the same command with its key, or with --safe and --out.",
                missing.join(", ")
            );
            return Err(Fault::Waiting(text));
        }
        match waiting {
            Some(at) => Err(Fault::Waiting(format!(
                "something waits until {}: run the same command again then",
                clock::when(at, now)
            ))),
            None => Ok(()),
        }
    }
}
