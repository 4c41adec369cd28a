//! The deficit ledger against a slow model: lists of claims, walked over, in big integers.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use alloy_primitives::B256;
use fusebox_fund::{
    error::Error,
    logic::{
        ledger::{due_down, give_back, join, note_loss, record, release, repay, settle, surcharge_up, take, waive},
        loss::{deleverage, haircut},
    },
    types::{
        ledger::{Book, Claim, Claims, Harbour, Recap, Recovery, Returned},
        loss::{Haircut, Index, Split, MAX_AMOUNT, ONE_INDEX},
    },
};
use num_bigint::BigUint;
use proptest::prelude::*;

/// Cases per property; `FUSEBOX_CASES` asks for another number.
fn config() -> ProptestConfig {
    let cases = std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn amount() -> impl Strategy<Value = u128> {
    prop_oneof![Just(0), 1u128..20, 1u128..1_000_000, (0u32..112).prop_map(|bits| 1 << bits), 0..=MAX_AMOUNT]
}

/// Fractional bits of the model.
const FRACTION: u32 = 400;

/// One claim of a trader, as the model writes it down.
#[derive(Debug)]
struct Entry {
    batch: usize,
    amount: u128,
    taken: u128,
    handle: Claim,
}

/// A trader with a profit that stands.
#[derive(Debug)]
struct Trader {
    since: Index,
    profit: u128,
    /// What still stands of it, exactly.
    stands: BigUint,
    /// What was cut in each batch, exactly.
    cuts: Vec<(usize, BigUint)>,
    events: u32,
}

/// All claims that came between two repayments are one batch: they are repaid together.
#[derive(Debug, Default)]
struct Batch {
    total: u128,
    repaid: u128,
}

#[derive(Debug, Default)]
struct World {
    book: Book,
    // the model
    batches: Vec<Batch>,
    sealed: usize, // batches before this one take no more claims
    owed: [u128; 3],
    entries: Vec<Entry>,
    traders: Vec<Trader>,
    recorded: u128,
    repaid_traders: u128,
    paid_out: u128,
    residue: u128,
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, bound: u128) -> u128 {
        let wide = u128::from(self.next()) << 64 | u128::from(self.next());
        if bound == 0 {
            0
        } else {
            wide % bound
        }
    }
}

impl Random {
    fn up_to_bits(&mut self, most: u64) -> u128 {
        let bits = self.next() % most;
        self.below(1 << (bits + 1))
    }
}

fn ceil(value: &BigUint) -> u128 {
    let up: BigUint = (value + ((BigUint::from(1u8) << FRACTION) - 1u8)) >> FRACTION;
    u128::try_from(up).unwrap()
}

fn floor(value: &BigUint) -> u128 {
    u128::try_from(value >> FRACTION).unwrap()
}

fn exact(value: u128) -> BigUint {
    BigUint::from(value) << FRACTION
}

impl World {
    fn collecting(&mut self) -> usize {
        while self.batches.len() <= self.sealed {
            self.batches.push(Batch::default());
        }
        self.sealed
    }

    fn join(&mut self, random: &mut Random) {
        let profit = random.up_to_bits(60);
        let trader = Trader { since: self.book.index, profit, stands: exact(profit), cuts: Vec::new(), events: 0 };
        self.traders.push(trader);
    }

    fn lose(&mut self, random: &mut Random) {
        let [buffer, fund, pool] = [0, 0, 0].map(|_: u128| random.up_to_bits(50));
        let standing: BigUint = self.traders.iter().map(|trader| trader.stands.clone()).sum();
        let profits = ceil(&standing);
        let share = [0, 1, 10, 100][random.next() as usize % 4];
        let everything = random.next() % 32 == 0; // a new era
        let open = if everything { profits + 1 } else { random.below(profits * share / 100 + 2) };
        let split = Split { buffer, fund, pool, open, ..Split::default() };
        let split = deleverage(split, if everything { 1 } else { random.below(open + 1) }).unwrap();
        let (split, cut) = haircut(split, self.book.index, profits);
        let before = self.book;
        self.book = record(before, &split, &cut).unwrap();

        let batch = self.collecting();
        self.batches[batch].total += split.deleveraged + cut.charged;
        for (owed, borne) in self.owed.iter_mut().zip([split.pool + split.open, split.fund, split.buffer]) {
            *owed += borne;
        }
        self.recorded += split.sum() + cut.residue;
        self.residue += cut.residue;
        assert_eq!(split.sum(), buffer + fund + pool + open);
        if cut.charged > 0 {
            for trader in &mut self.traders {
                let part = &trader.stands * split.haircut / profits;
                trader.stands -= &part;
                trader.cuts.push((batch, part));
                trader.events += 1;
            }
        }
        if split.deleveraged > 0 {
            let first = random.below(split.deleveraged + 1);
            for amount in [first, split.deleveraged - first] {
                let handle = Claim { epoch: before.traders.collecting(), amount, taken: 0 };
                self.entries.push(Entry { batch, amount, taken: 0, handle });
            }
        }
    }

