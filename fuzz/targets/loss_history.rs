//! Two loss domains over one fund and one pool through any history of losses, repayments, claims, terms and time: a loss
//! sums to its layers, a domain draws within its bounds, and the ledger is the list of its claims.
#![no_main]

use alloy_primitives::{B256, U256};
use arbitrary::Arbitrary;
use fusebox_fund::logic::{ledger, loss};
use fusebox_fund::types::ledger::{Book, Claim, Harbour, Recap, Recovery};
use fusebox_fund::types::loss::{Cover, CoverTerms, Index, Layers, Split, MAX_AMOUNT, ONE_INDEX};
use libfuzzer_sys::fuzz_target;
use num_bigint::BigUint;

const START: u64 = 1_700_000_000;
const DAY: u64 = 86_400;
/// Fractional bits of what the list counts.
const FRACTION: u32 = 400;

/// Amounts are a number shifted by what the history says; parts are in 255ths; `b` is the second domain.
#[derive(Arbitrary, Debug)]
enum Step {
    Profit { b: bool, amount: u32 },
    Lose { b: bool, amount: u32, collateral: u16, covered: u8, everything: bool },
    Repay { b: bool, part: u8, more: u8 },
    Take { b: bool, at: u8 },
    Settle { b: bool, at: u8 },
    Release { b: bool },
    Terms { b: bool, deductible: u32, part: u16, budget: u16, days: u16 },
    Claim { b: bool, amount: u32 },
    Fill { fund: u32, pool: u32, buffer: u32 },
    Return { amount: u32, open: bool },
    Fee { fee: u32, base: u64, target: u16, most: u16 },
    Wait { hours: u16 },
}

#[derive(Arbitrary, Debug)]
struct History {
    shift: u8,
    floors: [u16; 2],
    assets: [u32; 2],
    harbour: (u16, u32),
    steps: Vec<Step>,
}

/// One claim of a trader, as the list has it.
struct Entry {
    batch: usize,
    handle: Claim,
}

/// A trader with a profit that stands.
struct Trader {
    since: Index,
    profit: u128,
    /// What still stands of it, exactly.
    stands: BigUint,
    /// What was cut in each batch, exactly.
    cuts: Vec<(usize, BigUint)>,
    /// What the index may have rounded up by, in units.
    slack: u128,
}

/// All claims between two repayments: they are repaid together.
#[derive(Default)]
struct Batch {
    total: u128,
    repaid: u128,
}

#[derive(Default)]
struct Domain {
    cover: Cover,
    book: Book,
    buffer: u128,
    /// What it may draw over its life, and has drawn.
    life: (u128, u128),
    /// Of the epoch: its end, what was lost and what was drawn, piece by piece.
    until_day: u64,
    pieces: Vec<(u128, u128)>,
    batches: Vec<Batch>,
    sealed: usize,
    owed: [u128; 3],
    entries: Vec<Entry>,
    traders: Vec<Trader>,
    repaid: u128,
    paid: u128,
    residue: u128,
}

struct World {
    now: u64,
    shift: u32,
    fund: u128,
    pool: u128,
    floors: [u128; 2],
    domains: [Domain; 2],
    harbour: Harbour,
    recovery: Recovery,
    bounties: u128,
    /// Money came back after the incident was closed.
    closed: bool,
}

fn exact(value: u128) -> BigUint {
    BigUint::from(value) << FRACTION
}

fn floor(value: &BigUint) -> u128 {
    u128::try_from(value >> FRACTION).unwrap()
}

fn ceil(value: &BigUint) -> u128 {
    floor(&(value + (BigUint::from(1u8) << FRACTION) - 1u8))
}

/// `a * b / d` for a divisor above zero.
fn mul_div(a: u128, b: u128, d: u128, up: bool) -> u128 {
    let (product, d) = (U256::from(a) * U256::from(b), U256::from(d));
    (if up { product.div_ceil(d) } else { product / d }).to()
}

fn part(amount: u128, part: u8) -> u128 {
    mul_div(amount, part.into(), 255, false)
}

