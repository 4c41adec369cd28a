//! A market's margins and an account's profits through any history of parameters, weather, openings and time: margins
//! rise at once and fall along their lines, and no profit leaves before it is warm.
#![no_main]

use arbitrary::Arbitrary;
use fusebox_core::{
    panel::Tier,
    time::{DAY, HOUR},
};
use fusebox_market::logic;
use fusebox_market::params::{bounds, TERMS};
use fusebox_market::{Caps, Exposure, Mark, Opening, Params, Ratchet, Terms, Warm, Weather};
use libfuzzer_sys::fuzz_target;
use num_bigint::BigUint;

const START: u64 = 1_700_000_000;

#[derive(Arbitrary, Debug)]
enum Step {
    Change { term: u8, value: u128, shift: u8 },
    Weather { tier: u8, volatility: u16 },
    Variance { fast: u64, slow: u64, shift: u8 },
    Open { amounts: [u64; 5], shift: u8 },
    Health { is_long: bool, size: u64, price: u64, drift: u16, margin: u64, decimals: u8, grace: bool },
    Profit { amount: u64, shift: u8, secs: u32, cut: u8 },
    Loss { amount: u64, shift: u8 },
    Withdraw { amount: u64, shift: u8 },
    Wait { secs: u32, shift: u8 },
}

struct World {
    now: u64,
    params: Params,
    ratchet: Ratchet,
    weather: Weather,
    /// Margins that the market remembered, and when.
    seen: Vec<(u64, u64)>,
    pace: u64,
    slack: u64,
    maintenance: u16,
    written: u64,
    warm: Warm,
    free: u128,
    profits: u128,
    longest: u64,
}

fn big(n: impl Into<BigUint>) -> BigUint {
    n.into()
}

/// `ceil(a / b)`.
fn up(a: BigUint, b: BigUint) -> BigUint {
    (a + &b - 1u32) / b
}

/// A part times the tier's factor, at most the whole.
fn factored(terms: &Terms, tier: Tier, part: u16) -> u16 {
    let factor = if tier >= Tier::Guarded { u64::from(terms.guarded_bps) } else { 10_000 };
    (u64::from(part) * factor).div_ceil(10_000).min(10_000) as u16
}

fn ramp(base: u16, top: u16, start: u16, used: u128, cap: u128) -> u16 {
    let exact = if top <= base || used < cap && big(used) * 10_000u32 <= big(cap) * start {
        big(base)
    } else if used >= cap {
        big(top)
    } else {
        let rise = big(top - base) * (big(used) * 10_000u32 - big(cap) * start);
        big(base) + up(rise, big(cap) * (10_000 - u32::from(start)))
    };
    assert_eq!(big(logic::ramp_up(base, top, start, used, cap)), exact, "MR-3");
    logic::ramp_up(base, top, start, used, cap)
}

impl World {
    fn new() -> Self {
        let caps = Caps { position: 1 << 50, interest: 1 << 60 };
        let params = Params::standard(START, 1_000, caps, 3).validated(START).unwrap();
        Self {
            now: START,
            params,
            ratchet: Ratchet::default(),
            weather: Weather::default(),
            seen: Vec::new(),
            pace: params.terms.ratchet_bps.into(),
            slack: logic::slack_up(&params.terms).into(),
            maintenance: params.closing.maintenance.at(START),
            written: 0,
            warm: Warm::default(),
            free: 0,
            profits: 0,
            longest: START,
        }
    }

