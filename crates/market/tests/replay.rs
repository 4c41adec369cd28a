//! The deleveragings of 10 October 2025, shock by shock and wave by wave, on a synthetic book scaled to each.
//!
//! `cargo test -p fusebox-market --test replay -- --nocapture` prints the figures of the README. The record has
//! aggregates and no accounts. The book, stated: 200 shorts after a fall to 1,000; sizes of a Pareto distribution with
//! exponent 1.1; entries uniform from 2 % below to 18 % above mark (seed below), so that a tenth has a loss; sizes
//! scaled until the profits add up to the shock's capacity. The bankrupt longs had nothing left 10 % above mark,
//! beyond the average entry; what changes if that is 3 % is printed beside it. What
//! accounts without a profit do not bear is asked for again, until nothing is left or nothing can be closed.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

mod book;

use book::{Book, Random};
use fusebox_market::types::side::Ask;

const ACCOUNTS: usize = 200;
const SEED: u64 = 0x2025_1010;
const MARK: u128 = 1_000_000_000_000_000_000_000;
/// Where the bankrupt longs had nothing left: 10 % above mark.
const BANKRUPTCY: u128 = MARK + MARK / 10;
/// The same, 3 % above.
const NEAR: u128 = MARK + MARK * 3 / 100;
const CALLS: usize = 40; // no more than 24 are needed: see the printed table
/// Six decimals.
const SCALE: u128 = 10u128.pow(30);

