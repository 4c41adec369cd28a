//! Boundaries: one below, at, and one above; the numbers that the README states.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use fusebox_core::{
    panel::Tier,
    time::{DAY, HOUR},
};
use fusebox_market::{
    logic,
    params::{bounds, MAX_CAP, TERMS},
    Balance, Caps, Choice, Closing, Error, Exposure, Leg, Mark, Opening, Params, Ramp, Ratchet, Terms, Warm, Weather,
};

const T: u64 = 1_700_000_000;
const CAPS: Caps = Caps { position: 1_000_000, interest: 10_000_000 };
/// Six decimals.
const SCALE: u128 = 10u128.pow(30);
const WAD: u128 = 10u128.pow(18);

fn params() -> Params {
    Params::standard(T, 20, CAPS, 3).validated(T).unwrap()
}

fn terms() -> Terms {
    params().terms
}

fn calm() -> Weather {
    Weather::default()
}

fn storm(volatility_bps: u16) -> Weather {
    Weather { tier: Tier::Normal, volatility_bps }
}

#[test]
fn the_defaults_are_within_their_bounds() {
    let params = params();
    assert_eq!((params.terms.base_bps, params.closing.maintenance.at(T), params.closing.domain), (500, 250, 3));
    assert_eq!(logic::leverage_down(500), 2_000);
    assert_eq!(logic::leverage_down(700), 1_428); // 14.28, down
    assert_eq!(logic::leverage_down(0), 1_000_000);
}

#[test]
fn each_bound_is_inclusive_and_named() {
    for term in 0..TERMS {
        let (min, max) = bounds(term);
        for value in [min, max] {
            let params = base_for(term, value);
            assert_eq!(params.with(T, term, value).map(|params| params.get(term)), Ok(value), "{term} {value}");
        }
        assert_eq!(params().with(T, term, max + 1), Err(Error::Term { term, value: max + 1, bound: max }));
        if min > 0 {
            assert_eq!(params().with(T, term, min - 1), Err(Error::Term { term, value: min - 1, bound: min }));
        }
    }
    assert_eq!(params().with(T, TERMS, 0), Err(Error::UnknownTerm { term: TERMS, bound: TERMS - 1 }));
    assert_eq!(bounds(TERMS), (0, 0));
    assert_eq!(params().get(TERMS), 0);
}

/// Parameters whose relations allow a term to be at its bound.
fn base_for(term: u8, value: u128) -> Params {
    let mut params = params();
    match term {
        0 if value < 500 => {
            params.closing = Closing { maintenance: Ramp::flat(5, T, 86_400), penalty_bps: 0, ..params.closing }
        }
        15 | 16 => {
            params.terms.base_bps = 10_000;
            let maintenance = if term == 16 { 9_999 } else { 5_000 };
            params.closing.penalty_bps = 0;
            params.closing.maintenance = Ramp::flat(maintenance, T, 86_400);
        }
        _ => {}
    }
    params
}

#[test]
fn maintenance_stays_below_the_base_and_above_the_penalty() {
    let params = params();
    assert_eq!(params.with(T, 15, 500), Err(Error::Term { term: 15, value: 500, bound: 499 }));
    assert!(params.with(T, 15, 499).is_ok());
    assert_eq!(params.with(T, 0, 250), Err(Error::Term { term: 15, value: 250, bound: 249 }));
    assert!(params.with(T, 0, 251).is_ok());
    assert_eq!(params.with(T, 16, 251), Err(Error::Term { term: 16, value: 251, bound: 250 }));
    assert!(params.with(T, 16, 250).is_ok());
    assert_eq!(params.with(T, 15, 99), Err(Error::Term { term: 16, value: 100, bound: 99 }));
    assert!(params.with(T, 15, 100).is_ok());
    let unset = Params { closing: Closing { maintenance: Ramp::flat(0, T, 86_400), ..params.closing }, ..params };
    assert_eq!(unset.validated(T), Err(Error::Term { term: 15, value: 0, bound: 1 }));
}

#[test]
fn a_ramp_starts_where_the_last_one_is() {
    let ramp = Ramp { from_bps: 200, to_bps: 300, start: T, length_secs: 86_400 };
    assert_eq!([T - 1, T, T + 863, T + 864].map(|now| ramp.at(now)), [200, 200, 200, 201]);
    assert_eq!([T + DAY - 1, T + DAY, T + 9 * DAY, u64::MAX].map(|now| ramp.at(now)), [299, 300, 300, 300]);
    let back = ramp.turned(T + DAY / 2, 100, 172_800);
    assert_eq!((back.at(T + DAY / 2), back.at(T + DAY), back.at(T + 3 * DAY)), (250, 213, 100));
    assert_eq!(Ramp::default().at(0), 0);
}

