//! What was typed, as a command.

use crate::{e2e, gate, help};

/// A command with its options.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Help(Option<String>),
    Demo(Vec<String>),
    Gas(Vec<String>),
    Wasm { json: bool, names: Vec<String> },
    Vectors { folder: Option<String> },
    E2e(e2e::Options),
    Test { steps: Vec<String> },
    Bless,
}

/// Reads a command line; an error is a message that lists what would have been valid.
pub fn parse(words: &[String]) -> Result<Command, String> {
    let Some((command, rest)) = words.split_first() else {
        return Ok(Command::Help(None));
    };
    if matches!(command.as_str(), "help" | "--help" | "-h") {
        return parse_help(rest);
    }
    if !help::COMMANDS.contains(&command.as_str()) {
        return Err(format!("unknown command {command:?}; the commands are: {}", help::COMMANDS.join(", ")));
    }
    if rest.iter().any(|word| word == "--help" || word == "-h") {
        return Ok(Command::Help(Some(command.clone())));
    }
    match command.as_str() {
        "demo" => Ok(Command::Demo(located(command, rest)?)),
        "gas" => Ok(Command::Gas(split(command, rest, &["--json"]).and_then(|(flags, names)| {
            no_words(command, &names)?;
            Ok(flags)
        })?)),
        "wasm" => {
            let (flags, names) = split(command, rest, &["--json"])?;
            Ok(Command::Wasm { json: !flags.is_empty(), names })
        }
        "vectors" => {
            let (_, folders) = split(command, rest, &[])?;
            match <[String; 1]>::try_from(folders) {
                Ok([folder]) => Ok(Command::Vectors { folder: Some(folder) }),
                Err(none) if none.is_empty() => Ok(Command::Vectors { folder: None }),
                Err(many) => Err(format!("vectors takes one folder, got {}", many.len())),
            }
        }
        "e2e" => parse_e2e(command, rest),
        "test" => parse_test(command, rest),
        _ => {
            no_words(command, rest)?;
            Ok(Command::Bless)
        }
    }
}

/// Options that are followed by files or folders.
const PATHS: &[&str] = &["--flows", "--out", "--prices"];
/// Options of the demo.
const DEMO: &[&str] = &["--incident", "--flows", "--out", "--prices"];

/// The demo's words with every path made absolute, since it runs elsewhere; an option that is not listed is an error
/// here, before anything is built.
fn located(command: &str, words: &[String]) -> Result<Vec<String>, String> {
    let mut option: Option<&str> = None;
    let mut located = Vec::new();
    for word in words {
        if word.starts_with('-') {
            split(command, std::slice::from_ref(word), DEMO)?;
            option = Some(word);
            located.push(word.clone());
        } else if option.is_some_and(|option| PATHS.contains(&option)) {
            let path = std::path::absolute(word).map_err(|error| format!("{word}: {error}"))?;
            located.push(path.display().to_string());
        } else {
            located.push(word.clone());
        }
    }
    Ok(located)
}

fn parse_help(rest: &[String]) -> Result<Command, String> {
    match rest {
        [] => Ok(Command::Help(None)),
        [topic] if help::COMMANDS.contains(&topic.as_str()) => Ok(Command::Help(Some(topic.clone()))),
        _ => Err(format!("help takes one of: {}", help::COMMANDS.join(", "))),
    }
}

fn parse_test(command: &str, rest: &[String]) -> Result<Command, String> {
    let (flags, steps) = split(command, rest, &["--bless"])?;
    if !flags.is_empty() {
        no_words("test --bless", &steps)?;
        return Ok(Command::Bless);
    }
    let known = || gate::NAMES.iter().chain(gate::ON_REQUEST).copied();
    match steps.iter().find(|step| !known().any(|name| name == step.as_str())) {
        Some(step) => Err(format!("unknown step {step:?}; the steps are: {}", known().collect::<Vec<_>>().join(", "))),
        None => Ok(Command::Test { steps }),
    }
}

