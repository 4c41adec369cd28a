//! A protocol of two scopes and three parameters on one contract's memory, composed as a protocol would, and a ledger
//! beside it that knows what was proposed when.

#![allow(dead_code)] // each test file uses a part

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_authority::{
    abi, logic, shell, storage,
    types::{
        change, table::DELAY_ROWS, Act, Change, Direction, Incident, Outcome, Playbook, Role, Row, Situation,
        Tightening,
    },
    ChangeError, Delay,
};
use fusebox_core::{
    host::{Host, Memory},
    panel::Tier,
    slot::{element, erc7201},
    time::HOUR,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

pub const T: u64 = 1_700_000_000;
/// Governance twice, Council, Guardian twice, Steward, Sentinel, somebody.
pub const WHO: [Address; 8] = [
    Address::repeat_byte(1),
    Address::repeat_byte(2),
    Address::repeat_byte(3),
    Address::repeat_byte(4),
    Address::repeat_byte(5),
    Address::repeat_byte(6),
    Address::repeat_byte(7),
    Address::repeat_byte(8),
];
pub const ROLE: [Option<Role>; 8] = [
    Some(Role::Governance),
    Some(Role::Governance),
    Some(Role::Council),
    Some(Role::Guardian),
    Some(Role::Guardian),
    Some(Role::Steward),
    Some(Role::Sentinel),
    None,
];
pub static ROWS: [Row; 7] = [
    DELAY_ROWS[0],
    DELAY_ROWS[1],
    DELAY_ROWS[2],
    DELAY_ROWS[3],
    Row::up(0x0200, 10, 1_000, 500),
    Row::down(0x0201, 10, 1_000, 100),
    Row::contested(0x0202, 10, 1_000).after(Delay::Escrow),
];
const VALUES: U256 = erc7201("test.values");

/// Random cases of each property; `FUSEBOX_CASES` asks for another number.
pub fn cases(default: u32) -> ProptestConfig {
    let cases = std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(default);
    ProptestConfig { cases, ..ProptestConfig::default() }
}

/// What may happen; `who` is an index into [`WHO`].
#[derive(Clone, Debug)]
pub enum Step {
    Set { who: usize, scope: u32, row: usize, value: u128 },
    Overlay { who: usize, scope: u32, row: usize, value: u128, hours: u64 },
    Clear { who: usize, scope: u32, row: usize },
    Propose { who: usize, words: Vec<U256> },
    Grant { who: usize, subject: usize, role: u8 },
    Revoke { who: usize, subject: usize, role: u8 },
    Execute { who: usize, pick: usize },
    Cancel { who: usize, pick: usize },
    Run { who: usize, pick: usize, tier: u8, incident: u32, opener: usize, age: u64 },
    Retire { who: usize, pick: usize },
    Wait { hours: u64 },
}

/// A value that a row may take or just not, and of a delay's row something like one.
fn value(row: usize) -> BoxedStrategy<u128> {
    let Row { min, max, .. } = ROWS[row];
    prop_oneof![6 => min..=max, 1 => Just(min), 1 => Just(max), 1 => Just(min - 1), 1 => Just(max + 1)].boxed()
}

/// A scope, a row, a value: the delays are in scope 0 only.
fn valued() -> impl Strategy<Value = (u32, usize, u128)> {
    let place = prop_oneof![1 => (Just(0u32), 0..4usize), 4 => (0..2u32, 4..7usize)];
    place.prop_flat_map(|(scope, row)| (Just(scope), Just(row), value(row)))
}

/// The words of a random change that is no playbook.
fn plain() -> impl Strategy<Value = Vec<U256>> {
    let role = || (0..8usize, 0..5usize).prop_map(|(who, role)| (WHO[who], Role::ALL[role]));
    prop_oneof![
        6 => valued().prop_map(|(scope, row, v)| change::parameter(scope, ROWS[row].id, v).to_vec()),
        2 => role().prop_map(|(who, role)| change::grant(who, role).to_vec()),
        2 => role().prop_map(|(who, role)| change::revoke(who, role).to_vec()),
    ]
}

fn words() -> impl Strategy<Value = Vec<U256>> {
    let batch = (0..2u32, 0..5u8, any::<bool>(), prop::collection::vec(plain(), 1..3));
    let playbook = batch.prop_map(|(scope, tier, single, changes)| {
        let mut words = vec![change::playbook(scope, Tier::from_code(tier).unwrap(), single)];
        for change in changes {
            words.push(U256::from(change.len()));
            words.extend(change);
        }
        words
    });
    prop_oneof![6 => plain(), 2 => playbook]
}

/// Steps of anybody, most often of who may take them, or of one account only.
pub fn steps(who: core::ops::Range<usize>, count: core::ops::Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    let by = |apt: core::ops::Range<usize>| match who.len() {
        1 => who.clone().boxed(),
        _ => prop_oneof![4 => apt, 1 => who.clone()].boxed(),
    };
    let hours = || prop_oneof![2 => 0..40u64, 1 => Just(0), 3 => 40..200u64];
    let (tier, age) = (prop_oneof![3 => 3..5u8, 1 => 0..3u8], prop_oneof![1 => 590..610u64, 2 => Just(600)]);
    let step = prop_oneof![
        4 => (by(0..2), valued()).prop_map(|(who, (scope, row, value))| Step::Set { who, scope, row, value }),
        6 => (by(5..6), valued(), 0..80u64)
            .prop_map(|(who, (scope, row, value), hours)| Step::Overlay { who, scope, row, value, hours }),
        2 => (by(0..6), valued()).prop_map(|(who, (scope, row, _))| Step::Clear { who, scope, row }),
        6 => (by(0..2), words()).prop_map(|(who, words)| Step::Propose { who, words }),
        1 => (by(0..2), 0..8usize, 0..6u8).prop_map(|(who, subject, role)| Step::Grant { who, subject, role }),
        2 => (by(0..2), 0..5usize, 0..6u8).prop_map(|(who, subject, role)| Step::Revoke { who, subject, role }),
        8 => (by(0..8), any::<usize>()).prop_map(|(who, pick)| Step::Execute { who, pick }),
        1 => (by(2..5), any::<usize>()).prop_map(|(who, pick)| Step::Cancel { who, pick }),
        4 => (by(2..3), any::<usize>(), tier, 0..3u32, 0..8usize, age)
            .prop_map(|(who, pick, tier, incident, opener, age)| Step::Run { who, pick, tier, incident, opener, age }),
        1 => (by(0..2), any::<usize>()).prop_map(|(who, pick)| Step::Retire { who, pick }),
        8 => hours().prop_map(|hours| Step::Wait { hours }),
    ];
    prop::collection::vec(step, count)
}

/// A live proposal as the ledger has it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub submitted: u64,
    pub wait: u64,
    pub by: Address,
    /// Changes of the proposer's Governance until then.
    pub changes: u32,
}

