//! The panel and the journal, on the built programs.

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolError, SolValue};
use fusebox_testbed::{Chain, Tx};
use fusebox_tests::{abi::*, *};

const LISTED: u64 = 8;
const PAUSE: u64 = 1;
const BREAKER: u64 = 2;

fn open_one(rig: &Rig) -> openCall {
    openCall { market: 1, isLong: true, size: U256::from(WAD), margin: rig.units(1_000), limitPrice: U256::ZERO }
}

fn check(class: u8) -> checkCall {
    checkCall { market: 1, class }
}

fn pause(scopes: &[u32], classes: u8) -> pauseCall {
    pauseCall { scopes: scopes.to_vec(), classes, reason: 7 }
}

/// The sources 30 % apart: past the threshold that halts at once.
fn diverge(rig: &mut Rig) {
    rig.set_second(START / 10 * 13);
}

/// What every class answers now: the tier, or the revert data.
fn answers(rig: &Rig) -> Vec<Result<u8, Vec<u8>>> {
    let ask = |class| rig.chain.query(CAROL, rig.perp, &check(class)).map_err(|revert| revert.data);
    (INCREASE..=INFLOW).map(ask).collect()
}

#[test]
fn fb_1_what_was_never_listed_never_passes() {
    let mut rig = Rig::new();
    for market in [2, 63, 64, 65, 4_032, 4_033, u32::MAX] {
        for class in INCREASE..=INFLOW {
            rig.refuses(ALICE, &checkCall { market, class }, UnknownMarket { market, listed: 1 });
        }
        let call = openCall { market, ..open_one(&rig) };
        rig.refuses(ALICE, &call, UnknownMarket { market, listed: 1 });
        rig.refuses(ALICE, &topUpCall { market, amount: U256::from(1) }, UnknownMarket { market, listed: 1 });
        rig.refuses(ALICE, &closeCall { market, limitPrice: U256::ZERO }, UnknownMarket { market, listed: 1 });
        rig.refuses(ALICE, &pokeCall { market }, NotConfigured { market });
    }
}

#[test]
fn fb_1_a_word_of_zeros_never_passes() {
    let mut rig = Rig::new();
    rig.call(ALICE, &check(INCREASE));
    rig.chain.set_storage(rig.perp, root("fusebox.panel"), U256::ZERO);
    for class in INCREASE..=INFLOW {
        rig.refuses(ALICE, &check(class), UnknownMarket { market: 1, listed: 1 });
    }
}

#[test]
fn fb_1_a_bit_that_no_module_explains_never_passes() {
    for (scope, sources) in [(0usize, 4u64), (1, 4)] {
        let mut rig = Rig::new();
        let slot = root("fusebox.panel");
        let word: U256 = U256::from_be_bytes(rig.chain.storage(rig.perp, slot).0);
        rig.chain.set_storage(rig.perp, slot, word | (U256::from(sources) << (4 * scope)));
        let stopped = Stopped { scope: 1, class: INCREASE, sources: 4, until: u64::MAX };
        let call = open_one(&rig);
        rig.refuses(ALICE, &check(INCREASE), stopped.clone());
        rig.refuses(ALICE, &call, stopped);
        assert_eq!(rig.call(ALICE, &check(REDUCE)), 2);
    }
}

