//! Value leaves at a pace: tickets, holds, removals, liquidations, trips, on the built programs.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolError;
use fusebox_tests::{abi::*, *};

const USERS: [Address; 4] = [ALICE, BOB, CAROL, LP];
const DAY: u64 = 86_400;
const HOUR: u64 = 3_600;

/// Ten thousand may leave in a day, nine of them by the main lane; what was deposited is no credit any more.
fn rig() -> Rig {
    let mut rig = Rig::of(Plan { floor: 10_000, ..Plan::default() });
    rig.advance(3 * DAY, START);
    rig
}

fn withdraw(rig: &Rig, amount: u64) -> withdrawCall {
    withdrawCall { amount: rig.units(amount) }
}

fn units(rig: &Rig, amount: u64) -> u128 {
    rig.units(amount).to()
}

fn claim(ids: &[U256]) -> claimTicketsCall {
    claimTicketsCall { ids: ids.iter().map(|id| id.to()).collect() }
}

/// The second at which a ticket is ready.
fn ready(rig: &Rig, id: U256) -> u64 {
    rig.ask(&ticketCall { id: id.to() })[2].to()
}

#[test]
fn what_does_not_fit_waits_in_order_and_is_paid_by_anybody() {
    let mut rig = rig();
    let (start, bob) = (rig.now(), rig.balance(BOB));
    assert_eq!(rig.call(ALICE, &withdraw(&rig, 9_000)), U256::ZERO);
    let asked = whenCall { bucket: 0, account: BOB, amount: units(&rig, 4_500) };
    assert_eq!(rig.ask(&asked), [U256::from(1), U256::from(start + 12 * HOUR)]);
    let first = rig.call(BOB, &withdraw(&rig, 4_500));
    let second = rig.call(ALICE, &withdraw(&rig, 900));
    assert_eq!((ready(&rig, first), ready(&rig, second)), (start + 12 * HOUR, start + 12 * HOUR + DAY / 10));
    // Booked out, not paid: what is accounted for and the tickets are what the protocol holds.
    assert_eq!(rig.balance(BOB), bob);
    assert_eq!(rig.accounted(&USERS) + rig.units(5_400), rig.balance(rig.perp));
    // The small leave first: a thousandth of the lane, once a window.
    rig.call(CAROL, &depositCall { amount: rig.units(100) });
    rig.advance(1, START);
    assert_eq!(rig.call(CAROL, &withdraw(&rig, 9)), U256::ZERO);
    assert_ne!(rig.call(CAROL, &withdraw(&rig, 9)), U256::ZERO);
    // More than three days away is refused with the time, and more than the lane holds at once is never a ticket.
    rig.call(ALICE, &withdraw(&rig, 9_000));
    rig.call(ALICE, &withdraw(&rig, 9_000));
    let far = TicketTooFar::abi_decode(&rig.fails(ALICE, &withdraw(&rig, 9_000)).output).expect("TicketTooFar");
    assert_eq!(far.bound, rig.now() + 72 * HOUR);
    let too_large = AboveCapacity { amount: units(&rig, 9_001), bound: units(&rig, 9_000) };
    rig.refuses(ALICE, &withdraw(&rig, 9_001), too_large);
    // One second before, at, and again.
    rig.chain.set_timestamp(start + 12 * HOUR - 1);
    assert_eq!(rig.call(CAROL, &claim(&[first])), 1);
    rig.chain.set_timestamp(start + 12 * HOUR);
    assert_eq!(rig.call(CAROL, &claim(&[first, second])), 0b10);
    assert_eq!(rig.balance(BOB), bob + rig.units(4_500));
    assert_eq!(rig.call(CAROL, &claim(&[first])), 1);
    assert_eq!(rig.balance(BOB), bob + rig.units(4_500));
}