impl Domain {
    /// What the fund pays of a loss, counted again from the pieces of the epoch.
    fn draws(&mut self, now: u64, beyond: u128, open: u128, fund: u128, least: u128) -> u128 {
        let (terms, day) = (self.cover.terms, now / DAY);
        if day >= self.until_day {
            let days = u64::from(terms.epoch_days().max(1));
            (self.until_day, self.pieces) = ((day / days + 1) * days, Vec::new());
        }
        let lost = self.pieces.iter().map(|(lost, _)| lost).sum::<u128>() + beyond;
        let drawn: u128 = self.pieces.iter().map(|(_, drawn)| drawn).sum();
        let own = mul_div(lost, terms.deductible_bps().into(), 10_000, true).max(lost.min(terms.deductible()));
        assert!(own <= lost, "IF-23");
        let budget = mul_div(fund + drawn, terms.budget_bps().into(), 10_000, false);
        let most = budget.min(lost - own).max(drawn) - drawn;
        most.min(self.life.0 - self.life.1).min(fund.saturating_sub(least)).min(open)
    }

    fn lose(&mut self, split: &Split, covered: u128) -> (Split, u128) {
        let profits = ceil(&self.traders.iter().map(|trader| trader.stands.clone()).sum());
        let split = loss::deleverage(*split, covered).unwrap();
        assert!(loss::deleverage(split, split.open + 1).is_err(), "IF-20");
        let before = self.book;
        let (split, cut) = loss::haircut(split, before.index, profits);
        assert!(cut.index >= before.index && cut.charged >= split.haircut && cut.charged <= profits, "IF-26");
        assert_eq!(cut.charged, split.haircut + cut.residue, "IF-26");
        let stands = ONE_INDEX - before.index.cut;
        assert!(cut.residue <= profits / stands + 1, "IF-26");
        assert_eq!(Index::from_bits(cut.index.to_bits()), cut.index, "IF-37");
        self.book = ledger::record(before, &split, &cut).unwrap();
        let taken = split.sum() - split.collateral + cut.residue;
        assert_eq!(self.book.owed(), before.owed() + taken, "IF-27");
        if self.batches.len() <= self.sealed {
            self.batches.push(Batch::default());
        }
        self.batches[self.sealed].total += split.deleveraged + cut.charged;
        for (owed, borne) in self.owed.iter_mut().zip([split.pool + split.open, split.fund, split.buffer]) {
            *owed += borne;
        }
        self.residue += cut.residue;
        for trader in self.traders.iter_mut().filter(|_| cut.charged > 0) {
            let gone = &trader.stands * split.haircut / profits;
            trader.slack += 1 + ceil(&trader.stands) / stands + trader.profit / ONE_INDEX;
            trader.stands -= &gone;
            trader.cuts.push((self.sealed, gone));
        }
        if split.deleveraged > 0 {
            let first = split.deleveraged / 3;
            for amount in [first, split.deleveraged - first] {
                let handle = Claim { epoch: before.traders.collecting(), amount, taken: 0 };
                self.entries.push(Entry { batch: self.sealed, handle });
            }
        }
        (split, cut.residue)
    }

    fn repay(&mut self, amount: u128) -> [u128; 3] {
        let (book, repayment) = ledger::repay(self.book, amount);
        self.book = book;
        let (mut rest, mut cut) = (amount, 0);
        for (i, batch) in self.batches.iter_mut().enumerate() {
            let paid = rest.min(batch.total - batch.repaid);
            (batch.repaid, cut, rest) = (batch.repaid + paid, cut + paid, rest - paid);
            if paid > 0 {
                self.sealed = self.sealed.max(i + 1);
            }
        }
        let paid = core::array::from_fn(|i| {
            let paid = rest.min(self.owed[i]);
            (self.owed[i], rest) = (self.owed[i] - paid, rest - paid);
            paid
        });
        self.repaid += cut;
        let found = [repayment.cut, repayment.providers, repayment.fund, repayment.buffer, repayment.rest];
        assert_eq!(found, [cut, paid[0], paid[1], paid[2], rest], "IF-28");
        paid
    }