#[test]
fn mr_4_every_second_of_a_ramp_and_of_one_that_turns() {
    for (from_bps, to_bps) in [(1, 9_999), (9_999, 1), (250, 499), (499, 250)] {
        let mut ramp = Ramp { from_bps, to_bps, start: T, length_secs: 86_400 };
        let mut last = ramp.at(T);
        for now in T..=T + 2 * DAY {
            if now == T + DAY / 3 {
                ramp = ramp.turned(now, from_bps, 86_400);
            }
            let here = ramp.at(now);
            assert!(here.abs_diff(last) <= 1 && here <= from_bps.max(to_bps) && here >= from_bps.min(to_bps));
            last = here;
        }
        assert_eq!(last, from_bps);
    }
    // Turned in every second, it never moves faster than once: here it does not move at all.
    let mut ramp = Ramp { from_bps: 100, to_bps: 200, start: T, length_secs: 86_400 };
    (T..T + DAY).for_each(|now| ramp = ramp.turned(now, 200, 86_400));
    assert_eq!(ramp.at(T + DAY), 100);
}

#[test]
fn volatility_is_a_root_rounded_up() {
    let terms = Terms { z_hundredths: 300, horizon_mins: 60, ..terms() };
    assert_eq!(logic::volatility_up(&terms, 0, 0), 0);
    assert_eq!(logic::volatility_up(&terms, 1, 0), 1);
    // 80 % a year: 0.64 / 31,557,600 a second; 3 * 0.8 * sqrt(3,600 / 31,557,600) = 256.34 bps.
    assert_eq!(logic::volatility_up(&terms, 20_280_376_200, 0), 257);
    assert_eq!(logic::volatility_up(&terms, 0, 20_280_376_200), 257);
    // 300 bps exactly: (0.01)^2 / 3,600 s does not divide; (0.06)^2 / 3,600 does: 6 % an hour.
    assert_eq!(logic::volatility_up(&terms, 1_000_000_000_000, 0), 1_800);
    assert_eq!(logic::volatility_up(&terms, 1_000_000_000_001, 0), 1_801);
    assert_eq!(logic::volatility_up(&terms, u64::MAX, u64::MAX), 10_000);
    assert_eq!(logic::volatility_up(&Terms { z_hundredths: 0, ..terms }, u64::MAX, 0), 0);
    let widest = Terms { z_hundredths: 1_000, horizon_mins: 10_080, ..terms };
    assert_eq!(logic::volatility_up(&widest, u64::MAX, 0), 10_000);
    assert_eq!(
        logic::volatility_up(&Terms { z_hundredths: u16::MAX, horizon_mins: u16::MAX, ..terms }, u64::MAX, 0),
        10_000
    );
}

#[test]
fn a_ramp_of_margin_starts_at_its_share_and_ends_at_the_cap() {
    let up = |used| logic::ramp_up(500, 2_000, 5_000, used, 1_000_000);
    assert_eq!(
        [0, 500_000, 500_001, 750_000, 999_999, 1_000_000, 2_000_000].map(up),
        [500, 500, 501, 1_250, 2_000, 2_000, 2_000]
    );
    assert_eq!(logic::ramp_up(500, 400, 0, 1_000, 1_000), 500, "a top below the base is none");
    assert_eq!(logic::ramp_up(500, 2_000, 0, 0, 0), 2_000, "a cap of nothing is reached");
    assert_eq!(logic::ramp_up(1, 10_000, 9_999, MAX_CAP - 1, MAX_CAP), 10_000);
    assert_eq!(logic::ramp_up(1, 10_000, 0, 1, MAX_CAP), 2);
}

#[test]
fn the_parts_of_an_initial_margin() {
    let (terms, opening) = (terms(), Opening { assets: MAX_CAP, ..Opening::default() });
    let up = |weather, opening: Opening| logic::initial_up(&terms, &CAPS, Ratchet::default(), T, weather, &opening);
    assert_eq!(up(calm(), opening), 500);
    assert_eq!(up(storm(501), opening), 501);
    assert_eq!(up(calm(), Opening { interest: 7_500_000, ..opening }), 1_250);
    assert_eq!(up(calm(), Opening { notional: 625_000, ..opening }), 1_250);
    let guarded = Weather { tier: Tier::Guarded, volatility_bps: 501 };
    assert_eq!(up(guarded, opening), 752); // 751.5, up
    assert_eq!(up(guarded, Opening { notional: 625_000, ..opening }), 1_875);
    assert_eq!(up(Weather { tier: Tier::Halted, volatility_bps: 9_000 }, opening), 10_000);
    // The pool's share is the tighter cap: 5 % of 20,000,000 is 1,000,000 of notional at 50 %.
    assert_eq!(logic::interest_cap_down(&terms, &CAPS, 20_000_001), 10_000_000);
    assert_eq!(logic::interest_cap_down(&terms, &CAPS, 19_999_999), 9_999_999);
    assert_eq!(up(calm(), Opening { interest: 75, assets: 200, ..opening }), 1_250);
}