#[test]
fn a_thief_s_ticket_is_held_and_moved_to_escrow_before_the_hold_ends() {
    let mut rig = rig();
    rig.call(ALICE, &withdraw(&rig, 9_000));
    let id = rig.call(BOB, &withdraw(&rig, 4_500));
    let hold = |rig: &Rig| holdTicketCall { id: id.to(), until: rig.now() + 72 * HOUR };
    rig.refuses(COUNCIL, &hold(&rig), NoIncident { scope: 0 });
    rig.call(PAUSER, &pauseCall { scopes: vec![0], classes: 1, reason: 9 });
    rig.refuses(COUNCIL, &hold(&rig), IncidentTooYoung { age: 0, bound: 600 });
    rig.advance(600, START);
    rig.refuses(PAUSER, &hold(&rig), MissingRole { who: PAUSER, role: 1 });
    let held = hold(&rig);
    rig.call(COUNCIL, &held);
    let again = HeldBefore { until: held.until, now: rig.now() };
    rig.refuses(COUNCIL, &hold(&rig), again);
    rig.refuses(BOB, &cancelTicketCall { id: id.to() }, TicketOnHold { until: held.until, now: rig.now() });
    let escrow = change::escrow(id, CAROL);
    rig.call(GOVERNANCE, &proposeCall { words: escrow.clone() });
    let due = rig.now() + 48 * HOUR;
    rig.advance(48 * HOUR - 1, START);
    assert_eq!(rig.call(BOB, &claim(&[id])), 1, "held beyond its time");
    let early = TooEarly { now: rig.now(), bound: due };
    rig.refuses(CAROL, &executeCall { words: escrow.clone() }, early);
    rig.advance(1, START);
    // Left alone it ends by the clock, and the owner is paid.
    let mut left = rig.clone();
    left.chain.set_timestamp(held.until);
    let bob = left.balance(BOB);
    assert_eq!(left.call(ALICE, &claim(&[id])), 0);
    assert_eq!(left.balance(BOB), bob + left.units(4_500));
    rig.call(CAROL, &executeCall { words: escrow });
    rig.chain.set_timestamp(held.until);
    let (bob, carol) = (rig.balance(BOB), rig.balance(CAROL));
    assert_eq!(rig.call(BOB, &claim(&[id])), 0);
    assert_eq!((rig.balance(BOB), rig.balance(CAROL)), (bob, carol + rig.units(4_500)));
}

#[test]
fn a_cancelled_ticket_is_its_owner_s_again_and_does_not_queue_again_within_the_window() {
    let mut rig = rig();
    rig.call(ALICE, &withdraw(&rig, 9_000));
    let id = rig.call(BOB, &withdraw(&rig, 4_500));
    let after = rig.call(ALICE, &withdraw(&rig, 900));
    let (free, due) = (rig.ask(&accountCall { who: BOB }).free, ready(&rig, after));
    rig.refuses(ALICE, &cancelTicketCall { id: id.to() }, NotTicketOwner { who: ALICE, owner: BOB });
    rig.call(BOB, &cancelTicketCall { id: id.to() });
    assert_eq!(rig.ask(&accountCall { who: BOB }).free, free + rig.units(4_500));
    assert_eq!(ready(&rig, after), due, "nobody's wait has changed");
    let barred = Requeued::abi_decode(&rig.fails(BOB, &withdraw(&rig, 4_500)).output).expect("Requeued");
    assert!(barred.queueAfter >= rig.now() + DAY);
    rig.refuses(BOB, &cancelTicketCall { id: id.to() }, UnknownTicket { id: id.to() });
    assert_eq!(rig.accounted(&USERS) + rig.units(900), rig.balance(rig.perp));
}

#[test]
fn liquidity_that_waits_still_bears_what_the_pool_loses() {
    let mut rig = rig();
    let lot = U256::from(1_000_000);
    let lots = |rig: &Rig, amount: u64| removeCall { shares: rig.units(amount) * lot };
    let size = U256::from(WAD) * U256::from(40);
    rig.call(ALICE, &openCall { market: 1, isLong: true, size, margin: rig.units(10_000), limitPrice: U256::ZERO });
    assert_eq!(rig.call(LP, &lots(&rig, 9_000)).ticket, U256::ZERO);
    let before = rig.ask(&accountCall { who: LP });
    let waiting = rig.call(LP, &lots(&rig, 4_500));
    assert_eq!(waiting.amount, U256::ZERO);
    assert_eq!(rig.ask(&accountCall { who: LP }).shares, before.shares - rig.units(4_500) * lot);
    // Alice wins 5 %: the shares in the ticket are worth less than when they were handed in.
    rig.advance(12 * HOUR, START / 100 * 105);
    rig.call(ALICE, &closeCall { market: 1, limitPrice: U256::ZERO });
    assert_eq!(rig.call(BOB, &claim(&[waiting.ticket])), 0);
    let gained = rig.ask(&accountCall { who: LP }).free - before.free;
    assert!(gained < rig.units(4_500) && gained > rig.units(4_450), "{gained} for 4,500 lots");
    assert_eq!(rig.accounted(&USERS), rig.balance(rig.perp));
}

