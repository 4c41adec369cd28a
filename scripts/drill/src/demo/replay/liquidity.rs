//! Liquidity providers: who takes fright, and who comes back.

use super::{base_units, units, Replay};
use crate::demo::actors::{Ask, Pending, View, UNIT};
use crate::demo::ground::{Exit, Refusal};
use crate::demo::record::{clock, money, Kind};
use alloy_primitives::Address;

/// A fall within the hour at which provider P1 wants a quarter of his money back.
const FLIGHT: f64 = 0.07;
/// When the market is calm again after that, and what provider P2 then adds.
const CALM: f64 = 0.02;
const RETURN: f64 = 500_000.0;

impl Replay<'_> {
    /// Provider P1 takes fright and wants a quarter back; provider P2 adds when the market has calmed down after it.
    ///
    /// In a cascade they stay: what is looked at is who pays.
    pub(super) fn provide(&mut self, view: &View) {
        if self.incident.cast.cascade.is_some() {
            return;
        }
        self.frightened |= view.fall >= FLIGHT;
        for index in 0..self.providers.len() {
            let provider = &self.providers[index];
            let ask = match (&provider.pending, index) {
                (Some(pending), _) => pending.ask,
                (None, 1) if !provider.done && view.fall >= FLIGHT => Ask::Remove(0.25),
                (None, 2) if !provider.done && self.frightened && view.fall < CALM => Ask::Provide(RETURN),
                _ => continue,
            };
            let (address, name, shares) = (provider.address, provider.name, provider.shares);
            let outcome = match ask {
                Ask::Remove(part) => self.remove(index, address, (shares as f64 * part) as u128),
                Ask::Provide(amount) => self.add(index, address, amount),
                _ => continue,
            };
            match outcome {
                Ok(text) => {
                    (self.providers[index].pending, self.providers[index].done) = (None, true);
                    self.say(view.now, Kind::Liquidity, format!("{name} {text}"));
                }
                Err(refusal) => self.provider_refused(index, ask, refusal, view),
            }
        }
    }

    pub(super) fn remove(&mut self, index: usize, address: Address, shares: u128) -> Result<String, Refusal> {
        let exit = self.ground.remove(address, shares)?;
        self.providers[index].shares -= shares;
        match exit {
            Exit::Paid(amount) => Ok(self.redeemed(index, amount)),
            Exit::Waits(ready) => Ok(format!("wants a part of the pool: a ticket, ready at {}", clock(ready))),
        }
    }

    /// Shares have become collateral, which is taken home at once.
    fn redeemed(&mut self, index: usize, amount: u128) -> String {
        let provider = &mut self.providers[index];
        provider.out += amount as f64 / UNIT;
        let address = provider.address;
        // If that is refused it stays as free collateral, which no trade of others can touch.
        let _ = self.ground.withdraw(address, amount);
        format!("takes {} out of the pool", units(amount as i128))
    }

    /// Has the tickets paid that are ready.
    pub(super) fn pay(&mut self, view: &View) -> Result<(), String> {
        if !self.ground.tickets().iter().any(|ticket| ticket.ready <= view.now) {
            return Ok(());
        }
        for (ticket, amount) in self.ground.claim()? {
            let Some(index) = self.providers.iter().position(|provider| provider.address == ticket.owner) else {
                continue;
            };
            if ticket.shares {
                let text = self.redeemed(index, amount);
                self.say(
                    view.now,
                    Kind::Liquidity,
                    format!("{} {text}: its ticket was ready", self.providers[index].name),
                );
            }
        }
        Ok(())
    }

    pub(super) fn add(&mut self, index: usize, address: Address, amount: f64) -> Result<String, Refusal> {
        if self.providers[index].pending.is_none() {
            self.ground.enter(address, amount)?;
        }
        let shares = self.ground.provide(address, base_units(amount))?;
        let provider = &mut self.providers[index];
        provider.shares += shares;
        provider.in_ += amount;
        Ok(format!("adds {} to the pool", money(amount)))
    }

    pub(super) fn provider_refused(&mut self, index: usize, ask: Ask, refusal: Refusal, view: &View) {
        let provider = &mut self.providers[index];
        let (name, fresh) = (provider.name, provider.pending.is_none());
        let since = provider.pending.map_or(view.now, |pending| pending.since);
        let patient = view.now - since < ask.patience();
        provider.pending = patient.then_some(Pending { ask, since });
        provider.done = !patient;
        if fresh {
            if refusal.by_circuit {
                self.count(ask.name(), &refusal, true);
            }
            self.say(view.now, Kind::Refusal, format!("{name} wants to {}: {}", ask.name(), refusal.text));
        } else if !patient {
            self.say(view.now, Kind::Liquidity, format!("{name} gives up: {}", refusal.text));
        }
    }
}
