//! How a circuit stands: its tier, until when, why and by whom, worked out from its words with the modules' own code.

use super::{clock, fault::Outcome, remote::Remote, words, words::Reasons};
use alloy_primitives::Address;
use fusebox::{
    logic::signal_standing,
    storage as panel,
    types::{SETTLING, WOUND_DOWN},
};
use fusebox_breaker::{shell as breaker, storage as feeds};
use fusebox_core::{
    host::Host,
    panel::{Scope, Standing, Tier, BREAKER, LISTED, PAUSE, SIGNAL},
};
use fusebox_guardian::storage as pauses;
use perp::types::HOUSE;
use serde_json::{json, Value};

/// One source that keeps a circuit from normal.
#[derive(Clone, Debug)]
pub struct Cause {
    /// What it is, in words.
    pub what: String,
    /// Who did it, if somebody did.
    pub by: Option<Address>,
    /// When it ends by the clock, in seconds.
    pub until: u64,
    /// What it makes of the circuit.
    pub standing: Standing,
}

/// A circuit, as it stands now.
#[derive(Clone, Debug)]
pub struct Circuit {
    /// Its number; 0 is the protocol.
    pub scope: u32,
    /// All sources together, those of the protocol included.
    pub standing: Standing,
    /// Its own sources.
    pub causes: Vec<Cause>,
    /// Bits that are set without a source: anybody may clear them with a poke.
    pub is_untidy: bool,
}

/// The circuit of a scope; `main` is the protocol's, for a market.
///
/// Errors: no answer from the node.
pub fn of(remote: &Remote<'_>, reasons: &Reasons, scope: u32, main: Option<&Circuit>) -> Outcome<Circuit> {
    remote.read(|host| {
        let at = Scope::new(scope);
        let (k, nibble) = at.place();
        let bits = panel::panel(host, k).bits(nibble);
        let mut causes = Vec::new();
        if bits & PAUSE != 0 {
            causes.extend(paused(host, reasons, at));
        }
        if bits & BREAKER != 0 {
            causes.extend(tripped(host, at));
        }
        if bits & SIGNAL != 0 {
            causes.extend(signalled(host, at));
        }
        let own = causes.iter().fold(Standing::NORMAL, |all, one| all.and(one.standing));
        let standing = main.map_or(own, |main| own.and(main.standing));
        let is_untidy = bits & !LISTED != 0 && causes.is_empty();
        Circuit { scope, standing, causes, is_untidy }
    })
}

/// Who opened an incident; nobody for one that there is not.
fn opener(host: &impl Host, id: u32) -> Option<Address> {
    fusebox::journal::read(host, id).ok().map(|incident| incident.opened_by)
}

fn paused(host: &impl Host, reasons: &Reasons, at: Scope) -> Option<Cause> {
    // Of a market, what the protocol's pause does to it is the protocol's own.
    let (own, now) = (pauses::pause(host, at), host.now());
    let standing = fusebox_guardian::logic::effective(&own, &Default::default(), &HOUSE.guardian, now);
    if standing == Standing::NORMAL {
        return None;
    }
    let what = match own.is_live(now) {
        true => format!("paused: {}", reasons.say(own.reason)),
        false => "grace after a pause: liquidation only below half the maintenance margin".to_owned(),
    };
    Some(Cause { what, by: opener(host, own.incident), until: standing.until, standing })
}

fn tripped(host: &impl Host, at: Scope) -> Option<Cause> {
    let standing = breaker::standing(host, at);
    let ladder = feeds::unpack_ladder(feeds::load(host, at, feeds::LADDER));
    if standing.tier == Tier::Normal {
        return None;
    }
    let latch = if ladder.strikes >= 3 { ", latched after three strikes" } else { "" };
    let what = format!("breaker: {}{latch}", words::trip(ladder.cause.code()));
    Some(Cause {
        what,
        by: fusebox::journal::open_incident(host, at).map(|(_, it)| it.opened_by),
        until: standing.until,
        standing,
    })
}

fn signalled(host: &impl Host, at: Scope) -> Option<Cause> {
    let signal = panel::signal(host, at);
    let standing = signal_standing(&signal, host.now());
    if standing == Standing::NORMAL {
        return None;
    }
    let decided =
        |what: &str| (format!("{what} by Governance since {}", clock::utc(panel::decision(host, at).since)), None);
    let (what, by) = match signal.until {
        SETTLING => decided("being settled"),
        WOUND_DOWN => decided("wound down"),
        0 => ("a signal that nobody has explained".to_owned(), None),
        _ => {
            let by = fusebox::journal::open_incident(host, at).map(|(_, it)| it.opened_by);
            ("signal of a limiter or a Sentinel".to_owned(), by)
        }
    };
    Some(Cause { what, by, until: standing.until, standing })
}

impl Circuit {
    /// It as JSON.
    pub fn json(&self) -> Value {
        let causes: Vec<Value> = self
            .causes
            .iter()
            .map(|one| {
                json!({
                    "what": one.what, "by": one.by, "until": one.until, "tier": one.standing.tier.code(),
                    "stopped": one.standing.stopped.bits(),
                })
            })
            .collect();
        json!({
            "scope": self.scope,
            "tier": words::tier(self.standing.tier.code().into()),
            "stopped": words_of(self.standing),
            "until": self.standing.until,
            "grace": self.standing.grace,
            "causes": causes,
            "untidy": self.is_untidy,
        })
    }
}

fn words_of(standing: Standing) -> Vec<String> {
    let all = fusebox_core::panel::Class::ALL;
    all.iter().filter(|class| standing.stopped.has(**class)).map(|class| words::class(class.code().into())).collect()
}
