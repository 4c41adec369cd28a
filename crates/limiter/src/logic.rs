//! The rules: pure, total, by value. What leaves a bucket and enters it; `ticket` says what waits, `rebase` what changes
//! the bucket itself, `lower` what takes from its capacity for a while.

use crate::{
    error::Error,
    params::{Params, Policy, MAX_TRIP_SECS},
    types::{low32, seconds_up, Bucket, Marker, Side, FRACTION_BITS, MAX_TIME},
    Lane,
};
use fusebox_core::time::live;

mod lower;
mod rate;
mod rebase;
mod ticket;
pub use lower::{left, overlay, overlay_lane, settle, tighten, tighten_lane, whole, Left};
pub use rate::{amount_down, cost_up, credit_down};
pub use rebase::{capacity, configure, observe, rebase, split, Shape};
pub use ticket::{batch, cancel, claim, escrow, hold};

/// The clock as a fixed time.
///
/// Errors: [`Error::OutOfRange`] past the year 2106.
#[inline]
fn fixed(now: u64) -> Result<u64, Error> {
    let bound = u64::from(u32::MAX);
    if now > bound {
        return Err(Error::OutOfRange { value: now, bound });
    }
    Ok(now << FRACTION_BITS)
}

/// Inflow credit that is live, as a fixed time: all of it within its own second, then at most `e` of the window,
/// running out with the clock.
#[inline]
fn credit(bucket: &Bucket, params: &Params, now: u64) -> u64 {
    let time = now << FRACTION_BITS;
    if bucket.credit_until <= time {
        return 0;
    }
    let last = u64::from(bucket.last_inflow);
    if last == now {
        return bucket.credit_until.wrapping_sub(time);
    }
    let most = (last << FRACTION_BITS).saturating_add(credit_bound(bucket.window(), params));
    bucket.credit_until.min(most).saturating_sub(time)
}

/// `e` of a window, as a fixed time.
///
/// Rounding: down.
#[inline]
fn credit_bound(window: u64, params: &Params) -> u64 {
    window.wrapping_mul(u64::from(params.credit_bps())).wrapping_div(10_000) // 37 + 14 bits
}

/// The bucket after `amount`, whether it fits or not: credit goes first, then debt is taken on.
///
/// Rounding: the cost up.
fn charge(bucket: &Bucket, params: &Params, now: u64, amount: u128) -> Option<Bucket> {
    let time = now << FRACTION_BITS;
    let cost = cost_up(amount, bucket.window_secs(), bucket.capacity)?;
    let credit = credit(bucket, params, now);
    let paid = cost.min(credit);
    let credit_until = if credit == 0 { 0 } else { time.saturating_add(credit.wrapping_sub(paid)) };
    Some(Bucket { tat: bucket.tat.max(time).saturating_add(cost.wrapping_sub(paid)), credit_until, ..*bucket })
}

/// `amount` leaves now, or nothing does.
///
/// Rounding: what it costs up.
/// Errors: [`Error::NotConfigured`], [`Error::Exceeded`], [`Error::OutOfRange`].
/// Invariants: RL-1, RL-2, RL-3, RL-5, RL-16.
pub fn spend(bucket: Bucket, params: &Params, now: u64, amount: u128) -> Result<Bucket, Error> {
    let time = fixed(now)?;
    if !bucket.is_configured() {
        return Err(Error::NotConfigured { value: 0, bound: 1 });
    }
    if amount == 0 {
        return Ok(bucket);
    }
    match charge(&bucket, params, now, amount) {
        Some(next) if next.tat <= time.saturating_add(bucket.window()) => {
            Ok(Bucket { queued: false, exact: false, ..next }) // room left: whoever waited is ready
        }
        _ => Err(exceeded(&bucket, params, now, amount)),
    }
}

/// An amount leaves every bucket, or none: the first that refuses decides before anything is stored.
///
/// A number that comes twice is refused: the second payment would not see the first.
///
/// Errors: those of [`spend`], [`Error::SameBucket`].
/// Invariants: RL-8.
pub fn spend_all<const N: usize>(
    numbers: [u32; N],
    buckets: [Bucket; N],
    params: &Params,
    now: u64,
    amounts: [u128; N],
) -> Result<[Bucket; N], Error> {
    let mut rest = numbers.iter();
    while let Some(bucket) = rest.next() {
        if rest.as_slice().contains(bucket) {
            return Err(Error::SameBucket { bucket: *bucket });
        }
    }
    let mut next = buckets;
    for (bucket, amount) in next.iter_mut().zip(amounts) {
        *bucket = spend(*bucket, params, now, amount)?;
    }
    Ok(next)
}

/// The refusal with what is available and when the amount will be.
#[cold]
fn exceeded(bucket: &Bucket, params: &Params, now: u64, amount: u128) -> Error {
    let earliest = match charge(bucket, params, now, amount) {
        Some(next) if amount <= bucket.capacity => seconds_up(next.tat.saturating_sub(bucket.window())),
        _ => u64::MAX,
    };
    Error::Exceeded { amount, available: available(bucket, params, now), earliest }
}

/// What may leave now: `capacity * (window - debt + credit) / window`.
///
/// Rounding: down.
pub fn available(bucket: &Bucket, params: &Params, now: u64) -> u128 {
    let Ok(time) = fixed(now) else { return 0 };
    let room = bucket.window().saturating_sub(bucket.tat.saturating_sub(time));
    amount_down(room.saturating_add(credit(bucket, params, now)), bucket.window(), bucket.capacity)
}

