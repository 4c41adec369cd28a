//! The end of a market on its pure half: any order of counting and paying has the same result, to the unit.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::as_conversions)] // tests

use fusebox_fund::types::{ledger::Book, loss::Index, settlement::Anchor};
use perp::{
    logic::{
        end::{self, Ending, Need},
        loss::since_of,
        settle::{self, Counted},
    },
    storage::settle::{Profits, Won},
    types::{Account, Books, Interest, Pool, Position, Rate, Side},
};
use proptest::prelude::*;

const SCALE: u128 = 1_000_000_000_000_000_000_000_000_000_000; // 6 decimals
/// A part of profits that was cut before: 30 %.
const CUT: u128 = 300_000_000_000_000_000_000_000_000;

/// Accounts with a position each, the market's sums, a pool, and what an earlier cut of profits has still to be paid.
#[derive(Clone, Debug)]
struct World {
    accounts: Vec<Account>,
    positions: Vec<Position>,
    interest: Interest,
    pool: Pool,
    profits: Profits,
    claims: Vec<Won>,
    book: Book,
    outstanding: u128,
    /// What the ledger owes for cuts, by account: repaying, collecting, paid at once.
    owed: Vec<[u128; 3]>,
}

fn world(positions: Vec<Position>, assets: u128, outstanding: u128) -> World {
    let mut interest = Interest::default();
    for position in &positions {
        let side = interest.side(position.is_long);
        let side = Side { size: side.size + position.size, entry: side.entry + position.entry, ..side };
        interest = interest.with(position.is_long, side);
    }
    let index = Index { era: 0, cut: if outstanding > 0 { CUT } else { 0 } };
    let half = Index { era: 0, cut: index.cut / 2 };
    World {
        accounts: vec![Account::default(); positions.len()],
        claims: vec![Won::default(); positions.len()],
        owed: vec![[0; 3]; positions.len()],
        positions,
        interest,
        pool: Pool { assets, ..Pool::default() },
        profits: Profits::default(),
        book: Book { index, sealed: half, ..Book::default() },
        outstanding,
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
        let until = since_of(self.book.index);
        let (books, counted) = settle::count(books, rate, &self.book, until, Counted::default()).unwrap();
        (self.accounts[at], self.positions[at]) = (books.account, books.position);
        (self.interest, self.pool) = (books.interest, books.pool);
        self.profits = settle::joined(self.profits, &counted).unwrap();
        self.claims[at] = counted.won;
        counted
    }

    fn divide(&mut self) {
        let levied = settle::levied(self.profits, self.outstanding);
        self.outstanding -= levied.collected;
        (self.pool, self.profits) = settle::divide(self.pool, levied);
    }

    fn pay(&mut self, at: usize) -> u128 {
        let won = std::mem::take(&mut self.claims[at]);
        let (claim, cut) = settle::after_cuts(&won, &self.profits);
        let (account, profits, paid) = settle::pay(self.accounts[at], self.profits, claim).unwrap();
        (self.accounts[at], self.profits) = (account, profits);
        self.owed[at] = [cut.repaying, cut.collecting, cut.repaid];
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
        let mut world = world(positions.clone(), assets, 0);
        let total = world.total();
        for (at, position) in positions.iter().enumerate() {
            let before = world.accounts.clone();
            let counted = world.count(at, Rate { price, scale: SCALE });
            prop_assert_eq!(counted.principal + counted.loss, position.margin);
            prop_assert!(counted.won.profit == 0 || counted.loss == 0);
            prop_assert!(counted.missing == 0 || counted.principal == 0);
            prop_assert_eq!(counted.won.asked, 0);
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
        order in prop::collection::vec(any::<u32>(), 24), outstanding in prop_oneof![Just(0u128), 1u128..1 << 46],
    ) {
        let rate = Rate { price, scale: SCALE };
        let count = positions.len();
        let mut straight = world(positions.clone(), assets, outstanding);
        for at in 0..count {
            straight.count(at, rate);
        }
        straight.divide();
        let claims = straight.claims.clone();
        let paid: Vec<u128> = (0..count).map(|at| straight.pay(at)).collect();
        let mut shuffled = world(positions, assets, outstanding);
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
        prop_assert_eq!(&shuffled.owed, &straight.owed);
        prop_assert_eq!((shuffled.pool, shuffled.outstanding), (straight.pool, straight.outstanding));
        prop_assert_eq!(shuffled.profits, straight.profits);
        // One ratio, and less than a unit a claim is left.
        let pot = straight.profits.pot;
        for (won, paid) in claims.iter().zip(&paid) {
            let claim = settle::after_cuts(won, &straight.profits).0;
            if pot.claims > 0 {
                prop_assert_eq!(*paid, (alloy_primitives::U256::from(claim) * alloy_primitives::U256::from(pot.paid)
                    / alloy_primitives::U256::from(pot.claims)).to::<u128>());
            }
        }
        prop_assert!(straight.profits.left <= 2 * count as u128);
        prop_assert_eq!(pot.paid, pot.claims.min(pot.paid + straight.pool.assets));
    }

    #[test]
    fn pp_36_earlier_cuts_take_one_part_of_what_they_ask_and_no_more_than_is_outstanding(
        positions in prop::collection::vec(position(), 1..12), price in price(), outstanding in 1u128..1 << 46,
    ) {
        let count = positions.len();
        let mut world = world(positions, 1 << 60, outstanding);
        for at in 0..count {
            world.count(at, Rate { price, scale: SCALE });
        }
        let claims = world.claims.clone();
        let (asked, gross): (u128, u128) = claims.iter().fold((0, 0), |sum, won| (sum.0 + won.asked, sum.1 + won.profit));
        prop_assert_eq!((world.profits.asked, world.profits.pot.claims), (asked, gross));
        world.divide();
        prop_assert_eq!(world.profits.collected, asked.min(outstanding));
        prop_assert_eq!(world.outstanding, outstanding - world.profits.collected);
        prop_assert_eq!(world.profits.pot.claims, gross - world.profits.collected);
        let mut taken = 0;
        for (at, claim) in claims.iter().enumerate() {
            let paid = world.pay(at);
            // Each its own part, rounded up by less than a unit; what is owed back is no more than was taken.
            let cut = claim.profit - paid;
            prop_assert!(cut <= claim.asked + 1 && claim.asked <= claim.profit.div_ceil(3) + 1);
            prop_assert!(world.owed[at].iter().sum::<u128>() <= cut);
            prop_assert!(world.owed[at].iter().sum::<u128>() + 6 >= cut.min(claim.asked));
            taken += cut;
        }
        prop_assert!(taken >= world.profits.collected && taken <= world.profits.collected + 2 * count as u128);
        prop_assert!(world.owed.iter().flatten().sum::<u128>() <= world.profits.collected);
    }

    #[test]
    fn pp_37_the_division_of_everything_is_by_sums_and_to_the_unit(
        markets in prop::collection::vec((0u32..3, 0u128..1 << 50, 0u128..10_000), 1..8),
        pool in 0u128..1 << 52, outstanding in 0u128..1 << 50, order in prop::collection::vec(any::<u32>(), 8),
        given in 0u128..1 << 50,
    ) {
        let ending = |(at, (domain, claims, part)): (usize, (u32, u128, u128))| {
            let mut profits = Profits { asked: claims / 10_000 * part, ..Profits::default() };
            profits.pot.claims = claims;
            Ending { market: at as u32, domain, profits, short: 0 }
        };
        let all: Vec<Ending> = markets.into_iter().enumerate().map(ending).collect();
        let gross: u128 = all.iter().map(|of| of.profits.pot.claims).sum();
        let run = |mut all: Vec<Ending>| {
            let taken: u128 = (0..3).map(|domain| end::levy(&mut all, domain, outstanding)).sum();
            let paid = end::share(&mut all, pool);
            let more: Vec<u128> = (0..3).map(|domain| end::top_up(&mut all, domain, given)).collect();
            all.sort_by_key(|of| of.market);
            (all, taken, paid, more)
        };
        let (done, taken, paid, more) = run(all.clone());
        let mut other = all;
        other.sort_by_key(|of| order[of.market as usize]);
        prop_assert_eq!(run(other), (done.clone(), taken, paid, more.clone()));
        let net: u128 = done.iter().map(|of| of.profits.pot.claims).sum();
        prop_assert_eq!(net + taken, gross);
        prop_assert!(paid <= pool && paid + 8 >= pool.min(net));
        let sum: u128 = done.iter().map(|of| of.profits.pot.paid).sum();
        prop_assert_eq!(sum, paid + more.iter().sum::<u128>());
        for domain in 0..3u32 {
            let short = end::short_of(&done, domain);
            let more = more[domain as usize];
            prop_assert!(more <= short.min(given) && more + 8 >= short.min(given));
            let asked: u128 = done.iter().filter(|of| of.domain == domain).map(|of| of.profits.asked).sum();
            let collected: u128 = done.iter().filter(|of| of.domain == domain).map(|of| of.profits.collected).sum();
            prop_assert!(collected <= asked.min(outstanding) && collected + 8 >= asked.min(outstanding));
        }
        for of in &done {
            prop_assert!(of.profits.pot.paid <= of.profits.pot.claims && of.profits.left == of.profits.pot.paid);
            prop_assert!(of.profits.divided);
        }
    }

    #[test]
    fn pp_38_the_fund_gives_each_domain_at_most_its_claim_and_all_of_them_at_most_what_it_has(
        needs in prop::collection::vec((0u128..1 << 50, 0u128..1 << 50, 0u128..1 << 50, 0u128..1 << 51), 1..8),
        fund in 0u128..1 << 52,
    ) {
        let needs: Vec<Need> = needs.into_iter()
            .map(|(short, cut, providers, claim)| Need { short, cut, providers, claim }).collect();
        let all: u128 = needs.iter().map(Need::wanted).sum();
        let mut sum = 0;
        for need in &needs {
            let given = end::given(need.wanted(), all, fund);
            // What winners are given in the pool's place is what providers are owed: nothing is made up twice.
            prop_assert!(given <= need.claim && given <= need.cut + need.short.max(need.providers));
            prop_assert!(all > fund || given == need.claim.min(need.cut + need.short.max(need.providers)));
            sum += given;
        }
        prop_assert!(sum <= fund && sum + 8 >= all.min(fund));
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
    let of = |size, entry| Interest { long: Side { size, entry, ..Side::default() }, ..Interest::default() };
    assert!(settle::is_counted(&of(0, 0)) && settle::is_counted(&of(settle::DUST, 0)));
    assert!(!settle::is_counted(&of(settle::DUST + 1, 0)));
    // Who was deleveraged out and not settled has no size left, and is not counted.
    assert!(!settle::is_counted(&of(0, 1)));
}
