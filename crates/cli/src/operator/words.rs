//! Names of what the chain has as numbers: scopes, classes, roles, tiers, acts, reasons.

use fusebox_authority::types::{Act, Role};
use fusebox_core::panel::{Class, Classes, Scope, Tier, BREAKER, PAUSE, SIGNAL};
use std::collections::BTreeMap;

/// Names of the classes, in their order.
pub const CLASSES: [&str; 5] = ["increase", "liquidate", "reduce", "exit", "inflow"];
/// Names of the roles, in their order.
pub const ROLES: [&str; 5] = ["governance", "council", "guardian", "steward", "sentinel"];
/// Names of the tiers, in their order.
pub const TIERS: [&str; 5] = ["normal", "guarded", "reduce-only", "halted", "settling"];
/// Names of the acts, in their order.
const ACTS: [&str; 8] =
    ["parameter", "grant", "revoke", "guardian", "upgrade", "escrow", "playbook", "act of the protocol"];
/// What a guardian's reason says where the configuration has no other words for it.
const REASONS: [&str; 8] =
    ["no reason given", "price feeds", "an attack", "accounting", "bridge or chain", "a key", "a drill", "an upgrade"];

fn name(names: &[&str], code: usize) -> String {
    names.get(code).map_or_else(|| format!("{code}"), |name| (*name).to_owned())
}

fn code(names: &[&str], text: &str, what: &str) -> Result<u8, String> {
    let wanted = text.to_lowercase();
    let found =
        names.iter().position(|name| *name == wanted || name.replace('-', "") == wanted.replace(['-', '_'], ""));
    let number = wanted.parse::<usize>().ok().filter(|number| *number < names.len());
    let code = found.or(number).and_then(|at| u8::try_from(at).ok());
    code.ok_or_else(|| format!("{text:?} is no {what}; they are {}", names.join(", ")))
}

/// A scope: `protocol` or 0, or the number of a market.
pub fn parse_scope(text: &str) -> Result<u32, String> {
    match text.to_lowercase().as_str() {
        "protocol" | "all" => Ok(0),
        other => other.parse().map_err(|_| format!("{text:?} is no scope: write protocol, or the number of a market")),
    }
}

/// The scope in words.
pub fn scope(number: u64) -> String {
    match number {
        0 => "the protocol".to_owned(),
        market => format!("market {market}"),
    }
}

/// A class by its name or number.
pub fn parse_class(text: &str) -> Result<Class, String> {
    let text = match text.to_lowercase().as_str() {
        "exit-unpriced" | "exitunpriced" => "exit".to_owned(),
        other => other.to_owned(),
    };
    let code = code(&CLASSES, &text, "class")?;
    Class::from_code(code).ok_or_else(|| format!("{text:?} is no class"))
}

/// Classes, comma separated, or `all`.
pub fn parse_classes(text: &str) -> Result<Classes, String> {
    if text.eq_ignore_ascii_case("all") {
        return Ok(Classes::ALL);
    }
    text.split(',').try_fold(Classes::NONE, |set, one| Ok(set.or(Classes::of(parse_class(one.trim())?))))
}

/// The class in words.
pub fn class(code: u64) -> String {
    name(&CLASSES, usize::try_from(code).unwrap_or(usize::MAX))
}

/// Classes in words.
pub fn classes(bits: u8) -> String {
    let Some(set) = Classes::from_bits(bits & Classes::ALL.bits()) else { return bits.to_string() };
    match set {
        Classes::NONE => "nothing".to_owned(),
        Classes::ALL => "everything".to_owned(),
        _ => Class::ALL
            .iter()
            .filter(|one| set.has(**one))
            .map(|one| class(one.code().into()))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// A role by its name or number.
pub fn parse_role(text: &str) -> Result<Role, String> {
    Role::from_code(code(&ROLES, text, "role")?).map_err(|_| format!("{text:?} is no role"))
}

/// The role in words.
pub fn role(code: u64) -> String {
    name(&["Governance", "Council", "Guardian", "Steward", "Sentinel"], usize::try_from(code).unwrap_or(usize::MAX))
}

/// A tier by its name or number.
pub fn parse_tier(text: &str) -> Result<Tier, String> {
    Tier::from_code(code(&TIERS, text, "tier")?).ok_or_else(|| format!("{text:?} is no tier"))
}

/// The tier in words.
pub fn tier(code: u64) -> String {
    name(&["Normal", "Guarded", "ReduceOnly", "Halted", "Settling"], usize::try_from(code).unwrap_or(usize::MAX))
}

/// The act in words.
pub fn act(code: u64) -> String {
    u8::try_from(code)
        .ok()
        .and_then(Act::from_code)
        .map_or_else(|| format!("act {code}"), |act| name(&ACTS, act.code().into()))
}

/// What sets these bits of the panel, in words.
pub fn sources(bits: u8) -> String {
    let all =
        [(PAUSE, "a guardian's pause"), (BREAKER, "the breaker"), (SIGNAL, "a signal or a decision of Governance")];
    let set: Vec<&str> = all.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect();
    match set.is_empty() {
        true => "nothing that is known".to_owned(),
        false => set.join(" and "),
    }
}

/// The cause of an incident in words.
pub fn cause(code: u8) -> String {
    name(&["unknown", "a guardian's pause", "the breaker", "a limiter or a Sentinel"], code.into())
}

/// What tripped a breaker, in words.
pub fn trip(code: u8) -> String {
    let names = [
        "nothing",
        "feeds that disagree",
        "a fast move that independent feeds confirm",
        "a fast move of the only source",
        "one feed that disagrees with the others",
    ];
    name(&names, code.into())
}

/// Reasons of pauses: the protocol's own words for its codes, from the configuration.
#[derive(Clone, Debug, Default)]
pub struct Reasons(pub BTreeMap<u16, String>);

impl Reasons {
    /// A reason in words.
    pub fn say(&self, code: u16) -> String {
        let own = self.0.get(&code).cloned();
        let known = || REASONS.get(usize::from(code)).map(|words| (*words).to_owned());
        own.or_else(known).unwrap_or_else(|| format!("reason {code}"))
    }

    /// A reason by its number or its words.
    pub fn parse(&self, text: &str) -> Result<u16, String> {
        if let Ok(code) = text.parse() {
            return Ok(code);
        }
        let own = self.0.iter().map(|(code, words)| (*code, words.as_str()));
        let known = (0u16..).zip(REASONS);
        own.chain(known)
            .find(|(_, words)| words.eq_ignore_ascii_case(text))
            .map(|(code, _)| code)
            .ok_or_else(|| format!("{text:?} is no reason: write a number, or one of {}", REASONS.join("; ")))
    }
}

/// A panel scope.
pub const fn at(number: u32) -> Scope {
    Scope::new(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_both_read() {
        assert_eq!(parse_classes("increase, exit").unwrap().bits(), 0b1001);
        assert_eq!(parse_classes("all").unwrap(), Classes::ALL);
        assert_eq!(parse_tier("ReduceOnly").unwrap(), Tier::ReduceOnly);
        assert_eq!(parse_role("4").unwrap(), Role::Sentinel);
        assert_eq!(parse_scope("protocol"), Ok(0));
        assert!(parse_class("sell").unwrap_err().contains("increase, liquidate"));
        assert_eq!(Reasons::default().parse("an attack"), Ok(2));
        assert_eq!(Reasons([(300, "Oracle X".to_owned())].into()).say(300), "Oracle X");
    }
}
