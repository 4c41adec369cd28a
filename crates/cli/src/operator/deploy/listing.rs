//! A market of a parameter file, as the words that list it.

use super::plan::{Feed, Market, Span};
use crate::operator::{
    change, explain,
    fault::{Fault, Outcome},
    parameters,
};
use alloy_primitives::U256;
use fusebox_breaker::{
    params::{FeedConfig, FeedKind, SequencerConfig, Setup, NO_MAX_AGE},
    storage as feeds,
};
use fusebox_market::{
    params::{Caps, Params, Ramp, TERMS},
    storage as market,
};
use perp::types::{Policy, BOUNTY, TARGET};
use std::collections::BTreeMap;

/// The words and values of a market that is to be listed.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The words of its proposal.
    pub words: Vec<U256>,
    /// Its terms.
    pub params: Params,
    /// What the protocol has of its own for it.
    pub policy: Policy,
    /// Its breaker.
    pub setup: Setup,
}

impl Market {
    /// What the market comes to.
    ///
    /// Errors: a name that there is not, a value out of bounds: explained.
    pub fn listing(&self) -> Outcome<Listing> {
        let (params, policy) = self.params().map_err(|fault| self.named(fault))?;
        let setup = self.setup().map_err(|fault| self.named(fault))?;
        let closing = market::pack_closing(&params.closing);
        let head = [
            market::pack_terms(&params.terms),
            market::pack_caps(&params.caps, &Default::default()),
            closing,
            pack_policy(&policy),
        ];
        let tail = [feeds::pack_params(&setup.params), feeds::pack_sequencer(setup.sequencer.as_ref())];
        let sources = setup.feeds.iter().take(setup.count.into()).map(feeds::pack_feed);
        let words: Vec<U256> = head.into_iter().chain(tail).chain(sources).collect();
        Ok(Listing { words: change::list(&words), params, policy, setup })
    }

    fn named(&self, fault: Fault) -> Fault {
        Fault::Usage(format!("market {}: {fault}", self.name))
    }

    fn params(&self) -> Outcome<(Params, Policy)> {
        let mut terms = BTreeMap::new();
        for (name, value) in &self.terms {
            let id = parameters::parse(name).map_err(Fault::Usage)?;
            let [5, term] = id.to_be_bytes() else {
                return Err(Fault::Usage(format!("{name} is no term of a market")));
            };
            terms.insert(term, value.0);
        }
        let mut policy = Policy::default();
        for (term, value) in terms.range(BOUNTY..=TARGET) {
            policy = policy.with(*term, *value);
        }
        terms.retain(|term, _| *term < TERMS);
        let mut take = |term: u8, name: &str| {
            terms.remove(&term).ok_or_else(|| Fault::Usage(format!("[terms] {name} has no default")))
        };
        let (min_margin, position, interest) =
            (take(12, "min_margin")?, take(13, "position_cap")?, take(14, "interest_cap")?);
        let params = settled(Params::standard(0, min_margin, Caps { position, interest }, self.domain), terms)?;
        let policy = policy.validated(&params.terms).map_err(refused)?;
        Ok((params, policy))
    }

    fn setup(&self) -> Outcome<Setup> {
        let defaults = fusebox_breaker::Params { sole: self.sole, ..fusebox_breaker::Params::DEFAULT };
        let mut word = feeds::pack_params(&defaults);
        for (name, value) in &self.breaker {
            let id = parameters::parse(name).map_err(Fault::Usage)?;
            let (offset, bits) = match id {
                0x0200..=0x020d => (u32::from(id & 0xff) * 16, 16),
                0x020e => (224, 8),
                _ => return Err(Fault::Usage(format!("{name} is no threshold of a breaker"))),
            };
            word = fusebox_core::pack::with_field(word, offset, bits, (*value).into())
                .map_err(|_| Fault::Usage(format!("{name} = {value} does not fit")))?;
        }
        let sources: Vec<U256> = self.feed.iter().map(|feed| feeds::pack_feed(&feed.config())).collect();
        let sequencer = self.sequencer.as_ref().map(|one| SequencerConfig {
            source: one.source,
            grace_secs: u32::try_from(one.grace.0).unwrap_or(u32::MAX),
            max_age_secs: one.max_age.map_or(NO_MAX_AGE, |age| u32::try_from(age.0).unwrap_or(u32::MAX)),
        });
        feeds::unpack_setup(word, &sources, feeds::pack_sequencer(sequencer.as_ref())).map_err(refused)
    }
}