#[test]
fn fb_2_a_divergence_refuses_again_unrecorded_and_a_poke_records_it() {
    let mut rig = Rig::new();
    let call = open_one(&rig);
    rig.wait(12);
    rig.set_anchor(START);
    diverge(&mut rig);
    // Past what halts no class believes the price, and the bound is that.
    let doubt = PriceInDoubt { deviationBps: 3_000, boundBps: 2_500 };
    for _ in 0..3 {
        rig.refuses(ALICE, &call, doubt.clone());
        // Nothing was written: what is remembered still passes, what is seen does not.
        assert_eq!((rig.bits(0), rig.bits(1), rig.incidents()), (LISTED, LISTED, 0));
        assert_eq!(rig.call(ALICE, &check(INCREASE)), 0);
        rig.chain.advance(1);
    }
    let at = rig.now();
    let outcome = rig.send(CAROL, &pokeCall { market: 1 });
    assert_eq!(U256::abi_decode(&outcome.output), Ok(U256::from(3)));
    assert_eq!((rig.bits(0), rig.bits(1), rig.incidents()), (LISTED, LISTED | BREAKER, 1));
    let incident = rig.ask(&incidentCall { id: 1 });
    assert_eq!((incident[0], incident[1]), (U256::from(1), U256::from(3)), "scope, tier");
    assert_eq!((incident[5], incident[7]), (U256::from(at), U256::ZERO), "detected, not resolved");
    assert_eq!(incident[9], U256::from_be_slice(CAROL.as_slice()));

    // Now memory refuses, whatever the feeds say, until the clock has run: 4 h, 1 h, 10 min.
    rig.set_price(START);
    let stopped = |class| Stopped { scope: 1, class, sources: 2, until: 0 };
    let (halted, reduce_only) = (at + 4 * 3_600, at + 5 * 3_600);
    let refused = |rig: &mut Rig, class| {
        let got = Stopped::abi_decode(&rig.fails(ALICE, &check(class)).output).expect("Stopped");
        assert_eq!(Stopped { until: 0, ..got.clone() }, stopped(class));
        got.until
    };
    assert!(refused(&mut rig, INCREASE) >= halted);
    let got = Stopped::abi_decode(&rig.fails(ALICE, &call).output).expect("Stopped");
    assert_eq!(Stopped { until: 0, ..got }, stopped(INCREASE));
    refused(&mut rig, REDUCE);
    assert_eq!(rig.call(ALICE, &check(EXIT)), 3);
    assert_eq!(rig.call(ALICE, &check(INFLOW)), 3);
    rig.chain.set_timestamp(halted - 1);
    refused(&mut rig, REDUCE);
    rig.chain.set_timestamp(halted);
    assert_eq!(rig.call(ALICE, &check(REDUCE)), 2);
    rig.chain.set_timestamp(reduce_only - 1);
    refused(&mut rig, INCREASE);
    rig.chain.set_timestamp(reduce_only);
    assert_eq!(rig.call(ALICE, &check(INCREASE)), 1, "Guarded");
    rig.set_price(START);
    rig.call(ALICE, &call);

    // Evidence: ten clean samples, and the poke clears the bit and resolves the incident.
    rig.chain.set_timestamp(reduce_only + 600);
    let mut pokes = 0;
    while rig.bits(1) != LISTED {
        assert!(pokes < 12, "the bit stays");
        rig.advance(60, START);
        rig.call(CAROL, &pokeCall { market: 1 });
        pokes += 1;
    }
    assert!(pokes >= 10, "cleared after {pokes} samples");
    assert_eq!(rig.call(ALICE, &check(INCREASE)), 0);
    assert_ne!(rig.ask(&incidentCall { id: 1 })[7], U256::ZERO, "resolved");
}

#[test]
fn fb_2_a_small_divergence_refuses_an_increase_and_no_exit() {
    let mut rig = Rig::new();
    let call = open_one(&rig);
    rig.call(ALICE, &call);
    rig.set_second(START / 100 * 106);
    let more = increaseCall { market: 1, size: U256::from(WAD), margin: rig.units(1_000), limitPrice: U256::ZERO };
    for _ in 0..2 {
        rig.refuses(ALICE, &more, PriceInDoubt { deviationBps: 600, boundBps: 500 });
        rig.chain.advance(1);
    }
    rig.call(ALICE, &closeCall { market: 1, limitPrice: U256::ZERO });
}