/// The protocol and the ledger.
pub struct World {
    pub host: Memory,
    /// Words that were ever proposed.
    pub known: Vec<Vec<U256>>,
    /// Live proposals by their words.
    pub live: BTreeMap<Vec<U256>, Entry>,
    /// Approved batches with the entry of their proposal, and how often they ran, by incident.
    pub books: BTreeMap<Vec<U256>, (Entry, BTreeMap<u32, u32>)>,
    /// Changes of Governance by account.
    pub changes: BTreeMap<Address, u32>,
    seen: usize,
}

/// What a step did.
pub struct Done {
    pub ok: bool,
    /// What had waited for it: an executed proposal, or the proposal of a playbook that was run.
    pub cause: Option<Entry>,
    /// The words that were executed, or the batch that was run.
    pub words: Vec<U256>,
}

/// Every scope and row that has a value.
pub fn places() -> impl Iterator<Item = (u32, &'static Row)> {
    ROWS.iter().map(|row| (0, row)).chain(ROWS[4..].iter().map(|row| (1, row)))
}

fn one(all: Vec<Vec<U256>>, pick: usize) -> Vec<U256> {
    all.get(pick.checked_rem(all.len()).unwrap_or(0)).cloned().unwrap_or_default()
}

fn slot(scope: u32, id: u16) -> U256 {
    element(VALUES, u64::from(scope) << 16 | u64::from(id))
}

/// The approved value, as a composer keeps it.
pub fn approved(host: &Memory, scope: u32, id: u16) -> u128 {
    shell::own_value(host, (scope, id)).unwrap_or_else(|| host.load(slot(scope, id)).to::<u128>())
}

pub fn approve(host: &mut Memory, scope: u32, id: u16, value: u128) {
    if !shell::set_own_value(host, (scope, id), value) {
        host.store(slot(scope, id), U256::from(value));
    }
}

/// A composer's entry `set`.
pub fn set(host: &mut Memory, at: (u32, u16), value: u128) -> Result<Outcome, ChangeError> {
    let before = approved(host, at.0, at.1);
    let outcome = shell::set(host, &ROWS, at, before, value)?;
    if outcome == Outcome::Apply {
        carry(host, &Change::decode(&change::parameter(at.0, at.1, value))?);
    }
    Ok(outcome)
}

/// What a composer does with a change that may happen now.
pub fn carry(host: &mut Memory, change: &Change<'_>) {
    if change.act == Act::Parameter {
        let previous = approved(host, change.scope, change.id);
        approve(host, change.scope, change.id, change.value());
        shell::note(host, (change.scope, change.id), previous, change.value());
    }
}

