//! The real WASM through its ABI: a [`Rig`] is a chain with the protocol deployed, one market and funded users.

pub mod abi;
pub mod change;
pub mod powers;
#[path = "../../scripts/drill/src/programs.rs"]
mod programs;

use abi::*;
use alloy_primitives::{hex, keccak256, Address, I256, U256};
use alloy_sol_types::{SolCall, SolError, SolValue};
use fusebox_testbed::{Chain, DeployError, Outcome, Tx};
use std::{collections::HashMap, path::PathBuf, sync::OnceLock};

/// The classes of action, by number.
pub const INCREASE: u8 = 0;
/// Liquidation.
pub const LIQUIDATE: u8 = 1;
/// Closing and reducing.
pub const REDUCE: u8 = 2;
/// Withdrawal.
pub const EXIT: u8 = 3;
/// Deposits and top-ups.
pub const INFLOW: u8 = 4;
/// Every class, as a mask.
pub const ALL_CLASSES: u8 = 31;

/// The price at the start: 2,000 dollars with the 8 decimals of the feeds.
pub const START: i64 = 200_000_000_000;
/// One unit of the base asset, and of a price.
pub const WAD: u128 = 1_000_000_000_000_000_000;
/// Longest age of a feed's answer, in seconds.
pub const MAX_AGE: u64 = 3_600;
/// How long the pauser's pauses last, in seconds.
pub const PAUSE_SECS: u64 = 86_400;

/// An account without code.
pub const fn who(number: u8) -> Address {
    Address::repeat_byte(number)
}

/// Deploys everything.
pub const DEPLOYER: Address = who(0xd0);
/// Holds Governance.
pub const GOVERNANCE: Address = who(0xa1);
/// Holds Council.
pub const COUNCIL: Address = who(0xa2);
/// Guardian of the protocol, and of the market.
pub const PAUSER: Address = who(0xa3);
/// A trader.
pub const ALICE: Address = who(0x11);
/// A trader.
pub const BOB: Address = who(0x12);
/// A keeper.
pub const CAROL: Address = who(0x13);
/// Provides the pool's liquidity.
pub const LP: Address = who(0x14);

/// A built program.
///
/// # Panics
/// Where it is not built.
pub fn wasm(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/fusebox").join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask wasm`", path.display()))
}

/// The creation code of a Solidity contract, with its constructor's arguments behind it.
///
/// # Panics
/// Where there is no such contract.
pub fn creation(name: &str, arguments: &[u8]) -> Vec<u8> {
    static ARTIFACTS: OnceLock<serde_json::Value> = OnceLock::new();
    let all = ARTIFACTS.get_or_init(|| {
        serde_json::from_str(include_str!("../solidity/artifacts.json")).expect("artifacts.json is JSON")
    });
    let code = all[name]["bytecode"].as_str().unwrap_or_else(|| panic!("no contract {name}"));
    [hex::decode(code).expect("bytecode is hexadecimal"), arguments.to_vec()].concat()
}

/// Values one behind the other, from the least significant bit.
pub fn packed(fields: &[(usize, u64)]) -> U256 {
    let mut offset = 0;
    fields.iter().fold(U256::ZERO, |word, (bits, value)| {
        let at = offset;
        offset += bits;
        word | (U256::from(*value) << at)
    })
}

fn address_word(address: Address) -> U256 {
    U256::from_be_slice(address.as_slice())
}

/// The parameters of a market, in the order of their numbers in the table; the last is the bounty.
#[derive(Clone, Copy)]
pub struct Terms(pub [u128; 20]);