#[test]
fn fb_2_a_stale_price_refuses_again_and_needs_no_record() {
    let mut rig = Rig::new();
    let call = open_one(&rig);
    rig.wait(MAX_AGE);
    let fresh = rig.chain.view(Tx::new(ALICE, rig.perp, call.abi_encode()));
    assert!(fresh.success, "the age is inclusive");
    for more in 1..4 {
        rig.wait(1);
        let stale = StalePrice { age: U256::from(MAX_AGE + more), max: U256::from(MAX_AGE) };
        rig.refuses(ALICE, &call, stale.clone());
        rig.call(CAROL, &pokeCall { market: 1 });
        assert_eq!((rig.bits(1), rig.incidents()), (LISTED, 0), "staleness is no trip");
        rig.refuses(ALICE, &call, stale);
    }
    rig.set_price(START);
    rig.call(ALICE, &call);
}

#[test]
fn fb_3_the_main_switch_is_the_same_in_every_word() {
    let mut rig = Rig::new();
    // 126 circuits, as listing would have left them; the protocol lists eight, so the second word is written by hand.
    let listed = U256::from_be_bytes([0x88; 32]);
    let panel = root("fusebox.panel");
    rig.chain.set_storage(rig.perp, root("fusebox.panel.count"), U256::from(126));
    rig.chain.set_storage(rig.perp, panel, listed);
    rig.chain.set_storage(rig.perp, panel + U256::from(1), listed);
    let words = |rig: &Rig| rig.ask(&panelCall {})[3..].to_vec();
    assert_eq!(words(&rig), [listed, listed]);
    rig.call(PAUSER, &pause(&[0], ALL_CLASSES));
    assert_eq!(words(&rig), [listed | U256::from(PAUSE); 2]);
    for market in [1, 63, 64, 126] {
        let until = rig.now() + PAUSE_SECS;
        let got = Stopped::abi_decode(&rig.fails(ALICE, &checkCall { market, class: INCREASE }).output);
        let got = got.expect("Stopped");
        assert_eq!((got.scope, got.class, got.sources), (market, INCREASE, 1));
        assert!(got.until >= until);
    }
    rig.advance(PAUSE_SECS + 4 * 3_600, START);
    rig.call(CAROL, &pokeCall { market: 1 });
    assert_eq!(words(&rig), [listed, listed]);
}

#[test]
fn fb_4_what_stops_has_its_bit_and_clearing_it_never_loosens() {
    for (scope, classes) in [(0u32, 31u8), (1, 31), (1, 1), (0, 0b110)] {
        let mut rig = Rig::new();
        let start = rig.now();
        rig.call(PAUSER, &pause(&[scope], classes));
        let ends = [start + 1, start + PAUSE_SECS - 1, start + PAUSE_SECS, start + PAUSE_SECS + 14_399];
        for at in ends.into_iter().chain([start + PAUSE_SECS + 14_400]) {
            rig.chain.set_timestamp(at);
            rig.set_price(START);
            let before = answers(&rig);
            if before.iter().any(|answer| *answer != Ok(0)) {
                assert_eq!(rig.bits(scope as usize), LISTED | PAUSE, "at {}", at - start);
            }
            rig.call(CAROL, &pokeCall { market: 1 });
            assert_eq!(answers(&rig), before, "a poke changed what passes at {}", at - start);
        }
        assert_eq!(rig.bits(scope as usize), LISTED);
        assert_eq!(answers(&rig), vec![Ok(0); 5]);
    }
}

