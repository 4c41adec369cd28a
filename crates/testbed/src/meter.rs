//! Instrumentation: the ink, the stack and the memory that a program uses are paid for inside its own code.
//!
//! One middleware rewrites each function as the chain does, because where a block ends and what a frame weighs is part
//! of the price. In the order in which they apply: ink per basic block, ink per byte of a bulk copy, stack words per
//! frame (counted over the code that the first two have written), and pages before a `memory.grow`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use wasmer::sys::{FunctionMiddleware, MiddlewareError, MiddlewareReaderState, ModuleMiddleware};
use wasmer::wasmparser::{BlockType, Operator, ValType};
use wasmer::{ExportIndex, GlobalInit, GlobalType, LocalFunctionIndex, ModuleInfo, Mutability, Type};

use crate::pricing::{BLOCK_HEADER, BULK_BYTE, MAX_FRAME_WORDS};

/// Export of the ink that is left.
pub(crate) const INK_LEFT: &str = "stylus_ink_left";
/// Export that is 1 once ink has run out.
pub(crate) const INK_STATUS: &str = "stylus_ink_status";
/// Export of the stack words that are left.
pub(crate) const STACK_LEFT: &str = "stylus_stack_left";
/// Exports of the module's own globals that it may write, numbered from 0: what has to be set back before it runs again.
pub(crate) const OWN_GLOBAL: &str = "stylus_global_";
/// The host call that pays for pages.
const PAY_FUNC: &str = "pay_for_memory_grow";

/// Parameters and results of a function type.
type Signature = (u32, u32);

/// What the rewriting of every function needs to know of the module.
#[derive(Debug, Default)]
struct Plan {
    ink: u32,
    status: u32,
    scratch: u32,
    stack: u32,
    pay: Option<u32>,
    types: Vec<Signature>,
    functions: HashMap<u32, Signature>,
}

/// The instrumentation of one module.
#[derive(Debug, Default)]
pub(crate) struct Instrument {
    plan: Mutex<Arc<Plan>>,
}

impl ModuleMiddleware for Instrument {
    fn transform_module_info(&self, info: &mut ModuleInfo) -> Result<(), MiddlewareError> {
        let written = info.globals.iter().filter(|(_, ty)| ty.mutability == Mutability::Var).map(|(index, _)| index);
        for (number, index) in written.collect::<Vec<_>>().into_iter().enumerate() {
            info.exports.insert(format!("{OWN_GLOBAL}{number}"), ExportIndex::Global(index));
        }
        let mut global = |name: Option<&str>, ty: Type, init: GlobalInit| {
            let index = info.globals.push(GlobalType::new(ty, Mutability::Var));
            info.global_initializers.push(init);
            if let Some(name) = name {
                info.exports.insert(name.to_string(), ExportIndex::Global(index));
            }
            index.as_u32()
        };
        let ink = global(Some(INK_LEFT), Type::I64, GlobalInit::I64Const(0));
        let status = global(Some(INK_STATUS), Type::I32, GlobalInit::I32Const(0));
        let scratch = global(None, Type::I32, GlobalInit::I32Const(0));
        let stack = global(Some(STACK_LEFT), Type::I32, GlobalInit::I32Const(0));

        let types: Vec<Signature> =
            info.signatures.values().map(|ty| (ty.params().len() as u32, ty.results().len() as u32)).collect();
        let functions =
            info.functions.iter().map(|(index, ty)| (index.as_u32(), types[ty.as_u32() as usize])).collect();
        let grows = info.memories.values().any(|memory| memory.maximum != Some(memory.minimum));
        // Activation admits no import but functions, so that the position among imports is the function's index.
        let pay = info
            .imports
            .keys()
            .position(|key| key.module == "vm_hooks" && key.field == PAY_FUNC)
            .filter(|_| grows)
            .map(|index| index as u32);
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) =
            Arc::new(Plan { ink, status, scratch, stack, pay, types, functions });
        Ok(())
    }

    fn generate_function_middleware<'a>(&self, _: LocalFunctionIndex) -> Box<dyn FunctionMiddleware<'a> + 'a> {
        let plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::new(Rewriter { plan, locals: 0, scopes: 1, block: Vec::new(), block_cost: 0, code: Vec::new() })
    }
}

