//! `verify`: the bytes on the chain are the bytes that were built.

use super::{
    access::Access,
    fault::{file, Fault, Outcome},
    output::{table, Report, Tone},
    programs,
    remote::Remote,
    stylus,
};
use alloy_primitives::{keccak256, Address};
use clap::Args;
use serde_json::{json, Value};
use std::path::{Path, PathBuf};

/// Compare every program of the protocol with what was built: byte by byte, as wasm.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask wasm && fusebox verify --wasm target/fusebox
  fusebox verify --wasm build/ --json

A program's code is compressed, and compressors differ: what is compared is the wasm that it unpacks to. Exit code 4 if
one differs. Custom sections are never executed, and cargo-stylus adds one to what it deploys: where only they differ it
says so, and that counts as the bytes built unless --exact is given.")]
pub struct Verify {
    /// Folder with the built programs, a file of each name: perp.wasm, perp-pool.wasm, ...
    #[arg(long, value_name = "FOLDER")]
    wasm: Option<PathBuf>,
    /// Custom sections have to be the same too.
    #[arg(long)]
    exact: bool,
    #[command(flatten)]
    access: Access,
}

/// How a program compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same bytes.
    Same,
    /// The same but for custom sections.
    Code,
    /// Others.
    Other,
    /// No program is there.
    Missing,
}

impl Verdict {
    /// Whether what is executed is what was built.
    pub const fn is_built(self) -> bool {
        matches!(self, Self::Same | Self::Code)
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Same => "the bytes built",
            Self::Code => "the same code, other custom sections",
            Self::Other => "OTHER BYTES",
            Self::Missing => "NO PROGRAM",
        }
    }
}

/// The built programs, by their names.
///
/// Errors: a file that is not there.
pub fn built(folder: &Path, name: &str) -> Outcome<Vec<u8>> {
    let path = folder.join(format!("{name}.wasm"));
    std::fs::read(&path).map_err(|error| {
        file(&path, format!("{error}\nBuild the programs with `cargo xtask wasm`, or name their folder with --wasm."))
    })
}

/// Compares what is on the chain with what was built.
pub fn compare(on_chain: Option<&[u8]>, built: &[u8]) -> Verdict {
    match on_chain {
        None => Verdict::Missing,
        Some(bytes) if bytes == built => Verdict::Same,
        Some(bytes) => match (without_custom(bytes), without_custom(built)) {
            (Some(a), Some(b)) if a == b => Verdict::Code,
            _ => Verdict::Other,
        },
    }
}

/// The module without its custom sections; nothing for what is no module.
fn without_custom(wasm: &[u8]) -> Option<Vec<u8>> {
    let mut out = wasm.get(..8)?.to_vec();
    let mut rest = wasm.get(8..)?;
    while let Some((id, after)) = rest.split_first() {
        let (size, taken) = leb128(after)?;
        let end = taken.checked_add(size)?;
        if *id != 0 {
            out.extend(rest.get(..1 + end)?);
        }
        rest = after.get(end..)?;
    }
    Some(out)
}

/// An unsigned number of at most five bytes, and how many there were.
fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0usize;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    None
}

impl Verify {
    pub(super) fn run(&self) -> Outcome {
        let place = self.access.open()?;
        let protocol = place.protocol()?;
        let folder = place.wasm(self.wasm.as_ref());
        let remote = Remote::latest(&place.rpc, protocol, Address::ZERO)?;
        let (mut rows, mut json, mut wrong) = (Vec::new(), Vec::<Value>::new(), Vec::new());
        for (name, address) in programs::located(&remote, protocol)? {
            let built = built(&folder, &name)?;
            let on_chain = stylus::wasm_on_chain(&place, address)?;
            let verdict = compare(on_chain.as_deref(), &built);
            let tone = match verdict {
                Verdict::Same => Tone::Good,
                Verdict::Code => Tone::Warn,
                _ => Tone::Bad,
            };
            rows.push(vec![name.clone(), address.to_string(), place.out.paint(verdict.words(), tone)]);
            json.push(json!({
                "program": name, "address": address, "same": verdict == Verdict::Same, "sameCode": verdict.is_built(),
                "built": keccak256(&built), "onChain": on_chain.map(keccak256),
            }));
            if !verdict.is_built() || self.exact && verdict != Verdict::Same {
                wrong.push(name);
            }
        }
        place
            .out
            .print(&Report { text: table(&rows), json: json!({ "programs": json, "verified": wrong.is_empty() }) });
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(Fault::Verification(format!("not the bytes built: {}", wrong.join(", ")))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_sections_are_told_from_code() {
        let head = b"\0asm\x01\0\0\0";
        let code = [&head[..], &[1, 2, 9, 9]].concat();
        let custom = [&head[..], &[0, 3, 1, b'n', 7], &[1, 2, 9, 9]].concat();
        let other = [&head[..], &[1, 2, 9, 8]].concat();
        assert_eq!(compare(Some(&code), &code), Verdict::Same);
        assert_eq!(compare(Some(&custom), &code), Verdict::Code);
        assert_eq!(compare(Some(&other), &code), Verdict::Other);
        assert_eq!(compare(Some(b"short"), &code), Verdict::Other);
        assert_eq!(compare(None, &code), Verdict::Missing);
        assert_eq!(without_custom(&[&head[..], &[1, 0xff, 0xff, 0xff, 0xff, 0x7f]].concat()), None);
    }
}