/// A history with every kind of change of an incident: what was logged, and a look at the record after each.
fn history(mut seen: impl FnMut(&Rig, &[U256])) -> (Rig, Vec<Incident>) {
    let mut rig = Rig::new();
    let mut logs = Vec::new();
    let mut step = |rig: &mut Rig, outcome: fusebox_testbed::Outcome| {
        logs.extend(outcome.logs.iter().filter_map(|log| log.decode::<Incident>()));
        for id in 1..=rig.incidents() as u32 {
            seen(rig, &rig.ask(&incidentCall { id }));
        }
    };
    // Guarded by two samples of 6 %, then Halted at once, then pokes until it is over.
    for (apart, seconds) in [(106, 60), (106, 60), (130, 60), (100, 60), (100, 14_400), (100, 3_600), (100, 600)] {
        rig.advance(seconds, START);
        rig.set_second(START / 100 * apart);
        let outcome = rig.send(CAROL, &pokeCall { market: 1 });
        step(&mut rig, outcome);
    }
    let outcome = rig.send(PAUSER, &pause(&[0, 1], ALL_CLASSES));
    step(&mut rig, outcome);
    for _ in 0..12 {
        rig.advance(60, START);
        let outcome = rig.send(CAROL, &pokeCall { market: 1 });
        step(&mut rig, outcome);
    }
    let outcome = rig.send(COUNCIL, &unpauseCall { scope: 0 });
    step(&mut rig, outcome);
    rig.advance(PAUSE_SECS + 14_400, START);
    for _ in 0..12 {
        rig.advance(60, START);
        let outcome = rig.send(CAROL, &pokeCall { market: 1 });
        step(&mut rig, outcome);
    }
    let outcome = rig.send(GOVERNANCE, &labelCall { incident: 1, label: 1 });
    step(&mut rig, outcome);
    (rig, logs)
}

#[test]
fn fb_5_one_incident_a_scope_with_times_in_order_and_a_tier_that_never_falls() {
    let mut tiers = std::collections::BTreeMap::new();
    let mut records = 0;
    let (rig, logs) = history(|rig, incident| {
        let [scope, tier, anomaly, detected, contained, resolved] = [0, 1, 4, 5, 6, 7].map(|i| incident[i]);
        records += 1;
        let key = (scope, detected);
        let before = tiers.insert(key, tier).unwrap_or_default();
        assert!(tier >= before, "the tier fell");
        assert!(anomaly <= detected && detected <= U256::from(rig.now()));
        assert!(contained.is_zero() || contained >= detected);
        assert!(resolved.is_zero() || resolved >= detected);
        let open = (1..=rig.incidents() as u32).map(|id| rig.ask(&incidentCall { id }));
        let open = open.filter(|other| other[0] == scope && other[7].is_zero()).count();
        assert!(open <= 1, "two open incidents in a scope");
    });
    assert!(records > 30);
    let first = rig.ask(&incidentCall { id: 1 });
    assert_eq!((first[0], first[1], first[3]), (U256::from(1), U256::from(3), U256::from(1)));
    assert!(first[4] < first[5], "the first sign was seen a minute before it was recorded");
    assert!((1..=rig.incidents() as u32).all(|id| !rig.ask(&incidentCall { id })[7].is_zero()), "all resolved");
    assert!(logs.iter().any(|log| log.scope == 0) && logs.iter().any(|log| log.scope == 1));
    assert_eq!(rig.incidents(), 2, "a tier that steps down is the same incident");
}

#[test]
fn fb_6_the_head_is_the_fold_of_the_logs() {
    let (rig, logs) = history(|_, _| ());
    assert!(logs.len() >= 6, "{} changes", logs.len());
    let head = rig.ask(&panelCall {})[2];
    assert_eq!(U256::from_be_bytes(logs.last().expect("logs").head.0), head);
    assert_eq!(fold(logs.clone()), head);
    for missing in 0..logs.len() {
        let mut rest = logs.clone();
        rest.remove(missing);
        assert_ne!(fold(rest), head, "log {missing} could be left out");
    }
}

