//! The parameter file of a deployment, and the words that it comes to.

use super::{
    insurance::{Cover, Fund, ReturnTerms, Surcharge},
    listing::Listing,
};
use crate::operator::{
    clock,
    fault::{file, Fault, Outcome},
    parameters, words,
};
use alloy_primitives::{Address, U256};
use fusebox_authority::types::{change as write, Role};
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path};

/// A number that may be larger than a number of TOML: then it is written in quotes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub struct Number(pub u128);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Whole(u64),
    Text(String),
}

impl TryFrom<Written> for Number {
    type Error = String;
    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Whole(number) => Ok(Self(number.into())),
            Written::Text(text) => {
                let digits = text.replace('_', "");
                digits.parse().map(Self).map_err(|_| format!("{text:?} is no number"))
            }
        }
    }
}

/// A duration such as `24h`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub u64);

impl TryFrom<String> for Span {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        clock::parse_span(&text).map(Self)
    }
}

/// A protocol, as its parameter file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What the constructor fixes.
    pub protocol: Protocol,
    /// Further holders of roles.
    #[serde(default)]
    pub role: Vec<Holder>,
    /// Further guardians.
    #[serde(default)]
    pub guardian: Vec<Guardian>,
    /// Markets, in the order of their numbers.
    #[serde(default)]
    pub market: Vec<Market>,
    /// Values of the parameter table other than those of the listings and the defaults.
    #[serde(default)]
    pub parameter: Vec<Value>,
    /// What the fund covers.
    #[serde(default)]
    pub cover: Vec<Cover>,
    /// How the fund is filled up.
    pub surcharge: Option<Surcharge>,
    /// The fund's times and floor, if they are to be others than the defaults.
    pub fund: Option<Fund>,
    /// On what terms money may be brought back.
    pub return_terms: Option<ReturnTerms>,
}

/// What the constructor fixes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// The collateral token.
    pub collateral: Address,
    /// Who governs.
    pub governance: Address,
    /// Who acts in an incident.
    pub council: Address,
    /// Who pauses the protocol.
    pub guardian: Address,
    /// How long that pause lasts.
    pub guardian_pause: Span,
    /// What may leave in a day whatever the pool holds, in units of the token.
    pub floor: Number,
}

/// Who holds a role.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// Who.
    pub account: Address,
    /// Which.
    pub role: String,
}

/// Who may pause what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guardian {
    /// Who.
    pub account: Address,
    /// Where: 0 is the protocol.
    pub scope: u32,
    /// How long.
    pub pause: Span,
}

/// A market.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Market {
    /// What people call it.
    pub name: String,
    /// Its loss domain.
    #[serde(default)]
    pub domain: u8,
    /// Its terms, by the names of the table: min_margin, position_cap and interest_cap have no default.
    pub terms: BTreeMap<String, Number>,
    /// Its breaker's thresholds, by the names of the table.
    #[serde(default)]
    pub breaker: BTreeMap<String, u16>,
    /// One valid feed is enough.
    #[serde(default)]
    pub sole: bool,
    /// Its feeds, the anchor first.
    pub feed: Vec<Feed>,
    /// The sequencer's feed.
    pub sequencer: Option<Sequencer>,
}

/// A feed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
pub enum Feed {
    /// Chainlink's aggregator.
    Aggregator {
        /// The contract.
        source: Address,
        /// Decimals of its answer.
        decimals: u8,
        /// The oldest answer that is a price.
        max_age: Span,
        /// Gas that it gets.
        #[serde(default = "aggregator_gas")]
        gas: u32,
    },
    /// The mean of a pool.
    Pool {
        /// The contract.
        source: Address,
        /// Decimals of token 0.
        decimals0: u8,
        /// Decimals of token 1.
        decimals1: u8,
        /// The price is of token 1 in token 0.
        #[serde(default)]
        inverted: bool,
        /// Length of the mean.
        window: Span,
        /// The oldest answer that is a price.
        max_age: Span,
        /// Gas that it gets.
        #[serde(default = "pool_gas")]
        gas: u32,
    },
}

const fn aggregator_gas() -> u32 {
    100_000
}
const fn pool_gas() -> u32 {
    200_000
}

/// The sequencer's feed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequencer {
    /// The contract.
    pub source: Address,
    /// After an outage, how long nothing is opened.
    pub grace: Span,
    /// The oldest answer that counts; none is any.
    pub max_age: Option<Span>,
}

/// A value of the parameter table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// Its name or number.
    pub parameter: String,
    /// Where: 0 is the protocol; a market, or a bucket.
    #[serde(default)]
    pub scope: u32,
    /// The value.
    pub value: Number,
}

impl Plan {
    /// Reads a parameter file, and works out every market, so that a value out of bounds is found before anything is sent.
    ///
    /// Errors: a file that is not right, with the place.
    pub fn read(path: &Path) -> Outcome<(Self, Vec<Listing>)> {
        let text = std::fs::read_to_string(path).map_err(|error| file(path, error))?;
        let plan: Self = toml::from_str(&text).map_err(|error| file(path, error))?;
        let listings = plan.market.iter().map(Market::listing).collect::<Outcome<Vec<_>>>();
        let listings = listings.map_err(|fault| file(path, fault))?;
        plan.changes().map_err(|fault| file(path, fault))?;
        Ok((plan, listings))
    }

    /// Every change beside the listings: what it is, and its words.
    ///
    /// Errors: a name that there is not; terms out of their bounds.
    pub fn changes(&self) -> Outcome<Vec<Vec<U256>>> {
        let mut all = Vec::new();
        for one in &self.role {
            all.push(write::grant(one.account, self.role_of(one)?).to_vec());
        }
        for one in &self.guardian {
            let secs = u32::try_from(one.pause.0).map_err(|_| Fault::Usage("a pause is too long".into()))?;
            all.push(write::guardian(one.account, one.scope, secs).to_vec());
        }
        for one in &self.parameter {
            let id = parameters::parse(&one.parameter).map_err(Fault::Usage)?;
            if matches!(id >> 8, 2 | 5)
                && usize::try_from(one.scope).is_ok_and(|scope| (1..=self.market.len()).contains(&scope))
            {
                return Err(Fault::Usage(format!(
                    "[[parameter]] {} belongs to its [[market]], {}",
                    one.parameter, one.scope
                )));
            }
            all.push(write::parameter(one.scope, id, one.value.0).to_vec());
        }
        for one in &self.cover {
            all.push(one.words()?);
        }
        let one_each = [
            self.surcharge.as_ref().map(Surcharge::words),
            self.fund.as_ref().map(Fund::words),
            self.return_terms.as_ref().map(ReturnTerms::words),
        ];
        for words in one_each.into_iter().flatten() {
            all.push(words?);
        }
        Ok(all)
    }

    /// A holder's role.
    ///
    /// Errors: no such role.
    pub fn role_of(&self, one: &Holder) -> Outcome<Role> {
        words::parse_role(&one.role).map_err(Fault::Usage)
    }
}