    fn take(&mut self, i: usize) {
        let Entry { batch, handle } = &self.entries[i];
        let Batch { total, repaid } = self.batches[*batch];
        let due = mul_div(handle.amount, repaid, total.max(1), false) - handle.taken;
        let (book, claim, paid) = ledger::take(self.book, *handle);
        assert_eq!(paid, due, "IF-30");
        assert_eq!((claim.amount, claim.taken), (handle.amount, handle.taken + paid), "IF-29");
        assert_eq!(Claim::unpack(claim.pack()), claim, "IF-37");
        assert_eq!(ledger::take(book, claim).2, 0, "IF-29: taken twice");
        (self.book, self.entries[i].handle, self.paid) = (book, claim, self.paid + paid);
        if claim.taken == claim.amount {
            self.entries.swap_remove(i);
        }
    }

    fn settle(&mut self, i: usize) {
        let trader = self.traders.swap_remove(i);
        let epoch = self.book.traders.epoch;
        let (book, settled) = ledger::settle(self.book, trader.since, trader.profit);
        (self.book, self.paid) = (book, self.paid + settled.paid);
        let claims = settled.repaying.amount + settled.collecting.amount;
        assert_eq!(settled.kept + settled.paid + claims + settled.residue, trader.profit, "IF-30");
        assert!(settled.residue <= 3, "IF-30: {settled:?}");
        assert_eq!((settled.repaying.epoch, settled.collecting.epoch), (epoch, epoch + 1), "IF-30");
        assert_eq!(settled.kept, loss::kept_down(trader.profit, trader.since, book.index), "IF-26");
        assert!(settled.kept <= floor(&trader.stands) + 1, "IF-26: more than the loss leaves");
        let near = |found: u128, exact: &BigUint, what: &str| {
            assert!(found.abs_diff(floor(exact)) <= trader.slack + 2, "IF-30, {what}: {found} {}", floor(exact));
        };
        near(settled.kept, &trader.stands, "kept");
        let head = self.sealed.checked_sub(1);
        let cut = |wanted: &dyn Fn(Option<usize>) -> bool| -> BigUint {
            trader.cuts.iter().filter(|cut| wanted(Some(cut.0))).map(|cut| &cut.1).sum()
        };
        near(settled.paid, &cut(&|batch| batch < head), "repaid in full");
        near(settled.repaying.amount, &cut(&|batch| batch == head), "being repaid");
        near(settled.collecting.amount, &cut(&|batch| batch > head), "collecting");
        for (batch, handle) in [(head, settled.repaying), (Some(self.sealed), settled.collecting)] {
            if handle.amount > 0 {
                self.entries.push(Entry { batch: batch.expect("IF-30"), handle });
            }
        }
    }

    fn holds(&self) {
        let book = &self.book;
        let open: u128 = self.batches.iter().map(|batch| batch.total - batch.repaid).sum();
        assert_eq!(book.traders.owed(), open, "IF-27");
        assert_eq!([book.providers, book.fund, book.buffer], self.owed, "IF-27");
        assert_eq!(book.traders.held, self.repaid - self.paid, "IF-29: held is repaid less taken");
        assert_eq!((book.residue, book.traders.epoch as usize), (self.residue, self.sealed), "IF-29");
        assert!(book.closed <= book.sealed && book.sealed <= book.index, "IF-26");
        let due: u128 = self.entries.iter().map(|entry| ledger::due_down(&book.traders, &entry.handle)).sum();
        assert!(due <= book.traders.held, "IF-29: everybody at once");
        assert!(Book::unpack(book.pack()) == *book && Cover::unpack(self.cover.pack()) == self.cover, "IF-37");
        assert_eq!(self.cover.claim, self.life.0 - self.life.1, "IF-24");
    }
}

impl World {
    fn new(history: &History) -> Self {
        let shift = u32::from(history.shift % 60);
        let (rate, cap) = history.harbour;
        // The first domain is covered as far as it goes; the second was never written.
        let mut domains = <[Domain; 2]>::default();
        let (terms, claim) = (CoverTerms::new(0, 0, 10_000, 7).unwrap(), 1 << 100);
        domains[0].life = (claim, 0);
        domains[0].cover = Cover { terms, claim, ..Cover::default() };
        Self {
            now: START,
            shift,
            fund: u128::from(history.assets[0]) << shift,
            pool: u128::from(history.assets[1]) << shift,
            floors: history.floors.map(|floor| u128::from(floor) << shift),
            domains,
            harbour: Harbour::new(rate % 5_001, u128::from(cap) << shift, B256::ZERO).unwrap(),
            recovery: Recovery::default(),
            bounties: 0,
            closed: false,
        }
    }

