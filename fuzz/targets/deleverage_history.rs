//! One side of a market with its accounts through any history of trades, deleveragings and settlements: no claim passes
//! what was reserved, no principal is taken, no money appears.
#![no_main]

use alloy_primitives::U256;
use arbitrary::Arbitrary;
use fusebox_market::logic::deleverage::{deleverage, settle, snapshot};
use fusebox_market::types::side::{
    Ask, Closed, Held, Index, Limits, Quote, SideState, Snapshot, LEAST, MAX_AMOUNT, MAX_PRICE, ONE,
};
use libfuzzer_sys::fuzz_target;
use num_bigint::BigInt;

const ACCOUNTS: usize = 6;
/// A hundredth, WAD: the unit of prices.
const CENT: u128 = 10_000_000_000_000_000;

#[derive(Arbitrary, Debug)]
enum Step {
    Open { who: u8, size: u32, shift: u8, price: u16 },
    Reduce { who: u8, part: u8, price: u16 },
    Touch { who: u8 },
    Profit { mark: u16, share: u16, target: u16, most: u16 },
    Deficit { mark: u16, bankruptcy: u16, amount: u32, shift: u8, most: u16 },
    Raw(Box<Raw>),
}

/// Any state at all: refused or not, it never fails.
#[derive(Arbitrary, Debug)]
struct Raw {
    sums: [u128; 4],
    points: [(u128, u16, [[u64; 4]; 3]); 2],
    quote: (u128, u128),
    ask: (u128, u128, u16, u16),
    limits: (u16, u128),
    snapshot: u32,
    cut: [u8; 8],
}

#[derive(Arbitrary, Debug)]
struct History {
    is_long: bool,
    decimals: u8,
    pool: u8,
    steps: Vec<Step>,
}

struct Book {
    side: SideState,
    scale: u128,
    points: Vec<Index>,
    ends: Vec<u32>,
    accounts: [(Held, Snapshot); ACCOUNTS],
    pool: i128,
    outside: i128,
    settlements: u128,
    deleveragings: u128,
    covered: u128,
    cut: u128,
    /// The highest price or average of a deleveraging.
    highest: u128,
}

/// `a * b / d`; saturates.
fn mul_div(a: u128, b: u128, d: u128, up: bool) -> u128 {
    let product = U256::from(a) * U256::from(b);
    let part = if up { product.div_ceil(U256::from(d)) } else { product / U256::from(d) };
    part.try_into().unwrap_or(u128::MAX)
}

impl Book {
    fn new(history: &History) -> Self {
        let index = Index::start(0);
        let is_long = history.is_long;
        Self {
            side: SideState { is_long, size: 0, entry: 0, snapshot: Snapshot(0), index, reserve: 0 },
            scale: 10u128.pow(36 - u32::from(history.decimals % 19)),
            points: vec![index],
            ends: vec![],
            accounts: Default::default(),
            pool: 1 << (history.pool % 111),
            outside: 0,
            settlements: 0,
            deleveragings: 0,
            covered: 0,
            cut: 0,
            highest: 0,
        }
    }

    fn total(&self) -> i128 {
        let margins: u128 = self.accounts.iter().map(|(held, _)| held.margin).sum();
        self.pool + (self.side.reserve + margins) as i128 + self.outside
    }

    /// One hop of an account that is behind.
    fn span(&self, from: Snapshot) -> (Index, Index, Snapshot) {
        let start = self.points[from.0 as usize];
        if start.epoch == self.side.index.epoch {
            return (start, self.side.index, self.side.snapshot);
        }
        let end = self.ends[usize::from(start.epoch)];
        (start, self.points[end as usize], Snapshot(end + 1))
    }

    fn effective(&self, who: usize) -> u128 {
        let (mut held, mut at) = self.accounts[who];
        while at != self.side.snapshot && held.size != 0 {
            let (from, to, next) = self.span(at);
            held = settle(self.side.is_long, &from, &to, self.scale, held).unwrap().held;
            at = next;
        }
        held.size
    }

