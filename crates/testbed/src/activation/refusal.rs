//! Why an activation fails: one variant a rule, each with the offending value and the bound.

use std::fmt;

/// The rule that a module breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are what their names say: a value and its bound
pub enum Refusal {
    /// The bytes are no wasm within the accepted features: SIMD, reference types, threads, an over-long table
    /// index, and multi-value where it is not accepted end here.
    Invalid { reason: String, offset: usize },
    /// A section that is not accepted although it is valid: the data count.
    Section { name: &'static str },
    /// A global whose first value is not a constant.
    GlobalNotConstant { index: usize },
    /// An import that is not a function.
    ImportKind { module: String, name: String },
    /// One import twice, with two types.
    ImportTwice { module: String, name: String },
    /// An import that no chain offers.
    UnknownImport { module: String, name: String },
    /// An import that only a chain in debug mode offers.
    DebugImport { module: String, name: String },
    /// An import with a type that is not that of the host call.
    ImportType { module: String, name: String, expected: String, found: String },
    /// An export that has the name of an import.
    ExportNamedAsImport { name: String },
    /// An import or export that starts with `stylus`.
    ReservedName { name: String },
    /// A start function.
    Start,
    /// No memory, or none that is exported as `memory`.
    MissingMemory,
    /// A memory that may grow, and no import of `pay_for_memory_grow`.
    MissingGrowthPayment { min: u64, max: Option<u64> },
    /// No function exported as `user_entrypoint`.
    MissingEntrypoint,
    /// A `user_entrypoint` with a type other than `(i32) -> (i32)`.
    EntrypointType { found: String },
    /// More pages at the start than any program may have.
    TooManyPages { pages: u64, bound: u64 },
    /// An instruction that cannot be metered or proven.
    Instruction { function: usize, name: String },
    /// A float instruction; float types, constants, loads and stores pass.
    Float { function: usize, name: String },
    /// More values on the stack at once than a function may have.
    StackTooDeep { function: usize, words: u32, bound: u32 },
    /// A function whose frame is larger than the bound, in words.
    FrameTooLarge { function: usize, words: u32, bound: u32 },
    /// A count above its limit.
    TooMany { what: &'static str, count: u64, bound: u64 },
    /// A name above its limit, in bytes.
    NameTooLong { what: &'static str, len: usize, bound: usize },
    /// A figure of the cost model that does not fit the field that stores it.
    CostTooHigh { what: &'static str, value: u64, bound: u64 },
    /// A table of something other than functions.
    TableType { index: usize },
    /// A data or element segment that starts at something other than a constant.
    SegmentOffset { what: &'static str, index: usize },
    /// An active element segment of expressions.
    ElementItems { index: usize },
    /// A data or element segment that ends past what it initialises.
    SegmentBounds { what: &'static str, index: usize, end: u64, bound: u64 },
    /// A module that is too long once decompressed.
    WasmTooLong { len: usize, bound: usize },
    /// Account code that is too long.
    CodeTooLong { len: usize, bound: usize },
    /// A Stylus version that does not exist.
    UnknownStylusVersion { version: u16, newest: u16 },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Refusal::*;
        match self {
            Invalid { reason, offset } => write!(f, "not a valid module: {reason} (at byte {offset})"),
            Section { name } => write!(f, "section {name} is not accepted"),
            GlobalNotConstant { index } => write!(f, "global {index} does not start at a constant"),
            ImportKind { module, name } => write!(f, "import {module}.{name} is not a function"),
            ImportTwice { module, name } => write!(f, "import {module}.{name} has two types"),
            UnknownImport { module, name } => write!(f, "import {module}.{name} does not exist"),
            DebugImport { module, name } => write!(f, "import {module}.{name} exists in debug mode only"),
            ImportType { module, name, expected, found } => {
                write!(f, "import {module}.{name} has type {found}, expected {expected}")
            }
            ExportNamedAsImport { name } => write!(f, "export {name} has the name of an import"),
            ReservedName { name } => write!(f, "name {name} is reserved: it starts with stylus"),
            Start => write!(f, "a start function is not accepted"),
            MissingMemory => write!(f, "no memory is exported as memory"),
            MissingGrowthPayment { min, max } => {
                let max = max.map_or("no maximum".to_owned(), |max| format!("maximum {max}"));
                write!(f, "memory may grow (minimum {min}, {max}) and vm_hooks.pay_for_memory_grow is not imported")
            }
            MissingEntrypoint => write!(f, "no function is exported as user_entrypoint"),
            EntrypointType { found } => write!(f, "user_entrypoint has type {found}, expected (i32) -> (i32)"),
            TooManyPages { pages, bound } => write!(f, "memory starts with {pages} pages, limit {bound}"),
            Instruction { function, name } => write!(f, "function {function}: instruction {name} is not accepted"),
            Float { function, name } => write!(f, "function {function}: float instruction {name} is not accepted"),
            StackTooDeep { function, words, bound } => {
                write!(f, "function {function}: {words} values on the stack at once, limit {bound}")
            }
            FrameTooLarge { function, words, bound } => {
                write!(f, "function {function}: frame of {words} words, limit {bound}")
            }
            TooMany { what, count, bound } => write!(f, "{count} {what}, limit {bound}"),
            NameTooLong { what, len, bound } => write!(f, "{what} of {len} bytes, limit {bound}"),
            CostTooHigh { what, value, bound } => write!(f, "{what} is {value}, limit {bound}"),
            TableType { index } => write!(f, "table {index} does not hold functions"),
            SegmentOffset { what, index } => write!(f, "{what} segment {index} does not start at a constant"),
            ElementItems { index } => write!(f, "element segment {index} is not a list of functions"),
            SegmentBounds { what, index, end, bound } => {
                write!(f, "{what} segment {index} ends at {end}, limit {bound}")
            }
            WasmTooLong { len, bound } => write!(f, "module of {len} bytes, limit {bound}"),
            CodeTooLong { len, bound } => write!(f, "account code of {len} bytes, limit {bound}"),
            UnknownStylusVersion { version, newest } => {
                write!(f, "Stylus version {version} does not exist, newest {newest}")
            }
        }
    }
}

impl std::error::Error for Refusal {}
