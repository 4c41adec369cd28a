//! A slow and obvious model beside the index: every deleveraging goes through every account, in numbers of 512
//! fractional bits, and what an account settles to is compared with what the model has written down for it.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

mod book;

use book::{Book, Random};
use fusebox_market::types::side::{Ask, Closed, Settled, LEAST, ONE};
use num_bigint::BigInt;

/// Steps in total: at least 100,000; `FUSEBOX_CASES` asks for more.
fn steps() -> u64 {
    std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(100_000)
}

/// Accounts of a history, and its steps.
const ACCOUNTS: usize = 250;
const LENGTH: u64 = 2_000;
/// Fractional bits: what a division cuts off here is far below anything that is compared.
const FRACTION: usize = 512;

fn exact(value: u128) -> BigInt {
    BigInt::from(value) << FRACTION
}

/// One unit, and the same in the model's own rounding.
fn unit() -> BigInt {
    exact(1)
}

fn ceil(a: BigInt, b: &BigInt) -> BigInt {
    (a + b - 1) / b
}

fn positive(x: &BigInt) -> BigInt {
    x.clone().max(BigInt::ZERO)
}

/// What has happened to an account in one epoch since it was last touched, exact.
#[derive(Clone, Default)]
struct Ledger {
    size: BigInt,
    entry: BigInt,
    /// Of the closed part: bought or sold for, by the side's average; worth at mark; the position's own entry.
    basis: BigInt,
    worth: BigInt,
    own: BigInt,
    /// By which the closing was worse than mark.
    cut: BigInt,
}

/// The side as the README has it, and a ledger for every account.
struct Model {
    is_long: bool,
    scale: BigInt,
    index: BigInt,
    size: BigInt,
    entry: BigInt,
    /// The highest price so far, of mark and of average entries, which are what units of size are worth.
    highest: BigInt,
    /// The books' entry has stood at nothing: it has no sign, so what a position yet to settle lacks is not in it.
    floored: bool,
    /// Ledgers by account: one for each epoch that it has not settled.
    ledgers: Vec<Vec<Ledger>>,
}

impl Model {
    fn new(book: &Book) -> Self {
        Self {
            is_long: book.side.is_long,
            scale: book.scale.into(),
            index: ONE.into(),
            size: BigInt::ZERO,
            entry: BigInt::ZERO,
            highest: BigInt::ZERO,
            floored: false,
            ledgers: vec![vec![Ledger::default()]; book.accounts.len()],
        }
    }

    /// Takes over what an account has after it was settled and has traded, and the side's sums.
    fn adopt(&mut self, book: &Book, i: usize) {
        let held = book.accounts[i].held;
        self.ledgers[i] = vec![Ledger { size: exact(held.size), entry: exact(held.entry), ..Ledger::default() }];
        self.size = book.side.size.into();
        self.entry = book.side.entry.into();
    }

    fn sum(&self, of: impl Fn(&Ledger) -> BigInt) -> BigInt {
        self.ledgers.iter().map(|ledgers| of(ledgers.last().unwrap())).sum()
    }

