//! The waterfall: who bears what a position lost beyond its margin, in one call.
//!
//! It runs in the covering program, for liquidations; it moves no tokens.

use crate::{
    abi,
    logic::loss as rule,
    program,
    storage::{self, loss as word},
    types::{Pool, Rate},
};
use alloc::vec::Vec;
use fusebox::journal;
use fusebox_core::{host::Host, panel::Scope};
use fusebox_fund::{self as fund, shell::ledger, types::loss::Layers};
use stylus_sdk::stylus_core::Host as StylusHost;

type Result<T> = core::result::Result<T, Vec<u8>>;

/// A position that was closed bankrupt, and what it left.
#[derive(Clone, Copy, Debug)]
pub struct Bankrupt {
    /// Which way it was.
    pub is_long: bool,
    /// Its size; 0 for all that positions lost at the end of a market, where nobody is deleveraged and all winners are paid
    /// one part anyway.
    pub size: u128,
    /// What of its margin was there to lose.
    pub margin: u128,
    /// Its entry; of size 0 the second whose budget the fund draws on, 0 for no draw.
    pub entry: u128,
    /// Its loss.
    pub loss: u128,
    /// What of it is beyond the margin.
    pub bad_debt: u128,
    /// The price at which it was closed.
    pub price: u128,
}

impl Bankrupt {
    /// Its words.
    pub fn words(&self) -> [u128; 7] {
        [self.is_long.into(), self.size, self.margin, self.entry, self.loss, self.bad_debt, self.price]
    }
}

/// The waterfall: what a position lost beyond its margin, through every layer, in this call.
///
/// Events: the fund's `LossBorne`, `ProfitsCut`, `FundDrawn`; `Deleveraged`; the journal's.
/// Invariants: PP-1, PP-10.
pub fn bear(vm: &impl StylusHost, host: &mut impl Host, market: u32, from: &Bankrupt) -> Result<()> {
    let rate = Rate { price: from.price, scale: storage::scale(host) };
    let (domain, interest) = (storage::domain(host, market), storage::interest(host, market));
    let (before, buffer, params) = (storage::pool(host), storage::buffer(host, market), fund::storage::params(host));
    let ends = from.size == 0;
    let at = if ends { u64::try_from(from.entry).unwrap_or(u64::MAX) } else { host.now() };
    let layers = Layers {
        collateral: from.loss.saturating_sub(from.bad_debt),
        buffer,
        fund: if at == 0 { 0 } else { params.map_or(0, |params| fund::shell::drawable(host, &params)) },
        fund_floor: 0, // what can be drawn is without it
        pool: before.assets,
        pool_floor: rule::floor(&interest),
    };
    let split = ledger::absorb_at(host, domain, &layers, at, from.loss)?;
    if let (Ok(params), 1..) = (params, split.fund) {
        fund::shell::draw(host, &params, u16::try_from(domain).unwrap_or(u16::MAX), split.fund)?;
    }
    storage::store_buffer(host, market, buffer.saturating_sub(split.buffer)).map_err(abi::overflow)?;
    let mut covered = 0;
    let fed = Pool { assets: before.assets.saturating_add(split.buffer).saturating_add(split.fund), ..before };
    storage::store_pool(host, &before, &fed).map_err(abi::overflow)?;
    if split.open > 0 && !ends {
        let Bankrupt { is_long, size, margin, entry, .. } = *from;
        let worth = if is_long { entry.saturating_sub(margin) } else { entry.saturating_add(margin) };
        let bankruptcy = rule::bankruptcy(is_long, size, worth, rate.scale)?;
        covered = program::close(vm, market, !is_long, rate.price, split.open, bankruptcy)?;
    }
    let before = storage::pool(host);
    let mut pool = before;
    let index = fund::storage::ledger::index(host, domain);
    let is_cut = !ends && split.open > covered && index.era < rule::LAST_ERA;
    let profits = if is_cut { program::winnings(vm, market, rate.price)? } else { 0 };
    let (split, haircut) = ledger::conclude(host, domain, split, covered, (profits, pool.assets))?;
    pool.assets = pool.assets.saturating_sub(haircut.residue);
    if haircut.charged > 0 {
        let outstanding = word::profits(host, domain).saturating_add(haircut.charged);
        word::set_profits(host, domain, outstanding);
        let pending = word::pending(host).saturating_add(haircut.charged);
        word::set_pending(host, pending);
        let epoch = fund::storage::ledger::book(host, domain).traders.collecting();
        let room = word::room(host, domain, epoch).saturating_add(haircut.charged);
        word::set_room(host, domain, epoch, room);
    }
    let spared = from.bad_debt.saturating_sub(split.pool.saturating_add(split.open));
    pool.bad_debt = pool.bad_debt.saturating_sub(spared);
    storage::store_pool(host, &before, &pool).map_err(abi::overflow)?;
    if let Some((incident, _)) = journal::open_incident(host, Scope::new(market)) {
        journal::lose(host, Scope::new(market), from.bad_debt, spared)?;
        ledger::note_loss(host, incident, &split);
    }
    program::enlist(vm, market)
}
