//! What people stop and let go: pause, extend, unpause, hold, poke, heartbeat.

use super::{
    access::Access,
    clock::{self, Until},
    explain,
    fault::{Fault, Outcome},
    output::Report,
    remote::Remote,
    rpc::{Failed, Message},
    send::{Act, Session},
    signer::Signing,
    words,
};
use alloy_primitives::Address;
use alloy_sol_types::SolCall;
use clap::Args;
use fusebox::bindings::Protocol as entry;
use fusebox_core::{
    host::Host,
    panel::{Classes, Scope},
};
use fusebox_guardian::storage as guardian;
use serde_json::json;

/// Where a call goes and who signs it.
#[derive(Clone, Debug, Args)]
pub struct Common {
    #[command(flatten)]
    pub(super) access: Access,
    #[command(flatten)]
    pub(super) signing: Signing,
}

/// Stop classes of action, at once, for the guardian's own duration.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  fusebox pause protocol --reason \"an attack\" --keystore guardian.json
  fusebox pause 1 3 --classes increase,liquidate --reason 1 --key-file guardian.key
  fusebox pause protocol --safe 0x... --out pause.json     # for a Safe that is a guardian

A guardian pauses and never unpauses. The pause ends by the clock; exits come back within 72 hours whoever asks.
It can be used once a scope until Governance arms it again, and only while its heartbeat counts.")]
pub struct Pause {
    /// What to stop: protocol, or numbers of markets.
    #[arg(required = true, value_parser = words::parse_scope, value_name = "SCOPE")]
    scopes: Vec<u32>,
    /// Which classes: increase, liquidate, reduce, exit, inflow, or all.
    #[arg(long, default_value = "all", value_parser = words::parse_classes)]
    classes: Classes,
    /// Why: a number, or one of the protocol's words for it (see [reasons] in fusebox.toml).
    #[arg(long, default_value = "0")]
    reason: String,
    #[command(flatten)]
    common: Common,
}

/// Move the end of a live pause to a later time: the Council, within an incident that it did not open.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "Example:\n  fusebox extend 1 +12h --keystore council.json")]
pub struct Extend {
    /// Where: protocol, or the number of a market.
    #[arg(value_parser = words::parse_scope)]
    scope: u32,
    /// The new end: +12h from now, or a second since 1970.
    #[arg(value_parser = clock::parse_until, allow_hyphen_values = true)]
    until: Until,
    #[command(flatten)]
    common: Common,
}

/// End a live pause now: the Council, within an incident that it did not open and that is ten minutes old.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "Example:\n  fusebox unpause protocol --safe 0x... --out unpause.json")]
pub struct Unpause {
    /// Where: protocol, or the number of a market.
    #[arg(value_parser = words::parse_scope)]
    scope: u32,
    #[command(flatten)]
    common: Common,
}

/// Hold a ticket of the limiter: the Council, once a ticket, for at most 72 hours, within an incident of the protocol.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  fusebox status --tickets                                       # their numbers, owners and times
  fusebox hold 18446744073709551617 +72h --keystore council.json
  fusebox propose escrow 18446744073709551617 0x... --keystore governance.json   # within the hold")]
pub struct Hold {
    /// The ticket's number: `fusebox status --tickets` lists them.
    ticket: u128,
    /// The end of the hold: +72h from now, or a second since 1970.
    #[arg(value_parser = clock::parse_until)]
    until: Until,
    #[command(flatten)]
    common: Common,
}

/// Write down what the breaker sees, and tidy what is over: anybody may, and may be paid for it.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "Example:\n  fusebox poke 1 2 --key-file keeper.key")]
pub struct Poke {
    /// Numbers of markets; all of them without any.
    markets: Vec<u32>,
    #[command(flatten)]
    common: Common,
}

/// Show that a guardian is alive: without it a guardian cannot pause after thirty days.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  fusebox heartbeat --keystore guardian.json
  fusebox heartbeat --check 0x...            # until when does it count? sends nothing")]
pub struct Heartbeat {
    /// Only say until when a guardian's last sign of life counts; exit code 5 if it counts no more.
    #[arg(long, value_name = "ADDRESS")]
    check: Option<Address>,
    #[command(flatten)]
    common: Common,
}

