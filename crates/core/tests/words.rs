//! Words: fields, the panel, slots, the clock, averages, and the double that shell tests run on.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

mod reference;

use alloy_primitives::{b256, keccak256, Address, B256, U256};
use fusebox_core::average::ema_step;
use fusebox_core::host::{emit, revert, word, Answer, Host, Memory};
use fusebox_core::pack::{field, field_u128, with_field, with_field_u128, FieldOverflow};
use fusebox_core::panel::{
    Class, Classes, Panel, Scope, Standing, Tier, BREAKER, CIRCUITS_PER_WORD, LISTED, PAUSE, SIGNAL,
};
use fusebox_core::slot::{element, entry, erc7201};
use fusebox_core::time::live;
use fusebox_core::{MathError, Wad};
use num_bigint::BigUint;
use reference::{big, boundaries, cases, Random};

#[test]
fn co_7_ema_step_is_the_exact_floor_of_the_way_and_never_passes_the_target() {
    let mut random = Random::new(21);
    let one = Wad::ONE.0;
    let edges = boundaries();
    for case in 0..cases() {
        let pick = |random: &mut Random| match random.next() & 1 {
            0 => random.word(),
            _ => edges[random.next() as usize % edges.len()],
        };
        let (current, target) = (pick(&mut random), pick(&mut random));
        let weight = match case % 8 {
            0 => U256::ZERO,
            1 => one,
            2 => one + U256::ONE,
            3 => U256::MAX,
            _ => random.full() % (one + U256::ONE),
        };
        let result = ema_step(current, target, Wad(weight));
        if weight > one {
            assert_eq!(result, Err(MathError::OutOfRange { value: weight, bound: one }));
            continue;
        }
        let next = result.unwrap();
        let step: BigUint = big(current.abs_diff(target)) * big(weight) / big(one);
        assert_eq!(big(next.abs_diff(current)), step);
        assert!(next >= current.min(target) && next <= current.max(target));
        assert!(weight != one || next == target);
    }
}

/// The field read bit by bit.
fn slow_field(word: U256, offset: u32, bits: u32) -> u128 {
    (0..bits.min(128)).filter(|bit| offset + bit < 256 && word.bit((offset + bit) as usize)).map(|bit| 1 << bit).sum()
}

#[test]
fn co_8_a_field_reads_back_and_no_other_bit_changes() {
    let mut random = Random::new(22);
    let check = |offset: u32, bits: u32, random: &mut Random| {
        let word = random.word();
        assert_eq!(field_u128(word, offset, bits), slow_field(word, offset, bits));
        assert_eq!(u128::from(field(word, offset, bits.min(64))), slow_field(word, offset, bits.min(64)));
        let value = random.word().as_limbs()[0] as u128 | (random.next() as u128) << 64;
        for value in [value, if bits >= 128 { u128::MAX } else { value & ((1 << bits) - 1) }, 0] {
            let fits = offset + bits <= 256 && (bits >= 128 || value >> bits == 0);
            match with_field_u128(word, offset, bits, value) {
                Ok(next) => {
                    assert!(fits, "{offset} {bits} {value:x}");
                    for bit in 0..256u32 {
                        let inside = bit >= offset && bit < offset + bits;
                        let expected = if inside {
                            bit - offset < 128 && value >> (bit - offset) & 1 == 1
                        } else {
                            word.bit(bit as usize)
                        };
                        assert_eq!(next.bit(bit as usize), expected, "{offset} {bits} {value:x} bit {bit}");
                    }
                }
                Err(error) => {
                    assert!(!fits, "{offset} {bits} {value:x}");
                    assert_eq!(error, FieldOverflow { value, bits });
                }
            }
            let small = value as u64;
            assert_eq!(with_field(word, offset, bits, small), with_field_u128(word, offset, bits, small.into()));
        }
    };
    // Every place and width there is, and past the end.
    for offset in 0..=257 {
        for bits in 0..=128 {
            check(offset, bits, &mut random);
        }
    }
}