    fn change(&mut self, term: u8, value: u128) {
        let (before, now) = (self.params, self.now);
        let (min, max) = bounds(term);
        match logic::changed(&before, self.ratchet, now, term, value) {
            Ok((next, ratchet)) => {
                assert!(term < TERMS && value >= min && value <= max && next.get(term) == value, "MR-19");
                assert!((0..TERMS).all(|other| other == term || next.get(other) == before.get(other)), "MR-19");
                assert_eq!(next.validated(now), Ok(next), "MR-19");
                assert_eq!(next.closing.maintenance.at(now), before.closing.maintenance.at(now), "MR-4: a jump");
                let line = |ratchet, terms| logic::line_up(ratchet, terms, now);
                assert!(line(ratchet, &next.terms) >= line(self.ratchet, &before.terms), "MR-5");
                (self.params, self.ratchet) = (next, ratchet);
                self.pace = self.pace.max(next.terms.ratchet_bps.into());
                self.slack = self.slack.max(logic::slack_up(&next.terms).into());
                self.written = 0; // another pace or base: the hour begins anew
            }
            Err(_) => {
                let narrow = matches!(term, 0 | 15 | 16); // bounded by one another
                assert!(narrow || term >= TERMS || value < min || value > max, "MR-19: refused");
            }
        }
        assert!(logic::listed(&self.params.terms, 1, self.params, now).is_err());
    }

    /// The market remembers its margin under a weather.
    fn observe(&mut self) {
        let (terms, now, weather) = (self.params.terms, self.now, self.weather);
        let margin = logic::market_up(&terms, self.ratchet, now, weather);
        let asked = factored(&terms, weather.tier, terms.base_bps.max(weather.volatility_bps));
        let line = logic::line_up(self.ratchet, &terms, now);
        assert_eq!(margin, asked.max(line).min(10_000), "MR-1");
        for (then, before) in &self.seen {
            let fall = (self.pace * (now - then)).div_ceil(DAY) + self.slack;
            assert!(u64::from(margin) + fall >= *before, "MR-5: {margin} after {before}");
        }
        let next = logic::remembered(self.ratchet, &terms, now, weather);
        assert_eq!(logic::remembered(next, &terms, now, weather), next, "MR-6");
        assert!(logic::line_up(next, &terms, now) >= line, "MR-6");
        assert!(asked > line.max(terms.base_bps) || next == self.ratchet, "MR-6: written for nothing");
        if next != self.ratchet {
            assert!(self.written == 0 || now >= self.written + HOUR, "MR-6: twice in an hour");
            self.written = now;
        }
        self.ratchet = next;
        self.seen.push((now, margin.into()));
    }

    fn open(&mut self, opening: &Opening) {
        let Params { terms, caps, .. } = self.params;
        let (now, weather) = (self.now, self.weather);
        let cap = logic::interest_cap_down(&terms, &caps, opening.assets);
        assert_eq!(
            big(cap),
            big(caps.interest).min(big(opening.assets) * terms.interest_share_bps / 10_000u32),
            "MR-7"
        );
        let interest = ramp(terms.base_bps, terms.interest_margin_bps, terms.interest_start_bps, opening.interest, cap);
        let size = ramp(terms.base_bps, terms.size_margin_bps, terms.size_start_bps, opening.notional, caps.position);
        let market = logic::market_up(&terms, self.ratchet, now, weather);
        let margin = factored(&terms, weather.tier, interest.max(size)).max(market);
        assert_eq!(logic::initial_up(&terms, &caps, self.ratchet, now, weather, opening), margin, "MR-1");
        assert!(margin > self.maintenance, "MR-4: initial below maintenance");
        let leverage = big(logic::leverage_down(margin));
        assert!(&leverage * margin <= big(1_000_000u32) && (leverage + 1u32) * margin > big(1_000_000u32), "MR-1");
        let needed = up(big(opening.notional) * margin, big(10_000u32));
        let fits = opening.margin >= terms.min_margin
            && opening.notional <= caps.position
            && opening.interest <= cap
            && big(opening.margin.saturating_sub(opening.loss)) >= needed;
        match logic::admit(self.ratchet, (&terms, &caps), now, weather, opening) {
            Ok((ratchet, admission)) => {
                assert!(fits && big(admission.needed) == needed && admission.initial_bps == margin, "MR-7");
                assert_eq!(ratchet, logic::remembered(self.ratchet, &terms, now, weather), "MR-7");
                self.observe();
            }
            Err(_) => assert!(!fits, "MR-7: refused"),
        }
    }

