//! The end of a market on its pure half: any order of counting and paying has the same result, to the unit.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::as_conversions)] // tests

use fusebox_fund::types::settlement::Anchor;
use perp::{
    error::Error,
    logic::settle::{self, Counted},
    storage::settle::Profits,
    types::{Account, Books, Interest, Pool, Position, Rate, Side},
};
use proptest::prelude::*;

const SCALE: u128 = 1_000_000_000_000_000_000_000_000_000_000; // 6 decimals

/// Accounts with a position each, the market's sums, and a pool.
#[derive(Clone, Debug)]
struct World {
    accounts: Vec<Account>,
    positions: Vec<Position>,
    interest: Interest,
    pool: Pool,
    profits: Profits,
    claims: Vec<u128>,
}

fn world(positions: Vec<Position>, assets: u128) -> World {
    let mut interest = Interest::default();
    for position in &positions {
        let side = interest.side(position.is_long);
        let side = Side { size: side.size + position.size, entry: side.entry + position.entry, ..side };
        interest = interest.with(position.is_long, side);
    }
    World {
        accounts: vec![Account::default(); positions.len()],
        claims: vec![0; positions.len()],
        positions,
        interest,
        pool: Pool { assets, ..Pool::default() },
        profits: Profits::default(),
    }
}

impl World {
    /// What is there: to the unit the same after every step.
    fn total(&self) -> u128 {
        let free: u128 = self.accounts.iter().map(|account| account.free).sum();
        let margins: u128 = self.positions.iter().map(|position| position.margin).sum();
        free + margins + self.pool.assets + self.profits.left
    }

    fn count(&mut self, at: usize, rate: Rate) -> Counted {
        let books = Books {
            account: self.accounts[at],
            position: self.positions[at],
            interest: self.interest,
            pool: self.pool,
        };
        let (books, counted) = settle::count(books, rate).unwrap();
        (self.accounts[at], self.positions[at]) = (books.account, books.position);
        (self.interest, self.pool) = (books.interest, books.pool);
        self.profits = settle::claimed(self.profits, counted.profit).unwrap();
        self.claims[at] = counted.profit;
        counted
    }

    fn divide(&mut self) {
        (self.pool, self.profits) = settle::divide(self.pool, self.profits);
    }

    fn pay(&mut self, at: usize) -> u128 {
        let claim = std::mem::take(&mut self.claims[at]);
        let (account, profits, paid) = settle::pay(self.accounts[at], self.profits, claim).unwrap();
        (self.accounts[at], self.profits) = (account, profits);
        paid
    }
}

fn position() -> impl Strategy<Value = Position> {
    (any::<bool>(), 1u128..1 << 70, 1u128..1 << 40, 1u128..1 << 45)
        .prop_map(|(is_long, size, margin, entry)| Position { is_long, size, margin, entry, ..Position::default() })
}

