//! What the contract says of itself: what would be refused, its books, its circuit, its journal.

use super::{keeper, price_of, Ground, Refusal, MARKET};
use crate::demo::actors::{Trader, UNIT};
use crate::demo::cascade::Reserves;
use crate::demo::incident::Kind as SourceKind;
use crate::demo::perp::{self, amount, State};
use crate::demo::record::Journaled;
use crate::demo::setup::{self, POOL_WINDOW};
use alloy_primitives::{Address, U256};
use fusebox_testbed::Revert;
use std::collections::BTreeMap;

/// Two amounts of 112 bits, from the least significant.
fn halves(word: U256) -> (u128, u128) {
    let low = (U256::from(1) << 112usize) - U256::from(1);
    (amount(word & low), amount((word >> 112usize) & low))
}

impl Ground {
    /// What a call of each class answers to an account with a small position; nothing of it is kept.
    pub fn probe(&self, who: Address) -> [Option<Refusal>; 5] {
        let one = U256::from(1);
        let tiny = U256::from(1_000_000_000_000_000u64);
        let perp = self.perp;
        let refusal = |result: Result<(), Revert>| result.err().map(Refusal::from).filter(|refusal| refusal.by_circuit);
        let increase =
            perp::increaseCall { market: MARKET, size: tiny, margin: U256::from(100_000_000), limitPrice: U256::ZERO };
        let reduce = perp::reduceCall { market: MARKET, size: tiny, limitPrice: U256::ZERO };
        let liquidated = self.chain.query(keeper(), perp, &perp::liquidateCall { market: MARKET, account: who });
        let liquidate = match liquidated {
            Ok(1) => Some(Refusal {
                name: "Refused".into(),
                text: "liquidation is refused and recorded".into(),
                by_circuit: true,
                short: None,
            }),
            Ok(_) => None,
            Err(revert) => refusal(Err(revert)),
        };
        [
            refusal(self.chain.query(who, perp, &increase).map(drop)),
            liquidate,
            refusal(self.chain.query(who, perp, &reduce).map(drop)),
            refusal(self.chain.query(who, perp, &perp::withdrawCall { amount: one }).map(drop)),
            refusal(self.chain.query(who, perp, &perp::topUpCall { market: MARKET, amount: one }).map(drop)),
        ]
    }

    /// The margin that the contract names when it refuses to enlarge a position by `more` for nothing.
    pub fn needed(&self, who: Address, more: u128) -> Option<u128> {
        let call =
            perp::increaseCall { market: MARKET, size: U256::from(more), margin: U256::ZERO, limitPrice: U256::ZERO };
        let refused = self.chain.query(who, self.perp, &call).err()?;
        refused.decode().map(|perp::MarginBelowInitial { needed, .. }| needed)
    }

    /// The books and the circuit now; `closely` reads the reference anew, which takes longer than all else.
    pub fn state(&mut self, closely: bool) -> Result<State, String> {
        let fail = |revert: Revert| format!("a view failed: {revert}");
        let (assets, bad_debt) = match self.books {
            Some(books) => books,
            None => {
                let pool = self.query(&perp::poolCall {}).map_err(fail)?;
                (amount(pool.assets) as f64 / UNIT, amount(pool.badDebt) as f64 / UNIT)
            }
        };
        self.books = Some((assets, bad_debt));
        if closely {
            self.reference = setup::reference(&self.query(&perp::breakerStateCall { market: MARKET }).map_err(fail)?);
        }
        Ok(State { assets, bad_debt, pool_mean: self.pool_mean()?, reference: self.reference })
    }

    /// The mean of the pool that checks the anchor; none where no pool does.
    fn pool_mean(&self) -> Result<Option<f64>, String> {
        let Some((_, pool)) = self.sources.iter().find(|(kind, _)| *kind == SourceKind::Pool) else { return Ok(None) };
        let call = perp::observeCall { secondsAgos: vec![POOL_WINDOW, 0] };
        let seen = self.chain.query(keeper(), *pool, &call).map_err(|revert| format!("the pool: {revert}"))?;
        let [before, after] = seen.ticks.as_slice() else { return Err("the pool answered oddly".into()) };
        let mean = (after.as_i64() - before.as_i64()) as f64 / f64::from(POOL_WINDOW);
        Ok(Some(price_of(mean)))
    }

