//! The limiter: one payment through it, less the same payment without it.

use super::{act, deployment, done, program, refused, Figure, COLD_WORD};
use alloy_primitives::{Address, U256};
use alloy_sol_types::{sol, SolCall, SolError, SolValue};
use fusebox_testbed::Chain;
use std::path::Path;

sol! {
    function plain(uint32 market, uint128 amount) returns (uint128);
    function spend(uint32 market, uint128 amount) returns (uint128);
    function withdraw(uint32 market, uint128 amount) returns (uint128);
    function exit(uint32 market, uint128 amount) returns (uint128 id);
    function plainClaim(uint128 id) returns (uint128);
    function claim(uint128 id) returns (uint128 amount);
    function rebase(uint32 market, uint128 liquidity) returns (uint128);
    error LimitExceeded(uint128 amount, uint128 available, uint64 earliest);
    error TicketNotReady(uint64 ready, uint64 now);
}

const GOVERNANCE: Address = Address::repeat_byte(0x13);
const USER: Address = Address::repeat_byte(0x14);
const MARKET: u32 = 1;
/// One dollar of a token with 6 decimals.
const UNIT: u128 = 1_000_000;
/// The liquidity at first: a tenth of it may leave in a day, nine tenths of that by the main lane.
const LIQUIDITY: u128 = 100_000_000 * UNIT;
const FLOOR: u128 = 1_000_000 * UNIT;
const MAIN_LANE: u128 = LIQUIDITY / 10 / 10 * 9;
/// The most that is small: a thousandth of the main lane.
const SMALL: u128 = MAIN_LANE / 1_000;
/// Too much for the small lane.
const AMOUNT: u128 = 1_000_000 * UNIT;

/// Price of writing a word that a transaction has touched and that is not zero.
const DIRTY_WORD: u64 = 2_900;
/// Price of writing a word that a transaction has touched and that is zero.
const NEW_WORD: u64 = 20_000;
const REWRITTEN: u64 = COLD_WORD + DIRTY_WORD;

/// The program with its bucket full: a copy of the chain is another chain.
struct Valve {
    chain: Chain,
    at: Address,
}

/// What the limiter adds, in every state.
pub fn figures(folder: &Path) -> Result<Vec<Figure>, String> {
    let first = Valve::new(folder)?;
    let steady = first.steady()?;
    let drained = steady.drained()?;
    let waiting = drained.after(&exit(AMOUNT))?;
    let of = |id, state, gas, floor| Figure { id, state, gas, floor: Some(floor) };
    let mut figures = vec![
        of("spend", "first", first.adds(&spend(AMOUNT))?, REWRITTEN),
        of("spend", "steady", steady.adds(&spend(AMOUNT))?, REWRITTEN),
        of("spend", "refused", drained.refuses(&spend(AMOUNT))?, COLD_WORD),
        of("withdraw", "first", first.adds(&withdraw(AMOUNT))?, COLD_WORD + REWRITTEN),
        of("withdraw", "steady", steady.adds(&withdraw(AMOUNT))?, COLD_WORD + REWRITTEN),
        of("withdraw", "refused", drained.refuses(&withdraw(AMOUNT))?, 2 * COLD_WORD),
    ];
    // The config is read; the base, both lanes and their sides are written.
    let rebasing = rebaseCall { market: MARKET, liquidity: LIQUIDITY / 2 };
    figures.push(of("spend.rebase", "steady", steady.adds(&rebasing)?, COLD_WORD + 5 * REWRITTEN));
    let ticket = REWRITTEN + COLD_WORD + NEW_WORD;
    figures.push(of("ticket.issue", "first", first.drained()?.adds(&exit(AMOUNT))?, ticket));
    figures.push(of("ticket.issue", "steady", waiting.adds(&exit(AMOUNT))?, ticket));
    figures.extend(small(&waiting)?);
    figures.extend(claims(&drained)?);
    Ok(figures)
}

