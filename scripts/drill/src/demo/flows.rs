//! Value that leaves: a series of withdrawals through the limiter of the compiled contract.

mod clock;
pub mod file;
pub mod nomad;

use super::ground::{Exit, Ground, Settings};
use super::record::Journaled;
use alloy_primitives::Address;
use clock::Clock;
use std::collections::{BTreeMap, BTreeSet};

/// How long before the first flow everybody's money is there: the limiter has seen it for days, and no inflow counts.
const BEFORE: u64 = 4 * 86_400;
/// Who brings the liquidity.
const PROVIDER: u64 = 0;
/// How often honest people who were refused ask again, in seconds.
const AGAIN: u64 = 3_600;
/// How often a keeper has tickets paid, in seconds.
const CLAIM_EVERY: u64 = 600;
/// The longest hold of a ticket.
const HOLD: u64 = 72 * 3_600;
/// From a proposal of Governance to its execution, with an hour to spare.
const ESCROW_AFTER: u64 = 49 * 3_600;
/// The age that an incident has before the Council may act in it.
const COUNCIL_WAITS: u64 = 600;
/// How often the Council looks for new tickets after the first time, in seconds, and until when: the guardian's pause,
/// which keeps the incident open, ends then.
const LOOK_EVERY: u64 = 300;
const LOOKS_FOR: u64 = 900;
/// What the guardian pauses to open the incident: new risk. Exits stay open for everybody else.
const INCREASE: u8 = 1;
/// The scope that is the whole protocol, and the bucket of withdrawals.
const PROTOCOL: u32 = 0;
const WITHDRAWALS: u32 = 0;

/// One movement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Unix seconds.
    pub time: u64,
    /// Whose.
    pub account: Address,
    /// Base units of the collateral; what comes in is below zero.
    pub amount: i128,
}

/// A series and how it is played.
#[derive(Clone, Debug)]
pub struct Plan {
    /// For people and `report.json`.
    pub name: String,
    /// By time.
    pub flows: Vec<Flow>,
    /// What the limiter counts as liquidity, in base units.
    pub liquidity: u128,
    /// When the Council holds the tickets of everybody who is not in `honest`; none: never.
    pub freeze: Option<u64>,
    /// Whose tickets nobody holds.
    pub honest: Vec<Honest>,
    /// How long it is looked at after the last flow or the freeze, in seconds.
    pub after: u64,
}

impl Plan {
    /// Whether an account is of one who takes what is his.
    pub fn is_honest(&self, account: Address) -> bool {
        self.honest.iter().any(|honest| honest.account == account)
    }
}

/// Somebody who wants his own money.
#[derive(Clone, Debug)]
pub struct Honest {
    /// For people.
    pub name: &'static str,
    /// His account.
    pub account: Address,
}

/// What became of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It left at once.
    Paid,
    /// It waits for a ticket.
    Waits {
        /// When it is ready.
        ready: u64,
    },
    /// The ticket would have taken too long, or is above the capacity: nothing moved.
    Refused,
    /// It came in.
    Came,
}

/// What came of a plan; money in base units.
#[derive(Clone, Debug)]
pub struct Told {
    /// One a flow.
    pub fates: Vec<(Flow, Fate)>,
    /// When tickets were paid: time, whose, how much.
    pub paid: Vec<(u64, Address, u128)>,
    /// Left at once, honest people apart.
    pub at_once: u128,
    /// Left by tickets that were ready before the freeze, honest people apart.
    pub by_ticket: u128,
    /// In tickets that the Council holds.
    pub held: u128,
    /// How many of these.
    pub held_tickets: usize,
    /// Paid to the escrow account once the holds had ended.
    pub escrowed: u128,
    /// Refused.
    pub refused: u128,
    /// How many requests.
    pub refused_count: u32,
    /// All that was asked for, honest people apart.
    pub asked: u128,
    /// The errors of those that were refused.
    pub errors: BTreeMap<String, u32>,
    /// The contract's journal.
    pub journal: Vec<Journaled>,
    /// Transactions and gas.
    pub spent: (u64, u64),
}

impl Told {
    /// What left altogether, honest people apart.
    pub fn left(&self) -> u128 {
        self.at_once + self.by_ticket
    }

    /// From somebody's first request to the second from which the money is his, and how often he asked.
    pub fn waited(&self, who: Address) -> (Option<u64>, usize) {
        let asked: Vec<&(Flow, Fate)> =
            self.fates.iter().filter(|(flow, fate)| flow.account == who && *fate != Fate::Came).collect();
        let first = asked.first().map_or(0, |(flow, _)| flow.time);
        let until = asked.iter().find_map(|(flow, fate)| match fate {
            Fate::Paid => Some(flow.time - first),
            Fate::Waits { ready } => Some(ready.saturating_sub(first)),
            Fate::Refused | Fate::Came => None,
        });
        (until, asked.len())
    }

    /// In tickets that are neither paid nor held when nobody looks any more, honest people apart.
    pub fn waiting(&self) -> u128 {
        self.asked - self.left() - self.held - self.refused
    }
}

