//! What is remembered: words 0 to 4.

use super::fields::{float, unfloat, Reader, Writer};
use super::{load, store, LADDER, QUARANTINE, REFERENCE, SAMPLES};
use crate::types::{Cause, Ladder, Quarantine, Reference, State, Variance};
use alloy_primitives::U256;
use fusebox_core::host::Host;
use fusebox_core::panel::Scope;

/// The ladder as a word.
pub fn pack_ladder(l: &Ladder) -> U256 {
    let mut w = Writer(U256::ZERO, 0);
    w.time(l.halted_until).time(l.reduce_only_until).time(l.guarded_until).time(l.hard_end).time(l.window_end);
    w.small(2, l.strikes).small(3, l.level.code()).small(3, l.announced.code()).small(3, l.cause.code());
    w.small(1, u8::from(l.evidence)).time(l.anomaly);
    w.0
}

/// The ladder of a word.
pub fn unpack_ladder(word: U256) -> Ladder {
    let mut r = Reader(word, 0);
    Ladder {
        halted_until: r.take(40),
        reduce_only_until: r.take(40),
        guarded_until: r.take(40),
        hard_end: r.take(40),
        window_end: r.take(40),
        strikes: r.small(2),
        level: r.tier(),
        announced: r.tier(),
        cause: Cause::from_code(r.small(3)),
        evidence: r.flag(),
        anomaly: r.take(40),
    }
}

/// The reference as a word.
pub fn pack_reference(x: &Reference) -> U256 {
    let mut w = Writer(U256::ZERO, 0);
    w.put(112, x.price).time(x.at).small(3, x.pending.code()).time(x.pending_since).small(1, u8::from(x.frozen));
    w.small(1, u8::from(x.mark_apart)).small(5, x.quarantined).small(4, x.clean).time(x.clean_since);
    w.0
}

/// The reference of a word.
pub fn unpack_reference(word: U256) -> Reference {
    let mut r = Reader(word, 0);
    Reference {
        price: r.wide(112),
        at: r.take(40),
        pending: r.tier(),
        pending_since: r.take(40),
        frozen: r.flag(),
        mark_apart: r.flag(),
        quarantined: r.small(5),
        clean: r.small(4),
        clean_since: r.take(40),
    }
}

/// The variances as a word; the price keeps 41 significant bits, rounded down.
pub fn pack_variance(v: &Variance) -> U256 {
    let mut w = Writer(U256::ZERO, 0);
    w.put(64, u128::from(v.fast)).put(64, u128::from(v.slow)).put(48, float(v.price, 41)).time(v.at);
    w.0
}

/// The variances of a word.
pub fn unpack_variance(word: U256) -> Variance {
    let mut r = Reader(word, 0);
    Variance { fast: r.take(64), slow: r.take(64), price: unfloat(r.wide(48), 41), at: r.take(40) }
}

/// Ten prices of 18 significant bits, rounded down.
pub fn pack_samples(samples: &[u128]) -> U256 {
    let mut w = Writer(U256::ZERO, 0);
    samples.iter().for_each(|price| {
        w.put(25, float(*price, 18));
    });
    w.0
}

/// The prices of a word.
pub fn unpack_samples<const N: usize>(word: U256) -> [u128; N] {
    let mut r = Reader(word, 0);
    core::array::from_fn(|_| unfloat(r.wide(25), 18))
}

/// The quarantine as a word.
pub fn pack_quarantine(q: &Quarantine) -> U256 {
    let mut w = Writer(U256::ZERO, 0);
    q.until.iter().for_each(|until| {
        w.time(*until);
    });
    q.disagreed.iter().for_each(|count| {
        w.small(4, *count);
    });
    w.0
}

/// The quarantine of a word.
pub fn unpack_quarantine(word: U256) -> Quarantine {
    let mut r = Reader(word, 0);
    Quarantine { until: core::array::from_fn(|_| r.take(40)), disagreed: core::array::from_fn(|_| r.small(4)) }
}

/// What a quote needs of the memory: one word, and two more while a trip is remembered, and one for a quarantine.
pub fn load_for_quote(host: &impl Host, market: Scope) -> State {
    let mut state = State { reference: unpack_reference(load(host, market, REFERENCE)), ..State::default() };
    if state.reference.frozen {
        state.ladder = unpack_ladder(load(host, market, LADDER));
        state.samples = unpack_samples(load(host, market, SAMPLES));
    }
    if state.reference.quarantined != 0 {
        state.quarantine = unpack_quarantine(load(host, market, QUARANTINE));
    }
    state
}

/// The words of the whole memory.
pub fn load_words(host: &impl Host, market: Scope) -> [U256; 5] {
    core::array::from_fn(|index| load(host, market, u64::try_from(index).unwrap_or(0)))
}

/// The memory of its words.
pub fn unpack_state(words: &[U256; 5]) -> State {
    let [ladder, reference, variance, samples, quarantine] = *words;
    State {
        ladder: unpack_ladder(ladder),
        reference: unpack_reference(reference),
        variance: unpack_variance(variance),
        samples: unpack_samples(samples),
        quarantine: unpack_quarantine(quarantine),
    }
}

/// Writes the words of the memory that changed.
pub fn store_state(host: &mut impl Host, market: Scope, state: &State, was: &[U256; 5]) {
    let words = [
        pack_ladder(&state.ladder),
        pack_reference(&state.reference),
        pack_variance(&state.variance),
        pack_samples(&state.samples),
        pack_quarantine(&state.quarantine),
    ];
    for (index, (word, was)) in (0u64..).zip(words.into_iter().zip(was)) {
        store(host, market, index, word, *was);
    }
}
