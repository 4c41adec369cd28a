//! The ABI of the whole protocol as a client sees it, in JSON: the entries of every program that a user reaches through
//! the hot one, and the events and errors of every module.
//!
//! The entries come from the committed `abi.sol` files, the rest from the `sol!` blocks that the contracts are compiled
//! with, so nothing is written twice.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Where it is committed: what `fusebox`'s bindings are made from, and what `cast` and viem take.
pub const FILE: &str = "crates/fusebox/abi.json";

/// What declares events and errors, in the order in which they are listed.
const MODULES: [&str; 8] = [
    "crates/fusebox",
    "crates/guardian",
    "crates/breaker",
    "crates/limiter",
    "crates/market",
    "crates/fund",
    "crates/authority",
    "contracts/perp",
];

/// The JSON of what is committed.
///
/// Errors: a program whose interface is not there, a fallback that leads nowhere, a declaration that is not understood.
pub fn generate(root: &Path) -> Result<String, String> {
    let mut declared = Vec::new();
    for program in chain(root)? {
        declared.extend(functions(&read(&root.join("contracts").join(program).join("abi.sol"))?));
    }
    for module in MODULES {
        declared.extend(events_and_errors(&read(&root.join(module).join("src/abi.rs"))?));
    }
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for declaration in declared {
        let item = Item::parse(&declaration).ok_or(format!("not understood: {declaration}"))?;
        if seen.insert(item.signature()) {
            lines.push(item.json());
        }
    }
    Ok(format!("[\n  {}\n]\n", lines.join(",\n  ")))
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// The programs that a user reaches, the hot one first: each names in its fallback the one that it hands on to.
fn chain(root: &Path) -> Result<Vec<String>, String> {
    let mut names = vec!["perp".to_owned()];
    while let Some(next) = next(&read(&root.join("contracts").join(&names[names.len() - 1]).join("src/lib.rs"))?) {
        if names.contains(&next) {
            return Err(format!("{next} hands on to itself by way of others"));
        }
        names.push(next);
    }
    Ok(names)
}

/// The program that a fallback delegates to.
fn next(source: &str) -> Option<String> {
    let body = source.split_once("#[fallback]")?.1;
    let name = body.split_once("program::delegate(self.vm(), program::")?.1.split_once(',')?.0;
    Some(format!("perp-{}", name.to_lowercase()))
}

/// The functions of an exported interface.
fn functions(text: &str) -> Vec<String> {
    statements(text).filter(|statement| statement.starts_with("function ")).collect()
}

/// The events and errors of the `sol!` blocks of a source file; functions there are calls between programs.
fn events_and_errors(text: &str) -> Vec<String> {
    let blocks = text.split("sol! {").skip(1).filter_map(|after| after.split_once("\n}"));
    let bodies: Vec<&str> = blocks.map(|(body, _)| body).collect();
    let wanted = |statement: &String| statement.starts_with("event ") || statement.starts_with("error ");
    bodies.into_iter().flat_map(|body| statements(body).filter(wanted).collect::<Vec<_>>()).collect()
}

/// Statements up to their semicolons, without comments and attributes, spaces folded.
fn statements(text: &str) -> impl Iterator<Item = String> + '_ {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['/', '*', '#']));
    let joined = lines.collect::<Vec<_>>().join(" ").replace(['{', '}'], ";");
    let folded = |one: &str| one.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.split(';').map(folded).filter(|one| !one.is_empty()).collect::<Vec<_>>().into_iter()
}

/// A function, event or error.
#[derive(Debug, PartialEq, Eq)]
struct Item {
    kind: String,
    name: String,
    inputs: Vec<Parameter>,
    outputs: Vec<Parameter>,
    is_view: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Parameter {
    kind: String,
    name: String,
    is_indexed: bool,
}

impl Item {
    /// `kind name(parameters) words returns (parameters)`: there are no tuples in this ABI.
    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ')?;
        let (name, rest) = rest.split_once('(')?;
        let (inputs, rest) = rest.split_once(')')?;
        let outputs = rest.split_once("returns (").and_then(|(_, outputs)| outputs.split_once(')'));
        let words = rest.split("returns").next().unwrap_or_default();
        Some(Self {
            kind: kind.to_owned(),
            name: name.trim().to_owned(),
            inputs: parameters(inputs)?,
            outputs: parameters(outputs.map_or("", |(outputs, _)| outputs))?,
            is_view: words.split_whitespace().any(|word| word == "view" || word == "pure"),
        })
    }

