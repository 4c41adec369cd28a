//! The tables of the report.

use super::figures::style_of;
use crate::demo::chart::escaped;
use crate::demo::record::{clock, date, hour, money, span, Event, Journaled, Kind, Run};
use crate::demo::verdict::Row;
use std::fmt::Write;

pub(super) fn table(out: &mut String, rows: &[Row]) {
    out.push_str("<div class=\"scroll\"><table><thead><tr><th></th><th class=\"n\">breakers on</th><th class=\"n\">on, and a guardian pauses</th><th class=\"n\">breakers off</th><th class=\"n\">on against off</th></tr></thead><tbody>\n");
    for row in rows {
        let difference = row.unpaused - row.off;
        let style = match difference * f64::from(row.good) {
            d if d >= 0.5 => "good",
            d if d <= -0.5 => "bad",
            _ => "even",
        };
        let sign = if difference >= 0.5 { "+" } else { "" };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n {style}\">{sign}{}</td></tr>",
            escaped(row.label),
            money(row.unpaused),
            money(row.on),
            money(row.off),
            money(difference)
        );
    }
    out.push_str("</tbody></table></div>\n");
}

/// A table of text, the first column to the left and the others to the right.
pub(super) fn grid(out: &mut String, head: &[&str], rows: &[(String, Vec<String>)]) {
    let cell = |tag: &str, text: &str| format!("<{tag} class=\"n\">{}</{tag}>", escaped(text));
    let head: String = head.iter().map(|text| cell("th", text)).collect();
    let _ =
        writeln!(out, "<div class=\"scroll\"><table class=\"tight\"><thead><tr><th></th>{head}</tr></thead><tbody>");
    for (title, cells) in rows {
        let cells: String = cells.iter().map(|text| cell("td", text)).collect();
        let _ = writeln!(out, "<tr><td class=\"t\">{}</td>{cells}</tr>", escaped(title));
    }
    out.push_str("</tbody></table></div>\n");
}

pub(super) fn tiers(out: &mut String, run: &Run) {
    if run.tiers.is_empty() {
        out.push_str("<p>Nothing tripped.</p>\n");
        return;
    }
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>tier</th><th>from</th><th>until</th><th class=\"n\">for</th><th>why</th></tr></thead><tbody>\n");
    for tier in &run.tiers {
        let _ = writeln!(
            out,
            "<tr><td><span class=\"tag {}\">{}</span></td><td class=\"t\">{}</td><td class=\"t\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            style_of(&tier.tier),
            tier.tier,
            clock(tier.from),
            clock(tier.until),
            span(tier.until - tier.from),
            escaped(&tier.why)
        );
    }
    out.push_str("</tbody></table></div>\n");
}

pub(super) fn journal(out: &mut String, run: &Run) {
    journal_of(out, &run.journal);
}

pub(super) fn journal_of(out: &mut String, journal: &[Journaled]) {
    if journal.is_empty() {
        return;
    }
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>incident</th><th>scope</th><th>cause</th><th>highest tier</th><th>first sign</th><th>detected</th><th>contained</th><th>resolved</th></tr></thead><tbody>\n");
    for incident in journal {
        let scope = if incident.scope == 0 { "protocol".into() } else { format!("market {}", incident.scope) };
        let after = |time: Option<u64>| {
            time.map_or("not within the data".into(), |at| {
                format!("{} (after {})", clock(at), span(at.saturating_sub(incident.detected)))
            })
        };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{scope}</td><td>{}</td><td><span class=\"tag {}\">{}</span></td><td class=\"t\">{}</td><td class=\"t\">{}</td><td>{}</td><td>{}</td></tr>",
            incident.id,
            escaped(&incident.cause),
            style_of(&incident.tier),
            incident.tier,
            clock(incident.anomaly),
            clock(incident.detected),
            after(incident.contained),
            after(incident.resolved)
        );
    }
    out.push_str("</tbody></table></div>\n");
}

pub(super) fn refusals(out: &mut String, run: &Run) {
    if run.refusals.is_empty() {
        return;
    }
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>asked for</th><th>answer of the contract</th><th class=\"n\">times</th></tr></thead><tbody>\n");
    for refusal in &run.refusals {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td></tr>",
            escaped(&refusal.action),
            escaped(&refusal.error),
            refusal.count
        );
    }
    out.push_str("</tbody></table></div>\n");
}

pub(super) fn events(out: &mut String, run: &Run) {
    let important = |event: &&Event| !matches!(event.kind, Kind::Trade | Kind::Informed);
    let rows = |out: &mut String, events: &mut dyn Iterator<Item = &Event>| {
        let mut day = 0;
        out.push_str("<div class=\"scroll\"><table><tbody>\n");
        for event in events {
            let (number, month) = date(event.time);
            let label = if number == day { hour(event.time) } else { format!("{number} {month} {}", hour(event.time)) };
            day = number;
            let _ = writeln!(out, "<tr><td class=\"t n\">{label}</td><td>{}</td></tr>", escaped(&event.text));
        }
        out.push_str("</tbody></table></div>\n");
    };
    rows(out, &mut run.events.iter().filter(important));
    let _ = writeln!(out, "<details><summary>Every trade of it ({} lines)</summary>", run.events.len());
    rows(out, &mut run.events.iter());
    out.push_str("</details>\n");
}
