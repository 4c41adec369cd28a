//! Losses in the pure half: the waterfall, deleveraging, cuts and claims over random histories, with a side's history kept
//! as a list and not as the shell keeps it.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use fusebox_fund::{
    logic::{ledger, loss as waterfall},
    types::{
        ledger::{Book, Claim},
        loss::{Cover, CoverTerms, Index as Cuts, Layers},
    },
};
use fusebox_market::{
    logic::deleverage,
    params::{Closing, Ramp},
    types::side::{Ask, Held, Index, Limits, Settled, SideState, Snapshot},
};
use perp::{
    error::Error,
    logic::{
        self, loss as rule,
        settle::{self as end, Counted},
        Order,
    },
    storage::settle::Profits,
    types::{Account, Books, Interest, Pool, Position, Rate, Side},
};
use proptest::{prelude::*, strategy::ValueTree};
use std::collections::HashMap;

const TRADERS: usize = 5;
const UNIT: u128 = 1_000_000;
const WAD: u128 = 1_000_000_000_000_000_000;

/// One market, its pool, buffer and fund, and everything that is owed.
#[derive(Clone)]
struct World {
    accounts: [Account; TRADERS],
    positions: [Position; TRADERS],
    interest: Interest,
    pool: Pool,
    rate: Rate,
    buffer: u128,
    fund: u128,
    cover: Cover,
    book: Book,
    outstanding: u128,
    charged: u128,
    cut: u128,
    rooms: HashMap<u32, u128>,
    claims: HashMap<(usize, u32), Claim>,
    /// Of longs, of shorts: the reserve, and each point with the stamp of the deleveraging that led to it.
    reserves: [u128; 2],
    released: [u128; 2],
    points: [Vec<(Index, (u32, Cuts))>; 2],
    settlements: u128,
    paid_in: u128,
}

fn closing() -> Closing {
    Closing { maintenance: Ramp::flat(500, 0, 86_400), penalty_bps: 200, dust: 1_000, domain: 0 }
}

fn at(is_long: bool) -> usize {
    usize::from(!is_long)
}

impl World {
    fn new() -> Self {
        let (free, pool, fund) = (500_000 * UNIT, 150_000 * UNIT, 2_000 * UNIT);
        let start = vec![(Index::start(0), (0, Cuts::default()))];
        Self {
            accounts: [Account { free, ..Account::default() }; TRADERS],
            positions: [Position::default(); TRADERS],
            interest: Interest::default(),
            pool: Pool { assets: pool, shares: pool, ..Pool::default() },
            rate: Rate { price: 2_000 * WAD, scale: 10u128.pow(30) },
            buffer: 0,
            fund,
            cover: Cover { terms: CoverTerms::new(0, 0, 10_000, 365).unwrap(), claim: 1 << 100, ..Cover::default() },
            book: Book::default(),
            outstanding: 0,
            charged: 0,
            cut: 0,
            rooms: HashMap::new(),
            claims: HashMap::new(),
            reserves: [0; 2],
            released: [0; 2],
            points: [start.clone(), start],
            settlements: 0,
            paid_in: TRADERS as u128 * free + pool + fund,
        }
    }

    fn held(&self) -> u128 {
        self.accounts.iter().map(|account| account.free).sum::<u128>()
            + self.positions.iter().map(|position| position.margin).sum::<u128>()
            + self.pool.assets
            + self.buffer
            + self.fund
            + self.reserves.iter().sum::<u128>()
            + self.book.traders.held
            + self.book.residue
    }

    fn books(&self, who: usize) -> Books {
        Books { account: self.accounts[who], position: self.positions[who], interest: self.interest, pool: self.pool }
    }

    fn keep(&mut self, who: usize, books: Books) {
        self.accounts[who] = books.account;
        self.positions[who] = books.position;
        self.interest = books.interest;
        self.pool = books.pool;
    }

    fn admit(&mut self, who: usize, claim: Claim) {
        let before = self.claims.entry((who, claim.epoch)).or_insert(Claim { epoch: claim.epoch, ..Claim::default() });
        *before = ledger::join(*before, claim.amount).unwrap();
    }

    fn collect(&mut self, who: usize, since: u128, until: Cuts, profit: u128) -> (u128, u128) {
        let levied = rule::levied(self.book, self.outstanding, rule::index_of(since), until, profit);
        assert!(levied.cut <= profit && levied.cut <= self.outstanding);
        (self.book, self.outstanding) = (levied.book, levied.outstanding);
        self.cut += levied.cut;
        for claim in [levied.settled.repaying, levied.settled.collecting] {
            self.admit(who, claim);
        }
        (levied.cut, levied.settled.paid)
    }

