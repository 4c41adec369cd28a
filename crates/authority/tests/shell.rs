//! The shell on one contract's memory: access, events, round trip, a revert that leaves nothing.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)] // tests

mod world;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolError, SolEvent};
use fusebox_authority::{
    abi, shell, storage,
    types::{change, table::DELAY_ROWS, Incident, Overlay, Situation, Tightening},
    Act, Change, ChangeError, Error, Outcome, Role, Row,
};
use fusebox_core::{
    host::{Host, Memory},
    panel::Tier,
    slot::{element, erc7201},
    time::{DAY, HOUR},
};
use world::{approve, approved, carry, set, World, ROLE, ROWS, T, WHO};

const GOVERNANCE: Address = Address::repeat_byte(0xee);
const OTHER: Address = Address::repeat_byte(0x22);

fn house() -> Memory {
    let mut host = Memory::default();
    host.call(OTHER, |h| shell::establish(h, GOVERNANCE)).unwrap();
    host
}

#[test]
fn roles_are_installed_and_revoked_and_the_events_say_from_what_to_what() {
    let mut host = house();
    for role in [Role::Council, Role::Steward] {
        host.call(OTHER, |h| shell::install(h, OTHER, role)).unwrap();
    }
    assert_eq!(shell::roles_of(&host, OTHER), U256::from(0b01010u64 | 2 << 32));
    host.call(OTHER, |h| shell::require(h, Role::Council)).unwrap();
    host.call(OTHER, |h| shell::install(h, Address::repeat_byte(0xcc), Role::Council)).unwrap();
    host.call(GOVERNANCE, |h| shell::revoke(h, OTHER, 1)).unwrap();
    let missing = host.call(OTHER, |h| shell::require(h, Role::Council));
    assert_eq!(missing, Err(Error::MissingRole { who: OTHER, role: Role::Council }));
    let event =
        |i: usize| abi::RoleSet::decode_raw_log(host.logs[i].topics.iter().copied(), &host.logs[i].data).unwrap();
    assert_eq!((event(0).account, event(0).role, event(0).previous, event(0).current), (GOVERNANCE, 0, 0, 1));
    assert_eq!((event(2).account, event(2).role, event(2).previous, event(2).current), (OTHER, 3, 0b10, 0b1010));
    assert_eq!((event(4).role, event(4).previous, event(4).current, event(4).epoch), (1, 0b1010, 0b1000, 3));
}

#[test]
fn au_4_an_equal_value_writes_and_logs_nothing() {
    let mut host = house();
    let before = (host.words.clone(), host.logs.clone());
    host.call(GOVERNANCE, |h| shell::grant(h, GOVERNANCE, 0)).unwrap();
    host.call(GOVERNANCE, |h| shell::revoke(h, OTHER, 0)).unwrap();
    assert_eq!(before, (host.words, host.logs));
}

#[test]
fn what_is_refused_leaves_nothing() {
    let mut host = house();
    let before = (host.words.clone(), host.logs.clone());
    let missing = Err(ChangeError::Role(Error::MissingRole { who: OTHER, role: Role::Governance }));
    assert_eq!(host.call(OTHER, |h| shell::grant(h, OTHER, 0)), missing);
    assert_eq!(host.call(OTHER, |h| shell::revoke(h, GOVERNANCE, 0)), missing);
    let unknown = Err(ChangeError::Role(Error::UnknownRole { role: 5, bound: 5 }));
    assert_eq!(host.call(GOVERNANCE, |h| shell::grant(h, OTHER, 5)), unknown);
    let zero = Err(ChangeError::Role(Error::ZeroAccount { role: Role::Council }));
    assert_eq!(host.call(GOVERNANCE, |h| shell::grant(h, Address::ZERO, 1)), zero);
    let last = Err(ChangeError::Role(Error::LastGovernance { who: GOVERNANCE, bound: 1 }));
    assert_eq!(host.call(GOVERNANCE, |h| shell::revoke(h, GOVERNANCE, 0)), last);
    assert_eq!(host.call(OTHER, |h| shell::establish(h, OTHER)), Err(Error::AlreadyEstablished { holders: 1 }));
    assert_eq!(before, (host.words, host.logs));
}

