//! The journal's transitions, its words and the panel's at their boundaries: before, at, after.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)] // a panic here is a failed test

use alloy_primitives::{Address, U256};
use fusebox::{
    logic,
    types::{Cause, Finding, Incident, Label, Signal},
    Error,
};
use fusebox_core::{
    pack::FieldOverflow,
    panel::{Class, Panel, Scope, Standing, Tier, BREAKER, CIRCUITS_PER_WORD, LISTED, PAUSE, SIGNAL},
    time::DAY,
};

const T: u64 = 1_700_000_000;
const WHO: Address = Address::repeat_byte(0x77);
const MARKET: Scope = Scope::new(64);
const YEAR_36_000: u64 = (1 << 40) - 1;

fn finding(tier: Tier) -> Finding {
    Finding { cause: Cause::Breaker, tier, anomaly: T - 60, ends: T + 3_600, contained: false }
}

fn opened() -> Incident {
    logic::open(T, MARKET, WHO, finding(Tier::ReduceOnly))
}

#[test]
fn an_incident_opens_with_what_was_found_and_no_sign_comes_after_it() {
    let incident = opened();
    let expected = Incident {
        scope: MARKET,
        tier: Tier::ReduceOnly,
        cause: 2,
        label: 0,
        anomaly: T - 60,
        detected: T,
        contained: 0,
        resolved: 0,
        ends: T + 3_600,
        opened_by: WHO,
        loss: 0,
        cover: 0,
    };
    assert_eq!(incident, expected);
    for (sign, anomaly) in [(T - 1, T - 1), (T, T), (T + 1, T), (u64::MAX, T)] {
        let found = Finding { anomaly: sign, ..finding(Tier::Halted) };
        assert_eq!(logic::open(T, MARKET, WHO, found).anomaly, anomaly);
    }
    let at_once = logic::open(T, MARKET, WHO, Finding { contained: true, ..finding(Tier::Halted) });
    assert_eq!((at_once.contained, at_once.is_resolved()), (T, false));
}

#[test]
fn an_update_never_lowers_the_tier_and_is_contained_once() {
    let tiers = [Tier::Normal, Tier::Guarded, Tier::ReduceOnly, Tier::Halted, Tier::Settling];
    for tier in tiers {
        let updated = logic::update(T + 5, opened(), finding(tier));
        assert_eq!(updated.tier, tier.max(Tier::ReduceOnly));
        assert_eq!((updated.detected, updated.anomaly, updated.opened_by), (T, T - 60, WHO));
    }
    let contained = logic::update(T + 5, opened(), Finding { contained: true, ..finding(Tier::Guarded) });
    assert_eq!(contained.contained, T + 5);
    for again in [true, false] {
        let later =
            logic::update(T + 9, contained, Finding { contained: again, ends: T + 7, ..finding(Tier::Guarded) });
        assert_eq!((later.contained, later.ends), (T + 5, T + 7), "an end may come nearer");
    }
    assert_eq!(logic::update(T + 5, opened(), finding(Tier::Guarded)), opened(), "nothing new");
}

#[test]
fn it_resolves_when_the_clock_said_so_whoever_looks_later() {
    let incident = opened();
    for (now, ends, resolved) in [
        (T + 3_600, T + 3_600, T + 3_600),
        (T + 3_599, T + 3_600, T + 3_599),
        (T + 90_000, T + 3_600, T + 3_600),
        (T + 9, T - 1, T),
        (T + 9, T, T),
        (T + 9, 0, T),
        (T + 9, u64::MAX, T + 9),
        (T - 9, T + 3_600, T),
    ] {
        let done = logic::resolve(now, Incident { ends, ..incident });
        assert_eq!((done.resolved, done.contained), (resolved, resolved), "at {now}, to end at {ends}");
        assert_eq!(logic::resolve(now + 1, done), done, "once");
    }
    let contained = Incident { contained: T + 60, ..incident };
    let done = logic::resolve(T + 4_000, contained);
    assert_eq!((done.contained, done.resolved), (T + 60, T + 3_600));
}

#[test]
fn the_three_times_are_differences_and_none_where_it_has_not_happened() {
    assert_eq!(logic::times(opened()), (60, None, None));
    let contained = Incident { contained: T, ..opened() };
    assert_eq!(logic::times(contained), (60, Some(0), None));
    let done = logic::resolve(T + 4_000, Incident { contained: T + 61, ..opened() });
    assert_eq!(logic::times(done), (60, Some(61), Some(3_600)));
    let unlikely = Incident { anomaly: T + 1, ..opened() };
    assert_eq!(logic::times(unlikely).0, 0, "never below zero");
}

