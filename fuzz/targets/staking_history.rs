//! A fund and its stakers through any history of staking, leaving, incidents, deficits, draws and time, beside a list of
//! who was held back what: everything is accounted for to the unit, and nobody gains from others.
#![no_main]

use alloy_primitives::U256;
use arbitrary::Arbitrary;
use fusebox_fund::error::Error;
use fusebox_fund::logic::{self, hold};
use fusebox_fund::types::{Account, Hold, Params, State, Vault, HOLD_PERIOD, MAX_AMOUNT, ROLLOVER, SHARES_PER_UNIT};
use libfuzzer_sys::fuzz_target;
use num_bigint::BigInt;

const START: u64 = 1_700_000_000;
const HOUR: u64 = 3_600;
const STAKERS: usize = 4;
/// Fractional bits of what the list counts.
const FRACTION: u32 = 192;

/// Amounts are a number shifted by what the history says; parts are in 255ths.
#[derive(Arbitrary, Debug)]
enum Step {
    Stake { who: u8, amount: u32 },
    Request { who: u8, part: u8 },
    Cancel { who: u8 },
    Redeem { who: u8, part: u8, waits: bool },
    Collect { who: u8 },
    Draw { part: u8, all: bool },
    Credit { amount: u32 },
    Incident { amount: u32 },
    Report { amount: u32, aside: u8 },
    CallOff { deficit: bool, part: u8 },
    Wait { hours: u8, secs: u8 },
}

#[derive(Arbitrary, Debug)]
struct History {
    params: [u8; 4],
    floor: u16,
    shift: u8,
    steps: Vec<Step>,
}

/// What the list knows of a staker, beside what it staked.
#[derive(Clone, Default)]
struct Held {
    round: u32,
    at_risk: BigInt, // of the round, scaled
    owed: BigInt,    // scaled
}

struct World {
    params: Params,
    shift: u32,
    now: u64,
    vault: Vault,
    hold: Hold,
    accounts: [Account; STAKERS],
    rounds: Vec<u128>,
    list: [Held; STAKERS],
    paid_in: u128,
    paid_out: u128,
    /// When incidents began to hold something back, and until when.
    spans: Vec<(u64, u64)>,
}

fn part(amount: u128, part: u8) -> u128 {
    let whole = U256::from(amount) * U256::from(part) / U256::from(255);
    whole.to::<u128>().max(u128::from(part != 0).min(amount))
}

/// What a share is worth, as a fraction.
fn price(vault: &Vault) -> (U256, U256) {
    (U256::from(vault.assets) + U256::from(1), U256::from(vault.shares) + U256::from(SHARES_PER_UNIT))
}

fn no_lower(before: &Vault, after: &Vault) -> bool {
    let ((a, s), (b, t)) = (price(before), price(after));
    before.epoch != after.epoch || b * s >= a * t
}

impl World {
    fn new(history: &History) -> Self {
        let values = core::array::from_fn::<u32, 4, _>(|i| {
            let (least, most) = Params::BOUNDS[i];
            (least + (most - least) * u128::from(history.params[i]) / 255) as u32
        });
        let [cooldown, window, hold, deficit] = values;
        let floor = (u128::from(history.floor) << (history.shift % 48)).max(1_000);
        let params = Params::new(cooldown, window, hold, deficit, floor).unwrap();
        assert_eq!(Params::unpack(params.pack()), Ok(params), "IF-15");
        Self {
            params,
            shift: u32::from(history.shift % 48),
            now: START,
            vault: Vault::default(),
            hold: Hold::default(),
            accounts: Default::default(),
            rounds: vec![0],
            list: Default::default(),
            paid_in: 0,
            paid_out: 0,
            spans: Vec::new(),
        }
    }

    /// What is held back has become `left` of `before` for everybody in the round; what is gone is owed, or lost.
    fn scale(&mut self, before: u128, left: u128, owed: bool) {
        if before == 0 || before == left {
            return;
        }
        let round = self.hold.round;
        for held in self.list.iter_mut().filter(|held| held.round == round) {
            let kept = &held.at_risk * left / before;
            if owed {
                held.owed += &held.at_risk - &kept;
            }
            held.at_risk = kept;
        }
    }

