//! The shell on one contract's memory: events, round trips, a revert that leaves nothing.
#![cfg(feature = "shell")]
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolError, SolEvent};
use fusebox_core::{
    host::{Answer, Host, Memory},
    time::{DAY, HOUR},
};
use fusebox_limiter::{
    abi, shell, storage, Config, Error, Lane, Outcome, Params, Payment, Policy, Slot, Ticket, TicketId,
};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

const P: Params = Params::DEFAULT;
const T: u64 = 1_700_000_000;
const BUCKET: u32 = 7;
const BASE: u128 = 10_000_000;
const ALICE: Address = Address::repeat_byte(0xa1);
const BOB: Address = Address::repeat_byte(0xb0);
const COUNCIL: Address = Address::repeat_byte(0xcc);
const GOVERNANCE: Address = Address::repeat_byte(0xee);

/// A contract whose bucket has a capacity of 1,000,000 in a day, a tenth of it in the small lane.
fn house(policy: Policy) -> Memory {
    let mut host = Memory::default();
    let config = Config::new(1_000, 1_000, 24 * 60, 1_000, policy).unwrap();
    host.call(GOVERNANCE, |h| shell::configure(h, &P, BUCKET, config, BASE)).unwrap();
    host.logs.clear();
    host
}

fn exit(host: &mut Memory, who: Address, amount: u128) -> Result<Outcome, Error> {
    host.call(who, |h| shell::exit(h, &P, BUCKET, who, amount))
}

fn ticket(host: &mut Memory, who: Address, amount: u128) -> TicketId {
    match exit(host, who, amount).unwrap() {
        Outcome::Ticketed(id) => id,
        other => panic!("{other:?}"),
    }
}

fn decode<E: SolEvent>(host: &Memory, i: usize) -> E {
    E::decode_raw_log(host.logs[i].topics.iter().copied(), &host.logs[i].data).unwrap()
}

#[test]
fn a_payment_is_one_load_and_one_store_and_no_event() {
    let mut host = house(Policy::Ticket);
    let before = host.words.clone();
    host.call(ALICE, |h| shell::spend(h, &P, BUCKET, 300_000)).unwrap();
    let changed: Vec<_> = host.words.iter().filter(|(slot, word)| before.get(*slot) != Some(*word)).collect();
    assert_eq!((changed.len(), host.logs.len()), (1, 0));
    assert_eq!(*changed[0].0, storage::ROOT + U256::from(2 * BUCKET));
    assert_eq!(shell::state(&host, &P, BUCKET)[6..], [U256::from(600_000), U256::from(100_000)]);
    host.now += DAY / 10;
    assert_eq!(shell::state(&host, &P, BUCKET)[6], U256::from(690_000));
}

/// A machine that counts words read and written.
struct Counting {
    host: Memory,
    loads: Cell<u32>,
    stores: u32,
}

impl Host for Counting {
    fn now(&self) -> u64 {
        self.host.now()
    }
    fn caller(&self) -> Address {
        self.host.caller()
    }
    fn this(&self) -> Address {
        self.host.this()
    }
    fn gas_left(&self) -> u64 {
        self.host.gas_left()
    }
    fn load(&self, slot: U256) -> U256 {
        self.loads.set(self.loads.get() + 1);
        self.host.load(slot)
    }
    fn store(&mut self, slot: U256, word: U256) {
        self.stores += 1;
        self.host.store(slot, word);
    }
    fn keccak(&self, bytes: &[u8]) -> B256 {
        self.host.keccak(bytes)
    }
    fn log(&mut self, topics: &[B256], data: &[u8]) {
        self.host.log(topics, data);
    }
    fn static_call(&self, to: Address, gas: u64, input: &[u8], output: &mut [u8]) -> Answer {
        self.host.static_call(to, gas, input, output)
    }
}

impl Counting {
    /// Words read and written by a call.
    fn count<T>(&mut self, who: Address, f: impl FnOnce(&mut Self) -> T) -> (T, (u32, u32)) {
        (self.loads, self.stores, self.host.caller) = (Cell::new(0), 0, who);
        let result = f(self);
        (result, (self.loads.get(), self.stores))
    }
}

