//! `keepalive`: how long each program of the protocol lives yet, and what is near its end is extended.

use super::{
    access::Access,
    clock,
    fault::{Fault, Outcome},
    output::{table, Report, Tone},
    programs,
    remote::Remote,
    send::{Done, Session},
    signer::{Sender, Signing},
    stylus::{self, Life},
};
use alloy_primitives::Address;
use clap::Args;
use serde_json::{json, Value};

/// How long each program lives yet; those near their end are extended, those that have expired activated again.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  fusebox keepalive --check                           # days left; exit code 5 if something is due
  fusebox keepalive --key-file keeper.key             # anybody may pay for it
  fusebox keepalive --within 60d --key-file keeper.key

An Arbitrum chain forgets a program a year after its activation, and every program of an older Stylus version: from then
on it answers nothing. A program that is a month old can be kept alive for another year. What that costs is asked of the
chain; what is sent too much comes back. The programs are found in the protocol's own storage.")]
pub struct Keepalive {
    /// What is near its end: fewer days than these.
    #[arg(long, default_value = "30d", value_parser = clock::parse_span)]
    within: u64,
    /// Only say; send nothing.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    signing: Signing,
}

/// A program and how it stands.
struct Found {
    name: String,
    address: Address,
    life: Life,
}

impl Found {
    fn is_due(&self, within: u64) -> bool {
        match self.life {
            Life::Active(left) => left < within,
            Life::Inactive(_) => true,
            Life::Missing => false,
        }
    }
}

impl Keepalive {
    pub(super) fn run(&self) -> Outcome {
        let place = self.access.open()?;
        let protocol = place.protocol()?;
        let remote = Remote::latest(&place.rpc, protocol, Address::ZERO)?;
        let mut all = Vec::new();
        for (name, address) in programs::located(&remote, protocol)? {
            let life = stylus::life(&place, address)?;
            all.push(Found { name, address, life });
        }
        let due: Vec<&Found> = all.iter().filter(|one| one.is_due(self.within)).collect();
        let mut report = self.report(&all, place.out);
        if self.check || due.is_empty() {
            place.out.print(&report);
            return self.verdict(&all, due.len());
        }
        let session = Session::new(&place, &self.signing)?;
        if let Sender::Safe(..) = session.sender {
            let text = "anybody may pay for programs: use an account. A Safe has better things to sign, and each of these needs the one before it.";
            return Err(Fault::Usage(text.into()));
        }
        let mut done: Vec<Done> = Vec::new();
        for one in &due {
            // One after the other: programs of the same code share their activation, so one may have extended the next.
            let is_active = match stylus::life(&place, one.address)? {
                Life::Active(left) if left >= self.within => continue,
                life => matches!(life, Life::Active(_)),
            };
            let act = match is_active {
                true => stylus::keepalive(&session, &one.name, one.address)?,
                false => stylus::activation(&session, &one.name, one.address)?,
            };
            done.extend(session.perform(&[act])?);
        }
        let sent = session.report(&done);
        report.text.push_str(&sent.text);
        report.json["acts"] = sent.json["acts"].clone();
        place.out.print(&report);
        self.verdict(&all, 0)
    }

    fn verdict(&self, all: &[Found], due: usize) -> Outcome {
        let missing: Vec<&str> =
            all.iter().filter(|one| one.life == Life::Missing).map(|one| one.name.as_str()).collect();
        if !missing.is_empty() {
            return Err(Fault::Verification(format!(
                "no program is where the protocol has them: {}",
                missing.join(", ")
            )));
        }
        match due {
            0 => Ok(()),
            due => Err(Fault::No(format!("{due} programs are due: run it without --check"))),
        }
    }

    fn report(&self, all: &[Found], out: super::output::Output) -> Report {
        let mut rows = Vec::new();
        let mut json = Vec::<Value>::new();
        for one in all {
            let (said, left, tone) = match &one.life {
                Life::Active(left) => (
                    format!("{} days left", left / stylus::DAY),
                    Some(*left),
                    if one.is_due(self.within) { Tone::Warn } else { Tone::Good },
                ),
                Life::Inactive(why) => (why.clone(), None, Tone::Bad),
                Life::Missing => ("no program is there".to_owned(), None, Tone::Bad),
            };
            rows.push(vec![one.name.clone(), one.address.to_string(), out.paint(&said, tone)]);
            json.push(json!({ "program": one.name, "address": one.address, "secondsLeft": left, "state": said, "due": one.is_due(self.within) }));
        }
        Report { text: table(&rows), json: json!({ "programs": json }) }
    }
}
