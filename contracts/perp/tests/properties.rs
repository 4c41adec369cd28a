//! One property for each invariant of the README that the pure half can show, over random histories.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::as_conversions)] // tests

use alloy_primitives::U256;
use fusebox_market::{
    logic::admit,
    params::{Caps, Closing, Params, Ramp, Terms, MAX_CAP},
    types::{Ratchet, Weather},
};
use perp::{
    error::Error,
    logic::{self, Order},
    types::{Account, Books, Fill, Interest, Policy, Pool, Position, Rate, BOUNTY, BPS, VIRTUAL_SHARES},
};
use proptest::prelude::*;

const TRADERS: usize = 4;

const POLICY: Policy = Policy { bounty: 500, buffer_bps: 50, share_bps: 2_000, target_bps: 1_000 };

fn terms() -> Terms {
    Terms {
        base_bps: 1_000,
        fee_bps: 7,
        interest_share_bps: 8_000,
        min_margin: 1_000,
        ..Params::standard(0, 1_000, CAPS, 0).terms
    }
}

const CAPS: Caps = Caps { position: MAX_CAP, interest: MAX_CAP };

fn closing() -> Closing {
    Closing { maintenance: Ramp::flat(500, 0, 86_400), penalty_bps: 300, dust: 1_000, domain: 0 }
}

/// An opening as the shell does it: the books first, then whether the market admits them.
fn increase(books: Books, terms: &Terms, rate: Rate, order: Order) -> Result<(Books, Fill), Error> {
    let (books, fill, opening) = logic::increase(books, terms.fee_bps, rate, order)?;
    let admitted = admit(Ratchet::default(), (terms, &CAPS), 0, Weather::default(), &opening);
    admitted.map(|_| (books, fill)).map_err(|_| Error::Zero) // any refusal will do
}

/// Everything that holds collateral, and what came in from outside.
#[derive(Clone, Debug)]
struct World {
    accounts: [Account; TRADERS],
    positions: [Position; TRADERS],
    interest: Interest,
    pool: Pool,
    paid_in: u128,
    rate: Rate,
}