impl Terms {
    /// 10 % initial, 5 % maintenance, 10 bps fee, 2 % penalty, all of the pool, twice the margin while Guarded, and a
    /// bounty of half the smallest margin: a margin that hardly breathes, profits that are warm at once; no value at its
    /// loosest, so that every one can be loosened.
    pub fn new(min_margin: u128) -> Self {
        let cap = (u128::MAX >> 32) - 1;
        let margins = [1_000, 9_998, 2, 9_998, 2, 1, 60, 20_000, 9_999, 10_000];
        let rest = [10, 0, min_margin, cap, cap, 500, 200, min_margin, 86_400, min_margin / 2];
        let mut all = [0; 20];
        all[..10].copy_from_slice(&margins);
        all[10..].copy_from_slice(&rest);
        Self(all)
    }
    /// With one of them replaced.
    pub fn with(mut self, number: usize, value: u128) -> Self {
        self.0[number] = value;
        self
    }
    /// The words: terms, caps, what ends a position, policy.
    pub fn words(self) -> [U256; 4] {
        let of = |places: &[(u32, usize)]| {
            places.iter().fold(U256::ZERO, |word, (number, at)| word | (U256::from(self.0[*number as usize]) << *at))
        };
        let offsets = [0, 14, 28, 42, 56, 70, 80, 94, 110, 124, 139, 149, 165];
        let terms: Vec<_> = (0..).zip(offsets).collect();
        let ramp = of(&[(15, 0), (15, 16), (18, 72), (16, 104), (17, 120)]);
        [of(&terms), of(&[(13, 0), (14, 96)]), ramp, of(&[(19, 0)])]
    }
}

/// The breaker's parameters as the word that `list` takes: fourteen of 16 bits, the samples, three flags.
#[derive(Clone, Copy)]
pub struct Params(pub [u64; 18]);

impl Default for Params {
    fn default() -> Self {
        Self([500, 1_000, 2_500, 1_000, 200, 1_800, 2, 60, 10, 60, 240, 240, 4_320, 600, 10, 0, 0, 0])
    }
}

impl Params {
    /// With one of them replaced.
    pub fn with(mut self, index: usize, value: u64) -> Self {
        self.0[index] = value;
        self
    }
    /// The word.
    pub fn word(self) -> U256 {
        let widths = [16; 14].into_iter().chain([8, 1, 1, 1]);
        packed(&widths.zip(self.0).collect::<Vec<_>>())
    }
}

/// An aggregator as the word that `list` takes.
pub fn aggregator(source: Address, decimals: u64, gas: u64, max_age: u64) -> U256 {
    let rest = packed(&[(8, 1), (8, decimals), (8, 0), (8, 0), (16, 0), (24, gas), (24, max_age)]);
    address_word(source) | (rest << 160usize)
}

/// A pool's mean as the word that `list` takes.
pub fn pool_mean(source: Address, decimals: [u64; 2], inverted: bool, window: u64) -> U256 {
    let rest = packed(&[
        (8, 2),
        (8, decimals[0]),
        (8, decimals[1]),
        (8, inverted.into()),
        (16, window),
        (24, 200_000),
        (24, 3_600),
    ]);
    address_word(source) | (rest << 160usize)
}

/// A sequencer's feed as the word that `list` takes.
pub fn sequencer_word(source: Address, grace: u64, max_age: u64) -> U256 {
    address_word(source) | (packed(&[(24, grace), (24, max_age)]) << 160usize)
}

/// What a rig is made of.
#[derive(Clone, Copy)]
pub struct Plan {
    /// The token's contract.
    pub token: &'static str,
    /// The token's decimals.
    pub decimals: u8,
    /// Whether the anchor is a `HostileFeed`.
    pub hostile: bool,
    /// Whether there is a sequencer's feed.
    pub sequencer: bool,
    /// The breaker's parameters.
    pub params: Params,
    /// What may leave in a day whatever the pool holds, in whole units.
    pub floor: u128,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            token: "TestToken",
            decimals: 6,
            hostile: false,
            sequencer: false,
            params: Params::default(),
            floor: 1_000_000_000,
        }
    }
}

/// A chain with the protocol deployed and one market listed.
#[derive(Clone)]
pub struct Rig {
    /// The chain.
    pub chain: Chain,
    /// The hot program: the protocol's address.
    pub perp: Address,
    /// The other nineteen programs, in the order of their numbers.
    pub programs: Vec<Address>,
    /// The collateral.
    pub token: Address,
    /// Its decimals.
    pub decimals: u8,
    /// The first feed.
    pub anchor: Address,
    /// The second feed.
    pub second: Address,
    /// The sequencer's feed, or zero.
    pub sequencer: Address,
    hostile: bool,
}

impl Rig {
    /// A rig with a 6-decimal token and two aggregators.
    pub fn new() -> Self {
        Self::of(Plan::default())
    }

