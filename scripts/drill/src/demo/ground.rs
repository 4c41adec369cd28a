//! The chain under a run: what is deployed on it, and how the run reaches it.

mod books;
mod deploy;
mod exits;

pub use deploy::BEFORE;
pub use exits::{Exit, Ticket};

use super::actors::{self, UNIT};
use super::data::{Round, PRICE_ONE};
use super::incident::Kind as SourceKind;
use super::multisig::{Code, Multisig};
use super::perp::{self, amount, event, explain, Fill, Liquidation, Note};
use super::setup;
use crate::programs::PERP;
use alloy_primitives::{Address, I256, U256};
use alloy_sol_types::SolCall;
use fusebox_testbed::{Chain, Outcome, Revert, Tx};
use std::path::Path;

/// The only market.
const MARKET: u32 = 1;
/// How long the guardian may pause, in seconds.
pub const PAUSE_SECS: u32 = 1_800;

/// The compiled contracts.
pub struct Contracts {
    programs: [Vec<u8>; PERP.len()],
}

impl Contracts {
    /// Reads the programs.
    ///
    /// Errors: which file is missing and what makes it.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let mut programs = [const { Vec::new() }; PERP.len()];
        for (place, name) in programs.iter_mut().zip(PERP) {
            let path = folder.join(format!("{name}.wasm"));
            *place = std::fs::read(&path)
                .map_err(|error| format!("{}: {error}; `cargo xtask wasm` builds it", path.display()))?;
        }
        Ok(Self { programs })
    }
    /// How many programs there are.
    pub fn count(&self) -> usize {
        self.programs.len()
    }
    /// Their bytes, uncompressed.
    pub fn bytes(&self) -> usize {
        self.programs.iter().map(Vec::len).sum()
    }
}

/// How a run differs from the others.
pub struct Settings<'a> {
    /// What is deployed.
    pub contracts: &'a Contracts,
    /// Whether the breaker's thresholds are on, or explicitly off.
    pub breakers: bool,
    /// Whether a person pauses.
    pub guardian: bool,
    /// The code of the multisigs; none: plain accounts.
    pub safe: Option<&'a Code>,
}

/// A call that did not go through.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Of the error.
    pub name: String,
    /// For people.
    pub text: String,
    /// The circuit refused it, and not the protocol's own rules.
    pub by_circuit: bool,
    /// The margin was too small: what of it counted, and what is needed, in base units.
    pub short: Option<(u128, u128)>,
}

impl From<Revert> for Refusal {
    fn from(revert: Revert) -> Self {
        let (name, text, by_circuit) = explain(&revert);
        let short = revert.decode().map(|perp::MarginBelowInitial { margin, needed }| (margin, needed));
        Self { name, text, by_circuit, short }
    }
}

/// A chain with everything on it.
#[derive(Clone)]
pub struct Ground {
    chain: Chain,
    token: Address,
    perp: Address,
    guardian: Multisig,
    council: Multisig,
    sources: Vec<(SourceKind, Address)>,
    tickets: Vec<Ticket>,
    transactions: u64,
    gas: u64,
    books: Option<(f64, f64)>,
    reference: f64,
}

const DEPLOYER: u8 = 9;

fn deployer() -> Address {
    actors::address(DEPLOYER, 0)
}
fn governance() -> Address {
    actors::address(DEPLOYER, 1)
}
fn guardian_account() -> Address {
    actors::address(DEPLOYER, 3)
}
fn keeper() -> Address {
    actors::address(DEPLOYER, 4)
}

impl Ground {
    /// Sets the clock.
    pub fn at(&mut self, now: u64) {
        self.chain.set_timestamp(now);
    }

