//! Everything that the protocol accounts for is what the token says it has, after every transaction of random histories.

use alloy_primitives::{keccak256, Address, U256};
use alloy_sol_types::{sol, SolCall};
use fusebox_testbed::Tx;
use fusebox_tests::{abi::*, *};
use std::collections::BTreeMap;

sol! {
    function settle(uint32 market, address account);
    function deleverage(uint32 market);
    function repay(uint32 market, uint128 amount);
    function releaseResidue(uint32 market);
    function takeClaim(uint32 market, address account, uint32 epoch);
}

const USERS: [Address; 5] = [ALICE, BOB, CAROL, LP, who(0x15)];
const MARKETS: [u32; 2] = [1, 2];
const DAY: u64 = 86_400;

/// The next number of a fixed sequence (xorshift), below `bound`.
fn next(state: &mut u64, bound: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 16) % bound
}

fn low(word: U256, bits: usize) -> U256 {
    word & ((U256::from(1) << bits) - U256::from(1))
}

/// A rig with two markets in loss domains of their own, buffers, a side's share of the pool, cover and recapitalisation.
fn rig(token: &'static str, decimals: u8) -> Rig {
    let mut rig = Rig::of(Plan { token, decimals, floor: 20_000, ..Plan::default() });
    let feeds = [rig.anchor, rig.second].map(|feed| aggregator(feed, 8, 100_000, MAX_AGE));
    let mut words = rig.listing_of(rig.terms().with(11, 30), Params::default(), &feeds);
    words[2] |= U256::from(1) << 200usize; // its loss domain
    words[3] |= packed(&[(64, 0), (16, 50), (16, 20), (16, 10)]); // buffer, a side's share, what it comes back to
    let all = 10u128.pow(30);
    rig.govern(&[
        change::list(&words),
        change::parameter(1, 0x0514, 100),
        change::cover(0, [0, 0, 10_000, 7, all]),
        change::cover(1, [0, 1_000, 5_000, 7, all]),
        change::recap(500, 5_000),
        change::harbour(1_000, U256::from(all), U256::from(1)),
    ]);
    for user in USERS {
        rig.fund(user, 10_000_000);
        rig.call(user, &depositCall { amount: rig.units(50_000) });
    }
    rig
}

/// The tickets of collateral that were not paid or cancelled.
type Tickets = BTreeMap<u128, (Address, U256)>;

/// What every account, position, pot and book of the protocol says it has, together.
fn accounted(rig: &Rig, tickets: &Tickets) -> U256 {
    let mut sum = rig.ask(&poolCall {}).assets;
    for user in USERS {
        sum += rig.ask(&accountCall { who: user }).free;
        sum += MARKETS.iter().map(|market| rig.ask(&positionCall { who: user, market: *market }).margin).sum::<U256>();
    }
    for market in MARKETS {
        let losses = rig.ask(&lossesCall { market });
        sum += losses[0] + losses[1] + losses[2]; // buffer, reserves of both sides
        sum += rig.ask(&settlementCall { market })[4]; // what winners have not taken
    }
    let fund = rig.ask(&fundStateCall {});
    sum += low(fund[1], 96) + low(fund[3], 96) + low(fund[4] >> 96usize, 128); // staked, held back, owed
    for domain in [0, 1] {
        let book = rig.ask(&ledgerCall { domain });
        sum += (low(book[3] >> 112usize, 112)) + low(book[5] >> 112usize, 112); // held, residue
    }
    let open = tickets.iter().filter(|(id, _)| !rig.ask(&ticketCall { id: **id })[0].is_zero());
    sum + open.map(|(_, (_, amount))| *amount).sum::<U256>()
}

const NAMES: [&str; 26] = [
    "deposit",
    "withdraw",
    "open",
    "increase",
    "reduce",
    "close",
    "liquidate",
    "provide",
    "remove",
    "claimTickets",
    "stake",
    "requestRedeem",
    "cancelRedeem",
    "redeem",
    "collectHeld",
    "repay",
    "releaseResidue",
    "takeClaim",
    "deleverage",
    "settle",
    "topUp",
    "poke",
    "donate",
    "giveBack",
    "pause",
    "cancelTicket",
];
/// How often each is tried, in the same order.
const WEIGHTS: [u64; 26] = [3, 4, 12, 3, 4, 5, 14, 3, 3, 2, 4, 3, 1, 5, 2, 2, 1, 3, 3, 3, 2, 4, 1, 2, 1, 1];