#[test]
fn an_opening_is_admitted_at_each_bound_and_refused_past_it() {
    let terms = terms();
    let ok = Opening { notional: 100_000, interest: 100_000, assets: 10_000_000, margin: 5_000, loss: 0 };
    let admit = |opening| logic::admit(Ratchet::default(), (&terms, &CAPS), T, calm(), &opening);
    assert_eq!(admit(ok).unwrap().1.needed, 5_000);
    assert_eq!(admit(Opening { margin: 4_999, ..ok }), Err(Error::Initial { value: 4_999, bound: 5_000 }));
    assert_eq!(admit(Opening { loss: 1, ..ok }), Err(Error::Initial { value: 4_999, bound: 5_000 }));
    assert_eq!(admit(Opening { notional: 100_001, ..ok }), Err(Error::Initial { value: 5_000, bound: 5_001 }));
    assert_eq!(admit(Opening { margin: 19, notional: 1, ..ok }), Err(Error::MinMargin { value: 19, bound: 20 }));
    assert!(admit(Opening { margin: 20, notional: 1, ..ok }).is_ok());
    let large = Opening { notional: 1_000_000, margin: 1_000_000, ..ok };
    assert_eq!(admit(large).unwrap().1.initial_bps, 2_000);
    assert_eq!(
        admit(Opening { notional: 1_000_001, ..large }),
        Err(Error::PositionCap { value: 1_000_001, bound: 1_000_000 })
    );
    assert!(admit(Opening { interest: 5_000_000, ..large }).is_ok());
    assert_eq!(
        admit(Opening { interest: 5_000_001, ..large }),
        Err(Error::InterestCap { value: 5_000_001, bound: 5_000_000 })
    );
}

#[test]
fn the_line_falls_by_its_pace_and_by_nothing_else() {
    let terms = terms(); // 500 bps a day: one each 172.8 s
    let ratchet = Ratchet { margin_bps: 2_000, at: T };
    let line = |dt: u64| logic::line_up(ratchet, &terms, T + dt);
    assert_eq!([0, 172, 173, DAY, 4 * DAY - 1, 4 * DAY, 9 * DAY].map(line), [2_000, 2_000, 1_999, 1_500, 1, 0, 0]);
    assert_eq!(logic::line_up(ratchet, &terms, T - 1), 2_000);
    assert_eq!(logic::line_up(ratchet, &terms, u64::MAX), 0);
    assert_eq!(logic::market_up(&terms, ratchet, T + DAY, calm()), 1_500);
    assert_eq!(logic::market_up(&terms, ratchet, T + DAY, storm(1_501)), 1_501);
    assert_eq!(logic::market_up(&terms, ratchet, T + 9 * DAY, calm()), 500);
}

#[test]
fn it_is_written_only_when_the_margin_rises_by_more_than_an_hour_of_its_pace() {
    let terms = terms();
    assert_eq!(logic::slack_up(&terms), 21); // 500 / 24, up
    let none = Ratchet::default();
    assert_eq!(logic::remembered(none, &terms, T, storm(521)), none);
    assert_eq!(logic::remembered(none, &terms, T, storm(522)), Ratchet { margin_bps: 522, at: T });
    let ratchet = Ratchet { margin_bps: 2_000, at: T };
    assert_eq!(logic::remembered(ratchet, &terms, T, storm(2_021)), ratchet);
    assert_eq!(logic::remembered(ratchet, &terms, T + HOUR, storm(2_001)).margin_bps, 2_000);
    assert_eq!(logic::remembered(ratchet, &terms, T + HOUR, storm(2_002)), Ratchet { margin_bps: 2_002, at: T + HOUR });
    let guarded = Weather { tier: Tier::Guarded, volatility_bps: 0 };
    assert_eq!(logic::remembered(none, &terms, T, guarded).margin_bps, 750);
}