    /// Publishes a price at a source, with its own time.
    pub fn push(&mut self, source: usize, round: &Round) -> Result<(), String> {
        let (kind, feed) = self.sources[source];
        let pushed = match kind {
            SourceKind::Rounds => {
                let call = perp::updateRoundDataCall {
                    roundId: alloy_primitives::Uint::from(round.id),
                    answer: I256::try_from(round.answer).unwrap_or(I256::MAX),
                    timestamp: U256::from(round.updated_at),
                    startedAt: U256::from(round.started_at),
                };
                self.act(keeper(), feed, &call)
            }
            SourceKind::Pool => {
                let tick = alloy_primitives::Signed::try_from(tick(round.answer).as_i64()).unwrap_or_default();
                let call = perp::pushCall { timestamp: round.updated_at as u32, tick };
                self.act(keeper(), feed, &call)
            }
        };
        pushed.map(drop).map_err(|revert| format!("a price is not published: {revert}"))
    }

    /// Sends a transaction.
    fn act(&mut self, from: Address, to: Address, call: &impl SolCall) -> Result<Outcome, Revert> {
        let outcome = self.chain.send(Tx::new(from, to, call.abi_encode()));
        self.transactions += 1;
        self.gas += outcome.gas_used;
        outcome.into_result()
    }

    fn trade(&mut self, from: Address, call: &impl SolCall) -> Result<Outcome, Refusal> {
        self.books = None;
        Ok(self.act(from, self.perp, call)?)
    }

    fn query<C: SolCall>(&self, call: &C) -> Result<C::Return, Revert> {
        self.chain.query(keeper(), self.perp, call)
    }

    /// Mints collateral for somebody and deposits it, in whole units.
    pub fn enter(&mut self, who: Address, units: f64) -> Result<(), Refusal> {
        self.bring(who, (units * UNIT).round() as u128)
    }

    /// Mints collateral for somebody and deposits it, in base units.
    pub fn bring(&mut self, who: Address, amount: u128) -> Result<(), Refusal> {
        let amount = U256::from(amount);
        let (token, perp) = (self.token, self.perp);
        self.act(deployer(), token, &perp::mintCall { to: who, amount })?;
        self.act(who, token, &perp::approveCall { spender: perp, amount })?;
        self.trade(who, &perp::depositCall { amount }).map(drop)
    }

    /// Opens a position at any price.
    pub fn open(&mut self, who: Address, long: bool, size: u128, margin: u128) -> Result<Fill, Refusal> {
        let (size, margin) = (U256::from(size), U256::from(margin));
        let call = perp::openCall { market: MARKET, isLong: long, size, margin, limitPrice: U256::ZERO };
        let outcome = self.trade(who, &call)?;
        let opened: perp::Increased = event(&outcome.logs).ok_or_else(missing)?;
        Ok(Fill { notional: amount(opened.notional), fee: amount(opened.fee), ..Fill::default() })
    }

    /// Closes a position at any price.
    pub fn close(&mut self, who: Address) -> Result<Fill, Refusal> {
        let outcome = self.trade(who, &perp::closeCall { market: MARKET, limitPrice: U256::ZERO })?;
        let closed: perp::Reduced = event(&outcome.logs).ok_or_else(missing)?;
        Ok(Fill {
            notional: amount(closed.notional),
            fee: amount(closed.fee),
            profit: amount(closed.profit),
            loss: amount(closed.loss),
            bad_debt: amount(closed.badDebt),
            ..Fill::default()
        })
    }

    /// Somebody's free collateral by the contract's books.
    pub fn free(&self, who: Address) -> Result<u128, Refusal> {
        Ok(amount(self.query(&perp::accountCall { who })?.free))
    }

    /// Stakes in the fund what somebody brings, in whole units.
    pub fn stake(&mut self, who: Address, units: f64) -> Result<(), Refusal> {
        self.enter(who, units)?;
        self.trade(who, &perp::stakeCall { amount: U256::from((units * UNIT).round() as u128) }).map(drop)
    }

    /// Adds margin.
    pub fn top_up(&mut self, who: Address, amount: u128) -> Result<(), Refusal> {
        self.trade(who, &perp::topUpCall { market: MARKET, amount: U256::from(amount) }).map(drop)
    }

    /// Free collateral into the pool.
    pub fn provide(&mut self, who: Address, units: u128) -> Result<u128, Refusal> {
        let outcome = self.trade(who, &perp::provideCall { amount: U256::from(units) })?;
        let shares = perp::provideCall::abi_decode_returns(&outcome.output).map_err(|_| missing())?;
        Ok(amount(shares))
    }

