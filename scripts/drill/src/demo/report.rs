//! One HTML file that needs nothing else, and `report.json`: a chapter an incident.

pub mod cascade;
pub mod crash;
mod figures;
pub mod flows;
pub mod survey;
mod tables;

use super::chart::escaped;
use super::record::Run;
use serde_json::{json, Value};
use std::fmt::Write;

/// What the report needs to know beside the runs.
pub struct Setting {
    /// Of the collateral, for people.
    pub unit: &'static str,
    /// What was deployed and how it was set, one sentence each.
    pub facts: Vec<String>,
    /// Thresholds of the breaker in bps and their names.
    pub thresholds: Vec<(f64, String)>,
    /// The lowest price and its time.
    pub low: (u64, f64),
}

/// An incident in the report.
pub struct Chapter {
    /// For links.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it was and how much was replayed.
    pub subtitle: String,
    /// The sentence that matters most.
    pub verdict: String,
    /// HTML.
    pub body: String,
    /// Sources and licences.
    pub citations: Vec<String>,
    /// The element of `report.json`.
    pub json: Value,
}

/// A run as `report.json` has it.
fn of_run(name: String, run: &Run) -> Value {
    let (detected, contained, resolved) = run.times();
    json!({
        "name": name,
        "tiers": run.tiers,
        "loss": cents(run.totals.loss),
        "bad_debt": cents(run.totals.bad_debt),
        "liquidations": run.totals.liquidations,
        "refused": run.totals.refused,
        "detected": detected,
        "contained": contained,
        "resolved": resolved,
        "strikes": run.strikes,
        "minutes": run.samples.len(),
        "totals": run.totals,
        "refusals": run.refusals,
        "journal": run.journal,
        "events": run.events,
        "transactions": run.transactions,
        "gas": run.gas,
    })
}

/// The page.
pub fn html(chapters: &[Chapter]) -> String {
    let title = match chapters {
        [only] => only.title.clone(),
        _ => format!("{} incidents", chapters.len()),
    };
    let mut body = String::new();
    if chapters.len() > 1 {
        contents(&mut body, chapters);
    }
    for chapter in chapters {
        let _ = writeln!(
            body,
            "<section id=\"{}\">\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n{}\n<p class=\"sources\">Sources and licences: {}</p>\n</section>",
            escaped(&chapter.name),
            escaped(&chapter.title),
            escaped(&chapter.subtitle),
            chapter.body,
            chapter.citations.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br>")
        );
    }
    include_str!("report.html").replace("{{title}}", &escaped(&title)).replace("{{body}}", &body)
}

/// Each incident in one sentence, with a link to it.
fn contents(out: &mut String, chapters: &[Chapter]) {
    out.push_str("<nav class=\"cards wide\">\n");
    for chapter in chapters {
        let _ = writeln!(
            out,
            "<a class=\"card\" href=\"#{}\"><h3>{}</h3><p>{}</p></a>",
            escaped(&chapter.name),
            escaped(&chapter.title),
            escaped(&chapter.verdict)
        );
    }
    out.push_str("</nav>\n");
}

/// With two decimals.
pub fn cents(value: f64) -> f64 {
    let rounded = (value * 100.0).round() / 100.0;
    if rounded == 0.0 {
        0.0 // not minus zero
    } else {
        rounded
    }
}

fn section(out: &mut String, title: &str, lead: &str) {
    let _ = writeln!(out, "<h2>{}</h2>\n<p>{}</p>", escaped(title), escaped(lead));
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    let _ = writeln!(out, "<h2>{}</h2>\n<ul>", escaped(title));
    for line in lines {
        let _ = writeln!(out, "<li>{}</li>", escaped(line));
    }
    out.push_str("</ul>\n");
}
