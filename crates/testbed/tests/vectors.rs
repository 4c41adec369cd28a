//! The project's copy of the vectors, and folders that are not vectors.

use std::fs;
use std::path::{Path, PathBuf};

use fusebox_testbed::vectors::{run, run_to, VectorError};

fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("fusebox-vectors-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn tb_1_every_vector_passes_exactly() {
    let mut printed = Vec::new();
    let report = run_to(&own(), &mut printed).unwrap();
    let printed = String::from_utf8(printed).unwrap();
    assert_eq!(report.failed(), 0, "{printed}");
    assert!(report.passed >= 228, "{printed}");
    assert!(printed.ends_with(&format!("{} passed, 0 failed\n", report.passed)));
}

#[test]
fn a_wrong_expectation_is_a_failure_that_says_what_came() {
    let folder = scratch("wrong");
    fs::create_dir_all(folder.join("wasm")).unwrap();
    let wasm = "act-minimal.wasm";
    fs::copy(own().join("wasm").join(wasm), folder.join("wasm").join(wasm)).unwrap();
    fs::write(folder.join("calls.json"), "[]").unwrap();
    let text = fs::read_to_string(own().join("activation.json")).unwrap();
    let line = text.lines().find(|line| line.contains(wasm)).map(|line| line.trim_end_matches(',')).unwrap();
    let wrong = line.replace("\"init_cost\":", "\"init_cost\":1");
    assert_ne!(line, wrong);
    fs::write(folder.join("activation.json"), format!("[{wrong}]")).unwrap();
    let report = run(&folder, |progress| assert!(progress.failure.is_some())).unwrap();
    assert_eq!((report.passed, report.failed()), (0, 1));
    assert!(report.failures[0].differences[0].contains("expected"));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_missing_folder_names_the_file_that_is_not_there() {
    match run(Path::new("/nowhere/at/all"), |_| {}) {
        Err(VectorError::Unreadable { path, .. }) => assert!(path.ends_with("calls.json")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_module_is_named() {
    let folder = scratch("module");
    fs::copy(own().join("calls.json"), folder.join("calls.json")).unwrap();
    fs::write(folder.join("activation.json"), "[]").unwrap();
    match run(&folder, |_| {}) {
        Err(VectorError::Unreadable { path, .. }) => {
            assert_eq!(path.extension().unwrap(), "wasm");
        }
        other => panic!("{other:?}"),
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn malformed_and_empty_files_are_told_apart() {
    let folder = scratch("malformed");
    fs::write(folder.join("calls.json"), "[{\"name\": 1}]").unwrap();
    fs::write(folder.join("activation.json"), "[]").unwrap();
    assert!(matches!(run(&folder, |_| {}), Err(VectorError::Malformed { .. })));
    fs::write(folder.join("calls.json"), "[]").unwrap();
    assert!(matches!(run(&folder, |_| {}), Err(VectorError::Empty { .. })));
    fs::remove_dir_all(folder).unwrap();
}
