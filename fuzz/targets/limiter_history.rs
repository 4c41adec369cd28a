//! A bucket of two lanes through any history of payments, tickets, changes, overlays, incidents and time, as the shell
//! composes them: nobody is overtaken, no change refills, and what leaves stays within the bound.
#![no_main]

use alloy_primitives::{Address, U256};
use arbitrary::Arbitrary;
use fusebox_limiter::logic::{self, Near, Overflow, Shape};
use fusebox_limiter::params::{MAX_AMOUNT, MAX_TRIP_SECS, RAMP_STEPS};
use fusebox_limiter::types::{FRACTION_BITS, MAX_TIME};
use fusebox_limiter::{Base, Bucket, Config, Error, Lane, Marker, Params, Policy, Side, Slot, Ticket, TicketId};
use libfuzzer_sys::fuzz_target;

const START: u64 = 1_700_000_000;
const ACCOUNTS: usize = 4;
const MAIN: usize = 0;
const SMALL: usize = 1;

/// Amounts are in 1,024ths of what the bucket began with, the largest is the widest there is; times in units of 450 s.
#[derive(Arbitrary, Debug)]
enum Step {
    Exit { who: u8, part: u16 },
    Exits { who: u8, part: u8, times: u8 },
    In { part: u16 },
    Rebase { part: u16 },
    Configure { cap: u16, mins: u16, small: u16, policy: u8, part: u16 },
    Overlay { factor: u16, ticks: u16 },
    Tighten { ticks: u16 },
    Claim { at: u8 },
    Cancel { at: u8 },
    Hold { at: u8, ticks: u16 },
    Escrow { at: u8, to: u8 },
    Wait { ticks: u8, secs: u8 },
}

#[derive(Arbitrary, Debug)]
struct History {
    params: [u8; 8],
    bits: u8,
    config: (u16, u16, u16),
    steps: Vec<Step>,
}

/// One way out of the bucket, and all that it has let out.
#[derive(Clone, Default)]
struct Way {
    bucket: Bucket,
    side: Side,
    /// When asked, when it may leave (fixed), how much.
    left: Vec<(u64, u64, u128)>,
    entered: Vec<(u64, u128)>,
    /// Capacity and window from a second on.
    shapes: Vec<(u64, u128, u64)>,
    /// The last ticket's time; fixed.
    last: u64,
}

struct Waiting {
    id: TicketId,
    ticket: Ticket,
    held_until: u64,
    amount: u128,
}

struct World {
    params: Params,
    now: u64,
    unit: u128,
    config: Config,
    base: Base,
    ways: [Way; 2],
    markers: [Marker; ACCOUNTS],
    /// Until when an account that cancelled may not queue.
    barred: [u64; ACCOUNTS],
    small: [u64; ACCOUNTS],
    tickets: Vec<Waiting>,
    booked: u128,
    paid: u128,
}

fn who(account: u8) -> (usize, Address) {
    let account = usize::from(account) % ACCOUNTS;
    (account, Address::with_last_byte(account as u8 + 1))
}

fn share(value: u8, low: u64, high: u64) -> u64 {
    low + (high - low) * u64::from(value) / 255
}

impl World {
    fn new(history: &History) -> Option<Self> {
        let [e, delay, small, hold, floor, average, tight, ramp] = history.params;
        let params = Params::new(
            share(e, 0, 10_000) as u16,
            share(delay, 3_600, 259_200),
            share(small, 0, 100) as u16,
            share(hold, 3_600, 259_200),
            share(floor, 100, 10_000) as u16,
            share(average, 3_600, 604_800),
        );
        let params =
            params.unwrap().with_ramp(share(tight, 1_000, 10_000) as u16, share(ramp, 3_600, 604_800)).unwrap();
        let unit = 1u128 << (history.bits % 80);
        let (cap, mins, small) = history.config;
        let config = Config::new(1, cap % 10_000 + 1, mins % 20_160 + 1, small % 5_001, Policy::Ticket).unwrap();
        let mut world = Self {
            params,
            now: START,
            unit,
            config,
            base: Base::default(),
            ways: Default::default(),
            markers: Default::default(),
            barred: [0; ACCOUNTS],
            small: [0; ACCOUNTS],
            tickets: Vec::new(),
            booked: 0,
            paid: 0,
        };
        world.reshape(unit * 1_024 * 10, true);
        Some(world)
    }

    fn amount(&self, part: u16) -> u128 {
        match part {
            u16::MAX => u128::MAX,
            part => self.unit * u128::from(part) / 8,
        }
    }

