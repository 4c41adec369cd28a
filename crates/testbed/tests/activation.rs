//! Activation: the vectors of the real engine, and one module each side of every rule.

use fusebox_testbed::activation::{
    activate, check_code_size, decompressed, deployable, deployed_code, Activated, Refusal, Rules,
};
use serde_json::Value;
use std::fmt::Write as _;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");

fn figures(a: &Activated) -> [(&'static str, u64); 13] {
    [
        ("wasm_len", a.wasm_len.into()),
        ("init_cost", a.init_cost.into()),
        ("cached_init_cost", a.cached_init_cost.into()),
        ("asm_estimate", a.asm_estimate.into()),
        ("footprint_pages", a.footprint_pages.into()),
        ("memory_init_gas", a.memory_init_gas()),
        ("program_init_gas", a.program_init_gas()),
        ("program_cached_gas", a.program_cached_gas()),
        ("call_overhead_gas_uncached", a.call_overhead_gas_uncached()),
        ("call_overhead_gas_cached", a.call_overhead_gas_cached()),
        ("activation_compute_gas", a.activation_compute_gas()),
        ("activation_fixed_gas", a.activation_fixed_gas()),
        ("activation_total_gas", a.activation_total_gas()),
    ]
}

#[test]
fn every_activation_vector_holds_exactly() {
    let text = std::fs::read_to_string(format!("{VECTORS}/activation.json")).unwrap();
    let vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(vectors.len() >= 29);
    for vector in &vectors {
        let name = vector["name"].as_str().unwrap();
        let wasm = std::fs::read(format!("{VECTORS}/wasm/{}", vector["wasm"].as_str().unwrap())).unwrap();
        let number = |field: &str| vector[field].as_u64().unwrap();
        let rules = Rules {
            arbos: number("arbos"),
            stylus_version: number("stylus_version") as u16,
            page_limit: number("page_limit") as u16,
            debug: false,
        };
        let expected = &vector["expected"];
        match (activate(&wasm, &rules), expected["activated"].as_bool().unwrap()) {
            (Ok(activated), true) => {
                for (field, value) in figures(&activated) {
                    assert_eq!(Some(value), expected[field].as_u64(), "{name}: {field}");
                }
            }
            (Err(_), false) => {}
            (got, _) => panic!("{name}: got {got:?}, expected {expected}"),
        }
        let code = deployed_code(&wasm);
        let length = expected["code_len"].as_u64().unwrap();
        assert!((code.len() as u64).abs_diff(length) * 100 <= length, "{name}: {} bytes of code", code.len());
        assert_eq!(decompressed(&code, &rules).unwrap(), wasm, "{name}");
    }
}

/// A module with what every program needs; `before` may hold types and imports, `after` the rest.
fn module(before: &str, memory: &str, after: &str) -> Vec<u8> {
    let entry = r#"(func (export "user_entrypoint") (param i32) (result i32) i32.const 0)"#;
    let text = format!(r#"(module {before} (memory (export "memory") {memory}) {entry} {after})"#);
    wasmer::wat2wasm(text.as_bytes()).unwrap().into_owned()
}

fn try_plain(before: &str, after: &str) -> Result<Activated, Refusal> {
    activate(&module(before, "1 1", after), &Rules::default())
}

fn times(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, index| {
        write!(text, "{} ", item(index)).unwrap();
        text
    })
}

#[track_caller]
fn limit(accepted: Result<Activated, Refusal>, refused: Result<Activated, Refusal>, expected: (u64, u64)) {
    accepted.expect("at the limit");
    match refused {
        Err(Refusal::TooMany { count, bound, .. }) => assert_eq!((count, bound), expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn locals_at_the_limit_pass_and_one_more_is_refused() {
    let with = |n| try_plain("", &format!("(func (param i64) (local {}))", times(n, |_| "i32".into())));
    limit(with(348), with(349), (349, 348));
}

#[test]
fn operators_are_counted_after_metering() {
    // Entry 12, one block header 12, exit 5, end 1: thirty besides the body.
    let with = |n| try_plain("", &format!("(func {})", times(n, |_| "nop".into())));
    limit(with(65_536 - 30), with(65_537 - 30), (65_537, 65_536));
}

#[test]
fn functions_at_the_limit_pass_and_one_more_is_refused() {
    let with = |n: usize| try_plain("", &times(n - 1, |_| "(func)".into()));
    limit(with(4096), with(4097), (4097, 4096));
}

#[test]
fn globals_count_those_of_the_meter() {
    let with = |n| try_plain("", &times(n, |_| "(global i32 (i32.const 0))".into()));
    // Their cost alone is past what the field holds long before the limit of 32,768.
    assert!(matches!(with(32_765), Err(Refusal::TooMany { count: 32_769, bound: 32_768, .. })));
}

#[test]
fn imports_at_the_limit_pass_and_one_more_is_refused() {
    let import = |_| r#"(import "vm_hooks" "msg_value" (func (param i32)))"#.to_owned();
    let with = |n| try_plain(&times(n, import), "");
    limit(with(513), with(514), (514, 513));
    let old = Rules { arbos: 31, ..Rules::default() };
    assert!(activate(&module(&times(514, import), "1 1", ""), &old).is_ok());
}

#[test]
fn segments_at_the_limit_pass_and_one_more_is_refused() {
    let data = |n| try_plain("", &times(n, |_| r#"(data (i32.const 0) "a")"#.into()));
    limit(data(128), data(129), (129, 128));
    let element = |n| try_plain("", &format!("(table 1 funcref) {}", times(n, |_| "(elem (i32.const 0) 0)".into())));
    limit(element(128), element(129), (129, 128));
}

#[test]
fn element_segments_are_bounded_in_bytes() {
    // Five bytes of head, one of count and so on: whatever they are, the bound is on the whole segment.
    let with = |n| try_plain("", &format!("(table 4096 funcref) (elem (i32.const 0) {})", times(n, |_| "0".into())));
    let mut first_refused = 4000;
    while with(first_refused).is_ok() {
        first_refused += 1;
    }
    assert!(matches!(with(first_refused), Err(Refusal::TooMany { count: 4097, bound: 4096, .. })));
    assert!(first_refused < 4096);
}

#[test]
fn table_entries_at_the_limit_pass_and_one_more_is_refused() {
    let with = |n: u32| try_plain("", &format!("(table {n} funcref)"));
    limit(with(4096), with(4097), (4097, 4096));
}

#[test]
fn exports_are_bounded_in_debug_mode_only() {
    let long = "x".repeat(513);
    let wasm = module("", "1 1", &times(1100, |n| format!(r#"(func (export "e{n}"))"#)));
    assert!(activate(&wasm, &Rules::default()).is_ok());
    let debug = Rules { debug: true, ..Rules::default() };
    assert!(matches!(activate(&wasm, &debug), Err(Refusal::TooMany { what: "exports", bound: 1024, .. })));
    let wasm = module("", "1 1", &format!(r#"(func (export "{long}"))"#));
    assert!(activate(&wasm, &Rules::default()).is_ok());
    assert!(matches!(activate(&wasm, &debug), Err(Refusal::NameTooLong { len: 513, bound: 512, .. })));
}

#[test]
fn module_name_is_bounded() {
    let with = |n: usize| {
        let mut wasm = module("", "1 1", "");
        let mut names = vec![0u8]; // subsection: module name
        let leb = |value: usize| vec![(value & 0x7f) as u8 | 0x80, (value >> 7) as u8];
        let text = [leb(n), "n".repeat(n).into_bytes()].concat();
        names.extend([leb(text.len()), text].concat());
        let section = [vec![4u8], b"name".to_vec(), names].concat();
        wasm.extend([vec![0u8], leb(section.len()), section].concat());
        activate(&wasm, &Rules::default())
    };
    with(512).unwrap();
    assert!(matches!(with(513), Err(Refusal::NameTooLong { what: "module name", len: 513, bound: 512 })));
}

#[test]
fn names_that_start_with_stylus_are_reserved() {
    for name in ["stylus", "stylus_ink_left", "a__stylus_x"] {
        let refused = try_plain("", &format!(r#"(func (export "{name}"))"#));
        assert!(matches!(refused, Err(Refusal::ReservedName { .. })), "{name}");
    }
    try_plain("", r#"(func (export "my_stylus"))"#).unwrap();
}

#[test]
fn an_export_may_not_hide_an_import() {
    let import = r#"(import "vm_hooks" "msg_value" (func (param i32)))"#;
    for name in ["msg_value", "vm_hooks__msg_value"] {
        let refused = try_plain(import, &format!(r#"(func (export "{name}"))"#));
        assert!(matches!(refused, Err(Refusal::ExportNamedAsImport { .. })), "{name}");
    }
}

#[test]
fn imports_need_their_exact_signature() {
    let with = |name: &str, ty: &str| try_plain(&format!(r#"(import "vm_hooks" "{name}" (func {ty}))"#), "");
    with("call_contract", "(param i32 i32 i32 i32 i64 i32) (result i32)").unwrap();
    for (name, ty) in [
        ("msg_value", ""),
        ("msg_value", "(param i64)"),
        ("msg_value", "(param i32) (result i32)"),
        ("call_contract", "(param i32 i32 i32 i32 i32 i64) (result i32)"),
        ("block_timestamp", "(result i32)"),
    ] {
        assert!(matches!(with(name, ty), Err(Refusal::ImportType { .. })), "{name} {ty}");
    }
    let unknown = try_plain(r#"(import "env" "memcpy" (func (param i32 i32 i32) (result i32)))"#, "");
    assert!(matches!(unknown, Err(Refusal::UnknownImport { .. })));
}

#[test]
fn imports_that_are_no_functions_are_refused() {
    for kind in ["(global i32)", "(table 1 funcref)"] {
        let refused = try_plain(&format!(r#"(import "vm_hooks" "x" {kind})"#), "");
        assert!(matches!(refused, Err(Refusal::ImportKind { .. })), "{kind}");
    }
}

#[test]
fn one_import_twice_needs_one_type() {
    let two = r#"(type $a (func (param i32))) (type $b (func (param i32)))
        (import "vm_hooks" "msg_value" (func (type $a))) (import "vm_hooks" "msg_value" (func (type"#;
    try_plain(&format!("{two} $a)))"), "").unwrap();
    assert!(matches!(try_plain(&format!("{two} $b)))"), ""), Err(Refusal::ImportTwice { .. })));
}

#[test]
fn console_needs_debug_mode() {
    let wasm = module(r#"(import "console" "log_i64" (func (param i64)))"#, "1 1", "");
    assert!(matches!(activate(&wasm, &Rules::default()), Err(Refusal::DebugImport { .. })));
    activate(&wasm, &Rules { debug: true, ..Rules::default() }).unwrap();
}

#[test]
fn a_start_function_needs_debug_mode() {
    let wasm = module("", "1 1", "(func $s) (start $s)");
    assert_eq!(activate(&wasm, &Rules::default()), Err(Refusal::Start));
    activate(&wasm, &Rules { debug: true, ..Rules::default() }).unwrap();
}

#[test]
fn the_entry_point_has_one_type() {
    let with = |ty: &str| {
        let text = format!(r#"(module (memory (export "memory") 1 1) (func (export "user_entrypoint") {ty}))"#);
        activate(&wasmer::wat2wasm(text.as_bytes()).unwrap(), &Rules::default())
    };
    with("(param i32) (result i32) i32.const 0").unwrap();
    assert!(matches!(with("(param i64) (result i32) i32.const 0"), Err(Refusal::EntrypointType { .. })));
    assert!(matches!(with(""), Err(Refusal::EntrypointType { .. })));
    let text = r#"(module (memory (export "memory") 1 1) (global (export "user_entrypoint") i32 (i32.const 0)))"#;
    let refused = activate(&wasmer::wat2wasm(text.as_bytes()).unwrap(), &Rules::default());
    assert_eq!(refused, Err(Refusal::MissingEntrypoint));
}

#[test]
fn the_memory_is_exported_by_its_name() {
    let entry = r#"(func (export "user_entrypoint") (param i32) (result i32) i32.const 0)"#;
    for memory in ["", "(memory 1 1)", r#"(memory (export "mem") 1 1)"#] {
        let wasm = wasmer::wat2wasm(format!("(module {memory} {entry})").as_bytes()).unwrap().into_owned();
        assert_eq!(activate(&wasm, &Rules::default()), Err(Refusal::MissingMemory), "{memory}");
    }
}

#[test]
fn memory_that_grows_has_to_pay() {
    let pay = r#"(import "vm_hooks" "pay_for_memory_grow" (func (param i32)))"#;
    for memory in ["1", "1 2", "0 128"] {
        let refused = activate(&module("", memory, ""), &Rules::default());
        assert!(matches!(refused, Err(Refusal::MissingGrowthPayment { .. })), "{memory}");
        activate(&module(pay, memory, ""), &Rules::default()).unwrap();
    }
    activate(&module("", "0 0", ""), &Rules::default()).unwrap();
}

#[test]
fn pages_are_bounded_by_the_rules_and_by_what_is_left() {
    let rules = Rules { page_limit: 5, ..Rules::default() };
    activate(&module("", "5 5", ""), &rules).unwrap();
    let refused = activate(&module("", "6 6", ""), &rules);
    assert_eq!(refused, Err(Refusal::TooManyPages { pages: 6, bound: 5 }));
}

#[test]
fn float_arithmetic_is_refused_and_moving_floats_is_not() {
    for body in ["f32.add", "f64.eq", "f64.promote_f32", "f32.sqrt", "i32.trunc_f32_s", "f64.convert_i64_u"] {
        let (ty, arity) = match body {
            "f32.add" => ("f32", 2),
            "f64.eq" => ("f64", 2),
            "f64.convert_i64_u" => ("i64", 1),
            _ => ("f32", 1),
        };
        let get = times(arity, |n| format!("local.get {n}"));
        let refused = try_plain("", &format!("(func (param {ty} {ty}) {get} {body} drop)"));
        assert!(matches!(refused, Err(Refusal::Float { .. })), "{body}: {refused:?}");
    }
    let moves = "f32.const 1 i32.reinterpret_f32 drop i32.const 0 f64.load i32.const 8 f64.const 2 f64.store drop";
    try_plain("", &format!("(func {moves})")).unwrap();
}

#[test]
fn multi_value_ends_with_arbos_60_and_with_stylus_3() {
    for after in ["(func (result i32 i32) i32.const 1 i32.const 2)", "(func i32.const 0 (block (param i32) drop))"] {
        let wasm = module("", "1 1", after);
        for (arbos, stylus_version, accepted) in [(40, 2, true), (59, 2, true), (59, 3, false), (60, 2, false)] {
            let rules = Rules { arbos, stylus_version, ..Rules::default() };
            assert_eq!(activate(&wasm, &rules).is_ok(), accepted, "ArbOS {arbos}, Stylus {stylus_version}: {after}");
        }
    }
}

#[test]
fn operators_on_tables_and_segments_are_refused() {
    let table = "(table 2 funcref) (elem $e func 0)";
    for body in ["i32.const 0 i32.const 0 i32.const 0 table.init $e", "elem.drop $e"] {
        let refused = try_plain("", &format!("{table} (func {body})"));
        assert!(matches!(refused, Err(Refusal::Instruction { .. })), "{body}: {refused:?}");
    }
    let copy = "i32.const 0 i32.const 0 i32.const 0 table.copy";
    assert!(matches!(try_plain("", &format!("{table} (func {copy})")), Err(Refusal::Instruction { .. })));
    for body in ["i32.const 0 i32.const 0 i32.const 0 memory.init $d", "data.drop $d"] {
        let refused = try_plain("", &format!(r#"(data $d "abc") (func {body})"#));
        assert_eq!(refused, Err(Refusal::Section { name: "data count" }), "{body}");
    }
}

#[test]
fn what_is_outside_the_feature_set_is_invalid() {
    for after in [
        "(func (drop (select (result i32) (i32.const 1) (i32.const 2) (i32.const 0))))",
        "(func (drop (i64x2.splat (i64.const 1))))",
        "(func (param externref))",
        "(table 1 funcref) (table 1 funcref)",
        "(func (return_call 0 (i32.const 0)) drop)",
        "(tag)",
    ] {
        let refused = try_plain("", after);
        assert!(matches!(refused, Err(Refusal::Invalid { .. })), "{after}: {refused:?}");
    }
    assert!(matches!(activate(b"not wasm", &Rules::default()), Err(Refusal::Invalid { .. })));
    assert!(matches!(activate(b"", &Rules::default()), Err(Refusal::Invalid { .. })));
}

#[test]
fn active_segments_have_to_fit_and_passive_ones_do_not_matter() {
    try_plain("", r#"(data (i32.const 65533) "abc")"#).unwrap();
    let refused = try_plain("", r#"(data (i32.const 65534) "abc")"#);
    assert_eq!(refused, Err(Refusal::SegmentBounds { what: "data", index: 0, end: 65_537, bound: 65_536 }));
    assert!(matches!(try_plain("", r#"(data (i32.const -1) "a")"#), Err(Refusal::SegmentBounds { .. })));
    let refused = try_plain("", "(table 1 funcref) (elem (i32.const 1) 0)");
    assert_eq!(refused, Err(Refusal::SegmentBounds { what: "element", index: 0, end: 2, bound: 1 }));
    try_plain("", r#"(data "abc") (table 1 funcref) (elem func 0)"#).unwrap();
}

#[test]
fn a_frame_has_a_bound() {
    let with = |n: usize| {
        let push = times(n, |_| "i32.const 0".into());
        try_plain("", &format!("(func {push} {})", times(n, |_| "drop".into())))
    };
    with(4096).unwrap();
    assert!(matches!(with(4097), Err(Refusal::StackTooDeep { words: 4097, bound: 4096, .. })));
    // Many locals are refused as a frame before they are counted as locals.
    let locals = |n| try_plain("", &format!("(func (local {}))", times(n, |_| "i64".into())));
    assert!(matches!(locals(10_235), Err(Refusal::FrameTooLarge { words: 10_241, bound: 10_240, .. })));
    assert!(matches!(locals(10_234), Err(Refusal::TooMany { count: 10_234, bound: 348, .. })));
}

#[test]
fn costs_have_to_fit_their_fields() {
    let with = |n: usize| try_plain("", &format!(r#"(data (i32.const 0) "{}")"#, "a".repeat(n)));
    assert!(with(60_000).is_ok());
    let wasm = module("", "2 2", &format!(r#"(data (i32.const 0) "{}")"#, "a".repeat(90_000)));
    let refused = activate(&wasm, &Rules::default());
    assert!(matches!(refused, Err(Refusal::CostTooHigh { what: "cached init cost", bound: 65_535, .. })));
}

#[test]
fn the_first_version_charges_the_cached_part_twice() {
    let wasm = module("", "1 1", "");
    let second = activate(&wasm, &Rules::default()).unwrap();
    let first = activate(&wasm, &Rules { stylus_version: 1, ..Rules::default() }).unwrap();
    assert_eq!(first.init_cost, second.init_cost + second.cached_init_cost);
    for version in [0, 4] {
        let refused = activate(&wasm, &Rules { stylus_version: version, ..Rules::default() });
        assert_eq!(refused, Err(Refusal::UnknownStylusVersion { version, newest: 3 }));
    }
}

#[test]
fn sizes_at_the_limit_pass_and_one_more_is_refused() {
    let rules = Rules::default();
    check_code_size(&[0; 262_144], &[0; 24_576], &rules).unwrap();
    let refused = check_code_size(&[0; 262_145], &[], &rules);
    assert_eq!(refused, Err(Refusal::WasmTooLong { len: 262_145, bound: 262_144 }));
    let refused = check_code_size(&[], &[0; 24_577], &rules);
    assert_eq!(refused, Err(Refusal::CodeTooLong { len: 24_577, bound: 24_576 }));
    let old = Rules { arbos: 59, ..rules };
    assert!(check_code_size(&[0; 131_073], &[], &old).is_err());
}

#[test]
fn code_of_something_else_is_no_program() {
    assert_eq!(decompressed(&[0x60, 0x80, 0x60, 0x40], &Rules::default()), None);
    let bomb = deployed_code(&vec![0; 1 << 20]);
    assert_eq!(decompressed(&bomb, &Rules::default()).unwrap().len(), 262_145);
}

#[test]
fn what_a_linker_leaves_is_made_deployable() {
    let raw = std::fs::read(format!("{VECTORS}/wasm/probe-raw.wasm")).unwrap();
    assert!(activate(&raw, &Rules::default()).is_err());
    let deployed = deployable(&raw).unwrap();
    activate(&deployed, &Rules::default()).unwrap();
    assert!(deployed.len() < raw.len());
    assert_eq!(deployable(&deployed).unwrap(), deployed, "a second time changes nothing");
    assert!(deployable(&raw[..raw.len() - 1]).is_err());
    assert!(deployable(b"not wasm").is_err());
}