#[test]
fn words_read_and_written_are_what_the_gas_targets_count() {
    let mut host = Counting { host: house(Policy::Ticket), loads: Cell::new(0), stores: 0 };
    assert_eq!(host.count(ALICE, |h| shell::spend(h, &P, BUCKET, 1)), (Ok(()), (1, 1)));
    assert_eq!(host.count(ALICE, |h| shell::exit(h, &P, BUCKET, ALICE, 899_000)), (Ok(Outcome::Passed), (1, 1)));
    let (refused, words) = host.count(ALICE, |h| shell::spend(h, &P, BUCKET, 1_000));
    assert_eq!((refused.is_err(), words), (true, (1, 0)));
    let exit = |host: &mut Counting, who: Address, amount| {
        let (outcome, words) = host.count(who, |h| shell::exit(h, &P, BUCKET, who, amount));
        (outcome.unwrap(), words)
    };
    let (Outcome::Ticketed(first), words) = exit(&mut host, ALICE, 5_000) else { panic!("no ticket") };
    assert_eq!(words, (2, 2)); // the bucket and the ticket: nothing of the account
    let (Outcome::Ticketed(second), _) = exit(&mut host, BOB, 5_000) else { panic!("no ticket") };
    assert_eq!(exit(&mut host, BOB, 5), (Outcome::Passed, (3, 2))); // both lanes and the account
    assert_eq!(host.count(BOB, |h| shell::cancel(h, second)).1, (4, 4));
    assert_eq!(exit(&mut host, ALICE, 5_000).1, (4, 2)); // somebody has cancelled: side and account are read too
    host.host.now = first.ready_secs();
    assert_eq!(host.count(BOB, |h| shell::claim_one(h, first).is_ok()), (true, (1, 1)));
    assert_eq!(host.count(BOB, |h| shell::inflow(h, &P, BUCKET, 1)).1, (1, 1));
}

#[test]
fn rl_8_a_refusal_says_what_there_is_and_when_and_leaves_nothing() {
    let mut host = house(Policy::Refuse);
    exit(&mut host, ALICE, 900_000).unwrap();
    host.now += HOUR;
    let before = host.words.clone();
    let earliest = T + 2 * HOUR;
    let refused = Error::Exceeded { amount: 75_000, available: 37_500, earliest };
    assert_eq!(exit(&mut host, BOB, 75_000), Err(refused));
    assert_eq!(host.call(BOB, |h| shell::spend(h, &P, BUCKET, 75_000)), Err(refused));
    assert_eq!(shell::when(&host, &P, BUCKET, BOB, 75_000), Err(refused));
    let never = Err(Error::Exceeded { amount: 900_001, available: 37_500, earliest: u64::MAX });
    assert_eq!(exit(&mut host, BOB, 900_001), never);
    let both = host.call(BOB, |h| shell::spend_all(h, &P, [BUCKET, 99], [1, 1]));
    assert_eq!(both, Err(Error::NotConfigured { value: 0, bound: 1 }));
    let twice = host.call(BOB, |h| shell::spend_all(h, &P, [BUCKET, 99, BUCKET], [1, 0, 1]));
    assert_eq!(twice, Err(Error::SameBucket { bucket: BUCKET }));
    assert_eq!((host.words.clone(), host.logs.len()), (before, 0));
    host.now = earliest;
    assert_eq!(exit(&mut host, BOB, 75_000), Ok(Outcome::Passed));
    host.call(BOB, |h| shell::spend_all(h, &P, [BUCKET], [0])).unwrap();
}

#[test]
fn rl_18_a_trip_moves_nothing_and_ends_within_a_day() {
    let mut host = house(Policy::Trip);
    assert_eq!(exit(&mut host, ALICE, 900_000), Ok(Outcome::Passed));
    let before = host.words.clone();
    assert_eq!(exit(&mut host, BOB, 37_500), Ok(Outcome::Tripped { until: T + HOUR }));
    assert_eq!(exit(&mut host, BOB, 900_001), Ok(Outcome::Tripped { until: T + DAY }));
    assert_eq!(shell::when(&host, &P, BUCKET, BOB, 900_001), Ok((2, T + DAY)));
    assert_eq!((host.words.clone(), host.logs.len()), (before, 0));
}

