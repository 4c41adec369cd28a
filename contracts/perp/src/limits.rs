//! What leaves passes a bucket: which one, over which base, and what a ticket is paid in.

use crate::{
    abi, logic, pool, program, storage,
    types::{HOUSE, LOT, MAX_MARKETS},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolError;
use fusebox_core::{
    host::{revert, Host},
    panel::{Class, Scope},
};
use fusebox_limiter::{
    self as limiter,
    params::{Config, Policy},
    types::{Outcome, Payment, Slot, TicketId},
};
use stylus_sdk::stylus_core::Host as StylusHost;

type Result<T> = core::result::Result<T, Vec<u8>>;

/// Collateral that leaves the protocol, in token units.
pub const WITHDRAWALS: u32 = 0;
/// Liquidity that leaves the pool, in lots of shares: they stay slashable until they are paid.
pub const REMOVALS: u32 = 1;
/// Notional that is liquidated in market `n`: bucket `LIQUIDATIONS + n`.
pub const LIQUIDATIONS: u32 = 16;
/// What a request answers that has tripped its bucket and moved nothing.
pub const TRIPPED: U256 = U256::MAX;

/// The bucket of a market's liquidations.
pub const fn liquidations(market: u32) -> u32 {
    LIQUIDATIONS.saturating_add(market)
}

/// What the capacity of a bucket is a share of: what the protocol accounts for, never a balance.
pub fn liquidity(host: &impl Host, bucket: u32) -> u128 {
    let pool = storage::pool(host);
    if bucket == REMOVALS {
        pool.shares.wrapping_div(LOT)
    } else {
        pool.assets
    }
}

/// Whether there is such a bucket in the protocol.
pub const fn exists(bucket: u32) -> bool {
    bucket <= REMOVALS || (bucket > LIQUIDATIONS && bucket <= LIQUIDATIONS.saturating_add(MAX_MARKETS))
}

/// What did not fit: 0 if it does after all, a ticket's number, or [`TRIPPED`] with the signal written.
///
/// A pace of liquidations follows the pool before it refuses, and lets a position larger than the whole of it pass when
/// it is full: a position that nobody could liquidate would be bad debt.
/// Errors: the limiter's, for a bucket that refuses. Events: `TicketIssued`, `Signalled`.
pub fn overflow(host: &mut impl Host, bucket: u32, amount: u128) -> Result<U256> {
    let (owner, mut amount) = (host.caller(), amount);
    if bucket > LIQUIDATIONS {
        let liquidity = liquidity(host, bucket);
        limiter::shell::rebase(host, &HOUSE.limiter, bucket, liquidity)?;
        amount = amount.min(limiter::storage::bucket(host, Slot::main(bucket)).capacity);
    }
    Ok(match limiter::shell::exit(host, &HOUSE.limiter, bucket, owner, amount)? {
        Outcome::Passed => U256::ZERO,
        Outcome::Ticketed(id) => U256::from(id.0),
        Outcome::Tripped { until } => {
            HOUSE.trip(host, Scope::PROTOCOL, until).map_err(abi::overflow)?;
            TRIPPED
        }
    })
}

/// What is due for tickets: liquidity is booked, at what its shares are worth now; tokens are for the caller to send, last.
///
/// Errors: exits are stopped; those of the pool's door, if a ticket is of liquidity.
pub fn claim(vm: &impl StylusHost, host: &mut impl Host, ids: &[u128]) -> Result<(Vec<Payment>, u64)> {
    HOUSE.check(host, Scope::PROTOCOL, Class::ExitUnpriced)?;
    let (payments, failed) = limiter::shell::claim(host, ids)?;
    for payment in &payments {
        if is_liquidity(payment) {
            pool::redeem(vm, host, payment.to, payment.amount.saturating_mul(LOT))?;
        }
    }
    Ok((payments, failed))
}

/// Whether what is due is liquidity, and not tokens.
pub fn is_liquidity(payment: &Payment) -> bool {
    payment.id.slot().bucket == REMOVALS
}

/// The caller takes a ticket back: free collateral, or shares, as before.
pub fn cancel(host: &mut impl Host, id: u128) -> Result<()> {
    let Payment { id, to, amount } = limiter::shell::cancel(host, TicketId(id))?;
    let mut account = storage::account(host, to);
    if id.slot().bucket == REMOVALS {
        account = logic::credit_shares(account, amount.saturating_mul(LOT))?;
    } else {
        account = logic::credit(account, amount)?;
    }
    storage::store_account(host, to, account).map_err(abi::overflow)
}

/// Gives a market that was just listed its pace of liquidations: half of the pool's assets an hour, in notional, over
/// the absolute floor of withdrawals, since the average of a young pool is near nothing and a liquidation cannot wait for it.
///
/// Errors: the limiter's. Events: `BucketSet`.
pub fn open(vm: &impl StylusHost, host: &impl Host, market: u32) -> Result<()> {
    let floor = limiter::storage::config(host, WITHDRAWALS).map_or(1, |config| config.floor());
    program::configure(vm, liquidations(market), Config::new(floor, 5_000, 60, 0, Policy::Refuse)?.pack())
}

/// Gives withdrawals and removals the limiter's standard over an absolute floor; once, at construction.
///
/// Errors: the limiter's. Events: `BucketSet`.
pub fn establish(vm: &impl StylusHost, floor: u128) -> Result<()> {
    let config = Config::standard(floor)?.pack();
    program::configure(vm, WITHDRAWALS, config)?;
    program::configure(vm, REMOVALS, config)
}

/// Gives a bucket a config, over what the protocol accounts for now.
///
/// Errors: [`abi::NoParameter`] for a word that is no config; the limiter's. Events: `BucketSet`, `Rebased`.
pub fn configure(host: &mut impl Host, bucket: u32, config: U256) -> Result<()> {
    let config =
        Config::unpack(config).ok_or_else(|| revert(abi::NoParameter::SELECTOR, [U256::from(bucket), config]))?;
    let liquidity = liquidity(host, bucket);
    Ok(limiter::shell::configure(host, &HOUSE.limiter, bucket, config, liquidity)?)
}

/// Lets what leaves follow the incidents of every scope that there can be: a pace of liquidations follows none.
///
/// Errors: the limiter's. Events: `Tightened`.
pub fn follow(host: &mut impl Host) -> Result<()> {
    let scopes: [Scope; 9] = core::array::from_fn(|at| Scope::new(u32::try_from(at).unwrap_or(0)));
    Ok(HOUSE.follow(host, &scopes, &[WITHDRAWALS, REMOVALS])?)
}

/// Moves a held ticket to another owner: a change that has waited.
pub fn escrow(host: &mut impl Host, id: U256, to: Address) -> Result<()> {
    let id = TicketId(u128::try_from(id).unwrap_or(u128::MAX));
    Ok(limiter::shell::escrow(host, id, to)?)
}