#[test]
fn fb_7_a_poke_or_pause_that_fails_leaves_nothing() {
    let mut rig = Rig::new();
    let perp = rig.perp;
    diverge(&mut rig);
    let caller = rig.chain.deploy_evm(DEPLOYER, &creation("Caller", &[])).expect("a caller");
    // It succeeds within, and is undone from without.
    let undone = callThenRevertCall { target: perp, data: pokeCall { market: 1 }.abi_encode().into() };
    let outcome = rig.fails_tx::<callThenRevertCall>(Tx::new(ALICE, caller, undone.abi_encode()));
    assert!(outcome.storage_writes.iter().any(|write| write.address == perp), "the poke itself wrote");
    assert_eq!((rig.bits(1), rig.incidents()), (LISTED, 0));
    // Whatever the gas, a call is whole or nothing.
    let whole = rig.chain.view(Tx::new(ALICE, perp, pokeCall { market: 1 }.abi_encode())).gas_used;
    let mut failed = 0;
    for gas in (50_000..whole).step_by(20_000) {
        let tx = Tx::new(ALICE, perp, pokeCall { market: 1 }.abi_encode()).gas(gas);
        if !rig.chain.view(tx.clone()).success {
            rig.fails_tx::<pokeCall>(tx);
            failed += 1;
        }
    }
    assert!(failed > 5);
    rig.refuses(PAUSER, &pause(&[], 1), BatchSize { length: 0, bound: 1 });
    rig.refuses(PAUSER, &pause(&[1], 0), NoClasses { classes: 0, known: 31 });
    assert_eq!(rig.call(ALICE, &pokeCall { market: 1 }), 3);
}

fn gauge() -> (Chain, Address) {
    let mut chain = Chain::new();
    let at = chain.deploy_wasm_with(DEPLOYER, &wasm("gauge"), PAUSER.abi_encode(), U256::ZERO);
    (chain, at.expect("gauge"))
}

#[test]
fn fb_8_a_check_reads_one_word_when_all_is_normal_and_one_more_for_a_pause() {
    let (chain, at) = gauge();
    let panel = root("fusebox.panel").to_be_bytes::<32>();
    let tx = |input: Vec<u8>| Tx::new(ALICE, at, input);
    let plain = chain.view(tx(plainCall { market: 1 }.abi_encode()));
    assert!(plain.success && plain.storage_reads.is_empty());
    let checked = chain.view(tx(checkedCall { market: 1 }.abi_encode()));
    assert!(checked.success);
    assert_eq!(checked.storage_reads.len(), 1);
    assert_eq!(checked.storage_reads[0].slot.0, panel);
    let mut chain = chain;
    assert_eq!(chain.call(PAUSER, at, &pause(&[0], 1)), Ok(0));
    let checked = chain.view(tx(checkedCall { market: 1 }.abi_encode()));
    let stopped = Stopped { scope: 1, class: INCREASE, sources: 1, until: chain.timestamp() + PAUSE_SECS };
    assert_eq!(checked.output, stopped.abi_encode());
    assert_eq!(checked.storage_reads.len(), 2, "the panel and the pause");
    assert_eq!(checked.storage_reads[0].slot.0, panel);
}

#[test]
fn fb_8_an_exit_that_a_guardian_stopped_reads_both_pause_words() {
    let mut rig = Rig::new();
    // Beside where the programs are: `check` is in the last of the chain.
    let programs = root("perp.config") >> 8;
    let reads = |rig: &Rig, class| {
        let outcome = rig.chain.view(Tx::new(ALICE, rig.perp, check(class).abi_encode()));
        let slots = outcome.storage_reads.iter().map(|read| U256::from_be_bytes(read.slot.0));
        slots.filter(|slot| *slot >> 8 != programs).count()
    };
    for class in INCREASE..=INFLOW {
        assert_eq!(reads(&rig, class), 1);
    }
    rig.call(PAUSER, &pause(&[1], ALL_CLASSES));
    assert_eq!([INCREASE, LIQUIDATE, REDUCE].map(|class| reads(&rig, class)), [2; 3]);
    assert_eq!([EXIT, INFLOW].map(|class| reads(&rig, class)), [3; 2]);
}