#[test]
fn a_lowered_base_is_followed_along_the_line() {
    let (params, none) = (params(), Ratchet::default());
    let (lower, ratchet) = logic::changed(&params, none, T, 0, 300).unwrap();
    assert_eq!((lower.terms.base_bps, ratchet), (300, Ratchet { margin_bps: 500, at: T }));
    assert_eq!(logic::market_up(&lower.terms, ratchet, T + DAY / 5, calm()), 400);
    assert_eq!(logic::changed(&params, none, T, 0, 600).unwrap().1, none);
    let high = Ratchet { margin_bps: 2_000, at: T };
    let (_, paced) = logic::changed(&params, high, T + DAY, 8, 10_000).unwrap();
    assert_eq!(paced, Ratchet { margin_bps: 1_500, at: T + DAY }, "another pace starts where the margin is");
    assert_eq!(logic::listed(&params.terms, 7, params, T), Err(Error::Listed { market: 7, base_bps: 500 }));
}

fn long(margin: u128) -> Exposure {
    Exposure { is_long: true, size: 10 * WAD, entry: 20_000_000_000, margin } // ten at 2,000, in millionths
}

#[test]
fn a_long_ends_below_its_price_and_a_short_above() {
    let mark = |price: u128| Mark { price, scale: SCALE };
    let health = |exposure, price, grace| logic::health(&exposure, mark(price), 250, grace).unwrap();
    let position = long(1_000_000_000); // 5 %
    let at = health(position, 2_000 * WAD, false);
    // 19,000 / 0.975 / 10 = 1,948.718, and three units more
    assert_eq!((at.price / 10u128.pow(12), at.distance_bps, at.liquidatable), (1_948_717_949, 256, false));
    assert!(!health(position, at.price, false).liquidatable);
    assert!(health(position, at.price - 10u128.pow(12), false).liquidatable);
    assert_eq!(health(position, at.price - 10u128.pow(12), false).distance_bps, 0);
    let grace = health(position, 2_000 * WAD, true);
    assert_eq!(grace.price / WAD, 1_924, "half the maintenance margin: 19,000 / 0.9875 / 10");
    assert!(health(position, 1_940 * WAD, false).liquidatable && !health(position, 1_940 * WAD, true).liquidatable);
    let short = Exposure { is_long: false, ..position };
    let at = health(short, 2_000 * WAD, false);
    // 21,000 / 1.025 / 10 = 2,048.780, and three units less
    assert_eq!((at.price / 10u128.pow(12), at.distance_bps, at.liquidatable), (2_048_780_487, 243, false));
    assert!(!health(short, at.price, false).liquidatable);
    assert!(health(short, at.price + 10u128.pow(12), false).liquidatable);
}

#[test]
fn health_at_the_edges() {
    let mark = Mark { price: 2_000 * WAD, scale: SCALE };
    let none = logic::health(&Exposure::default(), mark, 250, false).unwrap();
    assert_eq!((none.distance_bps, none.liquidatable), (u32::MAX, false));
    let full = logic::health(&long(30_000_000_000), mark, 250, false).unwrap();
    assert_eq!((full.price, full.distance_bps, full.liquidatable), (0, 10_000, false));
    let bare = logic::health(&Exposure { is_long: false, entry: 1, margin: 1, ..long(0) }, mark, 250, false).unwrap();
    assert_eq!((bare.price, bare.distance_bps, bare.liquidatable), (0, 0, true));
    assert!(logic::health(&long(0), Mark { price: 2_000 * WAD, scale: 0 }, 250, false).is_err());
    let owing = logic::health(&long(0), Mark { price: WAD, scale: SCALE }, 0, true).unwrap();
    assert!(owing.liquidatable, "who owes is liquidated whatever the margin");
    assert_eq!(logic::equity(&long(5), Mark { price: WAD, scale: SCALE }), Ok((0, 19_989_999_995)));
    assert_eq!([false, true].map(|grace| logic::threshold_up(1, 250, grace)), [1, 1]);
    assert_eq!([false, true].map(|grace| logic::threshold_up(1_000, 250, grace)), [25, 13]);
}

#[test]
fn mr_14_only_the_bankrupt_and_dust_pass_the_pace() {
    let closing = Closing { dust: 100, ..Closing::default() };
    assert!(logic::is_paced(&closing, 101, false));
    assert!(!logic::is_paced(&closing, 100, false));
    assert!(!logic::is_paced(&closing, 101, true));
    assert!(logic::is_paced(&Closing::default(), 1, false));
}

