//! A slow and obvious model beside the bucket: a list of what happened when, replayed in exact numbers at every step.
//!
//! The model counts token units times `window * 10,000 * 2^16`, so that every quantity is a whole number: refill in a
//! second, basis points of a capacity, and a ticket's time are all multiples of one over that.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use fusebox_limiter::{
    logic::{self, Near, Shape},
    types::MAX_TIME,
    Bucket, Error, Params, Policy, Side,
};
use num_bigint::BigInt;

const P: Params = Params::DEFAULT;
const START: u64 = 1_700_000_000;

/// Steps in total: at least 100,000; `FUSEBOX_CASES` asks for more.
fn steps() -> u64 {
    std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(100_000)
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    /// Up to `n`, often small, often all of it.
    fn amount(&mut self, n: u128) -> u128 {
        let wide = u128::from(self.next()) << 64 | u128::from(self.next());
        match self.below(4) {
            0 => wide % n.max(1) + 1,
            1 => wide % (n / 20).max(1) + 1,
            2 => n,
            _ => wide % (2 * n).max(1) + 1,
        }
    }
}

/// Something that happened to the bucket.
#[derive(Clone)]
enum What {
    Out(u128),
    In(u128),
    Capacity(u128, Option<u64>), // and the time of the last ticket, if one waits
}

/// What happened, and when; what was before the last moment at which the bucket was plain full is forgotten.
struct Model {
    window: u64,
    start: u128,
    happened: Vec<(u64, What)>,
}

impl Model {
    fn scale(&self) -> BigInt {
        BigInt::from(self.window) * 10_000 * 65_536
    }

    /// Capacity, debt and credit at `now`, scaled.
    fn at(&mut self, now: u64) -> (u128, BigInt, BigInt) {
        let zero = BigInt::from(0);
        let (mut capacity, mut debt, mut credit) = (self.start, zero.clone(), zero.clone());
        let (mut clock, mut inflow, mut keep) = (0, 0, 0);
        let end = [(now, None)];
        let rows: Vec<(u64, Option<What>)> =
            self.happened.iter().map(|(at, what)| (*at, Some(what.clone()))).chain(end).collect();
        for (i, (at, what)) in rows.into_iter().enumerate() {
            if at > clock {
                // Credit above e is gone with its second; then both run out at the refill rate.
                let bound: BigInt = BigInt::from(capacity) * P.credit_bps() * self.window * 65_536;
                if inflow != at {
                    credit = credit.min(bound);
                }
                let refill: BigInt = BigInt::from(capacity) * (at - clock.max(START)) * 10_000 * 65_536;
                debt = (debt - &refill).max(zero.clone());
                credit = (credit - &refill).max(zero.clone());
                clock = at;
                if debt == zero && credit == zero {
                    (self.start, keep) = (capacity, i);
                }
            }
            match what {
                Some(What::Out(amount)) => {
                    let amount = BigInt::from(amount) * self.scale();
                    let paid = amount.clone().min(credit.clone());
                    credit -= &paid;
                    debt += amount - paid;
                }
                Some(What::In(amount)) => {
                    let amount = BigInt::from(amount) * self.scale();
                    let paid = amount.clone().min(debt.clone());
                    debt -= &paid;
                    credit += amount - paid;
                    inflow = at;
                }
                Some(What::Capacity(next, last)) => {
                    capacity = next;
                    // At most e of the new capacity, running out since the inflow.
                    let bound: BigInt = BigInt::from(capacity) * P.credit_bps() * self.window * 65_536;
                    let gone: BigInt = BigInt::from(capacity) * (at - inflow) * 10_000 * 65_536;
                    credit = credit.min((bound - gone).max(zero.clone()));
                    if let Some(ready) = last {
                        debt = debt.max(self.debt_of(capacity, ready, at));
                    }
                }
                None => {}
            }
        }
        self.happened.drain(..keep);
        (capacity, debt, credit)
    }

    /// The debt at which a ticket of that fixed time is the last.
    fn debt_of(&self, capacity: u128, ready: u64, now: u64) -> BigInt {
        BigInt::from(capacity) * self.scale() + BigInt::from(capacity) * (ready - (now << 16)) * 10_000
    }
}

