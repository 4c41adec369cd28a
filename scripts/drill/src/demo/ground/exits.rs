//! What leaves the protocol: at once, or by a ticket of its limiter.

use super::{governance, keeper, missing, Ground, Refusal};
use crate::demo::perp::{self, amount, event};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;

/// The most tickets that one call pays.
const BATCH: usize = 32;
/// An escrow in the protocol's queue.
const ESCROW: u64 = 5;

/// A ticket that is not paid yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Its number.
    pub id: u128,
    /// Whose it is.
    pub owner: Address,
    /// Base units of the collateral, or shares.
    pub amount: u128,
    /// When it can be paid.
    pub ready: u64,
    /// Whether it is of shares of the pool.
    pub shares: bool,
    /// Until when the Council holds it; 0 if it does not.
    pub held: u64,
}

/// What became of a request to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It left: base units of the collateral.
    Paid(u128),
    /// It waits until a second.
    Waits(u64),
}

/// The words of the change that moves a ticket.
fn escrow(id: u128, to: Address) -> Vec<U256> {
    vec![U256::from(ESCROW), U256::from(id), U256::from_be_slice(to.as_slice())]
}

impl Ground {
    /// Takes free collateral out.
    pub fn withdraw(&mut self, who: Address, amount: u128) -> Result<Exit, Refusal> {
        let outcome = self.trade(who, &perp::withdrawCall { amount: U256::from(amount) })?;
        let ticket = perp::withdrawCall::abi_decode_returns(&outcome.output).map_err(|_| missing())?;
        self.exit(ticket, &outcome.logs, amount, false)
    }

    /// Shares of the pool into free collateral.
    pub fn remove(&mut self, who: Address, shares: u128) -> Result<Exit, Refusal> {
        let outcome = self.trade(who, &perp::removeCall { shares: U256::from(shares) })?;
        let out = perp::removeCall::abi_decode_returns(&outcome.output).map_err(|_| missing())?;
        self.exit(out.ticket, &outcome.logs, amount(out.amount), true)
    }

    fn exit(&mut self, id: U256, logs: &[fusebox_testbed::Log], paid: u128, shares: bool) -> Result<Exit, Refusal> {
        if id.is_zero() {
            return Ok(Exit::Paid(paid));
        }
        if id == U256::MAX {
            return Err(Refusal {
                name: "Tripped".into(),
                text: "the limiter has tripped, nothing moved".into(),
                by_circuit: true,
                short: None,
            });
        }
        let issued: perp::TicketIssued = event(logs).ok_or_else(missing)?;
        let (id, owner) = (issued.id, issued.owner);
        self.tickets.push(Ticket { id, owner, amount: issued.amount, ready: issued.ready, shares, held: 0 });
        Ok(Exit::Waits(issued.ready))
    }

    /// Has every ticket paid that is ready and not held: owner, whether it was of shares, and what came of it in base
    /// units.
    pub fn claim(&mut self) -> Result<Vec<(Ticket, u128)>, String> {
        let now = self.chain.timestamp();
        let due: Vec<Ticket> =
            self.tickets.iter().filter(|ticket| ticket.ready <= now && ticket.held <= now).copied().collect();
        let mut paid = Vec::new();
        for batch in due.chunks(BATCH) {
            let ids: Vec<u128> = batch.iter().map(|ticket| ticket.id).collect();
            // Exits may be stopped: then all of them wait for another minute.
            let Ok(outcome) = self.trade(keeper(), &perp::claimTicketsCall { ids }) else { break };
            let failed = perp::claimTicketsCall::abi_decode_returns(&outcome.output)
                .map_err(|error| format!("a claim answered oddly: {error}"))?;
            let mut removed = outcome.logs.iter().filter_map(fusebox_testbed::Log::decode::<perp::Removed>);
            for (at, ticket) in batch.iter().enumerate() {
                if failed >> at & 1 == 1 {
                    continue;
                }
                let came = if ticket.shares {
                    removed.next().map_or(0, |removed| amount(removed.amount))
                } else {
                    ticket.amount
                };
                paid.push((*ticket, came));
            }
        }
        self.tickets.retain(|ticket| !paid.iter().any(|(gone, _)| gone.id == ticket.id));
        Ok(paid)
    }

    /// The Council holds a ticket until a time.
    pub fn hold(&mut self, id: u128, until: u64) -> Result<(), Refusal> {
        self.together(&self.council.clone(), &perp::holdTicketCall { id, until })?;
        for ticket in self.tickets.iter_mut().filter(|ticket| ticket.id == id) {
            ticket.held = until;
        }
        Ok(())
    }

    /// Governance proposes to move a held ticket to another owner.
    pub fn propose_escrow(&mut self, id: u128, to: Address) -> Result<(), String> {
        let call = perp::proposeCall { words: escrow(id, to) };
        self.act(governance(), self.perp, &call)
            .map(drop)
            .map_err(|revert| format!("an escrow is not proposed: {revert}"))
    }

    /// Anyone carries out what was proposed, once it has waited.
    pub fn escrow(&mut self, id: u128, to: Address) -> Result<(), String> {
        let call = perp::executeCall { words: escrow(id, to) };
        self.act(keeper(), self.perp, &call).map_err(|revert| format!("a ticket is not moved to escrow: {revert}"))?;
        for ticket in self.tickets.iter_mut().filter(|ticket| ticket.id == id) {
            ticket.owner = to;
        }
        Ok(())
    }

    /// Lets the capacity of a bucket follow what the protocol accounts for.
    pub fn rebase(&mut self, bucket: u32) -> Result<(), String> {
        let call = perp::rebaseCall { bucket };
        self.act(keeper(), self.perp, &call).map(drop).map_err(|revert| format!("a bucket is not re-based: {revert}"))
    }

    /// Tickets that are not paid yet.
    pub fn tickets(&self) -> &[Ticket] {
        &self.tickets
    }

    /// Collateral that the contract owes for tickets, in base units.
    pub fn owed(&self) -> u128 {
        self.tickets.iter().filter(|ticket| !ticket.shares).map(|ticket| ticket.amount).sum()
    }
}