    fn repay(&mut self, random: &mut Random) {
        let owed = self.book.owed();
        let amount = match random.next() % 4 {
            0 => owed,
            1 => random.below(2),
            2 => owed + random.below(100),
            _ => random.below(owed / 3 + 2),
        };
        let (book, repayment) = repay(self.book, amount);
        self.book = book;

        let (mut rest, mut cut) = (amount, 0);
        for i in 0..self.batches.len() {
            let batch = &mut self.batches[i];
            let paid = rest.min(batch.total - batch.repaid);
            if paid > 0 {
                batch.repaid += paid;
                cut += paid;
                rest -= paid;
                self.sealed = self.sealed.max(i + 1);
            }
        }
        let mut paid = [0; 3];
        for (paid, owed) in paid.iter_mut().zip(&mut self.owed) {
            *paid = rest.min(*owed);
            *owed -= *paid;
            rest -= *paid;
        }
        self.repaid_traders += cut;
        let expected = [cut, paid[0], paid[1], paid[2], rest];
        let found = [repayment.cut, repayment.providers, repayment.fund, repayment.buffer, repayment.rest];
        assert_eq!(found, expected);
        assert_eq!(found.iter().sum::<u128>(), amount);
    }

    fn take(&mut self, random: &mut Random) {
        if self.entries.is_empty() {
            return;
        }
        let i = random.next() as usize % self.entries.len();
        let entry = &mut self.entries[i];
        let batch = &self.batches[entry.batch];
        let worth = BigUint::from(entry.amount) * batch.repaid / batch.total.max(1);
        let due = u128::try_from(worth).unwrap() - entry.taken;
        let (book, handle, paid) = take(self.book, entry.handle);
        assert_eq!(paid, due, "{entry:?} of {batch:?}");
        entry.taken += paid;
        assert_eq!((handle.taken, handle.amount), (entry.taken, entry.amount));
        (self.book, entry.handle, self.paid_out) = (book, handle, self.paid_out + paid);
        if entry.taken == entry.amount {
            self.entries.swap_remove(i);
        }
    }

    fn settle(&mut self, random: &mut Random) {
        if self.traders.is_empty() {
            return;
        }
        let i = random.next() as usize % self.traders.len();
        let trader = self.traders.swap_remove(i);
        let epoch = self.book.traders.epoch;
        let (book, settled) = settle(self.book, trader.since, trader.profit);
        self.book = book;
        self.paid_out += settled.paid;
        let claims = settled.repaying.amount + settled.collecting.amount;
        assert_eq!(settled.kept + settled.paid + claims + settled.residue, trader.profit);
        assert!(settled.residue <= 3, "{settled:?}");
        assert_eq!((settled.repaying.epoch, settled.collecting.epoch), (epoch, epoch + 1));

        // to the unit, one more for each cut that the index rounded up
        let slack = 2 + u128::from(trader.events);
        let near = |found: u128, exact: &BigUint, what: &str| {
            assert!(found <= floor(exact) + slack && found + slack >= floor(exact), "{what}: {found} {}", floor(exact));
        };
        assert!(settled.kept <= floor(&trader.stands) + 1, "never more than the loss leaves");
        near(settled.kept, &trader.stands, "kept");
        let head = self.sealed.checked_sub(1);
        let cut = |wanted: &dyn Fn(usize) -> bool| -> BigUint {
            trader.cuts.iter().filter(|cut| wanted(cut.0)).map(|cut| cut.1.clone()).sum()
        };
        near(settled.paid, &cut(&|batch| Some(batch) < head), "repaid in full");
        near(settled.repaying.amount, &cut(&|batch| Some(batch) == head), "being repaid");
        near(settled.collecting.amount, &cut(&|batch| Some(batch) > head), "collecting");
        for (batch, handle) in [(head, settled.repaying), (Some(self.sealed), settled.collecting)] {
            if handle.amount > 0 {
                self.entries.push(Entry { batch: batch.unwrap(), amount: handle.amount, taken: 0, handle });
            }
        }
    }

    fn check(&self) {
        let book = &self.book;
        let open: u128 = self.batches.iter().map(|batch| batch.total - batch.repaid).sum();
        assert_eq!(book.traders.owed(), open);
        assert_eq!([book.providers, book.fund, book.buffer], self.owed);
        assert_eq!(book.owed(), open + self.owed.iter().sum::<u128>());
        assert_eq!(book.traders.held, self.repaid_traders - self.paid_out, "held is repaid less paid out");
        assert_eq!(book.residue, self.residue);
        assert!(book.closed <= book.sealed && book.sealed <= book.index);
        assert_eq!(book.traders.epoch as usize, self.sealed);
        let due: u128 = self.entries.iter().map(|entry| due_down(&book.traders, &entry.handle)).sum();
        assert!(due <= book.traders.held, "everybody at once");
    }