impl Pause {
    pub(super) fn run(&self) -> Outcome {
        let place = self.common.access.open()?;
        let reason = place.reasons.parse(&self.reason).map_err(Fault::Usage)?;
        let session = Session::new(&place, &self.common.signing)?;
        let protocol = place.protocol()?;
        let classes = self.classes.bits();
        let call = |scopes: Vec<u32>| entry::pauseCall { scopes, classes, reason };
        let names: Vec<String> = self.scopes.iter().map(|scope| words::scope((*scope).into())).collect();
        let title = format!("pause {} ({}; {})", names.join(", "), words::classes(classes), place.reasons.say(reason));
        let done = session.perform(&[Act::call(title, protocol, &call(self.scopes.clone()))])?;
        let report = session.report(&done);
        let failed = done.first().and_then(|one| entry::pauseCall::abi_decode_returns(&one.answer).ok()).unwrap_or(0);
        let mut refused = Vec::new();
        let left = self.scopes.iter().enumerate().filter(|(at, _)| failed >> at & 1 == 1).map(|(_, scope)| scope);
        for scope in left {
            // Alone it reverts with its reason, which a batch of which something holds does not tell.
            let message = Message {
                from: session.from(),
                to: Some(protocol),
                data: call(vec![*scope]).abi_encode().into(),
                ..Message::default()
            };
            let why = match place.rpc.call(&message) {
                Err(Failed::Reverted(data)) => explain::explain(&data, place.rpc.latest()?.timestamp.to()).show(),
                _ => "it was refused".to_owned(),
            };
            refused.push(format!("{}: {why}", words::scope((*scope).into())));
        }
        place.out.print(&report);
        match refused.is_empty() {
            true => Ok(()),
            false => Err(Fault::Refused(format!("not all of it: {}", refused.join("; ")))),
        }
    }
}

/// Sends one act and prints what became of it.
pub(super) fn one(common: &Common, act: impl FnOnce(&Session<'_>, Address) -> Outcome<Act>) -> Outcome {
    let place = common.access.open()?;
    let session = Session::new(&place, &common.signing)?;
    let act = act(&session, place.protocol()?)?;
    let done = session.perform(&[act])?;
    place.out.print(&session.report(&done));
    Ok(())
}

impl Extend {
    pub(super) fn run(&self) -> Outcome {
        one(&self.common, |session, protocol| {
            let until = self.until.resolve(session.place.rpc.latest()?.timestamp.to())?;
            let title = format!("extend the pause of {} until {}", words::scope(self.scope.into()), clock::utc(until));
            Ok(Act::call(title, protocol, &entry::extendCall { scope: self.scope, until }))
        })
    }
}

impl Unpause {
    pub(super) fn run(&self) -> Outcome {
        one(&self.common, |_, protocol| {
            let title = format!("unpause {}", words::scope(self.scope.into()));
            Ok(Act::call(title, protocol, &entry::unpauseCall { scope: self.scope }))
        })
    }
}

impl Hold {
    pub(super) fn run(&self) -> Outcome {
        one(&self.common, |session, protocol| {
            let until = self.until.resolve(session.place.rpc.latest()?.timestamp.to())?;
            let title = format!("hold ticket {} until {}", self.ticket, clock::utc(until));
            Ok(Act::call(title, protocol, &entry::holdTicketCall { id: self.ticket, until }))
        })
    }
}

impl Poke {
    pub(super) fn run(&self) -> Outcome {
        let place = self.common.access.open()?;
        let session = Session::new(&place, &self.common.signing)?;
        let protocol = place.protocol()?;
        let markets = match self.markets.is_empty() {
            false => self.markets.clone(),
            true => {
                let remote = Remote::latest(&place.rpc, protocol, session.from())?;
                (1..=remote.read(fusebox::markets)?).collect()
            }
        };
        let act =
            |market: &u32| Act::call(format!("poke market {market}"), protocol, &entry::pokeCall { market: *market });
        let done = session.perform(&markets.iter().map(act).collect::<Vec<_>>())?;
        let mut report = session.report(&done);
        let mut tiers = Vec::new();
        for (market, one) in markets.iter().zip(&done) {
            let tier = entry::pokeCall::abi_decode_returns(&one.answer).unwrap_or_default();
            report.text.push_str(&format!("market {market} is {}\n", words::tier(tier.into())));
            tiers.push(json!({ "market": market, "tier": tier }));
        }
        report.json["markets"] = tiers.into();
        place.out.print(&report);
        Ok(())
    }
}

impl Heartbeat {
    pub(super) fn run(&self) -> Outcome {
        let Some(who) = self.check else {
            return one(&self.common, |_, protocol| Ok(Act::call("heartbeat", protocol, &entry::heartbeatCall {})));
        };
        let place = self.common.access.open()?;
        let remote = Remote::latest(&place.rpc, place.protocol()?, who)?;
        let (watch, grant) =
            remote.read(|host| (guardian::watch(host, who), guardian::grant(host, who, Scope::PROTOCOL)))?;
        let now = remote.now();
        let text = match watch.scopes {
            0 => format!("{who} is a guardian of nothing"),
            scopes => format!(
                "{who} is a guardian of {scopes} scopes\nits last sign of life counts until {}\nit rests until {}\n",
                clock::when(watch.alive_until, now),
                clock::when(watch.rests_until, now),
            ),
        };
        let json = json!({
            "guardian": who, "scopes": watch.scopes, "aliveUntil": watch.alive_until, "restsUntil": watch.rests_until,
            "protocolSeconds": grant.duration_secs, "protocolArmed": grant.armed,
        });
        place.out.print(&Report { text, json });
        match watch.scopes > 0 && now < watch.alive_until {
            true => Ok(()),
            false => Err(Fault::No(format!("{who} could not pause now: a heartbeat is due"))),
        }
    }
}
