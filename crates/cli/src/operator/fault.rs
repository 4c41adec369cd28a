//! Why a command did not do what it was asked for, and the exit code that says so.

use thiserror::Error;

/// A command that did not do what it was asked for. The text says what to do about it.
#[derive(Debug, Error)]
pub enum Fault {
    /// The chain would refuse the call, or has.
    #[error("{0}")]
    Refused(String),
    /// The command line, a file or a key is not what it has to be.
    #[error("{0}")]
    Usage(String),
    /// No node answers, or it does not answer as one does.
    #[error("{0}")]
    Connection(String),
    /// What is on the chain is not what it should be.
    #[error("{0}")]
    Verification(String),
    /// The answer to a question is no: of `can`, of `--check`.
    #[error("{0}")]
    No(String),
    /// Something has to wait before the rest can be done.
    #[error("{0}")]
    Waiting(String),
}

/// What a command comes to.
pub type Outcome<T = ()> = Result<T, Fault>;

/// The exit codes, for the help of every command.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the chain refuses: a typed error, explained
  2  the command line, a file or a key is not right
  3  no answer from the node
  4  verification failed: what is on the chain is not what it should be
  5  the answer is no: `can`, `heartbeat --check`, `keepalive --check`
  6  something has to wait first: run the same command again then";

impl Fault {
    /// The exit code of the process.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Usage(_) => 2,
            Self::Connection(_) => 3,
            Self::Verification(_) => 4,
            Self::No(_) => 5,
            Self::Waiting(_) => 6,
        }
    }

    /// A word for machines.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Usage(_) => "usage",
            Self::Connection(_) => "connection",
            Self::Verification(_) => "verification",
            Self::No(_) => "no",
            Self::Waiting(_) => "waiting",
        }
    }
}

/// A file that cannot be read or written.
pub fn file(path: &std::path::Path, error: impl std::fmt::Display) -> Fault {
    Fault::Usage(format!("{}: {error}", path.display()))
}