    /// Free collateral and margin of somebody, in base units; nothing for an account that cannot be read.
    pub fn holding(&self, who: Address) -> (i128, u128) {
        let free = self.query(&perp::accountCall { who }).map_or(0, |account| amount(account.free));
        let position = self.query(&perp::positionCall { who, market: MARKET });
        (free as i128, position.map_or(0, |position| amount(position.margin)))
    }

    /// What losses have left: see the contract's view.
    fn losses(&self) -> Result<Vec<U256>, String> {
        let words =
            self.query(&perp::lossesCall { market: MARKET }).map_err(|revert| format!("a view failed: {revert}"))?;
        if words.len() < 15 {
            return Err("the view of losses answered oddly".into());
        }
        Ok(words)
    }

    /// What the contract holds for nobody's account: buffer, reserves, fund, what is held for claims, what rounding left.
    fn set_aside(&self) -> Result<U256, String> {
        let words = self.losses()?;
        let book = |at: usize| halves(words[9 + at]);
        let held = [words[0], words[1], words[2], words[5], words[6], U256::from(book(1).1), U256::from(book(3).1)];
        Ok(held.into_iter().sum())
    }

    /// What there is for losses, and what is owed after them.
    pub fn reserves(&mut self) -> Result<Reserves, String> {
        let words = self.losses()?;
        let whole = |amount: u128| amount as f64 / UNIT;
        let book = |at: usize| halves(words[9 + at]);
        let ((total, repaid), (next, _), (providers, fund), (buffer, _)) = (book(0), book(1), book(2), book(3));
        let pool = self.state(false)?.assets;
        Ok(Reserves {
            fund: whole(amount(words[5])),
            buffer: whole(amount(words[0])),
            pool,
            owed: [total.saturating_sub(repaid) + next, providers, fund, buffer].map(whole),
        })
    }

    /// The incidents of the contract's own journal.
    pub fn journal(&self) -> Result<Vec<Journaled>, String> {
        let fail = |revert: Revert| format!("the journal does not answer: {revert}");
        let panel = self.query(&perp::panelCall {}).map_err(fail)?;
        let count = panel.get(1).copied().map_or(0, amount) as u32;
        (1..=count)
            .map(|id| {
                let words = self.query(&perp::incidentCall { id }).map_err(fail)?;
                let at = |index: usize| words.get(index).copied().map_or(0, amount) as u64;
                let when = |index: usize| Some(at(index)).filter(|time| *time != 0);
                let cause = ["?", "a guardian's pause", "the breaker", "a signal"];
                Ok(Journaled {
                    id: id.into(),
                    scope: at(0) as u32,
                    tier: perp::tier_name(at(1)),
                    cause: cause.get(at(2) as usize).copied().unwrap_or("?").into(),
                    anomaly: at(4),
                    detected: at(5),
                    contained: when(6),
                    resolved: when(7),
                })
            })
            .collect()
    }

    /// Whether the contract holds exactly what its books say, and the demo's own books say the same.
    ///
    /// Errors: which of them differ.
    pub fn conserved(&self, crowd: &[Trader], providers: &[Address]) -> Result<(), String> {
        let fail = |revert: Revert| format!("a view failed: {revert}");
        let held = self.chain.query(keeper(), self.token, &perp::balanceOfCall { who: self.perp }).map_err(fail)?;
        let mut owed = self.query(&perp::poolCall {}).map_err(fail)?.assets;
        let everybody = crowd.iter().map(|trader| trader.address).chain(providers.iter().copied()).chain([keeper()]);
        let mut margins = BTreeMap::new();
        for who in everybody {
            let account = self.query(&perp::accountCall { who }).map_err(fail)?;
            let position = self.query(&perp::positionCall { who, market: MARKET }).map_err(fail)?;
            owed += account.free + position.margin;
            margins.insert(who, (amount(account.free) as i128, amount(position.margin)));
        }
        owed += U256::from(self.owed()) + self.set_aside()?;
        if held != owed {
            return Err(format!("the contract holds {held}, its books say {owed}"));
        }
        for trader in crowd {
            let (free, margin) = margins[&trader.address];
            if (free, margin) != (trader.free, trader.held.map_or(0, |held| held.margin)) {
                return Err(format!(
                    "the demo's books of {} differ from the contract's: {}, {:?} there, {}, {:?} here",
                    trader.name, free, margin, trader.free, trader.held
                ));
            }
        }
        Ok(())
    }
}
