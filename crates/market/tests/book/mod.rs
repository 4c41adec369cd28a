//! A side with its accounts, as a protocol would keep it: positions settle before they trade, flows move money.
#![allow(dead_code)] // each test uses its part

use fusebox_market::{
    logic::deleverage::{deleverage, settle, snapshot},
    types::side::{Ask, Closed, Held, Index, Limits, Quote, Settled, SideState, Snapshot},
};

/// xorshift64: stated, so that every run is the same.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
    /// 1..=n.
    pub fn amount(&mut self, n: u128) -> u128 {
        let wide = u128::from(self.next()) << 64 | u128::from(self.next());
        wide % n.max(1) + 1
    }
    /// In [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Account {
    pub held: Held,
    pub at: Snapshot,
}

/// One side, its history, its accounts, and the pool on the other side of them.
#[derive(Clone)]
pub struct Book {
    pub side: SideState,
    pub scale: u128,
    pub points: Vec<Index>,
    pub ends: Vec<u32>,
    pub accounts: Vec<Account>,
    pub pool: u128,
    /// Sum of the entries that positions store, settled or not.
    pub gross: u128,
    /// What was released of them and has not settled.
    pub released: u128,
    /// What accounts have taken out, less what they brought in.
    pub outside: i128,
    pub settlements: u64,
    pub deleveragings: u64,
}

/// `a * b / d` in 256 bits.
pub fn mul_div(a: u128, b: u128, d: u128, up: bool) -> u128 {
    use num_bigint::BigUint;
    let (product, d) = (BigUint::from(a) * b, BigUint::from(d));
    let quotient = (&product + if up { &d - 1u32 } else { BigUint::ZERO }) / &d;
    u128::try_from(quotient).unwrap()
}

impl Book {
    pub fn new(is_long: bool, scale: u128, accounts: usize, pool: u128) -> Self {
        let index = Index::start(0);
        let side = SideState { is_long, size: 0, entry: 0, snapshot: Snapshot(0), index, reserve: 0 };
        Self {
            side,
            scale,
            points: vec![index],
            ends: vec![],
            accounts: vec![Account::default(); accounts],
            pool,
            gross: 0,
            released: 0,
            outside: 0,
            settlements: 0,
            deleveragings: 0,
        }
    }

    /// All the money there is, wherever it is.
    pub fn total(&self) -> i128 {
        let margins: u128 = self.accounts.iter().map(|account| account.held.margin).sum();
        (self.pool + self.side.reserve + margins) as i128 + self.outside
    }

    pub fn index_of(&self, at: Snapshot) -> Index {
        self.points[at.0 as usize]
    }

    /// One hop of an account that is behind.
    fn span(&self, from: Snapshot) -> (Index, Index, Snapshot) {
        let start = self.index_of(from);
        if start.epoch == self.side.index.epoch {
            return (start, self.side.index, self.side.snapshot);
        }
        let end = self.ends[start.epoch as usize];
        (start, self.index_of(Snapshot(end)), Snapshot(end + 1))
    }

    /// What an account would settle to, hop by hop.
    pub fn preview(&self, i: usize) -> Vec<Settled> {
        let Account { mut held, mut at } = self.accounts[i];
        let mut hops = vec![];
        while at != self.side.snapshot {
            let (from, to, next) = self.span(at);
            let settled = settle(self.side.is_long, &from, &to, self.scale, held).unwrap();
            (held, at) = (settled.held, next);
            hops.push(settled);
            if held.size == 0 {
                break; // nothing is left for later epochs to close
            }
        }
        hops
    }

