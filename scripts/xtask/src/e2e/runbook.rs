//! `audits/RUNBOOK.md`, executed: the blocks that say `sh`, each section in a shell of its own.

use super::suite::Suite;
use super::tools::Tools;
use crate::Outcome;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A section of the document, and the commands in it.
#[derive(Debug, PartialEq, Eq)]
struct Section {
    title: String,
    commands: String,
}

/// Runs every section in the order of the document, on an account of what was deployed.
pub fn execute(root: &Path, tools: &Tools, suite: &mut Suite) -> Outcome {
    let document = root.join("audits/RUNBOOK.md");
    let text = fs::read_to_string(&document).map_err(|error| format!("{}: {error}", document.display()));
    let mut outcome = Ok(());
    let sections = match text {
        Ok(text) => sections(&text),
        Err(message) => return suite.step("the document", |_| Err(message)),
    };
    if sections.is_empty() {
        return suite.step("the document", |_| Err("has no block that says sh".to_owned()));
    }
    suite.know("PATH", &tools.path(root));
    suite.know("WASM", &root.join("target/fusebox").display().to_string());
    for section in sections {
        let done = suite.step(&section.title, |suite| {
            let script = suite.folder.join(format!("{}.sh", section.title.to_lowercase().replace(' ', "-")));
            fs::write(&script, &section.commands).map_err(|error| format!("{}: {error}", script.display()))?;
            let mut shell = Command::new("bash");
            shell.current_dir(&suite.folder).args(["-eu", "-o", "pipefail", "-x"]).arg(script);
            suite.client(&mut shell)?;
            Ok(format!("{} lines", section.commands.lines().count()))
        });
        outcome = outcome.and(done);
    }
    outcome
}

/// The sections that have commands, a section from one heading of the second level to the next.
fn sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut fence: Option<bool> = None;
    for line in text.lines() {
        match (fence, line.trim_start().strip_prefix("```")) {
            (None, Some(kind)) => fence = Some(kind.split_whitespace().next() == Some("sh")),
            (Some(_), Some(_)) => fence = None,
            (Some(true), None) => {
                if let Some(section) = sections.last_mut() {
                    section.commands.push_str(line);
                    section.commands.push('\n');
                }
            }
            (None, None) => {
                if let Some(title) = line.strip_prefix("## ") {
                    sections.push(Section { title: title.trim().to_owned(), commands: String::new() });
                }
            }
            (Some(false), None) => {}
        }
    }
    sections.retain(|section| !section.commands.is_empty());
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blocks_that_say_sh_are_commands() {
        let text = "# Runbook\n\n## First hour\n\nSee:\n\n```sh\nfusebox status\n```\n```text\nfusebox nothing\n```\n\
                    ```sh devnet\ndevnet-wait 601\n```\n\n## Words only\n\nNothing.\n\n## Keys\n```sh\na \\\n  b\n```\n";
        let of = |title: &str, commands: &str| Section { title: title.into(), commands: commands.into() };
        let expected = [of("First hour", "fusebox status\ndevnet-wait 601\n"), of("Keys", "a \\\n  b\n")];
        assert_eq!(sections(text), expected);
    }
}
