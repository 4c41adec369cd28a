//! The conditions: evaluated in every transaction that reads a price, refusing by themselves.

use crate::error::{Error, Fault};
use crate::feed;
use crate::logic::{curve, reference};
use crate::params::{Setup, MAX_FEEDS, QUORUM};
use crate::types::{Cause, Quote, Reading, Sample, Sequencer, State};
use fusebox_core::panel::{Class, Tier};

/// What may be done with the price of this second.
///
/// Nothing of it rests on a trip that was recorded: a refusal undoes every record, and must hold again in the next
/// transaction.
pub fn quote(state: &State, setup: &Setup, now: u64, reading: &Reading) -> Quote {
    let mut quote = Quote {
        price: 0,
        updated_at: 0,
        valid: 0,
        deviation_bps: 0,
        outlier_bps: 0,
        velocity_log_bps: 0,
        mark_bps: 0,
        breach: Tier::Normal,
        cause: Cause::None,
        clean: false,
        independent: false,
        faults: [None; MAX_FEEDS],
        deviations: [0; MAX_FEEDS],
        refused: [None; 3],
    };
    validate(&mut quote, state, setup, now, reading);
    price(&mut quote, setup, reading);
    let doubt = divergence(&mut quote, setup, reading);
    let unconfirmed = velocity(&mut quote, state, setup, now);
    refuse(&mut quote, setup, now, reading, doubt.or(unconfirmed));
    if let (Some(mark), true) = (reading.mark, quote.price > 0) {
        quote.mark_bps = apart(mark, quote.price, 0);
    }
    quote
}

/// Whether feeds may be listed: all of them answer now, and they agree.
///
/// Errors: [`Error::InvalidPrice`] with the first that does not answer, or why an Increase would be refused for the price.
pub fn listable(setup: &Setup, now: u64, reading: &Reading) -> Result<(), Error> {
    let reading = Reading { sequencer: Sequencer::Absent, ..*reading };
    let quote = quote(&State::default(), setup, now, &reading);
    if quote.price == 0 {
        return Err(unpriced(&quote, setup, now, &reading));
    }
    for (feed, fault) in (0u8..).zip(quote.faults) {
        if let Some(fault) = fault {
            return Err(Error::InvalidPrice { feed, fault });
        }
    }
    quote.price_for(Class::Increase).map(|_| ())
}

/// Which feeds are valid.
fn validate(quote: &mut Quote, state: &State, setup: &Setup, now: u64, reading: &Reading) {
    let routed = reference::routed_around(state, now);
    let feeds = setup.feeds.iter().zip(&reading.samples).zip(&mut quote.faults);
    for (index, ((config, sample), fault)) in (0u8..setup.count).zip(feeds) {
        *fault = feed::judge(sample, config, setup.params.max_confidence_bps, now);
        if routed.wrapping_shr(u32::from(index)) & 1 == 1 {
            *fault = Some(Fault::Quarantined);
        }
        quote.valid = quote.valid.saturating_add(u8::from(fault.is_none()));
    }
}

/// The valid samples and their indices.
fn valid<'a>(quote: &Quote, setup: &Setup, reading: &'a Reading) -> impl Iterator<Item = (usize, &'a Sample)> {
    let faults = quote.faults;
    let count = usize::from(setup.count);
    reading
        .samples
        .iter()
        .zip(faults)
        .enumerate()
        .take(count)
        .filter_map(|(index, (sample, fault))| fault.is_none().then_some((index, sample)))
}

/// The median of a quorum, or the sample of the feed that leads.
///
/// With two valid feeds the anchor counts and the other checks it; without the anchor, the first that may lead. Alone,
/// only the anchor is believed: a check that nothing checks is not a price.
fn price(quote: &mut Quote, setup: &Setup, reading: &Reading) {
    if quote.valid >= QUORUM {
        quote.price = curve::median(valid(quote, setup, reading).map(|(_, sample)| sample.price));
        quote.updated_at =
            valid(quote, setup, reading).fold(u64::MAX, |oldest, (_, sample)| oldest.min(sample.updated_at));
        return;
    }
    let leads = |index: &usize| setup.feeds.get(*index).is_some_and(|feed| feed.kind.leads());
    let lead = valid(quote, setup, reading).find(|(index, _)| leads(index));
    if let Some((index, sample)) = lead {
        if index == 0 || quote.valid > 1 {
            (quote.price, quote.updated_at) = (sample.price, sample.updated_at);
        }
    }
}

