//! A protocol's roles, parameters, queue, overlays and playbooks through any history of who asks for what and when:
//! nothing loosens before its time, by whatever way.
#![no_main]

use alloy_primitives::{Address, B256, U256};
use arbitrary::Arbitrary;
use fusebox_authority::logic::{self, overlay, playbook, queue, table};
use fusebox_authority::types::overlay::{EPISODE_SECS, OVERLAY_SECS};
use fusebox_authority::types::playbook::INCIDENT_AGE_SECS;
use fusebox_authority::types::proposal::READY_SECS;
use fusebox_authority::types::table::{is_table, own_delay, DEFAULT_DELAYS, DELAY_ROWS};
use fusebox_authority::types::{
    change, Delays, Direction, Incident, Outcome, Overlay, Playbook, Proposal, Situation, Stage, Tightening,
};
use fusebox_authority::{Account, Act, Change, ChangeError, Delay, Holders, Role, Row};
use fusebox_core::panel::Tier;
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;

const START: u64 = 1_700_000_000;
const ACCOUNTS: usize = 5;
/// The module's own four, and one of each kind.
const ROWS: [Row; 8] = [
    DELAY_ROWS[0],
    DELAY_ROWS[1],
    DELAY_ROWS[2],
    DELAY_ROWS[3],
    Row::up(0x0200, 10, 1_000, 700),
    Row::down(0x0201, 10, 1_000, 100),
    Row::contested(0x0202, 10, 1_000),
    Row::up(0x0203, 0, u128::MAX, 0).after(Delay::Upgrade),
];
const _: () = assert!(is_table(&ROWS));

#[derive(Arbitrary, Debug, Clone)]
enum What {
    Value { place: u8, value: u16 },
    Role { grant: bool, whom: u8, role: u8 },
    Guardian { whom: u8, secs: u16 },
    Other { act: u8, id: u16, args: [u64; 2] },
    Raw { words: Vec<[u64; 4]> },
}

#[derive(Arbitrary, Debug)]
enum Ask {
    Set { place: u8, value: u16 },
    Propose { what: What },
    Approve { scope: bool, tier: u8, single: bool, batch: [What; 2], short: bool },
    Role { grant: bool, whom: u8, role: u8 },
    Execute { at: u8, early: bool },
    Cancel { at: u8 },
    Overlay { place: u8, value: u16, hours: u8 },
    End { place: u8 },
    Incident { scope: bool },
    Run { at: u8, scope: bool, tier: u8, open: bool },
    Retire { at: u8 },
    Wait { hours: u8, secs: u8 },
}

#[derive(Arbitrary, Debug)]
struct History {
    /// Below 16: account 0 is a thief who acts alone, while two who can cancel do.
    stolen: u8,
    /// Who asks; from 64 on whoever has the role for it.
    steps: Vec<(u8, Ask)>,
}

/// What the model knows of a proposal: when, the delay in force then, and its proposer's changes of Governance.
#[derive(Clone, Copy)]
struct Entry {
    submitted: u64,
    wait: u64,
    by: usize,
    term: u32,
}

#[derive(Clone)]
struct World {
    now: u64,
    accounts: [Account; ACCOUNTS],
    holders: Holders,
    changes: [(u32, u32); ACCOUNTS],
    delays: Delays,
    values: BTreeMap<(u32, u16), u128>,
    proposals: BTreeMap<Vec<U256>, (Proposal, Option<Entry>)>,
    overlays: BTreeMap<(u32, u16), Overlay>,
    episodes: [u64; 2],
    /// Spans in which an overlay of the scope was in force.
    spans: [Vec<(u64, u64)>; 2],
    playbooks: BTreeMap<Vec<U256>, (Playbook, Entry)>,
    incidents: [Incident; 2],
    /// What the last step carried out had waited.
    cause: Option<Entry>,
}

fn who(account: usize) -> Address {
    Address::with_last_byte(account as u8 + 1)
}

fn index(account: u8) -> usize {
    usize::from(account) % ACCOUNTS
}

/// A row and its scope: the module's own rows are the protocol's.
fn place(place: u8) -> (u32, &'static Row) {
    let row = &ROWS[usize::from(place) % ROWS.len()];
    (if own_delay((0, row.id)).is_some() { 0 } else { u32::from(place >> 7) }, row)
}

fn value(row: &Row, value: u16) -> u128 {
    match value {
        0 => row.min,
        u16::MAX => row.max,
        1 => row.max.wrapping_add(1),
        value => row.min + (row.max.min(3_000_000) - row.min) * u128::from(value) / 65_536,
    }
}