fn parse_e2e(command: &str, rest: &[String]) -> Result<Command, String> {
    let (flags, parts) = split(command, rest, &["--quick"])?;
    match parts.iter().find(|part| !e2e::PARTS.contains(&part.as_str())) {
        Some(part) => Err(format!("unknown part {part:?}; the parts are: {}", e2e::PARTS.join(", "))),
        None => Ok(Command::E2e(e2e::Options { quick: !flags.is_empty(), parts })),
    }
}

fn no_words(command: &str, words: &[String]) -> Result<(), String> {
    match words.first() {
        Some(word) => Err(format!("{command} takes nothing, got {word:?}")),
        None => Ok(()),
    }
}

/// Flags and plain words; a flag that is not listed is an error.
fn split(command: &str, words: &[String], known: &[&str]) -> Result<(Vec<String>, Vec<String>), String> {
    let (flags, plain): (Vec<String>, Vec<String>) = words.iter().cloned().partition(|word| word.starts_with('-'));
    match flags.iter().find(|flag| !known.contains(&flag.as_str())) {
        Some(flag) => {
            let options: Vec<&str> = known.iter().copied().chain(["--help"]).collect();
            Err(format!("unknown option {flag:?} of {command}; the options are: {}", options.join(", ")))
        }
        None => Ok((flags, plain)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Command, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn nothing_typed_is_help() {
        assert_eq!(typed(""), Ok(Command::Help(None)));
        assert_eq!(typed("help wasm"), Ok(Command::Help(Some("wasm".into()))));
        assert_eq!(typed("demo --out x --help"), Ok(Command::Help(Some("demo".into()))));
    }

    #[test]
    fn options_and_names_may_come_in_any_order() {
        let expected = Command::Wasm { json: true, names: vec!["perp".into(), "gauge".into()] };
        assert_eq!(typed("wasm perp --json gauge"), Ok(expected));
        assert_eq!(typed("wasm"), Ok(Command::Wasm { json: false, names: vec![] }));
    }

    #[test]
    fn the_demo_gets_paths_from_where_they_were_typed() {
        let here = std::env::current_dir().unwrap();
        let at = |name: &str| here.join(name).display().to_string();
        let words = vec!["--prices".into(), at("a.csv"), "/b.csv".into(), "--out".into(), at("dir")];
        assert_eq!(typed("demo --prices a.csv /b.csv --out dir"), Ok(Command::Demo(words)));
        let words = vec!["--incident".into(), "eth-2023".into()];
        assert_eq!(typed("demo --incident eth-2023"), Ok(Command::Demo(words)));
        let words = vec!["--flows".into(), at("f.csv")];
        assert_eq!(typed("demo --flows f.csv"), Ok(Command::Demo(words)));
        assert!(typed("demo --incidnt eth-2023").unwrap_err().contains("--incident, --flows, --out, --prices, --help"));
        assert_eq!(typed("gas --json"), Ok(Command::Gas(vec!["--json".into()])));
        assert!(typed("gas all").is_err());
    }

    #[test]
    fn an_error_lists_what_is_valid() {
        assert!(typed("wams").unwrap_err().contains("demo, test, e2e, wasm, vectors, gas, bless, help"));
        assert!(typed("wasm --jsn").unwrap_err().contains("--json, --help"));
        assert!(typed("test spell").unwrap_err().contains("format, lints, purity"));
        assert!(typed("vectors a b").unwrap_err().contains("got 2"));
        assert!(typed("bless all").unwrap_err().contains("all"));
    }

    #[test]
    fn the_suite_takes_parts_and_a_shorter_way() {
        let expected = e2e::Options { quick: true, parts: vec!["safe".into()] };
        assert_eq!(typed("e2e safe --quick"), Ok(Command::E2e(expected)));
        assert!(typed("e2e saef").unwrap_err().contains("refused, cast, viem, alloy, safe, runbook"));
        assert!(typed("e2e --fast").unwrap_err().contains("--quick, --help"));
    }

    #[test]
    fn bless_has_two_spellings() {
        assert_eq!(typed("test --bless"), Ok(Command::Bless));
        assert_eq!(typed("bless"), Ok(Command::Bless));
        assert!(typed("test --bless docs").is_err());
    }
}