#[test]
fn a_profit_warms_in_a_straight_line() {
    let warm = logic::profited(Warm::default(), T, 14_400, 1_000);
    assert_eq!(warm, Warm { amount: 1_000, start: T, end: T + 14_400 });
    let locked = |dt: u64| logic::locked_up(warm, T + dt);
    assert_eq!(
        [0, 1, 14, 15, 7_200, 14_385, 14_386, 14_399, 14_400, 99_999].map(locked),
        [1_000, 1_000, 1_000, 999, 500, 2, 1, 1, 0, 0]
    );
    assert_eq!(logic::locked_up(warm, T - 1), 1_000);
    assert_eq!(logic::withdrawable(warm, T + 7_200, 1_500), 1_000);
    assert_eq!(logic::withdrawable(warm, T + 7_200, 400), 0);
    assert_eq!(logic::withdraw(warm, T + 7_200, 1_500, 1_000), Ok(()));
    assert_eq!(logic::withdraw(warm, T + 7_200, 1_500, 1_001), Err(Error::Warming { value: 1_001, bound: 1_000 }));
    // An equal profit halfway: 500 wait 7,200 s, 1,000 wait 14,400 s; together 1,500 wait 12,000 s.
    assert_eq!(
        logic::profited(warm, T + 7_200, 14_400, 1_000),
        Warm { amount: 1_500, start: T + 7_200, end: T + 19_200 }
    );
    // A shorter time for the second: 500 wait 7,200 s, 500 wait 3,600 s.
    assert_eq!(logic::profited(warm, T + 7_200, 3_600, 500), Warm { amount: 1_000, start: T + 7_200, end: T + 12_600 });
    assert_eq!(logic::profited(warm, T, 0, 500), warm);
    assert_eq!(logic::profited(warm, T, 14_400, 0), warm);
    // What is over has no weight.
    assert_eq!(logic::profited(warm, T + DAY, 14_400, 7), Warm { amount: 7, start: T + DAY, end: T + DAY + 14_400 });
    let wide = logic::profited(Warm { amount: u128::MAX, start: T, end: T + 100 }, T + 1, 100, u128::MAX);
    assert_eq!((wide.amount, logic::locked_up(wide, T + 1)), (u128::MAX, u128::MAX));
}

#[test]
fn a_loss_takes_what_is_warming_first() {
    let warm = logic::profited(Warm::default(), T, 14_400, 1_000);
    assert_eq!(logic::lost(warm, T + 7_200, 200), Warm { amount: 300, start: T + 7_200, end: T + 14_400 });
    assert_eq!(logic::lost(warm, T + 7_200, 500), Warm::default());
    assert_eq!(logic::lost(warm, T + 7_200, 9_999), Warm::default());
    assert_eq!(logic::lost(warm, T + 7_200, 0), warm);
    assert_eq!(logic::lost(warm, T + 14_400, 1), warm, "nothing is warming, nothing is written");
}

#[test]
fn cross_margin_of_a_domain() {
    let leg = |domain, margin, profit, loss, needed| Leg { domain, margin, profit, loss, needed };
    let legs = [leg(1, 100, 50, 0, 60), leg(2, 7, 0, 9_999, 7), leg(1, 20, 0, 90, 10)];
    let one = logic::balance(&legs, 1);
    assert_eq!(one, Balance { equity: 80, owed: 0, needed: 70 });
    assert!(one.is_healthy() && !logic::balance(&legs, 2).is_healthy());
    assert_eq!(logic::balance(&legs, 2), Balance { equity: 0, owed: 9_992, needed: 7 });
    assert!(logic::balance(&legs, 3).is_healthy(), "nothing needs nothing");
    assert_eq!(logic::alone(&legs, 1), Err(Error::Alone { leg: 2, value: 0, bound: 10 }));
    assert_eq!(logic::alone(&[leg(1, 60, 999, 1, 60)], 1), Err(Error::Alone { leg: 0, value: 59, bound: 60 }));
    assert_eq!(logic::alone(&[leg(1, 61, 0, 1, 60)], 1), Ok(()));
    assert_eq!(logic::alone(&[leg(1, 0, 5, 1, 0)], 1), Err(Error::Alone { leg: 0, value: 0, bound: 0 }));
    let mut paid = legs;
    assert_eq!(logic::cover(&mut paid, 1, 110), 0);
    assert_eq!(paid.map(|leg| leg.margin), [0, 7, 10]);
    assert_eq!(logic::cover(&mut paid, 1, 11), 1);
    assert_eq!(paid.map(|leg| leg.margin), [0, 7, 0]);
    let none = Choice::default();
    assert_eq!(logic::turned(none, &legs, 1, true), Err(Error::Alone { leg: 2, value: 0, bound: 10 }));
    assert_eq!(logic::turned(none, &legs, 1, false), Ok(none), "an equal choice asks for nothing");
    let both = logic::turned(none.with(255, true), &[], 0, true).unwrap();
    assert!(both.has(0) && both.has(255) && !both.has(1));
}