    /// What its equity would be, whatever its words say: nobody's falls by a settlement beyond what he bears.
    fn equity(&self, who: usize) -> u128 {
        logic::equity(&self.positions[who], self.rate).unwrap().0 + self.accounts[who].free
    }

    /// The next stretch of a position's history: its ends, the point it leads to, and its stamp.
    fn stretch(&self, position: &Position) -> Option<(Index, Index, Snapshot, (u32, Cuts))> {
        let history = &self.points[at(position.is_long)];
        let (was, now) = (position.snapshot as usize, history.len() - 1);
        if position.size == 0 || was == now {
            return None;
        }
        let (from, (_, stamp)) = (history[was].0, history[was + 1]);
        let reached =
            (was + 1..=now).take_while(|i| history[*i].0.epoch == from.epoch && history[*i].1 == stamp).last();
        let reached = reached.unwrap();
        let ends = history.get(reached + 1).is_some_and(|next| next.0.epoch != from.epoch);
        Some((from, history[reached].0, Snapshot((reached + usize::from(ends)) as u32), stamp))
    }

    /// What a position that settles claims in the ledger, and what never is.
    fn admitted(&mut self, who: usize, epoch: u32, settled: &Settled) {
        let (claim, lacking) = rule::admitted(settled.cut, settled.cut + settled.shortfall);
        let room = self.rooms.entry(epoch).or_default();
        *room = room.saturating_sub(claim + lacking);
        self.admit(who, Claim { epoch, amount: claim, taken: 0 });
        if lacking > 0 {
            self.book = ledger::waive(self.book, epoch, lacking, true).unwrap_or(self.book);
        }
    }

    /// Counts a position at the end of the market: what it has won.
    fn count(&mut self, who: usize) -> Counted {
        let (mut books, mut so_far, book) = (self.books(who), Counted::default(), self.book);
        while let Some((from, to, next, stamp)) = self.stretch(&books.position) {
            let position = books.position;
            let side = at(position.is_long);
            let held = Held { size: position.size, margin: end::means(&position, &so_far), entry: position.entry };
            let settled = deleverage::settle(position.is_long, &from, &to, self.rate.scale, held).unwrap();
            let gain = rule::gain(&position, &settled).unwrap();
            let (passed, reserve, counted) = end::passed(books, self.reserves[side], &settled, next, so_far).unwrap();
            let until = rule::since_of(stamp.1);
            (books, so_far) = end::withheld(passed, &book, until, gain, counted).unwrap();
            self.reserves[side] = reserve;
            let due = settled.released(position.is_long, &held);
            self.released[side] = self.released[side].saturating_sub(due);
            self.admitted(who, stamp.0, &settled);
        }
        let until = rule::since_of(book.index);
        let (books, counted) = end::count(books, self.rate, &book, until, so_far).unwrap();
        self.keep(who, books);
        counted
    }

    fn touch(&mut self, who: usize) -> Result<(), Error> {
        loop {
            let books = self.books(who);
            let position = books.position;
            let side = at(position.is_long);
            let Some((from, to, next, stamp)) = self.stretch(&position) else { return Ok(()) };
            let held = Held { size: position.size, margin: position.margin, entry: position.entry };
            let settled = deleverage::settle(position.is_long, &from, &to, self.rate.scale, held).unwrap();
            let gain = rule::gain(&position, &settled)?;
            let (books, reserve) = rule::settled(books, self.reserves[side], &settled, next)?;
            self.reserves[side] = reserve;
            let due = settled.released(position.is_long, &held);
            assert!(due <= self.released[side] + 64, "{due} {}", self.released[side]);
            self.released[side] = self.released[side].saturating_sub(due);
            let (cut, repaid) = self.collect(who, position.since, stamp.1, gain);
            let (mut books, taken) = rule::charge(books, cut, true);
            assert_eq!(taken, cut);
            books.pool.assets += cut;
            books.account.free += repaid;
            self.keep(who, books);
            self.admitted(who, stamp.0, &settled);
            self.settlements += 1;
        }
    }