    fn variance(&self, fast: u64, slow: u64) {
        let terms = &self.params.terms;
        let got = big(logic::volatility_up(terms, fast, slow));
        let square = big(terms.z_hundredths).pow(2) * terms.horizon_mins * 60u32 * fast.max(slow);
        let unit = BigUint::from(10u32).pow(14);
        assert!(got >= big(10_000u32) || got.pow(2) * &unit >= square, "MR-3");
        assert!(got == big(0u32) || (got - 1u32).pow(2) * &unit < square, "MR-3");
        assert!(logic::volatility_up(terms, fast.min(slow), 0) <= logic::volatility_up(terms, fast, slow), "MR-2");
    }

    fn health(&self, exposure: &Exposure, mark: Mark, grace: bool) {
        let bps = self.maintenance;
        let value = |price: u128, ceil: bool| {
            let product = big(exposure.size) * price;
            if ceil {
                up(product, big(mark.scale))
            } else {
                product / mark.scale
            }
        };
        let health = logic::health(exposure, mark, bps, grace).unwrap();
        let ends = |price: u128| {
            let gross = big(exposure.margin) + if exposure.is_long { value(price, false) } else { big(exposure.entry) };
            let owing = if exposure.is_long { big(exposure.entry) } else { value(price, true) };
            gross < owing + up(value(price, true) * bps, big(if grace { 20_000u32 } else { 10_000 }))
        };
        if exposure.size == 0 {
            return assert!(!health.liquidatable, "MR-8");
        }
        assert_eq!(health.liquidatable, ends(mark.price), "MR-8");
        let reached = health.price != u128::MAX && (health.price != 0 || exposure.is_long);
        assert!(!reached || !ends(health.price), "MR-8: not safe at {}", health.price);
        let (price, safe) = (mark.price, health.price);
        assert!(!health.liquidatable || if exposure.is_long { price < safe } else { price > safe }, "MR-8");
    }

    fn profit(&mut self, amount: u128, secs: u32, cut: u128) {
        let (warm, now) = (self.warm, self.now);
        let (locked, left) = (logic::locked_up(warm, now), warm.end.saturating_sub(now));
        let next = logic::profited(warm, now, secs, amount);
        let first = logic::profited(warm, now, secs, amount / 256 * cut);
        let parts = logic::profited(first, now, secs, amount - amount / 256 * cut);
        if amount != 0 && secs != 0 {
            assert_eq!(logic::locked_up(next, now), locked + amount, "MR-11");
            let apart = big(locked) * left + big(amount) * secs;
            let together = big(locked + amount) * (next.end - now);
            assert!(together >= apart && together < apart + big(locked + amount), "MR-11");
            self.longest = self.longest.max(now + u64::from(secs));
        } else {
            assert_eq!(next, warm, "MR-10");
        }
        for later in [0, left / 3, u64::from(secs) / 2, u64::from(secs)] {
            let locked = |warm| logic::locked_up(warm, now + later);
            assert!(locked(parts) >= locked(next), "MR-12");
        }
        assert!(parts.end <= next.end + 2, "MR-12");
        (self.warm, self.free, self.profits) = (next, self.free + amount, self.profits + amount);
    }

    fn loss(&mut self, loss: u128) {
        let (warm, now) = (self.warm, self.now);
        let (locked, loss) = (logic::locked_up(warm, now), loss.min(self.free));
        let next = logic::lost(warm, now, loss);
        assert_eq!(logic::locked_up(next, now), locked.saturating_sub(loss), "MR-13");
        for later in [1, HOUR, DAY] {
            let (then, before) = (logic::locked_up(next, now + later), logic::locked_up(warm, now + later));
            assert!(then <= before + 1 && before <= then + loss, "MR-13");
        }
        let principal = self.free - locked;
        assert_eq!(logic::withdrawable(next, now, self.free - loss), principal.min(self.free - loss), "MR-13");
        (self.warm, self.free) = (next, self.free - loss);
    }