    fn lose(&mut self, at: usize, amount: u128, collateral: u128, covered: u8, everything: bool) {
        let domain = &mut self.domains[at];
        let profits = ceil(&domain.traders.iter().map(|trader| trader.stands.clone()).sum());
        // Everything that can be cut is, and more.
        let all = self.fund + self.pool + domain.buffer + collateral + profits + 1;
        let amount = if everything { all } else { amount };
        let [fund_floor, pool_floor] = self.floors;
        let (fund, pool, buffer) = (self.fund, self.pool, domain.buffer);
        let layers = Layers { collateral, buffer, fund, fund_floor, pool, pool_floor };
        let (cover, split) = loss::absorb(domain.cover, &layers, self.now, amount).unwrap();
        assert_eq!(split.sum(), amount, "IF-20");
        let beyond = amount - split.collateral;
        let open = beyond - split.buffer;
        let drawn = domain.draws(self.now, beyond, open, fund, fund_floor);
        assert_eq!(split.fund, drawn, "IF-23, IF-24");
        let lent = (open - drawn).min(pool.saturating_sub(pool_floor));
        let expected = [amount.min(collateral), beyond.min(buffer), drawn, lent];
        assert_eq!([split.collateral, split.buffer, split.fund, split.pool], expected, "IF-21");
        domain.pieces.push((beyond, drawn));
        (domain.life.1, domain.cover) = (domain.life.1 + drawn, cover);
        assert_eq!(u64::from(cover.until_day), domain.until_day, "IF-24");
        assert_eq!(loss::current(cover, self.now), cover, "IF-24");
        let covered = if everything { 0 } else { part(split.open, covered) };
        let (split, residue) = domain.lose(&split, covered);
        assert_eq!(split.sum(), amount, "IF-20");
        domain.buffer -= split.buffer;
        self.fund -= split.fund;
        // The counterparty: it has not received the loss, is paid the parts, owes less; the residue leaves it.
        self.pool = (self.pool + residue).saturating_sub(split.pool + split.open + residue);
        let before = self.recovery.recorded;
        self.recovery = ledger::note_loss(self.recovery, 7, &split);
        assert_eq!(self.recovery.recorded, before + beyond, "IF-32");
    }

    fn repay(&mut self, at: usize, amount: u128) {
        let domain = &mut self.domains[at];
        let [providers, fund, buffer] = domain.repay(amount);
        domain.cover = loss::restore(domain.cover, fund);
        domain.life.0 += fund;
        domain.buffer += buffer;
        self.fund += fund;
        self.pool += providers;
    }

    fn give_back(&mut self, amount: u128, open: bool) {
        let (before, open) = (self.recovery, open && !self.closed);
        let (after, back) = ledger::give_back(before, &self.harbour, open, amount).unwrap();
        assert_eq!(back.bounty + back.booked, amount, "IF-32");
        assert_eq!(after.returned, (before.returned + amount).min(before.recorded), "IF-32");
        assert!(open || back.bounty == 0, "IF-32");
        (self.recovery, self.bounties, self.closed) = (after, self.bounties + back.bounty, self.closed || !open);
        let rate = self.harbour.rate_bps().into();
        let whole = mul_div(after.returned, rate, 10_000, false).min(self.harbour.cap());
        assert!(self.bounties <= whole && (self.closed || self.bounties == whole), "IF-32");
        assert_eq!(Recovery::unpack(after.pack()), after, "IF-37");
        self.repay(0, back.booked);
    }

    fn fee(&mut self, fee: u128, base: u128, target: u16, most: u16) {
        let recap = Recap::new(target % 10_000 + 1, most % 10_001).unwrap();
        let owed: u128 = self.domains.iter().map(|domain| domain.book.owed_others()).sum();
        let target = mul_div(base, recap.target_bps().into(), 10_000, true);
        let gap = (target + owed).saturating_sub(self.fund);
        let bps = if target == 0 { 0 } else { mul_div(recap.max_bps().into(), gap.min(target), target, true) };
        let extra = ledger::surcharge_up(&recap, fee, self.fund, base, owed);
        assert_eq!(extra, mul_div(fee, bps, 10_000, true).min(gap), "IF-31");
        let richer = self.fund + extra;
        assert!(extra == 0 || richer <= target + owed, "IF-31: past the target");
        assert!(ledger::surcharge_up(&recap, fee, richer, base, owed) <= extra, "IF-31");
        self.fund = richer;
    }