    /// Writes down what is due.
    pub fn poke(&mut self) -> Result<(u8, Vec<Note>), String> {
        let outcome = self
            .act(keeper(), self.perp, &perp::pokeCall { market: MARKET })
            .map_err(|revert| format!("the poke failed: {revert}"))?;
        let tier = perp::pokeCall::abi_decode_returns(&outcome.output)
            .map_err(|error| format!("the poke answered oddly: {error}"))?;
        Ok((tier, setup::notes(&outcome.logs)))
    }

    /// Tries to liquidate a position.
    pub fn liquidate(&mut self, who: Address) -> Result<Liquidation, Refusal> {
        let outcome = self.trade(keeper(), &perp::liquidateCall { market: MARKET, account: who })?;
        if let Some(done) = event::<perp::Liquidated>(&outcome.logs) {
            let fill = Fill {
                notional: amount(done.notional),
                fee: amount(done.fee),
                profit: 0,
                loss: amount(done.loss),
                bad_debt: amount(done.badDebt),
                reward: amount(done.reward),
                borne: borne(&outcome.logs),
            };
            return Ok(Liquidation::Done(fill, setup::notes(&outcome.logs)));
        }
        let why = Refusal {
            name: "Refused".into(),
            text: "refused, the trip was recorded, nothing moved".into(),
            by_circuit: true,
            short: None,
        };
        Ok(Liquidation::Refused { logs: setup::notes(&outcome.logs), why })
    }

    /// The guardian pauses classes of a scope; the answer is when that ends by itself.
    pub fn pause(&mut self, scope: u32, classes: u8) -> Result<(u64, Vec<Note>), Refusal> {
        let call = perp::pauseCall { scopes: vec![scope], classes, reason: 1 };
        let outcome = self.together(&self.guardian.clone(), &call)?;
        let paused: perp::Paused = event(&outcome.logs).ok_or_else(missing)?;
        Ok((paused.until, setup::notes(&outcome.logs)))
    }

    /// The Council ends the pause of a scope.
    pub fn unpause(&mut self, scope: u32) -> Result<Vec<Note>, Refusal> {
        let outcome = self.together(&self.council.clone(), &perp::unpauseCall { scope })?;
        Ok(setup::notes(&outcome.logs))
    }

    /// Sends a call of a multisig.
    fn together(&mut self, who: &Multisig, call: &impl SolCall) -> Result<Outcome, Refusal> {
        let tx = who.transaction(&self.chain, self.perp, call.abi_encode()).map_err(|why| Refusal {
            name: "unsigned".into(),
            text: why,
            by_circuit: false,
            short: None,
        })?;
        self.books = None;
        self.transactions += 1;
        let outcome = self.chain.send(tx);
        self.gas += outcome.gas_used;
        Ok(outcome.into_result()?)
    }

    /// Transactions sent and gas used.
    pub fn spent(&self) -> (u64, u64) {
        (self.transactions, self.gas)
    }
}

/// What each layer of the waterfall bore, as the contract logged it.
fn borne(logs: &[fusebox_testbed::Log]) -> [u128; 7] {
    let mut parts = [0; 7];
    for part in logs.iter().filter_map(fusebox_testbed::Log::decode::<perp::LossBorne>) {
        if let Some(place) = parts.get_mut(usize::from(part.step)) {
            *place += part.amount;
        }
    }
    parts
}

fn missing() -> Refusal {
    Refusal {
        name: "unknown".into(),
        text: "the contract's answer is incomplete".into(),
        by_circuit: false,
        short: None,
    }
}

/// The tick of a price of WETH (token 1, 18 decimals) in USDC (token 0, 6 decimals), as a signed word.
fn tick(price: u64) -> I256 {
    let raw = 1e12 * PRICE_ONE as f64 / price as f64;
    I256::try_from((raw.ln() / 1.0001f64.ln()).round() as i64).unwrap_or_default()
}

/// The price of a mean tick.
fn price_of(tick: f64) -> f64 {
    1e12 / 1.0001f64.powf(tick)
}
