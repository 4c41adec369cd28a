//! Proof by compiler that the pure half of every module needs no std: it builds for a target that has none.

use crate::process::{cargo, output, run, say};
use crate::toolchain::{add_target, debian_is_ready, ensure_packages, has_core};
use crate::Outcome;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A target whose standard library is `core` and `alloc`.
const TARGET: &str = "riscv32imac-unknown-none-elf";

/// Checks core and each module without its shell.
pub fn check(root: &Path) -> Outcome {
    let packages = pure_packages(root)?;
    let pinned = output(Command::new("rustc").current_dir(root).args(["--print", "sysroot"]))?;
    let pinned = PathBuf::from(pinned.trim());
    let has_target = has_core(&pinned, TARGET) || {
        // Debian's compiler, where it is there, answers at once; rustup may first have to find that it cannot.
        !debian_is_ready() && {
            say(&format!("setting up the target {TARGET}: asking rustup"));
            add_target(root, TARGET).is_ok() && has_core(&pinned, TARGET)
        }
    };
    if !has_target {
        ensure_packages()?;
    }
    for package in packages {
        say(&format!("{package} without its shell, for {TARGET}"));
        let mut command = cargo(root);
        command.args(["check", "--quiet", "--lib", "--no-default-features", "--package", &package]);
        command.args(["--target", TARGET, "--target-dir"]).arg(root.join("target/purity"));
        if !has_target {
            command.arg("-Zbuild-std=core,alloc").env("RUSTC_BOOTSTRAP", "1").env("RUSTC", "/usr/bin/rustc");
        }
        run(&mut command).map_err(|_| format!("the pure half of {package} does not build without std"))?;
    }
    Ok(())
}

/// The packages under crates/ that have a half without a shell, and core, which has no other.
fn pure_packages(root: &Path) -> Result<Vec<String>, String> {
    let folder = root.join("crates");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let manifests = entries.flatten().filter_map(|entry| fs::read_to_string(entry.path().join("Cargo.toml")).ok());
    let mut packages: Vec<String> = manifests.filter(|manifest| is_pure(manifest)).filter_map(|m| name(&m)).collect();
    packages.sort();
    match packages.len() {
        0 => Err(format!("no module in {}", folder.display())),
        _ => Ok(packages),
    }
}

fn name(manifest: &str) -> Option<String> {
    let line = manifest.lines().find_map(|line| line.strip_prefix("name = \""))?;
    Some(line.trim_end_matches('"').to_owned())
}

fn is_pure(manifest: &str) -> bool {
    manifest.lines().any(|line| line.starts_with("shell = ")) || name(manifest).as_deref() == Some("fusebox-core")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_known_by_their_shell() {
        assert!(is_pure("[package]\nname = \"fusebox-x\"\n[features]\nshell = []\n"));
        assert!(is_pure("[package]\nname = \"fusebox-core\"\n"));
        assert!(!is_pure("[package]\nname = \"fusebox-testbed\"\n"));
    }
}
