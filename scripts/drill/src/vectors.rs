//! The testbed against what a real engine answered.

use fusebox_testbed::vectors::run_to;
use std::path::PathBuf;

/// The project's own copy.
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/testbed/vectors");

/// Runs a folder of vectors, names what differs and closes with the two counts.
pub fn run(words: &[String]) -> i32 {
    let folder = match words {
        [] => PathBuf::from(OWN),
        [folder] if !folder.starts_with('-') => PathBuf::from(folder),
        _ => {
            eprintln!("usage: fusebox-drill vectors [FOLDER]");
            return 2;
        }
    };
    match run_to(&folder, &mut std::io::stdout().lock()) {
        Ok(report) => i32::from(report.failed() > 0),
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            1
        }
    }
}
