//! Functions with an error bound: against a reference of 448 bits on random and boundary inputs, and monotone.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

mod reference;

use alloy_primitives::U256;
use fusebox_core::wad::*;
use fusebox_core::{MathError, SignedWad, Wad};
use num_bigint::BigInt;
use reference::{big, boundaries, cases, from_wad, Miss, Random, POINT};

const ONE: u64 = 1_000_000_000_000_000_000;
const EXP_MAX: i128 = 135_999_146_549_453_176_898;
/// Below this, `e^x` is less than half a unit.
const EXP_MIN: i128 = -42_000_000_000_000_000_000;
const LN_2: i128 = 693_147_180_559_945_309;

fn wad(x: u64) -> Wad {
    Wad(U256::from(x))
}

fn one() -> BigInt {
    BigInt::from(ONE)
}

/// Arguments at which the reductions of the exponential change: multiples of `ln 2`, and eighths between them.
fn exp_edges() -> Vec<i128> {
    let eighths =
        [0, 117_783_035_656_383_454, 223_143_551_314_209_755, 318_453_731_118_534_615, 405_465_108_108_164_381];
    let more = [485_507_815_781_700_807, 559_615_787_935_422_686, 628_608_659_422_374_137];
    let mut edges = vec![EXP_MAX, EXP_MAX - 1, EXP_MIN, EXP_MIN + 1];
    for k in -62..197 {
        for eighth in eighths.iter().chain(&more) {
            let x = k * LN_2 + k * 417 / 1000 + eighth; // ln 2 = 0.693147180559945309417...
            edges.extend((x - 2..=x + 2).filter(|x| *x <= EXP_MAX));
        }
    }
    edges
}

#[test]
fn co_5_exp_bounds_the_exact_value() {
    let mut random = Random::new(11);
    let mut inputs = exp_edges();
    inputs.extend([0, 1, -1, 2, -2, i128::from(ONE), -i128::from(ONE), i128::from(ONE) - 1, i128::from(ONE) + 1]);
    inputs.extend(
        (0..67)
            .flat_map(|bit| [1i128 << bit, -(1i128 << bit), (1 << bit) - 1, (1 << bit) + 1])
            .filter(|x| *x <= EXP_MAX),
    );
    for _ in 0..cases() {
        let uniform = EXP_MIN + (random.full() % U256::from(EXP_MAX - EXP_MIN)).to::<i128>();
        inputs.push(if random.next() & 3 == 0 { uniform >> (random.next() % 66) } else { uniform });
    }
    let mut miss = Miss::default();
    for x in inputs {
        let exact = reference::exp(&from_wad(&BigInt::from(x))) * one();
        let [down, up] = [exp_down(SignedWad(x)).unwrap(), exp_up(SignedWad(x)).unwrap()];
        miss.check(down.0, up.0, &exact, 1.0, &x);
        assert!(x != 0 || (down == Wad::ONE && up == Wad::ONE));
    }
    println!("exp {miss:?}");
}

#[test]
fn co_5_exp_refuses_what_does_not_fit_and_fades_below() {
    for x in [EXP_MAX + 1, EXP_MAX + 2, i128::MAX - 1, i128::MAX] {
        let error = MathError::OutOfRange { value: U256::from(x), bound: U256::from(EXP_MAX) };
        assert_eq!(exp_down(SignedWad(x)), Err(error));
        assert_eq!(exp_up(SignedWad(x)), Err(error));
    }
    for x in [EXP_MIN, EXP_MIN * 2, EXP_MIN * 8, EXP_MIN * 9, -1 << 80, -1 << 100, i128::MIN + 1, i128::MIN] {
        assert_eq!(exp_down(SignedWad(x)), Ok(Wad::ZERO), "{x}");
        assert_eq!(exp_up(SignedWad(x)), Ok(wad(1)), "{x}");
    }
}