    fn settled(&self, way: usize) -> Bucket {
        logic::settle(self.ways[way].bucket, &self.ways[way].side, &self.params, self.now)
    }

    fn put(&mut self, way: usize, bucket: Bucket, side: Side) {
        let (now, way) = (self.now, &mut self.ways[way]);
        assert_eq!((Bucket::unpack(bucket.pack()), Side::unpack(side.pack())), (bucket, side), "RL-17");
        (way.bucket, way.side) = (bucket, side);
        let whole = logic::whole(&bucket, &side);
        way.shapes.push((now, whole.max(bucket.capacity), bucket.window_secs()));
    }

    /// A change of a lane: neither debt nor credit is worth more afterwards.
    fn change(&mut self, way: usize, bucket: Bucket, side: Side) {
        let before = self.settled(way);
        if before.is_configured() && bucket.is_configured() && bucket.tat < MAX_TIME {
            let debt = |b: &Bucket| {
                let debt = b.tat.saturating_sub(self.now << FRACTION_BITS);
                (U256::from(b.capacity) * U256::from(debt) << 32) / U256::from(b.window())
            };
            let rest = U256::from(before.capacity.max(bucket.capacity)) << 16;
            assert!(debt(&bucket) + U256::from(1u64 << 33) + rest >= debt(&before), "RL-7");
            let open = logic::available(&bucket, &self.params, self.now);
            let was = logic::available(&before, &self.params, self.now);
            assert!(open <= was + bucket.capacity.saturating_sub(before.capacity) + 1, "RL-7: {open} of {was}");
        }
        self.put(way, bucket, side);
    }

    fn reshape(&mut self, liquidity: u128, first: bool) {
        let lent = !first && u64::from(self.ways[MAIN].bucket.last_inflow) == self.now;
        let before = self.base;
        let base = logic::observe(before, &self.params, self.now, liquidity, lent).unwrap();
        assert_eq!(Base::unpack(base.pack()), base, "RL-17");
        if before.updated != 0 {
            assert!(base.average <= before.average.max(before.liquidity.min(liquidity)), "RL-6");
            assert!(!lent || base.liquidity <= before.liquidity, "RL-6");
            assert!(before.updated < base.updated || base.average <= before.average, "RL-6");
        }
        self.base = base;
        let capacity = logic::capacity(&self.config, &base);
        let (main, small) = logic::split(&self.config, capacity);
        assert_eq!(main + small, capacity, "RL-10");
        for (way, capacity) in [(MAIN, main), (SMALL, small)] {
            let shape = Shape { capacity, window_mins: self.config.window_mins(), policy: self.config.policy() };
            let state = (self.ways[way].bucket, self.ways[way].side);
            let (bucket, side) = logic::configure(state, &self.params, self.now, shape, first).unwrap();
            if !state.0.is_configured() && bucket.is_configured() && !first {
                assert_eq!(logic::available(&bucket, &self.params, self.now), 0, "RL-7: an opened lane is empty");
            }
            self.change(way, bucket, side);
        }
    }

    fn exit(&mut self, account: u8, amount: u128) {
        let (index, owner) = who(account);
        let main = self.settled(MAIN);
        let refusal = match logic::spend(main, &self.params, self.now, amount) {
            Ok(next) => {
                assert!(amount == 0 || self.ways[MAIN].last <= self.now << FRACTION_BITS, "RL-9: passed who waits");
                return self.out(MAIN, next, None, amount);
            }
            Err(refusal) => refusal,
        };
        let (small, locked) = match logic::overflow(&main, &self.params, self.now, amount, refusal) {
            Ok(Overflow::Queue { small, locked }) => (small, locked),
            Ok(Overflow::Trip { until }) => return assert!(until <= self.now + MAX_TRIP_SECS, "RL-18"),
            Err(error) => return assert_eq!(error, refusal),
        };
        assert!(!small || amount <= main.capacity * u128::from(self.params.small_bps()) / 10_000, "RL-10");
        let marker = (small || locked).then_some(self.markers[index]);
        let near =
            Near { lane: small.then(|| self.settled(SMALL)), side: locked.then_some(self.ways[MAIN].side), marker };
        let alone = logic::queue(main, Near { lane: None, ..near }, &self.params, self.now, amount);
        let queued = match logic::queue(main, near, &self.params, self.now, amount) {
            Ok(queued) => queued,
            Err(error) => return self.refused(index, error),
        };
        assert!(alone.is_err() || queued.ready.unwrap_or(0) <= alone.unwrap().ready.unwrap_or(0), "RL-10: later");
        assert!(queued.ready.is_none() || self.now >= self.barred[index], "RL-12: queued again");
        if let Some(marker) = queued.marker {
            assert!(queued.lane == Lane::Small && self.now >= self.small[index], "RL-10: once a window");
            assert!(marker.small_after >= self.now + queued.bucket.window_secs(), "RL-10");
            assert_eq!(Marker::unpack(marker.pack()), marker, "RL-17");
            (self.markers[index], self.small[index]) = (marker, marker.small_after);
        }
        let way = if queued.lane == Lane::Main { MAIN } else { SMALL };
        self.out(way, queued.bucket, queued.ready, amount);
        if let Some(ready) = queued.ready {
            let slot = Slot { bucket: 3, lane: queued.lane };
            let (id, ticket) = (TicketId::new(slot, ready), Ticket { owner, amount, held: false });
            assert!((id.slot(), id.ready()) == (slot, ready) && Ticket::unpack(ticket.pack()) == Some(ticket), "RL-17");
            assert!(self.tickets.iter().all(|waiting| waiting.id != id), "RL-9: two tickets of one number");
            self.tickets.push(Waiting { id, ticket, held_until: 0, amount });
            self.booked += amount;
        }
    }

