//! `cargo xtask demo`: a real crash replayed against the compiled contracts, with the breakers and without.

mod actors;
mod chart;
mod data;
mod ground;
mod incident;
mod options;
mod perp;
mod record;
mod replay;
mod report;
mod setup;
#[cfg(test)]
mod tests;
mod timeline;
mod verdict;

use ground::{Contracts, Settings};
use incident::Incident;
use options::Options;
use record::Run;
use replay::Replay;
use report::Setting;
use std::io::{IsTerminal, Write};
use std::sync::mpsc::{channel, Receiver};
use std::time::Instant;
use verdict::Runs;

/// Runs the demo; the answer is the exit code: 2 for input that cannot be used, 1 for a run that failed.
pub fn run(args: &[String]) -> i32 {
    let options = match options::parse(args) {
        Ok(options) => options,
        Err(message) => return complain(&message, 2),
    };
    let incident = if options.prices.is_empty() { incident::eth_2023() } else { incident::of_files(&options.prices) };
    match incident {
        Err(error) => complain(&error.to_string(), 2),
        Ok(incident) => match drill(&options, &incident) {
            Ok(()) => 0,
            Err(message) => complain(&message, 1),
        },
    }
}

fn complain(message: &str, code: i32) -> i32 {
    eprintln!("demo: {message}");
    code
}

fn drill(options: &Options, incident: &Incident) -> Result<(), String> {
    let started = Instant::now();
    let contracts = Contracts::read(&options.contracts)?;
    std::fs::create_dir_all(&options.out).map_err(|error| format!("{}: {error}", options.out.display()))?;
    let minutes = (incident.until - incident.from) / 60 + 1;
    println!("Replaying {}: {minutes} minutes, with the breakers and without", incident.title);
    let runs = all(incident, &contracts)?;
    let low = lowest(&runs.on);
    let setting =
        Setting { unit: "USDC", facts: ground::facts(incident, &contracts), thresholds: setup::thresholds(), low };
    print!("{}", timeline::text(incident, &runs, &setting, timeline::Paint::detect()));
    let page = write(options, "report.html", &report::html(incident, &runs, &setting))?;
    let json =
        serde_json::to_string_pretty(&report::json(incident, &runs, &setting)).map_err(|error| error.to_string())?;
    let data = write(options, "report.json", &json)?;
    println!("\n{page}\n{data}\n{:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn write(options: &Options, name: &str, text: &str) -> Result<String, String> {
    let path = options.out.join(name);
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path.display().to_string())
}

/// The runs, those with and without breakers side by side; the one without the pause forks off where it begins.
fn all(incident: &Incident, contracts: &Contracts) -> Result<Runs, String> {
    let (told, progress) = channel();
    let told_too = told.clone();
    let (with, without) = std::thread::scope(|scope| {
        let with = scope.spawn(move || {
            let settings = Settings { contracts, breakers: true, guardian: true };
            let replay = Replay::new(incident, "breakers on, a guardian pauses", &settings)?;
            replay.run_both("breakers on", |_| {
                let _ = told.send(()); // nobody listens any more: no reason to stop
            })
        });
        let without = scope.spawn(move || {
            let settings = Settings { contracts, breakers: false, guardian: false };
            Replay::new(incident, "breakers off", &settings)?.run(|_| {
                let _ = told_too.send(()); // as above
            })
        });
        show(&progress, 2 * ((incident.until - incident.from) / 3_600 + 1));
        let broken = "a run broke off";
        (with.join().unwrap_or_else(|_| Err(broken.into())), without.join().unwrap_or_else(|_| Err(broken.into())))
    });
    let (on, unpaused) = with?;
    Ok(Runs { on, unpaused, off: without? })
}

/// Tells how far the runs are: a line that moves on a terminal, a line every fifth elsewhere.
fn show(progress: &Receiver<()>, hours: u64) {
    let live = std::io::stderr().is_terminal();
    let (mut done, mut fifth) = (0, 0);
    while progress.recv().is_ok() {
        done += 1;
        let percent = done * 100 / hours.max(1);
        if live {
            eprint!("\r  {percent:3} %");
            let _ = std::io::stderr().flush(); // a progress line that is late harms nobody
        } else if percent / 20 > fifth {
            fifth = percent / 20;
            eprintln!("  {percent:3} %");
        }
    }
    if live {
        eprint!("\r       \r");
    }
}

fn lowest(run: &Run) -> (u64, f64) {
    let lowest = run.samples.iter().min_by(|a, b| a.spot.total_cmp(&b.spot));
    lowest.map_or((0, f64::NAN), |sample| (sample.time, sample.spot))
}