impl World {
    fn new(decimals: u32) -> Self {
        let unit = 10u128.pow(decimals);
        let mut world = Self {
            accounts: [Account::default(); TRADERS],
            positions: [Position::default(); TRADERS],
            interest: Interest::default(),
            pool: Pool::default(),
            paid_in: 0,
            rate: Rate { price: 1_800 * 10u128.pow(18), scale: 10u128.pow(36 - decimals) },
        };
        for account in &mut world.accounts {
            account.free = 1_000_000 * unit;
            world.paid_in += account.free;
        }
        world
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

    fn held(&self) -> u128 {
        self.accounts.iter().map(|a| a.free).sum::<u128>()
            + self.positions.iter().map(|p| p.margin).sum::<u128>()
            + self.pool.assets
    }

    fn step(&mut self, step: &Step) -> Result<(), Error> {
        let (terms, who) = (terms(), step.who);
        let size = step.size;
        match step.action {
            0 => self.rate.price = (self.rate.price / 10_000 * (9_000 + step.size % 2_100)).max(10u128.pow(15)),
            1 | 2 => {
                let is_long =
                    if self.positions[who].size == 0 { step.action == 1 } else { self.positions[who].is_long };
                let order = Order { is_long, size, margin: step.margin };
                let (books, _) = increase(self.books(who), &terms, self.rate, order)?;
                self.keep(who, books);
            }
            3 => {
                let part = size % self.positions[who].size.max(1) + 1;
                let (books, _) = logic::reduce(self.books(who), terms.fee_bps, self.rate, part)?;
                self.keep(who, books);
            }
            4 => {
                let whole = self.positions[who].size;
                let (books, _) = logic::reduce(self.books(who), terms.fee_bps, self.rate, whole)?;
                self.keep(who, books);
            }
            5 => {
                let (books, fill) =
                    logic::liquidate(self.books(who), &closing(), 0, self.rate, step.size.is_multiple_of(2))?;
                self.keep(who, books);
                let keeper = (who + 1) % TRADERS;
                self.accounts[keeper] = logic::credit(self.accounts[keeper], fill.reward)?;
            }
            6 => {
                let (account, position) = logic::top_up(self.accounts[who], self.positions[who], step.margin)?;
                (self.accounts[who], self.positions[who]) = (account, position);
            }
            7 => {
                let claims = logic::unrealised(&self.interest, (0, 0), self.rate, false)?;
                let (account, pool, _) = logic::provide(self.accounts[who], self.pool, claims, step.margin)?;
                (self.accounts[who], self.pool) = (account, pool);
            }
            8 => {
                let risen = u8::try_from(step.margin % 4).unwrap();
                let (account, pool, _) = logic::reward(self.accounts[who], self.pool, &POLICY, risen)?;
                (self.accounts[who], self.pool) = (account, pool);
            }
            _ => {
                let claims = logic::unrealised(&self.interest, (0, 0), self.rate, true)?;
                let in_use = logic::needed_for(&self.interest, &terms);
                let shares = step.margin % self.accounts[who].shares.max(1) + 1;
                let (account, pool, _) = logic::remove(self.accounts[who], self.pool, claims.0, in_use, shares)?;
                (self.accounts[who], self.pool) = (account, pool);
            }
        }
        Ok(())
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
    let step = (0u8..10, 0..TRADERS, 1u128..50_000_000_000_000_000_000, 1u128..400_000_000_000)
        .prop_map(|(action, who, size, margin)| Step { action, who, size, margin });
    prop::collection::vec(step, 1..120)
}

/// A world with a pool in it, so that most histories trade at all.
fn seeded(decimals: u32) -> World {
    let mut world = World::new(decimals);
    let amount = 500_000 * 10u128.pow(decimals);
    let (account, pool, _) = logic::provide(world.accounts[0], world.pool, (0, 0), amount).unwrap();
    (world.accounts[0], world.pool) = (account, pool);
    world
}

proptest! {
    #[test]
    fn pp_1_collateral_is_conserved_to_the_unit(steps in steps(), eighteen: bool) {
        let mut world = seeded(if eighteen { 18 } else { 6 });
        for step in &steps {
            let before = world.clone();
            if world.step(step).is_err() {
                world = before;
            }
            prop_assert_eq!(world.held(), world.paid_in);
        }
    }

    #[test]
    fn pp_2_open_interest_is_the_sum_over_positions(steps in steps()) {
        let mut world = seeded(6);
        for step in &steps {
            let before = world.clone();
            if world.step(step).is_err() {
                world = before;
            }
            for is_long in [true, false] {
                let side = world.interest.side(is_long);
                let of = |f: fn(&Position) -> u128| {
                    world.positions.iter().filter(|p| p.size != 0 && p.is_long == is_long).map(f).sum::<u128>()
                };
                prop_assert_eq!(side.size, of(|p| p.size));
                prop_assert_eq!(side.entry, of(|p| p.entry));
            }
        }
    }

    #[test]
    fn pp_3_a_round_trip_at_one_price_never_gains(
        is_long: bool, size in 1u128..20_000_000_000_000_000_000, price in 1u128..10_000_000_000_000_000_000_000,
        cut in 1u128..100, fee_bps in 0u16..20,
    ) {
        let mut world = seeded(6);
        let terms = Terms { fee_bps, ..terms() };
        world.rate.price = price;
        let before = world.accounts[1].free;
        let order = Order { is_long, size, margin: 300_000_000_000 };
        if let Ok((books, _)) = increase(world.books(1), &terms, world.rate, order) {
            let part = (size / cut).max(1);
            let books = logic::reduce(books, terms.fee_bps, world.rate, part).map_or(books, |(books, _)| books);
            let left = books.position.size;
            let books = if left == 0 { books } else { logic::reduce(books, terms.fee_bps, world.rate, left).unwrap().0 };
            prop_assert_eq!(books.position, Position::default());
            prop_assert!(books.account.free <= before, "{} > {}", books.account.free, before);
        }
    }

    #[test]
    fn pp_3_shares_out_never_exceed_what_went_in(first in 1u128..1_000_000_000_000, amount in 1u128..1_000_000_000_000) {
        let rich = Account { free: u128::from(u64::MAX), ..Account::default() };
        let Ok((_, pool, _)) = logic::provide(rich, Pool::default(), (0, 0), first) else { return Ok(()) };
        let Ok((mine, pool, shares)) = logic::provide(rich, pool, (0, 0), amount) else { return Ok(()) };
        let (back, pool, out) = logic::remove(mine, pool, 0, 0, shares).unwrap();
        prop_assert!(out <= amount);
        prop_assert_eq!(back.free + (amount - out), rich.free);
        prop_assert!(pool.assets >= first);
    }

    #[test]
    fn pp_4_an_account_loses_at_most_the_margin(fall in 1u128..10_000, size in 1u128..100_000_000_000_000_000_000) {
        let world = seeded(6);
        let margin = 100_000_000_000;
        let order = Order { is_long: true, size, margin };
        if let Ok((books, fill)) = increase(world.books(1), &terms(), world.rate, order) {
            let free = books.account.free;
            let rate = Rate { price: world.rate.price / 10_000 * (10_000 - fall) + 1, ..world.rate };
            let whole = books.position.size;
            match logic::reduce(books, terms().fee_bps, rate, whole) {
                Ok((closed, _)) => prop_assert!(closed.account.free >= free),
                // Who owes more is liquidated.
                Err(error) => {
                    let is_bankrupt = matches!(error, Error::LossAboveMargin { .. });
                    prop_assert!(is_bankrupt);
                }
            }
            if let Ok((liquidated, _)) = logic::liquidate(books, &closing(), 0, rate, false) {
                prop_assert!(liquidated.account.free >= free);
            }
            prop_assert_eq!(world.accounts[1].free, free + margin + fill.fee);
        }
    }

    #[test]
    fn pp_7_removal_leaves_what_open_interest_needs(steps in steps(), shares in 1u128..1_000_000_000_000) {
        let mut world = seeded(6);
        for step in &steps {
            let before = world.clone();
            if world.step(step).is_err() {
                world = before;
            }
        }
        let Ok(claims) = logic::unrealised(&world.interest, (0, 0), world.rate, true) else { return Ok(()) };
        let in_use = logic::needed_for(&world.interest, &terms());
        if let Ok((_, pool, _)) = logic::remove(world.accounts[0], world.pool, claims.0, in_use, shares) {
            for side in [world.interest.long, world.interest.short] {
                prop_assert!(side.entry <= pool.assets * u128::from(terms().interest_share_bps) / BPS);
            }
        }
    }

    #[test]
    fn pp_9_who_leaves_before_a_bankruptcy_takes_nothing_from_who_stays(steps in steps(), price in 600u128..3_000, part in 1u128..100) {
        let mut world = seeded(6);
        for step in &steps {
            let before = world.clone();
            if world.step(step).is_err() {
                world = before;
            }
        }
        world.rate = Rate { price: price * 10u128.pow(18), ..world.rate };
        let Ok((owed, _)) = logic::unrealised(&world.interest, (0, 0), world.rate, true) else { return Ok(()) };
        // The account that provided the first liquidity leaves with a part of it, before the others are closed.
        let shares = world.accounts[0].shares / 100 * part;
        let Ok((account, pool, _)) = logic::remove(world.accounts[0], world.pool, owed, 0, shares) else { return Ok(()) };
        let mut left = world.clone();
        (left.accounts[0], left.pool) = (account, pool);
        for world in [&mut world, &mut left] {
            for who in 0..TRADERS {
                if world.positions[who].size > 0 {
                    let size = world.positions[who].size;
                    let closed = logic::reduce(world.books(who), 0, world.rate, size);
                    let (books, fill) =
                        closed.or_else(|_| logic::liquidate(world.books(who), &closing(), 0, world.rate, false)).unwrap();
                    world.keep(who, books);
                    world.accounts[0].free += fill.reward;
                }
            }
        }
        let per_share = |world: &World, other: &World| U256::from(world.pool.assets + 1) * U256::from(other.pool.shares + VIRTUAL_SHARES);
        prop_assert!(per_share(&left, &world) >= per_share(&world, &left), "{:?} {:?}", left.pool, world.pool);
    }
}

#[test]
fn liquidating_at_the_threshold_is_refused_and_one_unit_below_it_succeeds() {
    let world = seeded(6);
    let order = Order { is_long: true, size: 10u128.pow(18), margin: 200_000_000 };
    let terms = Terms { fee_bps: 0, ..terms() };
    let (books, _) = increase(world.books(1), &terms, world.rate, order).unwrap();
    // Equity 200 - (1800 - p), threshold 5 % of p: equal at p = 1600 / 0.95.
    let above = Rate { price: 1_684_210_527_000_000_000_000, ..world.rate };
    assert!(matches!(logic::liquidate(books, &closing(), 0, above, false), Err(Error::Healthy { .. })));
    let below = Rate { price: 1_684_210_524_000_000_000_000, ..world.rate };
    assert!(logic::liquidate(books, &closing(), 0, below, false).is_ok());
    // In the grace after a pause half of it counts.
    assert!(matches!(logic::liquidate(books, &closing(), 0, below, true), Err(Error::Healthy { .. })));
}

#[test]
fn amounts_at_zero_one_the_bound_and_one_past_it() {
    let max = perp::types::MAX_AMOUNT;
    assert_eq!(logic::amount(U256::ZERO), Err(Error::Zero));
    assert_eq!(logic::amount(U256::from(1)), Ok(1));
    assert_eq!(logic::amount(U256::from(max)), Ok(max));
    assert_eq!(logic::amount(U256::from(max) + U256::from(1)), Err(Error::TooLarge { value: max + 1, max }));
    assert_eq!(logic::amount(U256::MAX), Err(Error::TooLarge { value: u128::MAX, max }));
}

#[test]
fn a_bounty_is_at_most_the_smallest_margin() {
    let at = |bounty| Policy { bounty, ..Policy::default() }.validated(&terms());
    assert_eq!(at(1_000), Ok(Policy { bounty: 1_000, ..Policy::default() }));
    assert_eq!(at(1_001), Err(Error::Term { term: BOUNTY, value: 1_001, bound: 1_000 }));
}
