//! The node of a run, with its state in a file.

use crate::process::say;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A node that ends with the run.
pub struct Devnet {
    child: Child,
    address: String,
    state: PathBuf,
}

impl Devnet {
    /// Starts it on a port that is free, with its state in the folder.
    pub fn start(fusebox: &Path, folder: &Path) -> Result<Self, String> {
        let state = folder.join("devnet.state");
        let log = folder.join("devnet.log");
        let errors = fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let mut command = Command::new(fusebox);
        command.args(["devnet", "--port", "0", "--state"]).arg(&state);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(|error| format!("{} did not start: {error}", fusebox.display()))?;
        let out = child.stdout.take().ok_or("the node has no output")?;
        let (found, address) = mpsc::channel();
        // Reads to the end, so that the node never waits for somebody to listen.
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some(address) = address_in(&line) {
                    let _ = found.send(address); // only the first is awaited
                }
            }
        });
        match address.recv_timeout(PATIENCE) {
            Ok(address) => {
                say(&format!("fusebox devnet listens on {address}"));
                Ok(Self { child, address, state })
            }
            Err(_) => {
                let _ = child.kill(); // it may have ended by itself
                let _ = child.wait();
                let said = fs::read_to_string(&log).unwrap_or_default();
                Err(format!("fusebox devnet does not say where it listens\n{}", said.trim_end()))
            }
        }
    }

    /// Where it answers.
    pub fn http(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it answers and announces.
    pub fn websocket(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Asks it to end, as a terminal would, and looks at what it left.
    pub fn stop(mut self) -> Result<String, String> {
        let process = self.child.id().to_string();
        let asked = Command::new("kill").args(["-INT", &process]).status();
        asked.map_err(|error| format!("kill did not start: {error}"))?;
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return self.left(),
                Ok(Some(status)) => return Err(format!("the node ended with {status}")),
                Ok(None) => thread::sleep(Duration::from_millis(50)),
                Err(error) => return Err(error.to_string()),
            }
        }
        Err(format!("the node has not ended {} s after it was interrupted", PATIENCE.as_secs()))
    }

    fn left(&self) -> Result<String, String> {
        let state = fs::metadata(&self.state).map_err(|error| format!("{}: {error}", self.state.display()))?;
        Ok(format!("{} KB", state.len() / 1024))
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        // It has ended where the run came to its end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address and port in a line such as `listening on http://127.0.0.1:8547`.
fn address_in(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("127.0.0.1:")?;
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (!port.is_empty()).then(|| format!("127.0.0.1:{port}"))
}

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn the_address_is_read_from_what_the_node_prints() {
        assert_eq!(address_in("Listening on http://127.0.0.1:34567 and ws"), Some("127.0.0.1:34567".into()));
        assert_eq!(address_in("127.0.0.1:"), None);
        assert_eq!(address_in("(0) 0xabc"), None);
    }
}
