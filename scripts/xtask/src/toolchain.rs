//! A compiler that can build for `wasm32-unknown-unknown`, set up once and found again.

use crate::process::{output, run, run_within, say};
use crate::Outcome;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub const WASM: &str = "wasm32-unknown-unknown";
/// The variable that chooses a compiler.
const WAY: &str = "FUSEBOX_TOOLCHAIN";
/// How long rustup may try: where it cannot download at all it should not hold anybody up.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);
/// Debian's compiler for the web, with the sources of the standard library.
const PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// The oldest compiler that builds the contracts.
const OLDEST: (u32, u32) = (1, 85);

/// What cargo has to be told to build a contract.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// First line of `rustc -vV`: what goldens are kept by.
    pub version: String,
    /// Set where the pinned toolchain does not have the target.
    debian: Option<Debian>,
}

/// Which compiler is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// The pinned one, and Debian's where it cannot have the target.
    Any,
    /// Debian's: what a machine without rustup's network gets, on any machine.
    Debian,
}

impl Way {
    fn chosen(value: Option<&str>) -> Result<Self, String> {
        match value {
            None | Some("") => Ok(Self::Any),
            Some("debian") => Ok(Self::Debian),
            Some(other) => Err(format!("{WAY}={other}: it may be `debian`, or not set")),
        }
    }
}

#[derive(Debug, Clone)]
struct Debian {
    sysroot: PathBuf,
    linker: PathBuf,
}

impl Toolchain {
    /// Finds a compiler, or sets one up: rustup's before Debian's, unless `FUSEBOX_TOOLCHAIN` says which.
    pub fn wasm(root: &Path) -> Result<Self, String> {
        let pinned = output(Command::new("rustc").current_dir(root).args(["--print", "sysroot"]))?;
        let pinned = PathBuf::from(pinned.trim());
        if Way::chosen(std::env::var(WAY).ok().as_deref())? == Way::Debian {
            return Self::by_debian(Debian::set_up(root, &pinned)?);
        }
        if has_core(&pinned, WASM) {
            return Ok(Self { version: version_line(Command::new("rustc").current_dir(root))?, debian: None });
        }
        if let Some(debian) = Debian::built(root, &pinned) {
            return Self::by_debian(debian);
        }
        say(&format!("setting up the target {WASM}: asking rustup (at most {} s)", RUSTUP_LIMIT.as_secs()));
        match add_target(root, WASM) {
            Ok(()) if has_core(&pinned, WASM) => {
                return Ok(Self { version: version_line(Command::new("rustc").current_dir(root))?, debian: None });
            }
            Ok(()) => say("  rustup says it has it, but it is not there"),
            Err(error) => say(&format!("  rustup cannot: {error}")),
        }
        Self::by_debian(Debian::set_up(root, &pinned)?)
    }

    fn by_debian(debian: Debian) -> Result<Self, String> {
        Ok(Self { version: version_line(&mut Command::new(DEBIAN_RUSTC))?, debian: Some(debian) })
    }

    /// Tells cargo which compiler, library and linker to use, and to leave the paths of this machine out: they
    /// would cost bytes, and every machine would build another contract.
    pub fn apply(&self, cargo: &mut Command, root: &Path) {
        self.choose_compiler(cargo);
        let quoted: Vec<String> = self.flags(root).iter().map(|flag| format!("{flag:?}")).collect();
        // Joined to the flags of .cargo/config.toml, which RUSTFLAGS would replace.
        cargo.arg("--config").arg(format!("target.{WASM}.rustflags=[{}]", quoted.join(",")));
    }

    /// Tells a tool that runs cargo by itself the same, by variables: cargo then finds what `apply` has built.
    pub fn apply_by_environment(&self, tool: &mut Command, root: &Path) {
        self.choose_compiler(tool);
        tool.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", self.flags(root).join(" "));
    }

    /// The compiler alone, for the same target.
    pub fn rustc(&self, root: &Path) -> Command {
        let mut command = Command::new(self.debian.as_ref().map_or("rustc", |_| DEBIAN_RUSTC));
        command.current_dir(root).args(["--target", WASM]);
        if let Some(debian) = &self.debian {
            command.arg("--sysroot").arg(&debian.sysroot).arg(format!("-Clinker={}", debian.linker.display()));
        }
        command
    }

