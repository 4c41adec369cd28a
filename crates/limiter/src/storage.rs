//! Where the module keeps its words.
//!
//! | slot | word |
//! |---|---|
//! | `erc7201("fusebox.limiter") + 2 * bucket`, one more for the small lane | [`Bucket`], layout there |
//! | `erc7201("fusebox.limiter.side") + the same` | [`Side`] |
//! | `erc7201("fusebox.limiter.config") + bucket` | [`Config`] |
//! | `erc7201("fusebox.limiter.base") + bucket` | [`Base`] |
//! | `keccak(id . erc7201("fusebox.limiter.ticket"))` | [`Ticket`] |
//! | `keccak(id . erc7201("fusebox.limiter.hold"))` | the second a hold ends |
//! | `keccak(account + bucket << 160 . erc7201("fusebox.limiter.marker"))` | [`Marker`] |
//!
//! The buckets lie next to one another without a hash, since every payment reads one.

use crate::{
    params::{Config, Params},
    types::{Base, Bucket, Lane, Marker, Side, Slot, Ticket, TicketId},
};
use alloy_primitives::{Address, U256};
use fusebox_core::{
    host::{word, Host},
    pack::field,
    slot::{element, entry, erc7201},
};

/// The namespace of the module: the buckets.
pub const ROOT: U256 = erc7201("fusebox.limiter");
const SIDES: U256 = erc7201("fusebox.limiter.side");
const CONFIGS: U256 = erc7201("fusebox.limiter.config");
const BASES: U256 = erc7201("fusebox.limiter.base");
const TICKETS: U256 = erc7201("fusebox.limiter.ticket");
const HOLDS: U256 = erc7201("fusebox.limiter.hold");
const MARKERS: U256 = erc7201("fusebox.limiter.marker");

/// A word of an array: once in a program, however many arrays there are.
#[inline(never)]
fn read(host: &impl Host, root: U256, index: u64) -> U256 {
    host.load(element(root, index))
}

/// Writes a word of an array.
#[inline(never)]
fn write(host: &mut impl Host, root: U256, index: u64, word: U256) {
    host.store(element(root, index), word);
}

/// A word of a mapping.
#[inline(never)]
fn look_up(host: &impl Host, root: U256, key: U256) -> U256 {
    host.load(entry(host, root, key))
}

/// Writes a word of a mapping.
#[inline(never)]
fn put(host: &mut impl Host, root: U256, key: U256, word: U256) {
    let slot = entry(host, root, key);
    host.store(slot, word);
}

/// The word of a lane, as it is stored.
#[inline]
pub fn bucket_word(host: &impl Host, slot: Slot) -> U256 {
    read(host, ROOT, slot.index())
}

/// A lane as it is stored.
#[inline]
pub fn bucket(host: &impl Host, slot: Slot) -> Bucket {
    Bucket::unpack(bucket_word(host, slot))
}

/// A lane as it is now: only one that an overlay touched costs a second load.
#[inline]
pub fn current(host: &impl Host, slot: Slot, params: &Params) -> Bucket {
    let bucket = bucket(host, slot);
    if bucket.overlaid {
        return crate::logic::settle(bucket, &side(host, slot), params, host.now());
    }
    bucket
}

/// Writes a lane.
#[inline]
pub fn set_bucket(host: &mut impl Host, slot: Slot, bucket: &Bucket) {
    write(host, ROOT, slot.index(), bucket.pack());
}

/// The side word of a lane.
pub fn side(host: &impl Host, slot: Slot) -> Side {
    Side::unpack(read(host, SIDES, slot.index()))
}

/// Writes the side word of a lane.
pub fn set_side(host: &mut impl Host, slot: Slot, side: &Side) {
    write(host, SIDES, slot.index(), side.pack());
}

/// The config of a bucket; `None` if it has none.
pub fn config(host: &impl Host, bucket: u32) -> Option<Config> {
    Config::unpack(read(host, CONFIGS, bucket.into()))
}

/// Writes the config of a bucket.
pub fn set_config(host: &mut impl Host, bucket: u32, config: &Config) {
    write(host, CONFIGS, bucket.into(), config.pack());
}

/// The base of a bucket.
pub fn base(host: &impl Host, bucket: u32) -> Base {
    Base::unpack(read(host, BASES, bucket.into()))
}

/// Writes the base of a bucket.
pub fn set_base(host: &mut impl Host, bucket: u32, base: &Base) {
    write(host, BASES, bucket.into(), base.pack());
}

/// A ticket and the end of its hold, 0 without one; only one that was held costs a second load.
pub fn ticket(host: &impl Host, id: TicketId) -> (Option<Ticket>, u64) {
    let ticket = Ticket::unpack(look_up(host, TICKETS, U256::from(id.0)));
    let held_until = match ticket {
        Some(Ticket { held: true, .. }) => field(look_up(host, HOLDS, U256::from(id.0)), 0, 64),
        _ => 0,
    };
    (ticket, held_until)
}

/// Writes a ticket.
pub fn set_ticket(host: &mut impl Host, id: TicketId, ticket: &Ticket) {
    put(host, TICKETS, U256::from(id.0), ticket.pack());
}

/// Deletes a ticket, and its hold if it had one.
pub fn clear_ticket(host: &mut impl Host, id: TicketId, held_until: u64) {
    put(host, TICKETS, U256::from(id.0), U256::ZERO);
    if held_until != 0 {
        set_hold(host, id, 0);
    }
}

/// Writes when a ticket's hold ends.
pub fn set_hold(host: &mut impl Host, id: TicketId, until: u64) {
    put(host, HOLDS, U256::from(id.0), U256::from(until));
}

/// What is remembered of an account at a bucket.
pub fn marker(host: &impl Host, bucket: u32, account: Address) -> Marker {
    Marker::unpack(look_up(host, MARKERS, key(bucket, account)))
}

/// Writes what is remembered of an account at a bucket.
pub fn set_marker(host: &mut impl Host, bucket: u32, account: Address, marker: &Marker) {
    put(host, MARKERS, key(bucket, account), marker.pack());
}

/// Both lanes of a bucket.
pub const fn lanes(bucket: u32) -> [Slot; 2] {
    [Slot { bucket, lane: Lane::Main }, Slot { bucket, lane: Lane::Small }]
}

/// Account and bucket as one key: the address fills the low 160 bits.
fn key(bucket: u32, account: Address) -> U256 {
    let [a, b, c, _] = word(account).into_limbs();
    U256::from_limbs([a, b, c | u64::from(bucket) << 32, 0])
}
