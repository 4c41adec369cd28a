//! A slow and obvious model beside the fund: a list of stakers, each with what was held back from it, in big integers.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use fusebox_fund::{
    error::Error,
    logic::{self, hold},
    types::{Account, Hold, Params, State, Vault, ROLLOVER, SHARES_PER_UNIT, THIN_BITS},
};
use num_bigint::BigInt;

const DAY: u64 = 86_400;
const STAKERS: usize = 6;
/// What the model counts fractions of a unit in.
const SCALE: u32 = 192;

/// Steps in total: a million; `FUSEBOX_CASES` asks for more.
fn steps() -> u64 {
    std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000_000)
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    /// Up to `n`, often small, often all of it, at times more.
    fn amount(&mut self, n: u128) -> u128 {
        let wide = u128::from(self.next()) << 64 | u128::from(self.next());
        match self.below(5) {
            0 => wide % n.max(1) + 1,
            1 => wide % (n / 20).max(1) + 1,
            2 => n,
            3 => wide % 1_000 + 1,
            _ => wide % n.saturating_mul(2).max(1) + 1,
        }
    }
}

fn big(n: impl Into<BigInt>) -> BigInt {
    n.into()
}
fn ceil(a: BigInt, d: &BigInt) -> BigInt {
    (a + d - 1) / d
}

#[derive(Clone, Default)]
struct Staker {
    epoch: u32,
    shares: BigInt,
    request: Option<(BigInt, BigInt, u64)>, // shares, value, since
    weight: BigInt,
    round: u64,
    at_risk: BigInt, // scaled
    owed: BigInt,    // scaled
}

#[derive(Clone, Default)]
struct Model {
    assets: BigInt,
    shares: BigInt,
    epoch: u32,
    deficit: BigInt,
    deficit_until: u64,
    incident: BigInt,
    opened: u64,
    held: BigInt,
    weight: BigInt,
    round: u64,
    paid_in: BigInt,
    paid_out: BigInt,
    stakers: Vec<Staker>,
}

impl Model {
    fn open(&self) -> BigInt {
        &self.deficit + &self.incident
    }
    fn worth(&self, shares: &BigInt) -> BigInt {
        shares * (&self.assets + 1) / (&self.shares + SHARES_PER_UNIT)
    }
    fn bought(&self, assets: &BigInt) -> BigInt {
        assets * (&self.shares + SHARES_PER_UNIT) / (&self.assets + 1)
    }
    /// Everybody in the round is released the same part of what is at risk.
    fn release(&mut self, units: &BigInt) {
        if *units == big(0) {
            return;
        }
        for staker in self.stakers.iter_mut().filter(|s| s.round == self.round) {
            let moved = &staker.at_risk * units / &self.held;
            staker.at_risk -= &moved;
            staker.owed += moved;
        }
        self.held -= units;
    }
    fn end_round(&mut self) {
        if self.weight == big(0) {
            return;
        }
        let left = self.held.clone();
        self.release(&left);
        (self.weight, self.round) = (big(0), self.round + 1);
        self.stakers.iter_mut().for_each(|s| s.at_risk = big(0));
    }
    fn lower(&mut self, of_deficit: BigInt, of_incident: BigInt) {
        let (before, less) = (self.open(), &of_deficit + &of_incident);
        self.deficit -= of_deficit;
        self.incident -= of_incident;
        if self.open() == big(0) {
            self.end_round();
        } else {
            let units = &self.held * less / before;
            self.release(&units);
        }
    }
    fn tick(&mut self, p: &Params, now: u64) {
        if self.incident > big(0) && now >= self.opened + p.hold_secs() {
            self.lower(big(0), self.incident.clone());
        }
        if self.deficit > big(0) && now >= self.deficit_until {
            self.lower(self.deficit.clone(), big(0));
        }
        if &self.weight >> THIN_BITS >= self.held && self.weight > big(0) {
            self.end_round();
        }
        let epoch = self.epoch;
        for staker in &mut self.stakers {
            if staker.epoch != epoch {
                (staker.epoch, staker.shares, staker.request) = (epoch, big(0), None);
            }
            let over = p.cooldown_secs() + p.window_secs();
            staker.request = staker.request.take().filter(|(_, _, since)| now < since + over);
        }
    }
    fn settle_empty(&mut self) {
        if self.shares == big(0) {
            self.shares = &self.assets * SHARES_PER_UNIT;
        }
    }
}

/// The fund as the shell keeps it.
struct Fund {
    vault: Vault,
    hold: Hold,
    accounts: Vec<Account>,
    rounds: Vec<u128>,
}