#[test]
fn co_6_exp_is_monotone() {
    let mut random = Random::new(12);
    let mut starts = exp_edges();
    starts.extend((0..cases()).map(|_| EXP_MIN + (random.full() % U256::from(EXP_MAX - EXP_MIN)).to::<i128>()));
    for x in starts.into_iter().filter(|x| *x < EXP_MAX) {
        assert!(exp_down(SignedWad(x)).unwrap() <= exp_down(SignedWad(x + 1)).unwrap(), "{x}");
        assert!(exp_up(SignedWad(x)).unwrap() <= exp_up(SignedWad(x + 1)).unwrap(), "{x}");
    }
}

/// The last word of every cell of the logarithm's reduction: with what follows it, all places where it could fall.
fn ln_edges() -> Vec<U256> {
    let mut edges = Vec::new();
    for k in 0..256u32 {
        for eighth in 8..16u64 {
            let start =
                if k >= 3 { U256::from(eighth) << (k - 3) as usize } else { U256::from(eighth) >> (3 - k) as usize };
            edges.push(start - U256::ONE);
        }
    }
    edges.retain(|x| !x.is_zero());
    edges
}

#[test]
fn co_5_ln_bounds_the_exact_value() {
    let mut random = Random::new(13);
    let mut inputs = boundaries();
    inputs.extend(ln_edges().into_iter().flat_map(|x| [x, x + U256::ONE]));
    inputs.extend((0..1000u64).flat_map(|i| [U256::from(ONE - i), U256::from(ONE + i)]));
    for _ in 0..cases() {
        let x = random.word();
        inputs.push(x);
        // Near one, where the logarithm is small.
        inputs.push(U256::from(ONE).wrapping_add(random.word() >> 197).wrapping_sub(random.word() >> 197));
    }
    let mut worst = 0f64;
    let mut below_floor = 0;
    for x in inputs.into_iter().filter(|x| !x.is_zero()) {
        let exact = reference::ln(&from_wad(&BigInt::from(big(x)))) * one();
        let [down, up] = [ln_down(Wad(x)).unwrap().0, ln_up(Wad(x)).unwrap().0].map(|x| BigInt::from(x) << POINT);
        if x == U256::from(ONE) {
            assert!(down == up && down == BigInt::from(0));
            continue;
        }
        assert!(down <= exact && exact <= up, "{x}");
        let unit = BigInt::from(1) << POINT;
        for gap in [&exact - &down, &up - &exact] {
            assert!(gap <= &unit + (&unit >> 60), "{x} off by {}", reference::float(&gap));
            worst = worst.max(reference::float(&gap));
            below_floor += u64::from(gap > unit);
        }
    }
    println!("ln worst {worst} units, more than one unit {below_floor} times");
    assert_eq!(ln_down(Wad::ZERO), Err(MathError::OutOfRange { value: U256::ZERO, bound: U256::ONE }));
    assert_eq!(ln_up(Wad::ZERO), Err(MathError::OutOfRange { value: U256::ZERO, bound: U256::ONE }));
}

#[test]
fn co_6_ln_is_monotone() {
    let mut random = Random::new(14);
    let mut starts = ln_edges();
    starts.extend(boundaries());
    starts.extend((0..cases()).map(|_| random.word()));
    for x in starts.into_iter().filter(|x| !x.is_zero() && *x != U256::MAX) {
        assert!(ln_down(Wad(x)).unwrap() <= ln_down(Wad(x + U256::ONE)).unwrap(), "{x}");
        assert!(ln_up(Wad(x)).unwrap() <= ln_up(Wad(x + U256::ONE)).unwrap(), "{x}");
    }
}

/// `x^y` with `x > 0`, or nothing if it is far beyond a word.
fn exact_pow(x: U256, y: U256) -> Option<BigInt> {
    let t = (reference::ln(&from_wad(&BigInt::from(big(x)))) * BigInt::from(big(y))) / one();
    if t > BigInt::from(137) << POINT {
        return None;
    }
    if t < BigInt::from(-100) << POINT {
        return Some(BigInt::from(0)); // less than 2^-80 of a unit
    }
    Some(reference::exp(&t) * one())
}