    /// Settles an account and moves what it moves.
    pub fn touch(&mut self, i: usize) -> Settled {
        let mut all = Settled { held: self.accounts[i].held, ..Settled::default() };
        for settled in self.preview(i) {
            self.gross = self.gross - all.held.entry + settled.held.entry;
            self.released = self.released.saturating_sub(settled.released(self.side.is_long, &all.held));
            self.side.reserve =
                self.side.reserve.checked_sub(settled.credit + settled.cut).expect("claims within what is reserved");
            self.pool = (self.pool + settled.cut + settled.collected).checked_sub(settled.paid).expect("the pool pays");
            self.side.entry = (self.side.entry + settled.entry_up).saturating_sub(settled.entry_down);
            all = Settled {
                held: settled.held,
                closed: all.closed + settled.closed,
                credit: all.credit + settled.credit,
                cut: all.cut + settled.cut,
                shortfall: all.shortfall + settled.shortfall,
                paid: all.paid + settled.paid,
                collected: all.collected + settled.collected,
                bad_debt: all.bad_debt + settled.bad_debt,
                entry_up: all.entry_up + settled.entry_up,
                entry_down: all.entry_down + settled.entry_down,
            };
            self.settlements += 1;
        }
        self.accounts[i] = Account { held: all.held, at: snapshot(&self.side) };
        all
    }

    pub fn notional(&self, size: u128, price: u128, up: bool) -> u128 {
        mul_div(size, price, self.scale, up)
    }

    /// Opens or increases; the notional rounds against the trader.
    pub fn open(&mut self, i: usize, size: u128, margin: u128, price: u128) {
        self.touch(i);
        let entry = self.notional(size, price, self.side.is_long);
        self.open_at(i, size, margin, entry);
    }

    /// Opens at an entry of the past.
    pub fn open_at(&mut self, i: usize, size: u128, margin: u128, entry: u128) {
        assert!(self.accounts[i].at == self.side.snapshot || self.accounts[i].held.size == 0);
        let account = &mut self.accounts[i];
        account.at = snapshot(&self.side);
        account.held.size += size;
        account.held.margin += margin;
        account.held.entry += entry;
        self.outside -= margin as i128;
        self.side.size += size;
        self.side.entry += entry;
        self.gross += entry;
    }

    /// Closes a part at a price; the pool is on the other side, and a whole closing takes the margin out.
    pub fn reduce(&mut self, i: usize, size: u128, price: u128) {
        self.touch(i);
        let held = self.accounts[i].held;
        let size = size.min(held.size);
        if held.size != 0 {
            let entry = mul_div(held.entry, size, held.size, self.side.is_long);
            let value = self.notional(size, price, !self.side.is_long);
            let (got, paid) = if self.side.is_long { (value, entry) } else { (entry, value) };
            let profit = got.saturating_sub(paid).min(self.pool);
            let loss = paid.saturating_sub(got).min(held.margin);
            self.pool = self.pool + loss - profit;
            let held = &mut self.accounts[i].held;
            held.margin = held.margin + profit - loss;
            held.size -= size;
            held.entry -= entry;
            self.side.size -= size; // never below: the side has at least what its positions have
            self.side.entry = self.side.entry.saturating_sub(entry);
            self.gross -= entry; // never below: every position has stored what it leaves with
        }
        if self.accounts[i].held.size == 0 {
            self.outside += self.accounts[i].held.margin as i128;
            self.accounts[i].held = Held::default();
        }
    }

    /// Deleverages and reserves.
    pub fn deleverage(&mut self, ask: Ask, mark: u128, most_bps: u16) -> Closed {
        let limits = Limits { most_bps, assets: self.pool };
        let (next, closed) = deleverage(self.side, ask, Quote { mark, scale: self.scale }, limits).unwrap();
        if closed.size == 0 {
            assert_eq!(next, self.side);
            return closed;
        }
        self.points.push(closed.point);
        if closed.ended {
            self.ends.push(self.points.len() as u32 - 1);
            self.points.push(next.index);
        }
        assert_eq!(next.snapshot.0 as usize, self.points.len() - 1);
        self.side = next;
        self.pool -= closed.reserved;
        self.released += closed.entry;
        self.deleveragings += 1;
        closed
    }

    /// Profit and loss of a position at a price, in exact token units times the scale.
    pub fn result(&self, held: &Held, price: u128) -> num_bigint::BigInt {
        use num_bigint::BigInt;
        let value = BigInt::from(held.size) * price;
        let entry = BigInt::from(held.entry) * self.scale;
        if self.side.is_long {
            value - entry
        } else {
            entry - value
        }
    }
}