/// Terms bound each other, so the order in which they are set matters: what is refused is tried again after the others.
fn settled(mut params: Params, mut left: BTreeMap<u8, u128>) -> Outcome<Params> {
    loop {
        let before = left.len();
        let mut last = None;
        left.retain(|term, value| match params.with(0, *term, *value) {
            Ok(next) => {
                params = next;
                // A listing has no margin to come from: the ramp stands still.
                let ramp = params.closing.maintenance;
                params.closing.maintenance = Ramp::flat(ramp.to_bps, 0, ramp.length_secs);
                false
            }
            Err(error) => {
                last = Some(error);
                true
            }
        });
        match last {
            None => return params.validated(0).map_err(refused),
            Some(error) if left.len() == before => return Err(refused(error)),
            Some(_) => (),
        }
    }
}

/// A module's refusal in words.
fn refused(error: impl Into<Vec<u8>>) -> Fault {
    Fault::Usage(explain::explain(&error.into(), 0).show())
}

/// The word of a policy.
fn pack_policy(policy: &Policy) -> U256 {
    let small = [policy.buffer_bps, policy.share_bps, policy.target_bps];
    let above = small.iter().rev().fold(U256::ZERO, |word, bps| (word << 16usize) | U256::from(*bps));
    (above << 64usize) | U256::from(policy.bounty)
}

impl Feed {
    fn config(&self) -> FeedConfig {
        let secs = |span: &Span| u32::try_from(span.0).unwrap_or(u32::MAX);
        match self {
            Self::Aggregator { source, decimals, max_age, gas } => {
                let kind = FeedKind::Aggregator { decimals: *decimals };
                FeedConfig { source: *source, kind, max_age_secs: secs(max_age), gas: *gas }
            }
            Self::Pool { source, decimals0, decimals1, inverted, window, max_age, gas } => FeedConfig {
                source: *source,
                kind: FeedKind::PoolMean {
                    decimals0: *decimals0,
                    decimals1: *decimals1,
                    inverted: *inverted,
                    window_secs: secs(window),
                },
                max_age_secs: secs(max_age),
                gas: *gas,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::deploy::plan::Plan;

    fn plan(extra: &str) -> Outcome<(Plan, Vec<Listing>)> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("plan.toml");
        let text = include_str!("example.toml").to_owned() + extra;
        std::fs::write(&path, text).expect("written");
        Plan::read(&path)
    }

    #[test]
    fn the_example_is_a_plan_and_its_words_are_those_that_are_stored() {
        let (plan, listings) = plan("").expect("a plan");
        assert_eq!((plan.market.len(), listings.len()), (1, 1));
        let one = &listings[0];
        assert_eq!(market::unpack_terms(one.words[1]), one.params.terms);
        assert_eq!(market::unpack_closing(one.words[3]), one.params.closing);
        assert_eq!(perp::storage::unpack_policy(one.words[4]), one.policy);
        assert_eq!(feeds::unpack_setup(one.words[5], &one.words[7..], one.words[6]).expect("a setup"), one.setup);
        assert_eq!(one.params.terms.base_bps, 1_000);
        assert_eq!(one.params.closing.maintenance, Ramp::flat(500, 0, 86_400));
        assert_eq!(one.setup.params.guarded_bps, 400);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let text = |extra: &str| plan(extra).map(drop).expect_err("refused").to_string();
        let market = "\n[[market]]\nname = \"B\"\nfeed = []\n";
        assert!(text("\n[nonsense]\n").contains("nonsense"));
        assert!(text(&format!("{market}[market.terms]\nbase_bps = 5\n"))
            .contains("market B: [terms] min_margin has no default"));
        let terms = "[market.terms]\nmin_margin = 1\nposition_cap = 9\ninterest_cap = 9\n";
        assert!(text(&format!("{market}{terms}base_bps = 5\n"))
            .contains("base-bps (0x0500) is 5, and its bound here is 10"));
        assert!(text(&format!("{market}{terms}unheard = 5\n")).contains("\"unheard\" is no parameter"));
        assert!(text("\n[[role]]\naccount = \"0x1111111111111111111111111111111111111111\"\nrole = \"king\"\n")
            .contains("is no role"));
    }
}
