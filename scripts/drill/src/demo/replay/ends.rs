//! How a run begins and how it ends: who is there, and the sums.

use super::{base_units, Provider, Replay, BUCKETS, DAY, PROVIDERS};
use crate::demo::actors::{self, Habit, Trader, UNIT};
use crate::demo::cascade::{staker, summed, POOL_PERCENT, STAKES};
use crate::demo::ground::{Settings, BEFORE};
use crate::demo::record::{Refusals, Run};
use alloy_primitives::Address;

impl Replay<'_> {
    /// Lets the providers in, and the limiter see for a week what they brought; then the market opens.
    pub(super) fn open_house(&mut self, settings: &Settings) -> Result<(), String> {
        let cascade = self.incident.cast.cascade;
        let part = if cascade.is_some() { POOL_PERCENT / 100.0 } else { 1.0 };
        for (index, (name, whole)) in PROVIDERS.into_iter().enumerate() {
            let amount = whole * part;
            let address = actors::address(6, index as u64);
            self.ground.enter(address, amount).map_err(|refusal| refusal.text)?;
            let shares = self.ground.provide(address, base_units(amount)).map_err(|refusal| refusal.text)?;
            let provider = Provider { address, name, shares, pending: None, done: false, in_: amount, out: 0.0 };
            self.providers.push(provider);
        }
        if cascade.is_some_and(|cascade| cascade.fund) {
            for (index, amount) in STAKES.into_iter().enumerate() {
                self.ground.stake(staker(index), amount).map_err(|refusal| format!("a stake: {}", refusal.text))?;
            }
        }
        let from = self.incident.from;
        for at in (from - BEFORE..=from).step_by(DAY as usize) {
            self.ground.at(at);
            self.rebase()?;
        }
        self.ground.at(from);
        self.feed(from)?;
        self.ground.list(self.incident, settings)
    }

    /// Lets every bucket follow what the protocol accounts for: the keeper does so once a day.
    pub(super) fn rebase(&mut self) -> Result<(), String> {
        BUCKETS.into_iter().try_for_each(|bucket| self.ground.rebase(bucket))
    }

    pub(super) fn result_of(&self, trader: &Trader, price: f64) -> f64 {
        let held = trader.held.map_or(0.0, |held| held.margin_units() + held.worth(price));
        (trader.free - trader.net_in) as f64 / UNIT + held
    }

    pub(super) fn finish(mut self) -> Result<Run, String> {
        let Some(last) = self.run.samples.last().copied() else { return Err("nothing was replayed".into()) };
        let providers: Vec<Address> = self.providers.iter().map(|provider| provider.address).collect();
        self.ground.conserved(&self.crowd, &providers)?;
        summed(&self.run.steps)?;
        self.run.journal = self.ground.journal()?;
        let traders: f64 = self
            .crowd
            .iter()
            .filter(|trader| !matches!(trader.habit, Habit::Follows))
            .map(|trader| self.result_of(trader, last.spot))
            .sum();
        let totals = &mut self.run.totals;
        totals.loss = -last.pool_result;
        totals.bad_debt = last.bad_debt;
        totals.informed = last.informed;
        totals.traders = traders;
        totals.minutes_tripped = self.run.samples.iter().filter(|sample| sample.tier > 0).count() as u32;
        let mut high = f64::MIN;
        for sample in &self.run.samples {
            high = high.max(sample.pool_result);
            totals.worst_drawdown = totals.worst_drawdown.max(high - sample.pool_result);
        }
        self.run.refusals = self
            .tally
            .into_iter()
            .map(|((action, error), count)| Refusals { action: action.into(), error, count })
            .collect();
        self.run.refusals.sort_by_key(|refusal| std::cmp::Reverse(refusal.count));
        (self.run.transactions, self.run.gas) = self.ground.spent();
        Ok(self.run)
    }
}
