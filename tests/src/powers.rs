//! Who holds what beside Governance and Council, and the parameter table: its rows as the source has them, its values
//! as the views have them.

use crate::{abi::*, change, creation, who, Params, Plan, Rig, BOB, COUNCIL, DEPLOYER, GOVERNANCE, PAUSER, PAUSE_SECS};
use alloy_primitives::{Address, I256, U256};
use alloy_sol_types::{SolCall, SolValue};
use fusebox_testbed::Tx;
use std::{collections::BTreeMap, sync::OnceLock};

pub mod cases;

/// Holds Steward.
pub const STEWARD: Address = who(0xa4);
/// Holds Sentinel.
pub const SENTINEL: Address = who(0xa5);
/// Holds the role of a Guardian, and is a guardian of no scope.
pub const WARDEN: Address = who(0xa6);
/// A second guardian of market 1.
pub const SECOND: Address = who(0xa7);
/// Holds nothing.
pub const MALLORY: Address = who(0x66);

/// A day, in seconds.
pub const DAY: u64 = 86_400;
/// The delay of parameters, if nobody has set another.
pub const PARAMETER_DELAY: u64 = 2 * DAY;
/// For how long a proposal is ready.
pub const READY_SECS: u64 = 7 * DAY;

/// What the authority says, where another module has an error of the same name.
pub mod authority {
    #![allow(missing_docs)]
    alloy_sol_types::sol! {
        #![sol(all_derives)]
        event Proposed(bytes32 indexed hash, uint8 indexed act, uint64 earliest, uint64 latest, address by, uint256[] words);
        error OutOfBounds(uint16 id, uint128 value, uint128 bound);
        error NotTighter(uint16 id, uint128 value, uint128 bound);
        error OverlayLength(uint64 secs, uint64 bound);
        error OverlaySpent(uint64 now, uint64 bound);
        error ProposerGone(address who, uint32 bound);
        error TierTooLow(uint8 tier, uint8 bound);
        error AlreadyRun(uint32 incident, uint32 bound);
    }
}

/// Which way a row tightens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A larger value.
    Up,
    /// A smaller value.
    Down,
    /// Neither.
    Contested,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub id: u16,
    /// The smallest value.
    pub min: u128,
    /// The largest value.
    pub max: u128,
    /// How far a Steward may go.
    pub floor: u128,
    /// Which way tightens.
    pub direction: Direction,
}

impl Row {
    /// Whether a change of its value loosens it, or can hurt either way.
    pub fn loosens(&self, from: u128, to: u128) -> bool {
        match self.direction {
            Direction::Up => to < from,
            Direction::Down => to > from,
            Direction::Contested => to != from,
        }
    }

    /// The scopes in which the shared rig has a value for it, with the first of each kind first.
    pub fn scopes(&self) -> &'static [u32] {
        match self.id >> 8 {
            1 => &[0],
            3 => &[0, 1, 17, 18],
            _ if self.id > 0x0281 && self.id < 0x0300 => &[2],
            _ => &[1, 2],
        }
    }

    /// Values one step away, within bounds, that loosen it.
    pub fn loosenings(&self, from: u128) -> Vec<u128> {
        let near = [from.checked_sub(1), from.checked_add(1)].into_iter().flatten();
        near.filter(|to| (self.min..=self.max).contains(to) && self.loosens(from, *to)).collect()
    }
}

/// The rows of the table, as the contract's source and the authority's have them.
///
/// # Panics
/// Where the sources have changed so that this does not read them.
pub fn rows() -> Vec<Row> {
    let own = include_str!("../../crates/authority/src/types/table.rs");
    let table = include_str!("../../contracts/perp/src/table.rs");
    let after = |text: &'static str, from: &str| text.split_once(from).unwrap_or_else(|| panic!("no {from}")).1;
    let own = after(own, "pub const DELAY_ROWS: [Row; 4] = [");
    let (count, table) = after(table, "pub const TABLE: [Row; ").split_once("] = [").expect("a table");
    let lines = |text: &'static str| text.lines().take_while(|line| *line != "];").filter_map(row).collect::<Vec<_>>();
    let rows = [lines(own), lines(table)].concat();
    assert_eq!(rows.len().to_string(), count, "rows that were not understood");
    rows
}

