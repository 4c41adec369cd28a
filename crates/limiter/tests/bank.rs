//! A bank of 10,000 accounts on the shell: a looting, a week's run, and what somebody with real capital can do.
//!
//! `cargo test -p fusebox-limiter --test bank -- --nocapture` prints the figures of the README.
#![cfg(feature = "shell")]
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use alloy_primitives::{Address, U256};
use fusebox_core::{
    host::Memory,
    time::{DAY, HOUR},
};
use fusebox_limiter::{shell, storage, Config, Error, Lane, Outcome, Params, Policy, TicketId};
use std::collections::{BTreeMap, VecDeque};

const P: Params = Params::DEFAULT;
const T: u64 = 1_659_400_000;
const BUCKET: u32 = 0;
const ACCOUNTS: usize = 10_000;
/// 100 M of a token with six decimals.
const BASE: u128 = 100_000_000_000_000;
const WINDOW: u64 = DAY;

/// Sizes of a Pareto distribution with exponent 1.1, largest last, that add up to the base.
fn sizes() -> Vec<u128> {
    let raw: Vec<f64> = (0..ACCOUNTS).map(|i| (1.0 - (i as f64 + 0.5) / ACCOUNTS as f64).powf(-1.0 / 1.1)).collect();
    let total: f64 = raw.iter().sum();
    raw.iter().map(|size| (size / total * BASE as f64) as u128).collect()
}

fn who(n: usize) -> Address {
    Address::left_padding_from(&(n as u64 + 1).to_be_bytes())
}

fn shuffled(n: usize) -> Vec<usize> {
    let (mut order, mut state) = ((0..n).collect::<Vec<_>>(), 0x2545_f491_4f6c_dd1du64);
    for i in (1..n).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        order.swap(i, state as usize % (i + 1));
    }
    order
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// Hours with two decimals.
fn hours(secs: u64) -> f64 {
    secs as f64 / HOUR as f64
}

fn percent(amount: u128) -> f64 {
    amount as f64 * 100.0 / BASE as f64
}

struct Bank {
    host: Memory,
    liquidity: u128,
    /// What left or may leave, by the second from which it may.
    released: Vec<(u64, u128)>,
    /// The time of the last ticket of each lane.
    last: [u64; 2],
    open: BTreeMap<u128, (Address, u128, u64)>,
    capacities: Vec<(u64, u128)>,
    /// What was paid to escrow.
    saved: u128,
}

impl Bank {
    fn new() -> Self {
        let mut host = Memory { now: T, ..Memory::default() };
        let config = Config::new(BASE / 100, 1_000, (WINDOW / 60) as u16, 1_000, Policy::Ticket).unwrap();
        shell::configure(&mut host, &P, BUCKET, config, BASE).unwrap();
        let capacities = vec![(T, BASE / 10)];
        Self { host, liquidity: BASE, released: vec![], last: [0; 2], open: BTreeMap::new(), capacities, saved: 0 }
    }

    fn main_capacity(&self) -> u128 {
        self.capacities.last().unwrap().1 * 9 / 10
    }

    fn small_limit(&self) -> u128 {
        self.main_capacity() / 1_000
    }

    /// One request; in `Ok` the second at which it is paid.
    fn exit(&mut self, who: Address, amount: u128) -> Result<u64, Error> {
        let now = self.host.now;
        match shell::exit(&mut self.host, &P, BUCKET, who, amount)? {
            Outcome::Passed => {
                self.liquidity -= amount;
                self.released.push((now, amount));
                Ok(now)
            }
            Outcome::Ticketed(id) => {
                let lane = usize::from(id.slot().lane == Lane::Small);
                assert!(id.ready() > self.last[lane], "overtaken within a lane");
                self.last[lane] = id.ready();
                assert!(id.ready_secs() <= now + P.max_delay_secs());
                self.released.push((id.ready_secs(), amount));
                self.open.insert(id.0, (who, amount, id.ready_secs()));
                Ok(id.ready_secs())
            }
            other => panic!("{other:?}"),
        }
    }