#[test]
fn co_9_a_panel_bit_changes_alone_and_an_unwritten_word_is_not_normal() {
    assert!((0..=CIRCUITS_PER_WORD).all(|nibble| !Panel::default().is_normal(nibble)));
    let mut random = Random::new(23);
    for _ in 0..2_000 {
        let panel = Panel(random.full());
        for nibble in 0..=64u32 {
            for source in [PAUSE, BREAKER, SIGNAL, LISTED, 0x1f] {
                for on in [false, true] {
                    let next = panel.with(nibble, source, on);
                    for other in 0..64 {
                        let bits = panel.bits(other);
                        let expected = match (other == nibble, on) {
                            (false, _) => bits,
                            (true, true) => bits | source & 15,
                            (true, false) => bits & !source,
                        };
                        assert_eq!(next.bits(other), expected);
                    }
                }
            }
        }
        let main = random.next() as u8;
        let next = panel.with_main(main);
        assert_eq!(next.bits(0), main & 15);
        assert!((1..64).all(|nibble| next.bits(nibble) == panel.bits(nibble)));
    }
    assert_eq!(Panel(U256::MAX).bits(64), 0);
    assert_eq!(Panel(U256::MAX).bits(u32::MAX), 0);
}

#[test]
fn co_9_a_circuit_is_normal_only_when_listed_is_its_only_bit_and_the_main_switchs() {
    for main in 0..16u8 {
        for circuit in 0..16u8 {
            for nibble in 1..=CIRCUITS_PER_WORD {
                let panel = Panel::default().with(nibble, circuit, true).with_main(main);
                assert_eq!(panel.is_normal(nibble), main == LISTED && circuit == LISTED);
            }
        }
    }
}

#[test]
fn co_9_every_scope_has_its_own_nibble() {
    assert_eq!(Scope::PROTOCOL.place(), (0, 0));
    assert!(Scope::PROTOCOL.is_protocol() && !Scope::new(1).is_protocol());
    let mut expected = (0, 0);
    for n in 1..10_000 {
        expected = if expected.1 == CIRCUITS_PER_WORD { (expected.0 + 1, 1) } else { (expected.0, expected.1 + 1) };
        assert_eq!(Scope::new(n).place(), expected);
        assert_eq!(Scope::new(n).number(), n);
    }
    assert_eq!(Scope::new(u32::MAX).place(), ((u32::MAX - 1) / 63, (u32::MAX - 1) % 63 + 1));
}

#[test]
fn co_10_codes_of_classes_and_tiers_read_back_and_unknown_ones_are_refused() {
    for code in 0..=255u8 {
        assert_eq!(Class::from_code(code).map(Class::code), (code < 5).then_some(code));
        assert_eq!(Tier::from_code(code).map(Tier::code), (code < 5).then_some(code));
        assert_eq!(Classes::from_bits(code).map(Classes::bits), (code < 32).then_some(code));
    }
    for class in Class::ALL {
        assert_eq!(Classes::of(class).bits(), 1 << class.code());
        assert!(Classes::ALL.has(class) && !Classes::NONE.has(class));
    }
    for (a, b) in (0..32u8).flat_map(|a| (0..32u8).map(move |b| (a, b))) {
        let [x, y] = [a, b].map(|bits| Classes::from_bits(bits).unwrap());
        assert_eq!([x.or(y), x.and(y), x.without(y)].map(Classes::bits), [a | b, a & b, a & !b]);
        assert_eq!(x.is_empty(), a == 0);
    }
}

#[test]
fn co_10_a_higher_tier_stops_no_less_and_exits_are_never_stopped_by_a_tier() {
    let tiers = [Tier::Normal, Tier::Guarded, Tier::ReduceOnly, Tier::Halted, Tier::Settling];
    for (low, high) in tiers.iter().zip(tiers.iter().skip(1)) {
        assert!(low < high && low.stops().without(high.stops()).is_empty());
    }
    assert!(tiers.iter().all(|tier| !tier.stops().has(Class::ExitUnpriced)));
    assert!(tiers.iter().all(|tier| tier.stops().has(Class::Inflow) == (*tier == Tier::Settling)));
    for (a, b) in tiers.iter().flat_map(|a| tiers.iter().map(move |b| (*a, *b))) {
        let both = Standing::tier(a, 5).and(Standing { grace: true, ..Standing::tier(b, 9) });
        assert_eq!(both, Standing { tier: a.max(b), stopped: a.stops().or(b.stops()), grace: true, until: 9 });
        assert_eq!(Standing::NORMAL.and(Standing::tier(a, 5)), Standing::tier(a, 5));
    }
}