    fn choose_compiler(&self, command: &mut Command) {
        if let Some(debian) = &self.debian {
            command.env("RUSTC", DEBIAN_RUSTC);
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &debian.linker);
        }
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    }

    fn flags(&self, root: &Path) -> Vec<String> {
        let remap = |(from, to): (PathBuf, &str)| format!("--remap-path-prefix={}={to}", from.display());
        let mut flags: Vec<String> = remapped(root).into_iter().map(remap).collect();
        flags.extend(self.debian.iter().map(|debian| format!("--sysroot={}", debian.sysroot.display())));
        flags
    }
}

/// Asks rustup for a target, for a limited time.
pub fn add_target(root: &Path, target: &str) -> Outcome {
    run_within(Command::new("rustup").current_dir(root).args(["target", "add", target]), RUSTUP_LIMIT)
}

/// Whether a sysroot holds the core library of a target.
pub fn has_core(sysroot: &Path, target: &str) -> bool {
    let library = sysroot.join("lib/rustlib").join(target).join("lib");
    let entries = fs::read_dir(library).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| {
        let name = name.to_string_lossy();
        name.starts_with("libcore-") && name.ends_with(".rlib") || name == "libcore.rlib"
    })
}

/// Paths that must not get into a contract, with what stands there instead.
fn remapped(root: &Path) -> Vec<(PathBuf, &'static str)> {
    let home = std::env::var("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|_| std::env::var("HOME").map(|home| Path::new(&home).join(".cargo")));
    let registry = home.map(|home| home.join("registry/src")).unwrap_or_default();
    let mut sources: Vec<PathBuf> = fs::read_dir(registry).into_iter().flatten().flatten().map(|e| e.path()).collect();
    sources.sort();
    let mut all: Vec<_> = sources.into_iter().map(|source| (source, "deps")).collect();
    all.push((root.to_owned(), "fusebox"));
    all
}

impl Debian {
    /// The library that an earlier run built for the compiler that is installed now.
    fn built(root: &Path, pinned: &Path) -> Option<Self> {
        let sysroot = private_sysroot(root, &release().ok()?);
        let linker = find_linker(pinned)?;
        has_core(&sysroot, WASM).then_some(Self { sysroot, linker })
    }

    fn set_up(root: &Path, pinned: &Path) -> Result<Self, String> {
        ensure_packages()?;
        let release = release()?;
        let linker = find_linker(pinned).ok_or_else(|| {
            advice(&format!("there is no linker for it: neither rust-lld in {} nor wasm-ld", pinned.display()))
        })?;
        let sysroot = private_sysroot(root, &release);
        if !has_core(&sysroot, WASM) {
            build_library(&release, &sysroot)?;
        }
        Ok(Self { sysroot, linker })
    }
}

fn private_sysroot(root: &Path, release: &str) -> PathBuf {
    root.join("target/fusebox").join(format!("sysroot-{release}"))
}

/// Debian's compiler with the sources of its own library, installed if that can be done.
pub fn ensure_packages() -> Outcome {
    if debian_is_ready() {
        return Ok(());
    }
    if !is_debian() {
        return Err(advice("this is neither Debian nor Ubuntu"));
    }
    if output(Command::new("id").arg("-u")).map_or(true, |id| id.trim() != "0") {
        return Err(advice("packages are installed as root only, and this is not root"));
    }
    say(&format!("  installing {} by apt-get", PACKAGES.join(" and ")));
    if install().is_err() {
        say("  the packages are not known yet: apt-get update");
        run(apt().arg("update")).map_err(|error| advice(&error))?;
        install().map_err(|error| advice(&error))?;
    }
    if debian_is_ready() {
        Ok(())
    } else {
        Err(advice(&format!("{DEBIAN_RUSTC} is older than {}.{} or has no sources in /usr/src", OLDEST.0, OLDEST.1)))
    }
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    // Its lines are progress, and standard output is for results.
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("-q").stdout(std::io::stderr());
    command
}

fn install() -> Outcome {
    run(apt().args(["install", "-y", "--no-install-recommends"]).args(PACKAGES))
}

/// Whether Debian's compiler is there, recent enough and with its sources.
pub fn debian_is_ready() -> bool {
    release().is_ok_and(|release| number(&release) >= OLDEST && sources(&release).join("Cargo.toml").exists())
}

fn is_debian() -> bool {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let ids = text.lines().filter_map(|line| line.strip_prefix("ID=").or(line.strip_prefix("ID_LIKE=")));
    ids.flat_map(|ids| ids.trim_matches('"').split(' ')).any(|id| id == "debian" || id == "ubuntu")
}

fn sources(release: &str) -> PathBuf {
    Path::new("/usr/src").join(format!("rustc-{release}")).join("library")
}

/// The release of Debian's compiler, such as `1.96.0`.
fn release() -> Result<String, String> {
    let text = output(Command::new(DEBIAN_RUSTC).arg("-vV"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("release: "));
    line.map(str::to_owned).ok_or_else(|| format!("{DEBIAN_RUSTC} does not say which release it is"))
}

fn version_line(rustc: &mut Command) -> Result<String, String> {
    Ok(output(rustc.arg("-vV"))?.lines().next().unwrap_or_default().to_owned())
}

fn number(release: &str) -> (u32, u32) {
    let mut parts = release.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn find_linker(pinned: &Path) -> Option<PathBuf> {
    let mut candidates: Vec<PathBuf> = Vec::new();
    for sysroot in [pinned, Path::new("/usr")] {
        let hosts = fs::read_dir(sysroot.join("lib/rustlib")).into_iter().flatten().flatten();
        candidates.extend(hosts.map(|host| host.path().join("bin/rust-lld")));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    candidates.extend(std::env::split_paths(&path).map(|folder| folder.join("wasm-ld")));
    candidates.into_iter().find(|linker| linker.is_file())
}

/// Builds the standard library for the wasm target once; /usr is read only here.
fn build_library(release: &str, sysroot: &Path) -> Outcome {
    say(&format!("  building the standard library of rustc {release} for {WASM} (about a minute)"));
    let work = sysroot.with_extension(format!("building-{}", std::process::id()));
    let outcome = build_library_in(&work, release, sysroot);
    // What is left of the work folder is of no use either way.
    let _ = fs::remove_dir_all(&work);
    outcome
}

fn build_library_in(work: &Path, release: &str, sysroot: &Path) -> Outcome {
    let library = work.join("library");
    fs::create_dir_all(work).map_err(|error| format!("{}: {error}", work.display()))?;
    run(Command::new("cp").arg("-r").arg(sources(release)).arg(&library))?;
    let flags = [
        "-Zforce-unstable-if-unmarked".to_owned(),
        "-Cembed-bitcode=yes".to_owned(),
        format!("--remap-path-prefix={}=library", library.display()),
    ];
    let mut cargo = crate::process::cargo(&library);
    cargo.args(["build", "--quiet", "--release", "-p", "sysroot", "--target", WASM, "--target-dir"]);
    cargo.arg(work.join("target"));
    cargo.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1").env("CARGO_PROFILE_RELEASE_PANIC", "abort");
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f")).env_remove("RUSTFLAGS");
    run(&mut cargo)?;
    let ready = work.join("sysroot");
    let into = ready.join("lib/rustlib").join(WASM).join("lib");
    fs::create_dir_all(&into).map_err(|error| format!("{}: {error}", into.display()))?;
    let built = work.join("target").join(WASM).join("release/deps");
    for entry in fs::read_dir(&built).map_err(|error| format!("{}: {error}", built.display()))?.flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "rlib") {
            let to = into.join(entry.file_name());
            fs::copy(entry.path(), &to).map_err(|error| format!("{}: {error}", to.display()))?;
        }
    }
    match fs::rename(&ready, sysroot) {
        Err(_) if has_core(sysroot, WASM) => Ok(()), // another run was quicker
        other => other.map_err(|error| format!("{}: {error}", sysroot.display())),
    }
}

/// The one message for somebody whose machine cannot be set up from here.
fn advice(reason: &str) -> String {
    format!(
        "the target {WASM} cannot be set up: {reason}\n\
         Do one of these, then run the command again:\n\
         - rustup target add {WASM}\n\
         - as root on Debian 12 or newer: apt-get install --no-install-recommends {}",
        PACKAGES.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_compare_by_number() {
        assert!(number("1.96.0") > number("1.9.9"));
        assert!(number("1.85.1") >= OLDEST);
        assert_eq!(number("nonsense"), (0, 0));
    }

    #[test]
    fn the_advice_names_both_ways() {
        let text = advice("no network");
        assert!(text.contains("no network") && text.contains("rustup target add") && text.contains("apt-get install"));
    }

    #[test]
    fn a_way_that_there_is_not_is_refused_by_name() {
        assert_eq!(Way::chosen(None), Ok(Way::Any));
        assert_eq!(Way::chosen(Some("debian")), Ok(Way::Debian));
        assert!(Way::chosen(Some("gentoo")).unwrap_err().contains("FUSEBOX_TOOLCHAIN=gentoo"));
    }

    #[test]
    fn an_empty_sysroot_has_no_core() {
        assert!(!has_core(Path::new("/nowhere"), WASM));
    }
}