/// The rewriting of one function, which is held back until its last instruction is known.
#[derive(Debug)]
struct Rewriter<'a> {
    plan: Arc<Plan>,
    locals: u32,
    scopes: u32,
    block: Vec<Operator<'a>>,
    block_cost: u64,
    code: Vec<Operator<'a>>,
}

impl<'a> FunctionMiddleware<'a> for Rewriter<'a> {
    fn locals_info(&mut self, locals: &[ValType]) {
        self.locals = locals.len() as u32;
    }

    fn feed(&mut self, op: Operator<'a>, out: &mut MiddlewareReaderState<'a>) -> Result<(), MiddlewareError> {
        match op {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => self.scopes += 1,
            Operator::End => self.scopes -= 1,
            _ => {}
        }
        let last = self.scopes == 0;
        let price = price(&op, &self.plan.types).ok_or_else(|| refuse(format!("no price for {op:?}")))?;
        let ends = ends_block(&op);
        self.block_cost += price;
        self.block.push(op);
        if ends {
            self.close_block();
        }
        if last {
            self.emit(out)?;
        }
        Ok(())
    }
}

impl<'a> Rewriter<'a> {
    /// Writes the block that ends here, after the instructions that pay for it.
    fn close_block(&mut self) {
        let cost = self.block_cost + BLOCK_HEADER;
        let (ink, status) = (self.plan.ink, self.plan.status);
        self.code.extend([
            Operator::GlobalGet { global_index: ink },
            Operator::I64Const { value: cost as i64 },
            Operator::I64LtU,
        ]);
        self.code.extend(trap_with(status, 1));
        self.code.extend([
            Operator::GlobalGet { global_index: ink },
            Operator::I64Const { value: cost as i64 },
            Operator::I64Sub,
            Operator::GlobalSet { global_index: ink },
        ]);
        self.block_cost = 0;
        for op in std::mem::take(&mut self.block) {
            if matches!(op, Operator::MemoryFill { .. } | Operator::MemoryCopy { .. }) {
                self.charge_bulk();
            }
            self.code.push(op);
        }
    }

    /// Pays for the bytes on top of the stack that a bulk operation is about to move.
    fn charge_bulk(&mut self) {
        let Plan { ink, status, scratch, .. } = *self.plan;
        self.code.extend([
            Operator::GlobalSet { global_index: scratch },
            Operator::GlobalGet { global_index: ink },
            Operator::GlobalGet { global_index: ink },
            Operator::GlobalGet { global_index: scratch },
            Operator::I64ExtendI32U,
            Operator::I64Const { value: BULK_BYTE as i64 },
            Operator::I64Mul,
            Operator::I64Sub,
            Operator::GlobalSet { global_index: ink },
            Operator::GlobalGet { global_index: ink },
            Operator::I64LtU, // the subtraction wrapped: there was less ink than the cost
        ]);
        self.code.extend(trap_with(status, 1));
        self.code.push(Operator::GlobalGet { global_index: scratch });
    }

    /// Writes the whole function between the instructions that take its frame from the stack and give it back.
    fn emit(&mut self, out: &mut MiddlewareReaderState<'a>) -> Result<(), MiddlewareError> {
        let words = self.deepest()? + self.locals + 4;
        if words > MAX_FRAME_WORDS {
            return Err(refuse(format!("a frame of {words} words, more than {MAX_FRAME_WORDS}")));
        }
        let stack = self.plan.stack;
        let mut write = |op: Operator<'a>| out.push_operator(op);
        write(Operator::GlobalGet { global_index: stack });
        write(Operator::I32Const { value: words as i32 });
        write(Operator::I32LeU);
        trap_with(stack, 0).into_iter().for_each(&mut write);
        write(Operator::GlobalGet { global_index: stack });
        write(Operator::I32Const { value: words as i32 });
        write(Operator::I32Sub);
        write(Operator::GlobalSet { global_index: stack });

        let mut code = std::mem::take(&mut self.code);
        let end = code.pop();
        code.push(Operator::Return);
        code.extend(end);
        for op in code {
            match op {
                Operator::Return => {
                    write(Operator::GlobalGet { global_index: stack });
                    write(Operator::I32Const { value: words as i32 });
                    write(Operator::I32Add);
                    write(Operator::GlobalSet { global_index: stack });
                }
                Operator::MemoryGrow { .. } => {
                    if let Some(pay) = self.plan.pay {
                        let scratch = self.plan.scratch;
                        write(Operator::GlobalSet { global_index: scratch });
                        write(Operator::GlobalGet { global_index: scratch });
                        write(Operator::GlobalGet { global_index: scratch });
                        write(Operator::Call { function_index: pay });
                    }
                }
                _ => {}
            }
            write(op);
        }
        Ok(())
    }

