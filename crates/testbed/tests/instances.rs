//! Instances are used again, and nothing of a run is there in the next.

use alloy_primitives::{address, Address};
use fusebox_testbed::{wat2wasm, Chain, Tx};

const USER: Address = address!("f39fd6e51aad88f6f4ce6ab8827279cfffb92266");

/// Counts in its memory (byte 0), in a page far from the first byte (byte 1), in a global (byte 2), says how many pages
/// there are (byte 3), and ends as it is told: 0 comes back, 1 traps, 2 never ends, 3 grows first, 4 exits at once.
const COUNTER: &str = r#"(module
    (import "vm_hooks" "read_args" (func $read_args (param i32)))
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (import "vm_hooks" "exit_early" (func $exit_early (param i32)))
    (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
    (memory (export "memory") 1 3)
    (data (i32.const 64) "\05")
    (global $runs (mut i32) (i32.const 7))
    (func $bump (param $at i32)
        (i32.store8 (local.get $at) (i32.add (i32.load8_u (local.get $at)) (i32.const 1))))
    (func (export "user_entrypoint") (param $length i32) (result i32)
        (call $read_args (i32.const 16))
        (call $bump (i32.const 0))
        (call $bump (i32.const 65535))
        (call $bump (i32.const 64))
        (global.set $runs (i32.add (global.get $runs) (i32.const 1)))
        (if (i32.eq (i32.load8_u (i32.const 16)) (i32.const 1)) (then (unreachable)))
        (if (i32.eq (i32.load8_u (i32.const 16)) (i32.const 2)) (then (loop $ever (br $ever))))
        (if (i32.eq (i32.load8_u (i32.const 16)) (i32.const 3))
            (then (drop (memory.grow (i32.const 1))) (i32.store8 (i32.const 70000) (i32.const 9))))
        (i32.store8 (i32.const 1) (i32.load8_u (i32.const 65535)))
        (i32.store8 (i32.const 2) (global.get $runs))
        (i32.store8 (i32.const 3) (memory.size))
        (i32.store8 (i32.const 4) (i32.load8_u (i32.const 64)))
        (call $write_result (i32.const 0) (i32.const 5))
        (if (i32.eq (i32.load8_u (i32.const 16)) (i32.const 4)) (then (call $exit_early (i32.const 0))))
        (i32.const 0)))"#;

#[test]
fn tb_18_a_run_leaves_nothing_behind_in_its_instance() {
    let mut chain = Chain::new();
    let program = chain.deploy_wasm(USER, &wat2wasm(COUNTER.as_bytes()).unwrap()).unwrap();
    let mut run = |ending: u8| {
        let outcome = chain.send(Tx::new(USER, program, vec![ending]).gas(1_000_000));
        (outcome.outcome.name(), outcome.output.to_vec(), outcome.ink.total)
    };
    let first = run(0);
    assert_eq!((first.0, first.1.as_slice()), ("success", [1, 1, 8, 1, 6].as_slice()));
    for ending in [1, 2, 3, 4, 0, 3, 2, 1] {
        let (name, output, _) = run(ending);
        match ending {
            1 => assert_eq!((name, output.len()), ("failure", 0)),
            2 => assert_eq!((name, output.len()), ("out_of_ink", 0)),
            3 => assert_eq!((name, output), ("success", vec![1, 1, 8, 2, 6])),
            _ => assert_eq!((name, output), ("success", vec![1, 1, 8, 1, 6])),
        }
        assert_eq!(run(0), first, "after an ending of {ending}");
    }
}