fn at_least(direction: Direction, value: u128, than: u128) -> bool {
    match direction {
        Direction::UpTightens => value >= than,
        Direction::DownTightens => value <= than,
        Direction::Contested => value == than,
    }
}

fn words(what: &What) -> Vec<U256> {
    match what {
        What::Value { place: at, value: n } => {
            let (scope, row) = place(*at);
            change::parameter(scope, row.id, value(row, *n)).to_vec()
        }
        What::Role { grant: true, whom, role } => {
            change::grant(who(index(*whom)), Role::ALL[usize::from(*role) % 5]).to_vec()
        }
        What::Role { whom, role, .. } => change::revoke(who(index(*whom)), Role::ALL[usize::from(*role) % 5]).to_vec(),
        What::Guardian { whom, secs } => change::guardian(who(index(*whom)), 1, u32::from(*secs)).to_vec(),
        What::Other { act, id, args } => {
            let act = [Act::Upgrade, Act::Escrow, Act::Protocol][usize::from(*act) % 3];
            [change::header(act, *id, 1), U256::from(args[0]), U256::from(args[1])].to_vec()
        }
        What::Raw { words } => words.iter().take(6).map(|limbs| U256::from_limbs(*limbs)).collect(),
    }
}

impl World {
    fn new(stolen: bool) -> Self {
        let incident = Incident { id: 0, opened_by: who(0), opened_at: START };
        let mut world = Self {
            now: START,
            accounts: Default::default(),
            holders: Holders::default(),
            changes: Default::default(),
            delays: Delays::default(),
            values: BTreeMap::new(),
            proposals: BTreeMap::new(),
            overlays: BTreeMap::new(),
            episodes: [0; 2],
            spans: Default::default(),
            playbooks: BTreeMap::new(),
            incidents: [incident; 2],
            cause: None,
        };
        world.set_role(0, Role::Governance, true).unwrap();
        let rest = [(1, Role::Governance), (2, Role::Council), (3, Role::Guardian), (4, Role::Steward)];
        for (account, role) in rest.into_iter().skip(usize::from(!stolen)) {
            world.set_role(account, role, true).unwrap();
        }
        for scope in 0..2 {
            for row in &ROWS[4..] {
                world.values.insert((scope, row.id), row.min + 490);
            }
        }
        // Two playbooks that have waited: one for single use.
        let entry = Entry { submitted: START - 30 * 86_400, wait: 7 * 86_400, by: 0, term: 1 };
        for single in [false, true] {
            let batch = change::parameter(0, 0x0202, 20 + u128::from(single));
            let words = [&[change::playbook(0, Tier::Guarded, single), U256::from(2)], &batch[..]].concat();
            world.apply(&Change::decode(&words).unwrap(), entry).unwrap();
        }
        world
    }

    fn value(&self, (scope, id): (u32, u16)) -> u128 {
        own_delay((scope, id)).map_or_else(|| self.values[&(scope, id)], |delay| self.delays.of(delay).into())
    }

    fn places(&self) -> impl Iterator<Item = (u32, &'static Row)> {
        ROWS[..4]
            .iter()
            .map(|row| (0, row))
            .chain((0..2).flat_map(|scope| ROWS[4..].iter().map(move |row| (scope, row))))
    }

    fn in_force(&self, scope: u32, row: &Row) -> u128 {
        let overlay = self.overlays.get(&(scope, row.id)).copied().unwrap_or_default();
        overlay::effective(row.direction, self.value((scope, row.id)), &overlay, self.now)
    }

    fn has(&self, account: usize, role: Role) -> bool {
        let held = self.accounts[account].roles.has(role);
        assert_eq!(logic::require(self.accounts[account], who(account), role).is_ok(), held, "AU-1");
        held
    }

    fn set_role(&mut self, account: usize, role: Role, grant: bool) -> Result<(), ChangeError> {
        let act = if grant { logic::grant } else { logic::revoke };
        let before = self.accounts[account];
        let ((next, holders), effect) = act((before, self.holders), who(account), role)?;
        assert_eq!(next.roles, before.roles.with(role, grant), "AU-1");
        assert_eq!(effect.changed, before.roles.has(role) != grant, "AU-4");
        assert!(effect.changed || (next, holders) == (before, self.holders), "AU-4");
        let (epochs, terms) = &mut self.changes[account];
        *epochs += u32::from(effect.changed);
        *terms += u32::from(effect.changed && role == Role::Governance);
        (self.accounts[account], self.holders) = (next, holders);
        Ok(())
    }

