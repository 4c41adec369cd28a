//! What is deployed before a replay begins, and what waits in the protocol's own queue until then.

use super::{deployer, governance, guardian_account, keeper, tick, Ground, Settings, MARKET, PAUSE_SECS};
use crate::demo::actors;
use crate::demo::cascade;
use crate::demo::incident::{Incident, Kind as SourceKind};
use crate::demo::multisig::Multisig;
use crate::demo::perp;
use crate::demo::setup::{self, FEED_DECIMALS};
use crate::programs::PERP;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolValue};
use fusebox_testbed::{Chain, DeployError};
use serde_json::Value;

const ARTIFACTS: &str = include_str!("../../../../../tests/solidity/artifacts.json");
/// How long before the first second everything is deployed: the delay of a role, and an hour.
pub const BEFORE: u64 = 7 * 86_400 + 3_600;
/// What may leave in a day whatever the pool holds, in base units: the limiter's absolute floor.
const FLOOR: u128 = 100_000_000_000;

/// Creation code of a contract of `tests/solidity` with its constructor's arguments behind it.
fn creation(name: &str, arguments: &[u8]) -> Result<Vec<u8>, String> {
    let artifacts: Value = serde_json::from_str(ARTIFACTS).map_err(|error| format!("artifacts.json: {error}"))?;
    let code = artifacts[name]["bytecode"].as_str().ok_or_else(|| format!("artifacts.json has no {name}"))?;
    let code = alloy_primitives::hex::decode(code).map_err(|error| format!("artifacts.json, {name}: {error}"))?;
    Ok([code.as_slice(), arguments].concat())
}

fn fail(what: &str) -> impl Fn(DeployError) -> String + '_ {
    move |error| format!("{what} is not deployed: {error}")
}

impl Ground {
    /// Deploys token and protocol, without a market.
    pub fn house(at: u64, settings: &Settings) -> Result<Self, String> {
        let mut chain = Chain::new();
        chain.set_timestamp(at);
        chain.set_block_cache(true);
        let arguments = ("USD Coin".to_string(), "USDC".to_string(), U256::from(6)).abi_encode_params();
        let token = chain.deploy_evm(deployer(), &creation("TestToken", &arguments)?).map_err(fail("the token"))?;
        let [hot, others @ ..] = &settings.contracts.programs;
        let mut programs = Vec::new();
        for (wasm, name) in others.iter().zip(&PERP[1..]) {
            programs.push(chain.deploy_wasm(deployer(), wasm).map_err(fail(name))?);
        }
        let guardian = Multisig::new(&mut chain, settings.safe, "guardian", guardian_account())?;
        let council = Multisig::new(&mut chain, settings.safe, "council", actors::address(super::DEPLOYER, 2))?;
        let initialisation = perp::initialiseCall {
            collateral: token,
            governance: governance(),
            council: council.address(),
            pauser: guardian.address(),
            pauseSecs: PAUSE_SECS,
            floor: FLOOR,
        };
        let arguments = (programs, Bytes::from(initialisation.abi_encode())).abi_encode_params();
        let perp = chain.deploy_wasm_with(deployer(), hot, arguments, U256::ZERO).map_err(fail("perp"))?;
        Ok(Self {
            chain,
            token,
            perp,
            guardian,
            council,
            sources: Vec::new(),
            tickets: Vec::new(),
            transactions: 0,
            gas: 0,
            books: None,
            reference: f64::NAN,
        })
    }

    /// Deploys everything, and proposes the market and its guardian as long before the incident as the queue asks.
    pub fn new(incident: &Incident, settings: &Settings) -> Result<Self, String> {
        let mut ground = Self::house(incident.from - BEFORE, settings)?;
        for source in &incident.sources {
            let first = source.rounds.first().ok_or("a source without a price")?;
            let code = match source.kind {
                SourceKind::Rounds => {
                    let arguments = (U256::from(FEED_DECIMALS), U256::from(first.answer)).abi_encode_params();
                    creation("MockV3Aggregator", &arguments)?
                }
                SourceKind::Pool => {
                    let begins = U256::from(incident.from - BEFORE);
                    let arguments = (begins, tick(first.answer), U256::from(120)).abi_encode_params();
                    creation("PoolOracle", &arguments)?
                }
            };
            let feed = ground.chain.deploy_evm(deployer(), &code).map_err(fail("a feed"))?;
            ground.sources.push((source.kind, feed));
        }
        for words in ground.changes(incident, settings) {
            ground
                .act(governance(), ground.perp, &perp::proposeCall { words })
                .map_err(|revert| format!("a change is not proposed: {revert}"))?;
        }
        Ok(ground)
    }

    /// What waits: the market, and who may pause it.
    fn changes(&self, incident: &Incident, settings: &Settings) -> Vec<Vec<U256>> {
        let header = |act: u64, scope: u32| U256::from(act | u64::from(scope) << 24);
        let word = |account: Address| U256::from_be_slice(account.as_slice());
        let listing = setup::listing(incident, &self.sources, settings.breakers);
        let market = [vec![header(LIST, 0)], listing].concat();
        let appointment = vec![header(APPOINT, MARKET), word(self.guardian.address()), U256::from(PAUSE_SECS)];
        let mut changes = vec![market, appointment];
        if incident.cast.cascade.is_some_and(|cascade| cascade.fund) {
            let of = |id: u64, words: &[u64]| {
                let words = words.iter().map(|word| U256::from(*word));
                std::iter::once(header(LIST | id << 8, 0)).chain(words).collect()
            };
            changes.extend([of(COVERS, &cascade::COVER), of(FILLS, &cascade::RECAP)]);
        }
        changes
    }

    /// Carries out what has waited: the first second of the incident, with prices that are fresh.
    pub fn list(&mut self, incident: &Incident, settings: &Settings) -> Result<(), String> {
        for words in self.changes(incident, settings) {
            self.act(keeper(), self.perp, &perp::executeCall { words })
                .map_err(|revert| format!("a change that has waited is not carried out: {revert}"))?;
        }
        Ok(())
    }
}

/// The protocol's own act 0 in the queue: a listing.
const LIST: u64 = 7;
/// Decisions about the fund: what it covers, and how it is filled up.
const COVERS: u64 = 5;
const FILLS: u64 = 6;
/// A guardian's appointment in the queue.
const APPOINT: u64 = 3;