#[test]
fn a_label_replaces_a_label_and_nothing_else() {
    for label in [Label::Confirmed, Label::FalsePositive] {
        assert_eq!(Label::from_code(label.code()), Some(label));
        let labelled = logic::label(opened(), label);
        assert_eq!(labelled, Incident { label: label.code(), ..opened() });
        assert_eq!(logic::label(labelled, label), labelled);
    }
    assert!([0, 3, 255].iter().all(|code| Label::from_code(*code).is_none()));
}

#[test]
fn a_loss_adds_up_to_128_bits_and_is_never_covered_twice() {
    let add = |incident, loss, cover| logic::add_loss(incident, loss, cover);
    let lost = add(opened(), 100, 40).unwrap();
    assert_eq!((lost.loss, lost.cover), (100, 40));
    assert_eq!(add(lost, 0, 60).map(|i| (i.loss, i.cover)), Ok((100, 100)));
    assert_eq!(add(lost, 0, 61), Err(Error::CoverAboveLoss { cover: 101, loss: 100 }));
    assert_eq!(add(lost, 5, 65).map(|i| (i.loss, i.cover)), Ok((105, 105)));
    let most = add(lost, u128::MAX - 100, 0).unwrap();
    assert_eq!(most.loss, u128::MAX);
    assert_eq!(add(lost, u128::MAX - 99, 0), Err(Error::LossOverflow { loss: u128::MAX - 99, cover: 0 }));
    assert_eq!(add(most, 0, u128::MAX - 40).map(|i| i.cover), Ok(u128::MAX));
    assert_eq!(add(most, 0, u128::MAX - 39), Err(Error::LossOverflow { loss: 0, cover: u128::MAX - 39 }));
}

#[test]
fn what_is_notable_begins_at_guarded() {
    assert!(!logic::is_notable(Tier::Normal) && logic::is_notable(Tier::Guarded));
}

#[test]
fn the_words_of_an_incident_hold_it_at_every_limit() {
    let most = Incident {
        scope: Scope::new(u32::MAX),
        tier: Tier::Settling,
        cause: u8::MAX,
        label: u8::MAX,
        anomaly: YEAR_36_000,
        detected: YEAR_36_000,
        contained: YEAR_36_000,
        resolved: YEAR_36_000,
        ends: YEAR_36_000,
        opened_by: Address::repeat_byte(0xff),
        loss: u128::MAX,
        cover: u128::MAX,
    };
    let none = Incident {
        scope: Scope::PROTOCOL,
        tier: Tier::Normal,
        cause: 0,
        label: 0,
        anomaly: 0,
        detected: 0,
        contained: 0,
        resolved: 0,
        ends: 0,
        opened_by: Address::ZERO,
        loss: 0,
        cover: 0,
    };
    // Each field alone at its limit shows that none reaches into another.
    let alone = [
        Incident { scope: most.scope, ..none },
        Incident { tier: most.tier, ..none },
        Incident { cause: most.cause, ..none },
        Incident { label: most.label, ..none },
        Incident { anomaly: most.anomaly, ..none },
        Incident { detected: most.detected, ..none },
        Incident { contained: most.contained, ..none },
        Incident { resolved: most.resolved, ..none },
        Incident { ends: most.ends, ..none },
        Incident { opened_by: most.opened_by, ..none },
        Incident { loss: most.loss, ..none },
        Incident { cover: most.cover, ..none },
    ];
    for incident in alone.into_iter().chain([most, none, opened()]) {
        let opener = U256::from_be_bytes(incident.opened_by.into_word().0);
        let words = (incident.record().unwrap(), incident.money().unwrap());
        assert_eq!(Incident::unpack(words.0, opener, words.1), incident);
    }
    assert_eq!(none.record(), Ok(U256::ZERO));
}

#[test]
fn one_past_a_field_is_refused_and_never_cut() {
    let past = YEAR_36_000 + 1;
    for incident in [
        Incident { anomaly: past, ..opened() },
        Incident { detected: past, ..opened() },
        Incident { contained: past, ..opened() },
        Incident { resolved: past, ..opened() },
        Incident { ends: past, ..opened() },
    ] {
        assert_eq!(incident.record(), Err(FieldOverflow { value: u128::from(past), bits: 40 }));
    }
    let tier = U256::from(5) << 32; // a number that names no tier
    assert_eq!(Incident::unpack(tier, U256::ZERO, U256::ZERO).tier, Tier::Normal);
}