    /// How long a change waits by the delays in force, in the README's words.
    fn delay(&self, change: &Change<'_>) -> u64 {
        let of = |delay: Delay| self.value((0, DELAY_ROWS[usize::from(delay.code())].id)) as u64;
        match change.act {
            Act::Parameter => of(ROWS.iter().find(|row| row.id == change.id).unwrap().delay),
            Act::Grant | Act::Revoke | Act::Guardian => of(Delay::Role),
            Act::Upgrade => of(Delay::Upgrade),
            Act::Escrow => of(Delay::Escrow),
            Act::Playbook => Delay::ALL.into_iter().map(of).max().unwrap(),
            Act::Protocol => of(Delay::Parameter),
        }
    }

    fn check(change: &Change<'_>) -> Result<(), ChangeError> {
        match change.act {
            Act::Parameter => table::parameter(change, &ROWS).map(drop),
            Act::Playbook => playbook::check(change.args, &ROWS),
            _ => Ok(()),
        }
    }

    fn state(&self, words: &[U256]) -> queue::State {
        let (proposal, _) = self.proposals.get(words).copied().unwrap_or_default();
        let proposer = (0..ACCOUNTS).find(|account| who(*account) == proposal.by);
        (proposal, proposer.map_or_else(Account::default, |account| self.accounts[account]))
    }

    fn submit(&mut self, by: usize, words: &[U256]) -> Result<(), ChangeError> {
        let change = Change::decode(words)?;
        assert_eq!(change::header(change.act, change.id, change.scope), words[0], "one spelling");
        Self::check(&change)?;
        let wait = table::wait(&change, &ROWS, &self.delays)?;
        assert_eq!(wait, self.delay(&change), "AU-7");
        let state = self.state(words);
        let account = self.accounts[by];
        let (proposal, changed) = queue::propose(state, (who(by), account), change.act, wait, self.now)?;
        let alive = matches!(queue::stage(&state, self.now), Stage::Waiting | Stage::Ready);
        assert!(changed != alive && (changed || proposal == state.0), "AU-10");
        assert_eq!(Proposal::unpack(proposal.pack()), proposal, "AU-6");
        if changed {
            let entry = Entry { submitted: self.now, wait, by, term: self.changes[by].1 };
            self.proposals.insert(words.to_vec(), (proposal, Some(entry)));
        }
        Ok(())
    }

    fn apply(&mut self, change: &Change<'_>, entry: Entry) -> Result<(), ChangeError> {
        Self::check(change)?;
        let account = (0..ACCOUNTS).find(|account| who(*account) == change.account());
        match (change.act, account) {
            (Act::Grant | Act::Revoke, Some(account)) => {
                self.set_role(account, change.role()?, change.act == Act::Grant)?;
            }
            (Act::Playbook, _) => {
                self.playbooks.insert(change.args.to_vec(), (playbook::register(change, self.now), entry));
            }
            (Act::Parameter, _) => self.set_value((change.scope, change.id), change.value()),
            _ => (),
        }
        Ok(())
    }

    fn set_value(&mut self, at: (u32, u16), value: u128) {
        match own_delay(at) {
            Some(delay) => self.delays = self.delays.with(delay, value as u64),
            None => drop(self.values.insert(at, value)),
        }
    }

    fn execute(&mut self, words: &[U256]) -> Result<(), ChangeError> {
        let state = self.state(words);
        let entry = self.proposals.get(words).and_then(|(_, entry)| *entry);
        let dead = entry.is_some_and(|entry| {
            !self.accounts[entry.by].roles.has(Role::Governance) || self.changes[entry.by].1 != entry.term
        });
        let stage = queue::stage(&state, self.now);
        assert_eq!(stage == Stage::Dead, dead, "AU-13, AU-14");
        assert_eq!(stage == Stage::Absent, entry.is_none(), "AU-11");
        let left = queue::execute(state, B256::ZERO, self.now)?;
        let entry = entry.expect("AU-11");
        let ready = entry.submitted + entry.wait;
        assert!(ready <= self.now && self.now < ready + READY_SECS, "AU-7");
        self.proposals.insert(words.to_vec(), (left, None));
        self.cause = Some(entry);
        self.apply(&Change::decode(words)?, entry)
    }