struct History {
    rig: Rig,
    state: u64,
    price: i64,
    donated: U256,
    tickets: Tickets,
    done: [usize; 26],
    bad_debt: usize,
    drawn: usize,
    deleveraged: usize,
}

impl History {
    fn below(&mut self, bound: u64) -> u64 {
        next(&mut self.state, bound)
    }
    fn user(&mut self) -> Address {
        USERS[self.below(5) as usize]
    }
    /// From a user on, the first with a position.
    fn holder(&self, market: u32, from: Address) -> Address {
        let all = USERS.iter().cycle().skip_while(|user| **user != from).take(USERS.len());
        let held = |user: &&Address| !self.rig.ask(&positionCall { who: **user, market }).size.is_zero();
        all.copied().find(|user| held(&user)).unwrap_or(from)
    }
    /// A staker whose request may leave now.
    fn ripe(&self) -> Option<Address> {
        let since = |user: &Address| low(self.rig.ask(&stakeOfCall { account: *user })[0], 32).to::<u64>();
        USERS.into_iter().find(|user| (1..=self.rig.now() - 10 * DAY).contains(&since(user)))
    }
    /// Prices move; now and then a day passes, or ten, or a storm that leaves positions bankrupt.
    fn weather(&mut self, step: usize) {
        if !step.is_multiple_of(3) {
            return;
        }
        let (secs, moves) = match self.below(24) {
            0 => (10 * DAY, 1),
            1 => (DAY, 1),
            2..=4 => (600, 8),
            _ => (1 + self.below(600), 1),
        };
        let up = if self.below(3) == 0 { self.below(2) == 0 } else { self.price < START };
        for _ in 0..moves {
            let bps = if moves == 1 {
                self.below(600) as i64 - 300
            } else if up {
                380
            } else {
                -380
            };
            self.price = (self.price + self.price * bps / 10_000).clamp(START / 2, START * 2);
            self.rig.advance(secs, self.price);
            self.rig.send(CAROL, &pokeCall { market: 1 });
            self.rig.send(CAROL, &pokeCall { market: 2 });
        }
        if moves > 1 {
            for (user, market) in USERS.iter().flat_map(|user| MARKETS.map(|market| (*user, market))) {
                if !self.rig.ask(&positionCall { who: user, market }).size.is_zero() {
                    self.act(6, CAROL, liquidateCall { market, account: user }.abi_encode());
                }
            }
        }
    }
    fn kind(&mut self) -> usize {
        let mut at = self.below(WEIGHTS.iter().sum());
        WEIGHTS
            .iter()
            .position(|weight| {
                let hit = at < *weight;
                at = at.saturating_sub(*weight);
                hit
            })
            .expect("a kind")
    }
    /// The input of an action, and who is to send it.
    fn action(&mut self, kind: usize) -> (Address, Vec<u8>) {
        let (who, other, market) = (self.user(), self.user(), 1 + self.below(2) as u32);
        let (whole, rest) = (1 + self.below(9_000), self.below(1_000));
        let amount = self.rig.units(whole) + U256::from(rest);
        let size = U256::from(WAD) * U256::from(1 + self.below(9_000)) / U256::from(97);
        let none = U256::ZERO;
        let share = U256::from((1_005 + self.below(120)) * (1 + self.below(2))); // twice of it while Guarded
        let price = U256::from(self.price);
        let margin = self.rig.units(1) * size / U256::from(WAD) * price / U256::from(10).pow(U256::from(12)) * share;
        let holder = matches!(NAMES[kind], "increase" | "reduce" | "close" | "liquidate" | "topUp" | "settle");
        let (who, other) = if holder { (self.holder(market, who), self.holder(market, other)) } else { (who, other) };
        let open = self.tickets.iter().rev().find(|(id, _)| !self.rig.ask(&ticketCall { id: **id })[0].is_zero());
        let (id, owner) = open.map_or((1, who), |(id, (owner, _))| (*id, *owner));
        let who = match NAMES[kind] {
            "cancelTicket" => owner,
            "redeem" => self.ripe().unwrap_or(who),
            _ => who,
        };
        let own = low(self.rig.ask(&stakeOfCall { account: who })[0] >> 96usize, 128);
        let part = own / U256::from(1 + self.below(3));
        let data = match NAMES[kind] {
            "deposit" => depositCall { amount }.abi_encode(),
            "withdraw" => withdrawCall { amount: amount * U256::from(2) }.abi_encode(),
            "open" => openCall { market, isLong: self.below(2) == 0, size, margin, limitPrice: none }.abi_encode(),
            "increase" => increaseCall { market, size, margin, limitPrice: none }.abi_encode(),
            "reduce" => reduceCall { market, size, limitPrice: none }.abi_encode(),
            "close" => closeCall { market, limitPrice: none }.abi_encode(),
            "liquidate" => liquidateCall { market, account: other }.abi_encode(),
            "provide" => provideCall { amount }.abi_encode(),
            "remove" => removeCall { shares: amount * U256::from(100_000) }.abi_encode(),
            "claimTickets" => claimTicketsCall { ids: self.tickets.keys().copied().take(16).collect() }.abi_encode(),
            "stake" => stakeCall { amount }.abi_encode(),
            "requestRedeem" => requestRedeemCall { shares: part }.abi_encode(),
            "cancelRedeem" => cancelRedeemCall {}.abi_encode(),
            "redeem" => redeemCall { shares: part }.abi_encode(),
            "collectHeld" => collectHeldCall { account: other }.abi_encode(),
            "repay" => repayCall { market, amount: (amount / U256::from(9)).to() }.abi_encode(),
            "releaseResidue" => releaseResidueCall { market }.abi_encode(),
            "takeClaim" => takeClaimCall { market, account: other, epoch: 1 + self.below(4) as u32 }.abi_encode(),
            "deleverage" => deleverageCall { market }.abi_encode(),
            "settle" => settleCall { market, account: other }.abi_encode(),
            "topUp" => topUpCall { market, amount: amount / U256::from(50) }.abi_encode(),
            "poke" => pokeCall { market }.abi_encode(),
            "donate" => transferCall { to: self.rig.perp, amount }.abi_encode(),
            "giveBack" => {
                let last = self.rig.incidents() as u32;
                let lost = |id: &u32| !self.rig.ask(&incidentCall { id: *id })[10].is_zero();
                let incident = (last.saturating_sub(4).max(1)..=last).rev().find(lost).unwrap_or(last);
                giveBackCall { incident, amount: amount / U256::from(20) }.abi_encode()
            }
            "pause" => pauseCall { scopes: vec![market], classes: 1, reason: 1 }.abi_encode(),
            _ => cancelTicketCall { id }.abi_encode(),
        };
        (if NAMES[kind] == "pause" { PAUSER } else { who }, data)
    }
    fn step(&mut self, step: usize) {
        self.weather(step);
        let kind = self.kind();
        let (who, data) = self.action(kind);
        self.act(kind, who, data);
    }
    /// Sends it, and holds what everything sums to against the token's balance.
    fn act(&mut self, kind: usize, who: Address, data: Vec<u8>) {
        let donation = NAMES[kind] == "donate";
        let to = if donation { self.rig.token } else { self.rig.perp };
        let before = self.rig.balance(self.rig.perp);
        let outcome = self.rig.chain.send(Tx::new(who, to, data));
        if outcome.success {
            self.done[kind] += 1;
        } else {
            assert!(outcome.output.len() >= 4, "{} failed without a word: {:?}", NAMES[kind], outcome.note);
        }
        if donation {
            self.donated += self.rig.balance(self.rig.perp) - before;
        }
        if let (1, Some(issued)) = (kind, outcome.event::<TicketIssued>()) {
            self.tickets.insert(issued.id, (issued.owner, U256::from(issued.amount)));
        }
        let names = |topic: &str| outcome.logs.iter().any(|log| log.topics[0] == keccak256(topic));
        self.bad_debt += usize::from(names("LossBorne(uint32,uint8,uint128)"));
        self.drawn += usize::from(names("FundDrawn(uint16,uint256,uint256)"));
        self.deleveraged += usize::from(names("Deleveraged(uint32,bool,uint256,uint256,uint256,uint256,uint256)"));
        let sum = accounted(&self.rig, &self.tickets) + self.donated;
        assert_eq!(sum, self.rig.balance(self.rig.perp), "after {}, {:?} done", NAMES[kind], self.done);
    }
    /// The protocol ends as it stands: everybody is counted, everything divided, everybody paid, and next to nothing is left.
    fn end(&mut self) {
        self.rig.govern(&[change::decision(1, 0)]);
        let settle = change::decision(3, 0);
        self.rig.call(GOVERNANCE, &proposeCall { words: settle.clone() });
        self.rig.advance(7 * DAY, self.price);
        for _ in 0..60 {
            self.rig.advance(60, self.price);
            for market in MARKETS {
                self.rig.send(CAROL, &pokeCall { market });
            }
        }
        self.rig.call(CAROL, &executeCall { words: settle });
        self.rig.wait(DAY);
        let places: Vec<(Address, u32)> = USERS.iter().flat_map(|user| MARKETS.map(|market| (*user, market))).collect();
        let settle = |(account, market): (Address, u32)| settleAccountCall { account, market }.abi_encode();
        for place in &places {
            if !self.rig.ask(&positionCall { who: place.0, market: place.1 }).size.is_zero() {
                let before = self.done[19];
                self.act(19, ALICE, settle(*place));
                assert_eq!(self.done[19], before + 1, "{place:?} cannot be counted");
            }
        }
        self.rig.call(BOB, &divideCall {});
        for place in places {
            self.act(19, ALICE, settle(place));
            for epoch in 0..6 {
                let (account, market) = place;
                self.act(17, BOB, takeClaimCall { market, account, epoch }.abi_encode());
            }
        }
        for account in USERS {
            self.act(14, BOB, collectHeldCall { account }.abi_encode());
            self.act(13, ALICE, settleStakeCall { account }.abi_encode());
            self.act(8, ALICE, settleSharesCall { account }.abi_encode());
        }
        for market in MARKETS {
            let left = self.rig.ask(&settlementCall { market })[4];
            assert!(left <= U256::from(16), "{left} of what winners are paid");
            assert!(self.rig.ask(&lossesCall { market })[0].is_zero(), "a buffer");
        }
    }
}