    /// What a trade of a marked market does first.
    fn look(&mut self, who: usize) -> Result<(), Error> {
        self.touch(who)?;
        let (position, until) = (self.positions[who], self.book.index);
        if position.size != 0 && position.since != rule::since_of(until) {
            let stands = rule::standing(&position, self.rate)?;
            let (cut, repaid) = self.collect(who, position.since, until, stands);
            let mut books = rule::marked(self.books(who), cut)?;
            books.position.since = rule::since_of(until);
            books.account.free += repaid;
            self.keep(who, books);
        }
        self.positions[who].since = rule::since_of(until);
        Ok(())
    }

    fn close_part(&mut self, is_long: bool, ask: Ask) -> (u128, u128) {
        let (sums, history) = (self.interest.side(is_long), &mut self.points[at(is_long)]);
        let state = SideState {
            is_long,
            size: sums.size,
            entry: sums.entry.saturating_sub(self.released[at(is_long)]),
            snapshot: Snapshot(sums.snapshot as u32),
            index: history.last().unwrap().0,
            reserve: self.reserves[at(is_long)],
        };
        let limits = Limits { most_bps: 10_000, assets: self.pool.assets };
        let (next, closed) = deleverage::deleverage(state, ask, rule::quote(self.rate), limits).unwrap();
        if closed.size != 0 {
            let stamp = (self.book.traders.collecting(), self.book.index);
            history.push((closed.point, stamp));
            if closed.ended {
                history.push((next.index, stamp));
            }
            assert_eq!(history.len() - 1, next.snapshot.0 as usize);
            self.reserves[at(is_long)] = next.reserve;
            self.pool.assets -= closed.reserved;
            self.released[at(is_long)] += closed.entry;
            let sums = Side { size: next.size, snapshot: next.snapshot.0.into(), ..sums };
            self.interest = self.interest.with(is_long, sums);
        }
        (closed.size, closed.cover)
    }

    fn bear(&mut self, from: Position, loss: u128, bad_debt: u128) {
        let layers = Layers {
            collateral: loss - bad_debt,
            buffer: self.buffer,
            fund: self.fund,
            fund_floor: 0,
            pool: self.pool.assets,
            pool_floor: rule::floor(&self.interest),
        };
        let (cover, split) = waterfall::absorb(self.cover, &layers, 0, loss).unwrap();
        self.cover = cover;
        (self.buffer, self.fund) = (self.buffer - split.buffer, self.fund - split.fund);
        self.pool.assets += split.buffer + split.fund;
        assert!(split.pool == 0 || self.pool.assets - split.buffer - split.fund >= layers.pool_floor);
        let mut covered = 0;
        if split.open > 0 {
            let worth = if from.is_long { from.entry.saturating_sub(from.margin) } else { from.entry + from.margin };
            let bankruptcy = rule::bankruptcy(from.is_long, from.size, worth, self.rate.scale).unwrap();
            covered = self.close_part(!from.is_long, Ask::Deficit { amount: split.open, bankruptcy }).1;
            *self.rooms.entry(self.book.traders.collecting()).or_default() += covered;
        }
        let released = (self.released[0], self.released[1]);
        let profits = logic::unrealised(&self.interest, released, self.rate, true).unwrap().0;
        let split = waterfall::deleverage(split, covered).unwrap();
        let residue = waterfall::haircut(split, self.book.index, profits).1.residue;
        let profits = if residue > self.pool.assets { 0 } else { profits };
        let (split, haircut) = waterfall::haircut(split, self.book.index, profits);
        assert_eq!(split.sum(), loss);
        assert!(split.deleveraged == 0 || split.pool + layers.pool_floor >= layers.pool, "the pool was spared");
        self.book = ledger::record(self.book, &split, &haircut).unwrap();
        self.pool.assets -= haircut.residue;
        self.outstanding += haircut.charged;
        self.charged += haircut.charged;
    }

