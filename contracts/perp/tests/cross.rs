//! What moves between positions that stand for one another, by value.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]

use fusebox_market::{
    logic::balance,
    params::{Closing, Ramp},
};
use perp::{
    logic::{self, cross},
    types::{Position, Rate, Side},
};
use proptest::prelude::*;

const SCALE: u128 = 1_000_000_000_000_000_000_000_000_000_000; // 6 decimals

fn cases() -> ProptestConfig {
    let cases = std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256);
    ProptestConfig::with_cases(cases)
}

fn closing() -> Closing {
    let maintenance = Ramp { from_bps: 500, to_bps: 500, start: 0, length_secs: 86_400 };
    Closing { maintenance, penalty_bps: 200, dust: 0, domain: 3 }
}

prop_compose! {
    fn positions()(is_long in any::<bool>(), size in 1..1u128 << 80, margin in 0..1u128 << 60, entry in 1..1u128 << 60)
        -> Position {
        Position { is_long, size, margin, entry, snapshot: 7, since: 11 }
    }
}

proptest! {
    #![proptest_config(cases())]

    /// What one position gives the other gets, to the unit, and so do their sides.
    #[test]
    fn pp_43_a_profit_moves_to_the_unit(
        mut from in positions(),
        mut to in positions(),
        (a, b) in (1..1u128 << 90, 1..1u128 << 90),
        others in 0..1u128 << 70,
        part in 0..=10_000u128,
    ) {
        let (at, over) = (Rate { price: a, scale: SCALE }, Rate { price: b, scale: SCALE });
        let results = |position: &Position, rate| {
            let leg = cross::leg(position, &closing(), 0, Some(rate), false).unwrap();
            (leg.profit, leg.loss)
        };
        // One wins and one loses, whatever was drawn.
        for (position, rate, wins) in [(&mut from, at, true), (&mut to, over, false)] {
            if (results(position, rate).0 > 0) != wins {
                position.is_long = !position.is_long;
            }
        }
        let ((profit, _), (_, loss)) = (results(&from, at), results(&to, over));
        let amount = profit.min(loss) * part / 10_000;
        let side = |position: &Position| Side { size: position.size, entry: position.entry + others, snapshot: 7 };
        let (less, of_less) = cross::shifted(from, side(&from), amount, true).unwrap();
        let (more, of_more) = cross::shifted(to, side(&to), amount, false).unwrap();
        prop_assert_eq!(results(&less, at), (profit - amount, 0));
        prop_assert_eq!(results(&more, over), (0, loss - amount));
        prop_assert_eq!((of_less.entry - less.entry, of_more.entry - more.entry), (others, others));
        prop_assert_eq!(Position { entry: from.entry, ..less }, from);
    }

    /// A liquidation that has got what it lacks leaves nothing to bear, and without it exactly what was not there.
    #[test]
    fn pp_43_what_is_lacking_is_what_a_liquidation_takes(position in positions(), price in 1..1u128 << 90) {
        let rate = Rate { price, scale: SCALE };
        let (lacking, loss) = cross::lacking(&position, &closing(), rate).unwrap();
        let given = Position { margin: position.margin + lacking, ..position };
        let side = Side { size: given.size, entry: given.entry, snapshot: 7 };
        let books = perp::types::Books {
            account: Default::default(),
            position: given,
            interest: perp::types::Interest::default().with(given.is_long, side),
            pool: perp::types::Pool { assets: 1 << 100, ..Default::default() },
        };
        let (after, fill) = logic::close_out(books, &closing(), rate).unwrap();
        prop_assert_eq!(fill.bad_debt, 0);
        let taken = fill.loss + fill.fee + fill.reward;
        prop_assert_eq!(after.account.free + taken, given.margin + fill.profit);
        prop_assert!(lacking == 0 || after.account.free == 0);
        prop_assert!(lacking <= loss + fill.fee + fill.reward);
    }

    /// Without a price there is neither profit nor loss, and the need is that of the entry.
    #[test]
    fn pp_44_a_position_without_a_price_is_its_margin(position in positions(), grace in any::<bool>()) {
        let leg = cross::leg(&position, &closing(), 0, None, grace).unwrap();
        prop_assert_eq!((leg.margin, leg.profit, leg.loss, leg.domain), (position.margin, 0, 0, 3));
        prop_assert_eq!(leg.needed, (position.entry * 500).div_ceil(if grace { 20_000 } else { 10_000 }));
        prop_assert_eq!(balance(&[leg], 3).equity, position.margin);
    }
}
