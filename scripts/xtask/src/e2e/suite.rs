//! Numbered steps, what later steps have to know, and a summary.

use crate::process::{output_of, say};
use crate::Outcome;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// Lines of a failure that are shown behind its first one: errors come last.
const SHOWN: usize = 40;

/// A run of the suite.
pub struct Suite {
    scripts: PathBuf,
    /// Where what is written goes: state, keys, output.
    pub folder: PathBuf,
    /// What scripts and clients find in their environment.
    facts: BTreeMap<String, String>,
    number: usize,
    failed: Vec<String>,
    started: Instant,
    last: Instant,
}

impl Suite {
    /// An empty run with a folder of its own.
    pub fn new(root: &Path, folder: &Path) -> Result<Self, String> {
        let failed = |error| format!("{}: {error}", folder.display());
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(failed)?;
        }
        fs::create_dir_all(folder).map_err(failed)?;
        let now = Instant::now();
        let mut suite = Self {
            scripts: root.join("tests/e2e"),
            folder: folder.to_owned(),
            facts: BTreeMap::new(),
            number: 0,
            failed: Vec::new(),
            started: now,
            last: now,
        };
        suite.know("FUSEBOX_ROOT", &root.display().to_string());
        suite.know("E2E_FOLDER", &folder.display().to_string());
        Ok(suite)
    }

    /// Remembers something for every later step.
    pub fn know(&mut self, name: &str, value: &str) {
        self.facts.insert(name.to_owned(), value.to_owned());
    }

    /// Something that an earlier step has found out.
    pub fn fact(&self, name: &str) -> Result<&str, String> {
        self.facts.get(name).map(String::as_str).ok_or_else(|| format!("no step has said {name}"))
    }

    /// A command that finds all facts in its environment.
    pub fn informed(&self, command: &mut Command) {
        command.envs(&self.facts);
    }

    pub fn heading(&mut self, text: &str) {
        println!("\n== {text}");
        self.last = Instant::now();
    }

    /// A step that answers with one line about what it did.
    pub fn step(&mut self, what: &str, run: impl FnOnce(&mut Self) -> Result<String, String>) -> Outcome {
        self.last = Instant::now();
        match run(self) {
            Ok(line) if line.is_empty() => self.passed(what),
            Ok(line) => self.passed(&format!("{what}: {line}")),
            Err(message) => return Err(self.fails(what, &message)),
        }
        Ok(())
    }

    /// Runs one of the scripts: each line `ok TEXT` is a step, each line `fact NAME VALUE` is remembered.
    pub fn script(&mut self, name: &str) -> Outcome {
        self.program(Command::new("node").arg("--no-warnings").arg(self.scripts.join(name)))
    }

    /// Runs a program that speaks like the scripts.
    pub fn program(&mut self, command: &mut Command) -> Outcome {
        self.informed(command);
        let what = command.get_args().last().unwrap_or(command.get_program()).to_owned();
        let what = Path::new(&what).file_name().unwrap_or(&what).to_string_lossy().into_owned();
        let log = self.folder.join(format!("{what}.log"));
        match self.listen(command, &log) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let said = fs::read_to_string(&log).unwrap_or_default();
                Err(self.fails(&what, said.trim_end()))
            }
            Err(message) => Err(self.fails(&what, &message)),
        }
    }

    /// Whether the program ended well.
    fn listen(&mut self, command: &mut Command, log: &Path) -> Result<bool, String> {
        let errors = fs::File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        let program = command.get_program().to_string_lossy().into_owned();
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn();
        let mut child = spawned.map_err(|error| format!("{program} did not start: {error}"))?;
        for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
            let line = line.map_err(|error| error.to_string())?;
            if let Some(text) = line.strip_prefix("ok ") {
                self.passed(text);
            } else if let Some((name, value)) = line.strip_prefix("fact ").and_then(|fact| fact.split_once(' ')) {
                self.know(name, value);
            } else {
                println!("            {line}");
            }
        }
        Ok(child.wait().map_err(|error| error.to_string())?.success())
    }

    fn passed(&mut self, text: &str) {
        self.number += 1;
        println!("{:>4} {:>6.1} s  {text}", self.number, self.last.elapsed().as_secs_f32());
        self.last = Instant::now();
    }

    /// Prints a failure with what the client said, and gives the line back that names the error.
    fn fails(&mut self, what: &str, message: &str) -> String {
        self.number += 1;
        println!("{:>4} {:>6.1} s  FAILED: {what}", self.number, self.last.elapsed().as_secs_f32());
        let lines: Vec<&str> = message.lines().collect();
        let (first, rest) = lines.split_at(lines.len().min(1));
        for line in first.iter().chain(&rest[rest.len().saturating_sub(SHOWN)..]) {
            println!("            {line}");
        }
        self.last = Instant::now();
        let said = || message.lines().map(str::trim).filter(|line| !line.is_empty());
        let line = said().find(|line| line.to_lowercase().contains("error")).or_else(|| said().next());
        let failure = format!("step {}, {what}: {}", self.number, line.unwrap_or_default());
        self.failed.push(failure.clone());
        failure
    }

    /// Whether a step has failed.
    pub fn has_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    /// What failed, and how it ended.
    pub fn summary(self) -> ExitCode {
        println!();
        self.failed.iter().for_each(|failure| println!("failed: {failure}"));
        let (passed, seconds) = (self.number - self.failed.len(), self.started.elapsed().as_secs());
        println!("{passed} passed, {} failed, in {seconds} s", self.failed.len());
        say(&format!("what the clients said is in {}", self.folder.display()));
        if self.failed.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    /// Runs a client to its end: what it printed on both streams, also where it fails.
    pub fn client(&self, command: &mut Command) -> Result<String, String> {
        self.informed(command);
        output_of(command)
    }
}
