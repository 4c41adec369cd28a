//! What the suite needs, set up once and found again: cargo-stylus, what npm has, and what is built here.

use crate::contracts::{self, Contract};
use crate::process::{cargo, output, run, say};
use crate::toolchain::Toolchain;
use crate::{drill, Outcome};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Instant, SystemTime};

/// The version that the suite is written for.
const CARGO_STYLUS: &str = "0.10.10";
/// The variable that names a folder with `fusebox` and `fusebox-e2e`: then nothing of this workspace is built first.
const READY: &str = "FUSEBOX_BIN";
/// The oldest node that viem and the scripts run on.
const NODE: u32 = 20;
/// Programs that a chain refuses, and one that it takes: what `program.rs` is compiled with.
const PROGRAMS: &[(&str, bool)] =
    &[("fine", true), ("raw", false), ("floats", true), ("no_entry", true), ("large", true)];

/// Programs that the suite runs.
pub struct Tools {
    stylus: PathBuf,
    toolchain: Toolchain,
    pub cast: PathBuf,
    pub fusebox: PathBuf,
    pub alloy: PathBuf,
}

impl Tools {
    /// Finds or installs everything, the cheap first.
    pub fn set_up(root: &Path) -> Result<Self, String> {
        if root.display().to_string().contains(char::is_whitespace) {
            return Err(format!("{}: cargo splits flags at blanks, so there may be none in the path", root.display()));
        }
        let packages = install_packages(root)?;
        let folder = match std::env::var_os(READY) {
            Some(folder) => PathBuf::from(folder),
            None => build(root)?,
        };
        let toolchain = Toolchain::wasm(root)?;
        let stylus = install_stylus(root)?;
        let cast = cast(&packages)?;
        Ok(Self { stylus, toolchain, cast, fusebox: folder.join("fusebox"), alloy: folder.join("fusebox-e2e") })
    }

    /// cargo-stylus in the folder of a contract. What `cargo xtask wasm` has built is found there again: it was built with
    /// the same flags into the same target folder.
    pub fn stylus(&self, root: &Path, contract: &Contract) -> Command {
        let mut command = Command::new(&self.stylus);
        crate::process::forget_package(&mut command);
        command.current_dir(&contract.folder).env("CARGO_TARGET_DIR", contracts::target(root, contract));
        // The program that prints the ABI runs once: compiling it is all that takes time.
        command.env("CARGO_PROFILE_DEV_OPT_LEVEL", "0");
        self.toolchain.apply_by_environment(&mut command, root);
        command
    }

    /// Where a shell finds the commands of a runbook.
    pub fn path(&self, root: &Path) -> String {
        let folders = [self.fusebox.parent(), self.cast.parent(), Some(&root.join("tests/e2e/bin"))];
        let own = folders.into_iter().flatten().map(|folder| folder.display().to_string());
        own.chain(std::env::var("PATH")).collect::<Vec<_>>().join(":")
    }

    /// Compiles the programs of `tests/e2e/program.rs`, each as one file by the compiler alone.
    pub fn compile_programs(&self, root: &Path, folder: &Path) -> Outcome {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for (name, is_repaired) in PROGRAMS {
            let mut rustc = self.toolchain.rustc(root);
            rustc.args(["--edition", "2021", "--crate-type", "cdylib", "-O", "--cfg", name]);
            rustc.args(["-Cpanic=abort", "-Cstrip=symbols", "-Clink-arg=-zstack-size=32768"]);
            if *is_repaired {
                rustc.arg("-Clink-arg=--compress-relocations");
            }
            output(rustc.arg(root.join("tests/e2e/program.rs")).arg("-o").arg(folder.join(format!("{name}.wasm"))))?;
        }
        Ok(())
    }
}

/// Builds the contracts, the command and the client on alloy: the folder of the last two.
fn build(root: &Path) -> Result<PathBuf, String> {
    let built = contracts::build(root, &contracts::discover(root)?)?;
    drill::wasm_json(root, &built)?;
    say("building fusebox and a client on alloy");
    run(cargo(root).args(["build", "--quiet", "--package", "fusebox-cli", "--package", "fusebox-e2e"]))?;
    Ok(root.join("target/debug"))
}

/// cargo-stylus as it is published, compiled once.
fn install_stylus(root: &Path) -> Result<PathBuf, String> {
    let folder = root.join("target/tools");
    let program = folder.join("bin/cargo-stylus");
    let wanted = format!("stylus {CARGO_STYLUS}");
    if output(Command::new(&program).args(["stylus", "--version"])).is_ok_and(|said| said.trim() == wanted) {
        return Ok(program);
    }
    say(&format!("compiling cargo-stylus {CARGO_STYLUS}, once: 419 crates, 6 to 10 minutes on two cores"));
    let start = Instant::now();
    let build = folder.join("build");
    let mut install = cargo(root);
    install.args(["install", "cargo-stylus", "--version", CARGO_STYLUS, "--locked", "--debug", "--force", "--root"]);
    install.arg(&folder).arg("--target-dir").arg(&build).env("CARGO_PROFILE_DEV_DEBUG", "0");
    install.env_remove("RUSTFLAGS");
    run(&mut install).map_err(|error| {
        format!("cargo-stylus is not there: {error}\nit comes from the cargo registry, which has to be reachable once")
    })?;
    // What was compiled on the way is larger than all the rest.
    let _ = fs::remove_dir_all(build);
    say(&format!("cargo-stylus is there after {} s", start.elapsed().as_secs()));
    Ok(program)
}

/// Whether Node.js is there, and late enough.
///
/// Errors: what is missing.
fn node() -> Outcome {
    let version = output(Command::new("node").arg("--version")).map_err(|error| {
        format!("{error}\nthe suite drives cast, Safe and viem with Node.js {NODE} or later and npm")
    })?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u32| major < NODE) {
        return Err(format!("node is {}, and the suite needs {NODE} or later", version.trim()));
    }
    Ok(())
}

/// The packages of tests/e2e, as the lock file names them, none of their scripts run.
fn install_packages(root: &Path) -> Result<PathBuf, String> {
    node()?;
    let folder = root.join("tests/e2e");
    let modules = folder.join("node_modules");
    let time = |path: PathBuf| fs::metadata(path).and_then(|file| file.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    // npm writes this file last.
    if time(modules.join(".package-lock.json")) < time(folder.join("package-lock.json")) {
        say("npm install: cast, the Safe's contracts, viem");
        let mut npm = Command::new("npm");
        // `npm ci` refuses a lock file without the binaries of cast for every platform, which not every registry has.
        npm.current_dir(&folder).args(["install", "--no-save", "--ignore-scripts", "--no-fund", "--no-audit"]);
        npm.arg("--loglevel=error");
        run(npm.stdout(std::io::stderr())).map_err(|error| {
            format!("{error}\nthe packages come from the npm registry, which has to be reachable once")
        })?;
    }
    Ok(modules)
}

/// The binary of the package for this machine, which npm chooses.
fn cast(modules: &Path) -> Result<PathBuf, String> {
    let folder = modules.join("@foundry-rs");
    let packages = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let binaries = packages.flatten().map(|package| package.path().join("bin").join("cast"));
    let found = binaries.into_iter().find(|binary| binary.is_file());
    let cast = found.ok_or("the npm package of cast has no binary for this machine")?;
    output(Command::new(&cast).arg("--version"))?;
    Ok(cast)
}