    fn step(&mut self, step: &Step) -> Result<(), Error> {
        let (who, size) = (step.who, step.size);
        match step.action {
            0 | 1 => {
                let moved = self.rate.price / 10_000 * (6_500 + size % 7_500);
                self.rate.price = moved.clamp(200 * WAD, 9_000 * WAD);
            }
            2..=4 => {
                self.look(who)?;
                let held = self.positions[who];
                let is_long = if held.size == 0 { step.margin % 2 == 0 } else { held.is_long };
                let notional = size / 10u128.pow(9) * (self.rate.price / 10u128.pow(18)) / 1_000;
                let order = Order { is_long, size, margin: notional / 10 + step.margin % (notional + 1) / 4 };
                let (books, ..) = logic::increase(self.books(who), 7, self.rate, order)?;
                self.keep(who, books);
            }
            5 => {
                self.look(who)?;
                let part = size % self.positions[who].size.max(1) + 1;
                let (books, _) = logic::reduce(self.books(who), 7, self.rate, part)?;
                self.keep(who, books);
            }
            6 => {
                self.look(who)?;
                let (books, _) = logic::reduce(self.books(who), 7, self.rate, self.positions[who].size)?;
                self.keep(who, books);
            }
            7..=9 => {
                self.look(who)?;
                let position = self.positions[who];
                let (mut books, fill) = logic::liquidate(self.books(who), &closing(), 0, self.rate, false)?;
                (books.pool, self.buffer) = rule::feed(books.pool, self.buffer, 100, fill.fee);
                self.keep(who, books);
                self.accounts[(who + 1) % TRADERS].free += fill.reward;
                if fill.bad_debt > 0 {
                    let margin = position.margin - fill.reward;
                    self.bear(Position { margin, ..position }, fill.loss, fill.bad_debt);
                }
            }
            10 => {
                let before = self.equity(who);
                let position = self.positions[who];
                self.touch(who)?;
                // Of its equity a position loses by a settlement what it bears of a deficit or a haircut, a few units of
                // rounding, and no principal.
                if self.rooms.values().all(|room| *room <= 64) && self.outstanding == 0 && position.size != 0 {
                    assert!(self.equity(who) + 1_000_000 + self.unpaid() >= before.min(position.margin));
                }
            }
            11 => {
                let ask = Ask::Profit { share_bps: 2_000, target_bps: 1_500 };
                self.close_part(step.margin % 2 == 0, ask);
            }
            12 => {
                let amount = step.margin.min(self.accounts[who].free);
                self.accounts[who].free -= amount;
                let (book, parts) = ledger::repay(self.book, amount);
                self.book = book;
                self.pool.assets += parts.providers;
                self.buffer += parts.buffer;
                self.fund += parts.fund + parts.rest;
            }
            _ => {
                let epochs: Vec<u32> = self.claims.keys().filter(|key| key.0 == who).map(|key| key.1).collect();
                for epoch in epochs {
                    let (book, claim, due) = ledger::take(self.book, self.claims[&(who, epoch)]);
                    self.claims.insert((who, epoch), claim);
                    self.book = book;
                    self.accounts[who].free += due;
                }
            }
        }
        Ok(())
    }

    fn unpaid(&self) -> u128 {
        self.pool.unpaid
    }
}

#[derive(Clone, Debug)]
struct Step {
    action: u8,
    who: usize,
    size: u128,
    margin: u128,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0u8..14, 0..TRADERS, 1u128..60 * WAD, 1u128..20_000 * UNIT)
        .prop_map(|(action, who, size, margin)| Step { action, who, size, margin });
    prop::collection::vec(step, 1..200)
}