#[test]
fn what_does_not_fit_becomes_a_ticket_in_reserved_order() {
    let mut host = house(Policy::Ticket);
    exit(&mut host, ALICE, 900_000).unwrap();
    assert_eq!(shell::when(&host, &P, BUCKET, BOB, 450_000), Ok((1, T + DAY / 2)));
    let first = ticket(&mut host, BOB, 450_000);
    let second = ticket(&mut host, ALICE, 900_000);
    assert_eq!((first.ready_secs(), second.ready_secs()), (T + DAY / 2, T + 3 * DAY / 2));
    assert_eq!((first.slot(), host.logs.len()), (Slot::main(BUCKET), 2));
    let event: abi::TicketIssued = decode(&host, 0);
    assert_eq!((event.id, event.owner, event.amount, event.ready), (first.0, BOB, 450_000, T + DAY / 2));
    let bound = T + 3 * DAY;
    ticket(&mut host, ALICE, 900_000);
    ticket(&mut host, ALICE, 450_000);
    let late = Err(Error::TooFar { ready: bound + 96, bound });
    assert_eq!(exit(&mut host, BOB, 1_000), late);
    assert_eq!(exit(&mut host, BOB, 900_001), Err(Error::AboveCapacity { amount: 900_001, bound: 900_000 }));
    assert_eq!(
        shell::ticket(&host, first),
        [Ticket { owner: BOB, amount: 450_000, held: false }.pack(), U256::ZERO, U256::from(T + DAY / 2)]
    );
}

#[test]
fn rl_10_a_small_account_is_served_at_once_when_the_large_wait() {
    let mut host = house(Policy::Ticket);
    exit(&mut host, ALICE, 900_000).unwrap();
    ticket(&mut host, ALICE, 900_000);
    assert_eq!(shell::when(&host, &P, BUCKET, BOB, 900), Ok((0, T)));
    assert_eq!(exit(&mut host, BOB, 900), Ok(Outcome::Passed));
    // The same account again, and an amount one past the lane's: behind the large ones.
    assert_eq!(ticket(&mut host, BOB, 900).slot().lane, Lane::Main);
    assert_eq!(ticket(&mut host, COUNCIL, 901).slot().lane, Lane::Main);
    host.now += DAY - 1;
    assert_eq!(ticket(&mut host, BOB, 900).slot().lane, Lane::Main);
    host.now += 1;
    assert_eq!(exit(&mut host, BOB, 900), Ok(Outcome::Passed));
    // Once the lane is used up it issues tickets of its own, as long as they are earlier than the large ones.
    ticket(&mut host, ALICE, 900_000);
    let mut waits = Vec::new();
    for i in 0..120u8 {
        if let Outcome::Ticketed(id) = exit(&mut host, Address::repeat_byte(i + 1), 900).unwrap() {
            waits.push((id.slot().lane, id.ready()));
        }
    }
    assert!(waits.len() >= 9 && waits.iter().all(|(lane, _)| *lane == Lane::Small), "{waits:?}");
    assert!(waits.windows(2).all(|pair| pair[0].1 < pair[1].1));
}

