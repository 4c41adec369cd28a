//! A typed error in words: what is wrong with value and bound, and what to do about it.

use super::{
    clock,
    interface::{self, text, Decoded},
    parameters, programs, words,
};
use alloy_dyn_abi::DynSolValue;
use alloy_primitives::hex;

/// A line for each error: name, sentence, hint.
const TEXTS: &str = include_str!("errors.txt");

/// An explained refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The error's name; empty for revert data that is no error of the ABI.
    pub name: String,
    /// What is wrong.
    pub sentence: String,
    /// What to do, if anything can be done.
    pub hint: String,
}

impl Explanation {
    /// It as people read it.
    pub fn show(&self) -> String {
        let named = if self.name.is_empty() { String::new() } else { format!(" ({})", self.name) };
        match self.hint.is_empty() {
            true => format!("{}{named}", self.sentence),
            false => format!("{}{named}\n  what to do: {}", self.sentence, self.hint),
        }
    }
}

/// The sentence and the hint of an error with so many values.
fn template(name: &str, values: usize) -> Option<(&'static str, &'static str)> {
    let exact = format!("{name}/{values}");
    TEXTS.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let (key, rest) = line.split_once(" | ")?;
        let (sentence, hint) = rest.split_once(" |")?;
        (key == name || key == exact).then_some((sentence, hint.trim()))
    })
}

/// Explains revert data at a time.
pub fn explain(data: &[u8], now: u64) -> Explanation {
    match interface::decode_error(data) {
        Some(error) => explain_error(&error, now),
        None if data.is_empty() => Explanation {
            name: String::new(),
            sentence: "the contract refuses without a word".to_owned(),
            hint: "a program that has expired, a call that it does not know and an argument that does not decode all look like this; see: fusebox keepalive".to_owned(),
        },
        None => Explanation {
            name: String::new(),
            sentence: format!("the contract refuses with {}, which is no error of the protocol", hex::encode_prefixed(data)),
            hint: String::new(),
        },
    }
}

/// Explains a decoded error at a time.
pub fn explain_error(error: &Decoded, now: u64) -> Explanation {
    let (sentence, hint) = match template(&error.name, error.values.len()) {
        Some((sentence, hint)) => (fill(sentence, error, now), fill(hint, error, now)),
        None => (error.line(), String::new()),
    };
    Explanation { name: error.name.clone(), sentence, hint }
}

/// A text with the values in place of their names.
fn fill(template: &str, error: &Decoded, now: u64) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (place, behind) = after.split_once('}').unwrap_or((after, ""));
        let (name, kind) = place.split_once(':').unwrap_or((place, ""));
        out.push_str(before);
        match error.get(name) {
            Some(value) => out.push_str(&shown(value, kind, now)),
            None => out.push_str(name),
        }
        rest = behind;
    }
    out + rest
}

/// A value as its kind is read.
fn shown(value: &DynSolValue, kind: &str, now: u64) -> String {
    let Some((number, _)) = value.as_uint() else { return text(value) };
    let small = u64::try_from(number).unwrap_or(u64::MAX);
    let bits = u8::try_from(small).unwrap_or(u8::MAX);
    match kind {
        "time" => clock::when(small, now),
        "span" => clock::span(small),
        "scope" => words::scope(small),
        "class" => words::class(small),
        "classes" => words::classes(bits),
        "role" => words::role(small),
        "tier" => words::tier(small),
        "act" => words::act(small),
        "sources" => words::sources(bits),
        "parameter" => parameters::show(u16::try_from(small).unwrap_or(u16::MAX)),
        "term" => parameters::show(0x0500 | u16::from(bits)),
        "program" => programs::name(small),
        "bps" => bps(small),
        _ => number.to_string(),
    }
}

/// Basis points as a percentage.
pub fn bps(value: u64) -> String {
    format!("{}.{:02} %", value / 100, value % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Address, U256};
    use alloy_sol_types::SolError;
    use fusebox::bindings::Protocol;
    use std::collections::BTreeSet;

    #[test]
    fn cl_37_every_error_of_the_abi_is_explained_by_its_own_values() {
        for error in interface::abi().errors() {
            let (sentence, hint) = template(&error.name, error.inputs.len())
                .unwrap_or_else(|| panic!("{} is not in errors.txt", error.signature()));
            assert!(!sentence.trim().is_empty(), "{}", error.name);
            let names: BTreeSet<&str> = error.inputs.iter().map(|input| input.name.as_str()).collect();
            for place in [sentence, hint].iter().flat_map(|text| text.split('{').skip(1)) {
                let (place, _) = place.split_once('}').expect("a closed place");
                let name = place.split(':').next().expect("a name");
                assert!(names.contains(name), "{} has no value {name}", error.signature());
            }
        }
    }

    #[test]
    fn every_explanation_is_of_an_error() {
        for line in TEXTS.lines().filter(|line| !line.starts_with('#')) {
            let key = line.split(" | ").next().expect("a key");
            let (name, count) = key.split_once('/').map_or((key, None), |(name, count)| (name, count.parse().ok()));
            let known = interface::abi().error(name).unwrap_or_else(|| panic!("{name} is in no ABI"));
            assert!(count.is_none_or(|count: usize| known.iter().any(|error| error.inputs.len() == count)), "{key}");
        }
    }

    #[test]
    fn values_and_bounds_are_said_in_words() {
        let stopped = Protocol::Stopped { scope: 1, class: 0, sources: 3, until: 1_700_003_600 };
        let said = explain(&stopped.abi_encode(), 1_700_000_000);
        let text = "increase is stopped in market 1 by a guardian's pause and the breaker, until 2023-11-14 23:13:20 UTC (in 1 h)";
        assert_eq!((said.name.as_str(), said.sentence.as_str()), ("Stopped", text));
        let doubt = Protocol::PriceInDoubt { deviationBps: 1_234, boundBps: 1_000 };
        assert!(explain(&doubt.abi_encode(), 0).sentence.contains("12.34 %, and may differ by 10.00 %"));
        let missing = Protocol::MissingRole { who: Address::ZERO, role: 1 };
        assert!(explain(&missing.abi_encode(), 0).show().contains("role Council (MissingRole)\n  what to do: "));
    }

    #[test]
    fn errors_of_one_name_are_told_apart() {
        let breaker = Protocol::OutOfBounds_0 { field: 1, value: U256::from(5), min: U256::ZERO, max: U256::from(4) };
        let table = Protocol::OutOfBounds_1 { id: 0x0200, value: 5, bound: 50 };
        assert!(explain(&breaker.abi_encode(), 0).sentence.contains("field 1 of the breaker"));
        assert!(explain(&table.abi_encode(), 0).sentence.contains("0x0200"));
    }

    #[test]
    fn what_is_no_error_is_shown_as_it_is() {
        assert!(explain(&[], 0).sentence.contains("without a word"));
        assert!(explain(&[1, 2, 3, 4], 0).sentence.contains("0x01020304"));
    }
}
