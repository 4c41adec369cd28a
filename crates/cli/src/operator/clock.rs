//! Times and durations, read and written.

use super::fault::{Fault, Outcome};

/// A second no clock reaches: what has no end.
pub const ENDLESS: u64 = (1 << 40) - 2;

/// Year, month and day of a number of days since 1970.
///
/// Source: the proleptic Gregorian calendar has 146,097 days in 400 years.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468; // since 1 March of the year 0
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (of_month, month) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    (year + era * 400 + u64::from(month <= 2), month, of_month)
}

/// A second since 1970 as people write it, in UTC.
pub fn utc(at: u64) -> String {
    let (year, month, day) = date(at / 86_400);
    let second = at % 86_400;
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", second / 3_600, second / 60 % 60, second % 60)
}

/// A time and how far away it is.
pub fn when(at: u64, now: u64) -> String {
    match at {
        0 => "never".to_owned(),
        ENDLESS.. => "without end".to_owned(),
        _ if at > now => format!("{} (in {})", utc(at), span(at - now)),
        _ if at == now => format!("{} (now)", utc(at)),
        _ => format!("{} ({} ago)", utc(at), span(now - at)),
    }
}

/// A duration in its two largest units.
pub fn span(secs: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut left = secs;
    let mut parts = Vec::new();
    for (size, unit) in units {
        if left >= size && parts.len() < 2 {
            parts.push(format!("{} {unit}", left / size));
            left %= size;
        }
    }
    match parts.is_empty() {
        true => "0 s".to_owned(),
        false => parts.join(" "),
    }
}

/// A duration such as `90s`, `30m`, `4h`, `7d`, or a number of seconds.
pub fn parse_span(text: &str) -> Result<u64, String> {
    let bad = || format!("{text:?} is no duration: write 90s, 30m, 4h or 7d");
    let (digits, factor) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(digits) => (
            digits,
            match text.as_bytes().last() {
                Some(b'm') => 60,
                Some(b'h') => 3_600,
                Some(b'd') => 86_400,
                _ => 1,
            },
        ),
        None => (text, 1u64),
    };
    digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(bad)
}

/// A time: `+4h` from now, or a second since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// So many seconds from now.
    In(u64),
    /// A second since 1970.
    At(u64),
}

impl Until {
    /// The second.
    ///
    /// Errors: one that is over.
    pub fn resolve(self, now: u64) -> Outcome<u64> {
        let at = match self {
            Self::In(secs) => now.saturating_add(secs),
            Self::At(at) => at,
        };
        if at <= now {
            return Err(Fault::Usage(format!("{} is not after now, {}", utc(at), utc(now))));
        }
        Ok(at)
    }
}

/// Reads a time.
pub fn parse_until(text: &str) -> Result<Until, String> {
    if let Some(rest) = text.strip_prefix('+') {
        return parse_span(rest).map(Until::In);
    }
    text.parse()
        .map(Until::At)
        .map_err(|_| format!("{text:?} is no time: write +4h for four hours from now, or a second since 1970"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_the_calendar_s() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_700_000_000), "2023-11-14 22:13:20 UTC");
        assert_eq!(utc(4_107_542_399), "2100-02-28 23:59:59 UTC");
        assert_eq!(utc(4_107_542_400), "2100-03-01 00:00:00 UTC");
    }

    #[test]
    fn durations_are_read_as_they_are_written() {
        assert_eq!(parse_span("7d"), Ok(604_800));
        assert_eq!(parse_span("90"), Ok(90));
        assert_eq!(span(604_800 + 3_600 + 1), "7 d 1 h");
        assert_eq!(span(61), "1 min 1 s");
        assert!(parse_span("4w").is_err());
        assert!(parse_span("99999999999999999d").is_err());
        assert_eq!(parse_until("+4h"), Ok(Until::In(14_400)));
        assert!(Until::At(10).resolve(10).is_err());
        assert_eq!(Until::In(1).resolve(10).unwrap(), 11);
    }
}