    /// What the rule closes, from the books and the ask alone: index, average price, distance, cover.
    fn rule(&self, ask: Ask, mark: u128, most_bps: u16, pool: u128) -> Option<(BigInt, BigInt, BigInt, BigInt)> {
        if self.size == BigInt::ZERO {
            return None;
        }
        let (mark, pool, bps) = (BigInt::from(mark), BigInt::from(pool), BigInt::from(10_000));
        let average = &self.entry * &self.scale / &self.size;
        let gain = if self.is_long { &mark - &average } else { &average - &mark };
        if gain <= BigInt::ZERO {
            return None;
        }
        let profit = ceil(&self.size * &gain, &self.scale);
        let (wanted, distance, amount) = match ask {
            Ask::Profit { share_bps, .. } if &profit * &bps <= &pool * share_bps => return None,
            Ask::Profit { target_bps, .. } => {
                let paid = BigInt::from(10_000 - target_bps) * &profit;
                let above: BigInt = &profit * &bps - &pool * target_bps;
                (ceil(above * &self.index, &paid).min(self.index.clone()), BigInt::ZERO, BigInt::ZERO)
            }
            Ask::Deficit { amount, bankruptcy } => {
                let room = if self.is_long { &mark - bankruptcy } else { BigInt::from(bankruptcy) - &mark };
                let room = room.min(gain);
                if room <= BigInt::ZERO || amount == 0 {
                    return None;
                }
                let need = BigInt::from(amount) * &self.scale;
                (ceil(need * &self.index, &(&self.size * &room)).min(self.index.clone()), room, amount.into())
            }
        };
        let mut part = wanted.clone().min(&self.index * most_bps / &bps);
        if profit > pool {
            part = part.min(&self.index * &pool / &profit);
        }
        let cover = (&self.size * &part * &distance / (&self.index * &self.scale)).min(amount.clone());
        let whole = part == wanted && &self.size * &part * &distance >= &amount * &self.scale * &self.index;
        Some((part, average, distance, if whole { amount } else { cover }))
    }

    /// Deleverages account by account, and compares the side with what its accounts have.
    fn deleverage(&mut self, book: &Book, ask: Ask, mark: u128, most_bps: u16, pool: u128, closed: &Closed) {
        let Some((part, average, _, cover)) = self.rule(ask, mark, most_bps, pool) else {
            assert_eq!(closed.size, 0);
            return;
        };
        self.highest = average.clone().max(mark.into()).max(self.highest.clone());
        let left = &self.index - &part;
        let size = ceil(&self.size * &left, &self.index);
        if size == self.size {
            assert_eq!(closed.size, 0);
            return;
        }
        let gain = if self.is_long { mark - &average } else { &average - mark };
        let total = &self.size * &part;
        let per = &self.index * &self.scale;
        let reserved = ceil(&total * &gain, &per);
        self.entry -= match &left {
            left if *left == BigInt::ZERO => self.entry.clone(),
            _ if self.is_long => ceil(&total * &average, &per),
            _ => &total * &average / &per,
        };
        self.size = size;
        // What is covered is divided by size, to the unit.
        let each = exact(closed.cover) * &self.scale * &self.index / &total;
        let (mut value, mut cut) = (BigInt::ZERO, BigInt::ZERO);
        for ledger in self.ledgers.iter_mut().map(|ledgers| ledgers.last_mut().unwrap()) {
            let gone = &ledger.size * &part / &self.index;
            let own = &ledger.entry * &part / &self.index; // of what is left of its own entry, pro rata
            ledger.size -= &gone;
            ledger.entry -= &own;
            ledger.own += own;
            ledger.basis += &gone * &average / &self.scale;
            ledger.worth += &gone * mark / &self.scale;
            let cost = &gone * &each / &self.scale >> FRACTION;
            value += &gone * &gain / &self.scale;
            cut += &cost;
            ledger.cut += cost;
        }
        assert!(value <= &reserved << FRACTION, "more was promised than reserved");
        assert!(cut <= exact(closed.cover), "the side bears more than was booked");
        let dust = u128::from(book.settlements + book.deleveragings);
        let slack = unit() * 2 + &each * dust / &self.scale;
        assert!(cut + slack >= exact(closed.cover), "the side bears less than was booked");
        if left < BigInt::from(LEAST) {
            self.index = ONE.into();
            for ledgers in &mut self.ledgers {
                let Ledger { size, entry, basis, own, .. } = ledgers.last().unwrap().clone();
                // The entry that the next epoch starts with: all of it, less what was released of it.
                let entry = positive(&(entry + own - basis));
                ledgers.push(Ledger { size, entry, ..Ledger::default() });
            }
        } else {
            self.index = left;
        }
        assert_eq!(BigInt::from(closed.cover), cover);
        assert_eq!(BigInt::from(closed.reserved), reserved);
    }

