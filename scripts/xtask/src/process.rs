//! Starting other programs, and saying so.

use crate::Outcome;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A line of progress; standard output is left to results.
pub fn say(text: &str) {
    eprintln!("{text}");
}

/// The cargo that runs this, in the workspace, without what it told us about our own package.
pub fn cargo(directory: &Path) -> Command {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.current_dir(directory);
    forget_package(&mut command);
    command
}

/// Keeps from a program what cargo told us about our own package.
pub fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars() {
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO_BIN_NAME" {
            command.env_remove(name);
        }
    }
}

/// Runs a program to its end, its output shown.
pub fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| format!("{} did not start: {error}", shown(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} ended with {status}", shown(command)))
    }
}

/// Runs a program to its end and returns what it printed; its errors are part of the message where it fails.
pub fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{} did not start: {error}", shown(command)))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} ended with {}\n{}", shown(command), output.status, errors.trim_end()))
}

/// Runs a program to its end and returns what it printed on both streams, which is the message where it fails.
pub fn output_of(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{} did not start: {error}", shown(command)))?;
    let streams = [output.stdout, output.stderr].map(|stream| String::from_utf8_lossy(&stream).into_owned());
    let said = streams.concat();
    if output.status.success() {
        return Ok(said);
    }
    Err(format!("{} ended with {}\n{}", shown(command), output.status, said.trim_end()))
}

/// Runs a program that may hang, and ends it when its time is over.
pub fn run_within(command: &mut Command, limit: Duration) -> Outcome {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("{} did not start: {error}", shown(command)))?;
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{} ended with {status}", shown(command))),
            Ok(None) if start.elapsed() < limit => std::thread::sleep(Duration::from_millis(100)),
            Ok(None) => {
                // The child may end by itself in between; both calls then fail, which is as good.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{} took more than {} s", shown(command), limit.as_secs()));
            }
            Err(error) => return Err(format!("{}: {error}", shown(command))),
        }
    }
}

/// A program and its words, as they would be typed.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = command.get_args().map(|word| word.to_string_lossy());
    let all: Vec<_> = std::iter::once(program.to_string_lossy()).chain(words).collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_hangs_is_ended() {
        let start = Instant::now();
        let outcome = run_within(Command::new("sleep").arg("30"), Duration::from_millis(300));
        assert!(outcome.unwrap_err().contains("more than"));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_failure_names_the_program_and_what_it_said() {
        let message = output(Command::new("ls").arg("/nowhere-at-all")).unwrap_err();
        assert!(message.starts_with("ls /nowhere-at-all ended with"), "{message}");
        assert!(message.lines().count() > 1);
    }
}
