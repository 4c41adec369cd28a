//! Traders: what they ask for, what comes of it, what they do when they are refused.

use super::{base_units, units, Replay};
use crate::demo::actors::{self, Ask, Habit, Held, Pending, Trader, View, UNIT};
use crate::demo::ground::{Exit, Refusal};
use crate::demo::perp::Fill;
use crate::demo::record::{money, price, Kind};
use alloy_primitives::Address;

/// How much of what a margin carries is asked for, so that a rounding does not refuse it again.
const CARRIED: f64 = 0.999;
/// Seconds until somebody whose profit was warming up asks again.
const WARMING: u64 = 4 * 3_600;

impl Replay<'_> {
    /// Lets one trader do what he wants, if he wants something.
    pub(super) fn act_as(&mut self, index: usize, view: &View) {
        // After a close there is collateral to take home in the same minute: two asks at most.
        for _ in 0..2 {
            let Some(ask) = actors::wish(&self.crowd[index], view) else { return };
            match self.ask(index, ask, view) {
                Ok(()) => {
                    self.reread(index);
                    let trader = &mut self.crowd[index];
                    trader.pending = None;
                    self.run.totals.filled += u32::from(matches!(ask, Ask::Open { .. } | Ask::Close));
                }
                Err(refusal) => return self.refused(index, ask, refusal, view),
            }
        }
    }

    pub(super) fn ask(&mut self, index: usize, ask: Ask, view: &View) -> Result<(), Refusal> {
        if !self.crowd[index].arrived {
            let (address, capital) = (self.crowd[index].address, self.crowd[index].capital);
            self.ground.enter(address, capital)?;
            let trader = &mut self.crowd[index];
            trader.arrived = true;
            trader.net_in = base_units(capital) as i128;
            trader.free = base_units(capital) as i128;
        }
        let address = self.crowd[index].address;
        match ask {
            Ask::Open { long, notional, leverage } => {
                let margin = base_units(notional / leverage);
                let (notional, fill) = self.opened(address, (long, notional, margin), view)?;
                let (size, leverage) = (size_of(notional, view), notional * UNIT / margin as f64);
                let trader = &mut self.crowd[index];
                trader.free -= (margin + fill.fee) as i128;
                trader.held =
                    Some(Held { long, size, margin, entry: fill.notional, since: view.now, topped_up: false });
                trader.plan = None;
                let text = format!(
                    "{} opens {} {} at {}, {leverage:.0}x",
                    trader.name,
                    if long { "long" } else { "short" },
                    money(notional),
                    price(view.mark)
                );
                self.say(view.now, trade_kind(&self.crowd[index]), text);
            }
            Ask::Close => {
                let fill = self.ground.close(address)?;
                let free = self.ground.free(address)? as i128;
                let trader = &mut self.crowd[index];
                let result = fill.profit as i128 - (fill.loss - fill.bad_debt) as i128;
                (trader.held, trader.free) = (None, free);
                trader.cashing_out = trader.habit != Habit::Follows && trader.free > 0;
                let text = format!(
                    "{} closes at {}: {} after fees",
                    trader.name,
                    price(view.mark),
                    units(result - fill.fee as i128)
                );
                self.say(view.now, trade_kind(&self.crowd[index]), text);
            }
            Ask::TopUp(amount) => {
                let amount = base_units(amount).min(self.crowd[index].free.max(0) as u128);
                self.ground.top_up(address, amount)?;
                let trader = &mut self.crowd[index];
                trader.free -= amount as i128;
                if let Some(held) = &mut trader.held {
                    held.margin += amount;
                    held.topped_up = true;
                }
                let text = format!("{} adds {} of margin", trader.name, units(amount as i128));
                self.say(view.now, Kind::Trade, text);
            }
            Ask::Withdraw => {
                let amount = self.crowd[index].free.max(0);
                if let Exit::Waits(ready) = self.ground.withdraw(address, amount as u128)? {
                    let totals = &mut self.run.totals;
                    totals.tickets += 1;
                    totals.longest_wait = totals.longest_wait.max(ready.saturating_sub(view.now));
                }
                let trader = &mut self.crowd[index];
                (trader.free, trader.net_in, trader.cashing_out) = (0, trader.net_in - amount, false);
            }
            Ask::Provide(_) | Ask::Remove(_) => {}
        }
        Ok(())
    }

    /// In a cascade surcharges and deleveraging change what an account has: its owner looks.
    fn reread(&mut self, index: usize) {
        if self.incident.cast.cascade.is_none() {
            return;
        }
        let trader = &mut self.crowd[index];
        let (free, margin) = self.ground.holding(trader.address);
        trader.free = free;
        if let Some(held) = &mut trader.held {
            held.margin = margin;
        }
    }

    /// Opens a position; where all use one leverage and the margin is refused, as much as it carries.
    fn opened(
        &mut self,
        address: Address,
        (long, notional, margin): (bool, f64, u128),
        view: &View,
    ) -> Result<(f64, Fill), Refusal> {
        match self.ground.open(address, long, size_of(notional, view), margin) {
            Err(Refusal { short: Some((counted, needed)), .. }) if self.incident.shrinks() => {
                let carried = notional * counted as f64 / needed as f64 * CARRIED;
                let fill = self.ground.open(address, long, size_of(carried, view), margin)?;
                self.run.totals.smaller += 1;
                self.run.totals.withheld += notional - carried;
                Ok((carried, fill))
            }
            answer => answer.map(|fill| (notional, fill)),
        }
    }

    /// What becomes of a call that did not go through.
    pub(super) fn refused(&mut self, index: usize, ask: Ask, refusal: Refusal, view: &View) {
        let honest = self.crowd[index].habit != Habit::Follows;
        let name = self.crowd[index].name.clone();
        let probes = self.crowd[index].habit == Habit::Probes;
        // The informed trader keeps nothing pending: what he is refused minute after minute is one stretch.
        let again = self.crowd[index].refused_at.replace(view.now).is_some_and(|at| at + 60 >= view.now);
        let fresh = self.crowd[index].pending.is_none() && (honest || !again);
        let by_circuit = refusal.by_circuit || (refusal.short.is_some() && self.tier > 0);
        if fresh && by_circuit && !probes {
            self.count(ask.name(), &refusal, honest);
            if honest {
                self.say(view.now, Kind::Refusal, format!("{name} wants to {}: {}", ask.name(), refusal.text));
            }
        }
        let trader = &mut self.crowd[index];
        let since = trader.pending.map_or(view.now, |pending| pending.since);
        let patient = refusal.by_circuit && view.now - since < ask.patience();
        // The informed trader looks again every minute; others insist until their patience ends.
        trader.pending = (patient && honest).then_some(Pending { ask, since });
        if trader.pending.is_some() {
            return;
        }
        match ask {
            Ask::Open { .. } => {
                trader.plan = None;
                trader.cashing_out = trader.arrived && honest;
            }
            Ask::Withdraw if refusal.name == "ProfitWarming" => trader.again = view.now + WARMING,
            Ask::Withdraw => trader.cashing_out = false,
            Ask::TopUp(_) => {
                if let Some(held) = &mut trader.held {
                    held.topped_up = true;
                }
            }
            Ask::Close | Ask::Provide(_) | Ask::Remove(_) => {}
        }
    }

    pub(super) fn count(&mut self, action: &'static str, refusal: &Refusal, honest: bool) {
        *self.tally.entry((action, refusal.name.clone())).or_default() += 1;
        self.run.totals.refused += 1;
        self.run.totals.refused_honest += u32::from(honest);
    }
}

/// Base units, WAD, of a notional at the price of the contract.
fn size_of(notional: f64, view: &View) -> u128 {
    (notional / view.mark * 1e12) as u128 * 1_000_000
}

fn trade_kind(trader: &Trader) -> Kind {
    if trader.habit == Habit::Follows {
        Kind::Informed
    } else {
        Kind::Trade
    }
}