    /// Takes over what a release or the end of a round has made of the hold.
    fn write(&mut self, next: Hold, owed: bool) {
        self.scale(self.hold.held, next.held, owed);
        if let Some(closed) = next.closed {
            assert!(next.held == 0 && next.weight == 0, "IF-12");
            self.rounds.resize(closed.round as usize + 1, 0);
            self.rounds[closed.round as usize] = closed.index;
            let gone = |held: &&mut Held| held.round == closed.round;
            self.list.iter_mut().filter(gone).for_each(|held| held.at_risk = BigInt::ZERO);
        }
        let word = Hold { closed: None, ..next };
        assert_eq!(Hold::unpack(next.pack()), word, "IF-14");
        self.hold = word;
    }

    fn settled(&mut self, who: usize) -> State {
        let next = hold::settle(self.hold, &self.params, self.now);
        self.write(next, true);
        assert_eq!(hold::settle(self.hold, &self.params, self.now), self.hold, "IF-7: settled twice");
        let account = logic::current(self.accounts[who], &self.vault, &self.params, self.now);
        State { vault: self.vault, hold: self.hold, account }
    }

    fn put(&mut self, who: usize, account: Account) {
        assert_eq!(Account::unpack(account.pack()), account, "IF-14");
        self.accounts[who] = account;
    }

    fn collect(&mut self, who: usize) {
        let state = self.settled(who);
        let account = state.account;
        let last = if account.round == self.hold.round { self.hold.index } else { self.rounds[account.round as usize] };
        let (hold, after, paid) = hold::collect(state.hold, account, last);
        assert_eq!(hold.released + paid, state.hold.released, "IF-12");
        let (_, _, again) = hold::collect(hold, after, last);
        assert_eq!(again, 0, "IF-12: paid twice");
        let owed: BigInt = &self.list[who].owed >> FRACTION;
        let off = owed - paid;
        assert!(off >= BigInt::from(-4) && off <= BigInt::from(4), "IF-12: {paid} paid, off by {off}");
        self.list[who].owed = BigInt::ZERO;
        self.paid_out += paid;
        self.hold = hold;
        self.put(who, after);
    }

    fn stake(&mut self, who: usize, amount: u128) {
        let state = self.settled(who);
        let open = hold::exposure(&state.hold);
        match logic::stake(state.vault, &state.hold, state.account, &self.params, amount) {
            Ok((vault, account, shares)) => {
                assert_eq!(open, 0, "IF-4");
                assert!(logic::assets_down(&vault, shares) <= amount && no_lower(&state.vault, &vault), "IF-9");
                self.vault = vault;
                self.put(who, account);
                self.paid_in += amount;
            }
            Err(Error::Closed { exposure, until }) => {
                assert!(open > 0 && exposure == open && until > self.now, "IF-4");
                let over = hold::settle(state.hold, &self.params, until);
                assert_eq!(hold::exposure(&over), 0, "IF-4: still shut");
            }
            Err(Error::TooSmall { value, bound }) => {
                assert!(value < bound && logic::shares_down(&state.vault, bound) > 0, "IF-9");
            }
            Err(error) => assert!(matches!(error, Error::ZeroAmount | Error::TooLarge { .. }), "{error:?}"),
        }
    }

