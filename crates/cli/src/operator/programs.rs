//! The programs of the protocol: their names, and where they are.

use super::{fault::Outcome, remote::Remote};
use alloy_primitives::Address;
use perp::program;

/// The program that users call.
pub const HOT: &str = "perp";

/// The further programs by their numbers, which is the order of the constructor. A name is that of the program's wasm.
const FURTHER: [(u64, &str); 24] = [
    (program::POOL, "perp-pool"),
    (program::ORACLE, "perp-oracle"),
    (program::KEEPER, "perp-keeper"),
    (program::GUARD, "perp-guard"),
    (program::VIEW, "perp-view"),
    (program::SETUP, "perp-setup"),
    (program::WATCH, "perp-watch"),
    (program::SHARE, "perp-share"),
    (program::QUEUE, "perp-queue"),
    (program::CARRY, "perp-carry"),
    (program::LIMIT, "perp-limit"),
    (program::METER, "perp-meter"),
    (program::RISK, "perp-risk"),
    (program::COVER, "perp-cover"),
    (program::SETTLE, "perp-settle"),
    (program::WIND, "perp-wind"),
    (program::SIDE, "perp-side"),
    (program::LEDGER, "perp-ledger"),
    (program::TALLY, "perp-tally"),
    (program::FUND, "perp-fund"),
    (program::TOUCH, "perp-touch"),
    (program::HOLD, "perp-hold"),
    (program::CROSS, "perp-cross"),
    (program::DIVIDE, "perp-divide"),
];

// A program that is added to the protocol has to be named above: this stops the build until it is.
const _: () = {
    let mut at = 0;
    while at < FURTHER.len() {
        assert!(FURTHER[at].0 == at as u64 + 1, "the programs have to stand in the order of their numbers");
        at += 1;
    }
    assert!(FURTHER.len() as u64 == program::LAST, "a program of the protocol has no name here");
};

/// The names of the further programs in the order of the constructor.
pub fn further() -> impl Iterator<Item = &'static str> {
    FURTHER.iter().map(|(_, name)| *name)
}

/// The name of a program by its number; 0 is the hot one.
pub fn name(number: u64) -> String {
    if number == 0 {
        return HOT.to_owned();
    }
    let known = FURTHER.iter().find(|(of, _)| *of == number);
    known.map_or_else(|| format!("program {number}"), |(_, name)| (*name).to_owned())
}

/// A program by its name, with or without `perp-`, or its number.
pub fn parse(text: &str) -> Result<u16, String> {
    let wanted = text.strip_prefix("perp-").unwrap_or(text);
    let found = FURTHER
        .iter()
        .find(|(number, name)| name.strip_prefix("perp-") == Some(wanted) || number.to_string() == wanted);
    let names = || further().collect::<Vec<_>>().join(", ");
    let number = found.and_then(|(number, _)| u16::try_from(*number).ok());
    number.ok_or_else(|| format!("{text:?} is no program that can be replaced; they are {}", names()))
}

/// Every program of a protocol with its name, the hot one first, as its storage says where they are.
///
/// Errors: no answer from the node.
pub fn located(remote: &Remote<'_>, protocol: Address) -> Outcome<Vec<(String, Address)>> {
    let mut all = vec![(HOT.to_owned(), protocol)];
    for (number, name) in FURTHER {
        let at = remote.read(|host| perp::storage::program(host, number))?;
        all.push((name.to_owned(), at));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_that_of_a_contract() {
        let contracts = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts");
        for name in further().chain([HOT]) {
            assert!(contracts.join(name).join("Stylus.toml").exists(), "{name}");
        }
    }

    #[test]
    fn a_program_is_found_by_name_and_number() {
        assert_eq!(parse("perp-pool"), Ok(1));
        assert_eq!(parse("view"), Ok(5));
        assert_eq!(parse("5"), Ok(5));
        assert!(parse("perp").is_err());
        assert_eq!((name(0).as_str(), name(5).as_str(), name(99).as_str()), ("perp", "perp-view", "program 99"));
    }
}
