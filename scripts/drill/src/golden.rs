//! Golden figures: kept for each toolchain, since compilers differ, with ceilings that hold for all of them.
//!
//! A file is `{"ceilings": {ROW: {FIELD: number}}, "toolchains": {NAME: {ROW: {FIELD: number}}}}`. A row is a
//! contract, or a check and its state. Figures of a toolchain that is in the file have to be the same; those of any
//! other only have to stay under the ceilings.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

type Rows = BTreeMap<String, BTreeMap<String, u64>>;

/// Fields that are compared with nothing: they say what a row is, or quote others.
const WORDS: [&str; 5] = ["name", "id", "state", "peer", "peer_gas"];
/// Fields with a ceiling: what a chain bounds, and what users pay.
const BOUNDED: [(&str, Option<u64>); 4] =
    [("deployed_bytes", Some(24_576)), ("pages", Some(2)), ("cached_init_gas", None), ("gas", None)];

struct Request {
    bless: bool,
    toolchain: String,
    golden: PathBuf,
    actual: PathBuf,
}

/// Compares the figures of a file with those that are committed, or commits to them.
pub fn run(words: &[String]) -> i32 {
    let Some(request) = parse(words) else {
        eprintln!("usage: fusebox-drill golden [--bless] --toolchain NAME GOLDEN ACTUAL");
        return 2;
    };
    match handle(&request) {
        Ok(note) => {
            eprintln!("{note}");
            0
        }
        Err(message) => {
            eprintln!("{message}");
            1
        }
    }
}

fn parse(words: &[String]) -> Option<Request> {
    let (mut bless, mut toolchain, mut files) = (false, None, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--bless" => bless = true,
            "--toolchain" => toolchain = Some(words.next()?.clone()),
            _ => files.push(PathBuf::from(word)),
        }
    }
    let [golden, actual] = files.try_into().ok()?;
    Some(Request { bless, toolchain: toolchain?, golden, actual })
}

fn handle(request: &Request) -> Result<String, String> {
    let actual = rows(&read(&request.actual)?)?;
    let golden = match request.golden.exists() {
        true => read(&request.golden)?,
        false if request.bless => Value::Object(Map::new()),
        false => return Err(format!("{} is not there; cargo xtask bless writes it", request.golden.display())),
    };
    if !request.bless {
        return compare(&golden, &actual, &request.toolchain);
    }
    let blessed = blessed(golden, &actual, &request.toolchain)?;
    let text = serde_json::to_string_pretty(&blessed).map_err(|error| error.to_string())?;
    let failed = |error: std::io::Error| format!("{}: {error}", request.golden.display());
    fs::create_dir_all(request.golden.parent().unwrap_or(Path::new("."))).map_err(failed)?;
    fs::write(&request.golden, text + "\n").map_err(failed)?;
    Ok(format!("{} is rewritten", request.golden.display()))
}

fn read(file: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}

/// The figures of an array of rows, by the row's name.
fn rows(actual: &Value) -> Result<Rows, String> {
    let mut rows = Rows::new();
    for row in actual.as_array().ok_or("the figures are no array")? {
        let word = |field: &str| row[field].as_str();
        let name = match (word("name"), word("id"), word("state")) {
            (Some(name), _, _) => name.to_owned(),
            (None, Some(id), Some(state)) => format!("{id} {state}"),
            _ => return Err(format!("a row has neither a name nor an id and a state: {row}")),
        };
        let fields = row.as_object().into_iter().flatten();
        let figures = fields.filter(|(field, _)| !WORDS.contains(&field.as_str()));
        let figures = figures.filter_map(|(field, value)| Some((field.clone(), value.as_u64()?))).collect();
        rows.insert(name, figures);
    }
    Ok(rows)
}

fn compare(golden: &Value, actual: &Rows, toolchain: &str) -> Result<String, String> {
    let mut wrong = Vec::new();
    let mut bounded = 0;
    for (name, figures) in actual {
        for (field, value) in figures.iter().filter(|(field, _)| BOUNDED.iter().any(|(bound, _)| bound == field)) {
            match golden["ceilings"][name][field].as_u64() {
                Some(ceiling) if *value <= ceiling => bounded += 1,
                Some(ceiling) => wrong.push(format!("{name}: {field} is {value}, ceiling {ceiling}")),
                None => wrong.push(format!("{name}: {field} has no ceiling")),
            }
        }
    }
    let known = &golden["toolchains"][toolchain];
    if known.is_object() {
        let golden: Rows = serde_json::from_value(known.clone()).map_err(|error| format!("{toolchain}: {error}"))?;
        let names = golden.keys().chain(actual.keys().filter(|name| !golden.contains_key(*name)));
        wrong.extend(names.filter_map(|name| difference(name, golden.get(name), actual.get(name))));
    }
    if !wrong.is_empty() {
        wrong.push("if this is meant: cargo xtask bless".to_owned());
        return Err(wrong.join("\n"));
    }
    let exact = if known.is_object() { "as committed" } else { "not compared: there is no golden for this toolchain" };
    Ok(format!("{} rows {exact}; {bounded} ceilings hold", actual.len()))
}

