//! One property per invariant: over random grants and revocations, and over random histories of a whole protocol.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)] // tests

mod world;

use alloy_primitives::{Address, U256};
use fusebox_authority::{
    logic,
    types::{
        overlay::{EPISODE_SECS, OVERLAY_SECS},
        table::DELAY_ROWS,
        Delays, Overlay, Playbook, Proposal, Tightening,
    },
    Account, Delay, Error, Holders, Role, Roles,
};
use fusebox_core::{panel::Tier, time::HOUR};
use proptest::prelude::*;
use world::{at_least, cases, granted, loosened, places, steps, within, Step, World, ROWS, WHO};

type House = ([Account; 4], Holders);

fn changes() -> impl Strategy<Value = Vec<(usize, usize, bool)>> {
    prop::collection::vec((0..4usize, 0..5usize, any::<bool>()), 0..60)
}

/// A house with account 0 in Governance.
fn house() -> House {
    let mut house = House::default();
    let ((account, holders), _) = logic::establish((house.0[0], house.1), who(0)).unwrap();
    house.0[0] = account;
    house.1 = holders;
    house
}

fn who(account: usize) -> Address {
    Address::with_last_byte(u8::try_from(account + 1).unwrap())
}

fn run(house: &mut House, (account, role, grant): (usize, usize, bool)) -> Result<bool, Error> {
    let (state, act) = ((house.0[account], house.1), if grant { logic::grant } else { logic::revoke });
    let ((next, holders), effect) = act(state, who(account), Role::ALL[role])?;
    house.0[account] = next;
    house.1 = holders;
    Ok(effect.changed)
}

