//! The ABI of each contract against the file that is committed.

use crate::contracts::{discover, Contract};
use crate::interface;
use crate::process::{cargo, output, say};
use crate::Outcome;
use std::fs;
use std::path::Path;

/// Compares the ABI of every contract with its `abi.sol`, and the one for clients with `abi.json`.
pub fn check(root: &Path) -> Outcome {
    let mut wrong = Vec::new();
    for contract in discover(root)? {
        say(&format!("ABI of {}", contract.name));
        let golden = contract.folder.join("abi.sol");
        let committed = fs::read_to_string(&golden).unwrap_or_default();
        let generated = generate(root, &contract)?;
        if let Some(difference) = difference(&committed, &generated) {
            wrong.push(format!("{}: {difference}", golden.strip_prefix(root).unwrap_or(&golden).display()));
        }
    }
    say("ABI of the protocol for clients");
    let committed = fs::read_to_string(root.join(interface::FILE)).unwrap_or_default();
    if let Some(difference) = difference(&committed, &interface::generate(root)?) {
        wrong.push(format!("{}: {difference}", interface::FILE));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        wrong.push("if this is meant: cargo xtask bless".to_owned());
        Err(wrong.join("\n"))
    }
}

/// Writes every `abi.sol` anew, then `abi.json` from them.
pub fn bless(root: &Path) -> Outcome {
    for contract in discover(root)? {
        say(&format!("ABI of {}", contract.name));
        let golden = contract.folder.join("abi.sol");
        fs::write(&golden, generate(root, &contract)?).map_err(|error| format!("{}: {error}", golden.display()))?;
    }
    say("ABI of the protocol for clients");
    fs::write(root.join(interface::FILE), interface::generate(root)?)
        .map_err(|error| format!("{}: {error}", interface::FILE))
}

fn generate(root: &Path, contract: &Contract) -> Result<String, String> {
    let mut command = cargo(root);
    command.args(["run", "--quiet", "--package", &contract.package, "--features", "export-abi", "--", "abi"]);
    let text = output(&mut command)?;
    if !text.contains("interface ") {
        return Err(format!("{} exports no interface", contract.name));
    }
    Ok(format!("{}\n", text.trim()))
}

/// The first line that differs, if one does.
fn difference(committed: &str, generated: &str) -> Option<String> {
    if committed.is_empty() {
        return Some("is not there".to_owned());
    }
    if committed == generated {
        return None;
    }
    let (mut old, mut new) = (committed.lines(), generated.lines());
    for line in 1.. {
        match (old.next(), new.next()) {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => {
                let end = "(the end)";
                return Some(format!("line {line} is\n  {}\nand should be\n  {}", a.unwrap_or(end), b.unwrap_or(end)));
            }
        }
    }
    Some("differs in its line endings".to_owned())
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn the_first_difference_is_shown() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        assert!(difference("", "a\n").unwrap().contains("not there"));
        assert_eq!(difference("a\nb\n", "a\nc\n").unwrap(), "line 2 is\n  b\nand should be\n  c");
        assert!(difference("a\n", "a\nb\n").unwrap().contains("(the end)"));
        assert!(difference("a\r\n", "a\n").unwrap().contains("line endings"));
    }
}