    fn touch(&mut self, who: usize) {
        let (mut held, mut at) = self.accounts[who];
        while at != self.side.snapshot && held.size != 0 {
            let (from, to, next) = self.span(at);
            let settled = settle(self.side.is_long, &from, &to, self.scale, held).unwrap();
            let after = held.margin + settled.credit + settled.paid - settled.collected;
            assert_eq!(settled.held.margin, after, "MR-23");
            assert_eq!(settled.held.size + settled.closed, held.size, "MR-23");
            assert!(settled.held.size != 0 || settled.held.entry == 0, "MR-23");
            let claim = settled.credit + settled.cut;
            self.side.reserve = self.side.reserve.checked_sub(claim).expect("MR-22: more than was reserved");
            self.pool += (settled.cut + settled.collected) as i128 - settled.paid as i128;
            self.side.entry = (self.side.entry + settled.entry_up).saturating_sub(settled.entry_down);
            self.fair(&from, &to, &held, &settled);
            self.cut += settled.cut;
            self.settlements += 1;
            (held, at) = (settled.held, next);
        }
        self.accounts[who] = (held, snapshot(&self.side));
    }

    /// The equity at any later price is that of the part closed at mark, less a cut within its own profit.
    fn fair(&self, from: &Index, to: &Index, held: &Held, settled: &fusebox_market::types::side::Settled) {
        let big = |n: u128| BigInt::from(n);
        let wide = |n: U256| BigInt::from_bytes_le(num_bigint::Sign::Plus, &n.to_le_bytes::<32>());
        let sign = |n: BigInt| if self.side.is_long { n } else { -n };
        let [basis, value] = [to.basis - from.basis, to.value - from.value].map(wide);
        let at_mark = if self.side.is_long { basis + value } else { basis - value };
        let unit = big(from.size) * self.scale;
        let own = sign(big(held.size) * at_mark - big(held.entry) * (from.size - to.size) * self.scale);
        for later in [0, self.highest / 3, self.highest * 2] {
            let rest = sign(big(held.size) * later - big(held.entry) * self.scale) * to.size;
            let exact = &own + rest + big(held.margin) * &unit - big(settled.cut) * &unit;
            let next = &settled.held;
            let result = sign(big(next.size) * later - big(next.entry) * self.scale);
            let has = (result + (big(next.margin) - settled.bad_debt) * self.scale) * from.size;
            let slack = &unit * 4 + big(self.highest.max(later)) * 2 * from.size;
            let gap: BigInt = exact - has;
            assert!(gap <= slack && gap >= -slack, "MR-21: {gap} at {later}");
        }
        assert!(big(settled.cut) * &unit <= own.max(BigInt::ZERO) + &unit, "MR-21: cut beyond its own profit");
        assert!(!self.side.is_long || settled.collected == 0 || settled.held.size == 0, "MR-21: principal");
    }

    fn open(&mut self, who: usize, size: u128, price: u128) {
        self.touch(who);
        let entry = mul_div(size, price, self.scale, self.side.is_long);
        if size == 0 || self.side.size + size > MAX_AMOUNT || self.side.entry + entry > MAX_AMOUNT >> 2 {
            return;
        }
        let margin = entry / 5 + 1;
        let held = &mut self.accounts[who].0;
        (held.size, held.entry, held.margin) = (held.size + size, held.entry + entry, held.margin + margin);
        self.outside -= margin as i128;
        (self.side.size, self.side.entry) = (self.side.size + size, self.side.entry + entry);
    }

    fn reduce(&mut self, who: usize, part: u8, price: u128) {
        self.touch(who);
        let held = &mut self.accounts[who].0;
        let size = mul_div(held.size, u128::from(part) + 1, 256, false);
        if size != 0 {
            let entry = mul_div(held.entry, size, held.size, self.side.is_long);
            let value = mul_div(size, price, self.scale, !self.side.is_long);
            let (got, paid) = if self.side.is_long { (value, entry) } else { (entry, value) };
            let (profit, loss) = (got.saturating_sub(paid), paid.saturating_sub(got).min(held.margin));
            self.pool += loss as i128 - profit as i128;
            held.margin = held.margin + profit - loss;
            (held.size, held.entry) = (held.size - size, held.entry - entry);
            self.side.size = self.side.size.checked_sub(size).expect("MR-20: less than its positions");
            self.side.entry = self.side.entry.saturating_sub(entry);
        }
        if held.size == 0 {
            self.outside += held.margin as i128;
            *held = Held::default();
        }
    }