/// One history: what the bucket says is never more than the model, and less by at most a fraction of a second a step.
fn history(random: &mut Random, length: u64) -> u64 {
    let mins = [1, 10, 60, 1_440, 20_160][random.below(5) as usize];
    let mut capacity = 1u128 << random.below(95);
    capacity += capacity * u128::from(random.below(1_000)) / 1_500;
    capacity = capacity.min(fusebox_limiter::params::MAX_AMOUNT);
    let shape = |capacity| Shape { capacity, window_mins: mins, policy: Policy::Ticket };
    let (mut bucket, mut side) =
        logic::configure((Bucket::default(), Side::default()), &P, START, shape(capacity), true).unwrap();
    let mut model = Model { window: u64::from(mins) * 60, start: capacity, happened: Vec::new() };
    let (mut now, mut slack, mut last) = (START, BigInt::from(0), 0u64);
    for step in 0..length {
        now += match random.below(6) {
            0 | 1 => 0,
            2 => 1,
            3 => random.below(model.window),
            4 => random.below(model.window / 10 + 1),
            _ => random.below(2 * model.window),
        };
        let (fixed, waits) = (now << 16, last > now << 16);
        let (_, debt, credit) = model.at(now);
        let whole = BigInt::from(capacity) * model.scale();
        // What may leave: the model's, less at most the slack, and never more.
        let model_open: BigInt = (&whole - &debt + &credit).max(BigInt::from(0));
        let open = BigInt::from(logic::available(&bucket, &P, now)) * model.scale();
        assert!(open <= model_open, "more than the model: {bucket:?}");
        assert!(&open + &slack + model.scale() > model_open, "less than the model: {open} {model_open} {slack}");
        // A fraction of a second is `capacity / (window * 2^16)` units: 10,000 times the capacity, scaled.
        slack += BigInt::from(capacity) * 10_000 * 2;
        match random.below(10) {
            0..=4 => {
                let amount = random.amount(capacity).min(fusebox_limiter::params::MAX_AMOUNT);
                let exact = BigInt::from(amount) * model.scale();
                match logic::spend(bucket, &P, now, amount) {
                    Ok(next) => {
                        assert!(exact <= model_open);
                        bucket = next;
                        model.happened.push((now, What::Out(amount)));
                    }
                    Err(Error::Exceeded { amount: asked, available, earliest }) => {
                        assert!(exact + &slack > model_open && asked == amount && available < amount);
                        if amount <= capacity && random.below(2) == 0 {
                            ticket(
                                &mut bucket,
                                &mut model,
                                (now, amount, earliest),
                                (&debt, &credit, &slack),
                                &mut last,
                            );
                        }
                    }
                    Err(error) => panic!("{error:?}"),
                }
            }
            5..=7 => {
                let amount = random.amount(capacity).min(fusebox_limiter::params::MAX_AMOUNT);
                // A change of capacity forgets how long tickets wait, and then credits nothing until there is room.
                let waiting = bucket.queued && bucket.tat > fixed + bucket.window();
                assert!(waiting || !waits);
                bucket = logic::inflow(bucket, &P, now, amount);
                // Beyond what a word holds an inflow counts for less; only its own second could use it.
                let saturated = bucket.credit_until >= MAX_TIME;
                if saturated {
                    return step + 1;
                }
                if !waiting {
                    model.happened.push((now, What::In(amount)));
                }
            }
            8 => {
                let next = (capacity / 2 + random.amount(capacity)).clamp(1, fusebox_limiter::params::MAX_AMOUNT);
                if next != capacity {
                    (bucket, side) = logic::rebase((bucket, side), &P, now, shape(next)).unwrap();
                    model.happened.push((now, What::Capacity(next, waits.then_some(last))));
                    slack += BigInt::from(next) * 10_000 * 2;
                    capacity = next;
                }
                if bucket.tat >= MAX_TIME - (1 << 20) {
                    return step + 1;
                }
            }
            _ => assert_eq!(logic::spend(bucket, &P, now, 0), Ok(bucket)),
        }
        assert_eq!(Bucket::unpack(bucket.pack()), bucket);
        assert!(bucket.tat <= fixed || bucket.credit_until <= fixed, "debt and credit at once");
    }
    length
}

/// A ticket's time is the model's, and later by at most the slack.
fn ticket(
    bucket: &mut Bucket,
    model: &mut Model,
    (now, amount, earliest): (u64, u128, u64),
    (debt, credit, slack): (&BigInt, &BigInt, &BigInt),
    last: &mut u64,
) {
    match logic::queue(*bucket, Near::default(), &P, now, amount) {
        Ok(queued) => {
            let ready = queued.ready.unwrap();
            assert!(ready > *last, "overtaken");
            assert_eq!(earliest, (ready + 65_535) >> 16);
            let exact = debt + BigInt::from(amount) * model.scale() - credit;
            let reserved = model.debt_of(bucket.capacity, ready, now);
            assert!(reserved >= exact && reserved <= exact + slack, "{ready}");
            (*bucket, *last) = (queued.bucket, ready);
            model.happened.push((now, What::Out(amount)));
        }
        Err(Error::TooFar { ready, bound }) => assert!(ready > bound || ready == earliest),
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn rl_2_the_bucket_is_the_model_up_to_a_fraction_of_a_second_a_step() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut left, length) = (steps(), 50);
    while left > 0 {
        left -= history(&mut random, length.min(left));
    }
}
