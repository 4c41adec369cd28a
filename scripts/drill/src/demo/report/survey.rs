//! Several records with one question: a table, a chart each, what tripped and the journal's words.

use super::figures::{figure, overview};
use super::tables::{grid, journal, refusals, tiers};
use super::{list, of_run, section, Chapter};
use crate::demo::chart::escaped;
use crate::demo::facts;
use crate::demo::incident::Incident;
use crate::demo::record::{clock, money, Kind};
use crate::demo::stage::Played;
use crate::demo::survey::{cells, head, limits, line, sentences, Line, Question};
use serde_json::{json, Value};
use std::fmt::Write;

/// The chapter.
pub fn chapter(
    name: &str,
    title: &str,
    parts: &[(&Incident, &Played)],
    question: Question,
    mut facts: Vec<String>,
) -> Chapter {
    let lines: Vec<Line> = parts.iter().map(|(incident, played)| line(incident, played)).collect();
    let findings = sentences(&lines, question);
    facts = in_order(facts);
    let mut citations: Vec<String> = parts.iter().flat_map(|(incident, _)| incident.citations.clone()).collect();
    citations = in_order(citations);
    let mut body = String::new();
    list(&mut body, "What it comes to", &findings);
    section(
        &mut body,
        "Record by record",
        match question {
            Question::Quiet => "How often each tier was entered and for how long; minutes in which a real call was refused: one that opens a position, and any other.",
            Question::Storms => "How often each tier was entered and for how long; minutes in which a real call was refused: one that opens, one that closes, one that liquidates. Liquidated and bad debt with breakers / without.",
        },
    );
    let rows: Vec<(String, Vec<String>)> =
        lines.iter().map(|line| (line.title.clone(), cells(line, question))).collect();
    grid(&mut body, &head(question), &rows);
    for sampled in in_order(parts.iter().map(|(incident, _)| facts::sampled(incident)).collect()) {
        let _ = writeln!(body, "<p class=\"lead\">{}</p>", escaped(&sampled));
    }
    for (incident, played) in parts {
        let from_to =
            format!("{} UTC to {} UTC. {}", clock(incident.from), clock(incident.until), incident.assumed.join(" "));
        section(&mut body, &incident.title, &from_to);
        figure(&mut body, &overview(&played.on, (incident.from, incident.until)), None, incident);
        tiers(&mut body, &played.on);
        journal(&mut body, &played.on);
        refusals(&mut body, &played.on);
    }
    list(&mut body, "What this cannot show", &limits());
    let _ = writeln!(body, "<details><summary>How it was set up</summary>");
    let items: String = facts.iter().map(|fact| format!("<li>{}</li>\n", escaped(fact))).collect();
    let _ = writeln!(body, "<ul>{items}</ul></details>");
    let runs = || parts.iter().flat_map(|(_, played)| [Some(&played.on), played.off.as_ref()]).flatten();
    let subtitle = format!(
        "{} records, replayed against the compiled contracts on a Stylus engine in one process: {} transactions, {} million gas.",
        parts.len(),
        money(runs().map(|run| run.transactions as f64).sum()),
        money(runs().map(|run| run.gas as f64).sum::<f64>() / 1e6)
    );
    Chapter {
        name: name.into(),
        title: title.into(),
        subtitle,
        verdict: findings.first().cloned().unwrap_or_default(),
        body,
        json: element(name, title, parts, &findings, &facts, &citations),
        citations,
    }
}

fn element(
    name: &str,
    title: &str,
    parts: &[(&Incident, &Played)],
    findings: &[String],
    facts: &[String],
    citations: &[String],
) -> Value {
    let mut runs = Vec::new();
    for (incident, played) in parts {
        for run in [Some(&played.on), played.off.as_ref()].into_iter().flatten() {
            let mut told = run.clone();
            told.events.retain(|event| !matches!(event.kind, Kind::Trade | Kind::Informed)); // ten thousand trades say nothing
            runs.push(of_run(format!("{}: {}", incident.name, run.name), &told));
        }
    }
    json!({
        "incident": name,
        "title": title,
        "from": parts.iter().map(|(incident, _)| incident.from).min(),
        "until": parts.iter().map(|(incident, _)| incident.until).max(),
        "unit": "USDC",
        "sources": citations,
        "facts": facts,
        "findings": findings,
        "limits": limits(),
        "runs": runs,
    })
}

/// Each line once, where it comes first.
fn in_order(lines: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for line in lines {
        if !out.contains(&line) {
            out.push(line);
        }
    }
    out
}