#[test]
fn nobody_can_veto_their_own_removal() {
    let mut host = house();
    host.call(OTHER, |h| shell::install(h, OTHER, Role::Governance)).unwrap();
    host.call(OTHER, |h| shell::install(h, OTHER, Role::Guardian)).unwrap();
    host.call(GOVERNANCE, |h| shell::revoke(h, OTHER, 0)).unwrap();
    assert_eq!(storage::holders(&host).of(Role::Governance), 2);
    let words = change::revoke(OTHER, Role::Governance);
    let refused = host.call(OTHER, |h| shell::cancel(h, &words));
    assert_eq!(refused, Err(ChangeError::OwnRemoval { who: OTHER, act: 2 }));
    host.now = host.now() + 7 * 86_400;
    host.call(OTHER, |h| shell::execute(h, &[], &words).map(drop)).unwrap();
    assert!(!storage::account(&host, OTHER).roles.has(Role::Governance));
    assert_eq!(storage::holders(&host).of(Role::Governance), 1);
    assert!(host.call(OTHER, |h| shell::grant(h, OTHER, 0)).is_err());
}

#[test]
fn errors_are_a_selector_and_the_words_of_their_fields() {
    let data = Vec::<u8>::from(Error::MissingRole { who: OTHER, role: Role::Steward });
    let error = abi::MissingRole::abi_decode(&data).unwrap();
    assert_eq!((error.who, error.role, data.len()), (OTHER, 3, 68));
}

const UP: (u32, u16) = (1, 0x0200);

fn last<E: SolEvent>(host: &Memory) -> E {
    let log = host.logs.last().unwrap();
    E::decode_raw_log(log.topics.iter().copied(), &log.data).unwrap()
}

fn asked(value: u128, secs: u64) -> Tightening {
    Tightening { value, secs }
}

/// A batch of one change that raises a contested parameter.
fn batch() -> Vec<U256> {
    [&[U256::from(2)], &change::parameter(0, 0x0202, 777)[..]].concat()
}

fn situation(host: &Memory, opened_by: Address) -> Situation {
    let incident = Some(Incident { id: 3, opened_by, opened_at: host.now - 600 });
    Situation { scope: 2, tier: Tier::Halted, incident }
}

fn run(host: &mut Memory, opened_by: Address) -> Result<(), ChangeError> {
    let situation = situation(host, opened_by);
    shell::run(host, &ROWS, &batch(), &situation, &mut |host, change| {
        carry(host, change);
        Ok(())
    })
}

/// A house with a proposal, an overlay and a playbook in it.
fn furnished() -> (Memory, Vec<U256>) {
    let mut host = World::new().host;
    let book = [&[change::playbook(2, Tier::Guarded, true)], &batch()[..]].concat();
    host.call(WHO[0], |h| shell::propose(h, &ROWS, &book)).unwrap();
    host.now += 7 * DAY;
    host.call(WHO[7], |h| shell::execute(h, &ROWS, &book).map(drop)).unwrap();
    let words = change::parameter(1, 0x0200, 20).to_vec();
    host.call(WHO[0], |h| shell::propose(h, &ROWS, &words)).unwrap();
    host.call(WHO[5], |h| shell::set_overlay(h, &ROWS, UP, 300, asked(400, HOUR))).unwrap();
    (host, words)
}

type Entry = fn(&mut Memory, &[U256]) -> Result<(), ChangeError>;