#[test]
fn co_11_slots_are_where_erc_7201_and_solidity_put_them() {
    // The example of ERC-7201.
    let example = b256!("183a6125c38840424c4a85fa12bab2ab606c4b6d0e7cc73c0c06ba5300eab500");
    assert_eq!(erc7201("example.main"), U256::from_be_bytes(example.0));
    for id in ["fusebox.guardian", "fusebox.breaker", "fusebox.panel", ""] {
        let inner = U256::from_be_bytes(keccak256(id).0) - U256::ONE;
        let root = U256::from_be_bytes(keccak256(inner.to_be_bytes::<32>()).0) & !U256::from(0xff);
        assert_eq!(erc7201(id), root);
    }
    let (host, root, key) = (Memory::default(), erc7201("fusebox.test"), U256::from(77));
    let preimage = [key.to_be_bytes::<32>(), root.to_be_bytes::<32>()].concat();
    assert_eq!(entry(&host, root, key), U256::from_be_bytes(keccak256(preimage).0));
    assert_eq!(element(root, 0), root);
    assert_eq!(element(root, u64::MAX), root + U256::from(u64::MAX));
    assert_eq!(element(U256::MAX, 1), U256::ZERO, "slots wrap, as Solidity's do");
}

#[test]
fn co_12_what_ends_at_a_time_is_over_at_that_time() {
    assert!(live(99, 100) && !live(100, 100) && !live(101, 100));
    assert!(!live(0, 0) && live(u64::MAX - 1, u64::MAX) && !live(u64::MAX, u64::MAX));
}

#[test]
fn co_13_the_double_undoes_storage_and_logs_on_an_error_and_keeps_them_otherwise() {
    let mut host = Memory::default();
    let caller = Address::repeat_byte(7);
    let run = |host: &mut Memory, fail: bool| {
        host.call(caller, |host| {
            assert_eq!(host.caller(), caller);
            host.store(U256::ONE, U256::from(5));
            emit(host, &[B256::repeat_byte(1)], [U256::from(2), U256::from(3)]);
            if fail {
                Err(())
            } else {
                Ok(())
            }
        })
    };
    assert!(run(&mut host, true).is_err());
    assert!(host.words.is_empty() && host.logs.is_empty() && host.load(U256::ONE).is_zero());
    assert!(run(&mut host, false).is_ok());
    assert_eq!(host.load(U256::ONE), U256::from(5));
    let data = [U256::from(2).to_be_bytes::<32>(), U256::from(3).to_be_bytes::<32>()].concat();
    assert!(host.logs.len() == 1 && host.logs[0].data == data && host.logs[0].topics == [B256::repeat_byte(1)]);
}

#[test]
fn co_13_the_double_answers_static_calls_and_copies_no_more_than_asked() {
    let mut host = Memory::default();
    let (feed, broken, nobody) = (Address::repeat_byte(1), Address::repeat_byte(2), Address::repeat_byte(3));
    host.callees.insert(feed, Box::new(|now, gas, input| Some([now as u8, gas as u8, input[0]].repeat(20))));
    host.callees.insert(broken, Box::new(|_, _, _| None));
    host.now = 9;
    let mut output = [0; 5];
    assert_eq!(host.static_call(feed, 8, &[7], &mut output), Answer { ok: true, len: 60 });
    assert_eq!(output, [9, 8, 7, 9, 8]);
    assert_eq!(host.static_call(broken, 8, &[7], &mut output), Answer { ok: false, len: 0 });
    assert_eq!(host.static_call(nobody, 8, &[7], &mut output), Answer { ok: true, len: 0 });
    assert_eq!(output, [9, 8, 7, 9, 8]);
}

#[test]
fn co_13_revert_data_is_the_selector_and_its_words() {
    let data = revert([1, 2, 3, 4], [U256::from(5), word(Address::repeat_byte(0xaa))]);
    assert_eq!(data.len(), 68);
    assert_eq!(data[..4], [1, 2, 3, 4]);
    assert_eq!(U256::from_be_slice(&data[4..36]), U256::from(5));
    assert_eq!(data[36..48], [0; 12]);
    assert_eq!(data[48..], [0xaa; 20]);
    assert_eq!(revert([1, 2, 3, 4], []), [1, 2, 3, 4]);
}
