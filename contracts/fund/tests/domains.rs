//! What domains say is open, on one contract's memory: each answers for its own.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use alloy_primitives::{Address, U256};
use fund::{storage, wiring};
use fusebox_core::host::Memory;
use fusebox_fund::{
    logic::hold,
    shell,
    storage::hold as stored,
    types::{
        loss::{Cover, CoverTerms},
        Params,
    },
};

const P: Params = Params::DEFAULT;
const DAY: u64 = 86_400;
const ALICE: Address = Address::repeat_byte(0xa1);
const INCIDENT: U256 = U256::ZERO;
const DEFICIT: U256 = U256::ONE;
const INCIDENT_OVER: U256 = U256::from_limbs([2, 0, 0, 0]);
const DEFICIT_OVER: U256 = U256::from_limbs([3, 0, 0, 0]);
const STAKED: u128 = 4_000_000_000;

/// Two domains that may draw whatever they lose.
fn house() -> Memory {
    let mut host = Memory::default();
    shell::configure(&mut host, &P);
    storage::set_terms(&mut host, Address::repeat_byte(0xee), 6, 2);
    let terms = CoverTerms::new(0, 0, 10_000, 7).unwrap();
    for domain in 0..2 {
        storage::set_cover(&mut host, domain, &Cover { terms, claim: STAKED, ..Cover::default() });
    }
    host.call(ALICE, |h| shell::stake(h, &P, ALICE, STAKED)).unwrap();
    host
}

fn deficit(host: &Memory) -> u128 {
    hold::settle(stored(host, true), &P, host.now).deficit
}

#[test]
fn reports_of_one_domain_keep_no_deficit_of_another_past_its_end() {
    let mut host = house();
    wiring::expose(&mut host, &P, 0, DEFICIT, 1_000_000_000).unwrap();
    host.now += P.deficit_secs() - 1;
    wiring::expose(&mut host, &P, 1, DEFICIT, 5).unwrap();
    assert_eq!(deficit(&host), 1_000_000_005, "a second before its end");
    host.now += 1;
    wiring::expose(&mut host, &P, 1, DEFICIT, 5).unwrap();
    assert_eq!(deficit(&host), 10, "at its end");
    for _ in 0..20 {
        host.now += 13 * DAY;
        wiring::expose(&mut host, &P, 1, DEFICIT, 5).unwrap();
    }
    assert_eq!(deficit(&host), 110);
    host.now += P.deficit_secs();
    assert_eq!(deficit(&host), 0);
    wiring::expose(&mut host, &P, 0, DEFICIT, 7).unwrap();
    wiring::expose(&mut host, &P, 1, DEFICIT, 8).unwrap();
    assert_eq!(deficit(&host), 15, "what has lapsed is not called off from what came after");
}

#[test]
fn a_report_calls_off_nothing_that_counts() {
    let mut host = house();
    wiring::expose(&mut host, &P, 0, INCIDENT, 500).unwrap();
    wiring::expose(&mut host, &P, 0, DEFICIT, 300).unwrap();
    wiring::expose(&mut host, &P, 1, DEFICIT, 40).unwrap();
    assert_eq!((deficit(&host), stored(&host, true).incident), (340, 200));
    assert_eq!(wiring::draw(&mut host, &P, 1, 100), Ok(100)); // more than it said: of all that is open, deficits first
    wiring::expose(&mut host, &P, 0, DEFICIT, 1).unwrap();
    assert_eq!((deficit(&host), stored(&host, true).incident), (241, 199));
}

/// What another domain's draw has used is open no more: calling it off takes nothing from what that one says afterwards.
#[test]
fn what_was_used_already_is_called_off_from_nobody() {
    for (kind, over) in [(DEFICIT, DEFICIT_OVER), (INCIDENT, INCIDENT_OVER)] {
        let mut host = house();
        let left = |host: &Memory| {
            let hold = hold::settle(stored(host, true), &P, host.now);
            [hold.deficit, hold.incident]
        };
        let both = |units: u128| if kind == DEFICIT { [units, 0] } else { [0, units] };
        wiring::expose(&mut host, &P, 0, kind, 100).unwrap();
        assert_eq!(wiring::draw(&mut host, &P, 1, 70), Ok(70)); // that had said nothing
        wiring::expose(&mut host, &P, 1, kind, 50).unwrap();
        assert_eq!(left(&host), both(80));
        wiring::expose(&mut host, &P, 0, over, 60).unwrap();
        assert_eq!(left(&host), both(50), "30 of 60 were still there");
        wiring::expose(&mut host, &P, 0, over, 40).unwrap();
        assert_eq!(left(&host), both(50), "the other one's alone");
        assert!(wiring::expose(&mut host, &P, 0, over, 1).is_err());
        wiring::expose(&mut host, &P, 1, over, 50).unwrap();
        assert_eq!(left(&host), [0, 0]);
    }
}