    fn cancel(&mut self, by: usize, words: &[U256]) -> Result<(), ChangeError> {
        let (proposal, entry) = self.proposals[words];
        let (change, account) = (Change::decode(words)?, self.accounts[by]);
        let may = account.roles.has(Role::Council)
            || account.roles.has(Role::Guardian)
            || entry.is_some_and(|entry| entry.by == by);
        let own = matches!(change.act, Act::Revoke | Act::Guardian) && change.account() == who(by);
        let result = queue::cancel(proposal, &change, (who(by), account.roles));
        assert_eq!(result.is_ok(), may && !own, "AU-14");
        self.proposals.insert(words.to_vec(), (result?.0, None));
        Ok(())
    }

    fn run_playbook(&mut self, by: usize, batch: &[U256], situation: &Situation) -> Result<(), ChangeError> {
        logic::require(self.accounts[by], who(by), Role::Council)?;
        let (before, entry) = self.playbooks[batch];
        let next = playbook::run(before, B256::ZERO, situation, who(by), self.now)?;
        let incident = situation.incident.expect("AU-16");
        assert!(before.armed && self.now < before.until, "AU-16");
        assert!(situation.scope == before.scope && situation.tier >= before.tier, "AU-16");
        assert!(incident.opened_by != who(by), "AU-16");
        assert!(self.now >= incident.opened_at + INCIDENT_AGE_SECS, "AU-16");
        assert!(before.runs == 0 || (!before.single && before.incident < incident.id), "AU-17");
        assert_eq!(Playbook::unpack(next.pack()), next, "AU-6");
        assert!(playbook::run(next, B256::ZERO, situation, who(by), self.now).is_err(), "AU-17");
        self.playbooks.insert(batch.to_vec(), (next, entry));
        self.cause = Some(entry);
        let mut rest = batch;
        while let Some((words, after)) = playbook::next(rest)? {
            self.apply(&Change::decode(words)?, entry)?;
            rest = after;
        }
        Ok(())
    }

    fn overlay(&mut self, by: usize, at: u8, n: u16, secs: u64) -> Result<(), ChangeError> {
        logic::require(self.accounts[by], who(by), Role::Steward)?;
        let (scope, row) = place(at);
        let (key, approved) = ((scope, row.id), self.value((scope, row.id)));
        let state = (self.overlays.get(&key).copied().unwrap_or_default(), self.episodes[scope as usize]);
        let before = self.in_force(scope, row);
        // Mostly between what is in force and the floor.
        let between = before.min(row.floor) + before.abs_diff(row.floor).min(3_000_000) * u128::from(n) / 65_535;
        let asked = Tightening { value: if n % 4 == 0 { value(row, n) } else { between }, secs };
        let ((next, episode), effect) = overlay::tighten(state, row, approved, self.now, asked)?;
        assert_eq!(Overlay::unpack(next.pack()), next, "AU-6");
        assert!(effect.changed == ((next, episode) != state), "AU-10");
        let again = overlay::tighten((next, episode), row, approved, self.now, asked)?;
        assert!(again.0 == (next, episode) && !again.1.changed, "AU-10");
        self.overlays.insert(key, next);
        self.episodes[scope as usize] = episode;
        let after = self.in_force(scope, row);
        assert!(at_least(row.direction, after, before) && (effect.previous, effect.current) == (before, after), "AU-8");
        Ok(())
    }

    fn end(&mut self, by: usize, at: u8) -> Result<(), ChangeError> {
        let (scope, row) = place(at);
        let key = (scope, row.id);
        let state = (self.overlays.get(&key).copied().unwrap_or_default(), self.episodes[scope as usize]);
        let (roles, live) = (self.accounts[by].roles, state.0.is_live(self.now));
        let result = overlay::end(state, row.direction, self.value(key), self.now, (who(by), roles));
        let may = [Role::Governance, Role::Council, Role::Steward].into_iter().any(|role| roles.has(role));
        assert_eq!(result.is_ok(), may || !live, "AU-8");
        self.overlays.insert(key, result?.0);
        assert_eq!(self.in_force(scope, row), self.value(key), "AU-8");
        Ok(())
    }

    fn wait(&mut self, secs: u64) {
        let end = self.now + secs;
        for (scope, spans) in self.spans.iter_mut().enumerate() {
            let of = |(at, _): &(&(u32, u16), &Overlay)| at.0 as usize == scope;
            let until = self.overlays.iter().filter(of).map(|(_, overlay)| overlay.until).max().unwrap_or(0);
            if until > self.now && secs > 0 {
                spans.push((self.now, until.min(end)));
            }
            let within = |(from, to): &(u64, u64)| to.saturating_sub((*from).max(end.saturating_sub(EPISODE_SECS)));
            let last = spans.last().map_or(end, |(_, to)| *to);
            let to_last = |(from, to): &(u64, u64)| to.saturating_sub((*from).max(last.saturating_sub(EPISODE_SECS)));
            assert!(spans.iter().map(within).sum::<u64>() <= OVERLAY_SECS, "AU-9");
            assert!(spans.iter().map(to_last).sum::<u64>() <= OVERLAY_SECS, "AU-9");
        }
        self.now = end;
    }

