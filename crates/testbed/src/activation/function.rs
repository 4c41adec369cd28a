//! One function as activation rewrites it: how many operators it has afterwards, and how large its frame is.
//!
//! The rewriting itself is done where the program is compiled to run; here it is only counted.

use super::Refusal;
use wasmparser::{BlockType, FuncType, FunctionBody, Operator};

/// Operators put before each basic block: compare the ink left with the block's cost, and take it.
const BLOCK_HEADER: u32 = 12;
/// Operators put before each `memory.copy` and `memory.fill`: take the ink for its length.
const BULK_HEADER: u32 = 17;
/// Operators put at the entry: compare the stack left with the frame, and take it.
const FRAME_ENTRY: u32 = 12;
/// Operators put before each return: give the frame back.
const FRAME_EXIT: u32 = 4;
/// Operators put before each `memory.grow`: pay for the pages.
const GROW_HEADER: u32 = 4;
/// Words that a frame has besides its locals and values.
const FRAME_OVERHEAD: u32 = 4;
/// Values on the stack that a block's header needs, and those that the header of a bulk operator needs.
const BLOCK_HEADER_DEPTH: u32 = 2;
const BULK_HEADER_DEPTH: u32 = 3;
/// Values that may be on the stack at once.
const MAX_VALUES: u32 = 4096;
/// Words of a frame.
const MAX_FRAME: u32 = 10 * 1024;

/// What activation knows about one function.
#[derive(Clone, Debug)]
pub(super) struct Function {
    /// Position among the functions that the module defines.
    pub index: usize,
    /// Locals, parameters not counted.
    pub locals: u64,
    /// Operators after rewriting.
    pub operators: u64,
    /// Words of stack that a call of it takes.
    pub frame: u32,
    float: Option<String>,
}

/// The types that a function refers to.
#[derive(Clone, Copy)]
pub(super) struct Types<'a> {
    /// Types by index.
    pub all: &'a [FuncType],
    /// Type index by function, imports first.
    pub by_function: &'a [u32],
}

impl Function {
    /// Counts a function; `paid_growth` says whether growing memory is paid for by a host call.
    ///
    /// Errors: [`Refusal::Instruction`], [`Refusal::StackTooDeep`], [`Refusal::FrameTooLarge`].
    pub(super) fn count(
        index: usize,
        body: &FunctionBody<'_>,
        wasm: &[u8],
        types: Types<'_>,
        paid_growth: bool,
    ) -> Result<Self, Refusal> {
        let mut locals = 0u64;
        for group in body.get_locals_reader().map_err(Refusal::from)? {
            locals += u64::from(group.map_err(Refusal::from)?.0);
        }
        let mut depth = Depth::new(types);
        let mut operators = u64::from(FRAME_ENTRY);
        let mut float = None;
        for item in body.get_operators_reader().map_err(Refusal::from)?.into_iter_with_offsets() {
            let (op, offset) = item.map_err(Refusal::from)?;
            let opcode = wasm[offset];
            if !accepted(opcode, &op) {
                return Err(Refusal::Instruction { function: index, name: name(&op) });
            }
            if float.is_none() && is_float_arithmetic(opcode, &op) {
                float = Some(name(&op));
            }
            operators += 1 + u64::from(added(&op, paid_growth));
            depth.feed(opcode, &op);
        }
        operators += u64::from(1 + FRAME_EXIT); // the return that is put before the last end
        let words = depth.worst;
        if words > MAX_VALUES {
            return Err(Refusal::StackTooDeep { function: index, words, bound: MAX_VALUES });
        }
        let frame = words + u32::try_from(locals).unwrap_or(u32::MAX - 2 * MAX_VALUES) + FRAME_OVERHEAD;
        if frame > MAX_FRAME {
            return Err(Refusal::FrameTooLarge { function: index, words: frame, bound: MAX_FRAME });
        }
        Ok(Self { index, locals, operators, frame, float })
    }

    /// Errors: [`Refusal::Float`].
    pub(super) fn check_floats(&self) -> Result<(), Refusal> {
        match &self.float {
            Some(name) => Err(Refusal::Float { function: self.index, name: name.clone() }),
            None => Ok(()),
        }
    }
}

/// Operators that rewriting puts before this one.
fn added(op: &Operator<'_>, paid_growth: bool) -> u32 {
    let block = if ends_block(op) { BLOCK_HEADER } else { 0 };
    block
        + match op {
            Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } => BULK_HEADER,
            Operator::Return => FRAME_EXIT,
            Operator::MemoryGrow { .. } if paid_growth => GROW_HEADER,
            _ => 0,
        }
}