    /// What two declarations must differ in to be two.
    fn signature(&self) -> String {
        let kinds: Vec<&str> = self.inputs.iter().map(|parameter| parameter.kind.as_str()).collect();
        format!("{} {}({})", self.kind, self.name, kinds.join(","))
    }

    fn json(&self) -> String {
        let is_event = self.kind == "event";
        let list = |all: &[Parameter], is_event| {
            all.iter().map(|parameter| parameter.json(is_event)).collect::<Vec<_>>().join(",")
        };
        let head = format!(
            "{{\"type\":\"{}\",\"name\":\"{}\",\"inputs\":[{}]",
            self.kind,
            self.name,
            list(&self.inputs, is_event)
        );
        let tail = match self.kind.as_str() {
            "function" => {
                let mutability = if self.is_view { "view" } else { "nonpayable" };
                format!(",\"outputs\":[{}],\"stateMutability\":\"{mutability}\"", list(&self.outputs, false))
            }
            "event" => ",\"anonymous\":false".to_owned(),
            _ => String::new(),
        };
        format!("{head}{tail}}}")
    }
}

impl Parameter {
    fn json(&self, is_event: bool) -> String {
        let Self { kind, name, is_indexed } = self;
        let indexed = if is_event { format!(",\"indexed\":{is_indexed}") } else { String::new() };
        format!("{{\"name\":\"{name}\",\"type\":\"{kind}\"{indexed}}}")
    }
}

fn parameters(list: &str) -> Option<Vec<Parameter>> {
    list.split(',').map(str::trim).filter(|one| !one.is_empty()).map(parameter).collect()
}

/// `type [memory] [indexed] [name]`.
fn parameter(text: &str) -> Option<Parameter> {
    let mut words = text.split_whitespace();
    let kind = words.next()?.to_owned();
    let rest: Vec<&str> = words.filter(|word| !["memory", "calldata"].contains(word)).collect();
    let is_indexed = rest.first() == Some(&"indexed");
    let name = rest.iter().skip(usize::from(is_indexed)).copied().collect::<Vec<_>>();
    if name.len() > 1 {
        return None;
    }
    Some(Parameter { kind, name: name.concat(), is_indexed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_with_what_it_answers() {
        let text =
            "interface I is J {}\ninterface J {\n    function f(uint32[] memory scopes, uint8 classes) external \
                    view returns (uint64, bool ok);\n}";
        let item = Item::parse(&functions(text)[0]).unwrap();
        assert_eq!(item.signature(), "function f(uint32[],uint8)");
        let json = "{\"type\":\"function\",\"name\":\"f\",\"inputs\":[{\"name\":\"scopes\",\"type\":\"uint32[]\"},\
                    {\"name\":\"classes\",\"type\":\"uint8\"}],\"outputs\":[{\"name\":\"\",\"type\":\"uint64\"},\
                    {\"name\":\"ok\",\"type\":\"bool\"}],\"stateMutability\":\"view\"}";
        assert_eq!(item.json(), json);
    }

    #[test]
    fn only_events_and_errors_of_a_source_count() {
        let text = "sol! {\n    /// Why; when.\n    event E(uint32 indexed a, bytes32 b);\n    error Z();\n    function f();\n}\nerror no";
        let all = events_and_errors(text);
        assert_eq!(all, ["event E(uint32 indexed a, bytes32 b)", "error Z()"]);
        assert!(Item::parse(&all[0]).unwrap().json().contains("\"type\":\"uint32\",\"indexed\":true"));
        assert!(Item::parse(&all[1]).unwrap().json().ends_with("\"inputs\":[]}"));
    }

    #[test]
    fn a_fallback_names_the_next_program() {
        let text = "#[fallback]\nfn f() { program::delegate(self.vm(), program::POOL, input) }";
        assert_eq!(next(text).as_deref(), Some("perp-pool"));
        assert_eq!(next("program::delegate(self.vm(), program::POOL, input)"), None);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(Item::parse("error Bad(uint8 a b c)").is_none());
        assert!(Item::parse("event").is_none());
    }
}
