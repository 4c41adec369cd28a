//! Running a folder of vectors: what a real engine answered, call by call, against what this one answers.
//!
//! The form is described in the `README.md` that lies beside the vectors. Everything is compared exactly, but for what
//! that file declares incomparable (the order of writes within a flush, error messages, the engine's own hashes) and
//! the length of compressed code, where encoders differ: within 1 %.

mod activations;
mod calls;
mod format;

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use format::{ActivationVector, CallVector};

/// Why a folder cannot be run.
#[derive(Debug)]
pub enum VectorError {
    /// A file that the form asks for is not there or cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not have the form.
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why, with line and column.
        source: serde_json::Error,
    },
    /// The folder holds no vector at all.
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// The report could not be written.
    Output(io::Error),
}

impl fmt::Display for VectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, source } => {
                write!(f, "cannot read {}: {source}", path.display())
            }
            Self::Malformed { path, source } => {
                write!(f, "{} is not as vectors are: {source}", path.display())
            }
            Self::Empty { path } => write!(f, "{} holds no vector", path.display()),
            Self::Output(error) => write!(f, "cannot write the report: {error}"),
        }
    }
}

impl std::error::Error for VectorError {}

/// A vector that did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its name.
    pub name: String,
    /// What was expected and what came, one line each.
    pub differences: Vec<String>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Vectors done.
    pub done: usize,
    /// Vectors in all.
    pub total: usize,
    /// The vector that was just run.
    pub name: &'a str,
    /// What was wrong with it.
    pub failure: Option<&'a Failure>,
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Vectors that passed.
    pub passed: usize,
    /// Those that did not.
    pub failures: Vec<Failure>,
}

impl Report {
    /// Vectors that did not pass.
    pub fn failed(&self) -> usize {
        self.failures.len()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed())
    }
}

/// Runs all vectors of a folder.
///
/// Errors: a file that is missing, unreadable or of another form, and a folder without vectors.
pub fn run(folder: &Path, mut progress: impl FnMut(Progress<'_>)) -> Result<Report, VectorError> {
    let calls: Vec<CallVector> = format::load(&folder.join("calls.json"))?;
    let activations: Vec<ActivationVector> = format::load(&folder.join("activation.json"))?;
    let total = calls.len() + activations.len();
    if total == 0 {
        return Err(VectorError::Empty { path: folder.to_path_buf() });
    }
    let wasm = format::load_modules(folder, &calls, &activations)?;
    let mut report = Report::default();
    let mut note = |name: &str, differences: Vec<String>| {
        let failure = (!differences.is_empty()).then(|| Failure { name: name.to_string(), differences });
        progress(Progress { done: report.passed + report.failures.len() + 1, total, name, failure: failure.as_ref() });
        match failure {
            Some(failure) => report.failures.push(failure),
            None => report.passed += 1,
        }
    };
    for vector in &calls {
        note(&vector.name, calls::check(vector, &wasm));
    }
    for vector in &activations {
        note(&vector.name, activations::check(vector, &wasm));
    }
    Ok(report)
}

/// Runs all vectors of a folder, writes a line for each difference and closes with `N passed, N failed`.
///
/// Errors: as [`run`], and a place that cannot be written to.
pub fn run_to(folder: &Path, out: &mut impl Write) -> Result<Report, VectorError> {
    let mut written = Ok(());
    let report = run(folder, |progress| {
        for difference in progress.failure.iter().flat_map(|failure| &failure.differences) {
            if written.is_ok() {
                written = writeln!(out, "{}: {difference}", progress.name);
            }
        }
    })?;
    written.and_then(|()| writeln!(out, "{report}")).map_err(VectorError::Output)?;
    Ok(report)
}

/// Collects what differs.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + fmt::Debug>(&mut self, what: &str, expected: &T, came: &T) {
        if expected != came {
            self.0.push(format!("{what}: expected {expected:?}, came {came:?}"));
        }
    }

    /// Whether two lengths are within 1 % of each other.
    fn compare_near(&mut self, what: &str, expected: u64, came: u64) {
        if expected.abs_diff(came) * 100 > expected {
            self.0.push(format!("{what}: expected {expected} within 1 %, came {came}"));
        }
    }
}