    /// The most values on the stack at one time, counted as the chain counts.
    fn deepest(&self) -> Result<u32, MiddlewareError> {
        let mut depth = Depth::default();
        let mut scopes = vec![0];
        for op in &self.code {
            match op {
                Operator::Block { blockty } | Operator::Loop { blockty } => {
                    depth.block(blockty, &self.plan)?;
                    scopes.push(depth.now);
                }
                Operator::If { blockty } => {
                    depth.pop(1);
                    depth.block(blockty, &self.plan)?;
                    scopes.push(depth.now);
                }
                Operator::Else => depth.now = scopes.last().copied().unwrap_or_default(),
                Operator::End => depth.now = scopes.pop().unwrap_or_default(),
                Operator::Call { function_index } => {
                    let known = self.plan.functions.get(function_index).copied();
                    depth.call(known.ok_or_else(|| refuse("an unknown function".into()))?);
                }
                Operator::CallIndirect { type_index, .. } => {
                    depth.call(self.plan.signature(*type_index)?);
                    depth.pop(1);
                }
                Operator::MemoryFill { .. } | Operator::MemoryCopy { .. } => depth.pop(3),
                other => depth.plain(other),
            }
        }
        Ok(depth.most)
    }
}

impl Plan {
    fn signature(&self, index: u32) -> Result<Signature, MiddlewareError> {
        self.types.get(index as usize).copied().ok_or_else(|| refuse(format!("an unknown type {index}")))
    }
}

/// Values on the stack, now and at most.
#[derive(Default)]
struct Depth {
    now: u32,
    most: u32,
}

impl Depth {
    fn push(&mut self, count: u32) {
        self.now += count;
        self.most = self.most.max(self.now);
    }

    fn pop(&mut self, count: u32) {
        self.now = self.now.saturating_sub(count);
    }

    /// Results are counted before parameters are taken away.
    fn call(&mut self, (params, results): Signature) {
        self.push(results);
        self.pop(params);
    }

    fn block(&mut self, ty: &BlockType, plan: &Plan) -> Result<(), MiddlewareError> {
        match ty {
            BlockType::Empty => {}
            BlockType::Type(_) => self.push(1),
            BlockType::FuncType(index) => self.call(plan.signature(*index)?),
        }
        Ok(())
    }

    fn plain(&mut self, op: &Operator) {
        use Operator as O;
        match op {
            O::LocalGet { .. }
            | O::GlobalGet { .. }
            | O::MemorySize { .. }
            | O::I32Const { .. }
            | O::I64Const { .. } => self.push(1),
            O::Select
            | O::I32Store { .. }
            | O::I64Store { .. }
            | O::I32Store8 { .. }
            | O::I32Store16 { .. }
            | O::I64Store8 { .. }
            | O::I64Store16 { .. }
            | O::I64Store32 { .. } => self.pop(2),
            O::Drop | O::BrIf { .. } | O::BrTable { .. } | O::LocalSet { .. } | O::GlobalSet { .. } => self.pop(1),
            other if is_binary(other) => self.pop(1),
            _ => {}
        }
    }
}

/// `if { global = value; unreachable }`, for the condition on the stack.
fn trap_with<'a>(global_index: u32, value: i32) -> [Operator<'a>; 5] {
    [
        Operator::If { blockty: BlockType::Empty },
        Operator::I32Const { value },
        Operator::GlobalSet { global_index },
        Operator::Unreachable,
        Operator::End,
    ]
}

fn refuse(message: String) -> MiddlewareError {
    MiddlewareError::new("instrumentation", message)
}

/// Whether a basic block ends with this instruction.
fn ends_block(op: &Operator) -> bool {
    use Operator as O;
    matches!(
        op,
        O::End
            | O::Else
            | O::Return
            | O::Loop { .. }
            | O::Br { .. }
            | O::BrTable { .. }
            | O::BrIf { .. }
            | O::If { .. }
            | O::Call { .. }
            | O::CallIndirect { .. }
    )
}