fn check_pow(miss: &mut Miss, x: U256, y: U256) {
    let (down, up) = (pow_down(Wad(x), Wad(y)), pow_up(Wad(x), Wad(y)));
    let what = format!("{x} ^ {y}");
    let exact = if x.is_zero() { Some(BigInt::from(0)) } else { exact_pow(x, y) };
    if x.is_zero() || y.is_zero() || x == U256::from(ONE) || y == U256::from(ONE) {
        let value = if y.is_zero() { U256::from(ONE) } else { x };
        assert_eq!((down, up), (Ok(Wad(value)), Ok(Wad(value))), "{what}");
        return;
    }
    let limit = BigInt::from(1) << (POINT + 256);
    match (down, up, exact) {
        (Ok(down), Ok(up), Some(exact)) => {
            // The reference loses what the exponent is long.
            let (years, tiny) = (reference::float(&from_wad(&BigInt::from(big(y)))), BigInt::from(1) << (POINT - 60));
            let exact = if exact < tiny { tiny } else { exact };
            miss.check(down.0, up.0, &exact, 1.0 + years / 2.0, &what);
        }
        (down, up, exact) => {
            for (result, pow) in [(down, pow_down as fn(Wad, Wad) -> Result<Wad, MathError>), (up, pow_up)] {
                let Err(error) = result else { continue };
                let MathError::Overflow { value, bound } = error else { panic!("{what} {error:?}") };
                assert!(value == y && bound < y, "{what}");
                assert!(pow(Wad(x), Wad(bound)).is_ok(), "{what}");
            }
            // Refused only where the bound itself leaves the word; beyond 2^70 the stated bound says nothing.
            assert!(y.bit_len() > 130 || exact.is_none_or(|exact| exact > &limit - (&limit >> 40)), "{what}");
        }
    }
}

#[test]
fn co_5_pow_bounds_the_exact_value() {
    let mut random = Random::new(15);
    let mut miss = Miss::default();
    let some = |i: u64| U256::from(i) * U256::from(ONE);
    let mut edges = vec![U256::ZERO, U256::ONE, U256::from(2), U256::MAX, U256::MAX - U256::ONE];
    edges.extend([ONE / 2, ONE - 2, ONE - 1, ONE, ONE + 1, ONE + 2, 3 * ONE / 2].map(U256::from));
    edges.extend([2, 3, 10, 100, 1_000_000].map(some));
    edges.extend([64, 100, 128, 200, 255].map(|bit| U256::ONE << bit));
    for x in &edges {
        for y in &edges {
            check_pow(&mut miss, *x, *y);
        }
    }
    println!("pow, edges {miss:?}");
    let (mut peers, mut wide) = (Miss::default(), Miss::default());
    for case in 0..cases() {
        // As the peers are measured, 0.01 to 100 to the power of 0 to 5, and then anything.
        let (x, y, miss) = match case % 4 {
            0 => (U256::from(ONE / 100 + random.next() % ONE), U256::from(random.next() % (5 * ONE)), &mut peers),
            1 | 2 => {
                let x = some(1 + random.next() % 99) + U256::from(random.next() % ONE);
                (x, U256::from(random.next() % (5 * ONE)), &mut peers)
            }
            _ => (random.word(), random.word() >> 180, &mut wide),
        };
        check_pow(miss, x, y);
    }
    println!("pow, as peers are measured {peers:?}\npow {wide:?}");
}