    fn refused(&self, index: usize, error: Error) {
        match error {
            Error::Requeued { after, now } => assert!(now < after && self.barred[index] >= after, "RL-12"),
            Error::TooFar { ready, bound } => assert!(ready > bound || ready == bound, "RL-18"),
            Error::AboveCapacity { amount, bound } => assert!(amount > bound || amount > MAX_AMOUNT),
            error => panic!("{error:?}"),
        }
    }

    /// What left a lane, and that it is within the bound in every interval that ends with it.
    fn out(&mut self, way: usize, bucket: Bucket, ready: Option<u64>, amount: u128) {
        self.put(way, bucket, self.ways[way].side);
        let (now, bps) = (self.now, u128::from(self.params.credit_bps()));
        let way = &mut self.ways[way];
        if let Some(ready) = ready {
            assert!(ready > way.last, "RL-9: overtaken");
            assert!(ready <= (now + self.params.max_delay_secs()) << FRACTION_BITS, "RL-18");
            way.last = ready;
        }
        if amount == 0 {
            return;
        }
        let until = ready.unwrap_or(now << FRACTION_BITS);
        way.left.push((now, until, amount));
        let recent = &way.left[way.left.len().saturating_sub(40)..];
        for (_, from, _) in recent {
            let (start, end) = (from >> FRACTION_BITS, until >> FRACTION_BITS);
            if start > end {
                continue;
            }
            let inside = || recent.iter().filter(|(_, at, _)| *at >= start << FRACTION_BITS && *at <= until);
            let out: u128 = inside().map(|(_, _, amount)| amount).sum();
            let entered = way.entered.iter().filter(|(at, _)| *at >= start && *at <= end);
            let into: u128 = entered.map(|(_, amount)| amount).sum();
            // The largest capacity and the shortest window since the first of them was asked for.
            let asked = inside().map(|(asked, _, _)| *asked).min().unwrap_or(start).min(start);
            let first = way.shapes.iter().rposition(|(at, _, _)| *at < asked).unwrap_or(0);
            let shapes = || way.shapes[first..].iter().filter(|(_, _, window)| *window != 0);
            let most = shapes().map(|(_, capacity, _)| *capacity).max().unwrap();
            let window = shapes().map(|(_, _, window)| *window).min().unwrap() << FRACTION_BITS;
            let refill = U256::from(most) * U256::from(until - (start << FRACTION_BITS) + 65_536) / U256::from(window);
            let bound = U256::from(into + most + most * bps / 10_000) + refill;
            assert!(U256::from(out) <= bound, "RL-5: {out} of {bound}");
        }
    }

    fn inflow(&mut self, amount: u128) {
        let before = self.settled(MAIN);
        let after = logic::inflow(before, &self.params, self.now, amount);
        if self.ways[MAIN].last > self.now << FRACTION_BITS {
            assert_eq!(Bucket { last_inflow: before.last_inflow, ..after }, before, "RL-11: while tickets wait");
        } else {
            let open = |bucket: &Bucket| logic::available(bucket, &self.params, self.now);
            assert!(open(&after) >= open(&before), "RL-11");
            let (next, e) =
                (logic::available(&after, &self.params, self.now + 1), u128::from(self.params.credit_bps()));
            assert!(next <= before.capacity + before.capacity * e / 10_000 + 1, "RL-4: {next}");
        }
        self.put(MAIN, after, self.ways[MAIN].side);
        self.ways[MAIN].entered.push((self.now, amount.min(MAX_AMOUNT)));
    }