fn difference(
    name: &str,
    golden: Option<&BTreeMap<String, u64>>,
    actual: Option<&BTreeMap<String, u64>>,
) -> Option<String> {
    let (golden, actual) = match (golden, actual) {
        (Some(golden), Some(actual)) => (golden, actual),
        (Some(_), None) => return Some(format!("{name} is gone")),
        _ => return Some(format!("{name} is new")),
    };
    let fields = golden.keys().chain(actual.keys().filter(|field| !golden.contains_key(*field)));
    let shown = |value: Option<&u64>| value.map_or("nothing".to_owned(), u64::to_string);
    let changed = fields.filter(|field| golden.get(*field) != actual.get(*field));
    let changes: Vec<String> =
        changed.map(|field| format!("{field} {} -> {}", shown(golden.get(field)), shown(actual.get(field)))).collect();
    (!changes.is_empty()).then(|| format!("{name}: {}", changes.join(", ")))
}

/// The file with the figures of this toolchain; a ceiling that is there stays, whatever the figures are.
fn blessed(golden: Value, actual: &Rows, toolchain: &str) -> Result<Value, String> {
    let mut ceilings: Rows = part(&golden, "ceilings")?;
    ceilings.retain(|name, _| actual.contains_key(name));
    for (name, figures) in actual {
        let row = ceilings.entry(name.clone()).or_default();
        for (field, fixed) in BOUNDED {
            if let Some(value) = figures.get(field) {
                // Room for another compiler: a twentieth above what is measured, and never less than one.
                row.entry(field.to_owned()).or_insert_with(|| fixed.unwrap_or(value + (value / 20).max(1)));
            }
        }
    }
    let mut toolchains: BTreeMap<String, Rows> = part(&golden, "toolchains")?;
    toolchains.insert(toolchain.to_owned(), actual.clone());
    Ok(serde_json::json!({ "ceilings": ceilings, "toolchains": toolchains }))
}

fn part<T: Default + serde::de::DeserializeOwned>(golden: &Value, name: &str) -> Result<T, String> {
    match golden.get(name) {
        Some(value) => serde_json::from_value(value.clone()).map_err(|error| format!("{name}: {error}")),
        None => Ok(T::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sizes(bytes: u64) -> Rows {
        rows(&json!([{ "name": "perp", "deployed_bytes": bytes, "pages": 1, "data_fee_wei": 7 }])).unwrap()
    }

    #[test]
    fn what_was_blessed_passes_and_a_change_is_named() {
        let golden = blessed(json!({}), &sizes(20_000), "rustc 1").unwrap();
        assert!(compare(&golden, &sizes(20_000), "rustc 1").unwrap().contains("as committed"));
        let message = compare(&golden, &sizes(20_001), "rustc 1").unwrap_err();
        assert!(message.starts_with("perp: deployed_bytes 20000 -> 20001"), "{message}");
    }

    #[test]
    fn another_toolchain_is_held_to_the_ceilings_only() {
        let golden = blessed(json!({}), &sizes(20_000), "rustc 1").unwrap();
        assert!(compare(&golden, &sizes(24_576), "rustc 2").unwrap().contains("no golden"));
        let message = compare(&golden, &sizes(24_577), "rustc 2").unwrap_err();
        assert!(message.contains("deployed_bytes is 24577, ceiling 24576"), "{message}");
    }

    #[test]
    fn rows_that_come_and_go_are_named() {
        let golden = blessed(json!({}), &sizes(20_000), "rustc 1").unwrap();
        let gas =
            rows(&json!([{ "id": "check", "state": "first", "gas": 2172, "floor": 2100, "peer": "x", "peer_gas": 3 }]));
        let message = compare(&golden, &gas.unwrap(), "rustc 1").unwrap_err();
        assert!(message.contains("perp is gone") && message.contains("check first is new"), "{message}");
        assert!(message.contains("check first: gas has no ceiling"), "{message}");
    }

    #[test]
    fn a_ceiling_that_is_there_stays() {
        let mut golden = blessed(json!({}), &sizes(20_000), "rustc 1").unwrap();
        golden["ceilings"]["perp"]["deployed_bytes"] = json!(20_500);
        let again = blessed(golden, &sizes(21_000), "rustc 2").unwrap();
        assert_eq!(again["ceilings"]["perp"]["deployed_bytes"], 20_500);
        assert!(compare(&again, &sizes(21_000), "rustc 2").is_err());
        assert!(again["toolchains"]["rustc 1"].is_object(), "the other toolchain is kept");
    }

    #[test]
    fn gas_gets_a_ceiling_with_some_room() {
        let gas = rows(&json!([{ "id": "check", "state": "steady", "gas": 2172 }])).unwrap();
        let golden = blessed(json!({}), &gas, "rustc 1").unwrap();
        assert_eq!(golden["ceilings"]["check steady"]["gas"], 2172 + 108);
    }
}