    /// The side's words are the README's, and no less than what the accounts have.
    fn compare(&mut self, book: &Book) {
        assert_eq!(BigInt::from(book.side.index.size), self.index);
        assert_eq!(BigInt::from(book.side.size), self.size);
        assert_eq!(BigInt::from(book.side.entry), self.entry);
        let effective = self.sum(|ledger| ledger.size.clone());
        let books = exact(book.side.size);
        let own = BigInt::from(u64::MAX); // 2^-448: what the model's own divisions cut off
        assert!(effective <= &books + own, "effective sizes above open interest by {} parts", effective - books);
        let dust = u128::from(book.settlements + book.deleveragings);
        assert!(books - effective <= exact(dust), "sizes of nobody");
        self.floored |= book.side.entry == 0 && book.side.size != 0;
        if book.side.index.epoch == 0 && !self.floored {
            // Within an epoch the entries are linear, also of positions that have not settled.
            let entries = self.sum(|ledger| &ledger.entry + &ledger.own - &ledger.basis);
            let gap = exact(book.side.entry) - entries;
            let slack = exact(dust + 1) + exact(dust) * &self.highest / &self.scale;
            assert!(
                gap <= slack && gap >= -&slack,
                "entries of nobody: {} of {:?}, dust {dust}, highest {}",
                gap >> FRACTION,
                book.side,
                self.highest
            );
        }
    }

    /// What an account has settled to, epoch by epoch, is what its ledgers say, to the unit.
    fn settled(&self, i: usize, hops: &[Settled], highest: u128) {
        let ledgers = &self.ledgers[i];
        assert!(hops.len() <= ledgers.len());
        for (n, (hop, ledger)) in hops.iter().zip(ledgers).enumerate() {
            // Each hop starts from what the one before has rounded: a unit of size, at a price of those before.
            let slack = unit() * (2 * n as u128 + 1) + exact(n as u128) * highest / &self.scale;
            let near = |value: u128, right: &BigInt, what: &str| {
                let gap = exact(value) - right;
                assert!(gap <= slack && gap >= -&slack, "{what}: {value} and {}", right >> FRACTION);
            };
            near(hop.held.size, &ledger.size, "size");
            if n == 0 {
                assert!(exact(hop.held.size) <= ledger.size);
            }
            let value = if self.is_long { &ledger.worth - &ledger.basis } else { &ledger.basis - &ledger.worth };
            near(hop.credit + hop.cut, &value, "cash");
            assert!(n > 0 || exact(hop.credit + hop.cut) <= value);
            let own = if self.is_long { &ledger.worth - &ledger.own } else { &ledger.own - &ledger.worth };
            near(hop.cut + hop.shortfall, &ledger.cut, "what its size bears");
            let bears = positive(&own).min(ledger.cut.clone()).min(positive(&value));
            let close = &slack + unit();
            let gap = exact(hop.cut) - &bears;
            assert!(gap <= close && gap >= -&close, "cut: {} and {}", hop.cut, bears >> FRACTION);
            assert!(exact(hop.cut) <= positive(&own) + &slack, "a cut of what is no profit");
            let entry = &ledger.entry + &ledger.own - &ledger.basis;
            if hop.held.size != 0 {
                near(hop.held.entry, &positive(&entry), "entry");
            }
            // Margin is taken from nobody but for an own loss that no entry is left to hold.
            let taken = exact(hop.collected + hop.bad_debt);
            let loss = positive(&-own);
            // What is left of less than a unit of size is rounded away, with its entry.
            let lost = if hop.held.size == 0 { ledger.entry.clone() } else { BigInt::ZERO };
            assert!(
                taken <= &loss + exact(hop.credit) + lost + unit() * 2 + &slack,
                "principal was taken: {hop:?} epoch {n}, own loss {}, slack {}",
                &loss >> FRACTION,
                &slack >> FRACTION
            );
            assert!(hop.held.size == 0 || !self.is_long || hop.collected == 0);
        }
    }
}

