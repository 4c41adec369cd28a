//! One stolen key that uses all that it has, hour after hour for weeks: how much of any seven days it takes.

use fusebox_tests::{abi::*, powers::*, *};

const WEEK_HOURS: usize = 7 * 24;

/// Hours in which something was stopped, and the most of them in any seven days.
#[derive(Default)]
struct Hours(Vec<u64>);

impl Hours {
    fn note(&mut self, stopped: bool) {
        self.0.push(stopped.into());
    }
    fn worst_week(&self) -> u64 {
        self.0.windows(WEEK_HOURS).map(|week| week.iter().sum()).max().expect("weeks")
    }
    fn total(&self) -> u64 {
        self.0.iter().sum()
    }
    /// After how many hours it was never stopped again.
    fn end(&self) -> usize {
        self.0.iter().rposition(|stopped| *stopped == 1).map_or(0, |last| last + 1)
    }
}

fn refused(rig: &Rig, market: u32, class: u8) -> bool {
    rig.chain.query(CAROL, rig.perp, &checkCall { market, class }).is_err()
}

/// Every hour of some days, with fresh prices.
fn each_hour(rig: &mut Rig, days: u64, mut hour: impl FnMut(&mut Rig, u64)) {
    let start = rig.now();
    for step in 0..days * 24 {
        rig.chain.set_timestamp(start + step * 3_600);
        rig.set_price(START);
        hour(rig, step);
    }
}

#[test]
fn fb_9_a_sentinel_takes_a_day_of_new_risk_in_any_week() {
    let mut rig = rig();
    let mut stopped = [Hours::default(), Hours::default()];
    each_hour(&mut rig, 14, |rig, step| {
        // Of the market on the first day of a week, of the protocol on the others.
        let scope = u32::from(step % 168 < 24);
        let _ = rig.chain.call(SENTINEL, rig.perp, &signalCall { scope, secs: 3_600 });
        for (market, hours) in (0..).zip(&mut stopped) {
            hours.note(refused(rig, market, INCREASE));
            assert!(!refused(rig, market, REDUCE));
        }
    });
    // One day for all scopes: what it took of the market it has not for the protocol.
    assert_eq!(stopped.map(|hours| hours.worst_week()), [0, 24]);
}

#[test]
fn a_guardian_takes_its_own_duration_of_each_of_its_scopes_once() {
    let mut rig = rig();
    let mut stopped: [Hours; 5] = Default::default();
    each_hour(&mut rig, 21, |rig, step| {
        // The market first, the protocol as soon as the cool-down allows.
        for scope in if step == 0 { vec![1] } else { vec![0, 1] } {
            let pause = pauseCall { scopes: vec![scope], classes: ALL_CLASSES, reason: 1 };
            let _ = rig.chain.call(PAUSER, rig.perp, &pause);
        }
        for (class, hours) in (0..).zip(&mut stopped) {
            hours.note(refused(rig, 1, class));
        }
    });
    for (class, hours) in (0u8..).zip(&stopped) {
        // Two pauses of a day, each with its grace of four hours for new risk; exits at most 72 hours of any seven days.
        let most = if class == INCREASE { 56 } else { 48 };
        assert_eq!(hours.total(), most, "class {class}");
        assert!(hours.worst_week() <= 72);
    }
}

#[test]
fn the_council_prolongs_another_s_pause_to_the_bounds_and_no_further() {
    let mut rig = rig();
    let (start, mut stopped, mut unpriced) = (rig.now(), <[Hours; 5]>::default(), Hours::default());
    rig.call(SECOND, &pauseCall { scopes: vec![1], classes: ALL_CLASSES, reason: 1 });
    each_hour(&mut rig, 28, |rig, _| {
        for until in [start + 14 * DAY, u64::MAX] {
            let _ = rig.chain.call(COUNCIL, rig.perp, &extendCall { scope: 1, until });
        }
        let until = rig.now() + 3 * DAY;
        for feed in [0, 1] {
            let _ = rig.chain.call(COUNCIL, rig.perp, &quarantineCall { market: 1, feed, until });
        }
        for (class, hours) in (0..).zip(&mut stopped) {
            hours.note(refused(rig, 1, class));
        }
        unpriced.note(rig.chain.query(CAROL, rig.perp, &priceCall { market: 1, class: REDUCE }).is_err());
    });
    for (class, hours) in (0u8..).zip(&stopped) {
        let end = match class {
            EXIT | INFLOW => 72,
            INCREASE => 14 * 24 + 4,
            _ => 14 * 24,
        };
        assert_eq!(hours.end(), end, "class {class}");
    }
    // Routing around every feed lasts no longer than the incident, its grace included.
    assert!(unpriced.end() <= 14 * 24 + 4, "{}", unpriced.end());
}

#[test]
fn a_steward_overlays_72_hours_of_any_week_of_a_scope() {
    let mut rig = rig();
    let approved = values(&rig);
    let rows: Vec<_> = rows().into_iter().filter(|row| [0x0500, 0x0509, 0x0301].contains(&row.id)).collect();
    let (mut market, mut bucket) = (Hours::default(), Hours::default());
    each_hour(&mut rig, 15, |rig, _| {
        for row in &rows {
            // One parameter after the other, each for as short as possible and again, each to its floor.
            let scope = if row.id == 0x0301 { 0 } else { 1 };
            let call = overlayCall { scope, id: row.id, value: row.floor, secs: 3_600 };
            let _ = rig.chain.call(STEWARD, rig.perp, &call);
        }
        let now = values(rig);
        market.note([0x0500, 0x0509].iter().any(|id| now[&(1, *id)] != approved[&(1, *id)]));
        bucket.note(rig.ask(&bucketStateCall { bucket: 0 })[6] < rig.units(50_000));
        assert!(looser(&approved, &now).is_empty());
        assert!(!refused(rig, 1, INCREASE), "an overlay is no stop");
    });
    for hours in [market, bucket] {
        assert_eq!((hours.worst_week(), hours.total()), (72, 168));
    }
}