#[test]
fn sixty_three_circuits_share_a_word_with_the_main_switch() {
    assert_eq!(Scope::PROTOCOL.place(), (0, 0));
    for (circuit, place) in [
        (0, (0, 1)),
        (1, (0, 2)),
        (61, (0, 62)),
        (62, (0, 63)),
        (63, (1, 1)),
        (64, (1, 2)),
        (125, (1, 63)),
        (126, (2, 1)),
        (4_031, (63, 63)),
    ] {
        assert_eq!(Scope::new(circuit + 1).place(), place, "circuit {circuit}");
    }
    for market in 1..=200u32 {
        let (k, nibble) = Scope::new(market).place();
        assert_eq!(k * CIRCUITS_PER_WORD + nibble, market);
        assert!((1..=63).contains(&nibble));
    }
    let (k, nibble) = Scope::new(u32::MAX).place();
    assert_eq!(u64::from(k) * 63 + u64::from(nibble), u64::from(u32::MAX));
}

#[test]
fn a_bit_is_set_and_cleared_where_it_is_and_nowhere_else() {
    let full = Panel(U256::MAX);
    for nibble in [0, 1, 15, 16, 31, 32, 47, 48, 62, 63] {
        for source in [PAUSE, BREAKER, SIGNAL, LISTED] {
            let bit = U256::from(source) << (4 * nibble as usize);
            assert_eq!(Panel::default().with(nibble, source, true).0, bit);
            assert_eq!(full.with(nibble, source, false).0, !bit);
            assert_eq!(full.with(nibble, source, true), full);
            assert_eq!((Panel(bit).bits(nibble), Panel(!bit).bits(nibble)), (source, 0xf & !source));
        }
    }
    for nibble in [64, 65, 1 << 20, u32::MAX] {
        assert_eq!((full.bits(nibble), full.with(nibble, 15, false)), (0, full), "there is none");
    }
    assert_eq!(full.with_main(0).0, !U256::from(15));
    assert_eq!(Panel::default().with_main(0xff).0, U256::from(15), "the switch is four bits wide");
}

#[test]
fn only_the_listed_bit_alone_is_normal() {
    for (main, own) in (0..16u8).flat_map(|main| (0..16u8).map(move |own| (main, own))) {
        for nibble in [1, 62, 63] {
            let word = Panel::default().with_main(main).with(nibble, own, true);
            assert_eq!(word.is_normal(nibble), main == LISTED && own == LISTED, "{main} {own}");
        }
    }
    assert!(!Panel::default().is_normal(0) && !Panel::default().is_normal(1));
}

#[test]
fn fb_9_a_sentinels_day_ends_a_day_after_its_first_second() {
    let day = DAY as u32;
    let first = logic::sentinel(Signal::default(), T, 60).unwrap();
    assert_eq!(first, Signal { until: T + 60, week: T });
    assert_eq!(logic::sentinel(Signal::default(), T, u32::MAX), Ok(Signal { until: T + DAY, week: T }));
    assert_eq!(logic::sentinel(Signal::default(), T, 0), Err(Error::SignalSpent { secs: 0, again: 7 * DAY }));
    // The day is one of the clock, used or not.
    let last = logic::sentinel(first, T + DAY - 1, day).unwrap();
    assert_eq!(last, Signal { until: T + DAY, week: T });
    for now in [T + DAY, T + DAY + 1, T + 7 * DAY - 1] {
        assert_eq!(logic::sentinel(last, now, day), Err(Error::SignalSpent { secs: day, again: T + 7 * DAY }));
    }
    let next = logic::sentinel(last, T + 7 * DAY, day).unwrap();
    assert_eq!(next, Signal { until: T + 8 * DAY, week: T + 7 * DAY });
    // Neither a sentinel nor a limiter shortens what the other said.
    assert_eq!(logic::tripped(next, T), next);
    let tripped = logic::tripped(next, T + 30 * DAY);
    assert_eq!(tripped, Signal { until: T + 30 * DAY, ..next });
    assert_eq!(logic::sentinel(tripped, T + 14 * DAY, 1).map(|signal| signal.until), Ok(T + 30 * DAY));
}

#[test]
fn a_signal_ends_by_the_clock_and_one_that_nobody_wrote_does_not() {
    let signal = Signal { until: T, week: T - 5 };
    assert!(logic::signalled(&signal, T - 1) && !logic::signalled(&signal, T));
    assert_eq!(logic::signal_standing(&signal, T - 1), Standing::tier(Tier::ReduceOnly, T));
    assert_eq!(logic::signal_standing(&signal, T), Standing::NORMAL);
    assert!(logic::signalled(&Signal::default(), u64::MAX));
    let unexplained = logic::signal_standing(&Signal::default(), u64::MAX);
    assert!(unexplained.stopped.has(Class::Increase) && !unexplained.stopped.has(Class::Reduce));
    assert_eq!(unexplained.until, u64::MAX);
}