impl World {
    pub fn new() -> Self {
        let mut host = Memory { now: T, ..Memory::default() };
        shell::establish(&mut host, WHO[0]).unwrap();
        for (who, role) in WHO.iter().zip(ROLE) {
            if let Some(role) = role {
                shell::install(&mut host, *who, role).unwrap();
            }
        }
        for scope in 0..2 {
            for row in &ROWS[4..] {
                approve(&mut host, scope, row.id, 300);
            }
        }
        let seen = host.logs.len();
        Self { host, known: Vec::new(), live: BTreeMap::new(), books: BTreeMap::new(), changes: BTreeMap::new(), seen }
    }

    /// The words at a random index, of what is live or of what ever was, if anything was.
    pub fn pick(&self, pick: usize) -> Vec<U256> {
        let known = self.known.iter().filter(|words| pick & 1 == 0 || self.live.contains_key(*words));
        one(known.cloned().collect(), pick / 2)
    }

    /// The batch of a playbook at a random index, of what is approved or of what was proposed.
    pub fn pick_batch(&self, pick: usize) -> Vec<U256> {
        let batches =
            self.known.iter().filter(|words| words[0].as_limbs()[0] & 0xff == 6).map(|words| words[1..].to_vec());
        one(batches.filter(|batch| pick & 1 == 0 || self.books.contains_key(batch)).collect(), pick / 2)
    }

    /// What is in force, whether or not a flag would say that there is an overlay.
    pub fn in_force(&self, scope: u32, row: &Row) -> u128 {
        shell::effective(&self.host, row.direction, (scope, row.id), approved(&self.host, scope, row.id))
    }

    /// Every approved value, by scope and row.
    pub fn values(&self) -> Vec<u128> {
        places().map(|(scope, row)| approved(&self.host, scope, row.id)).collect()
    }

    pub fn roles(&self) -> Vec<u8> {
        WHO.iter().map(|who| storage::account(&self.host, *who).roles.bits()).collect()
    }

    /// How long a change waits if proposed now: written down apart from the code under test.
    pub fn wait(&self, words: &[U256]) -> u64 {
        let delay = |id| u64::try_from(shell::own_value(&self.host, (0, id)).unwrap()).unwrap();
        let (act, id) = (words[0].as_limbs()[0] & 0xff, words[0].as_limbs()[0] >> 8 & 0xffff);
        match (act, id) {
            (0, 0x0100) | (0, 0x0200) | (0, 0x0201) => delay(0x0100),
            (0, 0x0101) | (1..=3, _) => delay(0x0101),
            (0, 0x0102) => delay(0x0102),
            (0, 0x0103) | (0, 0x0202) => delay(0x0103),
            _ => (0x0100..0x0104).map(delay).max().unwrap(),
        }
    }

    /// One step; the ledger follows what the logs say.
    pub fn go(&mut self, step: &Step) -> Done {
        if let Step::Wait { hours } = step {
            self.host.now += hours * HOUR;
            return Done { ok: true, cause: None, words: Vec::new() };
        }
        let (who, words) = self.words(step);
        let wait = if words.is_empty() { 0 } else { self.wait(&words) };
        let ok = self.act(step, who, &words).is_ok();
        let cause = if ok { self.follow(step, who, &words, wait) } else { None };
        Done { ok, cause, words }
    }

    /// The same once more, on the same words: whether it succeeded.
    pub fn again(&mut self, step: &Step, words: &[U256]) -> bool {
        let (who, _) = self.words(step);
        self.act(step, who, words).is_ok()
    }

    /// Who acts, and the words that the step proposes, executes, cancels or runs.
    fn words(&self, step: &Step) -> (Address, Vec<U256>) {
        let role = |role: u8| Role::from_code(role).unwrap_or(Role::Sentinel);
        let (who, words) = match step {
            Step::Set { who, scope, row, value } => (who, change::parameter(*scope, ROWS[*row].id, *value).to_vec()),
            Step::Propose { who, words } => (who, words.clone()),
            Step::Grant { who, subject, role: r } => (who, change::grant(WHO[*subject], role(*r)).to_vec()),
            Step::Revoke { who, subject, role: r } => (who, change::revoke(WHO[*subject], role(*r)).to_vec()),
            Step::Execute { who, pick } | Step::Cancel { who, pick } => (who, self.pick(*pick)),
            Step::Run { who, pick, .. } | Step::Retire { who, pick } => (who, self.pick_batch(*pick)),
            Step::Overlay { who, .. } | Step::Clear { who, .. } => (who, Vec::new()),
            Step::Wait { .. } => (&7, Vec::new()),
        };
        (WHO[*who], words)
    }

