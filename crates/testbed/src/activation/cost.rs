//! The cost model: what activating takes, and what every call pays before its first instruction.

use super::function::Function;
use super::module::{Module, ADDED_GLOBALS};
use super::{Refusal, Rules, ARBOS_CHARGING_FIXES};

/// Gas that an activation takes whatever the module is.
const ACTIVATION_FIXED_GAS: u64 = 1_659_168;
/// Gas that the activation of one microsecond of work takes.
const ACTIVATION_GAS_PER_MICROSECOND: u64 = 28;
/// Gas that entering a program takes at least, when it is not cached and when it is.
const MIN_INIT_GAS: u64 = 69 * 128;
const MIN_CACHED_GAS: u64 = 11 * 32;
/// Pages that a transaction has for nothing, and the gas of each further one.
const FREE_PAGES: u16 = 2;
const PAGE_GAS: u64 = 1000;
/// Wei that a byte of the size estimate costs when there is no demand.
const MIN_BYTE_PRICE_WEI: u128 = 82_928_201;

/// A module that activation accepted, with all that follows from its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activated {
    /// Gas that entering the program costs above the minimum when it is not cached.
    pub init_cost: u16,
    /// Gas that entering the program costs above the minimum, cached or not.
    pub cached_init_cost: u16,
    /// Bytes that the program is estimated to have as machine code, the base of the data fee.
    pub asm_estimate: u32,
    /// Pages of 64 KiB that its memory starts with.
    pub footprint_pages: u16,
    /// Functions that it defines.
    pub functions: u32,
    /// Bytes that its data segments hold.
    pub data_bytes: u32,
    /// Bytes of the module.
    pub wasm_len: u32,
    /// Parameters and results of its functions, added up.
    pub type_len: u64,
    /// Globals that it defines.
    pub globals: u64,
    /// Operators of all functions once metering is in.
    pub operators: u64,
    /// Words of stack that a call of each function takes.
    pub frames: Vec<u32>,
    compute_gas: u64,
}

/// Gas of entering a program that is not cached, without the cached part, and the cached part, for costs above the
/// minimum.
pub(crate) fn init_gas(cost: u16) -> (u64, u64) {
    (MIN_INIT_GAS + u64::from(cost), MIN_CACHED_GAS + u64::from(cost))
}

impl Activated {
    pub(crate) const FIXED_GAS: u64 = ACTIVATION_FIXED_GAS;

    pub(super) fn new(module: &Module<'_>, functions: &[Function], pages: u16, rules: &Rules) -> Result<Self, Refusal> {
        let count = functions.len() as u64;
        let wasm_len = module.wasm.len() as u64;
        let type_len = module.type_len();
        let segments = module.data_segment_bytes() + module.element_bytes();
        let globals = module.globals + ADDED_GLOBALS;
        let operators = functions.iter().map(|function| function.operators).sum();

        // Each part is rounded down by itself, as the chain does; rounding the sum would be off by a few.
        let asm_estimate = 512_000 + count * 996_829 / 1000 + type_len * 11_416 / 1000 + wasm_len * 62_628 / 10_000;
        let cached = count * 13_420 / 100_000
            + type_len * 89 / 100_000
            + wasm_len * 122 / 100_000
            + globals * 1628 / 1000
            + segments * 75_244 / 100_000
            + u64::from(pages) * 5;
        let own = count * 8252 / 1000 + type_len * 1059 / 1000 + wasm_len * 1286 / 10_000;
        let init = if rules.stylus_version == 1 { cached + own } else { own };

        let microseconds = [
            if rules.arbos >= ARBOS_CHARGING_FIXES { wasm_len * 31_733 / 100_000 } else { 0 },
            count * 17_263 / 100_000,
            module.data_bytes() * 17_376 / 100_000,
            module.element_bytes() * 17_376 / 100_000,
            u64::from(pages) * 2217,
            operators * 535 / 1000,
        ];
        Ok(Self {
            init_cost: fits("init cost", init, u64::from(u16::MAX))?,
            cached_init_cost: fits("cached init cost", cached, u64::from(u16::MAX))?,
            asm_estimate: fits("size estimate", asm_estimate, u64::from(u32::MAX))?,
            footprint_pages: pages,
            functions: fits("functions", count, u64::from(u32::MAX))?,
            data_bytes: fits("data bytes", module.data_bytes(), u64::from(u32::MAX))?,
            wasm_len: fits("module length", wasm_len, u64::from(u32::MAX))?,
            type_len,
            globals: module.globals,
            operators,
            frames: functions.iter().map(|function| function.frame).collect(),
            compute_gas: microseconds.iter().sum::<u64>() * ACTIVATION_GAS_PER_MICROSECOND,
        })
    }