/// A small amount while tickets wait in the main lane: the small lane pays it at once, and when that is empty as well it
/// waits there. The account is remembered either way.
fn small(waiting: &Valve) -> Result<Vec<Figure>, String> {
    let mut valve = Valve { chain: waiting.chain.clone(), at: waiting.at };
    let of = |id, gas, floor| Figure { id, state: "steady", gas, floor: Some(floor) };
    let (paid, word) = (COLD_WORD + REWRITTEN, COLD_WORD + NEW_WORD);
    let mut figures = vec![of("exit.small", valve.adds(&exit(SMALL))?, paid + word)];
    for number in 0..=MAIN_LANE / SMALL {
        let account = Address::from_word(U256::from(0x10_000 + number).into());
        if act(&mut valve.chain, account, valve.at, &exit(SMALL))? != 0 {
            figures.push(of("ticket.issue.small", valve.adds(&exit(SMALL))?, paid + 2 * word));
            return Ok(figures);
        }
    }
    Err("the small lane never ran out".into())
}

/// A ticket is claimed once its time has come, and not before.
fn claims(drained: &Valve) -> Result<Vec<Figure>, String> {
    let mut waiting = Valve { chain: drained.chain.clone(), at: drained.at };
    let id = act(&mut waiting.chain, USER, waiting.at, &exit(AMOUNT))?;
    let (call, unguarded) = (claimCall { id }, plainClaimCall { id });
    let base = |valve: &Valve| Ok::<_, String>(done(&valve.chain, USER, valve.at, &unguarded)?.gas_used);
    let early = refused::<TicketNotReady, _>(&waiting.chain, USER, waiting.at, &call)?.gas_used - base(&waiting)?;
    waiting.chain.advance(86_400);
    let paid = done(&waiting.chain, USER, waiting.at, &call)?.gas_used - base(&waiting)?;
    let of = |state, gas, floor| Figure { id: "ticket.claim", state, gas, floor: Some(floor) };
    Ok(vec![of("steady", paid, REWRITTEN), of("refused", early, COLD_WORD)])
}

fn spend(amount: u128) -> spendCall {
    spendCall { market: MARKET, amount }
}

fn withdraw(amount: u128) -> withdrawCall {
    withdrawCall { market: MARKET, amount }
}

fn exit(amount: u128) -> exitCall {
    exitCall { market: MARKET, amount }
}

impl Valve {
    fn new(folder: &Path) -> Result<Self, String> {
        let mut chain = Chain::new();
        let terms = (GOVERNANCE, FLOOR, LIQUIDITY).abi_encode_params();
        let at = chain.deploy_wasm_with(GOVERNANCE, &program(folder, "valve")?, terms, U256::ZERO);
        Ok(Self { at: at.map_err(deployment("valve"))?, chain })
    }

    /// Later: the program held ready, some of the bucket gone, every word of it written before.
    fn steady(&self) -> Result<Self, String> {
        let mut valve = self.after(&spend(AMOUNT))?;
        valve.chain.set_cached(valve.at, true);
        valve.chain.advance(600);
        valve = valve.after(&rebaseCall { market: MARKET, liquidity: LIQUIDITY })?;
        valve.chain.advance(600);
        Ok(valve)
    }

    /// With nothing left in the main lane.
    fn drained(&self) -> Result<Self, String> {
        let outcome = refused::<LimitExceeded, _>(&self.chain, USER, self.at, &spend(2 * MAIN_LANE))?;
        let refusal = LimitExceeded::abi_decode(&outcome.output).map_err(|error| error.to_string())?;
        self.after(&spend(refusal.available))
    }

    /// The chain after a call.
    fn after<C: SolCall>(&self, call: &C) -> Result<Self, String> {
        let mut chain = self.chain.clone();
        act(&mut chain, USER, self.at, call)?;
        Ok(Self { chain, at: self.at })
    }

    fn unguarded(&self) -> Result<u64, String> {
        Ok(done(&self.chain, USER, self.at, &plainCall { market: MARKET, amount: AMOUNT })?.gas_used)
    }

    fn adds<C: SolCall>(&self, call: &C) -> Result<u64, String> {
        Ok(done(&self.chain, USER, self.at, call)?.gas_used - self.unguarded()?)
    }

    fn refuses<C: SolCall>(&self, call: &C) -> Result<u64, String> {
        Ok(refused::<LimitExceeded, C>(&self.chain, USER, self.at, call)?.gas_used - self.unguarded()?)
    }
}