    /// A rig as planned, with a million in the pool and the users funded.
    pub fn of(plan: Plan) -> Self {
        let mut rig = Self::bare(plan);
        let (list, guardian) = (rig.listing(plan.params), change::guardian(PAUSER, 1, PAUSE_SECS as u32));
        rig.govern(&[change::list(&list), guardian]);
        for user in [ALICE, BOB, CAROL, LP] {
            rig.fund(user, 10_000_000);
        }
        rig.call(LP, &depositCall { amount: rig.units(2_000_000) });
        rig.call(LP, &provideCall { amount: rig.units(1_000_000) });
        rig.call(ALICE, &depositCall { amount: rig.units(100_000) });
        rig.call(BOB, &depositCall { amount: rig.units(100_000) });
        rig
    }

    /// The contracts, and no market.
    pub fn bare(plan: Plan) -> Self {
        let mut chain = Chain::new();
        let mut evm = |name: &str, arguments: Vec<u8>| {
            chain.deploy_evm(DEPLOYER, &creation(name, &arguments)).unwrap_or_else(|e| panic!("{name}: {e}"))
        };
        let token = evm(plan.token, token_arguments(plan.token, plan.decimals));
        let answer = I256::try_from(START).expect("fits");
        let aggregated = (U256::from(8), answer).abi_encode_params();
        let anchor = match plan.hostile {
            true => evm("HostileFeed", Vec::new()),
            false => evm("MockV3Aggregator", aggregated.clone()),
        };
        let second = evm("MockV3Aggregator", aggregated);
        let sequencer = match plan.sequencer {
            true => evm("SequencerFeed", (I256::ZERO, U256::from(1_600_000_000u64)).abi_encode_params()),
            false => Address::ZERO,
        };
        let programs = programs(&mut chain);
        let floor = plan.floor * 10u128.pow(plan.decimals.into());
        let perp = deploy(&mut chain, &programs, token, [GOVERNANCE, COUNCIL, PAUSER], (PAUSE_SECS as u32, floor))
            .unwrap_or_else(|error| panic!("perp: {error}"));
        let decimals = plan.decimals;
        let hostile = plan.hostile;
        let mut rig = Self { chain, perp, programs, token, decimals, anchor, second, sequencer, hostile };
        rig.set_price(START);
        rig
    }

    /// Has Governance propose changes, lets the longest delay pass and has them executed; the feeds are fresh again.
    pub fn govern(&mut self, changes: &[Vec<U256>]) {
        for words in changes {
            self.call(GOVERNANCE, &proposeCall { words: words.clone() });
        }
        self.advance(7 * 86_400, START);
        for words in changes {
            self.call(CAROL, &executeCall { words: words.clone() });
        }
    }

    /// A copy in which a change was proposed and has waited, and the call that executes it.
    pub fn ripe(&self, words: Vec<U256>) -> (Self, executeCall) {
        let mut rig = self.clone();
        rig.call(GOVERNANCE, &proposeCall { words: words.clone() });
        rig.advance(7 * 86_400, START);
        (rig, executeCall { words })
    }

    /// A change that has waited is refused with exactly this error.
    pub fn refuses_change(&self, words: Vec<U256>, error: impl SolError) {
        let (mut rig, execute) = self.ripe(words);
        rig.refuses(CAROL, &execute, error);
    }

    /// The words that list the rig's market.
    pub fn listing(&self, params: Params) -> Vec<U256> {
        let feeds = [self.anchor, self.second].map(|feed| aggregator(feed, 8, 100_000, MAX_AGE));
        self.listing_of(self.terms(), params, &feeds)
    }

    /// The words that list a market.
    pub fn listing_of(&self, terms: Terms, params: Params, feeds: &[U256]) -> Vec<U256> {
        let sequencer = match self.sequencer.is_zero() {
            true => U256::ZERO,
            false => sequencer_word(self.sequencer, 3_600, 0xff_ffff),
        };
        let tail = [params.word(), sequencer];
        terms.words().into_iter().chain(tail).chain(feeds.iter().copied()).collect()
    }

    /// The terms of the rig's market.
    pub fn terms(&self) -> Terms {
        Terms::new(10 * 10u128.pow(self.decimals.into()))
    }

    /// Mints to a user and approves the protocol.
    pub fn fund(&mut self, user: Address, amount: u64) {
        let (token, perp, amount) = (self.token, self.perp, self.units(amount));
        self.on(user, token, &mintCall { to: user, amount });
        self.on(user, token, &approveCall { spender: perp, amount: U256::MAX });
    }

