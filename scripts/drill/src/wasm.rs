//! The contracts as they are deployed: brought into form, checked, measured, written.

use fusebox_testbed::activation::{activate, check_code_size, deployable, deployed_code, Activated, Rules};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Pages that a transaction has for nothing: more than this would make every call pay for memory.
const MAX_PAGES: u16 = 2;

/// What was asked for: `[--json] --out DIR NAME=FILE...`.
struct Request {
    json: bool,
    out: PathBuf,
    linked: Vec<(String, PathBuf)>,
}

/// One contract, as the table and the JSON show it.
#[derive(Serialize)]
struct Row {
    name: String,
    raw_bytes: usize,
    deployed_bytes: usize,
    pages: u16,
    functions: u32,
    data_bytes: u32,
    init_gas: u64,
    cached_init_gas: u64,
    activation_gas: u64,
    data_fee_wei: u128,
}

/// Checks every contract, writes those that pass, and prints the table if all did.
pub fn run(words: &[String]) -> i32 {
    let Some(request) = parse(words) else {
        eprintln!("usage: fusebox-drill wasm [--json] --out DIR NAME=FILE...");
        return 2;
    };
    let mut rows = Vec::new();
    let mut broken = 0;
    for (name, linked) in &request.linked {
        match deploy(name, linked, &request.out) {
            Ok(row) => rows.push(row),
            Err(message) => {
                eprintln!("{name}: {message}; {} is left as it was", target(&request.out, name).display());
                broken += 1;
            }
        }
    }
    if broken > 0 {
        return 1;
    }
    if request.json {
        println!("{}", serde_json::to_string_pretty(&rows).expect("a row is numbers and a name"));
    } else {
        print!("{}", table(&rows));
    }
    0
}

fn parse(words: &[String]) -> Option<Request> {
    let mut request = Request { json: false, out: PathBuf::new(), linked: Vec::new() };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => request.json = true,
            "--out" => request.out = words.next()?.into(),
            _ => {
                let (name, file) = word.split_once('=')?;
                request.linked.push((name.to_owned(), file.into()));
            }
        }
    }
    (!request.out.as_os_str().is_empty() && !request.linked.is_empty()).then_some(request)
}

fn target(out: &Path, name: &str) -> PathBuf {
    out.join(format!("{name}.wasm"))
}

fn deploy(name: &str, linked: &Path, out: &Path) -> Result<Row, String> {
    let linked = fs::read(linked).map_err(|error| format!("{}: {error}", linked.display()))?;
    let wasm = deployable(&linked).map_err(|refusal| refusal.to_string())?;
    let code = deployed_code(&wasm);
    let activated = check(&wasm, &code)?;
    write(out, name, &wasm)?;
    Ok(row(name, &wasm, &code, &activated))
}

/// Every rule of a chain, under both Stylus versions that are in use, and our own bound on memory.
fn check(wasm: &[u8], code: &[u8]) -> Result<Activated, String> {
    let rules = Rules::default();
    let next = Rules { stylus_version: 3, ..rules };
    activate(wasm, &next).map_err(|refusal| format!("activation refuses it: {refusal}"))?;
    let activated = activate(wasm, &rules).map_err(|refusal| format!("activation refuses it: {refusal}"))?;
    check_code_size(wasm, code, &rules).map_err(|refusal| format!("it is too large: {refusal}"))?;
    if activated.footprint_pages > MAX_PAGES {
        let pages = activated.footprint_pages;
        return Err(format!(
            "it starts with {pages} pages of memory, limit {MAX_PAGES}: each further one costs 1000 gas a call"
        ));
    }
    Ok(activated)
}