#[test]
fn liquidations_pass_at_a_pace_that_no_size_and_no_bankruptcy_can_block() {
    // A thousand an hour, on a pool whose average is still young; both positions are larger than that.
    let mut rig = Rig::of(Plan { floor: 1_000, ..Plan::default() });
    for who in [ALICE, BOB] {
        let (size, margin) = (U256::from(WAD), rig.units(220));
        rig.call(who, &openCall { market: 1, isLong: true, size, margin, limitPrice: U256::ZERO });
    }
    rig.advance(60, START / 1_000 * 935);
    assert_eq!(rig.call(CAROL, &liquidateCall { market: 1, account: ALICE }), 0);
    let refused = LimitExceeded::abi_decode(&rig.fails(CAROL, &liquidateCall { market: 1, account: BOB }).output);
    let refused = refused.expect("LimitExceeded");
    assert!(refused.earliest > rig.now() && refused.earliest <= rig.now() + HOUR, "{refused:?}");
    // Bankrupt, it waits for nothing.
    let mut crashed = rig.clone();
    crashed.advance(60, START / 1_000 * 880);
    assert_eq!(crashed.call(CAROL, &liquidateCall { market: 1, account: BOB }), 0);
    assert!(crashed.ask(&poolCall {}).badDebt > U256::ZERO);
    // Otherwise it is its turn within the hour.
    rig.advance(HOUR, START / 1_000 * 935);
    assert_eq!(rig.call(CAROL, &liquidateCall { market: 1, account: BOB }), 0);
}

#[test]
fn a_bucket_that_trips_moves_nothing_and_stops_new_risk_until_its_end() {
    let mut rig = Rig::of(Plan { floor: 10_000, ..Plan::default() });
    rig.govern(&[change::parameter(0, 0x0304, 2)]);
    rig.call(ALICE, &withdraw(&rig, 9_000));
    let before = (rig.balance(rig.perp), rig.ask(&accountCall { who: BOB }).free);
    let start = rig.now();
    assert_eq!(rig.call(BOB, &withdraw(&rig, 4_500)), U256::MAX);
    assert_eq!((rig.balance(rig.perp), rig.ask(&accountCall { who: BOB }).free), before);
    assert_eq!((rig.bits(0), rig.incidents()), (8 | 4, 1));
    let until = start + 12 * HOUR;
    let stopped = || Stopped { scope: 1, class: INCREASE, sources: 4, until };
    rig.refuses(ALICE, &checkCall { market: 1, class: INCREASE }, stopped());
    rig.call(ALICE, &checkCall { market: 1, class: REDUCE });
    rig.call(ALICE, &checkCall { market: 1, class: EXIT });
    rig.chain.set_timestamp(until - 1);
    rig.refuses(ALICE, &checkCall { market: 1, class: INCREASE }, stopped());
    rig.chain.set_timestamp(until);
    rig.set_price(START);
    assert_eq!(rig.call(ALICE, &checkCall { market: 1, class: INCREASE }), 0);
    rig.call(CAROL, &pokeCall { market: 1 });
    assert_eq!(rig.bits(0), 8);
}

#[test]
fn a_bucket_follows_the_pool_slowly_and_by_anybody_s_hand() {
    let mut rig = rig();
    let available = |rig: &Rig| rig.ask(&bucketStateCall { bucket: 0 })[6];
    let floor = rig.units(9_000);
    assert_eq!(available(&rig), floor);
    // The pool's million was seen by nobody yet: the first look starts its average.
    rig.call(CAROL, &rebaseCall { bucket: 0 });
    assert_eq!(available(&rig), floor);
    rig.advance(30 * DAY, START);
    rig.call(CAROL, &rebaseCall { bucket: 0 });
    let grown = available(&rig);
    assert!(grown > rig.units(89_000) && grown <= rig.units(90_000), "{grown}");
    rig.refuses(CAROL, &rebaseCall { bucket: 2 }, UnknownBucket { bucket: U256::from(2), max: U256::from(24) });
}
