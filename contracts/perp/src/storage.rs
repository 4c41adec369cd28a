//! Where the protocol keeps its words, at ERC-7201 roots: load and store only.
//!
//! | root | slot | word |
//! |---|---|---|
//! | `perp.config` | 0 | collateral token 160, its decimals 8 |
//! | | 1 to 24 | the programs of [`crate::program`], by their numbers 160 |
//! | `perp.markets` | 4m | policy: bounty 64, target of the buffer 16, share and target of a side's profit 16 each; at 144 the buffer 112 |
//! | | 4m+1, 4m+2 | long and short side: size 112, entry 112, snapshot 32 |
//! | `perp.accounts` | keccak(account . root) | free 112, shares 112, at 254 whether it has cross margin anywhere, at 255 whether a profit may be warming up |
//! | `perp.positions` | keccak(account, market . root) | size 120, margin 120, long 1 |
//! | | the next | entry 128, snapshot 32, index of cuts 96 |
//! | `perp.pool` | 0 | assets 128, shares 128 |
//! | | 1 | bad debt 128, unpaid 128 |
//!
//! What losses add is in [`loss`] and [`insurance`], what the end of a market adds in [`settle`].

pub mod insurance;
pub mod loss;
pub mod settle;

use crate::types::{Account, Interest, Policy, Pool, Position, Side};
use alloy_primitives::{Address, U256};
use fusebox_authority::{self as authority, types::Direction};
use fusebox_core::{
    host::{word, Host},
    pack::{field, field_u128, with_field, with_field_u128, FieldOverflow},
    slot::{element, entry, erc7201},
};
use fusebox_market::{
    params::Terms,
    storage::{self as market, side::SideId},
};

const CONFIG: U256 = erc7201("perp.config");
const MARKETS: U256 = erc7201("perp.markets");
const ACCOUNTS: U256 = erc7201("perp.accounts");
const POSITIONS: U256 = erc7201("perp.positions");
const POOL: U256 = erc7201("perp.pool");

/// A term's number in the parameter table.
pub const TERM: u16 = 0x0500;
/// Where the word of a market's policy has its buffer.
const BUFFER: u32 = 144;
/// Where the word of an account says that it has cross margin anywhere, and above it that a profit may be warming up.
const FLAGS: u32 = 254;

/// A packed word.
pub type Packed = Result<U256, FieldOverflow>;

#[inline(never)] // once in a program: bytes run out before gas
fn pair(low: u128, high: u128) -> Packed {
    with_field_u128(with_field_u128(U256::ZERO, 0, 128, low)?, 128, 128, high)
}

/// The collateral token and its decimals.
pub fn token(host: &impl Host) -> (Address, u8) {
    let config = host.load(CONFIG);
    (address(config), u8::try_from(field(config, 160, 8)).unwrap_or(0))
}

/// What sizes at prices are divided by to be token units: `10^(36 - decimals)`.
pub fn scale(host: &impl Host) -> u128 {
    10u128.saturating_pow(36u32.saturating_sub(token(host).1.into()))
}

/// Writes the collateral token, once, at construction.
pub fn store_token(host: &mut impl Host, token: Address, decimals: u8) -> Result<(), FieldOverflow> {
    host.store(CONFIG, with_field(word(token), 160, 8, decimals.into())?);
    Ok(())
}

/// Another program of the protocol, by its number.
pub fn program(host: &impl Host, number: u64) -> Address {
    address(host.load(element(CONFIG, number)))
}

/// Writes where another program is.
pub fn store_program(host: &mut impl Host, number: u64, at: Address) {
    host.store(element(CONFIG, number), word(at));
}

fn address(word: U256) -> Address {
    let [_, _, _, _, _, _, _, _, _, _, _, _, bytes @ ..] = word.to_be_bytes::<32>();
    Address::new(bytes)
}

