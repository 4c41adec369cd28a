//! How a market ends: wind-down and settlement out of the queue, a price from the chain's own record, every position
//! counted at it, every winner paid one part, and then who provided; and money that is brought back.

use crate::{
    abi,
    logic::{self, loss::since_of, settle as rules},
    program,
    shell::{topic, w},
    storage::{
        self,
        settle::{self as words, Won},
    },
    types::{HOUSE, MAX_MARKETS},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use fusebox::{decision_state, storage as panel, types::Sighting};
use fusebox_authority::types::Change;
use fusebox_breaker::storage as breaker;
use fusebox_core::{
    host::{emit, revert, word, Host},
    panel::{Class, Scope, Tier, SIGNAL},
};
use fusebox_fund::{
    error::Error,
    logic::ledger as rule,
    shell::{ledger, settlement},
    storage::{ledger as books, settlement as pots},
    types::{
        ledger::{Book, Claim, Claims, Harbour},
        settlement::{Anchor, Rank},
    },
};
use stylus_sdk::stylus_core::Host as StylusHost;

type Result<T> = core::result::Result<T, Vec<u8>>;

/// Winds a scope down.
pub const WIND_DOWN: u16 = 1;
/// Undoes that.
pub const REOPEN: u16 = 2;
/// Settles a scope that has been wound down.
pub const SETTLE: u16 = 3;
/// Sets on what terms money is brought back: rate in basis points, cap in token units, hash of the text.
pub const HARBOUR: u16 = 4;

/// Carries out what Governance has decided about a scope, after its delay.
///
/// A scope that is settled has the price of each of its markets proposed in the same second, so that nobody picks it.
/// Errors: [`abi::MustWait`] for a decision that there is not, [`abi::InvalidLength`]; those of the modules.
/// Events: `Decided`, `PriceProposed`, `HarbourSet`.
pub fn decide(host: &mut impl Host, change: &Change<'_>) -> Result<()> {
    let scope = Scope::new(change.scope);
    match (change.id, change.args) {
        (WIND_DOWN, []) => Ok(HOUSE.wind_down(host, scope)?),
        (REOPEN, []) => Ok(HOUSE.reopen(host, scope)?),
        (SETTLE, []) => {
            let markets = if scope.is_protocol() { 1..=markets(host) } else { change.scope..=change.scope };
            let fresh: Vec<u32> = markets.clone().filter(|market| !is_at(host, *market, 4)).collect();
            HOUSE.settle_scope(host, scope)?;
            for market in fresh {
                // Profits that nobody could cut any more from here on are not cut by what the domain loses later.
                let index = books::index(host, storage::domain(host, market));
                words::store_begun(host, market, since_of(index));
            }
            markets.into_iter().try_for_each(|market| begin(host, market))
        }
        (HARBOUR, [rate, cap, text]) => {
            let rate = u16::try_from(*rate).unwrap_or(u16::MAX);
            let cap = u128::try_from(*cap).unwrap_or(u128::MAX);
            ledger::set_harbour(host, &Harbour::new(rate, cap, B256::from(*text))?);
            Ok(())
        }
        (WIND_DOWN..=HARBOUR, args) => {
            let expected = if change.id == HARBOUR { 3u64 } else { 0 };
            Err(revert(abi::InvalidLength::SELECTOR, [U256::from(args.len()), U256::from(expected)]))
        }
        (id, _) => Err(revert(abi::MustWait::SELECTOR, [U256::from(id)])),
    }
}

/// How many markets there are.
pub(crate) fn markets(host: &impl Host) -> u32 {
    fusebox::markets(host).min(MAX_MARKETS)
}

/// The price of the latest record is proposed. A market whose positions could not be counted, since nothing has ever had a
/// price for them, is not settled before something has: it would keep every door shut for good.
///
/// Errors: the fund's, for a market with positions and without a price.
fn begin(host: &mut impl Host, market: u32) -> Result<()> {
    let latest = (0..=words::HOURS).map(|hour| anchor(host, market, hour)).fold(Anchor::default(), rules::later);
    let waits = pots::settlement(host, market).started == 0 && !rules::is_counted(&storage::interest(host, market));
    match settlement::propose(host, market, latest) {
        Err(error) if waits => Err(error.into()),
        _ => Ok(()),
    }
}

/// What the record has of an hour; past the last hour what the breaker's own reference is and was, by one feed at least.
///
/// A reference moves no faster than its cap, and only on samples that nothing disputes: who prints a price for a second
/// has hardly moved it.
fn anchor(host: &impl Host, market: u32, hour: u64) -> Anchor {
    if hour < words::HOURS {
        return words::anchor(host, market, hour);
    }
    let scope = Scope::new(market);
    let reference = breaker::unpack_reference(breaker::load(host, scope, breaker::REFERENCE));
    let mut at = reference.at;
    if reference.frozen {
        // It stands still since the trip, whatever was collected for the next one.
        at = at.min(breaker::unpack_ladder(breaker::load(host, scope, breaker::LADDER)).anomaly);
    }
    Anchor { price: reference.price, at, feeds: 1 }
}

/// Remembers what a poke has seen of a market that is wound down, if nothing disputes it.
///
/// Errors: a price past its field.
pub fn remember(host: &mut impl Host, market: u32, seen: &Sighting) -> Result<()> {
    let (k, nibble) = Scope::new(market).place();
    let bits = panel::panel(host, k);
    if (bits.bits(0) | bits.bits(nibble)) & SIGNAL == 0 || !seen.contained || seen.tier > Tier::Normal {
        return Ok(()); // the usual case: one word that has been read already
    }
    if !(is_at(host, market, 2) || is_at(host, 0, 2)) {
        return Ok(());
    }
    let (now, reference) = (host.now(), anchor(host, market, words::HOURS));
    if reference.at != now || reference.price == 0 {
        return Ok(()); // this sample did not count
    }
    let hour = now / 3_600;
    let was = words::anchor(host, market, hour);
    let next = rules::remember(was, Anchor { feeds: seen.feeds, ..reference });
    words::store_anchor(host, market, hour, next).map_err(abi::overflow)
}

/// Whether Governance keeps a scope at that tier, by its number.
pub fn is_at(host: &impl Host, scope: u32, tier: u8) -> bool {
    decision_state(host, Scope::new(scope)).first() == Some(&U256::from(tier))
}

fn settling(host: &impl Host, market: u32) -> Result<()> {
    if is_at(host, 0, 4) || is_at(host, market, 4) {
        return Ok(());
    }
    Err(revert(abi::NotSettling::SELECTOR, [U256::from(market)]))
}

/// Anyone proposes what the record has of an hour, once the market is being settled and nothing is proposed.
///
/// Errors: [`abi::NotSettling`]; the fund's. Events: `PriceProposed`.
pub fn propose(host: &mut impl Host, market: u32, hour: u64) -> Result<()> {
    settling(host, market)?;
    let anchor = anchor(host, market, hour);
    Ok(settlement::propose(host, market, anchor)?)
}

/// Anyone shows an hour that is better founded than what stands.
///
/// Errors: the fund's. Events: `PriceProposed`.
pub fn challenge(host: &mut impl Host, market: u32, hour: u64) -> Result<()> {
    let anchor = anchor(host, market, hour);
    Ok(settlement::challenge(host, market, anchor)?)
}

/// Anyone has an account settled in a market: first its position is counted, its principal being free at once, then,
/// when all are, its profit is paid. 0 counted, 1 paid.
///
/// No profit warms up here: the price was fixed by the clock, a day before.
/// Errors: exits are stopped; [`crate::tally::count`]'s; [`abi::NotCounted`], [`abi::NothingDue`].
/// Events: `Counted`, `ProfitsDivided`, `ProfitPaid`, `SettlementPaid`.
/// Invariants: PP-20, PP-21.
pub fn account(vm: &impl StylusHost, host: &mut impl Host, who: Address, market: u32) -> Result<u8> {
    program::check(vm, market, Class::ExitUnpriced)?;
    if storage::position(host, who, market).map_err(abi::overflow)?.size != 0 {
        program::count(vm, market, who)?;
        return Ok(0);
    }
    pay(host, who, market)?;
    Ok(1)
}

/// Whether a market is being settled, so that its positions wait for their count: one that has any begins with a price.
///
/// Errors: the fund's, where it is.
pub fn untouched(host: &impl Host, market: u32) -> Result<()> {
    match pots::settlement(host, market).started {
        0 => Ok(()),
        started => Err(Error::Settling { started }.into()),
    }
}

/// Whether there is still somebody to pay: what comes once all is divided would be nobody's.
///
/// Errors: the fund's, where all is divided.
pub fn undivided(host: &impl Host) -> Result<()> {
    match pots::divided(host).1 {
        0 => Ok(()),
        started => Err(Error::Settling { started }.into()),
    }
}

/// Divides what there is when the protocol ends as a whole: see [`crate::division::protocol`].
pub fn close(vm: &impl StylusHost) -> Result<()> {
    program::apportion(vm, 0)
}

/// Pays what an account has won, once: the claim is forgotten.
fn pay(host: &mut impl Host, who: Address, market: u32) -> Result<()> {
    let won = words::claim(host, who, market).map_err(abi::overflow)?;
    if won.profit == 0 {
        return Err(revert(abi::NothingDue::SELECTOR, [who.into_word().into()]));
    }
    let before = words::profits(host, market);
    if !before.divided {
        return Err(revert(abi::NotCounted::SELECTOR, [U256::from(market)]));
    }
    words::forget_claim(host, who, market).map_err(abi::overflow)?;
    let (claim, cut) = rules::after_cuts(&won, &before);
    let (mut account, after, paid) = rules::pay(storage::account(host, who), before, claim)?;
    if cut.asked > 0 {
        let repaid = owed_back(host, who, market, &cut)?;
        account = logic::credit(account, repaid)?;
        let topics = [abi::ProfitCut::SIGNATURE_HASH, topic(market), who.into_word()];
        emit(host, &topics, [w(won.profit), w(cut.asked)]);
    }
    words::store_profits(host, market, &before, &after).map_err(abi::overflow)?;
    storage::store_account(host, who, account).map_err(abi::overflow)?;
    let topics = [abi::ProfitPaid::SIGNATURE_HASH, topic(market), who.into_word()];
    emit(host, &topics, [w(claim), w(paid)]);
    Ok(())
}

/// What earlier cuts took of a profit is owed back by the domain's ledger: what was repaid of it already is paid at once.
fn owed_back(host: &mut impl Host, who: Address, market: u32, cut: &Won) -> Result<u128> {
    let domain = storage::domain(host, market);
    for (epoch, amount) in [(cut.epoch, cut.repaying), (cut.epoch.saturating_add(1), cut.collecting)] {
        if amount != 0 {
            ledger::admit(host, domain, who, Claim { epoch, amount, taken: 0 })?;
        }
    }
    let before = books::book(host, domain);
    let repaid = cut.repaid.min(before.traders.held);
    let held = before.traders.held.saturating_sub(repaid);
    let after = Book { traders: Claims { held, ..before.traders }, ..before };
    books::set_book(host, domain, &before, &after);
    Ok(repaid)
}

/// Out of the divided pool into free collateral.
fn credit(host: &mut impl Host, who: Address, paid: u128) -> Result<()> {
    let pool = storage::pool(host);
    let (account, after) = rules::pay_from(storage::account(host, who), pool, paid)?;
    storage::store_account(host, who, account).map_err(abi::overflow)?;
    storage::store_pool(host, &pool, &after).map_err(abi::overflow)
}

/// Anyone has the shares of an account paid, once the pool is divided. Shares in a ticket are taken back first.
///
/// Errors: exits are stopped; [`abi::NotCounted`], [`abi::NothingDue`]. Events: `SettlementPaid`.
/// Invariants: PP-21, PP-22.
pub fn shares(vm: &impl StylusHost, host: &mut impl Host, who: Address) -> Result<()> {
    program::check(vm, 0, Class::ExitUnpriced)?;
    if pots::divided(host).1 == 0 {
        return Err(revert(abi::NotCounted::SELECTOR, [U256::ZERO]));
    }
    let account = storage::account(host, who);
    if account.shares == 0 {
        return Err(revert(abi::NothingDue::SELECTOR, [who.into_word().into()]));
    }
    let pot = pots::pot(host, Rank::Providers);
    let claim = rules::claim_of(account.shares, &storage::pool(host), pot.claims)?;
    let account = logic::take_shares(account, account.shares)?;
    storage::store_account(host, who, account).map_err(abi::overflow)?;
    let paid = settlement::pay(host, who, Rank::Providers, claim);
    credit(host, who, paid)
}

/// The market of an incident that is open by the clock and has lost something that may be brought back.
///
/// Once all was divided nobody would be given what comes back.
///
/// Errors: the journal's; [`abi::IncidentClosed`], [`abi::NothingLost`].
pub fn returnable(host: &impl Host, id: u32) -> Result<u32> {
    let count = panel::incidents(host);
    if id == 0 || id > count {
        return Err(revert(fusebox::abi::UnknownIncident::SELECTOR, [U256::from(id), U256::from(count)]));
    }
    let incident = panel::incident(host, id);
    if incident.is_resolved() || host.now() >= incident.ends || pots::divided(host).1 != 0 {
        return Err(revert(abi::IncidentClosed::SELECTOR, [U256::from(id)]));
    }
    if books::recovery(host, id).recorded == 0 {
        return Err(revert(abi::NothingLost::SELECTOR, [U256::from(id)]));
    }
    Ok(incident.scope.number())
}

/// The caller has brought `arrived` back: the bounty is his and free at once, the rest repays what the market's domain owes.
///
/// The bounty does not warm up: it comes out of what he brought, so that nobody has less than before he did. What goes to
/// the ledger passes his free collateral within the call.
/// Errors: [`returnable`]'s; amounts past their bound; the market's, if his own profits that warm up are in the way.
/// Events: `FundsReturned`, `DeficitRepaid`.
/// Invariants: PP-23.
pub fn give_back(vm: &impl StylusHost, host: &mut impl Host, id: u32, arrived: U256) -> Result<U256> {
    let market = returnable(host, id)?;
    let (who, arrived) = (host.caller(), logic::amount(arrived)?);
    let before = books::recovery(host, id);
    let (recovery, returned) = rule::give_back(before, &books::harbour(host, before.terms), true, arrived)?;
    books::set_recovery(host, id, &recovery);
    let account = logic::credit(storage::account(host, who), arrived)?;
    storage::store_account(host, who, account).map_err(abi::overflow)?;
    let topics = [ledger::abi::FundsReturned::SIGNATURE_HASH, topic(id), who.into_word()];
    emit(host, &topics, [w(arrived), w(returned.bounty)]);
    if returned.booked > 0 {
        program::tell(vm, program::SIDE, abi::mendCall::SELECTOR, [U256::from(market), word(who), w(returned.booked)])?;
    }
    Ok(w(returned.bounty))
}

/// How a market ends: the settlement's word; what its winners claim, are paid, and have not taken; then the record, hour by
/// hour, and the breaker's reference after it: price, when, feeds; last what earlier cuts ask of the claims and take, and
/// what was lost beyond margins.
pub fn state(host: &impl Host, market: u32) -> Vec<U256> {
    let profits = words::profits(host, market);
    let mut state = Vec::from([
        pots::settlement(host, market).pack(),
        w(profits.pot.claims),
        w(profits.pot.paid),
        U256::from(profits.divided),
        w(profits.left),
    ]);
    for hour in 0..=words::HOURS {
        let Anchor { price, at, feeds } = anchor(host, market, hour);
        state.extend([w(price), U256::from(at), U256::from(feeds)]);
    }
    state.extend([profits.asked, profits.collected, profits.missing].map(w));
    state
}

/// What an account has won in a market that settles and was not paid; once it is fixed, without what earlier cuts take.
pub fn claim(host: &impl Host, who: Address, market: u32) -> Result<U256> {
    let won = words::claim(host, who, market).map_err(abi::overflow)?;
    Ok(w(rules::after_cuts(&won, &words::profits(host, market)).0))
}

/// The latest terms of a return: their number, rate in basis points, cap, hash of the text; then, of an incident, what it
/// has lost and what of that came back.
pub fn harbour(host: &impl Host, incident: u32) -> Vec<U256> {
    let number = books::latest_harbour(host);
    let (terms, recovery) = (books::harbour(host, number), books::recovery(host, incident));
    let text = U256::from_be_bytes(terms.text().0);
    let (rate, cap) = (U256::from(terms.rate_bps()), w(terms.cap()));
    Vec::from([U256::from(number), rate, cap, text, w(recovery.recorded), w(recovery.returned)])
}