#[test]
fn each_entry_is_open_to_its_roles_and_to_no_other() {
    let entries: [(&str, Entry, [usize; 5]); 10] = [
        ("set", |h, _| set(h, UP, 310).map(drop), [0, 1, 8, 8, 8]),
        ("propose", |h, _| shell::propose(h, &ROWS, &change::parameter(0, 0x0200, 10)).map(drop), [0, 1, 8, 8, 8]),
        ("grant", |h, _| shell::grant(h, WHO[7], 3), [0, 1, 8, 8, 8]),
        ("revoke", |h, _| shell::revoke(h, WHO[6], 4), [0, 1, 8, 8, 8]),
        ("retire", |h, _| shell::retire(h, shell::hash(h, &batch())), [0, 1, 8, 8, 8]),
        ("overlay", |h, _| shell::set_overlay(h, &ROWS, UP, 300, asked(450, HOUR)), [5, 8, 8, 8, 8]),
        ("clear", |h, _| shell::clear_overlay(h, &ROWS, UP, 300), [0, 1, 2, 5, 8]),
        // The proposer, Council, the Guardians.
        ("cancel", |h, words| shell::cancel(h, words), [0, 2, 3, 4, 8]),
        ("playbook", |h, _| run(h, WHO[3]), [2, 8, 8, 8, 8]),
        (
            "expired",
            |h, _| {
                h.now += HOUR;
                shell::clear_overlay(h, &ROWS, UP, 300)
            },
            [0, 1, 2, 3, 4],
        ),
    ];
    for (name, entry, allowed) in entries {
        for (n, who) in WHO.into_iter().enumerate() {
            let (mut host, words) = furnished();
            let before = (host.words.clone(), host.logs.clone());
            let result = host.call(who, |h| entry(h, &words));
            if allowed.contains(&n) || name == "expired" {
                assert_eq!(result, Ok(()), "{name} by {:?}", ROLE[n]);
                assert_ne!(before.1.len(), host.logs.len(), "{name} by {:?}", ROLE[n]);
            } else {
                let refused = matches!(result, Err(ChangeError::Role(Error::MissingRole { who: by, .. })) if by == who);
                assert!(refused, "{name} by {:?}: {result:?}", ROLE[n]);
                assert_eq!(before, (host.words, host.logs));
            }
        }
    }
}

#[test]
fn anybody_executes_what_has_waited_and_the_composer_carries_it_out() {
    for who in WHO {
        let (mut host, words) = furnished();
        let early = host.call(who, |h| shell::execute(h, &ROWS, &words).map(drop));
        assert_eq!(early, Err(ChangeError::TooEarly { now: host.now, bound: host.now + 2 * DAY }));
        host.now += 2 * DAY;
        let done = host.call(who, |h| {
            let change = shell::execute(h, &ROWS, &words)?;
            assert_eq!((change.act, change.scope, change.id, change.value()), (Act::Parameter, 1, 0x0200, 20));
            carry(h, &change);
            Ok::<_, ChangeError>(())
        });
        assert_eq!((done, approved(&host, UP.0, UP.1)), (Ok(()), 20));
        let event: abi::ParameterSet = last(&host);
        assert_eq!((event.scope, event.id, event.previous, event.current, event.by), (1, 0x0200, 300, 20, who));
        let again = host.call(who, |h| shell::execute(h, &ROWS, &words).map(drop));
        assert_eq!(again, Err(ChangeError::NotProposed { hash: shell::hash(&host, &words) }));
    }
}