/// Whether ink is charged up to and including this operator at once. A trap does not end a block.
fn ends_block(op: &Operator<'_>) -> bool {
    use Operator::*;
    matches!(
        op,
        End | Else
            | Return
            | Loop { .. }
            | If { .. }
            | Br { .. }
            | BrIf { .. }
            | BrTable { .. }
            | Call { .. }
            | CallIndirect { .. }
    )
}

/// Of what the validator lets through, the bulk operators on segments and tables are refused.
fn accepted(opcode: u8, op: &Operator<'_>) -> bool {
    use Operator::*;
    opcode != 0xfc || matches!(op, MemoryCopy { .. } | MemoryFill { .. }) || is_float_arithmetic(opcode, op)
}

/// Whether an operator computes with floats: compares, arithmetic, conversions, truncations.
fn is_float_arithmetic(opcode: u8, op: &Operator<'_>) -> bool {
    use Operator::*;
    matches!(opcode, 0x5b..=0x66 | 0x8b..=0xa6 | 0xa8..=0xab | 0xae..=0xbb)
        || matches!(
            op,
            I32TruncSatF32S
                | I32TruncSatF32U
                | I32TruncSatF64S
                | I32TruncSatF64U
                | I64TruncSatF32S
                | I64TruncSatF32U
                | I64TruncSatF64S
                | I64TruncSatF64U
        )
}

fn name(op: &Operator<'_>) -> String {
    let text = format!("{op:?}");
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}

/// The most values that are on the stack at once, counted as activation counts: a block's results are there from
/// its start, what follows a branch is counted as if it were reached, and popping from nothing is no error.
struct Depth<'a> {
    types: Types<'a>,
    stack: u32,
    worst: u32,
    scopes: Vec<u32>,
    /// Height at which the current basic block starts.
    block_start: u32,
}

impl<'a> Depth<'a> {
    fn new(types: Types<'a>) -> Self {
        Self { types, stack: 0, worst: 0, scopes: vec![0], block_start: 0 }
    }

    fn push(&mut self, count: u32) {
        self.stack = self.stack.saturating_add(count);
        self.worst = self.worst.max(self.stack);
    }

    fn pop(&mut self, count: u32) {
        self.stack = self.stack.saturating_sub(count);
    }

    fn feed(&mut self, opcode: u8, op: &Operator<'_>) {
        use Operator::*;
        match op {
            Block { blockty } | Loop { blockty } => self.open(*blockty),
            If { blockty } => {
                self.pop(1);
                self.open(*blockty);
            }
            Else => self.stack = self.scopes.last().copied().unwrap_or_default(),
            End => self.stack = self.scopes.pop().unwrap_or_default(),
            Call { function_index } => {
                let ty = self.types.by_function.get(*function_index as usize).copied();
                self.call(ty);
            }
            CallIndirect { type_index, .. } => {
                self.call(Some(*type_index));
                self.pop(1); // the position in the table
            }
            MemoryCopy { .. } | MemoryFill { .. } => {
                self.worst = self.worst.max(self.stack.saturating_add(BULK_HEADER_DEPTH));
                self.pop(3);
            }
            _ => match opcode {
                0x20 | 0x23 | 0x3f | 0x41..=0x44 => self.push(1), // gets, sizes, constants
                0x0d | 0x0e | 0x1a | 0x21 | 0x24 => self.pop(1),  // conditional branches, drop, sets
                0x1b | 0x36..=0x3e => self.pop(2),                // select, stores
                0x46..=0x4f | 0x51..=0x66 => self.pop(1),         // compares
                0x6a..=0x78 | 0x7c..=0x8a | 0x92..=0x98 | 0xa0..=0xa6 => self.pop(1), // two operands
                _ => {}                                           // as many values as before
            },
        }
        if ends_block(op) {
            self.worst = self.worst.max(self.block_start.saturating_add(BLOCK_HEADER_DEPTH));
            self.block_start = self.stack;
        }
    }

    fn open(&mut self, ty: BlockType) {
        match ty {
            BlockType::Empty => {}
            BlockType::Type(_) => self.push(1),
            BlockType::FuncType(index) => self.call(Some(index)),
        }
        self.scopes.push(self.stack);
    }

    fn call(&mut self, ty: Option<u32>) {
        let Some(ty) = ty.and_then(|index| self.types.all.get(index as usize)) else {
            return; // the validator has seen that it exists
        };
        self.push(ty.results().len() as u32);
        self.pop(ty.params().len() as u32);
    }
}