/// Plays a series through the contract.
///
/// Errors: something that should have gone through did not.
pub fn play(plan: &Plan, settings: &Settings) -> Result<Told, String> {
    let from = plan.flows.first().ok_or("no flow")?.time;
    let last = plan.flows.last().map_or(from, |flow| flow.time);
    let mut ground = furnished(plan, from, settings)?;
    let honest: BTreeSet<Address> = plan.honest.iter().map(|honest| honest.account).collect();
    let mut told = Told {
        fates: Vec::new(),
        paid: Vec::new(),
        at_once: 0,
        by_ticket: 0,
        held: 0,
        held_tickets: 0,
        escrowed: 0,
        refused: 0,
        refused_count: 0,
        asked: 0,
        errors: BTreeMap::new(),
        journal: Vec::new(),
        spent: (0, 0),
    };
    let end = last.max(plan.freeze.unwrap_or(last)) + plan.after;
    let mut clock = Clock {
        claim: from,
        guard: plan.freeze.map(|at| at - COUNCIL_WAITS),
        freeze: plan.freeze,
        first: None,
        escrows: Vec::new(),
        again: from + AGAIN,
        refused: Vec::new(),
    };
    for flow in &plan.flows {
        clock.run_to(flow.time, &mut ground, &mut told, &honest)?;
        let fate = ask(&mut ground, flow, &mut told)?;
        let amount = flow.amount.unsigned_abs();
        if !honest.contains(&flow.account) && fate != Fate::Came {
            told.asked += amount;
            match fate {
                Fate::Paid => told.at_once += amount,
                Fate::Refused => (told.refused, told.refused_count) = (told.refused + amount, told.refused_count + 1),
                Fate::Waits { .. } | Fate::Came => {}
            }
        }
        if honest.contains(&flow.account) && fate == Fate::Refused {
            clock.refused.push(flow.clone());
        }
        told.fates.push((flow.clone(), fate));
    }
    clock.run_to(end, &mut ground, &mut told, &honest)?;
    told.journal = ground.journal()?;
    told.spent = ground.spent();
    Ok(told)
}

/// A protocol in which everybody has what he will take, and the limiter has seen its liquidity for days.
fn furnished(plan: &Plan, from: u64, settings: &Settings) -> Result<Ground, String> {
    let mut ground = Ground::house(from - BEFORE, settings)?;
    let provider = super::actors::address(6, PROVIDER);
    let said = |refusal: super::ground::Refusal| refusal.text;
    ground.enter(provider, plan.liquidity as f64 / super::actors::UNIT).map_err(said)?;
    ground.provide(provider, plan.liquidity).map_err(said)?;
    for (account, amount) in openings(&plan.flows) {
        ground.bring(account, amount).map_err(said)?;
    }
    for at in (from - BEFORE..=from).step_by(86_400) {
        ground.at(at);
        ground.rebase(WITHDRAWALS)?;
    }
    Ok(ground)
}

/// What each account has to have at the beginning for its withdrawals to be its own money.
fn openings(flows: &[Flow]) -> BTreeMap<Address, u128> {
    let mut balances: BTreeMap<Address, (i128, i128)> = BTreeMap::new();
    for flow in flows {
        let (out, most) = balances.entry(flow.account).or_default();
        *out += flow.amount;
        *most = (*most).max(*out);
    }
    balances.into_iter().map(|(who, (_, most))| (who, most.unsigned_abs())).filter(|(_, most)| *most > 0).collect()
}

fn ask(ground: &mut Ground, flow: &Flow, told: &mut Told) -> Result<Fate, String> {
    let amount = flow.amount.unsigned_abs();
    if flow.amount < 0 {
        return ground.bring(flow.account, amount).map(|()| Fate::Came).map_err(|refusal| refusal.text);
    }
    match ground.withdraw(flow.account, amount) {
        Ok(Exit::Paid(_)) => Ok(Fate::Paid),
        Ok(Exit::Waits(ready)) => Ok(Fate::Waits { ready }),
        Err(refusal) if refusal.by_circuit => {
            *told.errors.entry(refusal.name).or_default() += 1;
            Ok(Fate::Refused)
        }
        Err(refusal) => Err(format!("a withdrawal failed: {}", refusal.text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(time: u64, last: u8, amount: i128) -> Flow {
        Flow { time, account: Address::with_last_byte(last), amount }
    }

    #[test]
    fn everybody_starts_with_the_most_that_he_will_be_short_of() {
        let flows = [flow(1, 1, 5), flow(2, 1, -3), flow(3, 1, 7), flow(4, 2, -9), flow(5, 2, 4)];
        let expected = BTreeMap::from([(Address::with_last_byte(1), 9)]);
        assert_eq!(openings(&flows), expected, "5, then 2, then 9; the other brings what he takes");
    }

    #[test]
    fn a_wait_counts_from_the_first_request_to_the_second_the_ticket_is_ready() {
        let mut told = Told {
            fates: vec![
                (flow(5, 1, -1), Fate::Came),
                (flow(10, 1, 1), Fate::Refused),
                (flow(20, 1, 1), Fate::Waits { ready: 50 }),
                (flow(12, 2, 1), Fate::Paid),
            ],
            paid: Vec::new(),
            at_once: 4,
            by_ticket: 3,
            held: 2,
            held_tickets: 1,
            escrowed: 2,
            refused: 1,
            refused_count: 1,
            asked: 15,
            errors: BTreeMap::new(),
            journal: Vec::new(),
            spent: (0, 0),
        };
        assert_eq!(told.waited(Address::with_last_byte(1)), (Some(40), 2));
        assert_eq!(told.waited(Address::with_last_byte(2)), (Some(0), 1));
        assert_eq!((told.left(), told.waiting()), (7, 5));
        told.fates.truncate(2);
        assert_eq!(told.waited(Address::with_last_byte(1)), (None, 1));
    }
}