#[test]
fn what_tightens_is_set_and_what_does_not_is_proposed() {
    let mut host = World::new().host;
    assert_eq!(host.call(WHO[0], |h| set(h, UP, 301)), Ok(Outcome::Apply));
    let event: abi::ParameterSet = last(&host);
    assert_eq!((event.scope, event.id, event.previous, event.current, event.by), (1, 0x0200, 300, 301, WHO[0]));
    let delayed = host.call(WHO[1], |h| set(h, UP, 300)).unwrap();
    assert_eq!(delayed, Outcome::Delayed(fusebox_authority::Delay::Parameter));
    let words = change::parameter(1, 0x0200, 300);
    let event: abi::Proposed = last(&host);
    assert_eq!((event.hash, event.act, event.by), (shell::hash(&host, &words), 0, WHO[1]));
    assert_eq!((event.earliest, event.latest, &event.words[..]), (T + 2 * DAY, T + 9 * DAY, &words[..]));
    assert_eq!(host.logs.last().unwrap().data, event.encode_data());
    let numbers = |stage: u64| [stage, T + 2 * DAY, T + 9 * DAY].map(U256::from);
    for (stage, now) in [(1, T), (2, T + 2 * DAY), (3, T + 9 * DAY)] {
        host.now = now;
        assert_eq!(shell::ready(&host, &words)[..3], numbers(stage));
    }
    assert_eq!(shell::ready(&host, &change::parameter(1, 0x0200, 299))[0], U256::ZERO);
    assert_eq!(approved(&host, UP.0, UP.1), 301);
    let out = host.call(WHO[0], |h| set(h, UP, 9));
    assert_eq!(out, Err(ChangeError::OutOfBounds { id: 0x0200, value: 9, bound: 10 }));
    let none = host.call(WHO[0], |h| shell::set(h, &ROWS, (1, 9), 301, 9));
    assert_eq!(none, Err(ChangeError::UnknownParameter { id: 9, bound: 7 }));
}

#[test]
fn a_cancelled_proposal_is_gone_and_the_event_says_by_whom() {
    let (mut host, words) = furnished();
    host.call(WHO[3], |h| shell::cancel(h, &words)).unwrap();
    let event: abi::Cancelled = last(&host);
    assert_eq!((event.hash, event.act, event.by), (shell::hash(&host, &words), 0, WHO[3]));
    host.now += 3 * DAY;
    let gone = host.call(WHO[0], |h| shell::execute(h, &ROWS, &words).map(drop));
    assert_eq!(gone, Err(ChangeError::NotProposed { hash: event.hash }));
}

#[test]
fn an_overlay_is_read_back_at_its_slot_and_ended_by_who_may() {
    let (mut host, _) = furnished();
    let event: abi::OverlaySet = last(&host);
    assert_eq!((event.scope, event.id, event.previous, event.current), (1, 0x0200, 300, 400));
    assert_eq!((event.until, event.by), (host.now + HOUR, WHO[5]));
    assert_eq!(shell::effective(&host, ROWS[4].direction, UP, 300), 400);
    let slot = element(erc7201("fusebox.authority.overlay"), 1 << 16 | 0x0200);
    let overlay = Overlay { value: 400, until: host.now + HOUR, barred_until: 0 };
    assert_eq!(Overlay::unpack(host.load(slot)), overlay);
    assert_eq!(storage::episode(&host, 1), host.now);
    host.call(WHO[2], |h| shell::clear_overlay(h, &ROWS, UP, 300)).unwrap();
    let event: abi::OverlayEnded = last(&host);
    assert_eq!((event.previous, event.current, event.until, event.by), (400, 300, host.now + HOUR, WHO[2]));
    assert_eq!(shell::effective(&host, ROWS[4].direction, UP, 300), 300);
    let barred = host.call(WHO[5], |h| shell::set_overlay(h, &ROWS, UP, 300, asked(400, HOUR)));
    assert_eq!(barred, Err(ChangeError::OverlaySpent { now: host.now, bound: host.now + 7 * DAY }));
}

#[test]
fn a_delay_is_a_parameter_of_its_own_module() {
    let mut host = World::new().host;
    let [at, elsewhere] = [(0, DELAY_ROWS[0].id), (1, DELAY_ROWS[0].id)];
    assert_eq!(shell::own_value(&host, at), Some(u128::from(2 * DAY)));
    assert!(shell::own_value(&host, elsewhere).is_none() && !shell::set_own_value(&mut host, elsewhere, 1));
    approve(&mut host, 0, at.1, u128::from(5 * DAY));
    host.call(WHO[0], |h| shell::set(h, &ROWS, at, u128::from(5 * DAY), u128::from(DAY))).unwrap();
    let event: abi::Proposed = last(&host);
    assert_eq!(event.earliest, T + 5 * DAY);
}

