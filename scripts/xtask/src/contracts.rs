//! The contracts of the workspace, and how one is built.

use crate::process::{cargo, run, say};
use crate::toolchain::{Toolchain, WASM};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder under `contracts/` with a `Stylus.toml` of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// Name of the folder, and of what is written for it.
    pub name: String,
    /// Name of the package inside.
    pub package: String,
    pub folder: PathBuf,
    /// Whether others build its library too, then without its entry point.
    pub is_shared: bool,
}

/// What a build left.
#[derive(Debug)]
pub struct Built {
    /// First line of `rustc -vV` of the compiler that built them.
    pub toolchain: String,
    /// Name and what the linker wrote.
    pub linked: Vec<(String, PathBuf)>,
}

/// Every contract, by name.
pub fn discover(root: &Path) -> Result<Vec<Contract>, String> {
    let folder = root.join("contracts");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut found: Vec<Contract> = entries.flatten().filter_map(|entry| read(&entry.path())).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    if found.is_empty() {
        return Err(format!("no contract in {}", folder.display()));
    }
    Ok(found)
}

fn read(folder: &Path) -> Option<Contract> {
    let stylus = fs::read_to_string(folder.join("Stylus.toml")).ok()?;
    if !stylus.lines().any(|line| line.trim() == "[contract]") {
        return None;
    }
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let name = folder.file_name()?.to_string_lossy().into_owned();
    let is_shared = manifest.lines().any(|line| line.starts_with("entry"));
    Some(Contract { package: package_name(&manifest)?, name, folder: folder.to_owned(), is_shared })
}

fn package_name(manifest: &str) -> Option<String> {
    let package = manifest.split_once("[package]")?.1;
    let value = package.lines().find_map(|line| line.trim().strip_prefix("name")?.trim().strip_prefix('='))?;
    Some(value.trim().trim_matches('"').to_owned())
}

/// Those with the given names, or all where none is given.
pub fn choose(all: Vec<Contract>, names: &[String]) -> Result<Vec<Contract>, String> {
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|contract| contract.name == **name)) {
        let known: Vec<&str> = all.iter().map(|contract| contract.name.as_str()).collect();
        return Err(format!("there is no contract {unknown:?}; the contracts are: {}", known.join(", ")));
    }
    Ok(all.into_iter().filter(|contract| names.is_empty() || names.contains(&contract.name)).collect())
}

/// Builds each contract alone: in a build of several their features unify, which has produced contracts without an
/// entry point. They have target folders of their own, so that two compilers do not undo each other's work; and one whose
/// library others build without its entry point has another, since cargo keeps only the last of the two.
pub fn build(root: &Path, contracts: &[Contract]) -> Result<Built, String> {
    let toolchain = Toolchain::wasm(root)?;
    let mut linked = Vec::new();
    for contract in contracts {
        say(&format!("building {}", contract.name));
        let target = target(root, contract);
        let mut command = cargo(&contract.folder);
        command.args(["build", "--quiet", "--lib", "--locked", "--release", "--target", WASM, "--target-dir"]);
        command.arg(&target);
        toolchain.apply(&mut command, root);
        run(&mut command).map_err(|error| format!("{} does not build: {error}", contract.name))?;
        let file = format!("{}.wasm", contract.package.replace('-', "_"));
        linked.push((contract.name.clone(), target.join(WASM).join("release").join(file)));
    }
    Ok(Built { toolchain: toolchain.version, linked })
}

/// The target folder of a contract.
pub fn target(root: &Path, contract: &Contract) -> PathBuf {
    root.join(if contract.is_shared { "target/contracts-shared" } else { "target/contracts" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(name: &str) -> Contract {
        Contract { name: name.into(), package: name.into(), folder: PathBuf::new(), is_shared: false }
    }

    #[test]
    fn the_package_is_named_in_its_manifest() {
        let manifest =
            "# name = \"no\"\n[package]\ndescription = \"x\"\nname = \"perp-cold\"\n[lib]\nname = \"other\"\n";
        assert_eq!(package_name(manifest).as_deref(), Some("perp-cold"));
        assert_eq!(package_name("[workspace]\n"), None);
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let all = vec![contract("gauge"), contract("perp")];
        assert_eq!(choose(all.clone(), &[]).unwrap().len(), 2);
        assert_eq!(choose(all.clone(), &["perp".into()]).unwrap(), vec![contract("perp")]);
        assert!(choose(all, &["prep".into()]).unwrap_err().contains("gauge, perp"));
    }
}
