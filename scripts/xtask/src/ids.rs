//! Holds invariants and tests together: every ID in a table of a README or an audit has a test whose name starts with
//! it, and every such test has its row.

use crate::process::say;
use crate::Outcome;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders in which nothing is ours, or nothing is written by hand.
const FOREIGN: [&str; 3] = ["target", "vectors", "node_modules"];

/// Where an ID was seen.
type Seen = BTreeMap<String, BTreeSet<String>>;

/// Compares the tables with the tests.
pub fn check(root: &Path) -> Outcome {
    let (mut rows, mut tests) = (Seen::new(), Seen::new());
    for folder in ["crates", "contracts", "tests", "audits", "fuzz"] {
        let mut files = Vec::new();
        collect(&root.join(folder), &mut files);
        for file in files {
            let Ok(text) = fs::read_to_string(&file) else {
                continue;
            };
            let place = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            match file.extension().and_then(|extension| extension.to_str()) {
                Some("md") => record(&mut rows, ids_in_tables(&text), &place),
                _ => record(&mut tests, ids_of_tests(&text), &place),
            }
        }
    }
    compare(&rows, &tests)
}

fn compare(rows: &Seen, tests: &Seen) -> Outcome {
    let mut wrong = Vec::new();
    for (id, places) in rows.iter().filter(|(id, _)| !tests.contains_key(*id)) {
        wrong.push(format!("{id} is listed in {} and no test is named {}_...", join(places), prefix(id)));
    }
    for (id, places) in tests.iter().filter(|(id, _)| !rows.contains_key(*id)) {
        wrong.push(format!("{id} is tested in {} and no table has a row for it", join(places)));
    }
    if rows.is_empty() {
        wrong.push("no table lists an invariant".to_owned());
    }
    if wrong.is_empty() {
        say(&format!("{} invariants, each with its test", rows.len()));
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

fn join(places: &BTreeSet<String>) -> String {
    places.iter().cloned().collect::<Vec<_>>().join(", ")
}

fn record(seen: &mut Seen, ids: Vec<String>, place: &str) {
    for id in ids {
        seen.entry(id).or_default().insert(place.to_owned());
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if path.is_dir() && !hidden && !FOREIGN.iter().any(|name| path.ends_with(name)) {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "md") {
            files.push(path);
        }
    }
}

/// The IDs in the first column of tables, such as `| PG-1 | ...`.
fn ids_in_tables(text: &str) -> Vec<String> {
    let cells = text.lines().filter_map(|line| line.trim().strip_prefix('|')?.split('|').next());
    cells.map(|cell| cell.trim().trim_matches(['*', '`'])).filter(|cell| is_id(cell)).map(str::to_owned).collect()
}

fn is_id(word: &str) -> bool {
    let Some((letters, number)) = word.split_once('-') else {
        return false;
    };
    let capital = |letter: char| letter.is_ascii_uppercase();
    let digit = |letter: char| letter.is_ascii_digit();
    letters.len() == 2 && letters.chars().all(capital) && !number.is_empty() && number.chars().all(digit)
}

/// `PG-1` as the start of a function name.
fn prefix(id: &str) -> String {
    id.to_lowercase().replace('-', "_")
}

/// The IDs that the names of tests start with; a test that is ignored shows nothing and does not count.
fn ids_of_tests(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if line.starts_with("#[ignore") {
            is_test = false;
        } else if let Some(name) = ["fn ", "pub fn ", "async fn "].iter().find_map(|start| line.strip_prefix(start)) {
            if is_test {
                ids.extend(id_of(name));
            }
            is_test = false;
        } else if !line.is_empty() && !line.starts_with("#[") && !line.starts_with("//") {
            is_test = false;
        }
    }
    ids
}

fn id_of(name: &str) -> Option<String> {
    let mut parts = name.splitn(3, '_');
    let id = format!("{}-{}", parts.next()?.to_uppercase(), parts.next()?);
    parts.next()?;
    (is_id(&id) && name.starts_with(|letter: char| letter.is_ascii_lowercase())).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_from_the_first_column() {
        let text = "| ID | text |\n|---|---|\n| PG-1 | see OB-2 |\n| **PG-12** | x |\n| pg-3 | x |\nPG-4 | x |\n";
        assert_eq!(ids_in_tables(text), ["PG-1", "PG-12"]);
    }

    #[test]
    fn only_tests_count() {
        let text = "#[test]\nfn pg_1_pauses_end() {}\nfn pg_2_helper() {}\n#[test]\n// why\nfn ob_31_x() {}\n\
                    #[tokio::test(flavor = \"multi_thread\")]\nasync fn cl_1_x() {}\n\
                    #[test]\n#[ignore]\nfn ob_32_x() {}\n#[test]\nfn u8_1_x() {}\n#[test]\nfn pg_x_1() {}\n";
        assert_eq!(ids_of_tests(text), ["PG-1", "OB-31", "CL-1"]);
    }

    #[test]
    fn what_is_missing_on_either_side_is_named() {
        let seen = |ids: &[&str]| {
            let mut seen = Seen::new();
            record(&mut seen, ids.iter().map(|id| (*id).to_owned()).collect(), "a file");
            seen
        };
        assert_eq!(compare(&seen(&["PG-1"]), &seen(&["PG-1"])), Ok(()));
        let message = compare(&seen(&["PG-1", "PG-2"]), &seen(&["PG-1", "OB-1"])).unwrap_err();
        assert!(message.contains("PG-2 is listed in a file and no test is named pg_2_"), "{message}");
        assert!(message.contains("OB-1 is tested in a file"), "{message}");
        assert!(compare(&Seen::new(), &Seen::new()).is_err());
    }
}