#[test]
fn a_playbook_is_approved_run_and_withdrawn() {
    let (mut host, _) = furnished();
    let hash = shell::hash(&host, &batch());
    let set = host.logs.iter().find(|log| log.topics[0] == abi::PlaybookSet::SIGNATURE_HASH).unwrap();
    let event = abi::PlaybookSet::decode_raw_log(set.topics.iter().copied(), &set.data).unwrap();
    assert_eq!((event.hash, event.scope, event.tier, event.single, event.armed), (hash, 2, 1, true, true));
    assert_eq!(event.until, T + 7 * DAY + 365 * DAY);
    let own = host.call(WHO[2], |h| run(h, WHO[2]));
    assert_eq!(own, Err(ChangeError::OwnIncident { who: WHO[2], incident: 3 }));
    host.call(WHO[2], |h| run(h, WHO[7])).unwrap();
    assert_eq!(approved(&host, 0, 0x0202), 777);
    let event: abi::ParameterSet = last(&host);
    assert_eq!((event.previous, event.current, event.by), (300, 777, WHO[2]));
    let ran = &host.logs[host.logs.len() - 2];
    let event = abi::PlaybookRun::decode_raw_log(ran.topics.iter().copied(), &ran.data).unwrap();
    assert_eq!((event.hash, event.scope, event.incident, event.runs, event.by), (hash, 2, 3, 1, WHO[2]));
    assert_eq!(host.call(WHO[2], |h| run(h, WHO[7])), Err(ChangeError::NotArmed { hash }));
    let (mut host, _) = furnished();
    host.call(WHO[1], |h| shell::retire(h, hash)).unwrap();
    let event: abi::PlaybookSet = last(&host);
    assert_eq!((event.hash, event.armed), (hash, false));
    assert_eq!(host.call(WHO[2], |h| run(h, WHO[7])), Err(ChangeError::NotArmed { hash }));
}

#[test]
fn what_the_composer_refuses_undoes_the_run_and_the_execution() {
    let (mut host, _) = furnished();
    let before = (host.words.clone(), host.logs.clone());
    let refused = host.call(WHO[2], |h| {
        let situation = situation(h, WHO[7]);
        shell::run(h, &ROWS, &batch(), &situation, &mut |_, change: &Change<'_>| {
            Err(ChangeError::UnknownParameter { id: change.id, bound: 0 })
        })
    });
    assert_eq!(refused, Err(ChangeError::UnknownParameter { id: 0x0202, bound: 0 }));
    assert_eq!(before, (host.words, host.logs));
}

#[test]
fn roles_change_in_a_playbook_and_by_execution() {
    let mut host = World::new().host;
    let book =
        [&[change::playbook(2, Tier::Guarded, false), U256::from(2)], &change::grant(WHO[7], Role::Guardian)[..]]
            .concat();
    for words in [&book[..], &change::revoke(WHO[2], Role::Council)] {
        host.call(WHO[0], |h| shell::propose(h, &ROWS, words)).unwrap();
    }
    host.now += 7 * DAY;
    host.call(WHO[7], |h| shell::execute(h, &ROWS, &book).map(drop)).unwrap();
    let situation = situation(&host, WHO[7]);
    let run = host.call(WHO[2], |h| shell::run(h, &ROWS, &book[1..], &situation, &mut |_, _| Ok::<_, ChangeError>(())));
    assert_eq!(run, Ok(()));
    assert!(storage::account(&host, WHO[7]).roles.has(Role::Guardian));
    let words = change::revoke(WHO[2], Role::Council);
    host.call(WHO[7], |h| shell::execute(h, &ROWS, &words).map(drop)).unwrap();
    assert_eq!(storage::holders(&host).of(Role::Council), 0);
}