fn config() -> ProptestConfig {
    let cases = std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn run(steps: &[Step], mut after: impl FnMut(&World)) -> World {
    let mut world = World::new();
    for step in steps {
        let before = world.clone();
        if world.step(step).is_err() {
            world = before;
        }
        after(&world);
    }
    world
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn pp_1_collateral_is_conserved_through_losses_deleveragings_and_cuts(steps in steps()) {
        run(&steps, |world| assert_eq!(world.held(), world.paid_in));
    }

    #[test]
    fn pp_2_a_side_is_the_sum_of_what_its_positions_settle_to(steps in steps()) {
        let mut world = run(&steps, |_| ());
        for who in 0..TRADERS {
            world.touch(who).unwrap();
        }
        for is_long in [true, false] {
            let (side, of) = (world.interest.side(is_long), world.positions.iter().filter(|p| p.is_long == is_long));
            let (size, entry) = of.fold((0, 0), |sum, p| (sum.0 + p.size, sum.1 + p.entry));
            let dust = world.settlements + world.points[at(is_long)].len() as u128;
            prop_assert!(side.size >= size && side.size - size <= dust, "{} {size} {dust}", side.size);
            prop_assert_eq!(side.entry, entry);
            // Nothing but rounding is left of the reserve, and of what was released.
            prop_assert!(world.reserves[at(is_long)] <= 4 * dust + 16, "{} {dust}", world.reserves[at(is_long)]);
            prop_assert!(world.released[at(is_long)] <= 4 * dust + 16, "{} {dust}", world.released[at(is_long)]);
        }
    }

    #[test]
    fn pp_12_profits_pay_what_was_charged_and_no_more(steps in steps()) {
        run(&steps, |world| {
            assert_eq!(world.cut + world.outstanding, world.charged);
            // Nothing that was not booked is claimed.
            let claimed: u128 = world.claims.values().map(|claim| claim.amount - claim.taken).sum();
            let owed = world.book.traders.owed() + world.book.traders.held;
            assert!(claimed <= owed, "{claimed} of {owed} after {}", world.settlements);
        });
    }

    #[test]
    fn pp_36_after_any_history_every_order_of_counting_comes_to_the_same(steps in steps(), order in prop::collection::vec(any::<u32>(), TRADERS)) {
        let start = run(&steps, |_| ());
        let ended = |order: &[usize]| {
            let mut world = start.clone();
            let mut won = vec![Counted::default(); TRADERS];
            let mut profits = Profits::default();
            for who in order.iter().copied().filter(|who| start.positions[*who].size != 0) {
                won[who] = world.count(who);
                profits = end::joined(profits, &won[who]).unwrap();
                assert_eq!(world.held(), world.paid_in);
            }
            assert!(end::is_counted(&world.interest), "{:?}", world.interest);
            (world, won, end::levied(profits, start.outstanding))
        };
        let forward: Vec<usize> = (0..TRADERS).collect();
        let mut shuffled = forward.clone();
        shuffled.sort_by_key(|who| order[*who]);
        let (one, first, profits) = ended(&forward);
        let (other, second, same) = ended(&shuffled);
        prop_assert_eq!((&first, profits), (&second, same));
        prop_assert_eq!((one.accounts, one.pool, one.book), (other.accounts, other.pool, other.book));
        prop_assert_eq!((one.claims.clone(), one.rooms, one.reserves), (other.claims, other.rooms, other.reserves));
        // Principal is whole: nobody has less than his margin less his losses, and what is claimed is asked of nobody else.
        for who in 0..TRADERS {
            let margin = start.positions[who].margin;
            let has = one.accounts[who].free - start.accounts[who].free + first[who].won.profit;
            prop_assert!(has + first[who].loss >= margin, "{has} {margin} {:?}", first[who]);
            prop_assert!(first[who].won.asked <= first[who].won.profit);
        }
        // No claim of the ledger is of anything that was not booked.
        let claimed: u128 = one.claims.values().map(|claim| claim.amount - claim.taken).sum();
        let to_come: u128 = first.iter().map(|of| end::after_cuts(&of.won, &profits).1).map(|cut| cut.repaying + cut.collecting).sum();
        prop_assert!(claimed + to_come <= one.book.traders.owed() + one.book.traders.held);
    }

    #[test]
    fn pp_12_a_cut_is_at_most_ones_own_part(profit in 0u128..1 << 100, outstanding in 0u128..1 << 100, was in 0u128..1 << 89, more in 0u128..1 << 88) {
        let (since, to) = (Cuts { era: 0, cut: was }, Cuts { era: 0, cut: was + more });
        let book = Book { index: to, sealed: to, ..Book::default() };
        let levied = rule::levied(book, outstanding, since, to, profit);
        prop_assert!(levied.cut <= profit - waterfall::kept_down(profit, since, to));
        prop_assert_eq!(levied.cut + levied.outstanding, outstanding);
        prop_assert_eq!(rule::levied(book, outstanding, to, to, profit).cut, 0);
        prop_assert_eq!(rule::index_of(rule::since_of(to)), to);
    }
}

/// A run in which everything happens, so that the properties above are about something.
#[test]
fn histories_reach_every_layer() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut deleveraged, mut haircut, mut buffer, mut claims) = (0, 0, 0, 0);
    for _ in 0..200 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let world = run(&steps, |_| ());
        deleveraged += u32::from(world.points.iter().any(|points| points.len() > 1));
        haircut += u32::from(world.charged > 0);
        buffer += u32::from(world.buffer > 0);
        claims += u32::from(world.claims.values().any(|claim| claim.taken > 0));
    }
    assert!(deleveraged > 10 && haircut > 3 && buffer > 10 && claims > 3, "{deleveraged} {haircut} {buffer} {claims}");
}