/// Writes beside, then renames: nobody ever sees half a module.
fn write(out: &Path, name: &str, wasm: &[u8]) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", target(out, name).display());
    fs::create_dir_all(out).map_err(failed)?;
    let beside = out.join(format!(".{name}.wasm.{}", std::process::id()));
    let written = fs::write(&beside, wasm).and_then(|()| fs::rename(&beside, target(out, name)));
    written.map_err(|error| {
        // Best effort: the message about the first failure is what matters.
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}

fn row(name: &str, wasm: &[u8], code: &[u8], activated: &Activated) -> Row {
    Row {
        name: name.to_owned(),
        raw_bytes: wasm.len(),
        deployed_bytes: code.len(),
        pages: activated.footprint_pages,
        functions: activated.functions,
        data_bytes: activated.data_bytes,
        init_gas: activated.call_overhead_gas_uncached(),
        cached_init_gas: activated.call_overhead_gas_cached(),
        activation_gas: activated.activation_total_gas(),
        data_fee_wei: activated.data_fee_wei(),
    }
}

fn table(rows: &[Row]) -> String {
    let head = [
        "contract",
        "raw bytes",
        "deployed bytes",
        "pages",
        "functions",
        "data bytes",
        "init gas",
        "cached",
        "activation gas",
        "data fee ETH",
    ];
    let mut lines = vec![head.map(str::to_owned)];
    for row in rows {
        lines.push([
            row.name.clone(),
            grouped(row.raw_bytes as u128),
            format!("{} ({:.0} %)", grouped(row.deployed_bytes as u128), row.deployed_bytes as f64 / 245.76),
            row.pages.to_string(),
            row.functions.to_string(),
            grouped(row.data_bytes.into()),
            grouped(row.init_gas.into()),
            grouped(row.cached_init_gas.into()),
            grouped(row.activation_gas.into()),
            format!("{:.6}", row.data_fee_wei as f64 / 1e18),
        ]);
    }
    aligned(&lines) + "\nEvery rule of activation holds; the limits are 24,576 deployed bytes and 2 pages.\n"
}

/// Columns as wide as their widest cell, the first to the left, the others to the right.
pub(crate) fn aligned<const N: usize>(lines: &[[String; N]]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
    let mut text = String::new();
    for line in lines {
        text += &format!("{:<1$}", line[0], width(0));
        for (column, cell) in line.iter().enumerate().skip(1) {
            text += &format!("  {cell:>0$}", width(column));
        }
        text += "\n";
    }
    text
}

/// Digits in groups of three.
pub(crate) fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/testbed/vectors/wasm");

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("fusebox-drill-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder); // what an earlier run left, if any
        folder
    }

    #[test]
    fn the_json_has_exactly_the_fields_that_are_promised() {
        let out = folder("json");
        let row = deploy("probe", &Path::new(VECTORS).join("probe-raw.wasm"), &out).unwrap();
        let value = serde_json::to_value(&row).unwrap();
        let mut fields: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        let mut promised = words("name raw_bytes deployed_bytes pages functions data_bytes init_gas cached_init_gas activation_gas data_fee_wei");
        promised.sort();
        assert_eq!(fields, promised);
        let written = fs::read(out.join("probe.wasm")).unwrap();
        assert_eq!(written.len(), row.raw_bytes);
        assert!(row.init_gas > row.cached_init_gas);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 1, "nothing is left beside it");
        fs::remove_dir_all(&out).unwrap();
    }

    #[test]
    fn what_breaks_a_rule_is_named_and_not_written() {
        let out = folder("broken");
        for (file, expected) in [
            ("act-no-entrypoint.wasm", "user_entrypoint"),
            ("act-pages-128.wasm", "128 pages of memory, limit 2"),
            ("act-table-4097.wasm", "4097 table entries, limit 4096"),
            ("act-float-op.wasm", "F64Mul"),
        ] {
            let message = deploy("x", &Path::new(VECTORS).join(file), &out).map(|row| row.name).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
        assert!(!out.exists());
        assert_eq!(run(&words("--out /tmp/nowhere x=/tmp/not-there.wasm")), 1);
    }

    #[test]
    fn words_that_do_not_fit_are_a_usage_error() {
        for line in ["", "--json", "--out", "--out d", "x=y", "--out d x"] {
            assert_eq!(run(&words(line)), 2, "{line}");
        }
    }

    #[test]
    fn columns_line_up() {
        let lines = [["a".to_owned(), "1".into()], ["bcd".into(), "1,000".into()]];
        assert_eq!(aligned(&lines), "a        1\nbcd  1,000\n");
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(123), "123");
    }
}