    /// Both lanes lowered, or none, as the shell does it.
    fn lower(&mut self, act: impl Fn((Bucket, Side), Lane) -> Result<Option<(Bucket, Side)>, Error>) -> bool {
        let states = [(MAIN, Lane::Main), (SMALL, Lane::Small)];
        let next = states.map(|(way, lane)| (way, act((self.ways[way].bucket, self.ways[way].side), lane)));
        if next.iter().any(|(_, result)| result.is_err()) {
            return false;
        }
        for (way, result) in next {
            if let Ok(Some((bucket, side))) = result {
                self.change(way, bucket, side);
            }
        }
        true
    }

    fn ticket(&mut self, at: u8) -> Option<usize> {
        (!self.tickets.is_empty()).then(|| usize::from(at) % self.tickets.len())
    }

    fn claim(&mut self, i: usize) {
        let Waiting { id, ticket, held_until, amount } = self.tickets[i];
        let due = self.now << FRACTION_BITS >= id.ready() && self.now >= held_until;
        match logic::claim(id, Some(ticket), held_until, self.now) {
            Ok(payment) => {
                assert!(due && (payment.to, payment.amount) == (ticket.owner, amount), "RL-14");
                self.paid += amount;
                self.tickets.swap_remove(i);
            }
            Err(_) => assert!(!due, "RL-14: not paid"),
        }
    }

    fn cancel(&mut self, i: usize) {
        let Waiting { id, ticket, held_until, amount } = self.tickets[i];
        let index = usize::from(ticket.owner.as_slice()[19]) - 1;
        let state = (self.ways[MAIN].bucket, self.ways[MAIN].side, self.markers[index]);
        let result = logic::cancel((id, Some(ticket), held_until), state, self.now, ticket.owner);
        let Ok(((bucket, side, marker), payment)) = result else {
            return assert!(self.now < held_until, "RL-12: refused");
        };
        assert!(self.now >= held_until, "RL-13");
        assert_eq!((payment.to, payment.amount), (ticket.owner, amount), "RL-14");
        assert_eq!(Bucket { locked: state.0.locked, ..bucket }, state.0, "RL-12: somebody's wait changed");
        let until = (self.now + state.0.window_secs()).max(id.ready_secs());
        assert!(marker.queue_after >= until.max(self.barred[index]), "RL-12: an earlier lock is shorter now");
        self.barred[index] = marker.queue_after;
        self.markers[index] = marker;
        self.put(MAIN, bucket, side);
        self.paid += amount;
        self.tickets.swap_remove(i);
    }

    fn hold(&mut self, i: usize, until: u64) {
        let Waiting { id, ticket, held_until, .. } = self.tickets[i];
        let fits = until > self.now && until <= self.now + self.params.hold_secs();
        match logic::hold((id, Some(ticket), held_until), &self.params, self.now, until) {
            Ok(next) => {
                assert!(fits && !ticket.held && next == Ticket { held: true, ..ticket }, "RL-13");
                (self.tickets[i].ticket, self.tickets[i].held_until) = (next, until);
            }
            Err(_) => assert!(!fits || ticket.held, "RL-13"),
        }
    }