    fn redeem(&mut self, who: usize, n: u8, waits: bool) {
        let request = self.settled(who).account;
        if waits && request.since != 0 {
            self.now = self.now.max(logic::window(&request, &self.params).0);
        }
        self.collect(who);
        let state = self.settled(who);
        let account = state.account;
        let shares = part(account.requested, n);
        let (ready, until) = logic::window(&account, &self.params);
        let (most, _) = logic::redeemable(state, &self.params, self.now);
        let result = logic::redeem(state, &self.params, self.now, shares);
        let Ok((after, paid)) = result else {
            let floor = matches!(result, Err(Error::BelowFloor { .. }));
            assert!(account.since == 0 || shares == 0 || self.now < ready || floor, "IF-6: {result:?}");
            return assert!(!floor || shares > most, "IF-8: refused");
        };
        assert!(account.since != 0 && ready <= self.now && self.now < until, "IF-6");
        let amount = paid.amount + paid.held;
        let of_value = U256::from(account.value) * U256::from(shares) / U256::from(account.requested);
        let claim = logic::assets_down(&state.vault, shares);
        assert_eq!(U256::from(amount), of_value.min(U256::from(claim)), "IF-5");
        assert_eq!(after.vault.assets + amount, state.vault.assets, "IF-1");
        assert!(amount == 0 || after.vault.assets >= self.params.floor(), "IF-8");
        assert!(shares == state.vault.shares || no_lower(&state.vault, &after.vault), "IF-3");
        let risk = hold::exposure(&state.hold).saturating_sub(state.hold.held);
        let held = (U256::from(shares) * U256::from(risk)).div_ceil(U256::from(state.vault.shares));
        assert_eq!(U256::from(paid.held), held.min(U256::from(amount)), "IF-11");
        if paid.held > 0 {
            let list = &mut self.list[who];
            (list.round, list.at_risk) = (after.hold.round, &list.at_risk + (BigInt::from(paid.held) << FRACTION));
        }
        self.paid_out += paid.amount;
        (self.vault, self.hold) = (after.vault, after.hold);
        self.put(who, after.account);
    }

    fn draw(&mut self, n: u8, all: bool) {
        let state = self.settled(0);
        let (vault, hold) = (state.vault, state.hold);
        let most = logic::drawable(&vault, &hold, &self.params);
        assert!(logic::draw(vault, hold, &self.params, most.saturating_add(1)).is_err(), "IF-8");
        let amount = if all { most } else { part(most, n) / 4 };
        let Ok((after, next, drawn)) = logic::draw(vault, hold, &self.params, amount) else {
            return assert_eq!(amount, 0, "IF-8: refused");
        };
        assert_eq!(drawn.staked + drawn.held, amount, "IF-11");
        assert!(after.assets >= self.params.floor() && after.assets + drawn.staked == vault.assets, "IF-8");
        let open = hold::exposure(&hold);
        let covered = U256::from(amount.min(open)) * U256::from(hold.held);
        let share = if open == 0 { U256::ZERO } else { covered.div_ceil(U256::from(open)) };
        assert_eq!(U256::from(drawn.held), share, "IF-11");
        let most = (U256::from(after.assets) + U256::from(1)) * U256::from(SHARES_PER_UNIT * ROLLOVER);
        assert_eq!(drawn.rolled, U256::from(vault.shares + SHARES_PER_UNIT) > most, "IF-13");
        assert!(!drawn.rolled || after.shares == after.assets * SHARES_PER_UNIT, "IF-13");
        // First what is lost, then what the end of the round releases.
        self.scale(hold.held, hold.held - drawn.held, false);
        self.hold.held = hold.held - drawn.held;
        self.write(next, true);
        self.vault = after;
        self.paid_out += amount;
    }

    fn expose(&mut self, next: Result<Hold, Error>, incident: bool) {
        let state = self.settled(0);
        match next {
            Ok(next) => {
                if incident && next.opened != state.hold.opened {
                    let until = hold::incident_until(&next, &self.params);
                    assert!(self.spans.last().is_none_or(|(from, _)| self.now >= from + HOLD_PERIOD), "IF-7");
                    self.spans.push((self.now, until));
                }
                if next.deficit == 0 {
                    let until = self.spans.last().map_or(0, |(_, until)| *until);
                    assert!(hold::ends(&next, &self.params) <= until.max(self.now), "IF-7");
                }
                self.write(next, true);
            }
            Err(Error::HoldSpent { again, .. }) => {
                let (from, until) = self.spans[self.spans.len() - 1];
                assert!(self.now >= until && self.now < again && again == from + HOLD_PERIOD, "IF-7");
            }
            Err(_) => (),
        }
    }