/// Whether it takes two values and leaves one.
fn is_binary(op: &Operator) -> bool {
    is_comparison_32(op) || is_comparison_64(op) || arithmetic(op).is_some()
}

#[rustfmt::skip]
fn is_comparison_32(op: &Operator) -> bool {
    use Operator as O;
    matches!(op, O::I32Eq | O::I32Ne | O::I32LtS | O::I32LtU | O::I32GtS | O::I32GtU | O::I32LeS | O::I32LeU | O::I32GeS | O::I32GeU)
}

#[rustfmt::skip]
fn is_comparison_64(op: &Operator) -> bool {
    use Operator as O;
    matches!(op, O::I64Eq | O::I64Ne | O::I64LtS | O::I64LtU | O::I64GtS | O::I64GtU | O::I64LeS | O::I64LeU | O::I64GeS | O::I64GeU)
}

/// Ink of an operation on two integers that leaves one of the same type.
#[rustfmt::skip]
fn arithmetic(op: &Operator) -> Option<u64> {
    use Operator as O;
    Some(match op {
        O::I32Add | O::I32Sub | O::I32And | O::I32Or | O::I32Xor | O::I32Shl | O::I32ShrS | O::I32ShrU | O::I32Rotl | O::I32Rotr => 70,
        O::I64Add | O::I64Sub | O::I64And | O::I64Or | O::I64Xor | O::I64Shl | O::I64ShrS | O::I64ShrU | O::I64Rotl | O::I64Rotr => 100,
        O::I32Mul | O::I64Mul => 160,
        O::I32DivS | O::I32DivU | O::I32RemS | O::I32RemU => 1_120,
        O::I64DivS | O::I64DivU | O::I64RemS | O::I64RemU => 1_270,
        _ => return None,
    })
}

/// Ink of one instruction, or `None` where activation refuses it.
#[rustfmt::skip]
fn price(op: &Operator, types: &[Signature]) -> Option<u64> {
    use Operator as O;
    Some(match op {
        O::Unreachable | O::Return | O::Nop | O::Block { .. } | O::Loop { .. } | O::Else | O::End
        | O::I32Const { .. } | O::I64Const { .. } => 1,
        O::Drop => 9,
        O::Br { .. } | O::BrIf { .. } | O::If { .. } => 765,
        O::BrTable { targets } => 2_400 + 325 * u64::from(targets.len()),
        O::Select => 1_250,
        O::Call { .. } => 3_800,
        O::CallIndirect { type_index, .. } => 13_610 + 650 * u64::from(types.get(*type_index as usize)?.0),
        O::LocalGet { .. } | O::LocalTee { .. } => 75,
        O::LocalSet { .. } => 210,
        O::GlobalGet { .. } => 225,
        O::GlobalSet { .. } => 575,
        O::I32Load { .. } | O::I32Load8S { .. } | O::I32Load8U { .. } | O::I32Load16S { .. } | O::I32Load16U { .. } => 670,
        O::I64Load { .. } | O::I64Load8S { .. } | O::I64Load8U { .. } | O::I64Load16S { .. } | O::I64Load16U { .. }
        | O::I64Load32S { .. } | O::I64Load32U { .. } => 680,
        O::I32Store { .. } | O::I32Store8 { .. } | O::I32Store16 { .. } => 825,
        O::I64Store { .. } | O::I64Store8 { .. } | O::I64Store16 { .. } | O::I64Store32 { .. } => 950,
        O::MemorySize { .. } => 3_000,
        O::MemoryGrow { .. } => 8_050,
        O::MemoryCopy { .. } | O::MemoryFill { .. } => 950,
        O::I32Eqz => 170,
        O::I64Eqz => 225,
        O::I32Clz | O::I32Ctz | O::I64Clz | O::I64Ctz => 210,
        O::I32Popcnt => 2_650,
        O::I64Popcnt => 6_000,
        O::I32WrapI64 | O::I64ExtendI32S | O::I64ExtendI32U | O::I32Extend8S | O::I32Extend16S
        | O::I64Extend8S | O::I64Extend16S | O::I64Extend32S => 100,
        other if is_comparison_32(other) => 170,
        other if is_comparison_64(other) => 225,
        other => return arithmetic(other),
    })
}