    fn pick(&self, at: u8) -> Option<Vec<U256>> {
        (!self.proposals.is_empty())
            .then(|| self.proposals.keys().nth(usize::from(at) % self.proposals.len()).unwrap().clone())
    }

    fn pick_batch(&self, at: u8) -> Option<Vec<U256>> {
        (!self.playbooks.is_empty())
            .then(|| self.playbooks.keys().nth(usize::from(at) % self.playbooks.len()).unwrap().clone())
    }

    fn act(&mut self, by: usize, ask: &Ask) -> Result<(), ChangeError> {
        let governance = |world: &Self| logic::require(world.accounts[by], who(by), Role::Governance);
        match ask {
            Ask::Set { place: at, value: n } => {
                governance(self)?;
                let (scope, row) = place(*at);
                let (key, asked) = ((scope, row.id), value(row, *n));
                match table::decide(table::row(&ROWS, row.id)?, self.value(key), asked)? {
                    Outcome::Unchanged => assert_eq!(asked, self.value(key), "AU-10"),
                    Outcome::Apply => self.set_value(key, asked),
                    Outcome::Delayed(_) => self.submit(by, &change::parameter(scope, row.id, asked))?,
                }
            }
            Ask::Propose { what } => self.submit(by, &words(what))?,
            Ask::Approve { scope, tier, single, batch, short } => {
                let tier = Tier::from_code(tier % 5).unwrap();
                let mut all = vec![change::playbook(u32::from(*scope), tier, *single)];
                for what in batch.iter().skip(usize::from(*short)) {
                    let words = words(what);
                    all.push(U256::from(words.len()));
                    all.extend(words);
                }
                self.submit(by, &all)?;
            }
            Ask::Role { grant, whom, role } => {
                governance(self)?;
                let (whom, role) = (index(*whom), Role::ALL[usize::from(*role) % 5]);
                let state = (self.accounts[whom], self.holders);
                match (grant, logic::decide_revoke(state, who(by), who(whom), role)) {
                    (true, _) if !state.0.roles.has(role) => self.submit(by, &change::grant(who(whom), role))?,
                    (false, Ok(Outcome::Apply)) => self.set_role(whom, role, false)?,
                    (false, Ok(Outcome::Delayed(_))) => self.submit(by, &change::revoke(who(whom), role))?,
                    (false, Err(error)) => return Err(error.into()),
                    _ => (),
                }
            }
            Ask::Execute { at, early } => {
                let Some(words) = self.pick(*at) else { return Ok(()) };
                // Mostly in the second in which its time comes.
                let earliest = self.proposals[&words].0.earliest;
                if !early && earliest > self.now {
                    self.wait(earliest - self.now);
                }
                self.execute(&words)?;
            }
            Ask::Cancel { at } => self.pick(*at).map_or(Ok(()), |words| self.cancel(by, &words))?,
            Ask::Overlay { place, value, hours } => self.overlay(by, *place, *value, u64::from(*hours % 80) * 3_600)?,
            Ask::End { place } => self.end(by, *place)?,
            Ask::Incident { scope } => {
                let incident = &mut self.incidents[usize::from(*scope)];
                *incident = Incident { id: incident.id + 1, opened_by: who(by), opened_at: self.now };
            }
            Ask::Run { at, scope, tier, open } => {
                let Some(batch) = self.pick_batch(*at) else { return Ok(()) };
                let incident = self.incidents[usize::from(*scope)];
                let incident = (*open && incident.id > 0).then_some(incident);
                let tier = Tier::from_code(tier % 5).unwrap();
                self.run_playbook(by, &batch, &Situation { scope: u32::from(*scope), tier, incident })?;
            }
            Ask::Retire { at } => {
                governance(self)?;
                if let Some(batch) = self.pick_batch(*at) {
                    self.playbooks.get_mut(&batch).unwrap().0.armed = false;
                }
            }
            Ask::Wait { hours, secs } => self.wait(u64::from(*hours % 100) * 3_600 + u64::from(*secs)),
        }
        Ok(())
    }

