//! How a replay was set up, for the report: one sentence each.

use super::actors::{FEE_BPS, INFORMED_CAPITAL, INITIAL_BPS, MAINTENANCE_BPS, PENALTY_BPS};
use super::ground::{Contracts, PAUSE_SECS};
use super::incident::Incident;
use super::multisig::Code;
use super::record::{money, span};
use super::replay::{ALARM, PROVIDERS, REACTION, SECOND_LOOK};
use super::setup;

/// What is the same in every replay.
pub struct House<'a> {
    /// What is deployed.
    pub contracts: &'a Contracts,
    /// Who holds the switches.
    pub multisigs: String,
    /// Their code, if they are Safes.
    pub safe: Option<&'a Code>,
}

/// How flows were set up.
pub fn of_flows(house: &House) -> Vec<String> {
    vec![
        deployed(house),
        format!("{}.", house.multisigs),
        "Four days before the first flow the liquidity is in the pool and every account has what it will take; a keeper re-bases the bucket of withdrawals daily, so that no inflow counts any more. Limiter at its defaults: 10 % of the liquidity a day and at least 100,000 USDC, tickets for what does not fit (at most 72 h), a lane for small accounts.".into(),
        "A keeper has tickets paid every 10 minutes, as soon as they are ready.".into(),
    ]
}

fn deployed(house: &House) -> String {
    format!(
        "Deployed: perp in {} programs on one storage ({} bytes of WASM together, uncompressed), an OpenZeppelin ERC-20 with 6 decimals, Chainlink's MockV3Aggregator, and an oracle that accumulates as Uniswap v3 does.",
        house.contracts.count(),
        money(house.contracts.bytes() as f64)
    )
}

/// All of it.
pub fn facts(incident: &Incident, house: &House) -> Vec<String> {
    let mut facts = incident.assumed.clone();
    facts.push(sampled(incident));
    facts.push(deployed(house));
    facts.push(format!("{}.", house.multisigs));
    facts.push("Deployed a week before the first second: the market and its guardian wait in the protocol's own queue until then. What leaves passes the limiter at its defaults: 10 % of the pool a day and at least 100,000 USDC, tickets for what does not fit; a keeper re-bases the buckets daily and has tickets paid when they are ready.".into());
    let pool: f64 = PROVIDERS.iter().map(|(_, amount)| amount).sum();
    facts.push(format!(
        "Market: initial margin {} %, maintenance {} %, fee {} bps, penalty {} %; while Guarded, half as much initial margin again. Liquidity {} USDC.",
        f64::from(INITIAL_BPS) / 100.0,
        f64::from(MAINTENANCE_BPS) / 100.0,
        FEE_BPS,
        f64::from(PENALTY_BPS) / 100.0,
        money(pool)
    ));
    facts.push(setup::facts(incident.is_sole(), incident.cast.compared));
    facts.extend(people(incident));
    facts.push("A refused call counts once, however often it is tried again; probes do not count.".into());
    facts.push("At the end of each run the contract's token balance equals the sum of its books, to the unit, and the demo's own books agree with the contract's.".into());
    for (at, source) in incident.sources.iter().enumerate() {
        let role = if at == 0 { "anchor" } else { "check" };
        facts.push(format!("Source {at} ({role}): {}, longest gap {} s.", source.name, source.heartbeat));
    }
    facts
}

/// Which minutes were replayed, and what was looked at in them.
pub fn sampled(incident: &Incident) -> String {
    let sampling = incident.sampling;
    let published = "Every price is published with its own time stamp.";
    if sampling.coarse <= 60 {
        return format!("{published} Every minute is replayed; within it the informed trader acts first, then the keeper (poke, liquidations), then everybody else.");
    }
    format!(
        "Sampled: {published} A minute is replayed (poke, liquidations, traders) when the market has moved by {} bps since the last one that was, and every minute while anything is tripped, refused or 2 % below its high of an hour; otherwise every {}. While all is quiet each class of action is tried every {}, otherwise every minute.",
        sampling.moved_bps,
        span(sampling.coarse),
        span(sampling.probe)
    )
}

fn people(incident: &Incident) -> Vec<String> {
    let cast = incident.cast;
    let mut facts = Vec::new();
    if cast.arrivals > 0 {
        facts.push(format!(
            "The informed trader ({} USDC) trades only on the gap between the market and the oracle; all others follow fixed schedules and habits (sleep, add margin, stop losses, take profits), the same in every run: 60 at the beginning, and one more every {}.",
            money(INFORMED_CAPITAL),
            span(cast.arrivals)
        ));
    } else {
        facts.push("Nobody trades: the liquidity providers are in, one small position is open, with which each class of action is tried.".into());
    }
    if cast.guardian {
        facts.push(format!(
            "The guardian looks when the market is {:.0} % below its high of an hour, needs {} min to act, and stops every class for {} min; {}.",
            ALARM * 100.0,
            REACTION / 60,
            PAUSE_SECS / 60,
            match incident.is_sole() {
                true => format!("the Council ends that after {} min", SECOND_LOOK / 60),
                false => "that runs out by itself".to_owned(),
            }
        ));
        facts.push("Breakers on without the pause is the same run, forked on a copy of the chain in the minute before the guardian acts.".into());
        facts.push("The pause is of the market. Deposits and withdrawals of collateral that is in no position belong to no market and go on; the strip ExitUnpriced shows the withdrawal.".into());
    }
    facts
}