/// A line `Row::up(..)`, `Row::down(..)` or `Row::contested(..)`.
fn row(line: &str) -> Option<Row> {
    let (kind, rest) = line.trim().strip_prefix("Row::")?.split_once('(')?;
    let rest = rest.trim_end_matches(',');
    let rest = rest.split(").after").next()?;
    let numbers: Vec<u128> = rest.trim_end_matches(')').split(", ").map(number).collect();
    let direction = match kind {
        "up" => Direction::Up,
        "down" => Direction::Down,
        _ => Direction::Contested,
    };
    let floor = numbers.get(3).copied().unwrap_or(numbers[1]);
    let id = u16::try_from(numbers[0]).expect("an id");
    Some(Row { id, min: numbers[1], max: numbers[2], floor, direction })
}

/// A number as the table writes it.
fn number(text: &str) -> u128 {
    match text.trim_start_matches("secs(").trim_end_matches(')') {
        "TERM" => 0x0500,
        "MAX_CAP" => u128::MAX >> 32,
        "MAX_DUST" => u128::MAX >> 48,
        "LIMIT_SHARE" => 0x0301,
        "limiter::params::MAX_AMOUNT" => u128::MAX >> 33,
        "DAY" => DAY.into(),
        product if product.contains(" * ") => {
            let (count, unit) = product.split_once(" * ").expect("a product");
            let unit = if unit == "HOUR" { 3_600 } else { u128::from(DAY) };
            count.parse::<u128>().expect("a count") * unit
        }
        literal => {
            let digits = literal.replace('_', "");
            let parsed = match digits.strip_prefix("0x") {
                Some(hex) => u128::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            parsed.unwrap_or_else(|_| panic!("{text} is not read"))
        }
    }
}

/// All values of the table: what the views show, so with what a Steward has tightened; a delay is what a proposal that
/// Governance would make now would wait.
pub type Values = BTreeMap<(u32, u16), u128>;

/// Reads [`Values`].
pub fn values(rig: &Rig) -> Values {
    let scopes = [(1, 0), (2, 1), (2, 2), (5, 1), (5, 2), (3, 0), (3, 1), (3, 17), (3, 18)];
    scopes.into_iter().flat_map(|(module, scope)| of_module(rig, module, scope)).collect()
}

/// One of [`Values`].
pub fn value(rig: &Rig, (scope, id): (u32, u16)) -> u128 {
    of_module(rig, id >> 8, scope)[&(scope, id)]
}

/// The values of a module, by its number in the table, in one scope.
fn of_module(rig: &Rig, module: u16, scope: u32) -> Values {
    let field = |word: U256, offset: usize, bits: usize| -> u128 {
        ((word >> offset) & ((U256::from(1) << bits) - U256::from(1))).to()
    };
    let fields = |first: u16, word: U256, places: &[(usize, usize)]| -> Values {
        (first..).zip(places).map(|(id, &(offset, bits))| ((scope, id), field(word, offset, bits))).collect()
    };
    match module {
        1 => (0x0100..).zip(proposals()).map(|(id, words)| ((scope, id), wait(rig, words))).collect(),
        2 => {
            let words = rig.ask(&breakerStateCall { market: scope });
            let places: Vec<_> = (0..14).map(|n| (n * 16, 16)).chain([(224, 8)]).collect();
            let ages = (0x0280..).zip(&words[7..]).filter(|(_, feed)| !feed.is_zero());
            let ages = ages.map(|(id, feed)| ((scope, id), field(*feed, 232, 24)));
            ages.chain(fields(0x0200, words[5], &places)).collect()
        }
        3 => {
            let config = rig.ask(&bucketStateCall { bucket: scope })[4];
            fields(0x0300, config, &[(0, 128), (128, 16), (144, 16), (160, 16), (176, 8)])
        }
        _ => {
            let words = rig.ask(&marketCall { market: scope });
            let offsets = [0, 14, 28, 42, 56, 70, 80, 94, 110, 124, 139, 149, 165];
            let widths = [14, 14, 14, 14, 14, 10, 14, 16, 14, 15, 10, 16, 80];
            let terms: Vec<_> = offsets.into_iter().zip(widths).collect();
            let mut all = fields(0x0500, words[0], &terms);
            all.extend(fields(0x050d, words[1], &[(0, 96), (96, 96)]));
            all.extend(fields(0x050f, words[2], &[(16, 16), (104, 16), (120, 80), (72, 32)]));
            all.extend(fields(0x0513, words[3], &[(0, 64), (64, 16), (80, 16), (96, 16)]));
            all
        }
    }
}

/// A change that waits each delay, in their order.
fn proposals() -> [Vec<U256>; 4] {
    [
        change::parameter(1, 0x0513, 12_345),
        change::grant(who(0x99), 0),
        change::upgrade(1, who(0x97)),
        change::escrow(U256::from(12_345), who(0x98)),
    ]
}

/// How long a change would wait that Governance proposed now.
fn wait(rig: &Rig, words: Vec<U256>) -> u128 {
    let outcome = rig.chain.view(Tx::new(GOVERNANCE, rig.perp, proposeCall { words }.abi_encode()));
    let proposed: authority::Proposed = outcome.event().expect("Proposed");
    u128::from(proposed.earliest - rig.now())
}

/// What became looser, or different where that can hurt either way: scope, id, before, after.
pub fn looser(before: &Values, after: &Values) -> Vec<(u32, u16, u128, Option<u128>)> {
    let rows: BTreeMap<u16, Row> = rows().into_iter().map(|row| (row.id, row)).collect();
    let changed = before.iter().filter_map(|(&(scope, id), &from)| match after.get(&(scope, id)) {
        Some(&to) if !rows[&id].loosens(from, to) => None,
        to => Some((scope, id, from, to.copied())),
    });
    changed.collect()
}

/// A rig with two markets, the second on five feeds, every role held, and a ticket of Bob's that waits.
pub fn rig() -> Rig {
    static SHARED: OnceLock<Rig> = OnceLock::new();
    SHARED.get_or_init(build).clone()
}

fn build() -> Rig {
    let mut rig = Rig::of(Plan { floor: 1, ..Plan::default() });
    let mut feeds = vec![rig.anchor, rig.second];
    for _ in 0..3 {
        let arguments = (U256::from(8), I256::try_from(crate::START).expect("fits")).abi_encode_params();
        feeds.push(rig.chain.deploy_evm(DEPLOYER, &creation("MockV3Aggregator", &arguments)).expect("a feed"));
    }
    let extra = feeds[2..].to_vec();
    let feeds: Vec<_> = feeds.into_iter().map(|feed| crate::aggregator(feed, 8, 100_000, 3_600)).collect();
    let changes = [
        change::list(&rig.listing_of(rig.terms(), Params::default(), &feeds)),
        change::guardian(SECOND, 1, PAUSE_SECS as u32),
        change::grant(PAUSER, 2),
        change::grant(WARDEN, 2),
        change::grant(STEWARD, 3),
        change::grant(SENTINEL, 4),
    ];
    for words in &changes {
        rig.call(GOVERNANCE, &proposeCall { words: words.clone() });
    }
    rig.call(BOB, &depositCall { amount: rig.units(400_000) });
    rig.wait(60);
    rebase(&mut rig); // the average of the base begins with what the pool holds now
    rig.advance(7 * DAY, crate::START);
    for feed in extra {
        rig.on(DEPLOYER, feed, &updateAnswerCall { answer: I256::try_from(crate::START).expect("fits") });
    }
    for words in changes {
        rig.call(MALLORY, &executeCall { words });
    }
    for guardian in [PAUSER, SECOND] {
        rig.call(guardian, &heartbeatCall {});
    }
    rebase(&mut rig);
    rig.advance(DAY, crate::START); // a capacity that has grown fills with time
    rig
}

fn rebase(rig: &mut Rig) {
    for bucket in [0, 1, 17] {
        rig.call(BOB, &rebaseCall { bucket });
    }
}

/// Has Bob ask for more than may leave at once: the ticket's number.
pub fn ticket(rig: &mut Rig) -> u128 {
    let amount = rig.units(80_000);
    assert!(rig.call(BOB, &withdrawCall { amount }).is_zero(), "it did not fit");
    let ticket = rig.call(BOB, &withdrawCall { amount });
    assert!(!ticket.is_zero() && ticket != U256::MAX, "no ticket");
    ticket.to()
}

/// The holders of each kind of key that may be stolen, with a name.
pub const KEYS: [(&str, Address); 6] = [
    ("Governance", GOVERNANCE),
    ("Guardian", PAUSER),
    ("Council", COUNCIL),
    ("Steward", STEWARD),
    ("Sentinel", SENTINEL),
    ("nobody", MALLORY),
];
