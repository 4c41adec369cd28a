//! Exact functions: against big integers on random and boundary words, and on every input at a narrow width.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

mod reference;

use alloy_primitives::{Uint, U256};
use fusebox_core::bps::{deviation, deviation_exceeds, deviation_up};
use fusebox_core::digits::mul_div;
use fusebox_core::math::{self, ceil, MathError};
use fusebox_core::{median, Bps, Wad};
use num_bigint::BigUint;
use reference::{big, boundaries, cases, fits, Random};

type Six = Uint<6, 1>;
type Byte = Uint<8, 1>;
type Half = Uint<16, 1>;

fn check_mul_div(a: U256, b: U256, d: U256) {
    let (down, up) = (math::mul_div_down(a, b, d), math::mul_div_up(a, b, d));
    if d.is_zero() {
        assert_eq!(down, Err(MathError::DivisionByZero { value: a }));
        assert_eq!(up, down);
        return;
    }
    let product = big(a) * big(b);
    for (result, exact, is_up) in [(down, &product / big(d), false), (up, (&product + big(d) - 1u8) / big(d), true)] {
        match result {
            Ok(value) => assert_eq!(big(value), exact, "{a} * {b} / {d}"),
            Err(MathError::Overflow { value, bound }) => {
                assert!(!fits(&exact), "{a} * {b} / {d} fits");
                assert!(value == a && bound < a);
                let at_bound = if is_up { math::mul_div_up(bound, b, d) } else { math::mul_div_down(bound, b, d) };
                assert!(at_bound.is_ok(), "the bound {bound} fits");
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn co_1_mul_div_is_the_exact_floor_and_ceiling() {
    let edges = boundaries();
    // Every pair of boundaries as factors, against a divisor that moves through them all.
    for (i, a) in edges.iter().enumerate() {
        for (j, b) in edges.iter().enumerate() {
            for k in 0..4 {
                check_mul_div(*a, *b, edges[(i * 7 + j * 3 + k * 131) % edges.len()]);
            }
        }
    }
    let mut random = Random::new(1);
    for _ in 0..cases() {
        check_mul_div(random.word(), random.word(), random.word());
        // A quotient near the top: the product divided by about what makes it fit.
        let (a, b) = (random.full(), random.full());
        let product: BigUint = big(a) * big(b);
        let d =
            reference::word(&(product >> 256u32)).wrapping_add(U256::from(random.next() & 3)).wrapping_sub(U256::ONE);
        check_mul_div(a, b, d);
    }
}

#[test]
fn co_1_mul_div_is_exact_on_every_input_of_eight_bits() {
    for a in 0..=255u32 {
        for b in 0..=255u32 {
            for d in 0..=255u32 {
                let result = mul_div::<8, 1, 2>(Byte::from(a), Byte::from(b), Byte::from(d));
                match (a * b).checked_div(d).filter(|quotient| *quotient < 256) {
                    None => assert!(result.is_none(), "{a} * {b} / {d}"),
                    Some(floor) => {
                        let quotient = result.unwrap();
                        assert_eq!(quotient.floor, Byte::from(floor), "{a} * {b} / {d}");
                        assert_eq!(quotient.exact, floor * d == a * b, "{a} * {b} / {d}");
                    }
                }
            }
        }
    }
}

#[test]
fn co_1_add_and_sub_are_exact_or_refused() {
    let edges = boundaries();
    let mut random = Random::new(2);
    let mut pairs: Vec<(U256, U256)> = edges.iter().flat_map(|a| edges.iter().map(move |b| (*a, *b))).collect();
    pairs.extend((0..cases()).map(|_| (random.word(), random.word())));
    for (a, b) in pairs {
        match math::add(a, b) {
            Ok(sum) => assert_eq!(big(sum), big(a) + big(b)),
            Err(error) => {
                assert!(!fits(&(big(a) + big(b))));
                assert_eq!(error, MathError::Overflow { value: a, bound: U256::MAX - b });
            }
        }
        match math::sub(a, b) {
            Ok(rest) => assert_eq!(big(rest) + big(b), big(a)),
            Err(error) => {
                assert!(a < b);
                assert_eq!(error, MathError::Underflow { value: b, bound: a });
            }
        }
    }
}

#[test]
fn co_1_div_and_wad_and_bps_are_exact() {
    let edges = boundaries();
    let mut random = Random::new(3);
    let wad = BigUint::from(10u8).pow(18);
    let mut pairs: Vec<(U256, U256)> = edges.iter().flat_map(|a| edges.iter().map(move |b| (*a, *b))).collect();
    pairs.extend((0..cases()).map(|_| (random.word(), random.word())));
    let same = |result: Result<U256, MathError>, exact: BigUint| match result {
        Ok(value) => assert_eq!(big(value), exact),
        Err(MathError::Overflow { .. }) => assert!(!fits(&exact)),
        Err(other) => panic!("{other:?}"),
    };
    let up = |n: BigUint, d: &BigUint| (n + d - 1u8) / d;
    for (a, b) in pairs {
        let product = big(a) * big(b);
        same(Wad(a).mul_down(Wad(b)).map(|x| x.0), &product / &wad);
        same(Wad(a).mul_up(Wad(b)).map(|x| x.0), up(product.clone(), &wad));
        same(Wad(a).of_down(b), &product / &wad);
        same(Wad(a).of_up(b), up(product, &wad));
        let rate = Bps(b.as_limbs()[0] as u32);
        let part = big(a) * BigUint::from(rate.0);
        same(rate.of_down(a), &part / 10_000u32);
        same(rate.of_up(a), up(part, &10_000u32.into()));
        if b.is_zero() {
            assert_eq!(math::div_down(a, b), Err(MathError::DivisionByZero { value: a }));
            assert_eq!(math::div_up(a, b), Err(MathError::DivisionByZero { value: a }));
            assert_eq!(Wad(a).div_down(Wad(b)), Err(MathError::DivisionByZero { value: a }));
            assert_eq!(Wad(a).div_up(Wad(b)), Err(MathError::DivisionByZero { value: a }));
            continue;
        }
        same(math::div_down(a, b), big(a) / big(b));
        same(math::div_up(a, b), up(big(a), &big(b)));
        same(Wad(a).div_down(Wad(b)).map(|x| x.0), big(a) * &wad / big(b));
        same(Wad(a).div_up(Wad(b)).map(|x| x.0), up(big(a) * &wad, &big(b)));
    }
}

#[test]
fn co_2_sqrt_is_the_exact_floor_and_ceiling() {
    let check = |x: U256| {
        let floor = big(x).sqrt();
        let exact = &floor * &floor == big(x);
        assert_eq!(big(math::sqrt_down(x)), floor, "{x}");
        assert_eq!(big(math::sqrt_up(x)), if exact { floor } else { floor + 1u8 }, "{x}");
    };
    boundaries().into_iter().for_each(check);
    let mut random = Random::new(4);
    for _ in 0..cases() {
        check(random.word());
        // Around a perfect square, where floor and ceiling turn.
        let root = random.word() >> 128;
        let square = root * root;
        check(square);
        check(square.saturating_sub(U256::ONE));
        check(square.saturating_add(U256::ONE));
    }
}

#[test]
fn co_2_sqrt_is_exact_on_every_input_of_sixteen_bits() {
    for x in 0..=65_535u32 {
        assert_eq!(math::root::<16, 1, 4>(Half::from(x)), Half::from(x.isqrt()), "{x}");
    }
}

fn exact_median(values: &[U256]) -> Option<BigUint> {
    let mut sorted: Vec<BigUint> = values.iter().map(|value| big(*value)).collect();
    sorted.sort();
    let n = sorted.len();
    match n {
        0 => None,
        _ if n % 2 == 1 => Some(sorted[n / 2].clone()),
        _ => Some((&sorted[n / 2 - 1] + &sorted[n / 2]) / 2u8),
    }
}

#[test]
fn co_3_median_is_the_middle_or_the_floor_of_the_middle_two() {
    let edges = boundaries();
    let mut random = Random::new(5);
    for case in 0..cases() {
        let n = (random.next() % 9) as usize;
        let mut values: Vec<U256> = (0..n)
            .map(|_| if case & 1 == 0 { random.word() } else { edges[random.next() as usize % edges.len()] })
            .collect();
        let exact = exact_median(&values);
        let mut sorted = values.clone();
        sorted.sort();
        assert_eq!(median(&mut values).map(big), exact);
        assert_eq!(values, sorted, "sorted in place, nothing lost");
    }
    assert_eq!(median::<256, 4>(&mut []), None);
}

#[test]
fn co_3_median_is_exact_on_every_four_values_of_four_bits_and_every_two_of_eight() {
    for code in 0..1u32 << 16 {
        for n in 1..=4 {
            let values: Vec<u32> = (0..n).map(|i| code >> (4 * i) & 15).collect();
            let mut sorted = values.clone();
            sorted.sort();
            let exact = if n % 2 == 1 { sorted[n / 2] } else { (sorted[n / 2 - 1] + sorted[n / 2]) / 2 };
            let mut values: Vec<Byte> = values.into_iter().map(Byte::from).collect();
            assert_eq!(median(&mut values), Some(Byte::from(exact)));
        }
        let (a, b) = (code & 255, code >> 8);
        assert_eq!(median(&mut [Byte::from(a), Byte::from(b)]), Some(Byte::from((a + b) / 2)));
    }
}

#[test]
fn co_4_deviation_is_the_exact_ceiling_and_symmetric() {
    let edges = boundaries();
    let mut random = Random::new(6);
    let mut triples: Vec<(U256, U256, U256)> = Vec::new();
    for (i, p) in edges.iter().enumerate() {
        for (j, r) in edges.iter().enumerate() {
            triples.push((*p, *r, edges[(i * 5 + j * 11) % edges.len()]));
            triples.push((*p, *r, U256::ZERO));
        }
    }
    for _ in 0..cases() {
        triples.push((random.word(), random.word(), random.word()));
        // Prices near each other, as they are.
        let p = random.word();
        let spread = p >> (random.next() % 20 + 1) as usize;
        triples.push((p, p.saturating_sub(spread), spread >> (random.next() % 20) as usize));
    }
    for (p, r, conf) in triples {
        let result = deviation_up(p, r, conf);
        assert_eq!(result, deviation_up(r, p, conf));
        if p.is_zero() || r.is_zero() {
            assert_eq!(result, Err(MathError::DivisionByZero { value: p.max(r) }));
            continue;
        }
        let (high, low) = (big(p.max(r)), big(p.min(r)));
        let gap = &high - &low;
        let excess = if gap > big(conf) { gap - big(conf) } else { BigUint::default() };
        let exact = (excess * 10_000u32 + &low - 1u8) / &low;
        let bps = u32::try_from(exact).unwrap_or(u32::MAX);
        assert_eq!(result, Ok(Bps(bps)), "{p} {r} {conf}");
        let [p, r, conf] = [p, r, conf].map(|x| u128::try_from(x).ok());
        if let (Some(p), Some(r), Some(conf)) = (p, r, conf) {
            for limit in [0, 1, bps.saturating_sub(1), bps, bps.saturating_add(1), u32::MAX - 1, u32::MAX] {
                assert_eq!(deviation_exceeds(p, r, conf, Bps(limit)), Ok(bps > limit), "{p} {r} {conf} {limit}");
            }
        }
    }
    assert!(deviation_exceeds(0, 1, 0, Bps::ZERO).is_err() && deviation_exceeds(1, 0, 0, Bps::ZERO).is_err());
}

#[test]
fn co_4_deviation_is_exact_on_every_input_of_six_bits() {
    for scale in [1u32, 10, 63] {
        for p in 0..64u32 {
            for r in 0..64u32 {
                for conf in 0..64u32 {
                    let result = deviation::<6, 1, 2>(Six::from(p), Six::from(r), Six::from(conf), Six::from(scale));
                    let least = p.min(r);
                    let exact = (least != 0)
                        .then(|| (p.abs_diff(r).saturating_sub(conf) * scale).div_ceil(least))
                        .filter(|x| *x < 64);
                    assert_eq!(result, exact.map(Six::from), "{p} {r} {conf}");
                }
            }
        }
    }
}

#[test]
fn co_1_ceil_is_exact_on_every_input_of_six_bits() {
    for a in 0..64u32 {
        for b in 0..64u32 {
            for d in 1..64u32 {
                let result = mul_div::<6, 1, 2>(Six::from(a), Six::from(b), Six::from(d)).and_then(ceil);
                assert_eq!(result, Some((a * b).div_ceil(d)).filter(|x| *x < 64).map(Six::from));
            }
        }
    }
}