/// How far the feeds are apart, the tier that asks for, and the doubt that refuses an Increase.
fn divergence(quote: &mut Quote, setup: &Setup, reading: &Reading) -> Option<Error> {
    let params = &setup.params;
    if quote.price == 0 {
        return None;
    }
    let (mut farthest, mut slack) = ([u32::MAX; MAX_FEEDS], 0u128);
    if quote.valid < QUORUM {
        slack = valid(quote, setup, reading).fold(0, |sum, (_, sample)| sum.saturating_add(sample.confidence));
    }
    let mut apart_of = [0; MAX_FEEDS];
    for (index, sample) in valid(quote, setup, reading) {
        let bps = apart(sample.price, quote.price, if slack > 0 { slack } else { sample.confidence });
        if let (Some(place), Some(own)) = (farthest.get_mut(index), apart_of.get_mut(index)) {
            (*place, *own) = (bps, bps);
        }
        quote.outlier_bps = quote.outlier_bps.max(bps);
    }
    quote.deviations = apart_of;
    // With a quorum, how far the majority is from the median: one liar among three must not take the price away.
    quote.deviation_bps = quote.outlier_bps;
    if quote.valid >= QUORUM {
        let majority = usize::from(quote.valid >> 1).saturating_add(1);
        let within = |bound: &u32| farthest.iter().filter(|bps| *bps <= bound).count() >= majority;
        quote.deviation_bps = farthest.iter().copied().filter(within).min().unwrap_or(u32::MAX);
    }
    quote.independent = quote.valid > 1 && !params.divergence_off;
    if params.divergence_off {
        return None;
    }
    let [guarded, reduce_only, halted] = [params.guarded_bps, params.reduce_only_bps, params.halted_bps].map(u32::from);
    quote.breach = match quote.deviation_bps {
        bps if bps >= halted => Tier::Halted,
        bps if bps >= reduce_only => Tier::ReduceOnly,
        bps if bps >= guarded => Tier::Guarded,
        _ => Tier::Normal,
    };
    if quote.breach > Tier::Normal {
        quote.cause = Cause::Divergence;
    } else if quote.outlier_bps >= guarded {
        (quote.breach, quote.cause) = (Tier::Guarded, Cause::Outlier);
    }
    let bound_bps = if quote.valid >= QUORUM { reduce_only } else { guarded };
    let doubt = Error::PriceInDoubt { deviation_bps: quote.deviation_bps, bound_bps };
    (quote.deviation_bps >= bound_bps).then_some(doubt)
}

/// How far the price left the reference, the tier that asks for, and the doubt of a move that nothing confirms.
fn velocity(quote: &mut Quote, state: &State, setup: &Setup, now: u64) -> Option<Error> {
    let (params, reference) = (&setup.params, reference::usable(state, &setup.params, now));
    if quote.price == 0 || reference == 0 || params.velocity_off {
        return None;
    }
    let log_bps = curve::log_ratio(quote.price, reference).div_ceil(curve::WAD / 10_000);
    quote.velocity_log_bps = u32::try_from(log_bps).unwrap_or(u32::MAX);
    let bound_bps = u32::from(params.velocity_log_bps);
    let judged = quote.cause == Cause::None && (quote.independent || setup.needed() == 1);
    if !judged || quote.velocity_log_bps < bound_bps {
        return None; // while feeds disagree there is no price to have moved: that is divergence's business
    }
    if quote.independent {
        (quote.breach, quote.cause) = (Tier::Guarded, Cause::Velocity);
        return None;
    }
    (quote.breach, quote.cause) = (Tier::ReduceOnly, Cause::Unconfirmed);
    Some(Error::PriceInDoubt { deviation_bps: quote.velocity_log_bps, bound_bps })
}

/// Why each class is refused.
///
/// Increase: fresh, undisputed, confirmed, sequencer up. Liquidate: believable, sequencer up and its grace over, so that
/// accounts can be topped up first. Reduce: believable. ExitUnpriced and Inflow never read a price.
fn refuse(quote: &mut Quote, setup: &Setup, now: u64, reading: &Reading, doubt: Option<Error>) {
    let halted_bps = u32::from(setup.params.halted_bps);
    let believable = if quote.price == 0 {
        Some(unpriced(quote, setup, now, reading))
    } else if quote.breach == Tier::Halted {
        Some(Error::PriceInDoubt { deviation_bps: quote.deviation_bps, bound_bps: halted_bps })
    } else {
        None
    };
    let needed = if quote.faults[0].is_some() { QUORUM } else { setup.needed() };
    let quorum = (quote.valid < needed).then_some(Error::NoQuorum { valid: quote.valid, needed });
    let undisputed = believable.or(quorum).or(doubt);
    let (down, unknown) = sequencer(setup, now, reading.sequencer);
    quote.clean = undisputed.is_none() && quote.breach == Tier::Normal;
    quote.refused = [down.or(unknown).or(undisputed), down.or(believable), believable];
}

/// Why there is no price: what is wrong with the anchor, or else with the number of feeds.
fn unpriced(quote: &Quote, setup: &Setup, now: u64, reading: &Reading) -> Error {
    let (anchor, config) = (&reading.samples[0], &setup.feeds[0]);
    match quote.faults[0] {
        Some(Fault::Stale) => {
            Error::StalePrice { age: now.saturating_sub(anchor.updated_at), max: u64::from(config.max_age_secs) }
        }
        Some(Fault::Uncertain) => Error::UncertainPrice {
            confidence_bps: feed::confidence_bps(anchor),
            max_bps: u32::from(setup.params.max_confidence_bps),
        },
        Some(fault) => Error::InvalidPrice { feed: 0, fault },
        None => Error::NoQuorum { valid: quote.valid, needed: setup.needed() },
    }
}

/// Why the sequencer stops Increase and Liquidate, and why its feed stops Increase alone.
fn sequencer(setup: &Setup, now: u64, sequencer: Sequencer) -> (Option<Error>, Option<Error>) {
    let grace = setup.sequencer.map_or(0, |config| u64::from(config.grace_secs));
    match sequencer {
        Sequencer::Absent => (None, None),
        Sequencer::Unknown { fault } => (None, Some(Error::SequencerUnknown { fault })),
        Sequencer::Down { since } => (Some(Error::SequencerDown { since, until: 0 }), None),
        Sequencer::Up { since } => {
            let until = since.saturating_add(grace);
            ((now < until).then_some(Error::SequencerDown { since, until }), None)
        }
    }
}

/// The symmetric deviation in bps, less what the confidence explains.
///
/// Rounding: up.
fn apart(price: u128, from: u128, confidence: u128) -> u32 {
    curve::bps(price.abs_diff(from).saturating_sub(confidence), price.min(from))
}

// The order of `Quote::refused` is the number of the class.
const _: () = assert!(Class::Increase.code() == 0 && Class::Liquidate.code() == 1 && Class::Reduce.code() == 2);