    fn deleverage(&mut self, ask: Ask, mark: u128, most_bps: u16) {
        let assets = u128::try_from(self.pool).unwrap_or(0).min(MAX_AMOUNT);
        let before = self.side;
        let quote = Quote { mark, scale: self.scale };
        let (next, closed) = deleverage(before, ask, quote, Limits { most_bps, assets }).unwrap();
        let average = mul_div(before.entry, self.scale, before.size.max(1), true);
        if let Ask::Deficit { amount, bankruptcy } = ask {
            assert_eq!(closed.cover + closed.remainder, amount, "MR-25");
            let (low, high) = if before.is_long { (bankruptcy, mark) } else { (mark, bankruptcy) };
            assert!(closed.size == 0 || (low <= closed.price && closed.price <= high), "MR-25: the price");
            self.covered += closed.cover;
        } else if average <= MAX_PRICE {
            self.comes_back(ask, mark, (&before, &next), &closed, assets, most_bps);
        }
        assert!(
            U256::from(closed.size) * U256::from(10_000) <= U256::from(before.size) * U256::from(most_bps),
            "MR-26"
        );
        assert!(closed.reserved <= assets, "MR-26");
        if closed.size == 0 {
            return assert_eq!(next, before, "MR-20: written without a closing");
        }
        assert_eq!(before.size - closed.size, next.size, "MR-20");
        assert_eq!(before.reserve + closed.reserved, next.reserve, "MR-22");
        self.points.push(closed.point);
        if closed.ended {
            assert!(closed.point.size < LEAST, "MR-27");
            self.ends.push(self.points.len() as u32 - 1);
            self.points.push(next.index);
        }
        assert_eq!(next.snapshot.0 as usize, self.points.len() - 1, "MR-27");
        self.highest = self.highest.max(mark).max(average.min(MAX_PRICE));
        self.side = next;
        self.pool -= closed.reserved as i128;
        self.deleveragings += 1;
    }

    /// A side's profit comes back within its share of what the pool has, and no further than rounding.
    fn comes_back(
        &self,
        ask: Ask,
        mark: u128,
        sides: (&SideState, &SideState),
        closed: &Closed,
        assets: u128,
        most_bps: u16,
    ) {
        let Ask::Profit { share_bps, target_bps } = ask else { return };
        let profit = |side: &SideState| {
            let (value, entry) = (BigInt::from(side.size) * mark, BigInt::from(side.entry) * self.scale);
            if side.is_long {
                value - entry
            } else {
                entry - value
            }
        };
        let limit = |assets: u128, bps: u16| BigInt::from(assets) * bps * self.scale;
        // Units of cash, of size, and what the average is cut to.
        let (high, dust) = (mark.max(mul_div(sides.0.entry, self.scale, sides.0.size.max(1), true)), sides.0.size);
        let slack = (BigInt::from(self.scale) * 4 + BigInt::from(high) * 3 + BigInt::from(dust) * 2) * 10_000;
        if closed.size == 0 && closed.remainder == 0 {
            assert!(profit(sides.0) * 10_000 <= limit(assets, share_bps) + slack, "MR-24: left above its share");
        } else if closed.size != 0 && most_bps == 10_000 && profit(sides.0) <= BigInt::from(assets) * self.scale {
            let left = assets - closed.reserved;
            assert!(profit(sides.1) * 10_000 <= limit(left, target_bps) + slack, "MR-24: above its target");
        }
    }