fn history(token: &'static str, decimals: u8, seed: u64, steps: usize) -> History {
    let rig = rig(token, decimals);
    let mut history = History {
        rig,
        state: seed,
        price: START,
        donated: U256::ZERO,
        tickets: Tickets::new(),
        done: [0; 26],
        bad_debt: 0,
        drawn: 0,
        deleveraged: 0,
    };
    (0..steps).for_each(|step| history.step(step));
    let done = history.done; // what the history itself has done
    history.end();
    history.done = done;
    let done: Vec<_> = NAMES.iter().zip(history.done).collect();
    println!(
        "{token} {decimals}: {done:?} borne {} drawn {} deleveraged {}",
        history.bad_debt, history.drawn, history.deleveraged
    );
    history
}

#[test]
fn pp_30_a_random_history_conserves_with_6_decimals() {
    let history = history("TestToken", 6, 0x5eed_0030, 600);
    assert!(history.done.iter().all(|count| *count > 0), "something never succeeded");
    assert!(history.bad_debt > 3 && history.drawn > 1, "nothing was lost");
}

#[test]
fn pp_30_a_random_history_conserves_with_18_decimals() {
    let history = history("TestToken", 18, 0x5eed_0031, 600);
    assert!(history.done.iter().filter(|count| **count > 0).count() >= 23, "too little succeeded");
    assert!(history.bad_debt > 3 && history.drawn > 1, "nothing was lost");
}

#[test]
fn pp_30_a_random_history_conserves_with_a_token_that_takes_a_fee() {
    let history = history("FeeToken", 6, 0x5eed_0032, 600);
    assert!(history.done.iter().filter(|count| **count > 0).count() >= 23, "too little succeeded");
    assert!(history.bad_debt > 3 && history.drawn > 1, "nothing was lost");
}
