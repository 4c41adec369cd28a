//! What a deployment is to come to: each value, what it is now, and the change that brings it there.

use super::{found, listing::Listing, plan::Plan, programs::Record};
use crate::operator::{
    access::Place,
    change, clock,
    fault::{Fault, Outcome},
    parameters,
    programs::{further, HOT},
    remote::Remote,
    send, stylus, verify, words,
};
use alloy_primitives::{Address, B256, U256};
use fusebox::bindings::Protocol as entry;
use fusebox_authority::{
    logic::queue::stage,
    storage as authority,
    types::{change as write, Act, Change, Role, Stage},
};
use fusebox_breaker::storage as feeds;
use fusebox_core::{host::Host, panel::Scope};
use fusebox_market::storage as market;
use perp::limits;
use std::path::Path;

/// How a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Holds,
    /// Proposed, until then.
    Waiting(u64),
    /// Proposed, and its time has come.
    Ready,
    /// Not proposed.
    Missing,
    /// Not as it should be, and no change leads there.
    Wrong,
}

impl State {
    /// A word for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Waiting(_) => "waiting",
            Self::Ready => "ready",
            Self::Missing => "missing",
            Self::Wrong => "wrong",
        }
    }
}

/// What is read of the chain.
pub type Found = Box<dyn Fn(&Place, &Remote<'_>) -> Outcome<String>>;

/// A value that a deployment is to have.
pub struct Goal {
    /// What it is.
    pub what: String,
    /// What it should be.
    pub wanted: String,
    /// The change that brings it there; none for what nothing changes afterwards.
    words: Option<Vec<U256>>,
    /// How many markets have to be listed before the change is carried out.
    needs: u32,
    /// Of a value that comes with a listing: the market, and the change that lists it.
    listing: Option<(u32, Vec<U256>)>,
    found: Found,
}

impl Goal {
    fn fixed(what: impl Into<String>, wanted: impl Into<String>, found: Found) -> Self {
        Self { what: what.into(), wanted: wanted.into(), words: None, needs: 0, listing: None, found }
    }

    fn changed(what: impl Into<String>, wanted: impl Into<String>, words: Vec<U256>, needs: u32, found: Found) -> Self {
        Self { words: Some(words), needs, ..Self::fixed(what, wanted, found) }
    }

    /// What it is now.
    ///
    /// Errors: no answer from the node.
    pub fn found(&self, place: &Place, remote: &Remote<'_>) -> Outcome<String> {
        (self.found)(place, remote)
    }

    /// Whether it comes with a listing that has not been carried out.
    ///
    /// Errors: no answer from the node.
    pub fn is_awaited(&self, remote: &Remote<'_>) -> Outcome<bool> {
        let listed = remote.read(fusebox::markets)?;
        Ok(self.listing.as_ref().is_some_and(|(market, _)| *market > listed))
    }

    /// How it stands now.
    ///
    /// Errors: no answer from the node.
    pub fn state(&self, place: &Place, remote: &Remote<'_>) -> Outcome<State> {
        if self.found(place, remote)? == self.wanted {
            return Ok(State::Holds);
        }
        let listed = remote.read(fusebox::markets)?;
        let awaited = self.listing.as_ref().filter(|(market, _)| *market > listed).map(|(_, words)| words);
        let Some(words) = awaited.or(self.words.as_ref()) else { return Ok(State::Wrong) };
        let (at, stage) = proposed(remote, words)?;
        Ok(match stage {
            Stage::Waiting => State::Waiting(at),
            Stage::Ready => State::Ready,
            _ => State::Missing,
        })
    }

    /// What brings it nearer now: a proposal, if the sender is Governance; the execution of what has waited, for anybody.
    ///
    /// Errors: no answer from the node.
    pub fn next(
        &self,
        remote: &Remote<'_>,
        protocol: Address,
        from: Address,
        place: &Place,
    ) -> Outcome<Option<send::Act>> {
        let listed = remote.read(fusebox::markets)?;
        let Some(words) = &self.words else { return Ok(None) };
        if self.is_awaited(remote)? {
            return Ok(None);
        }
        let told = change::describe(words);
        Ok(match self.state(place, remote)? {
            State::Ready if listed < self.needs => None,
            State::Ready => Some(send::Act::call(
                format!("execute: {told}"),
                protocol,
                &entry::executeCall { words: words.clone() },
            )),
            State::Missing if remote.read(|host| authority::account(host, from))?.roles.has(Role::Governance) => Some(
                send::Act::call(format!("propose: {told}"), protocol, &entry::proposeCall { words: words.clone() }),
            ),
            _ => None,
        })
    }
}

/// When a change may be executed, and where it stands.
fn proposed(remote: &Remote<'_>, words: &[U256]) -> Outcome<(u64, Stage)> {
    let hash = change::hash(words);
    remote.read(|host| {
        let proposal = authority::proposal(host, hash);
        let account = authority::account(host, proposal.by);
        (proposal.earliest, stage(&(proposal, account), host.now()))
    })
}

/// Everything that a parameter file asks for, in the order in which it can be done.
///
/// Errors: a program that was not built; a name that there is not.
pub fn of(plan: &Plan, listings: &[Listing], record: &Record, folder: &Path) -> Outcome<Vec<Goal>> {
    let mut all = constructed(plan)?;
    all.extend(programs(record, folder)?);
    for (number, (market, listing)) in (1u32..).zip(plan.market.iter().zip(listings)) {
        all.extend(listed(number, &market.name, listing));
    }
    for words in plan.changes()? {
        all.push(changed(words)?);
    }
    Ok(all)
}

/// What the constructor has fixed.
fn constructed(plan: &Plan) -> Outcome<Vec<Goal>> {
    let of = plan.protocol.clone();
    let (pauser, secs) = (of.guardian, of.guardian_pause.0);
    Ok(vec![
        Goal::fixed(
            "collateral",
            of.collateral.to_string(),
            Box::new(|_, remote| Ok(remote.read(perp::storage::token)?.0.to_string())),
        ),
        Goal::fixed("Governance", of.governance.to_string(), found::holds(of.governance, Role::Governance)),
        Goal::fixed("Council", of.council.to_string(), found::holds(of.council, Role::Council)),
        Goal::fixed(
            "guardian of the protocol",
            format!("{pauser}, for {}", clock::span(secs)),
            Box::new(move |_, remote| found::granted(remote, pauser, 0)),
        ),
        Goal::fixed(
            "floor of withdrawals",
            of.floor.0.to_string(),
            Box::new(|_, remote| {
                let config = remote.read(|host| fusebox_limiter::storage::config(host, limits::WITHDRAWALS))?;
                Ok(config.map_or_else(|| "none".to_owned(), |config| config.floor().to_string()))
            }),
        ),
    ])
}

/// Every program: that it is where it should be, and what was built.
fn programs(record: &Record, folder: &Path) -> Outcome<Vec<Goal>> {
    let numbered = (1u64..).zip(further()).map(|(number, name)| (number, name, record.programs.get(name).copied()));
    let hot = std::iter::once((0, HOT, record.protocol));
    hot.chain(numbered)
        .map(|(number, name, at)| {
            let at =
                at.ok_or_else(|| Fault::Verification(format!("{name} is not in the record of what was deployed")))?;
            let built = verify::built(folder, name)?;
            let found: Found = Box::new(move |place, remote| {
                let is_at = if number == 0 { at } else { remote.read(|host| perp::storage::program(host, number))? };
                let on_chain = stylus::wasm_on_chain(place, is_at)?;
                Ok(match verify::compare(on_chain.as_deref(), &built).is_built() {
                    true => format!("{is_at}, as built"),
                    false => format!("{is_at}, other bytes"),
                })
            });
            Ok(Goal::fixed(name, format!("{at}, as built"), found))
        })
        .collect()
}

/// A market: that it is listed, then every value of its listing.
fn listed(number: u32, called: &str, listing: &Listing) -> Vec<Goal> {
    let is_listed: Found = Box::new(move |_, remote| {
        let count = remote.read(fusebox::markets)?;
        Ok(if count >= number { "listed".to_owned() } else { "not listed".to_owned() })
    });
    // A market has the number that is next when its listing is carried out: never before the one that stands before it.
    let what = format!("market {number} ({called})");
    let mut all = vec![Goal::changed(what, "listed", listing.words.clone(), number.saturating_sub(1), is_listed)];
    let terms = (0x0500u16..).zip((0..fusebox_market::params::TERMS).map(|term| listing.params.get(term)));
    let policy = (0x0500 + u16::from(perp::types::BOUNTY)..)
        .zip((perp::types::BOUNTY..=perp::types::TARGET).map(|term| listing.policy.get(term)));
    for (id, value) in terms.chain(policy) {
        all.push(value_of(number, id, value));
    }
    for (at, id) in (0u32..).zip(0x0200u16..=0x020e) {
        let word = feeds::pack_params(&listing.setup.params);
        let bits = if id == 0x020e { 8 } else { 16 };
        all.push(value_of(number, id, fusebox_core::pack::field(word, at * 16, bits).into()));
    }
    let setup = listing.setup;
    let domain = listing.params.closing.domain;
    all.push(Goal::fixed(
        format!("market {number}: loss domain"),
        domain.to_string(),
        Box::new(move |_, remote| Ok(remote.read(|host| market::closing(host, number))?.domain.to_string())),
    ));
    let shown = |config: &fusebox_breaker::FeedConfig| {
        format!("{} for {} s, {:?}, {} gas", config.source, config.max_age_secs, config.kind, config.gas)
    };
    for (at, config) in setup.feeds.iter().take(setup.count.into()).enumerate() {
        all.push(Goal::fixed(
            format!("market {number}: feed {at}"),
            shown(config),
            Box::new(move |_, remote| {
                let found = remote.read(|host| feeds::load_setup(host, Scope::new(number)))?;
                Ok(found.map_or_else(|_| "none".to_owned(), |found| found.feeds.get(at).map(shown).unwrap_or_default()))
            }),
        ));
    }
    let sequencer = |config: Option<fusebox_breaker::SequencerConfig>| format!("{config:?}");
    all.push(Goal::fixed(
        format!("market {number}: sequencer's feed"),
        sequencer(setup.sequencer),
        Box::new(move |_, remote| {
            let found = remote.read(|host| feeds::load_setup(host, Scope::new(number)))?;
            Ok(found.map_or_else(|_| "none".to_owned(), |found| sequencer(found.sequencer)))
        }),
    ));
    for goal in all.iter_mut().skip(1) {
        goal.listing = Some((number, listing.words.clone()));
    }
    all
}

/// A value of the parameter table.
fn value_of(scope: u32, id: u16, wanted: u128) -> Goal {
    let found: Found = Box::new(move |_, remote| {
        let found = remote.read(|host| perp::table::value(host, scope, id))?;
        Ok(found.map_or_else(|_| "none".to_owned(), |value| value.to_string()))
    });
    // The limiter counts its buckets where the others count markets.
    let (place, needs) = match id >> 8 {
        3 => (format!("bucket {scope}"), 0),
        _ => (words::scope(scope.into()), scope),
    };
    let words = write::parameter(scope, id, wanted).to_vec();
    Goal::changed(format!("{place}: {}", parameters::show(id)), wanted.to_string(), words, needs, found)
}

/// What a change is to bring about.
fn changed(words: Vec<U256>) -> Outcome<Goal> {
    let it = Change::decode(&words).map_err(|error| Fault::Usage(format!("{error:?}")))?;
    let (account, scope) = (it.account(), it.scope);
    let rest = || it.args.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Ok(match (it.act, it.id) {
        (Act::Parameter, id) => value_of(scope, id, it.value()),
        (Act::Grant, _) => {
            let role = it.role().map_err(|error| Fault::Usage(format!("{error:?}")))?;
            Goal::changed(words::role(it.id.into()), account.to_string(), words.clone(), 0, found::holds(account, role))
        }
        (Act::Guardian, _) => {
            let wanted = format!("{account}, for {}", clock::span(it.secs().into()));
            let what = format!("guardian of {}", words::scope(scope.into()));
            Goal::changed(
                what,
                wanted,
                words.clone(),
                scope,
                Box::new(move |_, remote| found::granted(remote, account, scope)),
            )
        }
        (_, perp::insurance::COVER) => {
            let what = format!("cover of domain {scope} (deductible, its share, budget, days, claim)");
            Goal::changed(what, rest(), words.clone(), 0, Box::new(move |_, remote| found::cover(remote, scope)))
        }
        (_, perp::insurance::RECAP) => Goal::changed(
            "surcharge (target, most)",
            rest(),
            words.clone(),
            0,
            Box::new(|_, remote| found::recap(remote)),
        ),
        (_, perp::insurance::PARAMS) => {
            let what = "fund (cool-down, window, hold, deficit in seconds, floor)";
            Goal::changed(what, rest(), words.clone(), 0, Box::new(|_, remote| found::fund(remote)))
        }
        _ => {
            let what = "terms of a return (basis points, cap, hash of the text)";
            let wanted = match it.args {
                [rate, cap, text] => format!("{rate}, {cap}, {}", B256::from(*text)),
                _ => rest(),
            };
            Goal::changed(what, wanted, words.clone(), 0, Box::new(|_, remote| found::harbour(remote)))
        }
    })
}
