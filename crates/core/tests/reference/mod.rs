//! What the tests compare with: big integers, a fixed random stream, the inputs at which things break.
#![allow(dead_code)] // every test file uses its own part

use alloy_primitives::U256;
use num_bigint::{BigInt, BigUint, Sign};

/// Random inputs per test: at least 100,000; `FUSEBOX_CASES` asks for more.
pub fn cases() -> u64 {
    std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(100_000)
}

pub fn big(x: U256) -> BigUint {
    BigUint::from_bytes_le(&x.to_le_bytes::<32>())
}

pub fn fits(x: &BigUint) -> bool {
    x.bits() <= 256
}

/// The low 256 bits.
pub fn word(x: &BigUint) -> U256 {
    let mut limbs = x.to_u64_digits();
    limbs.resize(4, 0);
    U256::from_limbs([limbs[0], limbs[1], limbs[2], limbs[3]])
}

/// SplitMix64: the same stream on every machine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
    /// Uniform over all words.
    pub fn full(&mut self) -> U256 {
        U256::from_limbs([self.next(), self.next(), self.next(), self.next()])
    }
    /// Uniform in length first, and now and then with a run of ones or zeros, where carries live.
    pub fn word(&mut self) -> U256 {
        let length = (self.next() % 257) as usize;
        let value = if length == 0 { U256::ZERO } else { self.full() >> (256 - length) };
        let (right, left) = ((self.next() % 256) as usize, (self.next() % 256) as usize);
        let run = U256::MAX >> right << left;
        match self.next() % 8 {
            0 => value | (run & (U256::MAX >> (256 - length.max(1)))),
            1 => value & !run,
            _ => value,
        }
    }
}

/// 0, 1, the maximum, powers of two and ten with their neighbours.
pub fn boundaries() -> Vec<U256> {
    let mut edges = vec![U256::ZERO, U256::MAX, U256::MAX - U256::ONE];
    let mut around = |x: U256| edges.extend([x.wrapping_sub(U256::ONE), x, x.wrapping_add(U256::ONE)]);
    (0..256).step_by(8).for_each(|bit| around(U256::ONE << bit));
    [1, 2, 31, 33, 63, 65, 127, 129, 191, 193, 255].into_iter().for_each(|bit| around(U256::ONE << bit));
    [1u64, 4, 18, 27, 36, 54, 77].into_iter().for_each(|n| around(U256::from(10).pow(U256::from(n))));
    edges.sort();
    edges.dedup();
    edges
}

/// Bits after the point in the reference's own numbers: 448, of which it is wrong in the last 60 at most.
pub const POINT: u64 = 448;

/// `n / d` in the reference's numbers.
pub fn ratio(n: &BigInt, d: &BigInt) -> BigInt {
    (n << POINT) / d
}

fn times(a: &BigInt, b: &BigInt) -> BigInt {
    (a * b) >> POINT
}

/// `e^x`: Taylor's series on `x / 2^24`, squared 24 times; no constant, no table.
pub fn exp(x: &BigInt) -> BigInt {
    let one = BigInt::from(1) << POINT;
    if x.sign() == Sign::Minus {
        return ratio(&one, &exp(&-x));
    }
    let small = x >> 24;
    let (mut sum, mut term) = (one.clone(), one);
    for n in 1u32.. {
        term = times(&term, &small) / n;
        if term.sign() == Sign::NoSign {
            break;
        }
        sum += &term;
    }
    for _ in 0..24 {
        sum = times(&sum, &sum);
    }
    sum
}

/// `ln x` for `x > 0`: Halley's iteration on `exp` from a float.
pub fn ln(x: &BigInt) -> BigInt {
    let bits = x.bits() as i64;
    let top = (x >> (bits - 63).max(0)).to_u64_digits().1[0] as f64;
    let start = top.ln() + ((bits - 63).max(0) - POINT as i64) as f64 * std::f64::consts::LN_2;
    let mut y = BigInt::from((start * 2f64.powi(52)) as i64) << (POINT - 52);
    for _ in 0..3 {
        let e = exp(&y);
        y += ratio(&((x - &e) * 2), &(x + &e));
    }
    y
}

/// A fixed point number of 18 decimals in the reference's numbers.
pub fn from_wad(x: &BigInt) -> BigInt {
    (x << POINT) / BigInt::from(10u64.pow(18))
}

/// What a bound misses by, measured: in units for results below 2^100, and what is more than a unit relative to the
/// result, in units of 2^-118.
#[derive(Default, Debug)]
pub struct Miss {
    pub units: f64,
    pub relative: f64,
    pub more_than_one: u64,
    pub count: u64,
}

impl Miss {
    /// Checks `down <= exact <= up` and both distances against `1 unit + slack * exact * 2^-118`.
    pub fn check(&mut self, down: U256, up: U256, exact: &BigInt, slack: f64, what: &dyn std::fmt::Display) {
        let [down, up] = [down, up].map(|x| BigInt::from(big(x)) << POINT);
        assert!(&down <= exact, "above the exact value: {what}");
        assert!(exact <= &up, "below the exact value: {what}");
        let unit = BigInt::from(1) << POINT;
        let allowed = &unit + ((exact * BigInt::from((slack * 1024.0).min(1e38) as u128)) >> 128);
        for gap in [exact - &down, &up - exact] {
            assert!(gap <= allowed, "off by {} units: {what}", float(&gap));
            self.count += 1;
            let excess = float(&(&gap - &unit)).max(0.0) / float(exact).max(1e-300);
            self.relative = self.relative.max(excess * 2f64.powi(118));
            if exact < &(BigInt::from(1) << (POINT + 100)) {
                self.units = self.units.max(float(&gap));
                self.more_than_one += u64::from(gap > unit);
            }
        }
    }
}

/// A number of the reference as a float.
pub fn float(x: &BigInt) -> f64 {
    let bits = x.bits();
    let shift = bits.saturating_sub(60);
    let top = i64::try_from(x >> shift).unwrap() as f64;
    top * 2f64.powi(shift as i32 - POINT as i32)
}