    fn run(&mut self, step: &Step) {
        let price = |n: u16| (u128::from(n) + 1) * CENT;
        // Often the whole, or all but next to nothing: that is how epochs end.
        let bps = |n: u16| if n % 3 == 0 { 10_000 - n / 3 % 2 } else { n % 10_000 + 1 };
        match step {
            Step::Open { who, size, shift, price: at } => {
                self.open(usize::from(*who) % ACCOUNTS, u128::from(*size) << (shift % 52), price(*at));
            }
            Step::Reduce { who, part, price: at } => self.reduce(usize::from(*who) % ACCOUNTS, *part, price(*at)),
            Step::Touch { who } => self.touch(usize::from(*who) % ACCOUNTS),
            Step::Profit { mark, share, target, most } => {
                let share_bps = share % 9_999 + 1;
                let ask = Ask::Profit { share_bps, target_bps: target % share_bps + 1 };
                self.deleverage(ask, price(*mark), bps(*most));
            }
            Step::Deficit { mark, bankruptcy, amount, shift, most } => {
                let amount = u128::from(*amount) << (shift % 80);
                let ask = Ask::Deficit { amount, bankruptcy: u128::from(*bankruptcy) * CENT };
                self.deleverage(ask, price(*mark), bps(*most));
            }
            Step::Raw(raw) => raw.probe(self.side.is_long),
        }
    }

    fn holds(&self, before: &SideState, total: i128) {
        assert_eq!(self.total(), total, "MR-23");
        let (is, was) = (&self.side.index, &before.index);
        assert!(is.epoch > was.epoch || (is.size <= was.size && is.basis >= was.basis), "MR-20");
        assert!(is.epoch > was.epoch || (is.value >= was.value && is.cut >= was.cut), "MR-20");
        assert!(is.size >= LEAST && is.size <= ONE && self.side.snapshot >= before.snapshot, "MR-20");
        let sum: u128 = (0..ACCOUNTS).map(|who| self.effective(who)).sum();
        let dust = self.settlements + self.deleveragings;
        assert!(sum <= self.side.size && self.side.size - sum <= dust + 2 * ACCOUNTS as u128, "MR-20");
        assert!(self.cut <= self.covered + dust, "MR-25: {} cut for {}", self.cut, self.covered);
    }
}

impl Raw {
    fn probe(&self, is_long: bool) {
        let low = |n: u128, i: usize| n >> (self.cut[i] % 128);
        let [size, entry, reserve, margin] = self.sums;
        let points = self.points.map(|(size, epoch, sums)| {
            let [basis, value, cut] = sums.map(|sum| U256::from_limbs(sum) >> (usize::from(self.cut[0]) + 46) % 256);
            Index { size: low(size, 1), epoch: epoch & 1, basis, value, cut }
        });
        let quote = Quote { mark: low(self.quote.0, 2), scale: low(self.quote.1, 3) };
        let (size, entry) = (low(size, 4), low(entry, 5));
        let held = Held { size, margin: low(margin, 6), entry };
        let _ = settle(is_long, &points[0], &points[1], quote.scale, held);
        let snapshot = Snapshot(self.snapshot);
        let side = SideState { is_long, size, entry, snapshot, index: points[0], reserve: low(reserve, 6) };
        let limits = Limits { most_bps: self.limits.0, assets: low(self.limits.1, 7) };
        let (amount, bankruptcy, share_bps, target_bps) = self.ask;
        let asks = [Ask::Deficit { amount: low(amount, 7), bankruptcy }, Ask::Profit { share_bps, target_bps }];
        for ask in asks {
            if let Ok((next, closed)) = deleverage(side, ask, quote, limits) {
                assert!(closed.size != 0 || next == side, "MR-20");
                assert!(closed.reserved <= limits.assets && closed.size <= size && closed.entry <= entry, "MR-26");
            }
        }
    }
}

fuzz_target!(|history: History| {
    let mut book = Book::new(&history);
    let total = book.total();
    for step in history.steps.iter().take(60) {
        let before = book.side;
        book.run(step);
        book.holds(&before, total);
    }
    for who in 0..ACCOUNTS {
        book.touch(who);
    }
    let dust = book.settlements + book.deleveragings;
    let worth = mul_div(dust, 2 * book.highest, book.scale, true);
    assert!(book.side.reserve <= dust.saturating_add(worth), "MR-22: {} is left", book.side.reserve);
});