/// One history: opens, increases, reductions, closings, touches, prices and deleveragings of every kind.
fn history(seed: u64, length: u64) -> (u64, u64, u64) {
    let mut random = Random(seed);
    let decimals = [6u32, 8, 18][random.below(3) as usize];
    let token = 10u128.pow(decimals);
    let start = 10u128.pow(13 + random.below(10) as u32); // from a hundred-thousandth to ten thousand of a token
    let mut price = start;
    let mut book = Book::new(random.below(2) == 0, 10u128.pow(36 - decimals), ACCOUNTS, token * 10_000_000);
    let mut model = Model::new(&book);
    let total = book.total();
    let harsh = random.below(3) == 0; // nearly everything is closed each time, so that epochs end
    let (mut closings, mut hops) = (0, 0);
    for _ in 0..length {
        price = (price / 1_000 * (970 + random.below(61) as u128)).clamp(start / 20, start * 20);
        let i = random.below(ACCOUNTS as u64) as usize;
        match random.below(100) {
            0..=59 => {
                let settled = book.preview(i);
                hops += settled.len() as u64;
                model.settled(i, &settled, start * 20);
                match random.below(10) {
                    0..=5 => {
                        let most = 1 << random.below(24);
                        let notional = token / 100 * random.amount(most);
                        let size = book::mul_div(notional, book.scale, price, false).max(1);
                        book.open(i, size, notional / (1 + random.below(20) as u128) + 1, price);
                    }
                    6..=7 => {
                        let held = book.accounts[i].held.size;
                        book.reduce(i, if random.below(2) == 0 { held } else { random.amount(held) }, price);
                    }
                    _ => drop(book.touch(i)),
                }
                model.adopt(&book, i);
            }
            60..=64 => {
                let most_bps =
                    [100, 2_500, 9_990, 10_000][if harsh { 2 + random.below(2) } else { random.below(3) } as usize];
                let ask = match random.below(5) {
                    0 | 1 => {
                        let share_bps = 1 + random.below(500) as u16;
                        Ask::Profit { share_bps, target_bps: 1 + random.below(share_bps.into()) as u16 }
                    }
                    _ => {
                        let profit = book.notional(book.side.size, price, false).abs_diff(book.side.entry);
                        let part = [1, 20, 1_000][random.below(3) as usize];
                        let amount = if harsh { profit * 2 } else { random.amount(profit / part) };
                        let away = price / 100 * u128::from(random.below(if harsh { 100 } else { 60 }));
                        let bankruptcy = if book.side.is_long { price - away } else { price + away };
                        Ask::Deficit { amount, bankruptcy }
                    }
                };
                let pool = book.pool;
                let closed = book.deleverage(ask, price, most_bps);
                model.deleverage(&book, ask, price, most_bps, pool, &closed);
                closings += u64::from(closed.size != 0);
            }
            _ => {}
        }
        if book.pool < token * 5_000_000 {
            book.pool += token * 5_000_000; // providers
            book.outside -= (token * 5_000_000) as i128;
        }
        model.compare(&book);
        assert_eq!(book.total(), total, "money appeared or went");
    }
    for i in 0..ACCOUNTS {
        model.settled(i, &book.preview(i), start * 20);
        book.touch(i);
        model.adopt(&book, i);
    }
    let dust = u128::from(book.settlements + book.deleveragings);
    let worth = book::mul_div(dust, start * 40, book.scale, true);
    assert!(book.side.reserve <= dust + worth, "{} of residue", book.side.reserve);
    assert_eq!(book.total(), total);
    (closings, hops, u64::from(book.side.index.epoch))
}

#[test]
fn mr_28_a_model_that_goes_through_every_account_agrees_to_the_unit() {
    let (mut done, mut all) = (0, (0, 0, 0));
    for seed in 1u64.. {
        let length = LENGTH.min(steps() - done);
        let (closings, hops, epochs) = history(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, length);
        all = (all.0 + closings, all.1 + hops, all.2 + epochs);
        done += length;
        if done == steps() {
            break;
        }
    }
    println!("{done} steps, {} deleveragings, {} settlements over them, {} epochs ended", all.0, all.1, all.2);
    assert!(all.0 > done / 100 && all.1 > done / 20 && all.2 > done / 2_000, "{all:?}");
}
