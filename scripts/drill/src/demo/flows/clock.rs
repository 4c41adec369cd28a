//! What happens by itself while flows are played: claims, the guardian, the Council, people who ask again.

use super::{
    ask, Fate, Flow, Ground, Told, AGAIN, CLAIM_EVERY, ESCROW_AFTER, HOLD, INCREASE, LOOKS_FOR, LOOK_EVERY, PROTOCOL,
};
use crate::demo::actors;
use alloy_primitives::Address;
use std::collections::BTreeSet;

/// What happens by the clock.
pub(super) struct Clock {
    pub(super) claim: u64,
    pub(super) guard: Option<u64>,
    pub(super) freeze: Option<u64>,
    pub(super) first: Option<u64>,
    /// Tickets that Governance moves to escrow, and when.
    pub(super) escrows: Vec<(u64, u128)>,
    pub(super) again: u64,
    pub(super) refused: Vec<Flow>,
}

impl Clock {
    /// Everything that is due up to a time, in order; then the clock of the chain stands there.
    pub(super) fn run_to(
        &mut self,
        until: u64,
        ground: &mut Ground,
        told: &mut Told,
        honest: &BTreeSet<Address>,
    ) -> Result<(), String> {
        loop {
            let moved = self.escrows.first().map(|(at, _)| *at);
            let due = [Some(self.claim), Some(self.again), self.guard, self.freeze, moved].into_iter().flatten().min();
            let Some(now) = due.filter(|due| *due <= until) else { break };
            ground.at(now);
            if self.guard == Some(now) {
                self.guard = None;
                ground.pause(PROTOCOL, INCREASE).map_err(|refusal| format!("the guardian: {}", refusal.text))?;
            } else if self.freeze == Some(now) {
                let first = *self.first.get_or_insert(now);
                self.freeze = Some(now + LOOK_EVERY).filter(|next| *next <= first + LOOKS_FOR);
                let held = freeze(now, ground, told, honest)?;
                self.escrows.extend(held.into_iter().map(|id| (now + ESCROW_AFTER, id)));
            } else if moved == Some(now) {
                let (_, id) = self.escrows.remove(0);
                ground.escrow(id, escrow_account())?;
            } else if self.again == now {
                self.again = now + AGAIN;
                for flow in std::mem::take(&mut self.refused) {
                    let flow = Flow { time: now, ..flow };
                    let fate = ask(ground, &flow, told)?;
                    self.refused.extend((fate == Fate::Refused).then(|| flow.clone()));
                    told.fates.push((flow, fate));
                }
            } else {
                self.claim = now + CLAIM_EVERY;
                pay(now, ground, told, honest)?;
            }
        }
        ground.at(until);
        Ok(())
    }
}

/// Tickets that are ready are paid.
fn pay(now: u64, ground: &mut Ground, told: &mut Told, honest: &BTreeSet<Address>) -> Result<(), String> {
    if !ground.tickets().iter().any(|ticket| ticket.ready <= now && ticket.held <= now) {
        return Ok(());
    }
    for (ticket, amount) in ground.claim()? {
        told.paid.push((now, ticket.owner, amount));
        if ticket.owner == escrow_account() {
            told.escrowed += amount;
        } else if !honest.contains(&ticket.owner) {
            told.by_ticket += amount;
        }
    }
    Ok(())
}

/// Where Governance has held tickets moved.
fn escrow_account() -> Address {
    actors::address(8, 0)
}

/// The Council holds every ticket but those of honest people, and Governance proposes to move these: their numbers.
fn freeze(now: u64, ground: &mut Ground, told: &mut Told, honest: &BTreeSet<Address>) -> Result<Vec<u128>, String> {
    pay(now, ground, told, honest)?; // nobody waits for the Council
    let theirs: Vec<(u128, u128)> = ground
        .tickets()
        .iter()
        .filter(|ticket| !honest.contains(&ticket.owner) && ticket.held == 0)
        .map(|ticket| (ticket.id, ticket.amount))
        .collect();
    for (id, amount) in &theirs {
        ground
            .hold(*id, now + HOLD)
            .map_err(|refusal| format!("the Council does not hold a ticket: {}", refusal.text))?;
        told.held += amount;
        ground.propose_escrow(*id, escrow_account())?;
        told.held_tickets += 1;
    }
    Ok(theirs.into_iter().map(|(id, _)| id).collect())
}
