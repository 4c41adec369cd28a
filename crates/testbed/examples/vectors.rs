//! Runs a folder of vectors: `cargo run -p fusebox-testbed --example vectors [FOLDER]`.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or(own.into()));
    match fusebox_testbed::vectors::run_to(&folder, &mut std::io::stdout()) {
        Ok(report) if report.failed() == 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
