//! `cargo xtask demo`: real incidents replayed against the compiled contracts, with the breakers and without.

mod actors;
mod chart;
mod data;
mod facts;
mod ground;
mod incident;
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

use ground::Contracts;
use incident::Incident;
use options::Options;
use report::{Chapter, Setting};
use stage::Played;
use std::time::Instant;
use survey::Question;
use verdict::Runs;

/// An incident as it is asked for: one replay, or several records with one question.
struct Case {
    name: String,
    title: String,
    question: Option<Question>,
    parts: Vec<Incident>,
}

/// Runs the demo; the answer is the exit code: 2 for input that cannot be used, 1 for a run that failed.
pub fn run(args: &[String]) -> i32 {
    let options = match options::parse(args) {
        Ok(options) => options,
        Err(message) => return complain(&message, 2),
    };
    match cases(&options) {
        Err(message) => complain(&message, 2),
        Ok(cases) => match drill(&options, cases) {
            Ok(()) => 0,
            Err(message) => complain(&message, 1),
        },
    }
}

fn complain(message: &str, code: i32) -> i32 {
    eprintln!("demo: {message}");
    code
}

fn cases(options: &Options) -> Result<Vec<Case>, String> {
    if !options.prices.is_empty() {
        let incident = incident::of_files(&options.prices).map_err(|error| error.to_string())?;
        return Ok(vec![Case::alone(incident)]);
    }
    options.incidents.iter().map(|name| Case::named(name)).collect()
}

impl Case {
    fn alone(incident: Incident) -> Self {
        let (name, title) = (incident.name.clone(), incident.title.clone());
        Self { name, title, question: None, parts: vec![incident] }
    }

    fn named(name: &str) -> Result<Self, String> {
        let mut parts = incident::catalogue::parts(name)?;
        let (question, title) = match name {
            "quiet" => (Question::Quiet, "Quiet: ten months of ETH, three weeks of BUSD"),
            "storms" => (Question::Storms, "Storms: four crises of Bitcoin"),
            _ => return parts.pop().map(Self::alone).ok_or_else(|| format!("{name} has no record")),
        };
        Ok(Self { name: name.into(), title: title.into(), question: Some(question), parts })
    }
}

fn drill(options: &Options, cases: Vec<Case>) -> Result<(), String> {
    let started = Instant::now();
    let contracts = Contracts::read(&options.contracts)?;
    std::fs::create_dir_all(&options.out).map_err(|error| format!("{}: {error}", options.out.display()))?;
    let incidents: Vec<&Incident> = cases.iter().flat_map(|case| &case.parts).collect();
    for incident in &incidents {
        println!("Replaying {}: {} days", incident.title, (incident.until - incident.from) / 86_400);
    }
    let mut played = stage::play(&incidents, &contracts)?.into_iter();
    let mut chapters = Vec::new();
    for case in &cases {
        let runs: Vec<Played> = played.by_ref().take(case.parts.len()).collect();
        chapters.push(chapter(case, runs, &contracts)?);
    }
    let page = write(options, "report.html", &report::html(&chapters))?;
    let elements: Vec<_> = chapters.into_iter().map(|chapter| chapter.json).collect();
    let json = serde_json::to_string_pretty(&elements).map_err(|error| error.to_string())?;
    let data = write(options, "report.json", &json)?;
    println!("\n{page}\n{data}\n{:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Prints an incident, and makes its part of the report.
fn chapter(case: &Case, played: Vec<Played>, contracts: &Contracts) -> Result<Chapter, String> {
    if let Some(question) = case.question {
        let parts: Vec<(&Incident, &Played)> = case.parts.iter().zip(&played).collect();
        print!("{}", survey::text(&case.title, &parts, question));
        let facts = parts.iter().flat_map(|(incident, _)| facts::facts(incident, contracts)).collect();
        return Ok(report::survey::chapter(&case.name, &case.title, &parts, question, facts));
    }
    let (Some(incident), Some(Played { on, unpaused, off })) = (case.parts.first(), played.into_iter().next()) else {
        return Err(format!("{}: nothing was replayed", case.title));
    };
    let missing = || format!("{}: a run is missing", case.title);
    let runs = Runs { on, unpaused: unpaused.ok_or_else(missing)?, off: off.ok_or_else(missing)? };
    let setting = Setting {
        unit: "USDC",
        facts: facts::facts(incident, contracts),
        thresholds: setup::thresholds(incident.is_sole()),
        low: runs.low(),
    };
    print!("{}", timeline::text(incident, &runs, &setting, timeline::Paint::detect()));
    Ok(report::crash::chapter(incident, &runs, &setting))
}

fn write(options: &Options, name: &str, text: &str) -> Result<String, String> {
    let path = options.out.join(name);
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path.display().to_string())
}
