//! One property per invariant, against integers of any width where a value is exact.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use fusebox_core::{
    panel::Tier,
    time::{DAY, HOUR},
};
use fusebox_market::{
    logic,
    params::{bounds, MAX_CAP, MAX_DUST, TERMS},
    Caps, Choice, Closing, Exposure, Leg, Mark, Opening, Params, Ramp, Ratchet, Terms, Warm, Weather,
};
use num_bigint::BigUint;
use proptest::prelude::*;

const T: u64 = 1_700_000_000;
const MAX: u128 = (1 << 112) - 1;

/// Histories per property; `FUSEBOX_CASES` asks for another number.
fn config() -> ProptestConfig {
    let cases = std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn big(value: impl Into<u128>) -> BigUint {
    BigUint::from(value.into())
}

/// As many bits as drawn, so that small numbers are as likely as large ones.
fn bits(most: u32) -> impl Strategy<Value = u128> {
    (any::<u128>(), 0..=most).prop_map(|(value, bits)| if bits == 0 { 0 } else { value >> (128 - bits) })
}

prop_compose! {
    fn a_terms()(
        base_bps in 10u16..=10_000,
        interest_start_bps in 0u16..=9_999,
        interest_margin_bps in 1u16..=10_000,
        size_start_bps in 0u16..=9_999,
        size_margin_bps in 1u16..=10_000,
        z_hundredths in 0u16..=1_000,
        horizon_mins in 1u16..=10_080,
        guarded_bps in 10_000u16..=50_000,
        ratchet_bps in 100u16..=10_000,
        interest_share_bps in 1u16..=20_000,
    )(
        fee_bps in 0u16..=1_000,
        warmup_mins in 0u16..=43_200,
        min_margin in bits(80),
        [overlaid, stressed] in any::<[bool; 2]>(),
        base_bps in Just(base_bps),
        interest_start_bps in Just(interest_start_bps),
        interest_margin_bps in Just(interest_margin_bps),
        size_start_bps in Just(size_start_bps),
        size_margin_bps in Just(size_margin_bps),
        z_hundredths in Just(z_hundredths),
        horizon_mins in Just(horizon_mins),
        guarded_bps in Just(guarded_bps),
        ratchet_bps in Just(ratchet_bps),
        interest_share_bps in Just(interest_share_bps),
    ) -> Terms {
        Terms {
            base_bps, interest_start_bps, interest_margin_bps, size_start_bps, size_margin_bps, z_hundredths,
            horizon_mins, guarded_bps, ratchet_bps, interest_share_bps, fee_bps, warmup_mins, min_margin, overlaid, stressed,
        }
    }
}

fn a_caps() -> impl Strategy<Value = Caps> {
    (bits(96), bits(96)).prop_map(|(position, interest)| Caps { position, interest })
}

fn a_weather() -> impl Strategy<Value = Weather> {
    (0u8..=3, 0u16..=10_000)
        .prop_map(|(tier, volatility_bps)| Weather { tier: Tier::from_code(tier).unwrap(), volatility_bps })
}

fn an_opening() -> impl Strategy<Value = Opening> {
    (bits(112), bits(112), bits(112), bits(112), bits(112))
        .prop_map(|(notional, interest, assets, margin, loss)| Opening { notional, interest, assets, margin, loss })
}

fn a_ratchet() -> impl Strategy<Value = Ratchet> {
    (0u16..=10_000, 0u64..40 * DAY).prop_map(|(margin_bps, ago)| Ratchet { margin_bps, at: T - ago })
}

/// `ceil(a / b)`.
fn up(a: BigUint, b: BigUint) -> BigUint {
    (a + &b - 1u32) / b
}

/// A part times the tier's factor, rounded up, at most the whole.
fn factored(terms: &Terms, tier: Tier, part: u16) -> u16 {
    let factor = if tier >= Tier::Guarded { u64::from(terms.guarded_bps) } else { 10_000 };
    (u64::from(part) * factor).div_ceil(10_000).min(10_000) as u16
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn mr_1_the_margin_is_its_largest_part_and_at_most_the_whole(
        terms in a_terms(), caps in a_caps(), ratchet in a_ratchet(), weather in a_weather(), opening in an_opening(),
    ) {
        let got = logic::initial_up(&terms, &caps, ratchet, T, weather, &opening);
        let cap = logic::interest_cap_down(&terms, &caps, opening.assets);
        let parts = [
            factored(&terms, weather.tier, terms.base_bps),
            factored(&terms, weather.tier, weather.volatility_bps),
            factored(&terms, weather.tier, logic::ramp_up(terms.base_bps, terms.interest_margin_bps, terms.interest_start_bps, opening.interest, cap)),
            factored(&terms, weather.tier, logic::ramp_up(terms.base_bps, terms.size_margin_bps, terms.size_start_bps, opening.notional, caps.position)),
            logic::line_up(ratchet, &terms, T),
        ];
        prop_assert_eq!(got, parts.into_iter().max().unwrap());
        prop_assert!(got <= 10_000);
        prop_assert!(big(got) * big(logic::leverage_down(got)) <= big(1_000_000u32));
        prop_assert!(big(got) * big(logic::leverage_down(got) + 1) > big(1_000_000u32));
    }

    #[test]
    fn mr_2_more_of_any_input_is_no_less_margin(
        terms in a_terms(), caps in a_caps(), ratchet in a_ratchet(), weather in a_weather(), opening in an_opening(),
        more in bits(112), bps in 0u16..=10_000, which in 0u8..10, variances in (any::<u64>(), any::<u64>()), shift in 0u32..64,
    ) {
        let margin = |t: &Terms, c: &Caps, r, w, o: &Opening| logic::initial_up(t, c, r, T, w, o);
        let before = margin(&terms, &caps, ratchet, weather, &opening);
        let (mut t, mut c, mut r, mut w, mut o) = (terms, caps, ratchet, weather, opening);
        match which {
            0 => w.volatility_bps = w.volatility_bps.max(bps),
            1 => w.tier = Tier::Halted,
            2 => o.interest = o.interest.saturating_add(more).min(MAX),
            3 => o.notional = o.notional.saturating_add(more).min(MAX),
            4 => o.assets = o.assets.saturating_sub(more),
            5 => t.base_bps = t.base_bps.max(bps),
            6 => c.position = c.position.saturating_sub(more),
            7 => r.margin_bps = r.margin_bps.max(bps),
            8 => t.size_margin_bps = t.size_margin_bps.max(bps),
            _ => t.interest_start_bps = t.interest_start_bps.min(bps),
        }
        prop_assert!(margin(&t, &c, r, w, &o) >= before, "{}", which);
        let (v, x) = (variances.0 >> shift, variances.1 >> shift);
        let calm = logic::volatility_up(&terms, v.min(x), 0);
        prop_assert!(logic::volatility_up(&terms, v.min(x), v.max(x)) >= calm);
        let further = Terms { z_hundredths: 1_000, horizon_mins: 10_080, ..terms };
        prop_assert!(logic::volatility_up(&further, v.min(x), 0) >= calm);
    }

    #[test]
    fn mr_3_each_part_is_the_exact_ceiling(
        terms in a_terms(), variance in any::<u64>(), shift in 0u32..64, used in bits(112), cap in bits(96),
        base in 10u16..=10_000, top in 1u16..=10_000, start in 0u16..=9_999, notional in bits(112), bps in 0u16..=10_000,
    ) {
        let variance = variance >> shift;
        let got = big(logic::volatility_up(&terms, variance, 0));
        let square = big(terms.z_hundredths).pow(2) * big(terms.horizon_mins) * 60u32 * big(variance);
        let unit = BigUint::from(10u32).pow(14);
        if got < big(10_000u32) {
            prop_assert!(got.pow(2) * &unit >= square);
        }
        if got > big(0u32) {
            prop_assert!((got - 1u32).pow(2) * &unit < square);
        }
        let got = logic::ramp_up(base, top, start, used, cap);
        let exact = if top <= base {
            big(base)
        } else if used >= cap {
            big(top)
        } else if big(used) * 10_000u32 <= big(cap) * start {
            big(base)
        } else {
            let rise = (big(top) - base) * (big(used) * 10_000u32 - big(cap) * start);
            big(base) + up(rise, big(cap) * (10_000u32 - u32::from(start)))
        };
        prop_assert_eq!(big(got), exact);
        prop_assert_eq!(big(logic::needed_up(notional, bps)), up(big(notional) * bps, big(10_000u32)));
    }

    #[test]
    fn mr_4_maintenance_is_below_initial_at_every_second_and_never_jumps(
        steps in prop::collection::vec((0u8..4, 0u128..10_001, 0u64..3 * DAY, 86_400u128..400_000), 1..40),
    ) {
        let mut params = Params::standard(T, 1, Caps { position: 1, interest: 1 }, 0).validated(T).unwrap();
        let (mut now, mut last) = (T, params.closing.maintenance.at(T));
        for (which, value, dt, length) in steps {
            let dt = if which == 3 { dt % 60 } else { dt };
            // Every second is the line between the two; a third of the way and the end stand for all.
            for at in [now + dt / 3, now + dt] {
                let (here, ramp) = (params.closing.maintenance.at(at), params.closing.maintenance);
                prop_assert!(here < params.terms.base_bps);
                prop_assert!(here >= ramp.from_bps.min(ramp.to_bps) && here <= ramp.from_bps.max(ramp.to_bps));
            }
            let here = params.closing.maintenance.at(now + dt);
            prop_assert!(u64::from(here.abs_diff(last)) <= (9_999 * dt).div_ceil(DAY));
            (now, last) = (now + dt, here);
            let changed = match which {
                0 => params.with(now, 0, value),
                1 | 3 => params.with(now, 15, value / 4),
                _ => params.with(now, 18, length),
            };
            params = changed.unwrap_or(params);
            prop_assert_eq!(params.closing.maintenance.at(now), last);
            prop_assert!(params.closing.penalty_bps <= last);
        }
    }

    #[test]
    fn mr_5_margin_tightens_at_once_and_loosens_by_the_pace(
        steps in prop::collection::vec((0u8..8, 0u16..=4_000, 0u64..2 * DAY, 0u32..18), 1..40),
    ) {
        let mut params = Params::standard(T, 1, Caps { position: 1, interest: 1 }, 0);
        params.closing = Closing { maintenance: Ramp::flat(5, T, 86_400), penalty_bps: 0, ..params.closing };
        let (mut ratchet, mut now) = (Ratchet::default(), T);
        let (mut seen, mut pace, mut slack) = (Vec::<(u64, u64)>::new(), params.terms.ratchet_bps, logic::slack_up(&params.terms));
        for (which, bps, dt, shift) in steps {
            now += dt >> shift;
            let change = match which {
                0 => Some((0, u128::from(bps.max(10)))),
                1 => Some((8, u128::from(bps.max(100)))),
                _ => None,
            };
            if let Some((term, value)) = change {
                (params, ratchet) = logic::changed(&params, ratchet, now, term, value).unwrap();
                pace = pace.max(params.terms.ratchet_bps);
                slack = slack.max(logic::slack_up(&params.terms));
            }
            let tier = if which == 2 { Tier::Guarded } else { Tier::Normal };
            let weather = Weather { tier, volatility_bps: if which < 5 { 0 } else { bps } };
            let margin = logic::market_up(&params.terms, ratchet, now, weather);
            prop_assert!(margin >= factored(&params.terms, tier, params.terms.base_bps.max(weather.volatility_bps)));
            for (then, before) in &seen {
                let fall = (u64::from(pace) * (now - then)).div_ceil(DAY) + u64::from(slack);
                prop_assert!(u64::from(margin) + fall >= *before, "{} after {} at {}", margin, before, now - then);
            }
            // Re-anchoring at a change of pace or base rounds up, so the bound holds for any two moments.
            ratchet = logic::remembered(ratchet, &params.terms, now, weather);
            seen.push((now, u64::from(margin)));
        }
    }

    #[test]
    fn mr_6_touching_changes_nothing(
        terms in a_terms(), ratchet in a_ratchet(), weather in a_weather(),
        gaps in prop::collection::vec(0u64..HOUR, 1..200),
    ) {
        let asked = factored(&terms, weather.tier, terms.base_bps.max(weather.volatility_bps));
        if asked <= logic::line_up(ratchet, &terms, T).max(terms.base_bps) {
            prop_assert_eq!(logic::remembered(ratchet, &terms, T, weather), ratchet);
        }
        let once = logic::remembered(ratchet, &terms, T, weather);
        prop_assert_eq!(logic::remembered(once, &terms, T, weather), once);
        prop_assert!(logic::line_up(once, &terms, T) >= logic::line_up(ratchet, &terms, T));
        // While the weather stands still, it is written at most once an hour.
        let (mut ratchet, mut now, mut written) = (once, T, 0u64);
        for gap in gaps {
            now += gap;
            let next = logic::remembered(ratchet, &terms, now, weather);
            written += u64::from(next != ratchet);
            ratchet = next;
        }
        prop_assert!(written <= 1 + (now - T) / HOUR);
    }

    #[test]
    fn mr_7_nothing_opens_below_its_margin_or_above_a_cap(
        terms in a_terms(), caps in a_caps(), ratchet in a_ratchet(), weather in a_weather(), opening in an_opening(),
    ) {
        // Near the bounds as often as not.
        let near = Opening { notional: opening.notional.min(caps.position + 1), interest: opening.interest.min(caps.interest + 1), assets: MAX, ..opening };
        for opening in [opening, near] {
            let bps = logic::initial_up(&terms, &caps, ratchet, T, weather, &opening);
            let cap = big(caps.interest).min(big(opening.assets) * terms.interest_share_bps / 10_000u32);
            let needed = up(big(opening.notional) * bps, big(10_000u32));
            let fits = opening.margin >= terms.min_margin
                && opening.notional <= caps.position
                && big(opening.interest) <= cap
                && big(opening.margin.saturating_sub(opening.loss)) >= needed;
            match logic::admit(ratchet, (&terms, &caps), T, weather, &opening) {
                Ok((next, admission)) => {
                    prop_assert!(fits);
                    prop_assert_eq!(big(admission.needed), needed);
                    prop_assert_eq!(next, logic::remembered(ratchet, &terms, T, weather));
                }
                Err(_) => prop_assert!(!fits),
            }
            let unset = (&Terms::default(), &Caps::default());
            let empty = Opening { notional: opening.notional.max(1), ..opening };
            prop_assert!(logic::admit(Ratchet::default(), unset, T, weather, &empty).is_err());
        }
    }

    #[test]
    fn mr_8_liquidation_is_exact_and_never_on_the_safe_side_of_the_price(
        is_long: bool, size in bits(100), price in bits(90), decimals in 0u32..=18, margin in bits(90),
        bps in 1u16..=9_999, grace: bool, drift in 5_000u128..15_000, moved in 1u128..=1_000_000,
    ) {
        let size = size | 1;
        let mark = Mark { price: price.max(1), scale: 10u128.pow(36 - decimals) };
        let value = |price: u128, up_: bool| {
            let product = big(size) * big(price);
            if up_ { up(product, big(mark.scale)) } else { product / big(mark.scale) }
        };
        let Ok(entry) = u128::try_from(value(mark.price, false) * drift / 10_000u32) else { return Ok(()) };
        if value(mark.price, true) >= big(MAX) || entry > MAX {
            return Ok(()); // amounts have 112 bits
        }
        let exposure = Exposure { is_long, size, entry, margin: margin.min(entry.saturating_mul(2)) };
        let health = logic::health(&exposure, mark, bps, grace).unwrap();
        let exact = |price: u128| {
            let gross = big(exposure.margin) + if is_long { value(price, false) } else { big(entry) };
            let owing = if is_long { big(entry) } else { value(price, true) };
            let whole = if grace { 20_000u32 } else { 10_000 };
            gross < owing.clone() + up(value(price, true) * bps, big(whole))
        };
        prop_assert_eq!(health.liquidatable, exact(mark.price));
        let safe = if is_long { mark.price >= health.price } else { mark.price <= health.price };
        prop_assert!(!(safe && health.liquidatable));
        prop_assert!(health.distance_bps == 0 || !health.liquidatable);
        // And wherever the price goes on its safe side.
        let further = if is_long { health.price.saturating_add(moved - 1) } else { health.price.saturating_sub(moved - 1) };
        prop_assert!(further == 0 && !is_long || further == u128::MAX || !exact(further));
        let room = if is_long { mark.price.saturating_sub(health.price) } else { health.price.saturating_sub(mark.price) };
        prop_assert_eq!(big(health.distance_bps), (big(room) * 10_000u32 / mark.price).min(big(u32::MAX)));
    }

    #[test]
    fn mr_9_the_price_is_as_close_as_the_roundings_allow(
        is_long: bool, size in bits(98), price in bits(88), margin_bps in 1u128..20_000, bps in 1u16..=9_999, grace: bool,
    ) {
        let (size, price) = (size | 1 << 62, price | 1 << 62);
        let mark = Mark { price, scale: 10u128.pow(30) };
        let Ok(entry) = u128::try_from(big(size) * mark.price / mark.scale) else { return Ok(()) };
        prop_assert!(entry < MAX && entry > 1_000);
        let exposure = Exposure { is_long, size, entry, margin: entry * margin_bps / 10_000 };
        let health = logic::health(&exposure, mark, bps, grace).unwrap();
        // Three units of value, three more by the account's own rounding, over 1 - m (a long) or 1 + m; then the price's unit.
        let whole = if grace { 20_000u128 } else { 10_000 };
        let over = if is_long { whole - u128::from(bps) } else { whole + u128::from(bps) };
        let units = (6 * whole).div_ceil(over) + 2;
        let Ok(step) = u128::try_from(up(big(units) * mark.scale, big(size)) + 1u32) else { return Ok(()) };
        let beyond = if is_long { health.price.checked_sub(step) } else { health.price.checked_add(step) };
        if let Some(price) = beyond {
            let there = logic::health(&exposure, Mark { price, ..mark }, bps, grace);
            prop_assert!(there.map(|health| health.liquidatable).unwrap_or(true));
        }
    }

    #[test]
    fn mr_10_warming_and_warm_are_what_is_free_and_all_of_it_is_warm_in_the_end(
        steps in prop::collection::vec((bits(100), 0u64..2 * DAY, 1u32..200_000, any::<bool>()), 1..30),
    ) {
        let (mut warm, mut now, mut free, mut profits, mut longest) = (Warm::default(), T, 0u128, 0u128, T);
        for (amount, dt, secs, gain) in steps {
            now += dt;
            if gain {
                warm = logic::profited(warm, now, secs, amount);
                (free, profits, longest) = (free + amount, profits + amount, longest.max(now + u64::from(secs)));
            } else {
                let out = amount.min(logic::withdrawable(warm, now, free));
                prop_assert!(logic::withdraw(warm, now, free, out).is_ok());
                free -= out;
            }
            let locked = logic::locked_up(warm, now);
            prop_assert!(locked <= profits && locked <= free);
            prop_assert_eq!(locked + logic::withdrawable(warm, now, free), free);
            prop_assert!(warm.end <= longest, "no profit waits longer than the longest time");
            prop_assert!(logic::locked_up(warm, now + 1) <= locked);
        }
        prop_assert_eq!(logic::withdrawable(warm, longest, free), free);
    }

    #[test]
    fn mr_11_a_profit_relocks_nothing_and_delays_by_its_weight(
        amount in bits(110), length in 1u64..2_592_000, passed in 0u64..2_592_000, profit in bits(110), secs in 1u32..2_592_000,
    ) {
        let warm = Warm { amount, start: T, end: T + length };
        let now = T + passed;
        let locked = logic::locked_up(warm, now);
        let next = logic::profited(warm, now, secs, profit);
        prop_assert_eq!(logic::locked_up(next, now), locked + profit);
        // What each waits times its amount is what all of it waits, up to a second.
        let left = (T + length).saturating_sub(now);
        let apart = big(locked) * left + big(profit) * secs;
        let wait = next.end.saturating_sub(now);
        let together = big(locked + profit) * wait;
        prop_assert!(together >= apart);
        prop_assert!(together < apart + big(locked + profit).max(big(1u32)));
        prop_assert!(wait >= left.min(secs.into()) || locked + profit == 0);
        prop_assert!(wait <= left.max(secs.into()));
    }

    #[test]
    fn mr_12_pieces_of_a_profit_gain_nothing(
        amount in bits(100), length in 1u64..2_592_000, passed in 0u64..2_592_000,
        pieces in prop::collection::vec(bits(90), 1..20), secs in 1u32..2_592_000, later in 0u64..2_592_000,
    ) {
        let (warm, now) = (Warm { amount, start: T, end: T + length }, T + passed);
        let whole = logic::profited(warm, now, secs, pieces.iter().sum());
        let parts = pieces.iter().fold(warm, |warm, piece| logic::profited(warm, now, secs, *piece));
        prop_assert!(logic::locked_up(parts, now + later) >= logic::locked_up(whole, now + later));
        prop_assert!(parts.end <= whole.end + pieces.len() as u64);
        prop_assert_eq!(logic::locked_up(parts, now), logic::locked_up(whole, now));
    }

    #[test]
    fn mr_13_a_loss_takes_the_warming_first_and_locks_no_principal(
        amount in bits(100), length in 1u64..2_592_000, passed in 0u64..2_592_000, principal in bits(100), loss in bits(100), later in 0u64..2_592_000,
    ) {
        let (warm, now) = (Warm { amount, start: T, end: T + length }, T + passed);
        let locked = logic::locked_up(warm, now);
        let free = principal + locked;
        let loss = loss.min(free);
        let next = logic::lost(warm, now, loss);
        prop_assert_eq!(logic::locked_up(next, now), locked.saturating_sub(loss));
        // Nobody can withdraw more for having lost, and a loss within the profit costs none of the principal.
        let after = logic::withdrawable(next, now, free - loss);
        prop_assert_eq!(after, principal.min(free - loss));
        // Later neither: what a loss unlocks it has taken.
        let (then, before) = (logic::locked_up(next, now + later), logic::locked_up(warm, now + later));
        prop_assert!(then <= before + 1 && before <= then + loss);
    }

    #[test]
    fn mr_15_a_domain_is_blind_to_every_other(
        legs in prop::collection::vec(a_leg(), 0..12), others in prop::collection::vec(a_leg(), 12), domain in 0u8..4,
    ) {
        let swapped: Vec<Leg> = legs.iter().zip(&others)
            .map(|(leg, other)| if leg.domain == domain { *leg } else { Leg { domain: domain ^ 1, ..*other } }).collect();
        let own: Vec<Leg> = legs.iter().copied().filter(|leg| leg.domain == domain).collect();
        let balance = logic::balance(&legs, domain);
        prop_assert_eq!(balance, logic::balance(&swapped, domain));
        prop_assert_eq!(balance, logic::balance(&own, domain));
        prop_assert_eq!(logic::alone(&legs, domain).is_ok(), logic::alone(&own, domain).is_ok());
        let assets: u128 = own.iter().map(|leg| leg.margin + leg.profit).sum();
        let losses: u128 = own.iter().map(|leg| leg.loss).sum();
        prop_assert_eq!(assets + balance.owed, losses + balance.equity);
        prop_assert!(balance.owed == 0 || balance.equity == 0);
    }

    #[test]
    fn mr_16_a_loss_crosses_no_domain_and_is_covered_to_the_unit(
        legs in prop::collection::vec(a_leg(), 0..12), domain in 0u8..4, loss in bits(102),
    ) {
        let mut paid = legs.clone();
        let left = logic::cover(&mut paid, domain, loss);
        let (mut taken, mut held) = (0, 0);
        for (before, after) in legs.iter().zip(&paid) {
            if before.domain == domain {
                (taken, held) = (taken + before.margin - after.margin, held + before.margin);
                prop_assert_eq!(Leg { margin: before.margin, ..*after }, *before);
            } else {
                prop_assert_eq!(before, after);
            }
        }
        prop_assert_eq!(taken + left, loss);
        prop_assert_eq!(taken, loss.min(held));
    }

    #[test]
    fn mr_17_cross_margin_is_chosen_and_left_only_by_who_stands_without_it(
        legs in prop::collection::vec(a_leg(), 0..4), domain in 0u8..4, word in any::<[u64; 4]>(), on: bool,
    ) {
        let choice = Choice(alloy_primitives::U256::from_limbs(word));
        let stands = legs.iter().filter(|leg| leg.domain == domain)
            .all(|leg| leg.margin >= leg.loss + leg.needed);
        let change = choice.has(domain) != on;
        match logic::turned(choice, &legs, domain, on) {
            Ok(next) => {
                prop_assert!(stands || !change);
                for other in 0..=255 {
                    prop_assert_eq!(next.has(other), if other == domain { on } else { choice.has(other) });
                }
                if change {
                    prop_assert!(logic::balance(&legs, domain).is_healthy());
                }
            }
            Err(_) => prop_assert!(change && !stands),
        }
    }

    #[test]
    fn mr_19_a_change_keeps_every_bound_or_is_refused(
        changes in prop::collection::vec((0u8..=TERMS, any::<u128>(), 0u32..128), 1..60), at in 0u64..DAY,
    ) {
        let mut params = Params::standard(T, 1, Caps { position: 1_000, interest: 1_000 }, 0).validated(T).unwrap();
        for (term, value, shift) in changes {
            let (now, value) = (T + at, value >> shift);
            let result = params.with(now, term, value);
            let (min, max) = bounds(term);
            if term >= TERMS || value < min || value > max {
                prop_assert!(result.is_err());
            }
            if let Ok(next) = result {
                for other in (0..TERMS).filter(|other| *other != term) {
                    prop_assert_eq!(next.get(other), params.get(other));
                }
                prop_assert_eq!(next.get(term), value);
                prop_assert_eq!(next.validated(now), Ok(next));
                params = next;
            }
            let ramp = params.closing.maintenance;
            prop_assert!(ramp.at(now).max(ramp.to_bps) < params.terms.base_bps);
            prop_assert!(params.closing.penalty_bps <= ramp.at(now).min(ramp.to_bps));
        }
    }
}

fn a_leg() -> impl Strategy<Value = Leg> {
    (0u8..4, bits(90), bits(90), bits(90), bits(90)).prop_map(|(domain, margin, profit, loss, needed)| Leg {
        domain,
        margin,
        profit,
        loss,
        needed,
    })
}

#[cfg(feature = "shell")]
proptest! {
    #![proptest_config(config())]

    #[test]
    fn mr_18_every_word_survives_its_packing(
        terms in a_terms(), caps in a_caps(), ratchet in a_ratchet(), from_bps in 0u16..=9_999, to_bps in 0u16..=9_999,
        start in 0u64..1 << 40, length_secs in any::<u32>(), penalty_bps in 0u16..=9_999, dust in bits(80), domain: u8,
    ) {
        use fusebox_market::storage::{pack_caps, pack_closing, pack_terms, unpack_caps, unpack_closing, unpack_terms};
        prop_assert_eq!(unpack_terms(pack_terms(&terms)), terms);
        prop_assert_eq!(unpack_caps(pack_caps(&caps, &ratchet)), (caps, ratchet));
        let maintenance = Ramp { from_bps, to_bps, start, length_secs };
        let closing = Closing { maintenance, penalty_bps, dust, domain };
        prop_assert_eq!(unpack_closing(pack_closing(&closing)), closing);
        // Too large for its field is the field's largest.
        let wide = Caps { position: u128::MAX, ..caps };
        prop_assert_eq!(unpack_caps(pack_caps(&wide, &ratchet)).0.position, MAX_CAP);
        let wide = Terms { min_margin: u128::MAX, ..terms };
        prop_assert_eq!(unpack_terms(pack_terms(&wide)), Terms { min_margin: MAX_DUST, ..terms });
    }
}
