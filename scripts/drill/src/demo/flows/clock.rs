//! What happens by itself while flows are played: claims, the guardian, the Council, people who ask again.

use super::{ask, Fate, Flow, Ground, Told, AGAIN, CLAIM_EVERY, HOLD, INCREASE, LOOKS_FOR, LOOK_EVERY, PROTOCOL};
use alloy_primitives::Address;
use std::collections::BTreeSet;

/// What happens by the clock.
pub(super) struct Clock {
    pub(super) claim: u64,
    pub(super) guard: Option<u64>,
    pub(super) freeze: Option<u64>,
    pub(super) first: Option<u64>,
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
            let due = [Some(self.claim), Some(self.again), self.guard, self.freeze].into_iter().flatten().min();
            let Some(now) = due.filter(|due| *due <= until) else { break };
            ground.at(now);
            if self.guard == Some(now) {
                self.guard = None;
                ground.pause(PROTOCOL, INCREASE).map_err(|refusal| format!("the guardian: {}", refusal.text))?;
            } else if self.freeze == Some(now) {
                let first = *self.first.get_or_insert(now);
                self.freeze = Some(now + LOOK_EVERY).filter(|next| *next <= first + LOOKS_FOR);
                freeze(now, ground, told, honest)?;
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
        if !honest.contains(&ticket.owner) {
            told.by_ticket += amount;
        }
    }
    Ok(())
}

/// The Council holds every ticket but those of honest people.
fn freeze(now: u64, ground: &mut Ground, told: &mut Told, honest: &BTreeSet<Address>) -> Result<(), String> {
    pay(now, ground, told, honest)?; // nobody waits for the Council
    let theirs: Vec<(u128, u128)> = ground
        .tickets()
        .iter()
        .filter(|ticket| !honest.contains(&ticket.owner) && ticket.held == 0)
        .map(|ticket| (ticket.id, ticket.amount))
        .collect();
    for (id, amount) in theirs {
        ground
            .hold(id, now + HOLD)
            .map_err(|refusal| format!("the Council does not hold a ticket: {}", refusal.text))?;
        told.held += amount;
        told.held_tickets += 1;
    }
    Ok(())
}