    /// The clock moves; whoever is due is paid, and the base is looked at.
    fn advance(&mut self, to: u64) {
        self.host.now = to;
        let due: Vec<u128> = self.open.iter().filter(|(_, (.., ready))| *ready <= to).map(|(id, _)| *id).collect();
        for batch in due.chunks(64) {
            let (payments, failed) = shell::claim(&mut self.host, batch).unwrap();
            assert_eq!(payments.len() + failed.count_ones() as usize, batch.len());
            for payment in payments {
                let (owner, amount, _) = self.open.remove(&payment.id.0).unwrap();
                assert_eq!(amount, payment.amount);
                assert!(owner == payment.to || payment.to == Address::repeat_byte(0xec));
                self.liquidity -= amount;
                self.saved += if owner == payment.to { 0 } else { amount };
            }
        }
        shell::rebase(&mut self.host, &P, BUCKET, self.liquidity).unwrap();
        let capacity = (self.liquidity / 10).max(BASE / 100);
        self.capacities.push((to, capacity));
    }

    /// Over every interval of whole hours no more left than the capacity that its tickets were issued under, and its
    /// refill.
    fn assert_bound(&self) {
        let last = self.released.iter().map(|(at, _)| (at - T) / HOUR).max().unwrap_or(0) as usize;
        let mut hourly = vec![0u128; last + 2];
        self.released.iter().for_each(|(at, amount)| hourly[((at - T) / HOUR) as usize] += amount);
        for from in 0..=last {
            let issued = T + (from as u64 * HOUR).saturating_sub(P.max_delay_secs());
            let capacity = self.capacities.iter().rev().find(|(at, _)| *at <= issued).unwrap().1;
            let mut out = 0;
            for (i, amount) in hourly[from..].iter().enumerate() {
                out += amount;
                let most = capacity + capacity * u128::from((i as u64 + 1) * HOUR) / u128::from(WINDOW);
                assert!(out <= most, "{out} left in {} h from hour {from}, above {most}", i + 1);
            }
        }
    }

    /// What left in the first `secs`.
    fn left(&self, secs: u64) -> u128 {
        self.released.iter().filter(|(at, _)| *at <= T + secs).map(|(_, amount)| amount).sum()
    }

    fn available(&self) -> u128 {
        let state = shell::state(&self.host, &P, BUCKET);
        state[6].saturating_to::<u128>()
    }
}

/// The withdrawals of the record in their order: block and share of all. Each of the fourteen tokens weighs the same,
/// since the record holds no prices.
fn looting() -> Vec<(u64, u128)> {
    let csv = include_str!("../../../scripts/drill/data/nomad-2022-08/withdrawals.csv");
    let rows: Vec<(u64, &str, f64)> = csv
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[0].parse().unwrap(), cells[2], cells[4].parse::<U256>().unwrap().to_string().parse().unwrap())
        })
        .collect();
    let mut totals = BTreeMap::<&str, f64>::new();
    rows.iter().for_each(|(_, token, amount)| *totals.entry(token).or_default() += amount);
    assert_eq!((rows.len(), totals.len()), (1_175, 14));
    let first = rows[0].0;
    let share = |token: &str, amount: f64| (amount / totals[token] / 14.0 * BASE as f64 * 0.999) as u128;
    rows.iter().map(|(block, token, amount)| (block - first, share(token, *amount))).collect()
}

/// What happens in the looting, in order of time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Thief(usize, u128),
    Honest(usize),
    Hold,
    Escrow,
}