#[test]
fn rl_14_claims_pay_every_ticket_once_to_its_owner_and_to_the_unit() {
    let mut host = house(Policy::Ticket);
    let (mut issued, mut paid) = (BTreeMap::<u128, (Address, u128)>::new(), BTreeMap::new());
    let (mut booked, mut returned, mut ids) = (0u128, 0, Vec::new());
    for i in 0..400u128 {
        let who = Address::repeat_byte((i % 17 + 1) as u8);
        let amount = 1 + i * i * 37 % 60_000;
        match exit(&mut host, who, amount) {
            Ok(Outcome::Ticketed(id)) => {
                assert!(issued.insert(id.0, (who, amount)).is_none());
                booked += amount;
                ids.push(id.0);
            }
            Ok(_) | Err(Error::TooFar { .. }) | Err(Error::Requeued { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
        let last = ids.last().filter(|id| i % 29 == 28 && issued.contains_key(*id) && !paid.contains_key(*id));
        if let Some(id) = last.copied() {
            let owner = issued[&id].0;
            let Payment { to, amount, .. } = host.call(owner, |h| shell::cancel(h, TicketId(id))).unwrap();
            assert_eq!((to, amount), issued.remove(&id).unwrap());
            returned += amount;
        }
        host.now += 60 * (i as u64 % 30);
        for batch in ids.chunks(60).filter(|_| i % 10 == 9) {
            let (payments, failed) = host.call(BOB, |h| shell::claim(h, batch)).unwrap();
            assert_eq!(payments.len() as u32 + failed.count_ones(), batch.len() as u32);
            for Payment { id, to, amount } in payments {
                assert!(paid.insert(id.0, (to, amount)).is_none(), "paid twice");
            }
        }
    }
    host.now += 4 * DAY;
    ids.chunks(64).for_each(|batch| {
        let (payments, _) = host.call(ALICE, |h| shell::claim(h, batch)).unwrap();
        payments.iter().for_each(|p| assert!(paid.insert(p.id.0, (p.to, p.amount)).is_none()));
    });
    assert_eq!(paid, issued);
    assert_eq!(paid.values().map(|(_, amount)| amount).sum::<u128>() + returned, booked);
    assert!(paid.len() > 100 && returned > 0);
    // Sent again: nothing is due, nothing is left in the tickets' slots.
    let again = host.call(ALICE, |h| shell::claim(h, &ids[..60])).unwrap();
    assert_eq!(again, (vec![], (1 << 60) - 1));
    assert!(ids.iter().all(|id| storage::ticket(&host, TicketId(*id)) == (None, 0)));
}

#[test]
fn claims_report_what_failed_and_why() {
    let mut host = house(Policy::Ticket);
    exit(&mut host, ALICE, 900_000).unwrap();
    let (first, second) = (ticket(&mut host, BOB, 450_000), ticket(&mut host, BOB, 1_000));
    host.now = first.ready_secs() - 1;
    assert_eq!(
        host.call(BOB, |h| shell::claim_one(h, first)),
        Err(Error::NotReady { ready: T + DAY / 2, now: host.now })
    );
    host.now += 1;
    host.logs.clear();
    let (payments, failed) = host.call(ALICE, |h| shell::claim(h, &[second.0, first.0, 5, first.0])).unwrap();
    assert_eq!((payments, failed), (vec![Payment { id: first, to: BOB, amount: 450_000 }], 0b1101));
    let why = |i| decode::<abi::ClaimFailed>(&host, i);
    assert_eq!((why(0).id, why(0).why.0), (second.0, abi::TicketNotReady::SELECTOR));
    assert_eq!(decode::<abi::TicketClaimed>(&host, 1).amount, 450_000);
    assert_eq!((why(2).id, why(2).why.0), (5, abi::UnknownTicket::SELECTOR));
    assert_eq!((why(3).id, why(3).why.0), (first.0, abi::UnknownTicket::SELECTOR));
    assert_eq!(host.call(BOB, |h| shell::claim(h, &[])), Err(Error::BatchSize { length: 0, bound: 1 }));
    assert_eq!(host.call(BOB, |h| shell::claim(h, &[1; 65])), Err(Error::BatchSize { length: 65, bound: 64 }));
}

#[test]
fn rl_12_a_cancelled_ticket_returns_at_once_and_bars_its_account_for_a_window() {
    let mut host = house(Policy::Ticket);
    exit(&mut host, ALICE, 900_000).unwrap();
    let (first, second) = (ticket(&mut host, BOB, 450_000), ticket(&mut host, ALICE, 1_000));
    assert_eq!(host.call(ALICE, |h| shell::cancel(h, first)), Err(Error::NotOwner { who: ALICE, owner: BOB }));
    let back = host.call(BOB, |h| shell::cancel(h, first)).unwrap();
    assert_eq!(back, Payment { id: first, to: BOB, amount: 450_000 });
    let event: abi::TicketCancelled = decode(&host, 2);
    assert_eq!((event.id, event.owner, event.amount, event.queueAfter), (first.0, BOB, 450_000, T + DAY));
    assert_eq!(host.call(BOB, |h| shell::cancel(h, first)), Err(Error::UnknownTicket { id: first.0 }));
    // Behind both still, as if nothing had been cancelled; and the account waits.
    let third = ticket(&mut host, ALICE, 1_000);
    assert!(third.ready() > second.ready());
    assert_eq!(exit(&mut host, BOB, 450_000), Err(Error::Requeued { after: T + DAY, now: T }));
    host.now += DAY - 1;
    assert_eq!(exit(&mut host, BOB, 450_000), Err(Error::Requeued { after: T + DAY, now: T + DAY - 1 }));
    host.now += 1;
    // Reserved in all: 451,000 and one of 1,000, of which a day has passed: there is room for less than that now.
    assert_eq!(exit(&mut host, BOB, 450_000).map(|_| ()), Ok(()));
}

#[test]
fn rl_13_the_council_holds_a_thiefs_ticket_and_governance_moves_it() {
    let mut host = house(Policy::Ticket);
    exit(&mut host, ALICE, 900_000).unwrap();
    let thief = Address::repeat_byte(0xbd);
    let id = ticket(&mut host, thief, 900_000);
    host.now += DAY - HOUR;
    let until = host.now + 72 * HOUR;
    host.call(COUNCIL, |h| shell::hold(h, &P, id, until)).unwrap();
    let event: abi::TicketHeld = decode(&host, 1);
    assert_eq!((event.id, event.by, event.until), (id.0, COUNCIL, until));
    host.now += 48 * HOUR;
    assert_eq!(host.call(thief, |h| shell::claim_one(h, id)), Err(Error::Held { until, now: host.now }));
    assert_eq!(host.call(thief, |h| shell::cancel(h, id)), Err(Error::Held { until, now: host.now }));
    let twice = host.call(COUNCIL, |h| shell::hold(h, &P, id, until + 1));
    assert_eq!(twice, Err(Error::HeldBefore { until, now: host.now }));
    let escrow = Address::repeat_byte(0xec);
    assert_eq!(host.call(GOVERNANCE, |h| shell::escrow(h, id, Address::ZERO)), Err(Error::ZeroOwner { id: id.0 }));
    host.call(GOVERNANCE, |h| shell::escrow(h, id, escrow)).unwrap();
    let event: abi::TicketEscrowed = decode(&host, 2);
    assert_eq!((event.id, event.from, event.to, event.amount), (id.0, thief, escrow, 900_000));
    assert_eq!(host.call(thief, |h| shell::cancel(h, id)), Err(Error::NotOwner { who: thief, owner: escrow }));
    host.now = until - 1;
    assert!(host.call(thief, |h| shell::claim_one(h, id)).is_err());
    host.now += 1;
    let paid = host.call(thief, |h| shell::claim_one(h, id)).unwrap();
    assert_eq!(paid, Payment { id, to: escrow, amount: 900_000 });
    assert_eq!(shell::ticket(&host, id)[..2], [U256::ZERO, U256::ZERO]);
}

#[test]
fn rl_7_config_and_base_are_logged_and_change_no_debt() {
    let mut host = Memory::default();
    let config = Config::standard(1_000).unwrap();
    host.call(GOVERNANCE, |h| shell::configure(h, &P, BUCKET, config, BASE)).unwrap();
    let set: abi::BucketSet = decode(&host, 1);
    assert_eq!((set.bucket, set.previous, set.current), (BUCKET, U256::ZERO, config.pack()));
    let rebased: abi::Rebased = decode(&host, 0);
    assert_eq!((rebased.previousCapacity, rebased.capacity), (0, 1_000_000));
    assert_eq!((rebased.liquidity, rebased.average), (BASE, BASE));
    exit(&mut host, ALICE, 900_000).unwrap();
    host.logs.clear();
    let rebase = |host: &mut Memory, liquidity| host.call(BOB, |h| shell::rebase(h, &P, BUCKET, liquidity));
    // A height in the second of an inflow is not believed, nor is one that has just come.
    host.call(ALICE, |h| Ok::<_, ()>(shell::inflow(h, &P, BUCKET, 1))).unwrap();
    rebase(&mut host, 50 * BASE).unwrap();
    host.now += 1;
    rebase(&mut host, 50 * BASE).unwrap();
    assert_eq!((host.logs.len(), shell::state(&host, &P, BUCKET)[6]), (0, U256::from(11)));
    // A fall is; and what had left stays gone.
    rebase(&mut host, BASE / 2).unwrap();
    assert_eq!(decode::<abi::Rebased>(&host, 0).capacity, 500_000);
    assert_eq!(shell::state(&host, &P, BUCKET)[6], U256::ZERO);
    assert_eq!(rebase(&mut host, 0), Ok(()));
    assert_eq!(decode::<abi::Rebased>(&host, 1).capacity, 1_000);
    let unknown = host.call(BOB, |h| shell::rebase(h, &P, 99, BASE));
    assert_eq!(unknown, Err(Error::NotConfigured { value: 0, bound: 1 }));
}

#[test]
fn rl_15_a_stewards_overlay_lowers_both_lanes_and_ends_by_itself() {
    let mut host = house(Policy::Ticket);
    let overlay =
        |host: &mut Memory, factor, until| host.call(COUNCIL, |h| shell::overlay(h, &P, BUCKET, factor, until));
    overlay(&mut host, 2_500, T + HOUR).unwrap();
    let event: abi::Overlaid = decode(&host, 0);
    assert_eq!((event.bucket, event.factorBps, event.until), (BUCKET, 2_500, T + HOUR));
    assert_eq!(shell::state(&host, &P, BUCKET)[6..], [U256::from(225_000), U256::from(25_000)]);
    host.now = T + HOUR - 1;
    assert_eq!(shell::state(&host, &P, BUCKET)[6], U256::from(225_000));
    // A base that is looked at meanwhile keeps the overlay.
    host.call(BOB, |h| shell::rebase(h, &P, BUCKET, 2 * BASE)).unwrap();
    assert_eq!(shell::state(&host, &P, BUCKET)[6], U256::from(225_000));
    host.now += 1;
    assert_eq!(shell::state(&host, &P, BUCKET)[6..], [U256::from(900_000), U256::from(100_000)]);
    exit(&mut host, ALICE, 900_000).unwrap();
    assert!(!storage::bucket(&host, Slot::main(BUCKET)).overlaid);
    let later = host.now() + 1;
    assert_eq!(overlay(&mut host, 999, later), Err(Error::Overlay { value: 999, bound: 1_000 }));
    assert_eq!(overlay(&mut host, 10_001, T + HOUR), Err(Error::Overlay { value: 10_001, bound: 10_000 }));
    let bound = host.now + 72 * HOUR;
    assert_eq!(overlay(&mut host, 5_000, bound + 1), Err(Error::Overlay { value: bound + 1, bound }));
    overlay(&mut host, 5_000, bound).unwrap();
    overlay(&mut host, 10_000, bound).unwrap();
    assert_eq!(shell::state(&host, &P, BUCKET)[6], U256::ZERO);
}

#[test]
fn errors_are_a_selector_and_the_words_of_their_fields() {
    let data = Vec::<u8>::from(Error::Exceeded { amount: 3, available: 2, earliest: 1 });
    let error = abi::LimitExceeded::abi_decode(&data).unwrap();
    assert_eq!((error.amount, error.available, error.earliest, data.len()), (3, 2, 1, 100));
    let data = Vec::<u8>::from(Error::UnknownTicket { id: 9 });
    assert_eq!((abi::UnknownTicket::abi_decode(&data).unwrap().id, data.len()), (9, 36));
    let data = Vec::<u8>::from(Error::Parameter { id: 2, value: 8, bound: 7 });
    let error = abi::LimiterParameter::abi_decode(&data).unwrap();
    assert_eq!((error.id, error.value, error.bound), (2, 8, 7));
    let data = Vec::<u8>::from(Error::NotOwner { who: ALICE, owner: BOB });
    let error = abi::NotTicketOwner::abi_decode(&data).unwrap();
    assert_eq!((error.who, error.owner), (ALICE, BOB));
    let all = [
        Error::NotConfigured { value: 0, bound: 1 },
        Error::Exceeded { amount: 1, available: 0, earliest: 2 },
        Error::AboveCapacity { amount: 2, bound: 1 },
        Error::TooFar { ready: 2, bound: 1 },
        Error::Requeued { after: 2, now: 1 },
        Error::TicketTaken { id: 1 },
        Error::UnknownTicket { id: 1 },
        Error::NotReady { ready: 2, now: 1 },
        Error::Held { until: 2, now: 1 },
        Error::HeldBefore { until: 2, now: 1 },
        Error::HoldEnd { until: 1, bound: 2 },
        Error::NotHeld { until: 1, now: 2 },
        Error::NotOwner { who: ALICE, owner: BOB },
        Error::ZeroOwner { id: 1 },
        Error::BatchSize { length: 0, bound: 1 },
        Error::SameBucket { bucket: 1 },
        Error::Overlay { value: 1, bound: 2 },
        Error::OutOfRange { value: 2, bound: 1 },
        Error::Floor { value: 0, bound: 1 },
        Error::Parameter { id: 0, value: 0, bound: 1 },
    ];
    let selectors: BTreeSet<_> = all.iter().map(|error| error.selector()).collect();
    assert_eq!(selectors.len(), all.len());
    assert!(all.iter().all(|error| Vec::from(*error)[..4] == error.selector()));
}