    /// Whole units of the token.
    pub fn units(&self, amount: u64) -> U256 {
        U256::from(amount) * U256::from(10).pow(U256::from(self.decimals))
    }

    /// Sends a call to another contract, whose answer is not looked at.
    pub fn on<C: SolCall>(&mut self, from: Address, to: Address, call: &C) -> Outcome {
        let outcome = self.chain.send(Tx::new(from, to, call.abi_encode()));
        assert!(outcome.success, "{}: {}", C::SIGNATURE, hex::encode(&outcome.output));
        outcome
    }

    /// Sends a call to the protocol: what it answers.
    pub fn call<C: SolCall>(&mut self, from: Address, call: &C) -> C::Return {
        let answer = self.chain.call(from, self.perp, call);
        answer.unwrap_or_else(|revert| panic!("{}: {revert}", C::SIGNATURE))
    }

    /// Sends a call to the protocol: all that it did.
    pub fn send<C: SolCall>(&mut self, from: Address, call: &C) -> Outcome {
        let perp = self.perp;
        self.on(from, perp, call)
    }

    /// Asks the protocol.
    pub fn ask<C: SolCall>(&self, call: &C) -> C::Return {
        let answer = self.chain.query(CAROL, self.perp, call);
        answer.unwrap_or_else(|revert| panic!("{}: {revert}", C::SIGNATURE))
    }

    /// Sends a call that must revert with exactly this error, words included, and leave everything as it was.
    pub fn refuses<C: SolCall>(&mut self, from: Address, call: &C, error: impl SolError) {
        let expected = error.abi_encode();
        let outcome = self.fails(from, call);
        let (got, expected) = (hex::encode(&outcome.output), hex::encode(expected));
        assert_eq!(got, expected, "{} reverted otherwise ({:?})", C::SIGNATURE, outcome.note);
    }

    /// Sends a call that must fail, and leave everything as it was.
    pub fn fails<C: SolCall>(&mut self, from: Address, call: &C) -> Outcome {
        let perp = self.perp;
        self.fails_tx::<C>(Tx::new(from, perp, call.abi_encode()))
    }

    /// Sends a transaction that must fail, and leave storage, balances and logs as they were.
    pub fn fails_tx<C: SolCall>(&mut self, tx: Tx) -> Outcome {
        let before = self.picture();
        let outcome = self.chain.send(tx);
        assert!(!outcome.success, "{} was not refused", C::SIGNATURE);
        assert!(outcome.logs.is_empty(), "{} left logs", C::SIGNATURE);
        let mut first = HashMap::new();
        for write in &outcome.storage_writes {
            first.entry((write.address, write.slot)).or_insert(write.old);
        }
        for ((address, slot), old) in first {
            let now = self.chain.storage(address, U256::from_be_bytes(slot.0));
            assert_eq!(now, old, "{} left a word", C::SIGNATURE);
        }
        assert!(before == self.picture(), "{} changed what can be read", C::SIGNATURE);
        outcome
    }

    /// All that the protocol's views and the token say of the users, as bytes.
    pub fn picture(&self) -> Vec<u8> {
        let mut picture = Vec::new();
        let mut add = |to: Address, data: Vec<u8>| {
            let outcome = self.chain.view(Tx::new(CAROL, to, data));
            assert!(outcome.success, "a view failed: {}", hex::encode(&outcome.output));
            picture.extend(outcome.output);
        };
        add(self.perp, panelCall {}.abi_encode());
        add(self.perp, poolCall {}.abi_encode());
        for scope in 0..=1 {
            add(self.perp, pauseStateCall { scope }.abi_encode());
        }
        add(self.perp, marketCall { market: 1 }.abi_encode());
        add(self.perp, breakerStateCall { market: 1 }.abi_encode());
        for who in [ALICE, BOB, CAROL, LP, GOVERNANCE, COUNCIL, PAUSER] {
            add(self.perp, rolesOfCall { account: who }.abi_encode());
            add(self.perp, accountCall { who }.abi_encode());
            add(self.perp, positionCall { who, market: 1 }.abi_encode());
            add(self.token, balanceOfCall { who }.abi_encode());
        }
        add(self.token, balanceOfCall { who: self.perp }.abi_encode());
        picture
    }

    /// A balance of the token.
    pub fn balance(&self, who: Address) -> U256 {
        self.chain.query(CAROL, self.token, &balanceOfCall { who }).expect("a balance")
    }