    fn wait(&mut self, secs: u64) {
        let before = logic::locked_up(self.warm, self.now);
        for part in [secs / 3, secs] {
            let at = self.maintenance_at(self.now + part);
            let most = (9_999 * part).div_ceil(DAY);
            assert!(u64::from(at.abs_diff(self.maintenance)) <= most, "MR-4: too fast");
        }
        self.now += secs;
        self.maintenance = self.maintenance_at(self.now);
        assert!(logic::locked_up(self.warm, self.now) <= before, "MR-10");
    }

    fn maintenance_at(&self, now: u64) -> u16 {
        let ramp = self.params.closing.maintenance;
        let (low, high) = (ramp.from_bps.min(ramp.to_bps), ramp.from_bps.max(ramp.to_bps));
        let at = ramp.at(now);
        assert!(low <= at && at <= high && at < self.params.terms.base_bps, "MR-4");
        assert!(self.params.closing.penalty_bps <= at, "MR-19");
        at
    }

    fn run(&mut self, step: &Step) {
        let wide = |n: u64, shift: u8| u128::from(n) << (shift % 48);
        match *step {
            Step::Change { term, value, shift } => self.change(term % (TERMS + 1), value >> (shift % 128)),
            Step::Weather { tier, volatility } => {
                self.weather =
                    Weather { tier: Tier::from_code(tier % 5).unwrap(), volatility_bps: volatility % 10_001 };
                self.written = 0; // it may be written again
                self.observe();
            }
            Step::Variance { fast, slow, shift } => self.variance(fast >> (shift % 64), slow >> (shift % 64)),
            Step::Open { amounts, shift } => {
                let [notional, interest, assets, margin, loss] = amounts.map(|amount| wide(amount, shift));
                self.open(&Opening { notional, interest, assets, margin, loss });
                // The same within the caps and with enough behind it.
                let (notional, interest) = (notional.min(self.params.caps.position), interest >> 8);
                self.open(&Opening { notional, interest, assets: assets | 1 << 100, margin: 1 << 111, loss: 0 });
            }
            Step::Health { is_long, size, price, drift, margin, decimals, grace } => {
                let mark = Mark { price: u128::from(price) + 1, scale: 10u128.pow(18 + u32::from(decimals % 19)) };
                let size = u128::from(size) << 30;
                let value = big(size) * mark.price / mark.scale * drift / 32_768u32;
                let entry = u128::try_from(value).unwrap_or(u128::MAX).min(u128::MAX >> 16);
                self.health(&Exposure { is_long, size, entry, margin: margin.into() }, mark, grace);
            }
            Step::Profit { amount, shift, secs, cut } => {
                self.profit(wide(amount, shift), secs % 2_592_001, cut.into());
            }
            Step::Loss { amount, shift } => self.loss(wide(amount, shift)),
            Step::Withdraw { amount, shift } => {
                let (amount, most) = (wide(amount, shift), logic::withdrawable(self.warm, self.now, self.free));
                assert_eq!(logic::withdraw(self.warm, self.now, self.free, amount).is_ok(), amount <= most, "MR-10");
                self.free -= amount.min(most);
            }
            Step::Wait { secs, shift } => self.wait(u64::from(secs) >> (8 + shift % 24)),
        }
    }

    fn holds(&mut self) {
        self.maintenance = self.maintenance_at(self.now);
        self.observe();
        let locked = logic::locked_up(self.warm, self.now);
        assert!(locked <= self.profits && locked <= self.free, "MR-10");
        assert_eq!(locked + logic::withdrawable(self.warm, self.now, self.free), self.free, "MR-10");
        assert!(self.warm.end <= self.longest, "MR-10: longer than the longest time");
        assert_eq!(logic::withdrawable(self.warm, self.longest, self.free), self.free, "MR-10");
    }
}

fuzz_target!(|steps: Vec<Step>| {
    let mut world = World::new();
    for step in steps.iter().take(80) {
        world.run(step);
        world.holds();
    }
});
