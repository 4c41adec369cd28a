//! What a command prints: aligned text for people, one JSON value for machines.

use serde_json::Value;
use std::io::{IsTerminal, Write};

/// What a command has found or done.
#[derive(Clone, Debug)]
pub struct Report {
    /// For people.
    pub text: String,
    /// For machines.
    pub json: Value,
}

/// Where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    is_json: bool,
    is_coloured: bool,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// To be looked at.
    Warn,
    /// Not as it should be.
    Bad,
    /// Beside the point.
    Dim,
}

impl Output {
    /// Text or JSON on the standard output; colour only on a terminal, and not if `NO_COLOR` is set.
    pub fn new(is_json: bool) -> Self {
        let is_coloured = !is_json && std::env::var_os("NO_COLOR").is_none() && std::io::stdout().is_terminal();
        Self { is_json, is_coloured }
    }

    /// Whether it is for machines.
    pub const fn is_json(&self) -> bool {
        self.is_json
    }

    /// Prints a report. A reader that has gone away is no error.
    pub fn print(&self, report: &Report) {
        let text = match self.is_json {
            true => format!("{:#}\n", report.json),
            false => report.text.trim_end().to_owned() + "\n",
        };
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }

    /// Says what is going on, where nothing is piped into another program.
    pub fn progress(&self, text: &str) {
        if !self.is_json {
            eprintln!("{text}");
        }
    }

    /// Text in the colour of its tone.
    pub fn paint(&self, text: &str, tone: Tone) -> String {
        let code = match tone {
            Tone::Good => 32,
            Tone::Warn => 33,
            Tone::Bad => 31,
            Tone::Dim => 2,
        };
        match self.is_coloured {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

/// Rows with aligned columns, two spaces apart; the last column is not padded.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| visible(cell)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = if at + 1 == row.len() { 0 } else { width.saturating_sub(visible(cell)) + 2 };
            line.push_str(cell);
            line.push_str(&" ".repeat(pad));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Characters that are seen: what a terminal takes as colour does not count.
fn visible(text: &str) -> usize {
    let mut count = 0;
    let mut in_code = false;
    for letter in text.chars() {
        match letter {
            '\u{1b}' => in_code = true,
            'm' if in_code => in_code = false,
            _ if !in_code => count += 1,
            _ => (),
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let rows = [vec!["a".into(), "b".into()], vec!["\u{1b}[31mlong\u{1b}[0m".into(), "c".into()]];
        assert_eq!(table(&rows), "a     b\n\u{1b}[31mlong\u{1b}[0m  c\n");
    }
}
