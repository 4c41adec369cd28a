//! Withdrawals through the limiter: what left, what waited, what was kept back, over a range of what is assumed.

use super::figures::{drawn, outflow};
use super::tables::{grid, journal_of};
use super::{list, section, Chapter};
use crate::demo::chart::escaped;
use crate::demo::flows::{Fate, Plan, Told};
use crate::demo::record::{clock, money, span};
use serde_json::{json, Value};
use std::fmt::Write;

/// A series of flows, told.
pub struct Series<'a> {
    /// For `report.json`.
    pub name: &'a str,
    /// For people.
    pub title: &'a str,
    /// How it was played and what came of it; the first is the one that is told.
    pub plays: Vec<(&'a Plan, &'a Told)>,
    /// How it was set up.
    pub facts: Vec<String>,
    /// What is assumed.
    pub assumed: Vec<String>,
    /// Source and licence.
    pub citation: String,
}

fn whole(units: u128) -> String {
    money(units as f64 / 1e6)
}

/// What the first play comes to.
pub fn sentences(series: &Series) -> Vec<String> {
    let Some((plan, told)) = series.plays.first() else { return Vec::new() };
    let share = |part: u128| part as f64 * 100.0 / told.asked.max(1) as f64;
    let mut said = vec![format!(
        "Without the limiter {} USDC left; with it {} ({:.1} %): {} at once, {} by tickets that were ready before anybody stepped in.",
        whole(told.asked),
        whole(told.left()),
        share(told.left()),
        whole(told.at_once),
        whole(told.by_ticket)
    )];
    if let Some(freeze) = plan.freeze {
        said.push(format!(
            "{} tickets over {} USDC ({:.1} %) waited until the Council held them at {}; {} requests over {} USDC ({:.1} %) were refused, since their tickets would have taken too long or were above the capacity.",
            told.held_tickets,
            whole(told.held),
            share(told.held),
            clock(freeze),
            told.refused_count,
            whole(told.refused),
            share(told.refused)
        ));
        said.push(format!(
            "While they were held, proposals of Governance moved them to escrow (48 h); when the holds ended {} USDC were paid there.",
            whole(told.escrowed)
        ));
    } else {
        said.push(format!(
            "{} requests over {} USDC ({:.1} %) were refused, since their tickets would have taken too long or were above the capacity.",
            told.refused_count,
            whole(told.refused),
            share(told.refused)
        ));
    }
    for honest in &plan.honest {
        let fate = match told.waited(honest.account) {
            (Some(0), _) => "was paid at once".into(),
            (Some(secs), 1) => format!("got a ticket that was ready after {}", span(secs)),
            (Some(secs), asked) => format!(
                "was refused {} and then got a ticket, ready {} after he first asked",
                times(asked - 1),
                span(secs)
            ),
            (None, asked) => format!("was refused {}, and had no ticket when it was looked at last", times(asked)),
        };
        said.push(format!("In the middle of it {} {fate}.", honest.name));
    }
    said
}

fn times(count: usize) -> String {
    if count == 1 {
        "once".into()
    } else {
        format!("{count} times")
    }
}

const HEAD: [&str; 8] = [
    "asked for",
    "left at once",
    "left by ticket",
    "held",
    "refused",
    "still waiting",
    "left in all",
    "honest people waited",
];

fn cells(plan: &Plan, told: &Told) -> Vec<String> {
    let honest: Vec<String> = plan
        .honest
        .iter()
        .map(|honest| match told.waited(honest.account).0 {
            None => "refused".into(),
            Some(0) => "-".into(),
            Some(secs) => span(secs),
        })
        .collect();
    let percent = told.left() as f64 * 100.0 / told.asked.max(1) as f64;
    vec![
        whole(told.asked),
        whole(told.at_once),
        whole(told.by_ticket),
        whole(told.held),
        whole(told.refused),
        whole(told.waiting()),
        format!("{percent:.1} %"),
        honest.join(" / "),
    ]
}

fn limits() -> Vec<String> {
    vec![
        "The amounts, their order and who took them are the record's; everything else is assumed as said, and people who take would have behaved otherwise in front of a limiter.".into(),
        "Which tickets are a thief's is known from the record here; a Council has to find out, with at most 72 h for it.".into(),
    ]
}

/// For a terminal.
pub fn text(series: &Series) -> String {
    let mut out = format!("\n{}\n", series.title);
    for said in &series.assumed {
        let _ = writeln!(out, "  {said}");
    }
    for (plan, told) in &series.plays {
        let _ = writeln!(out, "\n  {}", plan.name);
        for (name, cell) in HEAD.iter().zip(cells(plan, told)) {
            let _ = writeln!(out, "    {name:22} {cell}");
        }
    }
    let _ = writeln!(out, "\nWhat it comes to");
    for line in sentences(series) {
        let _ = writeln!(out, "  {line}");
    }
    out
}