#[test]
fn au_14_taking_a_lesser_role_from_the_proposer_does_not_stop_it() {
    let mut host = World::new().host;
    shell::install(&mut host, WHO[0], Role::Steward).unwrap();
    let words = change::revoke(WHO[1], Role::Governance);
    host.call(WHO[0], |h| shell::propose(h, &ROWS, &words)).unwrap();
    host.call(WHO[1], |h| shell::revoke(h, WHO[0], Role::Steward.code())).unwrap();
    host.now += 7 * DAY;
    host.call(WHO[0], |h| shell::execute(h, &ROWS, &words).map(drop)).unwrap();
    assert!(!storage::account(&host, WHO[1]).roles.has(Role::Governance));
}

#[test]
fn au_13_who_leaves_governance_and_comes_back_has_left_its_proposals() {
    let mut host = World::new().host;
    let words = change::grant(WHO[7], Role::Guardian);
    host.call(WHO[1], |h| shell::propose(h, &ROWS, &words)).unwrap();
    host.call(WHO[1], |h| shell::revoke(h, WHO[1], 0)).unwrap();
    host.call(WHO[0], |h| shell::grant(h, WHO[1], 0)).unwrap();
    host.now += 7 * DAY;
    assert_eq!(shell::ready(&host, &words)[0], U256::from(4));
    host.call(WHO[7], |h| shell::execute(h, &ROWS, &change::grant(WHO[1], Role::Governance)).map(drop)).unwrap();
    assert_eq!(shell::ready(&host, &words)[0], U256::from(4));
    let gone = host.call(WHO[7], |h| shell::execute(h, &ROWS, &words).map(drop));
    assert_eq!(gone, Err(ChangeError::ProposerGone { who: WHO[1], bound: 1 }));
    // Proposed anew it waits anew.
    host.call(WHO[1], |h| shell::propose(h, &ROWS, &words)).unwrap();
    assert_eq!(shell::ready(&host, &words)[1], U256::from(T + 14 * DAY));
}

#[test]
fn au_12_what_was_proposed_before_an_upgrade_is_held_to_the_table_after_it() {
    let narrow = [Row::up(0x0200, 30, 1_000, 500), Row::contested(0x0202, 10, 700)];
    let (mut host, words) = furnished();
    let run = host.call(WHO[2], |h| {
        let situation = situation(h, WHO[7]);
        shell::run(h, &narrow, &batch(), &situation, &mut |_, _| Ok::<_, ChangeError>(()))
    });
    assert_eq!(run, Err(ChangeError::OutOfBounds { id: 0x0202, value: 777, bound: 700 }));
    host.now += 2 * DAY;
    let executed = host.call(WHO[7], |h| shell::execute(h, &narrow, &words).map(drop));
    assert_eq!(executed, Err(ChangeError::OutOfBounds { id: 0x0200, value: 20, bound: 30 }));
}

#[test]
fn errors_of_changes_are_a_selector_and_as_many_words_as_they_have_fields() {
    let sizes = [
        (ChangeError::NotArmed { hash: B256::repeat_byte(1) }, abi::NotArmed::SELECTOR, 1),
        (ChangeError::NoIncident { scope: 1 }, abi::NoIncident::SELECTOR, 1),
        (ChangeError::TooEarly { now: 1, bound: 2 }, abi::TooEarly::SELECTOR, 2),
        (ChangeError::PastFloor { id: 1, value: 2, bound: 3 }, abi::PastFloor::SELECTOR, 3),
        (Error::AlreadyEstablished { holders: 1 }.into(), abi::AlreadyEstablished::SELECTOR, 2),
    ];
    for (error, selector, words) in sizes {
        let data = Vec::<u8>::from(error);
        assert_eq!((&data[..4], data.len()), (&selector[..], 4 + 32 * words));
    }
    let data = Vec::<u8>::from(ChangeError::OutOfBounds { id: 7, value: u128::MAX, bound: 9 });
    let error = abi::OutOfBounds::abi_decode(&data).unwrap();
    assert_eq!((error.id, error.value, error.bound), (7, u128::MAX, 9));
    let data = Vec::<u8>::from(ChangeError::OwnRemoval { who: OTHER, act: 2 });
    let error = abi::OwnRemoval::abi_decode(&data).unwrap();
    assert_eq!((error.who, error.act), (OTHER, 2));
}
