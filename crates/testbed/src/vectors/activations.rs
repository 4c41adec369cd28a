//! One module that activation accepts or refuses.

use super::format::{ActivationVector, Figures, Modules};
use super::Differences;
use crate::activation::{activate, deployed_code, Activated, Rules};

/// What differs; nothing if the vector passes.
pub(super) fn check(vector: &ActivationVector, modules: &Modules) -> Vec<String> {
    let wasm = &modules[&vector.wasm];
    let expected = &vector.expected;
    let rules = Rules {
        arbos: vector.arbos,
        stylus_version: vector.stylus_version,
        page_limit: vector.page_limit,
        ..Rules::default()
    };
    let mut differences = Differences::default();
    differences.compare("wasm_len", &expected.wasm_len, &(wasm.len() as u64));
    let code_len = deployed_code(wasm).len() as u64;
    differences.compare_near("code_len", expected.code_len, code_len);
    match activate(wasm, &rules) {
        Ok(came) if expected.activated => compare(vector, &came, &mut differences),
        Ok(_) => differences.0.push("expected a refusal, it was activated".into()),
        Err(refusal) if expected.activated => {
            differences.0.push(format!("expected to be activated, refused: {refusal}"))
        }
        Err(_) => {}
    }
    differences.0
}

fn compare(vector: &ActivationVector, came: &Activated, differences: &mut Differences) {
    let expected = &vector.expected;
    let figures = Some(figures(came));
    differences.compare("figures", &expected.figures, &figures);
    let mut gas = |what, expected: Option<u64>, came| {
        differences.compare(what, &expected, &Some(came));
    };
    gas("call_overhead_gas_uncached", expected.call_overhead_gas_uncached, came.call_overhead_gas_uncached());
    gas("call_overhead_gas_cached", expected.call_overhead_gas_cached, came.call_overhead_gas_cached());
    gas("activation_compute_gas", expected.activation_compute_gas, came.activation_compute_gas());
    gas("activation_fixed_gas", expected.activation_fixed_gas, came.activation_fixed_gas());
    gas("activation_total_gas", expected.activation_total_gas, came.activation_total_gas());
}

/// The figures in the words of the vectors.
pub(super) fn figures(came: &Activated) -> Figures {
    Figures {
        init_cost: came.init_cost.into(),
        cached_init_cost: came.cached_init_cost.into(),
        asm_estimate: came.asm_estimate.into(),
        footprint_pages: came.footprint_pages,
        memory_init_gas: came.memory_init_gas(),
        program_init_gas: came.program_init_gas(),
        program_cached_gas: came.program_cached_gas(),
    }
}
