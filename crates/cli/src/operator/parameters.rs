//! The parameter table by name: what each number means, its unit, its bounds and which way tightens.

use fusebox_authority::types::{table::Direction, Row};
use perp::table::TABLE;

/// Number, name and unit of every parameter.
const NAMES: [(u16, &str, &str); 52] = [
    (0x0100, "delay-parameters", "seconds"),
    (0x0101, "delay-roles", "seconds"),
    (0x0102, "delay-upgrades", "seconds"),
    (0x0103, "delay-escrow", "seconds"),
    (0x0200, "guarded-bps", "basis points"),
    (0x0201, "reduce-only-bps", "basis points"),
    (0x0202, "halted-bps", "basis points"),
    (0x0203, "velocity-log-bps", "basis points of the logarithm"),
    (0x0204, "max-confidence-bps", "basis points"),
    (0x0205, "tau-secs", "seconds"),
    (0x0206, "cap-bps-per-sec", "basis points a second"),
    (0x0207, "debounce-secs", "seconds"),
    (0x0208, "guarded-mins", "minutes"),
    (0x0209, "reduce-only-mins", "minutes"),
    (0x020a, "halted-mins", "minutes"),
    (0x020b, "window-mins", "minutes"),
    (0x020c, "hard-end-mins", "minutes"),
    (0x020d, "clean-secs", "seconds"),
    (0x020e, "clean-samples", "samples"),
    (0x0280, "max-age-0", "seconds"),
    (0x0281, "max-age-1", "seconds"),
    (0x0282, "max-age-2", "seconds"),
    (0x0283, "max-age-3", "seconds"),
    (0x0284, "max-age-4", "seconds"),
    (0x0300, "limit-floor", "units of the bucket"),
    (0x0301, "limit-share-bps", "basis points of the base"),
    (0x0302, "limit-window-mins", "minutes"),
    (0x0303, "limit-small-bps", "basis points"),
    (0x0304, "limit-policy", "0 refuse, 1 ticket, 2 trip"),
    (0x0500, "base-bps", "basis points of notional"),
    (0x0501, "interest-start-bps", "basis points of the cap"),
    (0x0502, "interest-margin-bps", "basis points of notional"),
    (0x0503, "size-start-bps", "basis points of the cap"),
    (0x0504, "size-margin-bps", "basis points of notional"),
    (0x0505, "z-hundredths", "hundredths of a standard deviation"),
    (0x0506, "horizon-mins", "minutes"),
    (0x0507, "guarded-factor-bps", "basis points"),
    (0x0508, "ratchet-bps", "basis points a day"),
    (0x0509, "interest-share-bps", "basis points of the pool"),
    (0x050a, "fee-bps", "basis points of notional"),
    (0x050b, "warmup-mins", "minutes"),
    (0x050c, "min-margin", "units of the token"),
    (0x050d, "position-cap", "units of the token"),
    (0x050e, "interest-cap", "units of the token"),
    (0x050f, "maintenance-bps", "basis points of notional"),
    (0x0510, "penalty-bps", "basis points of notional"),
    (0x0511, "dust", "units of the token"),
    (0x0512, "ramp-secs", "seconds"),
    (0x0513, "bounty", "units of the token"),
    (0x0514, "buffer-bps", "basis points of the pool"),
    (0x0515, "deleverage-at-bps", "basis points of the pool"),
    (0x0516, "deleverage-to-bps", "basis points of the pool"),
];

// A row that is added to the table has to be named above: this stops the build until it is.
const _: () = {
    let mut at = 0;
    while at < TABLE.len() {
        assert!(NAMES.len() == TABLE.len() && NAMES[at].0 == TABLE[at].id, "a parameter has no name here");
        at += 1;
    }
};

/// A parameter by its name or its number, `base-bps` or `0x0500`.
pub fn parse(text: &str) -> Result<u16, String> {
    let wanted = text.to_lowercase().replace('_', "-");
    let number = wanted.strip_prefix("0x").and_then(|digits| u16::from_str_radix(digits, 16).ok());
    if let Some(number) = number.or_else(|| wanted.parse().ok()) {
        return Ok(number);
    }
    let found = NAMES.iter().find(|(_, name, _)| *name == wanted);
    found.map(|(id, _, _)| *id).ok_or_else(|| {
        let near: Vec<&str> = NAMES
            .iter()
            .map(|(_, name, _)| *name)
            .filter(|name| name.contains(&wanted) || wanted.contains(name))
            .collect();
        match near.is_empty() {
            true => format!("{text:?} is no parameter; `fusebox set --help` lists them"),
            false => format!("{text:?} is no parameter; did you mean {}?", near.join(", ")),
        }
    })
}

/// A parameter as people read it.
pub fn show(id: u16) -> String {
    let known = NAMES.iter().find(|(of, _, _)| *of == id);
    known.map_or_else(|| format!("{id:#06x}"), |(_, name, _)| format!("{name} ({id:#06x})"))
}

/// The unit of a parameter.
pub fn unit(id: u16) -> &'static str {
    NAMES.iter().find(|(of, _, _)| *of == id).map_or("", |(_, _, unit)| *unit)
}

/// The row of a parameter.
pub fn row(id: u16) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.id == id)
}

/// The table as text, for the help of `set`.
pub fn table() -> String {
    let mut out = String::from("Parameters (number, name, bounds, unit; which way tightens):\n");
    for ((id, name, unit), row) in NAMES.iter().zip(&TABLE) {
        let way = match row.direction {
            Direction::UpTightens => "up tightens",
            Direction::DownTightens => "down tightens",
            Direction::Contested => "either way waits",
        };
        let bounds = format!("{}..={}", row.min, row.max);
        let bounds = if bounds.len() > 22 { format!("{}..", row.min) } else { bounds };
        out.push_str(&format!("  {id:#06x}  {name:<20} {bounds:<22} {unit}; {way}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_by_name_and_number() {
        assert_eq!(parse("base-bps"), Ok(0x0500));
        assert_eq!(parse("Base_Bps"), Ok(0x0500));
        assert_eq!(parse("0x0301"), Ok(0x0301));
        assert_eq!(parse("769"), Ok(0x0301));
        assert!(parse("base").unwrap_err().contains("did you mean base-bps"));
        assert_eq!(show(0x0500), "base-bps (0x0500)");
        assert_eq!(show(0x0999), "0x0999");
        assert!(table().contains("0x0500  base-bps"));
    }
}