#[test]
fn rl_5_a_looting_leaves_at_the_bound_and_what_waits_is_held_and_kept() {
    let (looting, sizes, safe) = (looting(), sizes(), Address::repeat_byte(0xec));
    for (found_after, block_secs) in [(HOUR, 12), (2 * HOUR, 13), (6 * HOUR, 15), (24 * HOUR, 13)] {
        let mut bank = Bank::new();
        let rows = looting.iter().enumerate();
        let mut events: Vec<(u64, Event)> =
            rows.map(|(i, (block, amount))| (T + block * block_secs, Event::Thief(i, *amount))).collect();
        // An honest account wants out every fifteen minutes for three days; a hole that is found is also shut.
        let honest = shuffled(ACCOUNTS).into_iter().take(300).enumerate();
        events.extend(honest.map(|(i, account)| (T + i as u64 * 900, Event::Honest(account))));
        events.retain(|(at, event)| *at < T + found_after || matches!(event, Event::Honest(_)));
        events.push((T + found_after, Event::Hold));
        events.push((T + found_after + 49 * HOUR, Event::Escrow));
        events.sort();
        let (mut refused, mut waits, mut thieves, mut kept) = (0u128, [Vec::new(), Vec::new()], Vec::new(), 0);
        for (at, event) in events {
            bank.advance(at);
            match event {
                Event::Thief(i, amount) => {
                    for piece in [amount / 2, amount - amount / 2] {
                        match bank.exit(who(ACCOUNTS + i), piece) {
                            Ok(_) => {}
                            Err(Error::TooFar { .. } | Error::AboveCapacity { .. }) => refused += piece,
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                }
                Event::Honest(account) => {
                    let lane = usize::from(sizes[account] <= bank.small_limit());
                    match bank.exit(who(account), sizes[account].min(bank.main_capacity() / 2)) {
                        Ok(ready) => waits[lane].push(ready - at),
                        Err(Error::TooFar { ready, .. }) => waits[lane].push(ready - at),
                        Err(error) => panic!("{error:?}"),
                    }
                }
                Event::Hold => {
                    let theirs = bank.open.iter().filter(|(_, (owner, ..))| *owner >= who(ACCOUNTS));
                    (thieves, kept) = theirs.fold((vec![], 0), |(mut ids, sum), (id, (_, amount, _))| {
                        ids.push(TicketId(*id));
                        (ids, sum + amount)
                    });
                    for id in &thieves {
                        shell::hold(&mut bank.host, &P, *id, at + 72 * HOUR).unwrap();
                    }
                }
                Event::Escrow => {
                    thieves.iter().for_each(|id| shell::escrow(&mut bank.host, *id, safe).unwrap());
                }
            }
        }
        bank.advance(bank.host.now + P.max_delay_secs());
        assert!(bank.open.is_empty(), "a ticket is stuck");
        assert_eq!(bank.saved, kept, "what was held went to escrow, to the unit");
        bank.assert_bound();
        let before = bank.left(found_after);
        assert!(before <= BASE / 10 + BASE / 10 * u128::from(found_after) / u128::from(WINDOW));
        let [large, small] = waits.map(median);
        assert!(small <= large);
        println!(
            "looting in {:.1} h, found after {:>2} h: of the base {:>4.1} % left, {:>4.1} % kept in tickets, {:>4.1} % refused; \
             honest, median wait: small {:.1} h, large {:.1} h",
            hours(looting.last().unwrap().0 * block_secs),
            found_after / HOUR,
            percent(before),
            percent(kept),
            percent(refused),
            hours(small),
            hours(large)
        );
    }
}

#[test]
fn rl_9_a_weeks_run_pays_everybody_in_order_and_the_small_first() {
    let mut bank = Bank::new();
    let sizes = sizes();
    // By the end of each day of the week this share of the accounts has wanted out.
    let ramp = [1, 3, 8, 30, 65, 90, 100];
    let order = shuffled(ACCOUNTS);
    let mut wishes: VecDeque<(u64, usize)> = VecDeque::new();
    for (rank, account) in order.iter().enumerate() {
        let share = rank as f64 * 100.0 / ACCOUNTS as f64;
        let day = ramp.iter().position(|by| share < f64::from(*by)).unwrap();
        let from = if day == 0 { 0.0 } else { f64::from(ramp[day - 1]) };
        let part = (share - from) / (f64::from(ramp[day]) - from);
        wishes.push_back((T + day as u64 * DAY + (part * DAY as f64) as u64, *account));
    }
    let mut left = sizes.clone();
    let (mut small, mut large) = (VecDeque::new(), VecDeque::new());
    let (mut waits, mut first_refusal, mut hour) = ([Vec::new(), Vec::new()], None, T);
    let threshold = bank.small_limit();
    while !wishes.is_empty() || !small.is_empty() || !large.is_empty() {
        hour += HOUR;
        assert!(hour < T + 365 * DAY, "the run does not end");
        bank.advance(hour);
        while wishes.front().is_some_and(|(at, _)| *at <= hour) {
            let wish = wishes.pop_front().unwrap();
            if sizes[wish.1] <= threshold {
                small.push_back(wish)
            } else {
                large.push_back(wish)
            }
        }
        // Who is refused asks again in the next hour, in the order of wishing; forty refusals in a row are enough.
        for (class, queue) in [(1, &mut small), (0, &mut large)] {
            let (mut again, mut failures) = (VecDeque::new(), 0);
            while let Some((at, account)) = queue.pop_front() {
                let piece = left[account].min(bank.main_capacity() / 4);
                match if failures < 40 {
                    bank.exit(who(account), piece)
                } else {
                    Err(Error::BatchSize { length: 0, bound: 0 })
                } {
                    Ok(paid) => {
                        left[account] -= piece;
                        failures = 0;
                        if left[account] == 0 {
                            waits[class].push(paid - at)
                        } else {
                            again.push_back((at, account))
                        }
                    }
                    Err(Error::TooFar { .. } | Error::BatchSize { .. }) => {
                        first_refusal.get_or_insert(hour);
                        failures += 1;
                        again.push_back((at, account));
                    }
                    Err(error) => panic!("{error:?}"),
                }
            }
            *queue = again;
        }
    }
    let end = hour + P.max_delay_secs();
    bank.advance(end);
    assert!(bank.open.is_empty(), "a ticket is stuck");
    assert_eq!(left.iter().sum::<u128>(), 0);
    bank.assert_bound();
    let [large, small] = waits;
    let shares = (small.len(), large.len());
    let within = |waits: &[u64], secs| waits.iter().filter(|wait| **wait <= secs).count() * 100 / waits.len();
    println!(
        "a week's run: {} small accounts, median wait {:.1} d, {} % within 72 h; {} large, median {:.1} d, {} % within 72 h; \
         first refusal after {:.1} d; all paid after {:.1} d; left after a week {:.1} %",
        shares.0,
        median(small.clone()) as f64 / DAY as f64,
        within(&small, 72 * HOUR),
        shares.1,
        median(large.clone()) as f64 / DAY as f64,
        within(&large, 72 * HOUR),
        first_refusal.map_or(0.0, |at| (at - T) as f64 / DAY as f64),
        (end - P.max_delay_secs() - T) as f64 / DAY as f64,
        percent(bank.left(7 * DAY)),
    );
    assert!(median(small) <= median(large));
}

#[test]
fn rl_3_capital_that_goes_in_and_out_again_takes_nobodys_room() {
    let mut bank = Bank::new();
    let thief = who(ACCOUNTS);
    // A loan of ten times the base, in and out a thousand times within one second.
    let open = bank.available();
    for round in 0..1_000 {
        let loan = 10 * BASE + round * 7_919;
        shell::inflow(&mut bank.host, &P, BUCKET, loan);
        bank.liquidity += loan;
        assert_eq!(bank.exit(thief, loan), Ok(T));
    }
    let lost = open - bank.available();
    println!(
        "lent, in and out 1,000 times in one second: others lost {:.6} % of the capacity",
        lost as f64 * 100.0 / open as f64
    );
    assert!(lost * 65_536 * u128::from(WINDOW) <= 1_001 * open + 65_536 * u128::from(WINDOW));
    // Own capital of two capacities: all out, 59 s outside, in again, every minute for a day; an honest account asks each hour
    // while it is outside, and its ticket keeps the room that comes back.
    let mut bank = Bank::new();
    let (capital, mut waits, mut cycles) = (2 * bank.main_capacity(), Vec::new(), 0);
    for minute in 0..24 * 60u64 {
        bank.advance(T + minute * 60);
        let out = bank.available().min(capital);
        if out > 0 {
            assert_eq!(bank.exit(thief, out), Ok(bank.host.now));
            cycles += 1;
        }
        if minute % 60 == 30 {
            let ready = bank.exit(who(minute as usize), capital / 200).unwrap();
            waits.push(ready - bank.host.now);
        }
        bank.host.now += 59;
        shell::inflow(&mut bank.host, &P, BUCKET, out);
        bank.liquidity += out;
    }
    println!(
        "own capital of two capacities, out and in every minute for a day ({cycles} times): an account that wants 1 % of it \
         waits {:.2} h at most, {:.2} h in the median",
        hours(*waits.iter().max().unwrap()),
        hours(median(waits.clone()))
    );
    assert!(waits.iter().all(|wait| *wait <= WINDOW / 100 + WINDOW / 50));
    // With a theft beside it: what leaves in net is the bound whatever he brings.
    for capital in [0, BASE / 10, BASE, 10 * BASE] {
        let mut bank = Bank::new();
        shell::inflow(&mut bank.host, &P, BUCKET, capital);
        bank.liquidity += capital;
        let taken = bank.available();
        assert_eq!(bank.exit(thief, taken), Ok(T));
        let net = taken.saturating_sub(capital);
        println!(
            "a thief who brings {:>6.1} % of the base takes {:.1} % in net at once",
            percent(capital),
            percent(net)
        );
        assert!(net <= bank.main_capacity());
    }
}

#[test]
fn rl_18_a_queue_filled_by_one_is_no_longer_than_the_longest_wait() {
    for share in [10u128, 20, 30, 36, 60] {
        let mut bank = Bank::new();
        let (attacker, capital) = (who(ACCOUNTS), BASE * share / 100);
        let (mut taken, piece) = (0, bank.main_capacity() / 10);
        let mut own = 0;
        while taken + piece <= capital {
            match bank.exit(attacker, piece) {
                Ok(ready) => (taken, own) = (taken + piece, ready - T),
                Err(Error::TooFar { .. }) => break,
                Err(error) => panic!("{error:?}"),
            }
        }
        let large = match bank.exit(who(1), piece) {
            Ok(ready) => ready - T,
            Err(Error::TooFar { ready, .. }) => ready - T,
            Err(error) => panic!("{error:?}"),
        };
        let limit = bank.small_limit();
        let small = bank.exit(who(2), limit).unwrap() - T;
        println!(
            "a queue filled with {share} % of the base: {:.1} % accepted, his own last wait {:.0} h; next large {:.1} h, next small {:.1} h",
            percent(taken),
            hours(own),
            hours(large),
            hours(small)
        );
        assert!(small == 0 && own <= 72 * HOUR && large <= 72 * HOUR + 3 * HOUR);
        // He cannot do it twice with the same money: what he cancels queues no more for a window.
        if let Some((id, _)) = bank.open.iter().find(|(_, (owner, ..))| *owner == attacker) {
            bank.host.caller = attacker;
            shell::cancel(&mut bank.host, TicketId(*id)).unwrap();
            assert!(matches!(bank.exit(attacker, piece), Err(Error::Requeued { .. })));
        }
    }
}

/// Two weeks in which somebody with `percent` of the base asks for all of it whenever he can, and brings back what he is
/// paid or, if `cancels`, cancels at once: the waits of an account that wants 1 % of the capacity.
fn besieged(capital: u128, cancels: bool) -> (Vec<u64>, u64, u64) {
    let mut bank = Bank::new();
    let piece = bank.main_capacity() / 20;
    let mut accounts = vec![(None::<u128>, 0u64); (BASE * capital / 100 / piece) as usize];
    let (mut waits, mut refused, mut tickets) = (Vec::new(), 0, 0);
    for hour in 0..14 * 24u64 {
        bank.advance(T + hour * HOUR);
        let (now, mut outside) = (bank.host.now, 0);
        for (n, (ticket, free_after)) in accounts.iter_mut().enumerate() {
            if ticket.is_some_and(|id| !bank.open.contains_key(&id)) {
                *ticket = None;
                shell::inflow(&mut bank.host, &P, BUCKET, piece);
                bank.liquidity += piece;
            }
            if ticket.is_some() || *free_after > now {
                continue;
            }
            match bank.exit(who(ACCOUNTS + n), piece) {
                Ok(ready) if ready == now => outside += piece,
                Ok(ready) => {
                    let id = bank.open.iter().find(|(_, (.., at))| *at == ready).map(|(id, _)| *id).unwrap();
                    tickets += 1;
                    if cancels {
                        bank.host.caller = who(ACCOUNTS + n);
                        shell::cancel(&mut bank.host, TicketId(id)).unwrap();
                        bank.open.remove(&id);
                        let marker = storage::marker(&bank.host, BUCKET, who(ACCOUNTS + n));
                        *free_after = marker.queue_after;
                        assert!(*free_after >= ready && *free_after >= now + WINDOW);
                    } else {
                        *ticket = Some(id);
                    }
                }
                Err(Error::TooFar { .. }) => break,
                Err(error) => panic!("{error:?}"),
            }
        }
        // What he was paid at once comes back when his tickets wait, so that it frees nobody's room.
        shell::inflow(&mut bank.host, &P, BUCKET, outside);
        bank.liquidity += outside;
        if hour % 6 == 5 && hour >= 24 {
            match bank.exit(who(hour as usize), bank.main_capacity() / 100) {
                Ok(ready) => waits.push(ready - now),
                Err(Error::TooFar { ready, .. }) => {
                    refused += 1;
                    waits.push(ready - now);
                }
                Err(error) => panic!("{error:?}"),
            }
        }
    }
    (waits, refused, tickets)
}

#[test]
fn rl_12_a_queue_that_is_filled_and_cancelled_is_no_longer_than_one_that_is_filled_and_paid() {
    for capital in [0u128, 10, 20, 40] {
        let [paid, cancelled] = [false, true].map(|cancels| {
            let (waits, refused, tickets) = besieged(capital, cancels);
            println!(
                "besieged for two weeks with {capital} % of the base, {}: {tickets} tickets; others wait {:.1} h in the \
                 median, {:.1} h at most, {refused} of {} refused",
                if cancels { "cancelling" } else { "paid and back again" },
                hours(median(waits.clone())),
                hours(*waits.iter().max().unwrap()),
                waits.len()
            );
            waits
        });
        assert!(cancelled.iter().sum::<u64>() <= paid.iter().sum::<u64>() + HOUR * paid.len() as u64);
        assert!(cancelled.iter().chain(&paid).all(|wait| *wait <= P.max_delay_secs() + 2 * HOUR));
        assert!(capital > 0 || paid.iter().all(|wait| *wait == 0));
    }
}

#[test]
fn rl_10_sybils_fill_the_small_lane_and_no_more() {
    let mut bank = Bank::new();
    let main = bank.main_capacity();
    bank.exit(who(ACCOUNTS), main).unwrap(); // nothing is available but by the lane
    bank.exit(who(ACCOUNTS), main).unwrap();
    bank.exit(who(ACCOUNTS), main).unwrap();
    bank.exit(who(ACCOUNTS), main).unwrap();
    let (limit, mut accounts, mut taken, mut at_once) = (bank.small_limit(), 0, 0, 0);
    loop {
        match bank.exit(who(ACCOUNTS + 1 + accounts), limit) {
            Ok(ready) => at_once += u64::from(ready == T),
            Err(Error::TooFar { .. }) => break,
            Err(error) => panic!("{error:?}"),
        }
        (accounts, taken) = (accounts + 1, taken + limit);
    }
    bank.assert_bound();
    println!(
        "Sybils: {accounts} accounts of {:.4} % of the base each fill the small lane with {:.1} % of the base, {at_once} of them at once",
        percent(limit),
        percent(taken)
    );
    assert!(taken <= BASE / 100 * 4 + limit); // a tenth of the capacity, a day's burst and three days' refill
                                              // The honest small account then waits as a large one does, and no longer.
    assert!(matches!(bank.exit(who(1), limit), Err(Error::TooFar { ready, .. }) if ready <= T + 73 * HOUR));
}