/// Rows of a file of the record, each looked up by its column's name.
fn rows(file: &str) -> Vec<impl Fn(&str) -> f64> {
    let path = format!("{}/../../scripts/drill/data/adl-2025-10/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().unwrap();
    lines
        .map(|line| {
            let header = header.clone();
            move |name: &str| line[header.iter().position(|column| column == name).unwrap()].parse().unwrap()
        })
        .collect()
}

fn units(usd: f64) -> u128 {
    (usd * 1e6).round() as u128
}

/// Millions of dollars.
fn millions(units: u128) -> f64 {
    units as f64 / 1e12
}

/// Sizes and entry prices, in parts: largest last.
fn shape() -> Vec<(f64, f64)> {
    let mut random = Random(SEED);
    let size = |i: usize| (1.0 - (i as f64 + 0.5) / ACCOUNTS as f64).powf(-1.0 / 1.1);
    (0..ACCOUNTS).map(|i| (size(i), 0.98 + 0.2 * random.unit())).collect()
}

/// The book whose profits add up to the capacity; empty where that is none.
fn crowd(capacity: u128) -> Book {
    let mut book = Book::new(false, SCALE, ACCOUNTS, 4 * capacity + 1_000_000);
    let shape = shape();
    let gross: f64 = shape.iter().map(|(size, entry)| size * (entry - 1.0).max(0.0)).sum();
    for (i, (size, entry)) in shape.into_iter().enumerate() {
        // A size whose notional at mark is its part of capacity / gross.
        let notional = size / gross * capacity as f64;
        let size = (notional * SCALE as f64 / MARK as f64) as u128;
        let entry = (notional * entry) as u128;
        if size != 0 {
            book.open_at(i, size, entry / 10 + 1, entry);
        }
    }
    book
}

#[derive(Default)]
struct Outcome {
    covered: u128,
    residual: u128,
    overshoot: u128,
    calls: usize,
    /// What the first call covered.
    first: u128,
    /// Of accounts with a position: share that bore something.
    touched: f64,
    /// Of what was covered: the largest part that one account bore.
    largest: f64,
    /// Of an account's profit at mark: the largest part that it bore.
    own: f64,
    /// Size closed, of the side.
    closed: f64,
}

/// Deleverages until the deficit is covered, and settles everybody after each call.
fn cover(capacity: u128, deficit: u128, bankruptcy: u128) -> Outcome {
    let mut book = crowd(capacity);
    let open: Vec<_> = book.accounts.iter().map(|account| account.held).collect();
    let (words, size, total) = (book.points.len(), book.side.size, book.total());
    let mut borne = vec![0u128; ACCOUNTS];
    let mut out = Outcome { residual: deficit, ..Outcome::default() };
    // Less than a unit an account cannot be divided further.
    while out.residual > ACCOUNTS as u128 && out.calls < CALLS {
        let ask = Ask::Deficit { amount: out.residual, bankruptcy };
        if book.deleverage(ask, MARK, 10_000).size == 0 {
            break;
        }
        out.calls += 1;
        for i in 0..ACCOUNTS {
            borne[i] += book.touch(i).cut;
        }
        let taken: u128 = borne.iter().sum();
        if out.calls == 1 {
            out.first = taken.min(deficit);
        }
        out.overshoot = taken.saturating_sub(deficit);
        (out.covered, out.residual) = (taken.min(deficit), deficit.saturating_sub(taken));
    }
    assert_eq!(book.total(), total);
    assert_eq!(book.points.len() == words, out.calls == 0);
    let profit = |i: usize| open[i].entry.saturating_sub(book.notional(open[i].size, MARK, true));
    for i in 0..ACCOUNTS {
        assert!(borne[i] <= profit(i) + 2 * out.calls as u128, "more than its own profit");
        assert!(book.accounts[i].held.margin >= open[i].margin || book.accounts[i].held.size == 0);
        if borne[i] != 0 {
            out.own = out.own.max(borne[i] as f64 / profit(i).max(1) as f64);
        }
    }
    let with = open.iter().filter(|held| held.size != 0).count();
    let paying = borne.iter().filter(|borne| **borne != 0).count();
    out.touched = paying as f64 / with.max(1) as f64;
    out.largest = *borne.iter().max().unwrap() as f64 / borne.iter().sum::<u128>().max(1) as f64;
    out.closed = (size - book.side.size) as f64 / size.max(1) as f64;
    out
}

#[test]
fn a_deficit_within_half_the_capacity_is_covered_to_the_unit_in_every_shock() {
    let shocks = rows("per_shock_metrics_queue.csv");
    assert_eq!(shocks.len(), 1_125);
    let (mut none, mut sums) = (0, [0u128; 6]);
    let (mut queue, mut full, mut lacking, mut worst_calls) = ([0.0; 4], 0, 0, 0);
    for shock in &shocks {
        let (deficit, capacity) = (units(shock("deficit_usd")), units(shock("total_capacity_usd")));
        let out = cover(capacity, deficit, BANKRUPTCY);
        if deficit == 0 {
            none += 1;
            assert_eq!((out.calls, out.closed), (0, 0.0)); // not even a word
            continue;
        }
        // Rounding: a unit an account and call.
        assert!(out.overshoot <= (ACCOUNTS * out.calls) as u128, "overshoot of {}", out.overshoot);
        let covered = out.residual <= ACCOUNTS as u128;
        assert!(covered || deficit * 2 > capacity, "{} of {deficit} is left", out.residual);
        if covered {
            full += 1;
            worst_calls = worst_calls.max(out.calls);
        } else {
            lacking += 1;
        }
        let unavoidable = deficit.saturating_sub(capacity);
        let values = [deficit, out.covered, out.overshoot, out.residual, unavoidable, out.first];
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += value;
        }
        let names = ["budget_queue_usd", "overshoot_queue_usd", "residual_queue_usd", "total_capacity_usd"];
        for (sum, name) in queue.iter_mut().zip(names) {
            *sum += shock(name);
        }
    }
    let [deficit, covered, overshoot, residual, unavoidable, first] = sums;
    println!("shocks: {} of them {none} without a deficit, {full} covered, {lacking} not", shocks.len());
    println!("                     taken  overshoot   residual   (millions; deficit {:.3})", millions(deficit));
    println!("queue            {:9.3}  {:9.3}  {:9.3}", queue[0] / 1e6, queue[1] / 1e6, queue[2] / 1e6);
    println!(
        "index            {:9.3}  {:9.6}  {:9.3}",
        millions(covered + overshoot),
        millions(overshoot),
        millions(residual)
    );
    println!(
        "no policy below                        {:9.3}   most calls {worst_calls}, the first covers {:.3}",
        millions(unavoidable),
        millions(first)
    );
    assert_eq!((none, full + lacking), (955, 170));
    assert_eq!(covered + residual, deficit);
    assert!(millions(residual) < queue[2] / 1e6 && millions(residual - unavoidable) < 0.75);
    assert!(overshoot < 1_000_000); // a dollar in all
}