    fn run(&mut self, step: &Step) {
        let wide = |n: u32, shift: u32| u128::from(n) << shift;
        let index = |who: u8| usize::from(who) % STAKERS;
        let (p, now, shift) = (self.params, self.now, self.shift);
        match *step {
            Step::Stake { who, amount } => self.stake(index(who), wide(amount, shift)),
            Step::Request { who, part: n } => {
                let who = index(who);
                let state = self.settled(who);
                let shares = part(state.account.shares, n);
                if let Ok((account, asked)) = logic::request(&state.vault, state.account, &p, now, shares) {
                    assert_eq!(asked.value, logic::assets_down(&state.vault, shares), "IF-5");
                    assert_eq!(asked.ready, now + p.cooldown_secs(), "IF-6");
                    let none = Account { since: 0, requested: 0, value: 0, ..state.account };
                    assert_eq!(logic::cancel(account, &p, now), Ok(none), "IF-6");
                    assert_eq!(logic::current(account, &state.vault, &p, asked.until), none, "IF-6");
                    self.put(who, account);
                }
            }
            Step::Cancel { who } => {
                let who = index(who);
                let state = self.settled(who);
                match logic::cancel(state.account, &p, now) {
                    Ok(account) => self.put(who, account),
                    Err(_) => assert_eq!(state.account.since, 0, "IF-6"),
                }
            }
            Step::Redeem { who, part, waits } => self.redeem(index(who), part, waits),
            Step::Collect { who } => self.collect(index(who)),
            Step::Draw { part, all } => self.draw(part, all),
            Step::Credit { amount } => {
                let (state, amount) = (self.settled(0), wide(amount, shift));
                if let Ok(vault) = logic::credit(state.vault, amount) {
                    assert!(no_lower(&state.vault, &vault) || state.vault.shares == 0, "IF-2");
                    (self.vault, self.paid_in) = (vault, self.paid_in + amount);
                }
            }
            Step::Incident { amount } => {
                let hold = self.settled(0).hold;
                self.expose(hold::open(hold, &p, now, wide(amount, shift)), true);
            }
            Step::Report { amount, aside } => {
                let (hold, amount) = (self.settled(0).hold, wide(amount, shift));
                let aside = part(hold.incident.min(amount), aside);
                self.expose(hold::report(hold, &p, now, amount, aside), false);
            }
            Step::CallOff { deficit, part: n } => {
                let hold = self.settled(0).hold;
                let amount = part(if deficit { hold.deficit } else { hold.incident }, n);
                self.expose(hold::call_off(hold, deficit, amount), false);
            }
            Step::Wait { hours, secs } => self.now += u64::from(hours) * HOUR + u64::from(secs),
        }
    }

    fn holds(&mut self) {
        let State { vault, hold, .. } = self.settled(0);
        assert_eq!(self.paid_in - self.paid_out, vault.assets + hold.held + hold.released, "IF-1");
        assert!(vault.assets <= MAX_AMOUNT && hold.held <= hold::exposure(&hold), "IF-11: more held back than is open");
        assert_eq!(Vault::unpack(vault.pack()), vault, "IF-14");
        let mut shares = 0;
        for who in 0..STAKERS {
            shares += logic::current(self.accounts[who], &vault, &self.params, self.now).shares;
        }
        assert!(shares <= vault.shares, "IF-13: {shares} of {}", vault.shares);
        let at_risk: BigInt = self.list.iter().filter(|held| held.round == hold.round).map(|held| &held.at_risk).sum();
        let off: BigInt = (at_risk >> FRACTION) - hold.held;
        assert!(off >= BigInt::from(-1) && off <= BigInt::ZERO, "IF-1: the list has {off} more at risk");
    }
}

fuzz_target!(|history: History| {
    let mut world = World::new(&history);
    for step in history.steps.iter().take(80) {
        world.run(step);
        world.holds();
    }
    world.now += 80 * 86_400;
    (0..STAKERS).for_each(|who| world.collect(who));
    world.holds();
    assert_eq!(world.hold.held, 0, "IF-7: held back for good");
});
