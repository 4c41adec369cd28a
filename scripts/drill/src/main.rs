//! What `cargo xtask` runs on the testbed. It is a program of its own, so that the door itself stays light.

mod demo;
mod gas;
mod golden;
mod programs;
mod vectors;
mod wasm;

/// A command takes its words and answers the exit code: 0, 1 where what was asked failed, 2 for words it does not know.
type Command = fn(&[String]) -> i32;

const COMMANDS: &[(&str, Command)] =
    &[("demo", demo::run), ("gas", gas::run), ("golden", golden::run), ("vectors", vectors::run), ("wasm", wasm::run)];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let command = words.first().and_then(|word| COMMANDS.iter().find(|(name, _)| name == word));
    let code = match command {
        Some((_, run)) => run(&words[1..]),
        None => {
            let names: Vec<&str> = COMMANDS.iter().map(|(name, _)| *name).collect();
            eprintln!("usage: fusebox-drill COMMAND; the commands are: {}", names.join(", "));
            2
        }
    };
    std::process::exit(code);
}