#[test]
fn co_6_pow_is_monotone_in_both() {
    let mut random = Random::new(16);
    let anchors = [0, 1, ONE / 2, ONE - 2, ONE - 1, ONE, ONE + 1, 2 * ONE - 1, 2 * ONE, 5 * ONE];
    let le = |a: Result<Wad, MathError>, b: Result<Wad, MathError>, what: &str| match (a, b) {
        (Ok(a), Ok(b)) => assert!(a <= b, "{what}"),
        (Err(_), Ok(_)) => panic!("{what}: refused below what is accepted"),
        _ => {}
    };
    for case in 0..cases() {
        let pick = |random: &mut Random| match random.next() % 4 {
            0 => U256::from(anchors[random.next() as usize % anchors.len()]),
            1 => U256::from(ONE).wrapping_add(random.word() >> 200).wrapping_sub(random.word() >> 200),
            2 => U256::from(random.next() % (8 * ONE)),
            _ => random.word() >> if case & 1 == 0 { 0 } else { 150 },
        };
        let (x, y) = (pick(&mut random), pick(&mut random));
        let (x1, y1) = (x.saturating_add(U256::ONE), y.saturating_add(U256::ONE));
        for pow in [pow_down, pow_up] {
            let what = format!("{x} ^ {y}");
            le(pow(Wad(x), Wad(y)), pow(Wad(x1), Wad(y)), &what);
            match x < U256::from(ONE) {
                true if x.is_zero() && y.is_zero() => {} // 0^0 is 1 by definition, and 0^y falls to 0 at once
                true => le(pow(Wad(x), Wad(y1)), pow(Wad(x), Wad(y)), &what),
                false => le(pow(Wad(x), Wad(y)), pow(Wad(x), Wad(y1)), &what),
            }
        }
    }
}

fn check_decay(miss: &mut Miss, value: U256, dt: u64, tau: u64) {
    let (down, up) = (decay_down(value, dt, tau), decay_up(value, dt, tau));
    let factors = (decay_factor_down(dt, tau), decay_factor_up(dt, tau));
    if tau == 0 {
        let error = MathError::DivisionByZero { value: U256::from(dt) };
        assert!(down == Err(error) && up == Err(error) && factors == (Err(error), Err(error)));
        return;
    }
    let (down, up) = (down.unwrap(), up.unwrap());
    assert!(up <= value);
    if dt == 0 {
        assert_eq!((down, up), (value, value));
        assert_eq!(factors, (Ok(Wad::ONE), Ok(Wad::ONE)));
        return;
    }
    let t = reference::ratio(&BigInt::from(dt), &BigInt::from(tau));
    let factor = if t > BigInt::from(200) << POINT { BigInt::from(0) } else { reference::exp(&-t) };
    miss.check(down, up, &(&factor * BigInt::from(big(value))), 1.0, &format!("{value} {dt} {tau}"));
    let (low, high) = (factors.0.unwrap(), factors.1.unwrap());
    assert!(high <= Wad::ONE);
    miss.check(low.0, high.0, &(factor * one()), 1.0, &format!("{dt} {tau}"));
}

#[test]
fn co_5_decay_bounds_the_exact_value() {
    let mut random = Random::new(17);
    let mut miss = Miss::default();
    let times = [0, 1, 59, 60, 3_600, 86_399, 86_400, 604_800, u64::from(u32::MAX), u64::MAX - 1, u64::MAX];
    for value in boundaries() {
        for dt in times {
            check_decay(&mut miss, value, dt, times[random.next() as usize % times.len()]);
        }
    }
    for case in 0..cases() {
        let tau = 1 + (random.next() >> (random.next() % 64));
        let dt =
            if case & 1 == 0 { random.next() >> (random.next() % 64) } else { random.next() % tau.saturating_mul(50) };
        check_decay(&mut miss, random.word(), dt, tau);
    }
    println!("decay {miss:?}");
}

#[test]
fn co_6_decay_is_monotone_in_time_and_value() {
    let mut random = Random::new(18);
    for _ in 0..cases() {
        let tau = 1 + random.next() % 1_000_000;
        let (value, dt) = (random.word(), random.next() % (tau * 60));
        for exact in [decay_down, decay_up] {
            let decay = |value, dt, tau| exact(value, dt, tau).unwrap();
            assert!(decay(value, dt + 1, tau) <= decay(value, dt, tau), "{value} {dt} {tau}");
            assert!(decay(value, dt, tau) <= decay(value.saturating_add(U256::ONE), dt, tau), "{value} {dt} {tau}");
            assert!(decay(value, dt, tau) <= decay(value, dt, tau + 1), "{value} {dt} {tau}");
        }
    }
}