fn market_slot(market: u32, part: u64) -> U256 {
    element(MARKETS, u64::from(market).wrapping_shl(2).wrapping_add(part)) // 34 bits: no overflow
}

/// The terms of a market as they are now; all zero for one that was never listed.
///
/// Only terms that a Steward has tightened cost more than one word.
pub fn terms(host: &impl Host, market: u32) -> Terms {
    let approved = market::terms(host, market);
    if !approved.overlaid {
        return approved;
    }
    tightened(host, market, approved)
}

/// The terms with what a Steward has tightened, as far as it has not expired.
#[cold]
#[inline(never)]
fn tightened(host: &impl Host, market: u32, approved: Terms) -> Terms {
    let now = host.now();
    let in_force = |term: u16, direction, value: u16| {
        let overlay = authority::storage::overlay(host, market, TERM.saturating_add(term));
        u16::try_from(authority::logic::overlay::effective(direction, value.into(), &overlay, now)).unwrap_or(value)
    };
    Terms {
        base_bps: in_force(0, Direction::UpTightens, approved.base_bps),
        guarded_bps: in_force(7, Direction::UpTightens, approved.guarded_bps),
        interest_share_bps: in_force(9, Direction::DownTightens, approved.interest_share_bps),
        ..approved
    }
}

/// The loss domain of a market.
pub fn domain(host: &impl Host, market: u32) -> u32 {
    market::closing(host, market).domain.into()
}

/// The word of a market's policy.
pub fn policy_word(host: &impl Host, market: u32) -> U256 {
    host.load(market_slot(market, 0))
}

/// What the protocol has of its own for a market.
pub fn policy(host: &impl Host, market: u32) -> Policy {
    unpack_policy(policy_word(host, market))
}

/// The policy in a word, not validated.
pub fn unpack_policy(packed: U256) -> Policy {
    let small = |offset| u16::try_from(field(packed, offset, 16)).unwrap_or(u16::MAX);
    Policy { bounty: field(packed, 0, 64), buffer_bps: small(64), share_bps: small(80), target_bps: small(96) }
}

/// Writes a market's policy; its buffer stays.
pub fn store_policy(host: &mut impl Host, market: u32, policy: &Policy) {
    let small = [policy.buffer_bps, policy.share_bps, policy.target_bps];
    let above = small.iter().rev().fold(0u128, |word, bps| word.wrapping_shl(16) | u128::from(*bps));
    let low = u128::from(policy.bounty) | above.wrapping_shl(64);
    let [_, _, c, d] = policy_word(host, market).into_limbs();
    let kept = U256::from_limbs([0, 0, c & !0xffff, d]); // the buffer begins 16 bits into the third
    host.store(market_slot(market, 0), kept | U256::from(low));
}

/// A market's buffer.
pub fn buffer(host: &impl Host, market: u32) -> u128 {
    field_u128(policy_word(host, market), BUFFER, 112)
}

/// Writes a market's buffer.
pub fn store_buffer(host: &mut impl Host, market: u32, buffer: u128) -> Result<(), FieldOverflow> {
    let packed = with_field_u128(policy_word(host, market), BUFFER, 112, buffer)?;
    host.store(market_slot(market, 0), packed);
    Ok(())
}

fn side(host: &impl Host, slot: U256) -> Side {
    let packed = host.load(slot);
    Side { size: field_u128(packed, 0, 112), entry: field_u128(packed, 112, 112), snapshot: field(packed, 224, 32) }
}

/// The open interest of a market.
pub fn interest(host: &impl Host, market: u32) -> Interest {
    Interest { long: side(host, market_slot(market, 1)), short: side(host, market_slot(market, 2)) }
}

/// What deleveragings have released of the entries of longs and shorts and no position has settled: a word of each side
/// that was ever deleveraged.
pub fn released(host: &impl Host, market: u32, interest: &Interest) -> (u128, u128) {
    let of = |is_long: bool| match interest.side(is_long).snapshot {
        0 => 0,
        _ => market::side::released(host, SideId { market, is_long }),
    };
    (of(true), of(false))
}