    fn wait(&mut self, secs: u64) {
        let end = self.now + secs;
        for way in [MAIN, SMALL] {
            let Way { bucket, side, .. } = self.ways[way].clone();
            let settle = |bucket, at| logic::settle(bucket, &side, &self.params, at);
            let half = settle(bucket, self.now + secs / 2);
            assert_eq!(settle(half, end), settle(bucket, end), "RL-21: who came in between");
            assert!(half.capacity >= settle(bucket, self.now).capacity, "RL-19: it falls");
            // Whoever looks writes the settled bucket back, every other time.
            if secs % 2 == 0 {
                self.ways[way].bucket = settle(bucket, end);
            }
        }
        self.now = end;
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Exit { who, part } => self.exit(who, self.amount(part)),
            Step::Exits { who, part, times } => {
                for n in 0..times % 8 {
                    self.exit(who.wrapping_add(n), self.amount(part.into()) / 64);
                }
            }
            Step::In { part } => self.inflow(self.amount(part)),
            Step::Rebase { part } => self.reshape(self.amount(part).saturating_mul(16), false),
            Step::Configure { cap, mins, small, policy, part } => {
                let policy = Policy::from_code(policy % 3).unwrap();
                let floor = self.amount(part).clamp(1, MAX_AMOUNT);
                self.config = Config::new(floor, cap % 10_000 + 1, mins % 20_160 + 1, small % 5_001, policy).unwrap();
                assert_eq!(Config::unpack(self.config.pack()), Some(self.config), "RL-17");
                self.reshape(self.base.liquidity, false);
            }
            Step::Overlay { factor, ticks } => {
                let (params, now, until) = (self.params, self.now, self.now + u64::from(ticks) * 450);
                self.lower(|state, lane| logic::overlay_lane(state, lane, &params, now, factor, until));
            }
            Step::Tighten { ticks } => {
                let (params, now, until) = (self.params, self.now, self.now + u64::from(ticks) * 450);
                let tighten = |state, lane| logic::tighten_lane(state, lane, &params, now, until);
                assert!(self.lower(tighten), "RL-19: refused");
                let Way { bucket, side, .. } = &self.ways[MAIN];
                assert_eq!(tighten((*bucket, *side), Lane::Main), Ok(None), "RL-21: said again");
            }
            Step::Claim { at } => {
                if let Some(i) = self.ticket(at) {
                    self.claim(i);
                }
            }
            Step::Cancel { at } => {
                if let Some(i) = self.ticket(at) {
                    self.cancel(i);
                }
            }
            Step::Hold { at, ticks } => {
                let until = self.now + u64::from(ticks) * 450;
                if let Some(i) = self.ticket(at) {
                    self.hold(i, until);
                }
            }
            Step::Escrow { at, to } => {
                let Some(i) = self.ticket(at) else { return };
                let Waiting { id, ticket, held_until, .. } = self.tickets[i];
                match logic::escrow((id, Some(ticket), held_until), self.now, who(to).1) {
                    Ok(next) => {
                        assert!(self.now < held_until && next == Ticket { owner: who(to).1, ..ticket }, "RL-13");
                        self.tickets[i].ticket = next;
                    }
                    Err(_) => assert!(self.now >= held_until, "RL-13"),
                }
            }
            Step::Wait { ticks, secs } => self.wait(u64::from(ticks) * 450 + u64::from(secs)),
        }
    }

    /// What is left of a lane's capacity at `at`, in the README's words.
    fn line(&self, side: &Side, at: u64) -> u64 {
        let (share, step) = (u64::from(self.params.tight_bps()), self.params.ramp_step_secs());
        let steps = (at.saturating_sub(side.tight_until()) / step).min(RAMP_STEPS);
        let ramp = share + (10_000 - share) * steps / RAMP_STEPS;
        if at < u64::from(side.until) {
            return ramp.min(u64::from(side.factor_bps));
        }
        ramp
    }

    fn holds(&self) {
        assert_eq!(self.booked, self.paid + self.tickets.iter().map(|waiting| waiting.amount).sum::<u128>(), "RL-14");
        for way in [MAIN, SMALL] {
            let (bucket, Way { side, last, .. }) = (self.settled(way), &self.ways[way]);
            if !bucket.is_configured() {
                assert!(logic::spend(bucket, &self.params, self.now, 1).is_err(), "RL-16");
                continue;
            }
            let time = self.now << FRACTION_BITS;
            assert!(bucket.tat <= time || bucket.credit_until <= time, "debt and credit at once");
            let line = self.line(side, self.now);
            let left = logic::left(side, &self.params, self.now);
            assert_eq!(u64::from(left.bps), line, "RL-22");
            if bucket.overlaid {
                let most = (side.base * u128::from(line) / 10_000).max(1);
                assert!(line < 10_000 && bucket.capacity == most, "RL-19: {} of {most}", bucket.capacity);
            } else {
                assert_eq!(line, 10_000, "RL-15: it did not lower");
            }
            let open = logic::available(&bucket, &self.params, self.now);
            assert_eq!(logic::spend(bucket, &self.params, self.now, 0), Ok(bucket), "RL-1");
            assert_eq!(logic::inflow(bucket, &self.params, self.now, 0), bucket, "RL-1");
            assert!(logic::spend(bucket, &self.params, self.now, open.saturating_add(1)).is_err(), "RL-1: {open}");
            let all = logic::spend(bucket, &self.params, self.now, open);
            assert!(open > MAX_AMOUNT || all.is_ok(), "RL-1: {open}");
            assert!(*last <= time || open == 0, "RL-9: room while tickets wait");
            assert_eq!(logic::inflow(bucket, &self.params, u64::MAX, 1), bucket, "RL-11");
            assert!(logic::spend(bucket, &self.params, u64::MAX, 1).is_err());
        }
    }
}

fuzz_target!(|history: History| {
    let Some(mut world) = World::new(&history) else { return };
    for step in history.steps.iter().take(60) {
        world.run(step);
        world.holds();
    }
});
