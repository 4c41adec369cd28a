//! One property per invariant of the staking half.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use fusebox_fund::{
    error::Error,
    logic::{self, hold},
    types::{Account, Hold, Params, State, Vault, MAX_AMOUNT, SHARES_PER_UNIT},
};
use proptest::prelude::*;

const DAY: u64 = 86_400;
const T: u64 = 1_700_000_000;
const P: Params = Params::DEFAULT;

/// Cases per property; `FUSEBOX_CASES` asks for another number.
fn cases() -> ProptestConfig {
    let cases = std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn units() -> impl Strategy<Value = u128> {
    prop_oneof![1..1_000u128, 1..1_000_000_000_000u128, 1..1u128 << 80]
}

/// A fund with somebody in it, at whatever price gains and losses have made.
fn vaults() -> impl Strategy<Value = Vault> {
    (units(), units(), 0..10_000u128).prop_map(|(staked, gained, lost)| {
        let vault = Vault { assets: 2_000_000, shares: 2_000_000_000, epoch: 3 };
        let (vault, _, _) = logic::stake(vault, &Hold::default(), account(0), &P, staked).unwrap();
        let vault = logic::credit(vault, gained).unwrap();
        let loss = (vault.assets - P.floor()) / 10_000 * lost;
        match logic::draw(vault, Hold::default(), &P, loss) {
            Ok((vault, _, drawn)) if !drawn.rolled => vault,
            _ => vault,
        }
    })
}

fn account(shares: u128) -> Account {
    Account { shares, epoch: 3, ..Account::default() }
}

/// Requests and leaves at the first moment.
fn leave(vault: Vault, hold: Hold, account: Account, now: u64) -> Option<(State, u128, u128)> {
    let (account, _) = logic::request(&vault, account, &P, now, account.shares).ok()?;
    let at = now + P.cooldown_secs();
    let hold = hold::settle(hold, &P, at);
    let shares = account.requested;
    let (after, paid) = logic::redeem(State { vault, hold, account }, &P, at, shares).ok()?;
    Some((after, paid.amount, paid.held))
}

#[derive(Clone, Debug)]
enum Act {
    Stake(usize, u128),
    Request(usize, u128),
    Cancel(usize),
    Redeem(usize, u128),
    Wait(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let part = 1..=100u128;
    let act = prop_oneof![
        3 => (0..3usize, units()).prop_map(|(i, n)| Act::Stake(i, n)),
        3 => (0..3usize, part.clone()).prop_map(|(i, n)| Act::Request(i, n)),
        1 => (0..3usize).prop_map(Act::Cancel),
        4 => (0..3usize, part).prop_map(|(i, n)| Act::Redeem(i, n)),
        4 => prop_oneof![Just(10 * DAY), Just(4 * DAY), 0..3 * DAY].prop_map(Act::Wait),
    ];
    prop::collection::vec(act, 1..60)
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn if_3_nobody_gains_from_others_by_coming_and_going(before in vaults(), acts in acts()) {
        let (mut vault, mut now) = (before, T);
        let (mut accounts, mut paid_in, mut paid_out) = ([account(0); 3], 0u128, 0u128);
        let price = |vault: &Vault| logic::assets_down(vault, before.shares);
        let others = price(&before);
        for act in acts {
            let clean = |a: Account, now| logic::current(a, &vault, &P, now);
            match act {
                Act::Stake(i, amount) => {
                    let staked = logic::stake(vault, &Hold::default(), clean(accounts[i], now), &P, amount);
                    if let Ok((next, account, _)) = staked {
                        (vault, accounts[i], paid_in) = (next, account, paid_in + amount);
                    }
                }
                Act::Request(i, part) => {
                    let account = clean(accounts[i], now);
                    let asked = logic::request(&vault, account, &P, now, account.shares / 100 * part);
                    accounts[i] = asked.map(|(account, _)| account).unwrap_or(account);
                }
                Act::Cancel(i) => {
                    let account = clean(accounts[i], now);
                    accounts[i] = logic::cancel(account, &P, now).unwrap_or(account);
                }
                Act::Redeem(i, part) => {
                    let account = clean(accounts[i], now);
                    let shares = (account.requested / 100 * part).max(account.requested.min(1));
                    let state = State { vault, hold: Hold::default(), account };
                    if let Ok((after, paid)) = logic::redeem(state, &P, now, shares) {
                        (vault, accounts[i], paid_out) = (after.vault, after.account, paid_out + paid.amount);
                    }
                }
                Act::Wait(secs) => now += secs,
            }
            let held: u128 = accounts.iter().map(|a| logic::assets_down(&vault, a.shares)).sum();
            prop_assert!(paid_out + held <= paid_in, "in {paid_in}, out {paid_out}, still {held}");
            prop_assert!(price(&vault) >= others, "the others had {others} and have {}", price(&vault));
        }
    }

    #[test]
    fn if_4_nobody_enters_while_something_is_open(vault in vaults(), open in units(), amount in units(), deficit: bool) {
        let opened = match deficit {
            true => hold::report(Hold::default(), &P, T, open, 0).unwrap(),
            false => hold::open(Hold::default(), &P, T, open).unwrap(),
        };
        let until = T + if deficit { P.deficit_secs() } else { P.hold_secs() };
        let refused = logic::stake(vault, &hold::settle(opened, &P, until - 1), account(0), &P, amount);
        prop_assert_eq!(refused, Err(Error::Closed { exposure: open, until }));
        let over = hold::settle(opened, &P, until);
        let shut = matches!(logic::stake(vault, &over, account(0), &P, amount), Err(Error::Closed { .. }));
        prop_assert!(!shut);
    }

    #[test]
    fn if_5_a_payout_is_the_lesser_of_request_and_claim(
        vault in vaults(), amount in units(), gain in units(), lost in 0..10_000u128,
    ) {
        let Ok((vault, account, _)) = logic::stake(vault, &Hold::default(), account(0), &P, amount) else { return Ok(()) };
        let (account, asked) = logic::request(&vault, account, &P, T, account.shares).unwrap();
        let gained = logic::credit(vault, gain).unwrap();
        let most = (gained.assets - P.floor()) / 10_000 * lost;
        let drawn = logic::draw(gained, Hold::default(), &P, most);
        let vault = drawn.map(|(vault, _, _)| vault).unwrap_or(gained);
        prop_assume!(vault.epoch == 3);
        let (shares, now) = (account.requested, T + P.cooldown_secs());
        let claim = logic::assets_down(&vault, shares);
        let state = State { vault, hold: Hold::default(), account };
        let Ok((after, paid)) = logic::redeem(state, &P, now, shares) else { return Ok(()) };
        prop_assert_eq!((paid.amount, paid.held), (claim.min(asked.value), 0));
        // In two pieces it is no more.
        if shares > 1 {
            let (half, first) = logic::redeem(state, &P, now, shares / 3 + 1).unwrap();
            let rest = half.account.requested;
            let second = if rest == 0 { 0 } else { logic::redeem(half, &P, now, rest).unwrap().1.amount };
            prop_assert!(first.amount + second <= asked.value);
            prop_assert_eq!(after.account.shares, 0);
        }
    }

    #[test]
    fn if_6_a_request_is_no_option(vault in vaults(), amount in units(), gain in units(), late in 0..10 * DAY) {
        let Ok((vault, account, _)) = logic::stake(vault, &Hold::default(), account(0), &P, amount) else { return Ok(()) };
        let (asked, _) = logic::request(&vault, account, &P, T, account.shares).unwrap();
        let later = logic::credit(vault, gain).unwrap();
        // Taken back, or let pass: what it would be without.
        prop_assert_eq!(logic::cancel(asked, &P, T + 1).unwrap(), account);
        let end = T + P.cooldown_secs() + P.window_secs();
        prop_assert_eq!(logic::current(asked, &later, &P, end), account);
        prop_assert_ne!(logic::current(asked, &later, &P, end - 1), account);
        // Asked again, at whatever moment: the whole cool-down from there.
        let again = T + late;
        let (asked, terms) = logic::request(&later, asked, &P, again, asked.shares).unwrap();
        prop_assert_eq!(terms.ready, again + P.cooldown_secs());
        let early = logic::redeem(State { vault: later, hold: Hold::default(), account: asked }, &P, terms.ready - 1, 1);
        prop_assert_eq!(early.err(), Some(Error::CoolingDown { ready: terms.ready, now: terms.ready - 1 }));
    }

    #[test]
    fn if_7_without_a_deficit_nothing_is_held_back_for_more_than_72_hours_in_a_week(
        vault in vaults(), amount in units(), steps in prop::collection::vec((0..4 * DAY, units()), 1..30),
    ) {
        let Ok((vault, account, _)) = logic::stake(vault, &Hold::default(), account(0), &P, amount) else { return Ok(()) };
        let (mut hold, mut now, mut spans) = (Hold::default(), T, Vec::<(u64, u64)>::new());
        for (wait, units) in steps {
            now += wait;
            hold = hold::settle(hold, &P, now);
            let was = hold::exposure(&hold);
            match hold::open(hold, &P, now, units) {
                Ok(next) => {
                    prop_assert!(hold::ends(&next, &P) <= now + P.hold_secs());
                    if was == 0 {
                        spans.push((now, hold::ends(&next, &P)));
                    }
                    hold = next;
                }
                Err(Error::HoldSpent { again, .. }) => prop_assert!(now < again && again <= now + 7 * DAY),
                Err(error) => prop_assert!(false, "{error:?}"),
            }
        }
        // In any seven days that begin where a span does.
        for (from, _) in &spans {
            let within = spans.iter().map(|(a, b)| (*b).min(from + 7 * DAY).saturating_sub(*a.max(from)));
            prop_assert!(within.sum::<u64>() <= P.hold_secs());
        }
        // What is held back is owed when the hold ends, to the unit, if nothing was drawn.
        let Some((after, _, held)) = leave(vault, Hold { opened: 0, ..hold }, account, now) else { return Ok(()) };
        let over = hold::settle(after.hold, &P, now + P.cooldown_secs() + P.hold_secs());
        let (_, _, paid) = hold::collect(over, after.account, over.index);
        prop_assert!(held.abs_diff(paid) <= 1, "held {held}, paid {paid}");
    }

    #[test]
    fn if_8_the_floor_is_never_paid_out(vault in vaults(), open in units(), more in 1..u128::from(u64::MAX)) {
        let hold = hold::report(Hold::default(), &P, T, open, 0).unwrap();
        let most = logic::drawable(&vault, &hold, &P);
        let (after, _, _) = logic::draw(vault, hold, &P, most).unwrap();
        prop_assert!(after.assets >= P.floor());
        let refused = logic::draw(vault, hold, &P, most + more);
        prop_assert_eq!(refused.err(), Some(Error::BelowFloor { amount: most + more, available: most }));
        // Nobody leaves with it either, were all shares one account's.
        let all = Account { since: 1, requested: vault.shares, value: MAX_AMOUNT, ..account(vault.shares) };
        let state = State { vault, hold: Hold::default(), account: all };
        let (shares, _) = logic::redeemable(state, &P, 1 + P.cooldown_secs());
        if shares > 0 {
            let (after, _) = logic::redeem(state, &P, 1 + P.cooldown_secs(), shares).unwrap();
            prop_assert!(after.vault.assets >= P.floor());
        }
    }

    #[test]
    fn if_9_rounding_is_against_who_asks(vault in vaults(), amount in units()) {
        match logic::stake(vault, &Hold::default(), account(0), &P, amount) {
            Ok((after, account, shares)) => {
                prop_assert!(logic::assets_down(&after, shares) <= amount);
                prop_assert_eq!((account.shares, after.assets - vault.assets), (shares, amount));
                let virtuals = [vault, after].map(|v| (v.assets + 1, v.shares + SHARES_PER_UNIT));
                let worth = |(assets, shares): (u128, u128)| num_bigint::BigUint::from(assets) * shares;
                // No share is worth less than before: (A + x + 1) / (S + s + V) >= (A + 1) / (S + V).
                prop_assert!(worth((virtuals[1].0, virtuals[0].1)) >= worth((virtuals[0].0, virtuals[1].1)));
            }
            Err(Error::TooSmall { bound, .. }) => prop_assert!(logic::shares_down(&vault, bound) > 0),
            Err(error) => prop_assert!(false, "{error:?}"),
        }
    }

    #[test]
    fn if_10_a_draw_hits_the_requested_as_the_staked(vault in vaults(), amount in units(), lost in 1..10_000u128) {
        let Ok((vault, staked, _)) = logic::stake(vault, &Hold::default(), account(0), &P, amount) else { return Ok(()) };
        let (waiting, _) = logic::request(&vault, staked, &P, T, staked.shares).unwrap();
        let loss = ((vault.assets - P.floor()) / 10_000 * lost).max(1);
        let Ok((after, _, drawn)) = logic::draw(vault, Hold::default(), &P, loss) else { return Ok(()) };
        prop_assert_eq!((drawn.staked, drawn.held), (loss, 0));
        let now = T + P.cooldown_secs();
        let [staked, waiting] = [staked, waiting].map(|a| logic::current(a, &after, &P, now));
        prop_assert_eq!(staked.shares, waiting.shares);
        let claim = logic::assets_down(&after, staked.shares);
        prop_assert!(drawn.rolled || claim <= logic::assets_down(&vault, staked.shares));
        let state = State { vault: after, hold: Hold::default(), account: waiting };
        if let Ok((_, paid)) = logic::redeem(state, &P, now, waiting.requested) {
            prop_assert_eq!(paid.amount, claim);
        }
    }

    #[test]
    fn if_11_who_leaves_before_a_loss_bears_what_who_stays_does(
        vault in vaults(), amount in 1_000_000..1u128 << 70, open in 1..100u128, drawn in 0..=100u128,
    ) {
        let Ok((vault, account, _)) = logic::stake(vault, &Hold::default(), account(0), &P, amount) else { return Ok(()) };
        let loss = (vault.assets - P.floor()) / 200 * open; // at most half of it
        prop_assume!(loss > 100);
        let stated = hold::report(Hold::default(), &P, T + P.cooldown_secs(), loss, 0).unwrap();
        let Some((left, now_paid, held)) = leave(vault, stated, account, T) else { return Ok(()) };
        prop_assert!(held > 0);
        let need = (loss / 100 * drawn).max(1).min(logic::drawable(&left.vault, &left.hold, &P));
        prop_assume!(need > 0);
        let (after, hold, parts) = logic::draw(left.vault, left.hold, &P, need).unwrap();
        prop_assert_eq!(parts.staked + parts.held, need);
        // The rest is called off, and what is left of the part held back is paid.
        let rest = hold.deficit;
        let hold = if rest == 0 { hold } else { hold::call_off(hold, true, rest).unwrap() };
        let (_, _, later) = hold::collect(hold, left.account, hold.index);
        // Had he stayed: the same loss over all shares.
        let (stayed, _, _) = logic::draw(vault, Hold::default(), &P, need).unwrap();
        let fair = logic::assets_down(&stayed, account.shares);
        prop_assert!(now_paid + later <= fair + 2, "left with {now_paid} + {later}, stayed with {fair}");
        prop_assert!(now_paid + later + 3 + fair / 1_000_000 >= fair, "left {now_paid} + {later}, stayed {fair}");
        // And nobody who stayed is worse off for it.
        let others = vault.shares - account.shares;
        prop_assert!(logic::assets_down(&after, others) + 2 >= logic::assets_down(&stayed, others));
    }

    #[test]
    fn if_12_what_was_held_back_is_paid_once(
        vault in vaults(), amounts in prop::collection::vec(1_000..1u128 << 60, 2..6), parts in prop::collection::vec(1..50u128, 4),
    ) {
        let (mut vault, mut accounts) = (vault, Vec::new());
        for amount in amounts {
            if let Ok((next, account, _)) = logic::stake(vault, &Hold::default(), account(0), &P, amount) {
                (vault, accounts) = (next, [accounts, vec![account]].concat());
            }
        }
        let loss = (vault.assets - P.floor()) / 2;
        prop_assume!(loss > 1_000);
        let mut hold = hold::report(Hold::default(), &P, T + P.cooldown_secs(), loss, 0).unwrap();
        let (mut held, mut paid) = (0u128, 0u128);
        for (account, part) in accounts.iter_mut().zip(parts.into_iter().cycle()) {
            let Some((after, _, back)) = leave(vault, hold, *account, T) else { continue };
            (vault, hold, *account, held) = (after.vault, after.hold, after.account, held + back);
            hold = hold::call_off(hold, true, (hold.deficit / 100 * part).max(1)).unwrap();
            for one in [1, 2] {
                let (next, account_after, amount) = hold::collect(hold, *account, hold.index);
                prop_assert!(one == 1 || amount == 0, "paid twice");
                (hold, *account, paid) = (next, account_after, paid + amount);
            }
        }
        let rest = hold.deficit;
        hold = hold::call_off(hold, true, rest).unwrap();
        for account in accounts.iter_mut().filter(|a| a.round != 0) {
            let (next, after, amount) = hold::collect(hold, *account, hold.index);
            (hold, *account, paid) = (next, after, paid + amount);
            prop_assert_eq!((account.round, account.weight), (0, 0));
        }
        prop_assert_eq!(paid + hold.released, held);
        prop_assert!(hold.released <= 40, "{} of {held} is left", hold.released);
    }

    #[test]
    fn if_13_a_total_loss_begins_anew(amount in 1u128 << 60..1 << 80, next in units()) {
        let fresh = Vault { epoch: 3, ..Vault::default() };
        let (vault, old, _) = logic::stake(fresh, &Hold::default(), account(0), &P, amount).unwrap();
        let (vault, _, drawn) = logic::draw(vault, Hold::default(), &P, amount - P.floor()).unwrap();
        prop_assert!(drawn.rolled);
        prop_assert_eq!((vault.assets, vault.epoch), (P.floor(), 4));
        prop_assert_eq!(logic::current(old, &vault, &P, T).shares, 0);
        // A share costs what it cost at the start, and what is left is nobody's.
        let (after, new, shares) = logic::stake(vault, &Hold::default(), Account { epoch: 4, ..account(0) }, &P, next).unwrap();
        prop_assert_eq!(shares, next * SHARES_PER_UNIT);
        prop_assert_eq!(logic::assets_down(&after, new.shares), next);
        // What comes into a fund without shares changes no price either.
        let gift = logic::credit(fresh, next).unwrap();
        prop_assert_eq!(logic::shares_down(&gift, 1_000), 1_000 * SHARES_PER_UNIT);
    }

    #[test]
    fn if_14_every_word_survives_its_packing(a in 0..=MAX_AMOUNT, b: u128, c: u32, d in 0..=MAX_AMOUNT, e: u128, f: u32) {
        let vault = Vault { assets: a, shares: b, epoch: c };
        prop_assert_eq!(Vault::unpack(vault.pack()), vault);
        let hold = Hold {
            deficit: b, incident: a, opened: c, round: f, held: d, weight: e, deficit_until: c, released: e, index: a, closed: None,
        };
        prop_assert_eq!(Hold::unpack(hold.pack()), hold);
        let own = Account { shares: b, epoch: c, since: f, round: c, requested: e, value: a, weight: b, index: d };
        prop_assert_eq!(Account::unpack(own.pack()), own);
    }

    #[test]
    fn if_15_parameters_keep_their_bounds(id in 0..5usize, above: bool, off in 1..1_000u128) {
        let middle = Params::BOUNDS.map(|(least, most)| (least + most) / 2);
        let make = |v: [u128; 5]| Params::new(v[0] as u32, v[1] as u32, v[2] as u32, v[3] as u32, v[4]);
        prop_assert_eq!(make(middle).map(|p| Params::unpack(p.pack())), Ok(make(middle)));
        let (least, most) = Params::BOUNDS[id];
        for edge in [least, most] {
            let mut values = middle;
            values[id] = edge;
            prop_assert!(make(values).is_ok());
        }
        let mut values = middle;
        values[id] = if above { most + off } else { least - off };
        let bound = if above { most } else { least };
        prop_assert_eq!(make(values), Err(Error::Parameter { id: id as u8, value: values[id], bound }));
        prop_assert!(Params::unpack(Default::default()).is_err());
    }
}
