//! `cargo xtask demo`: real incidents replayed against the compiled contracts, with the breakers and without.

mod actors;
mod cascade;
mod case;
mod chart;
mod data;
mod facts;
mod flows;
mod ground;
mod incident;
mod leverage;
mod margin;
mod multisig;
mod options;
mod perp;
mod record;
mod replay;
mod report;
mod setup;
mod stage;
mod survey;
#[cfg(test)]
mod tests;
mod timeline;
mod verdict;

use case::Case;
use facts::House;
use ground::Contracts;
use options::Options;
use std::time::Instant;

/// Runs the demo; the answer is the exit code: 2 for input that cannot be used, 1 for a run that failed.
pub fn run(args: &[String]) -> i32 {
    let options = match options::parse(args) {
        Ok(options) => options,
        Err(message) => return complain(&message, 2),
    };
    match case::cases(&options) {
        Err(message) => complain(&message, 2),
        Ok(_) if options.check => 0,
        Ok(cases) => match drill(&options, &cases) {
            Ok(()) => 0,
            Err(message) => complain(&message, 1),
        },
    }
}

fn complain(message: &str, code: i32) -> i32 {
    eprintln!("demo: {message}");
    code
}

fn drill(options: &Options, cases: &[Case]) -> Result<(), String> {
    let started = Instant::now();
    let contracts = Contracts::read(&options.contracts)?;
    std::fs::create_dir_all(&options.out).map_err(|error| format!("{}: {error}", options.out.display()))?;
    let safe = multisig::fetch(&options.contracts);
    let house = House { contracts: &contracts, multisigs: multisig::describe(&safe), safe: safe.as_ref().ok() };
    println!("{}", house.multisigs);
    for case in cases {
        println!("Replaying {}", case.title);
    }
    let chapters = case::chapters(cases, &house)?;
    let page = write(options, "report.html", &report::html(&chapters))?;
    let elements: Vec<_> = chapters.into_iter().map(|chapter| chapter.json).collect();
    let json = serde_json::to_string_pretty(&elements).map_err(|error| error.to_string())?;
    let data = write(options, "report.json", &json)?;
    println!("\n{page}\n{data}\n{:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn write(options: &Options, name: &str, text: &str) -> Result<String, String> {
    let path = options.out.join(name);
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path.display().to_string())
}