    /// The clock.
    pub fn now(&self) -> u64 {
        self.chain.timestamp()
    }

    /// Lets time pass and the feeds go stale.
    pub fn wait(&mut self, seconds: u64) {
        self.chain.advance(seconds);
    }

    /// Lets time pass and both feeds say this at the end of it.
    pub fn advance(&mut self, seconds: u64, price: i64) {
        self.chain.advance(seconds);
        self.set_price(price);
    }

    /// Both feeds say this now.
    pub fn set_price(&mut self, price: i64) {
        self.set_anchor(price);
        self.set_second(price);
    }

    /// The first feed says this now.
    pub fn set_anchor(&mut self, price: i64) {
        let anchor = self.anchor;
        let answer = I256::try_from(price).expect("fits");
        if self.hostile {
            let (round, now) = (alloy_primitives::aliases::U80::from(7), U256::from(self.now()));
            self.on(DEPLOYER, anchor, &setCall { mode: 0, size: U256::ZERO });
            let call = setRoundCall { round, answer, startedAt: now, updatedAt: now, answeredIn: round };
            self.on(DEPLOYER, anchor, &call);
        } else {
            self.on(DEPLOYER, anchor, &updateAnswerCall { answer });
        }
    }

    /// The second feed says this now.
    pub fn set_second(&mut self, price: i64) {
        let (second, answer) = (self.second, I256::try_from(price).expect("fits"));
        self.on(DEPLOYER, second, &updateAnswerCall { answer });
    }

    /// The bits of a scope in panel word 0.
    pub fn bits(&self, scope: usize) -> u64 {
        let words = self.ask(&panelCall {});
        ((words[3] >> (scope * 4)) & U256::from(15)).to()
    }

    /// How many incidents there are.
    pub fn incidents(&self) -> u64 {
        self.ask(&panelCall {})[1].to()
    }

    /// The collateral that the protocol accounts for: free collateral and margins of these users, and the pool.
    pub fn accounted(&self, users: &[Address]) -> U256 {
        let mut sum = self.ask(&poolCall {}).assets;
        for user in users {
            sum += self.ask(&accountCall { who: *user }).free;
            sum += self.ask(&positionCall { who: *user, market: 1 }).margin;
        }
        sum
    }
}

impl Default for Rig {
    fn default() -> Self {
        Self::new()
    }
}

/// The arguments of a token's constructor.
fn token_arguments(name: &str, decimals: u8) -> Vec<u8> {
    let decimals = U256::from(decimals);
    match name {
        "TestToken" => ("Test".to_string(), "TEST".to_string(), decimals).abi_encode_params(),
        "FeeToken" => (decimals, U256::from(100)).abi_encode_params(),
        _ => decimals.abi_encode(),
    }
}

/// Deploys the programs behind the hot one.
pub fn programs(chain: &mut Chain) -> Vec<Address> {
    let one = |name: &&str| chain.deploy_wasm(DEPLOYER, &wasm(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    programs::PERP[1..].iter().map(one).collect()
}

/// Deploys the hot program; roles are Governance, Council, pauser.
pub fn deploy(
    chain: &mut Chain,
    programs: &[Address],
    collateral: Address,
    [governance, council, pauser]: [Address; 3],
    (pause_secs, floor): (u32, u128),
) -> Result<Address, DeployError> {
    let call = initialiseCall { collateral, governance, council, pauser, pauseSecs: pause_secs, floor };
    let bytes = alloy_primitives::Bytes::from(call.abi_encode());
    let arguments = (programs.to_vec(), bytes).abi_encode_params();
    chain.deploy_wasm_with(DEPLOYER, &wasm("perp"), arguments, U256::ZERO)
}

/// The head of the journal that these incidents fold to.
pub fn fold(incidents: impl IntoIterator<Item = Incident>) -> U256 {
    incidents.into_iter().fold(U256::ZERO, |head, one| {
        let words = [head, U256::from(one.id), one.record, address_word(one.openedBy), one.money];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes::<32>()).collect();
        U256::from_be_bytes(keccak256(bytes).0)
    })
}

/// An ERC-7201 root.
pub fn root(name: &str) -> U256 {
    let inner = U256::from_be_bytes(keccak256(name).0) - U256::from(1);
    U256::from_be_bytes(keccak256(inner.to_be_bytes::<32>()).0) & !U256::from(255)
}