impl Fund {
    fn write(&mut self, hold: Hold) {
        if let Some(closed) = hold.closed {
            self.rounds.resize(closed.round as usize + 1, 0);
            self.rounds[closed.round as usize] = closed.index;
        }
        self.hold = Hold::unpack(hold.pack());
    }
    fn state(&mut self, i: usize, p: &Params, now: u64) -> State {
        let settled = hold::settle(self.hold, p, now);
        self.write(settled);
        let account = logic::current(self.accounts[i], &self.vault, p, now);
        State { vault: self.vault, hold: self.hold, account }
    }
    fn last(&self, account: &Account) -> u128 {
        if account.round == self.hold.round {
            self.hold.index
        } else {
            self.rounds[account.round as usize]
        }
    }
    fn put(&mut self, i: usize, state: State) {
        self.vault = Vault::unpack(state.vault.pack());
        self.write(state.hold);
        self.accounts[i] = Account::unpack(state.account.pack());
    }
}

fn agree(fund: &Fund, model: &Model, seen: &str) {
    let Fund { vault, hold, .. } = fund;
    assert_eq!((big(vault.assets), big(vault.shares)), (model.assets.clone(), model.shares.clone()), "{seen}");
    assert_eq!((big(hold.deficit), big(hold.incident)), (model.deficit.clone(), model.incident.clone()), "{seen}");
    assert_eq!((big(hold.held), big(hold.weight)), (model.held.clone(), model.weight.clone()), "{seen}");
    // What came in is what the vault, what is held back and what is owed can claim, and what left.
    let claims = big(vault.assets) + hold.held + hold.released;
    assert_eq!(&model.paid_in - &model.paid_out, claims, "{seen}");
    assert!(hold.held <= hold.deficit + hold.incident, "{seen}: more is held back than is open");
}

/// Pays what is owed, and compares it with what the list says.
fn collect(fund: &mut Fund, model: &mut Model, i: usize, state: State, dust: &mut BigInt) -> State {
    if state.account.round == 0 {
        return state;
    }
    let last = fund.last(&state.account);
    let (hold, account, paid) = hold::collect(state.hold, state.account, last);
    let exact = &model.stakers[i].owed >> SCALE;
    let off: BigInt = &exact - big(paid);
    assert!(off.clone() * off.clone() <= big(9), "owed {exact}, paid {paid}");
    *dust += off;
    model.stakers[i].owed = big(0);
    model.paid_out += paid;
    State { hold, account, ..state }
}