#[test]
fn every_wave_beside_the_policies_of_the_record() {
    let policies = ["prod", "pr", "pnl_pr", "eq_pr", "vector", "contract_pr", "fixed_point_ilp_integer"];
    let waves = rows("policy_per_wave_metrics.csv");
    assert_eq!(waves.len(), 16);
    println!(
        "wave     needed  capacity      first    covered  overshoot calls closed touched largest  own   queue: overshoot  own"
    );
    let (mut sums, mut theirs) = ([0u128; 4], vec![[0.0f64; 4]; policies.len()]);
    let mut firsts = [0u128; 2];
    for wave in &waves {
        let (needed, capacity) = (units(wave("budget_needed")), units(wave("total_cap")));
        let out = cover(capacity, needed, BANKRUPTCY);
        let near = cover(capacity, needed, NEAR);
        assert!(near.residual <= ACCOUNTS as u128);
        for (sum, value) in firsts.iter_mut().zip([out.first, near.first]) {
            *sum += value;
        }
        println!(
            "{:4} {:10.6} {:9.3} {:10.6} {:10.6} {:10.6} {:5} {:5.1}% {:6.1}% {:6.1}% {:4.1}% {:16.6} {:4.0}%",
            wave("wave"),
            millions(needed),
            millions(capacity),
            millions(out.first),
            millions(out.covered),
            millions(out.overshoot),
            out.calls,
            out.closed * 100.0,
            out.touched * 100.0,
            out.largest * 100.0,
            out.own * 100.0,
            wave("overshoot_prod") / 1e6,
            wave("max_pct_prod") * 100.0,
        );
        for (sum, value) in sums.iter_mut().zip([needed, out.covered, out.overshoot, out.residual]) {
            *sum += value;
        }
        for (sums, policy) in theirs.iter_mut().zip(policies) {
            let overshoot = wave(&format!("overshoot_{policy}"));
            sums[0] += wave(&format!("budget_{policy}"));
            sums[1] += overshoot.max(0.0);
            sums[2] += (-overshoot).max(0.0);
            sums[3] = sums[3].max(wave(&format!("max_pct_{policy}")));
        }
        assert!(out.residual <= ACCOUNTS as u128, "every wave has the capacity");
        assert!(out.overshoot <= (ACCOUNTS * out.calls) as u128);
        assert!(out.own < 0.25 && out.largest < 0.18 && out.touched > 0.9);
    }
    println!("policy                       taken       over      under   most of one account");
    for (policy, [taken, over, under, most]) in policies.iter().zip(&theirs) {
        println!("{policy:24} {:9.3} {:10.6} {:10.6} {:6.1}%", taken / 1e6, over / 1e6, under / 1e6, most * 100.0);
    }
    let [_, covered, overshoot, residual] = sums;
    println!(
        "the first call covers {:.3}; with the bankrupt at 3 % from mark {:.3}",
        millions(firsts[0]),
        millions(firsts[1])
    );
    println!(
        "index                    {:9.3} {:10.6} {:10.6}",
        millions(covered + overshoot),
        millions(overshoot),
        millions(residual)
    );
    assert!(residual + overshoot < 1_000_000); // a dollar in all
}