proptest! {
    #[test]
    fn au_1_a_role_is_held_exactly_between_its_grant_and_its_revocation(trace in changes()) {
        let mut house = house();
        let mut held = [[false; 5]; 4];
        held[0][0] = true;
        for step in trace {
            if run(&mut house, step).is_ok() {
                held[step.0][step.1] = step.2;
            }
            for (account, roles) in held.iter().enumerate() {
                for (role, held) in Role::ALL.iter().zip(roles) {
                    let answer = logic::require(house.0[account], who(account), *role);
                    prop_assert_eq!(answer.is_ok(), *held);
                }
            }
        }
    }

    #[test]
    fn au_2_the_epoch_moves_with_every_change_and_with_nothing_else(trace in changes()) {
        let mut house = house();
        for step in trace {
            let before = house.0;
            let changed = run(&mut house, step) == Ok(true);
            for (account, (was, is)) in before.iter().zip(&house.0).enumerate() {
                let moved = u32::from(changed && account == step.0);
                prop_assert_eq!(is.epoch, was.epoch + moved);
                prop_assert_eq!(is.roles != was.roles, moved == 1);
            }
        }
    }

    #[test]
    fn au_3_governance_never_loses_its_last_holder(trace in changes()) {
        let mut house = house();
        for step in trace {
            let _ = run(&mut house, step);
            prop_assert!(house.0.iter().any(|account| account.roles.has(Role::Governance)));
        }
    }

    #[test]
    fn au_4_an_equal_value_changes_nothing_and_is_no_error(trace in changes()) {
        let mut house = house();
        for step in trace {
            if run(&mut house, step).is_ok() {
                let before = house;
                prop_assert_eq!(run(&mut house, step), Ok(false));
                prop_assert_eq!(house, before);
            }
        }
    }

    #[test]
    fn au_5_holders_are_counted_exactly(trace in changes()) {
        let mut house = house();
        for step in trace {
            let _ = run(&mut house, step);
            for role in Role::ALL {
                let count = house.0.iter().filter(|account| account.roles.has(role)).count();
                prop_assert_eq!(usize::try_from(house.1.of(role)).unwrap(), count);
            }
        }
    }

    #[test]
    fn au_6_words_keep_what_they_are_given(bits in 0..32u8, epoch in any::<u32>(), term in any::<u32>(), counts in any::<[u32; 5]>()) {
        let account = Account { roles: Roles::from_bits(bits), epoch, term };
        prop_assert_eq!(Account::unpack(account.pack()), account);
        let holders = Holders { counts };
        prop_assert_eq!(Holders::unpack(holders.pack()), holders);
    }

    #[test]
    fn au_6_words_of_the_queue_keep_what_they_are_given(
        by in any::<[u8; 20]>(), n in any::<[u32; 4]>(), times in any::<[u64; 4]>(), value in any::<u128>(),
        bytes in any::<[u8; 2]>(), flags in any::<[bool; 2]>(),
    ) {
        let earliest = times[0] >> 8;
        let proposal = Proposal { by: by.into(), term: n[0], earliest, act: bytes[0] };
        prop_assert_eq!(Proposal::unpack(proposal.pack()), proposal);
        let overlay = Overlay { value, until: times[1], barred_until: times[2] };
        prop_assert_eq!(Overlay::unpack(overlay.pack()), overlay);
        let tier = Tier::from_code(bytes[1] % 5).unwrap();
        let [single, armed] = flags;
        let playbook = Playbook { scope: n[1], tier, single, armed, until: times[3], runs: n[2], incident: n[3] };
        prop_assert_eq!(Playbook::unpack(playbook.pack()), playbook);
        let delays = Delays::unpack(U256::from_limbs(times));
        prop_assert_eq!(delays.pack(), U256::from_limbs(times));
        for (delay, secs) in Delay::ALL.iter().zip(times) {
            prop_assert!(secs == 0 || delays.of(*delay) == secs);
        }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn au_7_nothing_loosens_before_its_submission_plus_the_delay_in_force_then(trace in steps(0..8, 1..120)) {
        let mut world = World::new();
        for step in &trace {
            let before = (world.values(), world.roles());
            let done = world.go(step);
            if loosened(&before.0, &world.values()) || granted(&before.1, &world.roles()) {
                let entry = done.cause;
                prop_assert!(entry.is_some(), "{step:?}");
                let entry = entry.unwrap();
                prop_assert!(entry.submitted + entry.wait <= world.host.now, "{step:?} {entry:?}");
            }
        }
    }

    #[test]
    fn au_7_an_executed_proposal_has_waited_whatever_it_does(trace in steps(0..8, 1..120)) {
        let mut world = World::new();
        for step in &trace {
            let done = world.go(step);
            if let (Step::Execute { .. }, true) = (step, done.ok) {
                let entry = done.cause.unwrap();
                let ready = entry.submitted + entry.wait;
                prop_assert!((ready..ready + 7 * 86_400).contains(&world.host.now), "{entry:?}");
            }
        }
    }

    #[test]
    fn au_8_an_overlay_tightens_within_the_floor_and_approves_nothing(trace in steps(0..8, 1..120)) {
        let mut world = World::new();
        for step in &trace {
            let before = world.values();
            world.go(step);
            if let Step::Overlay { .. } | Step::Clear { .. } = step {
                prop_assert_eq!(&before, &world.values());
            }
            for (scope, row) in places() {
                let (approved, value) = (world::approved(&world.host, scope, row.id), world.in_force(scope, row));
                prop_assert!(at_least(row.direction, value, approved));
                prop_assert!(value == approved || at_least(row.direction, row.floor, value));
            }
        }
    }

    #[test]
    fn au_8_a_steward_never_makes_the_value_in_force_less_safe_than_it_was(
        start in any::<[u16; 3]>(), live in any::<bool>(), row in 4..6usize, value in 0..1_100u128, secs in any::<u32>(), later in 0..200u64,
    ) {
        let row = &ROWS[row];
        let [approved, over, until] = start.map(|n| 10 + u128::from(n) % 990);
        let now = world::T;
        let until = if live { now + u64::try_from(until).unwrap() } else { 0 };
        let state = (Overlay { value: over, until, barred_until: 0 }, now - 100);
        let asked = Tightening { value, secs: u64::from(secs) % (80 * HOUR) };
        if let Ok((next, _)) = logic::overlay::tighten(state, row, approved, now, asked) {
            for t in [now, now + later * HOUR, until, until.saturating_sub(1).max(now)] {
                let (was, is) = (logic::overlay::effective(row.direction, approved, &state.0, t), logic::overlay::effective(row.direction, approved, &next.0, t));
                prop_assert!(at_least(row.direction, is, was), "{was} to {is} at {t}");
            }
        }
    }

    #[test]
    fn au_9_overlays_of_a_scope_are_in_force_at_most_72_hours_in_any_7_days(
        trace in prop::collection::vec((0..2usize, 1..80u64, 0..30u64, 0..12u8, any::<bool>()), 1..80),
    ) {
        // Two parameters of one scope, a Steward without rest, each hour looked at; now and then somebody ends one.
        let rows = &ROWS[4..6];
        let (mut overlays, mut episode, mut now) = ([Overlay::default(); 2], 0, world::T);
        let (mut hours, most) = (Vec::new(), usize::try_from(EPISODE_SECS / HOUR).unwrap());
        for (n, (which, secs, wait, end, council)) in trace.into_iter().enumerate() {
            let tighter = u128::try_from(n).unwrap();
            let value = if which == 0 { 301 + tighter } else { 299 - tighter };
            let asked = Tightening { value, secs: (secs * HOUR).min(OVERLAY_SECS) };
            if let Ok(((next, start), _)) = logic::overlay::tighten((overlays[which], episode), &rows[which], 300, now, asked) {
                (overlays[which], episode) = (next, start);
            }
            if end == 0 {
                let roles = Roles::NONE.with(if council { Role::Council } else { Role::Steward }, true);
                let state = (overlays[which], episode);
                overlays[which] = logic::overlay::end(state, rows[which].direction, 300, now, (WHO[0], roles)).unwrap().0;
            }
            for _ in 0..wait {
                hours.push(overlays.iter().any(|overlay| overlay.is_live(now)));
                now += HOUR;
            }
        }
        for span in hours.windows(most.min(hours.len()).max(1)) {
            let sum = span.iter().filter(|overlaid| **overlaid).count();
            prop_assert!(sum <= 72, "{sum} h");
        }
    }

    #[test]
    fn au_10_what_is_so_already_changes_nothing_and_is_no_error(trace in steps(0..8, 1..80)) {
        let mut world = World::new();
        for step in &trace {
            let done = world.go(step);
            let again = !matches!(step, Step::Execute { .. } | Step::Run { .. } | Step::Wait { .. });
            // Whoever resigned, or was the proposer, may not ask again.
            let may = !matches!(step, Step::Revoke { who, subject, .. } if who == subject);
            let proposer = matches!(step, Step::Cancel { who, .. } if *who < 2);
            if done.ok && again && may && !proposer {
                let before = (world.host.words.clone(), world.host.logs.clone());
                prop_assert!(world.again(step, &done.words), "{step:?}");
                prop_assert_eq!(&before.0, &world.host.words);
                prop_assert_eq!(before.1.len(), world.host.logs.len());
            }
        }
    }

    #[test]
    fn au_11_a_proposal_is_executed_at_most_once(trace in steps(0..8, 1..100)) {
        let mut world = World::new();
        for step in &trace {
            let live = world.live.clone();
            let done = world.go(step);
            if let (Step::Execute { .. }, true) = (step, done.ok) {
                prop_assert!(live.contains_key(&done.words), "{step:?}");
                let twice = world.again(step, &done.words);
                prop_assert!(!twice, "{step:?}");
            }
        }
    }

    #[test]
    fn au_12_bounds_hold_after_every_history(trace in steps(0..8, 1..120)) {
        let mut world = World::new();
        for step in &trace {
            world.go(step);
            for (scope, row) in places() {
                prop_assert!(within(row, world::approved(&world.host, scope, row.id)), "{step:?}");
                prop_assert!(within(row, world.in_force(scope, row)), "{step:?}");
            }
        }
    }

    #[test]
    fn au_13_what_was_proposed_in_an_earlier_term_is_never_executed(trace in steps(0..8, 1..120)) {
        let mut world = World::new();
        for step in &trace {
            let changes = world.changes.clone();
            let done = world.go(step);
            if let (Step::Execute { .. }, Some(entry)) = (step, done.cause) {
                prop_assert_eq!(changes.get(&entry.by).copied().unwrap_or_default(), entry.changes);
            }
        }
    }

    #[test]
    fn au_14_nobody_cancels_their_own_removal(trace in steps(0..8, 1..100)) {
        let mut world = World::new();
        for step in &trace {
            let done = world.go(step);
            if let (Step::Cancel { who, .. }, true) = (step, done.ok) {
                let (act, account) = (done.words[0].as_limbs()[0] & 0xff, done.words[1]);
                prop_assert!(act != 2 || Address::from_word(account.into()) != WHO[*who]);
            }
        }
    }

    #[test]
    fn au_15_a_stolen_governance_key_loosens_nothing_while_two_can_cancel(trace in steps(0..1, 1..120)) {
        // Whoever can cancel looks once an hour at most; here: before the clock moves.
        let mut world = World::new();
        for step in &trace {
            let before = (world.values(), world.roles());
            if let Step::Wait { .. } = step {
                for words in world.live.keys().cloned().collect::<Vec<_>>() {
                    let cancelled = WHO[2..5].iter().any(|who| world.host.call(*who, |h| fusebox_authority::shell::cancel(h, &words)).is_ok());
                    prop_assert!(cancelled, "{words:?}");
                    world.live.remove(&words);
                }
            }
            world.go(step);
            prop_assert!(!loosened(&before.0, &world.values()), "{step:?}");
            prop_assert!(!granted(&before.1, &world.roles()), "{step:?}");
            let held = |role: Role| world.roles().iter().filter(|roles| Roles::from_bits(**roles).has(role)).count();
            prop_assert!(held(Role::Council) == 1 && held(Role::Guardian) >= 1 && world.roles()[1] == 1);
        }
    }

    #[test]
    fn au_16_a_playbook_runs_under_its_condition_only(trace in steps(0..8, 1..120)) {
        let mut world = World::new();
        for step in &trace {
            let roles = world.roles();
            let done = world.go(step);
            if let (Step::Run { who, tier, incident, opener, age, .. }, true) = (step, done.ok) {
                let book = fusebox_authority::storage::playbook(&world.host, fusebox_authority::shell::hash(&world.host, &done.words));
                prop_assert!(roles[*who] & 2 != 0);
                prop_assert!(*incident > 0 && who != opener && *age >= 600 && *tier >= book.tier.code() && *tier > 0);
                prop_assert!(done.cause.is_some(), "never approved");
            }
        }
    }

    #[test]
    fn au_17_a_playbook_for_single_use_runs_once_and_any_other_once_an_incident(trace in steps(0..8, 1..120)) {
        let mut world = World::new();
        for step in &trace {
            let done = world.go(step);
            if let (Step::Run { .. }, true) = (step, done.ok) {
                let book = fusebox_authority::storage::playbook(&world.host, fusebox_authority::shell::hash(&world.host, &done.words));
                let runs = &world.books[&done.words].1;
                prop_assert!(!book.single || runs.values().sum::<u32>() == 1);
                // Only the last incident is remembered: an older one that is open again is another incident's number.
                let again = world.again(step, &done.words);
                prop_assert!(!again);
            }
        }
    }

    #[test]
    fn au_18_one_key_below_governance_changes_no_approved_value_role_or_delay(who in 2..8usize, trace in steps(0..8, 1..80)) {
        // Somebody has stolen one key; the rest of the trace is what Governance proposed before, never executed.
        let mut world = World::new();
        for step in &trace {
            if let Step::Propose { who: 0 | 1, .. } = step {
                world.go(step);
            }
        }
        let before = (world.values(), world.roles());
        for step in &trace {
            let step = stolen(step.clone(), who);
            if !matches!(step, Step::Execute { .. }) {
                world.go(&step);
            }
            prop_assert_eq!(&before.0, &world.values());
            prop_assert_eq!(&before.1, &world.roles());
        }
    }
}

/// The same step by another.
fn stolen(mut step: Step, by: usize) -> Step {
    match &mut step {
        Step::Set { who, .. } | Step::Overlay { who, .. } | Step::Clear { who, .. } | Step::Propose { who, .. } => {
            *who = by
        }
        Step::Grant { who, .. } | Step::Revoke { who, .. } | Step::Execute { who, .. } | Step::Cancel { who, .. } => {
            *who = by
        }
        Step::Run { who, .. } | Step::Retire { who, .. } => *who = by,
        Step::Wait { .. } => (),
    }
    step
}

#[test]
fn au_7_lowering_a_delay_waits_the_delay_it_lowers() {
    for (row, delay) in DELAY_ROWS.iter().zip(Delay::ALL) {
        assert_eq!(row.delay, delay);
        let words = fusebox_authority::types::change::parameter(0, row.id, row.min);
        let change = fusebox_authority::Change::decode(&words).unwrap();
        let delays = Delays::default().with(delay, 777);
        assert_eq!(logic::table::wait(&change, &DELAY_ROWS, &delays), Ok(777));
    }
}

/// A property over histories in which nothing ever succeeds would hold as well.
#[test]
fn the_histories_reach_what_they_are_about() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let trace = steps(0..8, 60..120);
    let mut reached = std::collections::BTreeMap::<&str, u32>::new();
    for _ in 0..300 {
        let mut world = World::new();
        for step in &trace.new_tree(&mut runner).unwrap().current() {
            let before = (world.values(), world.roles());
            let done = world.go(step);
            let name = match step {
                Step::Set { .. } if world.values() != before.0 => "set at once",
                Step::Overlay { .. } => "overlay",
                Step::Clear { .. } => "clear",
                Step::Execute { .. } if loosened(&before.0, &world.values()) => "loosened",
                Step::Execute { .. } if granted(&before.1, &world.roles()) => "granted",
                Step::Execute { .. } if world.roles() != before.1 => "revoked after a wait",
                Step::Execute { .. } => "executed otherwise",
                Step::Revoke { .. } if world.roles() != before.1 => "revoked at once",
                Step::Cancel { .. } => "cancelled",
                Step::Run { .. } => "run",
                Step::Retire { .. } => "retired",
                _ => "other",
            };
            *reached.entry(name).or_default() += u32::from(done.ok);
        }
    }
    println!("{reached:?}");
    let least = reached.values().min().unwrap();
    assert!(reached.len() == 12 && *least > 10, "{reached:?}");
}