#[test]
fn if_1_the_fund_is_the_list_of_stakers_to_the_unit() {
    let floor = 1_000_000u128;
    let p = Params::new(10 * DAY as u32, 4 * DAY as u32, 72 * 3_600, 14 * DAY as u32, floor).unwrap();
    let (mut done, mut seed, mut counts) = (0u64, 0u64, [0u64; 10]);
    let (mut rolled, mut held_back, mut released) = (0u64, 0u64, 0u64);
    while done < steps() {
        seed += 1;
        let mut r = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let unit: u128 = [1_000, 1_000_000, 1_000_000_000_000][r.below(3) as usize];
        let mut now = 1_700_000_000u64;
        let mut model = Model { stakers: vec![Staker::default(); STAKERS], round: 1, ..Model::default() };
        let (vault, hold) = (Vault::default(), Hold::default());
        let mut fund = Fund { vault, hold, accounts: vec![Account::default(); STAKERS], rounds: vec![0; 2] };
        let mut dust = big(0);
        for _ in 0..400 {
            done += 1;
            now += match r.below(6) {
                0 => 0,
                1 => r.below(60),
                2 => r.below(DAY),
                3 => r.below(3 * DAY),
                4 => r.below(12 * DAY),
                _ => 3_600,
            };
            model.tick(&p, now);
            let i = r.below(STAKERS as u64) as usize;
            let kind = r.below(14) as usize;
            let state = fund.state(i, &p, now);
            agree(&fund, &model, "after the clock");
            let seen = format!("seed {seed}, step {done}, kind {kind}");
            match kind {
                0..=2 => {
                    let amount = r.amount(1_000 * unit);
                    match logic::stake(state.vault, &state.hold, state.account, &p, amount) {
                        Ok((vault, account, shares)) => {
                            counts[0] += 1;
                            assert_eq!(big(shares), model.bought(&big(amount)), "{seen}");
                            assert_eq!(model.open(), big(0), "{seen}: the door was shut");
                            fund.put(i, State { vault, account, ..state });
                            model.assets += amount;
                            model.shares += shares;
                            model.stakers[i].shares += shares;
                            model.paid_in += amount;
                        }
                        Err(Error::Closed { .. }) => assert!(model.open() > big(0), "{seen}"),
                        Err(Error::TooSmall { value, bound }) => {
                            assert_eq!(model.bought(&big(value)), big(0), "{seen}");
                            assert!(model.bought(&big(bound)) > big(0), "{seen}");
                            assert_eq!(model.bought(&big(bound - 1)), big(0), "{seen}");
                        }
                        Err(error) => panic!("{seen}: {error:?}"),
                    }
                }
                3 | 4 => {
                    let shares = r.amount(state.account.shares);
                    match logic::request(&state.vault, state.account, &p, now, shares) {
                        Ok((account, asked)) => {
                            counts[1] += 1;
                            assert_eq!(big(asked.value), model.worth(&big(shares)), "{seen}");
                            model.stakers[i].request = Some((big(shares), big(asked.value), now));
                            fund.put(i, State { account, ..state });
                        }
                        Err(Error::InsufficientShares { .. }) => assert!(big(shares) > model.stakers[i].shares),
                        Err(Error::ZeroAmount) => assert_eq!(shares, 0),
                        Err(error) => panic!("{seen}: {error:?}"),
                    }
                }
                5 => match logic::cancel(state.account, &p, now) {
                    Ok(account) => {
                        counts[2] += 1;
                        assert!(model.stakers[i].request.take().is_some(), "{seen}");
                        fund.put(i, State { account, ..state });
                    }
                    Err(_) => assert!(model.stakers[i].request.is_none(), "{seen}"),
                },
                6..=8 => {
                    // Half of the time exactly at the window.
                    if let (Some((_, _, since)), true) = (&model.stakers[i].request, r.below(2) == 0) {
                        now = now.max(since + p.cooldown_secs() + r.below(p.window_secs()));
                        if now >= since + p.cooldown_secs() + p.window_secs() {
                            continue;
                        }
                        model.tick(&p, now);
                    }
                    let state = fund.state(i, &p, now);
                    let shares = r.amount(state.account.requested);
                    let state = collect(&mut fund, &mut model, i, state, &mut dust);
                    match logic::redeem(state, &p, now, shares) {
                        Ok((after, paid)) => {
                            counts[3] += 1;
                            let (asked, value, since) = model.stakers[i].request.clone().expect(&seen);
                            assert!(now >= since + p.cooldown_secs() && big(shares) <= asked, "{seen}");
                            let of_value = &value * shares / &asked;
                            let amount = model.worth(&big(shares)).min(of_value.clone());
                            let risk = model.open() - &model.held;
                            let held = ceil(big(shares) * risk, &model.shares).min(amount.clone());
                            assert_eq!((big(paid.amount), big(paid.held)), (&amount - &held, held.clone()), "{seen}");
                            assert!(amount == big(0) || &model.assets - &amount >= big(floor), "{seen}: the floor");
                            model.assets -= &amount;
                            model.shares -= shares;
                            model.paid_out += paid.amount;
                            let left = &asked - shares;
                            let staker = &mut model.stakers[i];
                            staker.shares -= shares;
                            staker.request = (left > big(0)).then(|| (left, value - of_value, since));
                            if held > big(0) {
                                held_back += 1;
                                let joins = model.weight == big(0);
                                let weight = if joins { held.clone() } else { &held * &model.weight / &model.held };
                                let same = model.stakers[i].round == model.round && !joins;
                                let staker = &mut model.stakers[i];
                                staker.weight = if same { &staker.weight + &weight } else { weight.clone() };
                                staker.round = model.round;
                                staker.at_risk += &held << SCALE;
                                model.weight += weight;
                                model.held += held;
                            }
                            model.settle_empty();
                            fund.put(i, after);
                        }
                        Err(error) => {
                            match error {
                                Error::NoRequest { .. } => assert!(model.stakers[i].request.is_none(), "{seen}"),
                                Error::CoolingDown { ready, .. } => assert!(now < ready, "{seen}"),
                                Error::BelowFloor { amount, available } => {
                                    assert!(amount > available, "{seen}");
                                    assert_eq!(big(available), (&model.assets - floor).max(big(0)), "{seen}");
                                }
                                Error::InsufficientShares { needed, held } => assert!(needed > held, "{seen}"),
                                Error::ZeroAmount => assert_eq!(shares, 0),
                                error => panic!("{seen}: {error:?}"),
                            }
                            fund.put(i, state);
                        }
                    }
                }
                9 => {
                    let most = logic::drawable(&state.vault, &state.hold, &p);
                    let amount = if r.below(4) == 0 { r.amount(most) } else { r.amount(most / 8) };
                    match logic::draw(state.vault, state.hold, &p, amount) {
                        Ok((vault, hold, drawn)) => {
                            counts[4] += 1;
                            let open = model.open();
                            let covered = big(amount).min(open.clone());
                            let part = if open == big(0) { big(0) } else { ceil(&covered * &model.held, &open) };
                            assert_eq!(big(drawn.held), part, "{seen}");
                            assert_eq!(drawn.held + drawn.staked, amount, "{seen}");
                            if part > big(0) {
                                let left = &model.held - &part;
                                for staker in model.stakers.iter_mut().filter(|s| s.round == model.round) {
                                    staker.at_risk = &staker.at_risk * &left / &model.held;
                                }
                                model.held = left;
                            }
                            let of_deficit = covered.clone().min(model.deficit.clone());
                            model.incident -= &covered - &of_deficit;
                            model.deficit -= of_deficit;
                            if covered == open {
                                model.end_round();
                            }
                            model.assets -= drawn.staked;
                            assert!(model.assets >= big(floor), "{seen}: the floor");
                            model.paid_out += amount;
                            let start = (&model.assets + 1) * SHARES_PER_UNIT * ROLLOVER;
                            assert_eq!(drawn.rolled, start < &model.shares + SHARES_PER_UNIT, "{seen}");
                            if drawn.rolled {
                                rolled += 1;
                                model.epoch += 1;
                                model.shares = &model.assets * SHARES_PER_UNIT;
                            }
                            fund.vault = Vault::unpack(vault.pack());
                            fund.write(hold);
                        }
                        Err(Error::BelowFloor { amount, available }) => assert!(amount > available, "{seen}"),
                        Err(Error::ZeroAmount) => assert_eq!(amount, 0),
                        Err(error) => panic!("{seen}: {error:?}"),
                    }
                }
                10 => {
                    let amount = r.amount(100 * unit);
                    fund.vault = logic::credit(state.vault, amount).expect(&seen);
                    model.assets += amount;
                    model.paid_in += amount;
                    model.settle_empty();
                    counts[5] += 1;
                }
                11 | 12 => {
                    let amount = r.amount(state.vault.assets / 2 + 1);
                    let report = r.below(2) == 0;
                    let aside = if r.below(2) == 0 { amount.min(state.hold.incident) } else { 0 };
                    let opened = match report {
                        true => hold::report(state.hold, &p, now, amount, aside),
                        false => hold::open(state.hold, &p, now, amount),
                    };
                    match opened {
                        Ok(hold) => {
                            counts[6] += 1;
                            if report {
                                model.incident -= aside;
                                model.deficit += amount;
                                model.deficit_until = now + p.deficit_secs();
                            } else {
                                if model.opened == 0 || now >= model.opened + p.hold_secs() {
                                    assert!(model.opened == 0 || now >= model.opened + 7 * DAY, "{seen}");
                                    model.opened = now;
                                }
                                model.incident += amount;
                            }
                            fund.write(hold);
                        }
                        Err(Error::HoldSpent { again, .. }) => {
                            assert_eq!(again, model.opened + 7 * DAY, "{seen}");
                            assert!(now < again && now >= model.opened + p.hold_secs(), "{seen}");
                        }
                        Err(error) => panic!("{seen}: {error:?}"),
                    }
                }
                _ => {
                    let deficit = r.below(2) == 0;
                    let open = if deficit { state.hold.deficit } else { state.hold.incident };
                    let amount = r.amount(open);
                    match hold::call_off(state.hold, deficit, amount) {
                        Ok(hold) => {
                            counts[7] += 1;
                            let (a, b) = if deficit { (big(amount), big(0)) } else { (big(0), big(amount)) };
                            model.lower(a, b);
                            fund.write(hold);
                        }
                        Err(Error::AboveOpen { amount, bound }) => assert!(amount > bound, "{seen}"),
                        Err(error) => assert_eq!((error, amount), (Error::ZeroAmount, 0), "{seen}"),
                    }
                    model.tick(&p, now);
                    let state = fund.state(i, &p, now);
                    released += u64::from(state.hold.released != 0);
                    let after = collect(&mut fund, &mut model, i, state, &mut dust);
                    fund.put(i, after);
                }
            }
            agree(&fund, &model, &seen);
            let of_all = model.stakers.iter().filter(|s| s.epoch == model.epoch);
            assert!(of_all.map(|s| s.shares.clone()).sum::<BigInt>() <= model.shares, "{seen}");
        }
        // Everybody is paid what is owed to them: the rest is dust.
        now += 40 * DAY;
        model.tick(&p, now);
        for i in 0..STAKERS {
            let state = fund.state(i, &p, now);
            let after = collect(&mut fund, &mut model, i, state, &mut dust);
            fund.put(i, after);
        }
        assert!(fund.hold.held == 0 && big(fund.hold.released) <= big(4_000), "seed {seed}: {:?}", fund.hold);
        agree(&fund, &model, "at the end");
    }
    println!("{done} steps, {counts:?}, {rolled} epochs, {held_back} held back, {released} released");
    assert!(counts[..8].iter().all(|n| *n > done / 200), "{counts:?}");
    assert!(rolled > 5 && held_back > done / 1_000 && released > 100, "{rolled} {held_back} {released}");
}