    /// The step as a composer's entry does it.
    fn act(&mut self, step: &Step, who: Address, words: &[U256]) -> Result<(), ChangeError> {
        self.host.call(who, |h| match *step {
            Step::Set { scope, row, value, .. } => {
                let at = (scope, ROWS[row].id);
                set(h, at, value).map(drop)
            }
            Step::Overlay { scope, row, value, hours, .. } => {
                let (id, secs) = (ROWS[row].id, hours * HOUR);
                let before = approved(h, scope, id);
                shell::set_overlay(h, &ROWS, (scope, id), before, Tightening { value, secs })
            }
            Step::Clear { scope, row, .. } => {
                let id = ROWS[row].id;
                let before = approved(h, scope, id);
                shell::clear_overlay(h, &ROWS, (scope, id), before)
            }
            Step::Propose { .. } => shell::propose(h, &ROWS, words).map(drop),
            Step::Grant { subject, role, .. } => shell::grant(h, WHO[subject], role),
            Step::Revoke { subject, role, .. } => shell::revoke(h, WHO[subject], role),
            Step::Execute { .. } => {
                let change = shell::execute(h, &ROWS, words)?;
                carry(h, &change);
                Ok(())
            }
            Step::Cancel { .. } => shell::cancel(h, words),
            Step::Run { tier, incident, opener, age, .. } => {
                let situation = situation(h, words, tier, incident, WHO[opener], age);
                shell::run(h, &ROWS, words, &situation, &mut |h, change| {
                    carry(h, change);
                    Ok(())
                })
            }
            Step::Retire { .. } => shell::retire(h, shell::hash(h, words)),
            Step::Wait { .. } => Ok(()),
        })
    }

    /// The ledger after a step that succeeded; what had waited for it.
    fn follow(&mut self, step: &Step, who: Address, words: &[U256], wait: u64) -> Option<Entry> {
        let logs: Vec<B256> = self.host.logs[self.seen..].iter().map(|log| log.topics[0]).collect();
        let has = |signature| logs.contains(&signature);
        let cause = match step {
            _ if has(abi::Proposed::SIGNATURE_HASH) => {
                let changes = self.changes.get(&who).copied().unwrap_or_default();
                self.live.insert(words.to_vec(), Entry { submitted: self.host.now, wait, by: who, changes });
                self.known.push(words.to_vec());
                None
            }
            Step::Cancel { .. } => self.live.remove(words).and(None),
            Step::Execute { .. } => {
                let entry = self.live.remove(words);
                if words[0].as_limbs()[0] & 0xff == 6 {
                    self.books.insert(words[1..].to_vec(), (entry.clone().unwrap(), BTreeMap::new()));
                }
                entry
            }
            Step::Run { incident, .. } => self.books.get_mut(words).map(|(entry, runs)| {
                *runs.entry(*incident).or_default() += 1;
                entry.clone()
            }),
            _ => None,
        };
        for log in &self.host.logs[self.seen..] {
            if log.topics[0] == abi::RoleSet::SIGNATURE_HASH && log.topics[2].is_zero() {
                *self.changes.entry(Address::from_word(log.topics[1])).or_default() += 1;
            }
        }
        self.seen = self.host.logs.len();
        cause
    }
}

/// The situation in the playbook's own scope.
pub fn situation(host: &Memory, batch: &[U256], tier: u8, incident: u32, opened_by: Address, age: u64) -> Situation {
    let Playbook { scope, .. } = storage::playbook(host, shell::hash(host, batch));
    let incident = (incident > 0).then(|| Incident { id: incident, opened_by, opened_at: host.now - age });
    Situation { scope, tier: Tier::from_code(tier).unwrap(), incident }
}

/// Whether a value moved other than to the safer side: judged apart from the code under test.
pub fn loosened(before: &[u128], after: &[u128]) -> bool {
    places().zip(before.iter().zip(after)).any(|((_, row), (from, to))| match row.id {
        0x0201 => to > from,
        0x0202 => to != from,
        _ => to < from,
    })
}

/// Whether somebody has a role that they had not.
pub fn granted(before: &[u8], after: &[u8]) -> bool {
    before.iter().zip(after).any(|(before, after)| after & !before != 0)
}

/// Whether `value` is at least as safe as `than`.
pub fn at_least(direction: Direction, value: u128, than: u128) -> bool {
    match direction {
        Direction::UpTightens => value >= than,
        Direction::DownTightens => value <= than,
        Direction::Contested => value == than,
    }
}

/// Whether a row's value is within its bounds.
pub fn within(row: &Row, value: u128) -> bool {
    logic::table::within(row, value).is_ok() && (row.min..=row.max).contains(&value)
}
