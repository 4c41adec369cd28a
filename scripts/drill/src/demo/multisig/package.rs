//! The Safe's compiled contracts from its npm package: fetched once, kept under the folder of the contracts.

use alloy_primitives::{b256, keccak256, B256};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The package and its version.
pub const PACKAGE: &str = "@safe-global/safe-smart-account";
/// Of the package.
pub const VERSION: &str = "1.5.0";
/// What npm may take before a plain account stands in.
const PATIENCE: Duration = Duration::from_secs(15);
/// Creation code of the singleton and of its proxy: what was read and tried; anything else is not run.
const SINGLETON: (&str, B256) =
    ("Safe.sol/Safe", b256!("3c32e7eb3961c145eef8620b24e8b829e6d2062a5730629d6169319f29fc1d07"));
const PROXY: (&str, B256) =
    ("proxies/SafeProxy.sol/SafeProxy", b256!("941b3e88811b2f33b8e26783c7407d2e978404581a21c9f07abf2cad9cb87e12"));

/// Creation code of the Safe.
#[derive(Clone, Debug)]
pub struct Code {
    /// What every Safe delegates to.
    pub singleton: Vec<u8>,
    /// What every Safe is; its constructor takes the singleton.
    pub proxy: Vec<u8>,
}

/// The code, from the cache or from npm.
///
/// Errors: why there is none, in one line.
pub fn fetch(folder: &Path) -> Result<Code, String> {
    cached(folder).or_else(|_| {
        let cache = cache(folder);
        std::fs::create_dir_all(&cache).map_err(|error| format!("{}: {error}", cache.display()))?;
        pack(&cache)?;
        cached(folder)
    })
}

/// The code from the cache.
///
/// Errors: it is not there, or not what is known.
pub fn cached(folder: &Path) -> Result<Code, String> {
    let cache = cache(folder);
    Ok(Code { singleton: read(&cache, SINGLETON)?, proxy: read(&cache, PROXY)? })
}

fn cache(folder: &Path) -> PathBuf {
    folder.join("safe").join(VERSION)
}

/// Creation code of an artifact in the cache, if it is the one that is known.
fn read(cache: &Path, (artifact, hash): (&str, B256)) -> Result<Vec<u8>, String> {
    let path = cache.join("package/build/artifacts/contracts").join(format!("{artifact}.json"));
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{artifact}: {error}"))?;
    let json: Value = serde_json::from_str(&text).map_err(|error| format!("{artifact}: {error}"))?;
    let code = json["bytecode"].as_str().unwrap_or_default();
    let code = alloy_primitives::hex::decode(code).map_err(|error| format!("{artifact}: {error}"))?;
    let found = keccak256(&code);
    if found == hash {
        Ok(code)
    } else {
        Err(format!("{artifact} is not what is known: {found}"))
    }
}

/// Downloads the package and unpacks the two artifacts.
fn pack(cache: &Path) -> Result<(), String> {
    let package = format!("{PACKAGE}@{VERSION}");
    let mut npm = Command::new("npm");
    npm.args(["pack", &package, "--ignore-scripts", "--silent", "--fetch-retries=0", "--fetch-timeout=8000"]);
    wait(npm.current_dir(cache), "npm")?;
    let archive = format!("safe-global-safe-smart-account-{VERSION}.tgz");
    let mut tar = Command::new("tar");
    tar.args(["-xzf", &archive]);
    tar.args([SINGLETON, PROXY].map(|(artifact, _)| format!("package/build/artifacts/contracts/{artifact}.json")));
    wait(tar.current_dir(cache), "tar")?;
    let _ = std::fs::remove_file(cache.join(archive)); // in nobody's way
    Ok(())
}

fn wait(command: &mut Command, name: &str) -> Result<(), String> {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.spawn().map_err(|error| format!("{name} does not start: {error}"))?;
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{name} ended with {status}")),
            Ok(None) if started.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(50)),
            Ok(None) => {
                let _ = child.kill(); // it has had its time
                let _ = child.wait();
                return Err(format!("{name} has not answered in {} s", PATIENCE.as_secs()));
            }
            Err(error) => return Err(format!("{name}: {error}")),
        }
    }
}