    fn step(&mut self, random: &mut Random) {
        let before = (self.book.index, self.book.owed());
        match random.next() % 12 {
            0..=2 => self.join(random),
            3..=4 => self.lose(random),
            5 => self.repay(random),
            6..=9 => self.take(random),
            10 => self.settle(random),
            _ => {
                let (book, amount) = release(self.book);
                assert_eq!((amount, book.residue), (self.residue, 0));
                (self.book, self.residue) = (book, 0);
            }
        }
        assert!(self.book.index >= before.0);
        if self.traders.len() > 24 {
            self.settle(random);
        }
        self.check();
    }
}

/// Five hundred steps from nothing; everything is repaid and claimed at the end.
fn history(seed: u64) {
    let (mut world, mut random) = (World::default(), Random(seed | 1));
    for _ in 0..500 {
        world.step(&mut random);
    }
    while !world.traders.is_empty() {
        world.settle(&mut random);
        world.check();
    }
    let owed = world.book.owed();
    let (book, repayment) = repay(world.book, owed);
    assert_eq!((book.owed(), repayment.rest), (0, 0));
    (world.book, world.repaid_traders) = (book, world.repaid_traders + repayment.cut);
    for entry in world.entries.drain(..) {
        let (book, claim, paid) = take(world.book, entry.handle);
        assert_eq!(claim.taken, claim.amount, "repaid in full to the unit");
        (world.book, world.paid_out) = (book, world.paid_out + paid);
    }
    assert_eq!(world.book.traders.held, world.repaid_traders - world.paid_out);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn if_29_the_ledger_is_the_list_of_its_claims(seed in any::<u64>()) {
        history(seed);
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn if_27_what_is_owed_grows_by_what_was_borne(
        [buffer, fund, pool, open] in [0u128..1 << 100, 0u128..1 << 100, 0u128..1 << 100, 0u128..1 << 100],
        covered in 0u128..1 << 100, profits in 0u128..1 << 100,
    ) {
        let split = Split { collateral: 77, buffer, fund, pool, open, ..Split::default() };
        let split = deleverage(split, covered.min(open)).unwrap();
        let (split, cut) = haircut(split, Index::default(), profits);
        let book = record(Book::default(), &split, &cut).unwrap();
        prop_assert_eq!(book.owed(), split.sum() - 77 + cut.residue);
        prop_assert_eq!(book.owed() - book.fund, book.owed_others());
        prop_assert_eq!(book.residue, cut.residue);
    }

    #[test]
    fn if_28_a_repayment_goes_down_the_order_and_sums(
        total in amount(), repaid in amount(), next in amount(), providers in amount(), fund in amount(),
        buffer in amount(), amount in amount(),
    ) {
        let traders = Claims { epoch: 4, total, repaid: repaid.min(total), next, held: 0 };
        let book = Book { traders, providers, fund, buffer, ..Book::default() };
        let (after, paid) = repay(book, amount);
        prop_assert_eq!(paid.cut + paid.providers + paid.fund + paid.buffer + paid.rest, amount);
        prop_assert_eq!(after.owed() + (amount - paid.rest), book.owed());
        prop_assert_eq!(after.traders.held, paid.cut);
        prop_assert!(paid.providers == 0 || after.traders.owed() == 0);
        prop_assert!(paid.fund == 0 || after.providers == 0);
        prop_assert!(paid.buffer == 0 || after.fund == 0);
        prop_assert!(paid.rest == 0 || after.owed() == 0);
        prop_assert!(after.traders.next == 0 || after.traders.next == next && after.traders.epoch == 4);
    }

    #[test]
    fn if_30_claims_of_an_epoch_are_worth_the_same_whoever_takes_first_and_how_often(
        amounts in prop::collection::vec(1u128..1 << 90, 1..12),
        payments in prop::collection::vec(0u128..1 << 92, 1..6),
        takes in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let total: u128 = amounts.iter().sum();
        let split = Split { deleveraged: total, ..Split::default() };
        let start = record(Book::default(), &split, &Haircut::default()).unwrap();
        let claims: Vec<_> = amounts.iter().map(|amount| Claim { epoch: 1, amount: *amount, taken: 0 }).collect();
        // one history takes at random in between, the other only at the end, in the other direction
        let (mut often, mut own, mut rest) = (start, claims.clone(), start);
        let mut takes = takes.iter();
        for payment in &payments {
            often = repay(often, *payment).0;
            rest = repay(rest, *payment).0;
            for at in takes.by_ref().take(5) {
                let i = at.index(own.len());
                let (book, claim, _) = take(often, own[i]);
                (often, own[i]) = (book, claim);
            }
        }
        let mut once = claims.clone();
        for i in 0..own.len() {
            (often, own[i], _) = take(often, own[i]);
            let j = own.len() - 1 - i;
            (rest, once[j], _) = take(rest, once[j]);
        }
        prop_assert_eq!(&own, &once);
        prop_assert_eq!(often, rest);
        prop_assert!(often.traders.held < own.len() as u128, "dust is less than a unit a claim");
        if often.owed() == 0 {
            prop_assert_eq!(often.traders.held, 0);
        }
    }

    /// One history with a part that nobody claims, waived at some time; the other booked the claims alone.
    #[test]
    fn if_38_what_nobody_claims_is_repaid_to_nobody(
        amounts in prop::collection::vec(1u128..1 << 90, 0..12),
        more in 0u128..1 << 90,
        nobody in 1u128..1 << 90,
        payments in prop::collection::vec(0u128..1 << 93, 0..6),
        when in 0usize..7,
        missed: bool,
        takes in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let claimed: u128 = amounts.iter().sum();
        let booked = |deleveraged| Split { deleveraged, ..Split::default() };
        let mut book = record(Book::default(), &booked(claimed + nobody), &Haircut::default()).unwrap();
        let mut claims: Vec<_> = amounts.iter().map(|amount| Claim { epoch: 1, amount: *amount, taken: 0 }).collect();
        let (mut takes, mut came, mut left) = (takes.iter(), 0, 0);
        for i in 0..7 {
            if let Some(payment) = payments.get(i) {
                let (after, paid) = repay(book, *payment);
                (book, came) = (after, came + paid.cut);
            }
            if i == 1 {
                book = record(book, &booked(more), &Haircut::default()).unwrap(); // of another epoch, if this one is sealed
            }
            if i == when {
                let (before, held) = (book.owed(), book.traders.held);
                book = waive(book, 1, nobody, missed).unwrap();
                let freed = held - book.traders.held;
                prop_assert_eq!(book.residue, freed);
                prop_assert!(freed <= nobody);
                prop_assert_eq!(book.owed(), before - (nobody - freed) + if missed { nobody } else { 0 });
                prop_assert_eq!(book.providers, if missed { nobody } else { 0 });
            }
            for at in takes.by_ref().take(5).filter(|_| !amounts.is_empty()) {
                let at = at.index(claims.len());
                let (after, claim, due) = take(book, claims[at]);
                (book, claims[at], left) = (after, claim, left + due);
            }
            prop_assert_eq!(book.traders.held + book.residue + left, came, "held is repaid less taken and freed");
            let due: u128 = claims.iter().map(|claim| due_down(&book.traders, claim)).sum();
            prop_assert!(due <= book.traders.held, "everybody at once");
        }
        let owed = book.owed();
        book = repay(book, owed).0;
        for claim in claims {
            let (after, claim, _) = take(book, claim);
            prop_assert_eq!(claim.taken, claim.amount);
            book = after;
        }
        prop_assert_eq!(book.traders.held, more, "what is of the other record alone");
    }

    #[test]
    fn if_30_profits_settle_in_any_order_with_the_same_result(
        profits in prop::collection::vec(0u128..1 << 80, 1..16), share in 1u128..=10_000, turn in 0usize..16,
    ) {
        let basis = profits.iter().sum::<u128>();
        let loss = basis / 10_000 * share;
        let (split, cut) = haircut(Split { open: loss, ..Split::default() }, Index::default(), basis);
        let book = record(Book::default(), &split, &cut).unwrap();
        let (book, _) = repay(book, loss / 2);
        let run = |order: &[u128]| {
            let (mut book, mut settled) = (book, Vec::new());
            for profit in order {
                let (next, one) = settle(book, Index::default(), *profit);
                book = next;
                settled.push(one);
            }
            (book, settled)
        };
        let (one, forward) = run(&profits);
        let mut turned = profits.clone();
        turned.rotate_left(turn % profits.len());
        let (other, mut around) = run(&turned);
        around.rotate_right(turn % profits.len());
        prop_assert_eq!(one, other);
        prop_assert_eq!(&forward, &around);
        let claims: u128 = forward.iter().map(|one| one.paid + one.repaying.amount + one.collecting.amount).sum();
        let kept: u128 = forward.iter().map(|one| one.kept).sum();
        let residue: u128 = forward.iter().map(|one| one.residue).sum();
        prop_assert!(claims <= cut.charged && cut.charged - claims <= 3 * profits.len() as u128 + 1);
        prop_assert!(kept + cut.charged <= basis && kept + claims + residue == basis);
    }

    #[test]
    fn if_31_the_surcharge_stops_at_the_target_exactly(
        target in 1u16..=10_000, most in 1u16..=10_000, fund in 0u128..1 << 60, base in 0u128..1 << 60,
        [pool, own, buffer, cut] in [0u128..1 << 50, 0u128..1 << 50, 0u128..1 << 50, 0u128..1 << 50],
        fees in prop::collection::vec(0u128..1 << 60, 1..40),
    ) {
        let recap = Recap::new(target, most).unwrap();
        let split = Split { pool, fund: own, buffer, deleveraged: cut, ..Split::default() };
        let mut book = record(Book::default(), &split, &Haircut::default()).unwrap();
        let mut fund = fund;
        let goal = (BigUint::from(base) * target + 9_999u32) / 10_000u32;
        let goal = u128::try_from(goal).unwrap();
        let mut last = u128::MAX;
        for fee in fees {
            let gap = (goal + book.owed_others()).saturating_sub(fund);
            let paid = surcharge_up(&recap, fee, fund, base, book.owed_others());
            prop_assert!(paid <= gap && (gap > 0 || paid == 0));
            prop_assert!(fee == 0 || gap == 0 || goal == 0 || paid > 0, "as long as something is missing");
            let most = (BigUint::from(fee) * most + 9_999u32) / 10_000u32;
            prop_assert!(BigUint::from(paid) <= most);
            let (after, repaid) = repay(book, paid);
            (book, fund) = (after, fund + repaid.fund + repaid.rest);
            let left = (goal + book.owed_others()).saturating_sub(fund);
            prop_assert_eq!(left, gap - paid, "each unit closes the gap by one");
            prop_assert!(left <= last);
            last = left;
        }
    }

    #[test]
    fn if_31_the_surcharge_rises_with_what_is_missing(
        recap in (1u16..=10_000, 0u16..=10_000), fee in 0u128..1 << 100, base in amount(), a in amount(), b in amount(),
        owed in amount(),
    ) {
        let recap = Recap::new(recap.0, recap.1).unwrap();
        let of = |fund| surcharge_up(&recap, fee, fund, base, owed);
        prop_assert!(of(a.min(b)) >= of(a.max(b)));
    }

    #[test]
    fn if_32_pieces_of_a_return_earn_what_the_whole_earns(
        rate in 0u16..=5_000, cap in amount(), recorded in amount(),
        pieces in prop::collection::vec(0u128..1 << 104, 1..10), closes in 0usize..12,
    ) {
        let harbour = Harbour::new(rate, cap, B256::repeat_byte(7)).unwrap();
        let start = Recovery { terms: 1, recorded, returned: 0 };
        let (mut recovery, mut earned, mut brought) = (start, 0, 0u128);
        for (i, piece) in pieces.iter().enumerate() {
            let before = recovery;
            let open = i < closes;
            let (next, Returned { bounty, booked }) = give_back(before, &harbour, open, *piece).unwrap();
            prop_assert_eq!(bounty + booked, *piece);
            prop_assert!(open || bounty == 0);
            prop_assert!(next.returned >= before.returned && next.returned <= recorded);
            recovery = next;
            earned += bounty;
            brought += piece * u128::from(open);
        }
        let (_, whole) = give_back(start, &harbour, true, brought).unwrap();
        prop_assert_eq!(earned, whole.bounty);
        let most = BigUint::from(recorded.min(brought)) * rate / 10_000u32;
        prop_assert_eq!(BigUint::from(earned), most.min(BigUint::from(cap)));
    }

    #[test]
    fn if_32_money_that_was_not_lost_earns_nothing(
        rate in 0u16..=5_000, cap in amount(), recorded in 0u128..1 << 111, more in 0u128..1 << 111,
    ) {
        let harbour = Harbour::new(rate, cap, B256::ZERO).unwrap();
        let (all, first) = give_back(Recovery { terms: 1, recorded, returned: 0 }, &harbour, true, recorded).unwrap();
        let (_, own) = give_back(all, &harbour, true, more).unwrap();
        prop_assert_eq!(own, Returned { bounty: 0, booked: more });
        let (_, both) = give_back(Recovery { terms: 1, recorded, returned: 0 }, &harbour, true, recorded + more).unwrap();
        prop_assert_eq!(both.bounty, first.bounty);
    }

    #[test]
    fn if_37_the_words_of_the_ledger_survive_their_packing(
        amounts in prop::collection::vec(amount(), 9), numbers in prop::collection::vec(any::<u32>(), 4),
        cuts in prop::collection::vec(0..ONE_INDEX, 3), rate in 0u16..=5_000, text in any::<[u8; 32]>(),
        recap in (1u16..=10_000, 0u16..=10_000),
    ) {
        let [total, repaid, next, held, providers, fund, buffer, residue, cap] = amounts[..] else { unreachable!() };
        let book = Book {
            traders: Claims { epoch: numbers[0], total, repaid, next, held },
            providers, fund, buffer, residue,
            index: Index { era: numbers[1], cut: cuts[0] },
            sealed: Index { era: numbers[2], cut: cuts[1] },
            closed: Index { era: numbers[3], cut: cuts[2] },
        };
        prop_assert_eq!(Book::unpack(book.pack()), book);
        let claim = Claim { epoch: numbers[0], amount: total, taken: repaid };
        prop_assert_eq!(Claim::unpack(claim.pack()), claim);
        let recovery = Recovery { terms: numbers[0], recorded: total, returned: repaid };
        prop_assert_eq!(Recovery::unpack(recovery.pack()), recovery);
        let harbour = Harbour::new(rate, cap, B256::from(text)).unwrap();
        prop_assert_eq!(Harbour::unpack(harbour.pack()), harbour);
        let recap = Recap::new(recap.0, recap.1).unwrap();
        prop_assert_eq!(Recap::unpack(recap.pack()), recap);
    }
}

#[test]
fn parameters_refuse_what_is_out_of_bounds() {
    let refused = |id, value, bound| Error::Parameter { id, value, bound };
    assert_eq!(Recap::new(0, 0), Err(refused(20, 0, 1)));
    assert_eq!(Recap::new(10_001, 0), Err(refused(20, 10_001, 10_000)));
    assert_eq!(Recap::new(1, 10_001), Err(refused(21, 10_001, 10_000)));
    assert_eq!(Harbour::new(5_001, 0, B256::ZERO), Err(refused(22, 5_001, 5_000)));
    assert_eq!(Harbour::new(5_000, MAX_AMOUNT + 1, B256::ZERO), Err(refused(23, MAX_AMOUNT + 1, MAX_AMOUNT)));
    assert_eq!(Recap::new(Recap::DEFAULT.target_bps(), Recap::DEFAULT.max_bps()), Ok(Recap::DEFAULT));
}

#[test]
fn what_no_word_holds_is_refused_and_nothing_is_booked() {
    let too_large = |value| Error::TooLarge { value, bound: MAX_AMOUNT };
    let full = Book { fund: MAX_AMOUNT, ..Book::default() };
    let none = Haircut::default();
    assert_eq!(record(full, &Split { fund: 1, ..Split::default() }, &none), Err(too_large(MAX_AMOUNT + 1)));
    assert_eq!(record(full, &Split { buffer: 1, ..Split::default() }, &none), Err(too_large(MAX_AMOUNT + 1)));
    let held = Book { traders: Claims { held: MAX_AMOUNT, ..Claims::default() }, ..Book::default() };
    assert_eq!(record(held, &Split { pool: 1, ..Split::default() }, &none), Err(too_large(MAX_AMOUNT + 1)));
    assert_eq!(join(Claim { amount: MAX_AMOUNT, ..Claim::default() }, 1), Err(too_large(MAX_AMOUNT + 1)));
    let harbour = Harbour::new(1_000, 100, B256::ZERO).unwrap();
    assert_eq!(give_back(Recovery::default(), &harbour, true, MAX_AMOUNT + 1), Err(too_large(MAX_AMOUNT + 1)));
}

#[test]
fn the_first_loss_of_an_incident_fixes_its_terms() {
    let split = Split { collateral: 5, fund: 7, open: 1, ..Split::default() };
    let first = note_loss(Recovery::default(), 3, &split);
    assert_eq!(first, Recovery { terms: 3, recorded: 8, returned: 0 });
    assert_eq!(note_loss(first, 4, &split), Recovery { terms: 3, recorded: 16, returned: 0 });
    let own = Split { collateral: 5, ..Split::default() };
    assert_eq!(
        note_loss(Recovery::default(), 3, &own).recorded,
        0,
        "what an account lost itself is nobody's to return"
    );
}

#[test]
fn the_surcharge_by_numbers() {
    let recap = Recap::new(500, 5_000).unwrap(); // a target of 50 for a base of 1,000
    let of = |fund, owed| surcharge_up(&recap, 100, fund, 1_000, owed);
    assert_eq!((of(0, 0), of(25, 0), of(49, 0), of(50, 0), of(60, 0)), (50, 25, 1, 0, 0));
    assert_eq!((of(50, 10), of(60, 10), of(0, 1_000_000)), (10, 0, 50));
    assert_eq!(surcharge_up(&recap, 0, 0, 1_000, 0), 0);
    assert_eq!(surcharge_up(&Recap::default(), 100, 0, 1_000, 5), 0, "never set: never charged");
}

#[cfg(feature = "shell")]
mod on_a_host {
    use super::*;
    use alloy_primitives::Address;
    use alloy_sol_types::SolEvent;
    use fusebox_core::host::Memory;
    use fusebox_fund::{
        shell::ledger::{self as shell, abi},
        storage::ledger as storage,
        types::{
            ledger::{Kind, Repayment},
            loss::{CoverTerms, Layers},
        },
    };

    const ALICE: Address = Address::repeat_byte(0xa1);
    const BOB: Address = Address::repeat_byte(0xb0);
    const D: u32 = 9;

    fn decode<E: SolEvent>(host: &Memory, i: usize) -> E {
        E::decode_raw_log(host.logs[i].topics.iter().copied(), &host.logs[i].data).unwrap()
    }

    /// 100 lost: 20 by the fund, 30 by the pool, 10 by who was deleveraged, 40 of 80 of profits.
    fn scene() -> Memory {
        let mut host = Memory::default();
        shell::set_cover(&mut host, D, CoverTerms::new(0, 0, 10_000, 30).unwrap(), 50).unwrap();
        let layers = Layers { fund: 20, pool: 30, ..Layers::default() };
        let split = shell::absorb(&mut host, D, &layers, 100).unwrap();
        shell::conclude(&mut host, D, split, 10, (80, u128::MAX)).unwrap();
        host.logs.clear();
        host
    }

    #[test]
    fn if_40_a_loss_that_was_fixed_before_draws_on_the_budget_of_then() {
        let day = 86_400;
        let absorbed = |now: u64, at: u64, before: u128| {
            let mut host = Memory { now: 100 * day, ..Memory::default() };
            shell::set_cover(&mut host, D, CoverTerms::new(0, 0, 1_000, 10).unwrap(), 1_000).unwrap();
            let layers = Layers { fund: 1_000, ..Layers::default() };
            let drawn = shell::absorb(&mut host, D, &layers, before).unwrap().fund;
            host.now = now;
            let left = Layers { fund: 1_000 - drawn, ..layers };
            shell::absorb_at(&mut host, D, &left, at, 500).unwrap().fund
        };
        // 60 of the 100 were drawn before; whether it is counted then or five epochs later, 40 are left.
        assert_eq!(absorbed(100 * day, 100 * day, 60), 40);
        assert_eq!(absorbed(150 * day, 100 * day, 60), 40);
        assert_eq!(absorbed(150 * day, 150 * day, 60), 94, "a loss of then");
        // Where the domain has lost in a later epoch, that one's budget is left for both.
        let mut host = Memory { now: 100 * day, ..Memory::default() };
        shell::set_cover(&mut host, D, CoverTerms::new(0, 0, 1_000, 10).unwrap(), 1_000).unwrap();
        host.now = 130 * day;
        let drawn = shell::absorb(&mut host, D, &Layers { fund: 1_000, ..Layers::default() }, 30).unwrap().fund;
        assert_eq!(drawn, 30);
        let left = Layers { fund: 970, ..Layers::default() };
        assert_eq!(shell::absorb_at(&mut host, D, &left, 100 * day, 500).unwrap().fund, 70);
    }

    #[test]
    fn a_loss_is_paid_back_in_order() {
        let mut host = scene();
        shell::admit(&mut host, D, BOB, Claim { epoch: 1, amount: 10, taken: 0 }).unwrap();
        let opened: abi::ClaimOpened = decode(&host, 0);
        assert_eq!((opened.domain, opened.account, opened.epoch, opened.amount), (D, BOB, 1, 10));
        let settled = shell::settle(&mut host, D, ALICE, Index::default(), 80).unwrap();
        assert_eq!((settled.kept, settled.collecting.amount), (40, 40));
        let profit: abi::ProfitSettled = decode(&host, 2);
        assert_eq!((profit.account, profit.profit, profit.kept, profit.paid), (ALICE, 80, 40, 0));
        assert_eq!(shell::take(&mut host, D, ALICE, 1), 0);

        let paid = shell::repay(&mut host, D, 25);
        assert_eq!(paid, Repayment { cut: 25, ..Repayment::default() });
        assert_eq!((shell::due(&host, D, ALICE, 1), shell::due(&host, D, BOB, 1)), (20, 5));
        assert_eq!((shell::take(&mut host, D, ALICE, 1), shell::take(&mut host, D, ALICE, 1)), (20, 0));
        let claim: abi::ClaimPaid = decode(&host, host.logs.len() - 1);
        assert_eq!((claim.domain, claim.account, claim.epoch, claim.amount), (D, ALICE, 1, 20));

        host.logs.clear();
        let paid = shell::repay(&mut host, D, 80);
        assert_eq!(paid, Repayment { cut: 25, providers: 30, fund: 20, buffer: 0, rest: 5 });
        let repaid: Vec<_> = (0..4).map(|i| decode::<abi::DeficitRepaid>(&host, i)).collect();
        assert_eq!(
            repaid.iter().map(|event| (event.kind, event.amount)).collect::<Vec<_>>(),
            [(0, 25), (1, 30), (2, 20), (4, 5)]
        );
        assert_eq!((shell::take(&mut host, D, ALICE, 1), shell::take(&mut host, D, BOB, 1)), (20, 10));
        let words = shell::state(&host, D);
        assert_eq!(
            words[1] & alloy_primitives::U256::MAX >> 144,
            alloy_primitives::U256::from(50),
            "the domain may draw again"
        );
        for kind in [Kind::Cut, Kind::Providers, Kind::Fund, Kind::Buffer] {
            assert_eq!(shell::owed(&host, D, kind), 0, "{}", kind.code());
        }
    }

    #[test]
    fn if_38_a_waiver_is_of_what_is_booked_and_says_so() {
        let mut host = scene();
        assert_eq!(shell::waive(&mut host, D, 1, 51, true), Err(Error::AboveOpen { amount: 51, bound: 50 }));
        assert_eq!(shell::waive(&mut host, D, 0, 1, true), Err(Error::AboveOpen { amount: 1, bound: 0 }));
        assert!(host.logs.is_empty());
        shell::waive(&mut host, D, 1, 4, true).unwrap(); // of the 10 that deleveraging was to cover 4 did not come
        let event: abi::ClaimsWaived = decode(&host, 0);
        assert_eq!((event.domain, event.epoch, event.amount, event.missed), (D, 1, 4, true));
        assert_eq!((shell::owed(&host, D, Kind::Cut), shell::owed(&host, D, Kind::Providers)), (46, 34));
        shell::repay(&mut host, D, 46);
        assert_eq!(shell::waive(&mut host, D, 1, 47, false), Err(Error::AboveOpen { amount: 47, bound: 46 }));
        shell::waive(&mut host, D, 1, 40, false).unwrap(); // the profits were gone before they were cut
        let book = storage::book(&host, D);
        assert_eq!((book.traders.total, book.traders.repaid, book.traders.held, book.residue), (6, 6, 6, 40));
        shell::admit(&mut host, D, BOB, Claim { epoch: 1, amount: 6, taken: 0 }).unwrap();
        assert_eq!(shell::take(&mut host, D, BOB, 1), 6);
        assert_eq!(shell::release(&mut host, D).providers, 34);
    }

    #[test]
    fn a_profit_that_was_never_cut_reads_one_word() {
        let mut host = scene();
        let now = storage::index(&host, D);
        assert_eq!((now, storage::index(&host, D + 1)), (storage::book(&host, D).index, Index::default()));
        assert_eq!(now.cut, ONE_INDEX / 2);
        let words = host.words.clone();
        let settled = shell::settle(&mut host, D, ALICE, now, 80).unwrap();
        assert_eq!((settled.kept, host.logs.len(), host.words == words), (80, 0, true));
        let host = &mut Memory { words, ..Memory::default() };
        assert_eq!(shell::settle(host, D, ALICE, Index { era: 0, cut: ONE_INDEX / 4 }, 90).unwrap().kept, 60);
    }

    #[test]
    fn rounding_goes_to_the_residue_and_from_there_to_work() {
        let mut host = Memory::default();
        let split = shell::absorb(&mut host, D, &Layers::default(), 1).unwrap();
        let (split, cut) = shell::conclude(&mut host, D, split, 0, (1 << 100, u128::MAX)).unwrap();
        assert!(split.haircut == 1 && cut.residue > 0);
        assert_eq!(shell::release(&mut host, D).cut, cut.residue);
        assert_eq!(shell::release(&mut host, D), Repayment::default());
    }

    #[test]
    fn a_return_pays_a_bounty_by_terms_of_before() {
        let mut host = scene();
        assert_eq!(shell::set_harbour(&mut host, &Harbour::new(1_000, 6, B256::repeat_byte(1)).unwrap()), 1);
        let set: abi::HarbourSet = decode(&host, 0);
        assert_eq!((set.number, set.rateBps, set.cap, set.text), (1, 1_000, 6, B256::repeat_byte(1)));
        shell::note_loss(&mut host, 4, &Split { fund: 20, pool: 30, haircut: 40, ..Split::default() });
        assert_eq!(shell::set_harbour(&mut host, &Harbour::new(5_000, 1_000, B256::ZERO).unwrap()), 2);
        host.caller = BOB;
        let (returned, repaid) = shell::give_back(&mut host, (4, true), D, 50).unwrap();
        assert_eq!((returned.bounty, returned.booked, repaid.cut), (5, 45, 45));
        let event: abi::FundsReturned = decode(&host, 2);
        assert_eq!((event.incident, event.from, event.amount, event.bounty), (4, BOB, 50, 5));
        assert_eq!(shell::give_back(&mut host, (4, true), D, 40).unwrap().0.bounty, 1, "the cap");
        assert_eq!(shell::give_back(&mut host, (5, true), D, 40).unwrap().0.bounty, 0, "an incident that lost nothing");
    }

    #[test]
    fn a_surcharge_is_charged_once_it_is_set() {
        let mut host = Memory::default();
        assert_eq!(shell::surcharge(&host, 100, 0, 1_000, 0), 0);
        shell::set_recap(&mut host, &Recap::DEFAULT);
        let set: abi::RecapSet = decode(&host, 0);
        assert_eq!((set.targetBps, set.maxBps), (500, 5_000));
        assert_eq!(shell::surcharge(&host, 100, 0, 1_000, 0), 50);
    }
}