/// The chapter.
pub fn chapter(series: &Series) -> Chapter {
    let findings = sentences(series);
    let mut body = String::new();
    if let Some((plan, told)) = series.plays.first() {
        cards(&mut body, told);
        list(&mut body, "What it comes to", &findings);
        section(
            &mut body,
            "What left",
            "Sums since the first withdrawal, in USDC: without the limiter, with it, and what waits in tickets.",
        );
        drawn(&mut body, &outflow(plan, told), None, &series.citation);
        if series.plays.len() > 1 {
            section(&mut body, "Over the range of what is assumed", "One assumption changed at a time; USDC.");
            let rows: Vec<(String, Vec<String>)> =
                series.plays.iter().map(|(plan, told)| (plan.name.clone(), cells(plan, told))).collect();
            grid(&mut body, &HEAD, &rows);
        }
        section(&mut body, "The contract's journal", "Times are UTC.");
        journal_of(&mut body, &told.journal);
    }
    list(&mut body, "What is assumed", &series.assumed);
    list(&mut body, "What this cannot show", &limits());
    let items: String = series.facts.iter().map(|fact| format!("<li>{}</li>\n", escaped(fact))).collect();
    let _ = writeln!(body, "<details><summary>How it was set up</summary><ul>{items}</ul></details>");
    let (transactions, gas) =
        series.plays.iter().fold((0, 0), |(a, b), (_, told)| (a + told.spent.0, b + told.spent.1));
    Chapter {
        name: series.name.into(),
        title: series.title.into(),
        subtitle: format!(
            "{} withdrawals through the compiled contracts on a Stylus engine in one process, {} times over: {} transactions, {} million gas.",
            series.plays.first().map_or(0, |(plan, _)| plan.flows.len()),
            series.plays.len(),
            money(transactions as f64),
            money(gas as f64 / 1e6)
        ),
        verdict: findings.first().cloned().unwrap_or_default(),
        body,
        citations: vec![series.citation.clone()],
        json: element(series, &findings),
    }
}

/// The figures that matter most.
fn cards(out: &mut String, told: &Told) {
    out.push_str("<div class=\"cards\">\n");
    let cards = [
        ("Left without the limiter", told.asked),
        ("Left with it", told.left()),
        ("Held in tickets", told.held),
        ("Refused", told.refused),
    ];
    for (title, units) in cards {
        let percent = units as f64 * 100.0 / told.asked.max(1) as f64;
        let _ = writeln!(
            out,
            "<div class=\"card\"><h3>{title}</h3><div class=\"pair\"><span>USDC</span><b>{}</b></div><div class=\"diff even\">{percent:.1} % of what was asked for</div></div>",
            whole(units)
        );
    }
    out.push_str("</div>\n");
}

fn element(series: &Series, findings: &[String]) -> Value {
    let runs: Vec<Value> = series.plays.iter().map(|(plan, told)| run(plan, told)).collect();
    let flows = || series.plays.first().into_iter().flat_map(|(plan, _)| &plan.flows);
    json!({
        "incident": series.name,
        "title": series.title,
        "from": flows().map(|flow| flow.time).min(),
        "until": flows().map(|flow| flow.time).max(),
        "unit": "USDC",
        "sources": [series.citation],
        "facts": series.facts,
        "assumed": series.assumed,
        "findings": findings,
        "limits": limits(),
        "runs": runs,
    })
}

fn run(plan: &Plan, told: &Told) -> Value {
    let units = |value: u128| super::cents(value as f64 / 1e6);
    let incident = told.journal.first();
    let honest: Vec<Value> =
        plan.honest.iter().map(|honest| json!({"name": honest.name, "waited": told.waited(honest.account).0, "asked": told.waited(honest.account).1})).collect();
    let waits = |(_, fate): &&(_, Fate)| matches!(fate, Fate::Waits { .. });
    json!({
        "name": plan.name,
        "tiers": [],
        "loss": units(told.left()),
        "bad_debt": 0,
        "liquidations": 0,
        "refused": told.refused_count,
        "detected": incident.map(|incident| incident.detected),
        "contained": incident.and_then(|incident| incident.contained),
        "resolved": incident.and_then(|incident| incident.resolved),
        "liquidity": units(plan.liquidity),
        "frozen": plan.freeze,
        "asked": units(told.asked),
        "at_once": units(told.at_once),
        "by_ticket": units(told.by_ticket),
        "held": units(told.held),
        "held_tickets": told.held_tickets,
        "escrowed": units(told.escrowed),
        "tickets": told.fates.iter().filter(waits).count(),
        "refused_amount": units(told.refused),
        "waiting": units(told.waiting()),
        "errors": told.errors,
        "honest": honest,
        "journal": told.journal,
        "transactions": told.spent.0,
        "gas": told.spent.1,
    })
}