/// Writes one side of a market, which is all that a trade changes.
pub fn store_side(host: &mut impl Host, market: u32, is_long: bool, side: Side) -> Result<(), FieldOverflow> {
    let part = if is_long { 1 } else { 2 };
    let packed = with_field_u128(U256::from(side.size), 112, 112, side.entry)?; // sizes and entries have 112 bits
    host.store(market_slot(market, part), with_field(packed, 224, 32, side.snapshot)?);
    Ok(())
}

/// An account.
pub fn account(host: &impl Host, who: Address) -> Account {
    let packed = host.load(entry(host, ACCOUNTS, word(who)));
    let flags = field(packed, FLAGS, 2);
    Account {
        free: field_u128(packed, 0, 112),
        shares: field_u128(packed, 112, 112),
        warming: flags & 2 != 0,
        crossing: flags & 1 != 0,
    }
}

/// Writes an account.
pub fn store_account(host: &mut impl Host, who: Address, account: Account) -> Result<(), FieldOverflow> {
    let slot = entry(host, ACCOUNTS, word(who));
    let packed = with_field_u128(with_field_u128(U256::ZERO, 0, 112, account.free)?, 112, 112, account.shares)?;
    let flags = u64::from(account.warming) << 1 | u64::from(account.crossing);
    host.store(slot, with_field(packed, FLAGS, 2, flags)?);
    Ok(())
}

fn position_slot(host: &impl Host, who: Address, market: u32) -> Result<U256, FieldOverflow> {
    Ok(entry(host, POSITIONS, with_field(word(who), 160, 32, market.into())?))
}

/// A position.
pub fn position(host: &impl Host, who: Address, market: u32) -> Result<Position, FieldOverflow> {
    let slot = position_slot(host, who, market)?;
    let packed = host.load(slot);
    let size = field_u128(packed, 0, 120);
    if size == 0 {
        return Ok(Position::default());
    }
    let more = host.load(element(slot, 1));
    Ok(Position {
        is_long: field(packed, 240, 1) == 1,
        size,
        margin: field_u128(packed, 120, 120),
        entry: field_u128(more, 0, 128),
        snapshot: field(more, 128, 32),
        since: field_u128(more, 160, 96),
    })
}

/// Writes a position; a closed one leaves zero words.
pub fn store_position(
    host: &mut impl Host,
    who: Address,
    market: u32,
    position: &Position,
) -> Result<(), FieldOverflow> {
    let slot = position_slot(host, who, market)?;
    let packed = with_field_u128(U256::ZERO, 0, 120, position.size)?;
    let packed = with_field_u128(packed, 120, 120, position.margin)?;
    host.store(slot, with_field(packed, 240, 1, position.is_long.into())?);
    let above = u128::from(position.snapshot) | position.since.wrapping_shl(32); // 32 and 96 bits
    host.store(element(slot, 1), pair(position.entry, above)?);
    Ok(())
}

/// The pool.
pub fn pool(host: &impl Host) -> Pool {
    let (money, losses) = (host.load(POOL), host.load(element(POOL, 1)));
    Pool {
        assets: field_u128(money, 0, 128),
        shares: field_u128(money, 128, 128),
        bad_debt: field_u128(losses, 0, 128),
        unpaid: field_u128(losses, 128, 128),
    }
}

/// Writes the pool; the second word only if it changed.
pub fn store_pool(host: &mut impl Host, before: &Pool, pool: &Pool) -> Result<(), FieldOverflow> {
    host.store(POOL, pair(pool.assets, pool.shares)?);
    if (before.bad_debt, before.unpaid) != (pool.bad_debt, pool.unpaid) {
        host.store(element(POOL, 1), pair(pool.bad_debt, pool.unpaid)?);
    }
    Ok(())
}