    /// Gas of entering the program when it is not cached, without the cached part.
    pub fn program_init_gas(&self) -> u64 {
        MIN_INIT_GAS + u64::from(self.init_cost)
    }

    /// Gas of entering the program, cached or not.
    pub fn program_cached_gas(&self) -> u64 {
        MIN_CACHED_GAS + u64::from(self.cached_init_cost)
    }

    /// Gas of the memory it starts with when nothing else is open.
    pub fn memory_init_gas(&self) -> u64 {
        memory_gas(self.footprint_pages, 0, 0)
    }

    /// All gas that a transaction pays to enter it before the first instruction, when it is not cached.
    pub fn call_overhead_gas_uncached(&self) -> u64 {
        self.call_overhead_gas_cached().saturating_add(self.program_init_gas())
    }

    /// All gas that a transaction pays to enter it before the first instruction, when it is cached.
    pub fn call_overhead_gas_cached(&self) -> u64 {
        self.memory_init_gas().saturating_add(self.program_cached_gas())
    }

    /// Gas of activating it that depends on the module.
    pub fn activation_compute_gas(&self) -> u64 {
        self.compute_gas
    }

    /// Gas of activating anything.
    pub fn activation_fixed_gas(&self) -> u64 {
        ACTIVATION_FIXED_GAS
    }

    /// Gas of activating it; the data fee is paid in wei on top.
    pub fn activation_total_gas(&self) -> u64 {
        self.compute_gas + ACTIVATION_FIXED_GAS
    }

    /// The data fee of activating it at the minimum price of a byte. Demand on the chain raises the price, and the
    /// program's own bytes count as demand: some 1 % for a program of usual size.
    ///
    /// Units: wei.
    pub fn data_fee_wei(&self) -> u128 {
        u128::from(self.asm_estimate) * MIN_BYTE_PRICE_WEI
    }
}

/// Gas of opening `new_pages` where `open` are open now and `ever` were open at one time in the transaction.
///
/// Two pages are free, each further one costs 1000, and what was never open before pays an exponential ramp that
/// reaches 31,873,999 at 128 pages; beyond that nothing is enough.
///
/// Rounding: the ramp is rounded down at each page.
pub fn memory_gas(new_pages: u16, open: u16, ever: u16) -> u64 {
    let now = open.saturating_add(new_pages);
    let most = ever.max(now);
    if most <= FREE_PAGES {
        return 0;
    }
    let paid = |pages: u16| pages.saturating_sub(FREE_PAGES);
    let linear = u64::from(paid(now) - paid(open)) * PAGE_GAS;
    linear.saturating_add(ramp(most).saturating_sub(ramp(ever)))
}

/// `31_874_000 ^ (pages / 128)`, rounded down. The chain holds it as a table that was made in this way: with the
/// base rounded to a double and by squaring, which is why it ends one short.
fn ramp(pages: u16) -> u64 {
    const BASE: f64 = 1.144_512_652_659_246_4;
    if pages > 128 {
        return u64::MAX;
    }
    let (mut value, mut square, mut left) = (1.0, BASE, pages);
    while left > 0 {
        if left & 1 == 1 {
            value *= square;
        }
        square *= square;
        left >>= 1;
    }
    value as u64
}

fn fits<T: TryFrom<u64>>(what: &'static str, value: u64, bound: u64) -> Result<T, Refusal> {
    T::try_from(value).map_err(|_| Refusal::CostTooHigh { what, value, bound })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramp_is_the_table_of_the_chain() {
        let points = [(0, 1), (6, 2), (31, 65), (64, 5645), (100, 727_880), (127, 27_849_408), (128, 31_873_999)];
        for (pages, gas) in points {
            assert_eq!(ramp(pages), gas, "{pages} pages");
        }
        assert_eq!((0..=128).map(ramp).sum::<u64>(), 252_435_931); // of the published table
        assert_eq!(ramp(129), u64::MAX);
    }

    #[test]
    fn opening_pages_one_by_one_costs_what_opening_them_at_once_costs() {
        let single: u64 = (0..128).map(|open| memory_gas(1, open, open)).sum();
        assert_eq!(single, memory_gas(128, 0, 0));
        assert_eq!(single, 31_999_998);
    }

    #[test]
    fn pages_closed_and_opened_again_pay_no_ramp() {
        assert_eq!(memory_gas(10, 0, 0), 8002);
        assert_eq!(memory_gas(10, 0, 10), 8000);
        assert_eq!(memory_gas(2, 0, 0), 0);
        assert_eq!(memory_gas(1, 2, 2), 1000);
        assert_eq!(memory_gas(129, 0, 0), u64::MAX);
    }
}