    fn run(&mut self, step: &Step) {
        let shift = self.shift;
        let wide = |n: u32| u128::from(n) << shift;
        let pick = |at: u8, n: usize| (n > 0).then(|| usize::from(at) % n.max(1));
        match *step {
            Step::Profit { b, amount } => {
                let (domain, profit) = (&mut self.domains[usize::from(b)], wide(amount));
                let (since, stands) = (domain.book.index, exact(profit));
                domain.traders.push(Trader { since, profit, stands, cuts: Vec::new(), slack: 0 });
            }
            Step::Lose { b, amount, collateral, covered, everything } => {
                self.lose(b.into(), wide(amount), wide(collateral.into()), covered, everything);
            }
            Step::Repay { b, part: n, more } => {
                let owed = self.domains[usize::from(b)].book.owed();
                self.repay(b.into(), part(owed, n) + u128::from(more));
            }
            Step::Take { b, at } => {
                let domain = &mut self.domains[usize::from(b)];
                if let Some(i) = pick(at, domain.entries.len()) {
                    domain.take(i);
                }
            }
            Step::Settle { b, at } => {
                let domain = &mut self.domains[usize::from(b)];
                if let Some(i) = pick(at, domain.traders.len()) {
                    domain.settle(i);
                }
            }
            Step::Release { b } => {
                let domain = &mut self.domains[usize::from(b)];
                let (book, amount) = ledger::release(domain.book);
                assert_eq!((amount, book.residue), (domain.residue, 0), "IF-29");
                (domain.book, domain.residue) = (book, 0);
                self.repay(b.into(), amount);
            }
            Step::Terms { b, deductible, part, budget, days } => {
                let (part, budget, days) = (part % 10_001, budget % 10_000 + 1, days % 365 + 1);
                let terms = CoverTerms::new(wide(deductible).min((1 << 96) - 1), part, budget, days).unwrap();
                self.domains[usize::from(b)].cover.terms = terms;
            }
            Step::Claim { b, amount } => {
                let domain = &mut self.domains[usize::from(b)];
                (domain.cover.claim, domain.life) = (wide(amount), (wide(amount) + domain.life.1, domain.life.1));
            }
            Step::Fill { fund, pool, buffer } => {
                (self.fund, self.pool) = (self.fund + wide(fund), self.pool + wide(pool));
                self.domains.iter_mut().for_each(|domain| domain.buffer += wide(buffer));
            }
            Step::Return { amount, open } => self.give_back(wide(amount), open),
            Step::Fee { fee, base, target, most } => self.fee(wide(fee), u128::from(base) << shift, target, most),
            Step::Wait { hours } => self.now += u64::from(hours) * 3_600,
        }
    }
}

fuzz_target!(|history: History| {
    let mut world = World::new(&history);
    // A domain that was never written draws nothing.
    let layers = Layers { fund: MAX_AMOUNT, ..Layers::default() };
    let (_, split) = loss::absorb(Cover::default(), &layers, START, 1 << 90).unwrap();
    assert_eq!(split.fund, 0, "IF-25");
    for step in history.steps.iter().take(80) {
        world.run(step);
        world.domains.iter().for_each(Domain::holds);
    }
    for at in 0..2 {
        while !world.domains[at].traders.is_empty() {
            world.domains[at].settle(0);
        }
        let owed = world.domains[at].book.owed();
        world.repay(at, owed);
        let domain = &mut world.domains[at];
        assert_eq!(domain.book.owed(), 0, "IF-28");
        while let Some(Entry { handle, .. }) = domain.entries.first() {
            let left = handle.amount - handle.taken;
            let paid = domain.paid;
            domain.take(0);
            assert_eq!(domain.paid, paid + left, "IF-29: repaid in full to the unit");
        }
        domain.holds();
    }
});