/// A price near which positions of this strategy neither all win nor all lose.
fn price() -> impl Strategy<Value = u128> {
    1u128..1 << 72
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("FUSEBOX_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(256);
    ProptestConfig { cases, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn pp_20_counting_is_conserved_and_takes_no_principal_of_another(
        positions in prop::collection::vec(position(), 1..12), assets in 0u128..1 << 46, price in price(),
    ) {
        let mut world = world(positions.clone(), assets);
        let total = world.total();
        for (at, position) in positions.iter().enumerate() {
            let before = world.accounts.clone();
            let counted = world.count(at, Rate { price, scale: SCALE });
            prop_assert_eq!(counted.principal + counted.loss, position.margin);
            prop_assert!(counted.profit == 0 || counted.loss == 0);
            prop_assert!(counted.bad_debt == 0 || counted.principal == 0);
            prop_assert_eq!(world.accounts[at].free, before[at].free + counted.principal);
            prop_assert_eq!(world.total(), total);
        }
        prop_assert!(settle::is_counted(&world.interest));
        prop_assert_eq!(world.interest.long.entry + world.interest.short.entry, 0);
        world.divide();
        prop_assert_eq!(world.total(), total);
    }

    #[test]
    fn pp_21_any_order_has_the_same_result_and_one_ratio(
        positions in prop::collection::vec(position(), 2..12), assets in 0u128..1 << 46, price in price(),
        order in prop::collection::vec(any::<u32>(), 24),
    ) {
        let rate = Rate { price, scale: SCALE };
        let count = positions.len();
        let mut straight = world(positions.clone(), assets);
        for at in 0..count {
            straight.count(at, rate);
        }
        straight.divide();
        let claims = straight.claims.clone();
        let paid: Vec<u128> = (0..count).map(|at| straight.pay(at)).collect();
        let mut shuffled = world(positions, assets);
        let by = |salt: usize| {
            let mut all: Vec<usize> = (0..count).collect();
            all.sort_by_key(|at| order[at + salt]);
            all
        };
        for at in by(0) {
            shuffled.count(at, rate);
        }
        shuffled.divide();
        for at in by(12) {
            shuffled.pay(at);
        }
        prop_assert_eq!(&shuffled.accounts, &straight.accounts);
        prop_assert_eq!(shuffled.pool, straight.pool);
        prop_assert_eq!(shuffled.profits, straight.profits);
        // One ratio, and less than a unit a claim is left.
        let pot = straight.profits.pot;
        for (claim, paid) in claims.iter().zip(&paid) {
            if pot.claims > 0 {
                prop_assert_eq!(*paid, (alloy_primitives::U256::from(*claim) * alloy_primitives::U256::from(pot.paid)
                    / alloy_primitives::U256::from(pot.claims)).to::<u128>());
            }
        }
        prop_assert!(straight.profits.left <= count as u128);
        prop_assert_eq!(pot.paid, pot.claims.min(pot.paid + straight.pool.assets));
    }

    #[test]
    fn pp_22_shares_are_paid_one_part_in_any_order(
        shares in prop::collection::vec(1u128..1 << 60, 1..8), claims in 0u128..1 << 60,
    ) {
        let circulating: u128 = shares.iter().sum();
        let pool = Pool { assets: claims, shares: circulating, ..Pool::default() };
        let due: Vec<u128> = shares.iter().map(|of| settle::claim_of(*of, &pool, claims).unwrap()).collect();
        prop_assert!(due.iter().sum::<u128>() <= claims);
        let mut left = pool;
        for claim in due.iter().rev() {
            let (account, next) = settle::pay_from(Account::default(), left, *claim).unwrap();
            prop_assert_eq!(account.free, *claim);
            prop_assert_eq!(next.shares, pool.shares, "later claims are of the same shares");
            left = next;
        }
        let virtual_part = claims / (circulating / 1_000_000 + 1) + 1;
        prop_assert!(left.assets <= virtual_part + due.len() as u128);
    }

    #[test]
    fn pp_24_an_hour_remembers_what_most_feeds_said_last(
        seen in prop::collection::vec((1u128..1 << 100, 0u64..3_600, 1u8..6), 1..20),
    ) {
        let mut seen: Vec<Anchor> =
            seen.into_iter().map(|(price, at, feeds)| Anchor { price, at: 7_200 + at, feeds }).collect();
        seen.sort_by_key(|anchor| anchor.at);
        let kept = seen.iter().fold(Anchor::default(), |was, anchor| settle::remember(was, *anchor));
        let most = seen.iter().map(|anchor| anchor.feeds.min(3)).max().unwrap();
        let last = seen.iter().rev().find(|anchor| anchor.feeds.min(3) == most).unwrap();
        prop_assert_eq!(kept, *last);
        let next = Anchor { at: 10_800, feeds: 1, price: 5 };
        prop_assert_eq!(settle::remember(kept, next), next, "another hour takes the place");
        prop_assert_eq!(settle::later(kept, next), next);
        prop_assert_eq!(settle::later(next, kept), next);
        prop_assert_eq!(settle::later(kept, Anchor { price: 0, ..next }), kept);
    }
}

#[test]
fn pp_20_what_deleveraging_leaves_by_rounding_does_not_keep_a_market_open() {
    let of = |size| Interest { long: Side { size, ..Side::default() }, ..Interest::default() };
    assert!(settle::is_counted(&of(0)) && settle::is_counted(&of(settle::DUST)));
    assert!(!settle::is_counted(&of(settle::DUST + 1)));
    let books =
        Books { account: Account::default(), position: Position::default(), interest: of(0), pool: Pool::default() };
    assert_eq!(settle::count(books, Rate { price: 1, scale: 1 }), Err(Error::NoPosition));
}
