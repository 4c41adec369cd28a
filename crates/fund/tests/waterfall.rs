//! The waterfall: boundaries, one property per invariant, and a model that adds up lists of losses.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use fusebox_core::time::DAY;
use fusebox_fund::{
    error::Error,
    logic::loss::{self, absorb, current, deductible_up, deleverage, drawable_down, haircut, kept_down},
    types::loss::{Cover, CoverTerms, Index, Layers, Split, MAX_AMOUNT, MAX_DEDUCTIBLE, ONE_INDEX},
};
use num_bigint::BigUint;
use proptest::prelude::*;

const T: u64 = 1_700_000_000;

/// Cases per property; `FUSEBOX_CASES` asks for another number.
fn config() -> ProptestConfig {
    let cases = std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn amount() -> impl Strategy<Value = u128> {
    prop_oneof![Just(0), 1u128..20, 1u128..1_000_000, (0u32..112).prop_map(|bits| 1 << bits), 0..=MAX_AMOUNT]
}

fn terms() -> impl Strategy<Value = CoverTerms> {
    let deductible = prop_oneof![Just(0), 0u128..1_000_000, 0..=MAX_DEDUCTIBLE];
    (deductible, 0u16..=10_000, 1u16..=10_000, 1u16..=365)
        .prop_map(|(deductible, part, budget, days)| CoverTerms::new(deductible, part, budget, days).unwrap())
}

fn cover() -> impl Strategy<Value = Cover> {
    (terms(), amount(), amount(), amount(), 0u32..40_000).prop_map(|(terms, claim, lost, drawn, until_day)| Cover {
        terms,
        claim,
        lost,
        drawn,
        until_day,
    })
}

fn layers() -> impl Strategy<Value = Layers> {
    [amount(), amount(), amount(), amount(), amount(), amount()].prop_map(
        |[collateral, buffer, fund, fund_floor, pool, pool_floor]| Layers {
            collateral,
            buffer,
            fund,
            fund_floor,
            pool,
            pool_floor,
        },
    )
}

fn generous(budget_bps: u16, days: u16) -> Cover {
    Cover { terms: CoverTerms::new(0, 0, budget_bps, days).unwrap(), claim: MAX_AMOUNT, ..Cover::default() }
}

#[test]
fn terms_refuse_what_is_out_of_bounds() {
    assert!(CoverTerms::new(MAX_DEDUCTIBLE, 10_000, 10_000, 365).is_ok());
    assert!(CoverTerms::new(0, 0, 1, 1).is_ok());
    let refused = |id, value, bound| Err(Error::Parameter { id, value, bound });
    assert_eq!(CoverTerms::new(MAX_DEDUCTIBLE + 1, 0, 1, 1), refused(16, MAX_DEDUCTIBLE + 1, MAX_DEDUCTIBLE));
    assert_eq!(CoverTerms::new(0, 10_001, 1, 1), refused(17, 10_001, 10_000));
    assert_eq!(CoverTerms::new(0, 0, 0, 1), refused(18, 0, 1));
    assert_eq!(CoverTerms::new(0, 0, 10_001, 1), refused(18, 10_001, 10_000));
    assert_eq!(CoverTerms::new(0, 0, 1, 0), refused(19, 0, 1));
    assert_eq!(CoverTerms::new(0, 0, 1, 366), refused(19, 366, 365));
}

#[test]
fn a_loss_that_no_word_holds_is_refused() {
    let too_large = Error::TooLarge { value: MAX_AMOUNT + 1, bound: MAX_AMOUNT };
    assert_eq!(absorb(Cover::default(), &Layers::default(), T, MAX_AMOUNT + 1), Err(too_large));
    let (_, split) = absorb(Cover::default(), &Layers::default(), T, MAX_AMOUNT).unwrap();
    assert_eq!(split, Split { open: MAX_AMOUNT, ..Split::default() });
}

#[test]
fn every_layer_in_its_turn() {
    let layers = Layers { collateral: 10, buffer: 20, fund: 1_000, fund_floor: 500, pool: 300, pool_floor: 200 };
    let bears = |loss| {
        let (_, split) = absorb(generous(10_000, 30), &layers, T, loss).unwrap();
        split.parts()
    };
    assert_eq!(bears(0), [0; 7]);
    assert_eq!(bears(10), [10, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bears(31), [10, 20, 1, 0, 0, 0, 0]);
    assert_eq!(bears(530), [10, 20, 500, 0, 0, 0, 0]);
    assert_eq!(bears(630), [10, 20, 500, 100, 0, 0, 0]);
    assert_eq!(bears(700), [10, 20, 500, 100, 0, 0, 70]);
    let (_, split) = absorb(generous(10_000, 30), &layers, T, 700).unwrap();
    assert_eq!(deleverage(split, 71), Err(Error::OverCovered { covered: 71, asked: 70 }));
    let split = deleverage(split, 30).unwrap();
    assert_eq!((split.deleveraged, split.open), (30, 40));
    let (split, cut) = haircut(split, Index::default(), 160);
    assert_eq!((split.haircut, split.open, split.sum()), (40, 0, 700));
    assert_eq!((cut.index.cut, cut.charged, cut.residue), (ONE_INDEX / 4, 40, 0));
    let (split, cut) = haircut(Split { open: 7, ..Split::default() }, Index::default(), 5);
    assert_eq!((split.haircut, split.open, cut.index), (5, 2, Index { era: 1, cut: 0 }));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn if_20_the_parts_sum_to_the_loss_after_every_step(
        cover in cover(), layers in layers(), now in 0..=u64::MAX, loss in amount(), share in 0u128..=100,
        profits in amount(), cut in 0..ONE_INDEX,
    ) {
        let (_, split) = absorb(cover, &layers, now, loss).unwrap();
        let total = |split: &Split| split.parts().iter().map(|part| BigUint::from(*part)).sum::<BigUint>();
        prop_assert_eq!(total(&split), BigUint::from(loss));
        let covered = split.open / 100 * share;
        let second = deleverage(split, covered).unwrap();
        prop_assert_eq!(second.sum(), loss);
        let (last, charged) = haircut(second, Index { era: 3, cut }, profits);
        prop_assert_eq!(total(&last), BigUint::from(loss));
        prop_assert_eq!(charged.charged, last.haircut + charged.residue);
        prop_assert_eq!(last.open, second.open.saturating_sub(profits));
    }

    #[test]
    fn if_20_the_pool_loses_its_part_and_nothing_else(
        cover in cover(), layers in layers(), loss in amount(), share in 0u128..=100, profits in 0u128..1 << 110,
    ) {
        // the counterparty: it has assets, is owed the loss, owes profits; deleveraging and haircut lower what it owes
        let (_, split) = absorb(cover, &layers, T, loss).unwrap();
        let covered = (split.open / 100 * share).min(profits);
        let (split, cut) = haircut(deleverage(split, covered).unwrap(), Index::default(), profits - covered);
        let owes = profits - split.deleveraged - cut.charged;
        let gets = split.collateral + split.buffer + split.fund;
        let before = BigUint::from(layers.pool) + loss;
        let after = BigUint::from(layers.pool) + gets + (profits - owes) - cut.residue;
        prop_assert_eq!(before - after, BigUint::from(split.pool + split.open));
    }

    #[test]
    fn if_21_a_layer_bears_only_what_those_before_it_cannot(
        cover in cover(), layers in layers(), now in 0u64..1 << 40, loss in amount(),
    ) {
        let (after, split) = absorb(cover, &layers, now, loss).unwrap();
        let spare = layers.fund.saturating_sub(layers.fund_floor);
        let lends = layers.pool.saturating_sub(layers.pool_floor);
        prop_assert!(split.collateral <= layers.collateral && split.buffer <= layers.buffer);
        prop_assert!(split.fund <= spare && split.fund <= cover.claim && split.pool <= lends);
        let below = |from: usize| split.parts()[from..].iter().any(|part| *part != 0);
        prop_assert!(!below(1) || split.collateral == layers.collateral);
        prop_assert!(!below(2) || split.buffer == layers.buffer);
        let left = Layers { fund: layers.fund - split.fund, ..layers };
        prop_assert!(!below(3) || drawable_down(&after, left.fund, left.fund_floor) == 0);
        prop_assert!(!below(4) || split.pool == lends);
    }

    #[test]
    fn if_23_pieces_draw_what_the_whole_draws(
        cover in cover(), layers in layers(), losses in prop::collection::vec(0u128..1 << 100, 1..8),
    ) {
        let cover = current(Cover { lost: 0, drawn: 0, ..cover }, T);
        let layers = Layers { collateral: 0, buffer: 0, ..layers };
        let sum: u128 = losses.iter().sum();
        let (whole, split) = absorb(cover, &layers, T, sum).unwrap();
        let (mut pieces, mut left, mut drawn) = (cover, layers, 0);
        for loss in losses {
            let (next, split) = absorb(pieces, &left, T, loss).unwrap();
            left = Layers { fund: left.fund - split.fund, ..left };
            (pieces, drawn) = (next, drawn + split.fund);
        }
        prop_assert_eq!(drawn, split.fund);
        prop_assert_eq!(pieces, whole);
        prop_assert!(drawn + deductible_up(&whole, sum) <= sum);
    }

    #[test]
    fn if_23_the_deductible_is_the_larger_of_the_two_and_never_more_than_the_loss(
        cover in cover(), lost in amount(), more in amount(),
    ) {
        let up = (BigUint::from(lost) * cover.terms.deductible_bps() + 9_999u32) / 10_000u32;
        let floor = BigUint::from(lost.min(cover.terms.deductible()));
        let borne = deductible_up(&cover, lost);
        prop_assert_eq!(BigUint::from(borne), up.max(floor));
        prop_assert!(borne <= lost);
        let both = lost.saturating_add(more).min(MAX_AMOUNT);
        let later = deductible_up(&cover, both);
        prop_assert!(later >= borne && later - borne <= both - lost);
    }

    #[test]
    fn if_24_a_domain_draws_within_its_budget_and_its_claim_whatever_the_clock_does(
        terms in terms(), claim in amount(), fund in 0u128..1 << 100,
        steps in prop::collection::vec((0u64..60 * DAY, 0u128..1 << 90, 0u128..1 << 90), 1..40),
    ) {
        let (mut cover, mut now, mut fund, mut life) = (Cover { terms, claim, ..Cover::default() }, T, fund, 0);
        let mut draws: Vec<(u64, u128, u128)> = Vec::new(); // epoch, beyond collateral, drawn
        for (dt, loss, filled) in steps {
            now += dt;
            fund += filled;
            let layers = Layers { fund, ..Layers::default() };
            let epoch = now / DAY / u64::from(terms.epoch_days());
            let (next, split) = absorb(cover, &layers, now, loss).unwrap();
            // the model: everything of this epoch added up again
            let sum = |part: fn(&(u64, u128, u128)) -> u128| -> u128 {
                draws.iter().filter(|draw| draw.0 == epoch).map(part).sum()
            };
            let (lost, drawn) = (sum(|draw| draw.1) + loss, sum(|draw| draw.2));
            let budget = BigUint::from(fund + drawn) * terms.budget_bps() / 10_000u32;
            let beyond = BigUint::from(lost - deductible_up(&cover, lost));
            let most = budget.min(beyond).max(BigUint::from(drawn)) - drawn;
            let expected = most.min(BigUint::from(loss.min(claim - life).min(fund)));
            prop_assert_eq!(BigUint::from(split.fund), expected);
            draws.push((epoch, loss, split.fund));
            (cover, fund, life) = (next, fund - split.fund, life + split.fund);
            prop_assert!(life <= claim && cover.claim == claim - life);
            prop_assert!(u64::from(cover.until_day) == (epoch + 1) * u64::from(terms.epoch_days()));
        }
    }

    #[test]
    fn if_24_a_change_of_terms_never_refills_the_epoch(
        before in terms(), after in terms(), fund in 0u128..1 << 100, loss in 0u128..1 << 100, hours in 0u64..24,
    ) {
        let cover = Cover { terms: before, claim: MAX_AMOUNT, ..Cover::default() };
        let layers = Layers { fund, ..Layers::default() };
        let (cover, split) = absorb(cover, &layers, T, loss).unwrap();
        let changed = Cover { terms: after, ..cover };
        let now = (T + hours * 3_600).min(u64::from(cover.until_day) * DAY - 1);
        prop_assert_eq!(current(changed, now), changed);
        let left = Layers { fund: fund - split.fund, ..layers };
        let (_, second) = absorb(changed, &left, now, MAX_AMOUNT / 2).unwrap();
        let budget = BigUint::from(fund) * after.budget_bps() / 10_000u32;
        prop_assert!(BigUint::from(split.fund + second.fund) <= budget.max(BigUint::from(split.fund)));
    }

    #[test]
    fn if_25_a_domain_that_was_never_written_draws_nothing(layers in layers(), now in 0..=u64::MAX, loss in amount()) {
        let (cover, split) = absorb(Cover::unpack([Default::default(); 2]), &layers, now, loss).unwrap();
        prop_assert_eq!((split.fund, cover.drawn, cover.claim), (0, 0, 0));
    }

    #[test]
    fn if_26_the_index_never_falls_and_cuts_all_alike(
        profits in prop::collection::vec(0u128..1 << 80, 1..20),
        losses in prop::collection::vec((1u128..=10_000, 0u128..1 << 40), 1..20),
    ) {
        let mut index = Index::default();
        let start = index;
        for (share, units) in losses {
            let kept = |index| profits.iter().map(|profit| kept_down(*profit, start, index)).collect::<Vec<_>>();
            let before = kept(index);
            // rounded up: a unit for each account covers what rounding down left out
            let basis = before.iter().sum::<u128>() + profits.len() as u128;
            let loss = basis / 10_000 * share / 2 + units;
            let (split, cut) = haircut(Split { open: loss, ..Split::default() }, index, basis);
            prop_assert!(cut.index >= index);
            prop_assert!(cut.charged >= split.haircut && cut.charged <= basis);
            let stands = ONE_INDEX - index.cut;
            prop_assert!(cut.residue <= basis / stands + 1);
            let after = kept(cut.index);
            prop_assert!(after.iter().sum::<u128>() <= basis - cut.charged);
            prop_assert!(before.iter().zip(&after).all(|(before, after)| after <= before));
            // alike: of a profit p each keeps (1 - cut / basis) of what he kept, to the unit and the index's rounding
            for ((profit, before), after) in profits.iter().zip(&before).zip(&after) {
                let exact = BigUint::from(*before) * (basis - split.haircut) / basis;
                let slack = BigUint::from(2 + profit / ONE_INDEX + before / stands);
                prop_assert!(BigUint::from(*after) <= &exact + 1u32);
                prop_assert!(BigUint::from(*after) + slack >= exact);
            }
            index = cut.index;
            if index.era > 0 {
                prop_assert!(after.iter().all(|after| *after == 0));
                break;
            }
        }
    }

    #[test]
    fn if_26_no_index_gives_more_than_there_was(
        profit in amount(), a in 0u32..3, b in 0u32..3, x in 0..ONE_INDEX, y in 0..ONE_INDEX,
    ) {
        let (since, index) = (Index { era: a, cut: x }, Index { era: b, cut: y });
        let kept = kept_down(profit, since, index);
        prop_assert!(kept <= profit);
        prop_assert!(index > since || kept == profit);
        prop_assert!(b <= a || kept == 0);
    }

    #[test]
    fn if_37_the_words_of_a_domain_survive_their_packing(cover in cover(), era in 0..=u32::MAX, cut in 0..ONE_INDEX) {
        prop_assert_eq!(Cover::unpack(cover.pack()), cover);
        let index = Index { era, cut };
        prop_assert_eq!(Index::from_bits(index.to_bits()), index);
    }
}

#[test]
fn if_23_the_fund_pays_from_the_first_unit_beyond_the_deductible() {
    let terms = CoverTerms::new(100, 1_000, 10_000, 30).unwrap();
    let cover = Cover { terms, claim: MAX_AMOUNT, ..Cover::default() };
    let fund = |cover, buffer, loss| {
        let layers = Layers { fund: 1_000_000, buffer, ..Layers::default() };
        absorb(cover, &layers, T, loss).map(|(cover, split)| (cover, split.fund)).unwrap()
    };
    assert_eq!((fund(cover, 0, 100).1, fund(cover, 0, 101).1), (0, 1));
    assert_eq!((fund(cover, 0, 1_000).1, fund(cover, 0, 1_001).1), (900, 900)); // a tenth from here on, rounded up
    assert_eq!(fund(cover, 60, 160).1, 60, "what the buffer bears counts towards the deductible");
    assert_eq!(fund(cover, 150, 160).1, 10, "and beyond it the buffer goes first all the same");
    let (after, _) = fund(cover, 0, 100);
    assert_eq!(fund(after, 0, 100).1, 100, "once an epoch, not once a loss");
}

#[test]
fn if_24_the_epoch_ends_at_the_second() {
    let layers = Layers { fund: 1_000, ..Layers::default() };
    let end = (T / DAY / 30 + 1) * 30 * DAY;
    let (cover, split) = absorb(generous(1_000, 30), &layers, end - 1, 500).unwrap();
    assert_eq!((split.fund, u64::from(cover.until_day) * DAY), (100, end));
    let left = Layers { fund: 900, ..layers };
    assert_eq!(absorb(cover, &left, end - 1, 500).unwrap().1.fund, 0);
    assert_eq!(absorb(cover, &left, end, 500).unwrap().1.fund, 90);
    assert_eq!(absorb(cover, &left, end + 1_000 * DAY, 500).unwrap().1.fund, 90);
    let paid_back = loss::restore(cover, 100);
    assert_eq!(paid_back.claim, MAX_AMOUNT);
    assert_eq!(loss::restore(Cover { claim: 5, ..cover }, 7).claim, 12);
}

#[cfg(feature = "shell")]
mod on_a_host {
    use super::*;
    use alloy_primitives::{Address, U256};
    use alloy_sol_types::SolEvent;
    use fusebox_core::host::Memory;
    use fusebox_fund::shell::ledger::{abi, absorb, conclude, release, repay, set_cover, settle, state, take};

    fn decode<E: SolEvent>(host: &Memory, i: usize) -> E {
        E::decode_raw_log(host.logs[i].topics.iter().copied(), &host.logs[i].data).unwrap()
    }

    #[test]
    fn every_step_is_an_event() {
        let mut host = Memory::default();
        set_cover(&mut host, 3, CoverTerms::new(0, 1_000, 5_000, 30).unwrap(), 1_000).unwrap();
        let set: abi::CoverSet = decode(&host, 0);
        assert_eq!(
            (set.domain, set.previous[1], set.current[1] & U256::MAX >> 144),
            (3, U256::ZERO, U256::from(1_000))
        );
        host.logs.clear();
        let layers = Layers { collateral: 1, buffer: 2, fund: 40, fund_floor: 0, pool: 100, pool_floor: 90 };
        let split = absorb(&mut host, 3, &layers, 50).unwrap();
        assert!(host.logs.is_empty(), "the first half says nothing yet");
        let (split, cut) = conclude(&mut host, 3, split, 4, (9, u128::MAX)).unwrap();
        assert_eq!(split.parts(), [1, 2, 20, 10, 4, 9, 4]);
        let borne: Vec<_> = (0..7).map(|i| decode::<abi::LossBorne>(&host, i)).collect();
        assert!(borne.iter().all(|event| event.domain == 3));
        assert_eq!(borne.iter().map(|event| event.step).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(borne.iter().map(|event| event.amount).collect::<Vec<_>>(), split.parts());
        let profits: abi::ProfitsCut = decode(&host, 7);
        assert_eq!((profits.era, profits.cut, profits.charged, profits.residue), (1, 0, 9, 0));
        assert_eq!((host.logs.len(), cut.index.era), (8, 1));
    }

    #[test]
    fn a_refused_loss_leaves_nothing() {
        let mut host = Memory::default();
        let layers = Layers { pool: 5, ..Layers::default() };
        let split = absorb(&mut host, 1, &layers, 9).unwrap();
        let words = host.words.clone();
        let refused = host.call(Default::default(), |host| conclude(host, 1, split, 5, (0, 0)));
        assert_eq!(refused, Err(Error::OverCovered { covered: 5, asked: 4 }));
        assert_eq!((host.words, host.logs.len()), (words, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: config().cases / 20, ..config() })]

        #[test]
        fn if_22_a_loss_of_one_domain_touches_nothing_of_another(
            terms in prop::collection::vec((terms(), amount()), 4),
            steps in prop::collection::vec((0u32..4, 0u8..6, 0u128..1 << 90, layers(), 0u64..DAY, 0u128..1 << 60), 1..40),
        ) {
            let mut host = Memory::default();
            for (domain, (terms, claim)) in (0..).zip(terms) {
                set_cover(&mut host, domain, terms, claim).unwrap();
            }
            for (domain, what, amount, layers, dt, profits) in steps {
                host.now += dt;
                let before: Vec<_> = (0..4).map(|domain| state(&host, domain)).collect();
                match what {
                    0 => {
                        let _ = repay(&mut host, domain, amount);
                    }
                    1 => {
                        settle(&mut host, domain, Address::ZERO, Index::default(), profits).unwrap();
                    }
                    2 => {
                        let _ = (take(&mut host, domain, Address::ZERO, 1), release(&mut host, domain));
                    }
                    _ => {
                        let split = absorb(&mut host, domain, &layers, amount).unwrap();
                        conclude(&mut host, domain, split, split.open / 2, (profits, u128::MAX)).unwrap();
                    }
                }
                for (other, words) in (0..).zip(before) {
                    prop_assert!(other == domain || state(&host, other) == words);
                }
            }
        }
    }
}
