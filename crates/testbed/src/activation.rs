//! What a chain does when a Stylus program is activated: every refusal, and every figure of the cost model.
//!
//! A program is stored as compressed wasm and has to be activated once before it can be called. Activation
//! validates the module against a feature set smaller than that of any current compiler, rewrites each function
//! (metering, stack depth, memory growth), checks the limits *after* that rewriting, and derives from the shape
//! of the module what every later call pays before its first instruction.
//!
//! ```
//! use fusebox_testbed::activation::{activate, Refusal, Rules};
//!
//! let wasm = [0, b'a', b's', b'm', 1, 0, 0, 0];
//! assert!(matches!(activate(&wasm, &Rules::default()), Err(Refusal::MissingMemory)));
//! ```
//!
//! Source: the published cost model and limits of Nitro (`crates/prover`, `arbos/programs`), and the vectors,
//! which are what its engine answered. Two surprises that the engine confirms: the limit of operators counts the
//! rewritten function, and the limits of exports and of their names are applied after everything but `memory` and
//! `user_entrypoint` was dropped, so on a chain without debug mode they never refuse anything.

mod cost;
mod deployable;
mod function;
mod hooks;
mod module;
mod refusal;

pub(crate) use cost::init_gas;
pub use cost::{memory_gas, Activated};
pub use deployable::deployable;
pub use refusal::Refusal;

use module::Module;
use std::io::Write as _;

/// First ArbOS that charges activation for the length of the module and bounds its imports.
const ARBOS_CHARGING_FIXES: u64 = 32;
/// First ArbOS that refuses multi-value and takes modules of 256 KiB.
const ARBOS_60: u64 = 60;
/// First Stylus version that refuses multi-value.
const STYLUS_SINGLE_VALUE: u16 = 3;

/// The rules under which a chain activates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// ArbOS version of the chain.
    pub arbos: u64,
    /// Stylus version that the program is compiled for: 1, 2 or 3.
    pub stylus_version: u16,
    /// Pages a program may start with; what is open in the transaction is already subtracted.
    pub page_limit: u16,
    /// Whether the chain allows the `console` imports and start functions.
    pub debug: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { arbos: 60, stylus_version: 2, page_limit: 128, debug: false }
    }
}

impl Rules {
    /// Whether functions and blocks may have several results.
    pub const fn multi_value(&self) -> bool {
        self.arbos < ARBOS_60 && self.stylus_version < STYLUS_SINGLE_VALUE
    }

    /// Bytes that a module may have once it is decompressed.
    pub const fn max_wasm_len(&self) -> usize {
        if self.arbos >= ARBOS_60 {
            262_144
        } else {
            131_072
        }
    }
}

/// Bytes of code that one account may hold, the 4-byte prefix included (EIP-170).
pub const MAX_CODE_LEN: usize = 24_576;
/// What the code of every Stylus program starts with: the marker, and the byte that says there is no dictionary.
pub const CODE_PREFIX: [u8; 4] = [0xef, 0xf0, 0x00, 0x00];

/// Activates a module, given as the bytes that remain after decompression.
///
/// Errors: the first rule that the module breaks, with the offending value and the bound.
pub fn activate(wasm: &[u8], rules: &Rules) -> Result<Activated, Refusal> {
    if !(1..=3).contains(&rules.stylus_version) {
        return Err(Refusal::UnknownStylusVersion { version: rules.stylus_version, newest: 3 });
    }
    let mut module = Module::parse(wasm, rules)?;
    module.check_names()?;
    module.check_start(rules)?;
    let pages = module.check_memory()?;
    let paid_growth = module.check_growth(pages)?;
    let functions = module.rewrite(paid_growth)?;
    module.check_entrypoint()?;
    let activated = Activated::new(&module, &functions, pages, rules)?;
    module.check_limits(&functions, pages, rules)?;
    module.check_imports(rules)?;
    functions.iter().try_for_each(function::Function::check_floats)?;
    module.check_segments(pages)?;
    Ok(activated)
}

/// Checks the sizes that a chain bounds before it looks into a module.
///
/// Errors: [`Refusal::WasmTooLong`], [`Refusal::CodeTooLong`].
pub fn check_code_size(wasm: &[u8], code: &[u8], rules: &Rules) -> Result<(), Refusal> {
    check_wasm_len(wasm, rules)?;
    if code.len() > MAX_CODE_LEN {
        return Err(Refusal::CodeTooLong { len: code.len(), bound: MAX_CODE_LEN });
    }
    Ok(())
}

pub(crate) fn check_wasm_len(wasm: &[u8], rules: &Rules) -> Result<(), Refusal> {
    let bound = rules.max_wasm_len();
    if wasm.len() > bound {
        return Err(Refusal::WasmTooLong { len: wasm.len(), bound });
    }
    Ok(())
}

/// The account code of a module: [`CODE_PREFIX`] and the module in brotli at quality 11, window 22.
pub fn deployed_code(wasm: &[u8]) -> Vec<u8> {
    let params =
        brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, size_hint: wasm.len(), ..Default::default() };
    let mut encoder = brotli::CompressorWriter::with_params(CODE_PREFIX.to_vec(), wasm.len().max(1), &params);
    encoder.write_all(wasm).expect("writing to memory does not fail");
    encoder.into_inner()
}

/// The module inside account code, or `None` where the code is not that of a Stylus program.
pub fn decompressed(code: &[u8], rules: &Rules) -> Option<Vec<u8>> {
    decompress(code.strip_prefix(&CODE_PREFIX)?, rules)
}

/// What is compressed, up to one byte past the longest module.
pub(crate) fn decompress(compressed: &[u8], rules: &Rules) -> Option<Vec<u8>> {
    use std::io::Read as _;
    let limit = rules.max_wasm_len() as u64;
    let mut wasm = Vec::new();
    // One byte past the limit is read, so that a bomb is bounded and still seen to be too long.
    brotli::Decompressor::new(compressed, 4096).take(limit + 1).read_to_end(&mut wasm).ok()?;
    Some(wasm)
}