/// `amount` has come in: it pays debt first, the rest is credit. It never fails, so a deposit never does.
///
/// While tickets wait it gives nothing: their times are promised, and whoever came later would pass them.
///
/// Rounding: what it is worth down.
/// Invariants: RL-1, RL-3, RL-4, RL-11.
pub fn inflow(bucket: Bucket, params: &Params, now: u64, amount: u128) -> Bucket {
    let Ok(time) = fixed(now) else { return bucket };
    let debt = bucket.tat.saturating_sub(time);
    let waiting = bucket.queued && debt > bucket.window();
    if !bucket.is_configured() || amount == 0 {
        return bucket;
    }
    let last_inflow = low32(now); // always: the base believes no height in this second
    if waiting {
        return Bucket { last_inflow, ..bucket };
    }
    let worth = credit_down(amount, bucket.window_secs(), bucket.capacity);
    let paid = worth.min(debt);
    let more = credit(&bucket, params, now).saturating_add(worth.wrapping_sub(paid));
    Bucket {
        tat: bucket.tat.wrapping_sub(paid), // paid is at most the debt
        credit_until: if more == 0 { 0 } else { time.saturating_add(more).min(MAX_TIME) },
        last_inflow,
        queued: false,
        exact: false,
        ..bucket
    }
}

/// What becomes of a request that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Nothing moves; a signal is due until then.
    Trip {
        /// The end of the signal, in seconds.
        until: u64,
    },
    /// It queues.
    Queue {
        /// The small lane is open to the amount.
        small: bool,
        /// Who asks may have cancelled: the side and the marker must be looked at.
        locked: bool,
    },
}

/// What the bucket's policy makes of a refusal.
///
/// Errors: the refusal itself, where the policy is to refuse or nothing else would help.
/// Invariants: RL-18.
pub fn overflow(bucket: &Bucket, params: &Params, now: u64, amount: u128, refusal: Error) -> Result<Overflow, Error> {
    let Error::Exceeded { earliest, .. } = refusal else { return Err(refusal) };
    match bucket.policy {
        Policy::Refuse => Err(refusal),
        Policy::Trip => Ok(Overflow::Trip { until: earliest.min(now.saturating_add(MAX_TRIP_SECS)) }),
        Policy::Ticket => Ok(Overflow::Queue { small: is_small(bucket, params, amount), locked: bucket.locked }),
    }
}

/// Whether an amount is one of the small lane's.
///
/// Rounding: the limit down.
fn is_small(bucket: &Bucket, params: &Params, amount: u128) -> bool {
    amount <= rate::share_down(bucket.capacity, params.small_bps())
}

/// What a queue looks at beside the main lane, each only where [`Overflow::Queue`] asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Near {
    /// The small lane, if the amount is small.
    pub lane: Option<Bucket>,
    /// The side word, if somebody has cancelled.
    pub side: Option<Side>,
    /// Who asks, if either.
    pub marker: Option<Marker>,
}

/// Where a request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The lane that took it.
    pub lane: Lane,
    /// That lane's bucket now.
    pub bucket: Bucket,
    /// The account's marker, if it changed.
    pub marker: Option<Marker>,
    /// The ticket's fixed time; `None` if the small lane pays at once.
    pub ready: Option<u64>,
}

/// A request that did not fit, in the lane that pays it earlier.
///
/// Errors: [`Error::Requeued`], [`Error::AboveCapacity`], [`Error::TooFar`], [`Error::NotConfigured`].
/// Invariants: RL-9, RL-10, RL-12, RL-18.
pub fn queue(main: Bucket, near: Near, params: &Params, now: u64, amount: u128) -> Result<Queued, Error> {
    let marker = near.marker.unwrap_or_default();
    let locked = near.side.is_some_and(|side| live(now, u64::from(side.locks_until)));
    let barred = locked && live(now, marker.queue_after);
    let own = near.lane.filter(|_| !live(now, marker.small_after));
    let small = own.and_then(|lane| place(lane, params, now, amount).ok());
    let requeued = Error::Requeued { after: marker.queue_after, now };
    let large = if barred { Err(requeued) } else { place(main, params, now, amount) };
    let (lane, (bucket, ready)) = match (small, large) {
        (Some((_, Some(_))), _) if barred => return Err(requeued), // to be paid at once is not to queue
        (Some(small), Ok(large)) if small.1 > large.1 => (Lane::Main, large),
        (Some(small), _) => (Lane::Small, small),
        (None, large) => (Lane::Main, large?),
    };
    Ok(match lane {
        Lane::Main => Queued { lane, bucket: Bucket { locked, ..bucket }, marker: None, ready },
        Lane::Small => {
            let from = ready.map_or(now, seconds_up).max(now);
            let small_after = from.saturating_add(bucket.window_secs());
            Queued { lane, bucket, marker: Some(Marker { small_after, ..marker }), ready }
        }
    })
}

/// `amount` at the first time that its lane has room for it: now, or later by a ticket.
///
/// An amount above the capacity would leave in one piece what the bound spreads over time, so it is refused.
fn place(bucket: Bucket, params: &Params, now: u64, amount: u128) -> Result<(Bucket, Option<u64>), Error> {
    let time = fixed(now)?;
    if !bucket.is_configured() {
        return Err(Error::NotConfigured { value: 0, bound: 1 });
    }
    if amount == 0 {
        return Ok((bucket, None));
    }
    let above = Error::AboveCapacity { amount, bound: bucket.capacity };
    let next = charge(&bucket, params, now, amount).ok_or(above)?;
    let ready = next.tat.saturating_sub(bucket.window());
    if ready <= time {
        return Ok((Bucket { queued: false, exact: false, ..next }, None)); // as a spend
    }
    if amount > bucket.capacity {
        return Err(above);
    }
    let bound = now.saturating_add(params.max_delay_secs());
    if ready > bound << FRACTION_BITS {
        return Err(Error::TooFar { ready: seconds_up(ready), bound });
    }
    Ok((Bucket { queued: true, exact: true, ..next }, Some(ready)))
}