    /// One step, as a transaction: an error leaves nothing.
    fn step(&mut self, by: usize, ask: &Ask) {
        let before = self.clone();
        self.cause = None;
        if self.act(by, ask).is_err() {
            *self = before;
            return;
        }
        let slack = before.places().any(|(scope, row)| {
            let key = (scope, row.id);
            before.value(key) != self.value(key) && !at_least(row.direction, self.value(key), before.value(key))
        });
        let both = || before.accounts.iter().zip(&self.accounts).enumerate();
        let granted = both().any(|(_, (was, is))| is.roles.bits() & !was.roles.bits() != 0);
        let grave = both().any(|(account, (was, is))| {
            let lost = |role| was.roles.has(role) && !is.roles.has(role);
            let last = |role| before.holders.of(role) == 1 && lost(role);
            account != by && lost(Role::Governance) || last(Role::Council) || last(Role::Guardian)
        });
        if slack || granted || grave {
            let entry = self.cause.expect("AU-7: at once");
            assert!(entry.submitted + entry.wait <= self.now, "AU-7");
        }
        let carried = matches!(ask, Ask::Execute { .. } | Ask::Run { .. });
        if !before.has(by, Role::Governance) && !carried {
            assert!(before.values == self.values && before.delays == self.delays, "AU-18");
            assert_eq!(before.accounts, self.accounts, "AU-18");
        }
    }

    fn holds(&self) {
        assert!(self.accounts.iter().any(|account| account.roles.has(Role::Governance)), "AU-3");
        for role in Role::ALL {
            let count = self.accounts.iter().filter(|account| account.roles.has(role)).count();
            assert_eq!(self.holders.of(role) as usize, count, "AU-5");
        }
        assert_eq!(Holders::unpack(self.holders.pack()), self.holders, "AU-6");
        assert_eq!(Delays::unpack(self.delays.pack()), self.delays, "AU-6");
        for (account, changes) in self.accounts.iter().zip(self.changes) {
            assert_eq!((account.epoch, account.term), changes, "AU-2");
            assert_eq!(Account::unpack(account.pack()), *account, "AU-6");
        }
        for (scope, row) in self.places() {
            let (approved, value) = (self.value((scope, row.id)), self.in_force(scope, row));
            assert!(row.min <= approved && approved <= row.max && row.min <= value && value <= row.max, "AU-12");
            assert!(at_least(row.direction, value, approved), "AU-8");
            assert!(value == approved || at_least(row.direction, row.floor, value), "AU-8");
        }
    }
}

/// Who may ask for that.
fn holder(by: u8, ask: &Ask) -> usize {
    match ask {
        Ask::Run { .. } => 2,
        Ask::Cancel { .. } => 2 + usize::from(by % 2),
        Ask::Overlay { .. } | Ask::End { .. } => 4,
        _ => usize::from(by % 2),
    }
}

fuzz_target!(|history: History| {
    let stolen = history.stolen < 16;
    let mut world = World::new(stolen);
    assert_eq!(world.value((0, DELAY_ROWS[1].id)), u128::from(DEFAULT_DELAYS[1]));
    let first = world.clone();
    for (by, ask) in history.steps.iter().take(80) {
        let wait = matches!(ask, Ask::Wait { .. });
        let account = match by {
            _ if stolen => 0,
            0..64 => index(*by),
            64.. => holder(*by, ask),
        };
        world.step(account, ask);
        world.holds();
        if !stolen || wait {
            continue;
        }
        // Two who can cancel do, each what the other must not.
        for words in world.proposals.keys().cloned().collect::<Vec<_>>() {
            let _ = (world.cancel(2, &words), world.cancel(3, &words));
        }
        let proposals = world.proposals.values();
        assert!(proposals.into_iter().all(|(proposal, _)| proposal.earliest == 0), "AU-15: not cancelled");
        for (scope, row) in first.places() {
            let key = (scope, row.id);
            let (is, was) = (world.value(key), first.value(key));
            assert!(at_least(row.direction, is, was), "AU-15: loosened");
        }
        let roles = |world: &World| world.accounts.map(|account| account.roles.bits());
        assert!(roles(&world).into_iter().zip(roles(&first)).all(|(is, was)| is & !was == 0), "AU-15: granted");
        let kept = [(1, Role::Governance), (2, Role::Council), (3, Role::Guardian)];
        assert!(kept.into_iter().all(|(account, role)| world.has(account, role)), "AU-15: lost");
    }
});
