//! The host calls of a program: the whole `vm_hooks` interface, each at its price.
//!
//! The order of charges, checks and effects inside a host call is the chain's, since a program that runs out of ink
//! half way shows it. A host call is counted when it comes back.

mod account;
mod call;
mod context;
mod math;
mod steps;
mod storage;
mod table;

use std::collections::BTreeMap;
use std::fmt;

use alloy_primitives::{Address, Bytes, B256, U256};
use wasmer::{FunctionEnvMut, Global, Memory, StoreMut, Value};

use crate::exec::Executor;
use crate::outcome::HostioTally;
use crate::pricing::INK_PRICE;
use crate::slots::Slots;
use crate::trace::HostCall;

pub(crate) use table::import;

/// Why a host call does not come back to the program.
#[derive(Debug)]
pub(crate) enum Escape {
    /// Ink ran out.
    OutOfInk,
    /// The program ended itself with a status.
    Exit(u32),
    /// A pointer led outside the memory.
    Memory,
    /// A rule was broken.
    Rule(&'static str),
}

impl fmt::Display for Escape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfInk => f.write_str("out of ink"),
            Self::Exit(status) => write!(f, "exit with status {status}"),
            Self::Memory => f.write_str("memory access out of bounds"),
            Self::Rule(rule) => f.write_str(rule),
        }
    }
}

impl std::error::Error for Escape {}

/// What a program frame is told of itself.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Whose storage it acts on.
    pub(crate) address: Address,
    pub(crate) caller: Address,
    pub(crate) value: U256,
    pub(crate) is_static: bool,
    pub(crate) reentrant: bool,
}

/// The state of a running program outside its memory.
pub(crate) struct HookEnv {
    exec: *mut Executor,
    frame: Frame,
    pub(crate) args: Bytes,
    pub(crate) output: Vec<u8>,
    return_data: Bytes,
    slots: Slots,
    last_code: Option<(Address, Bytes)>,
    pub(crate) tally: BTreeMap<&'static str, HostioTally>,
    /// Host calls so far, where they are traced.
    pub(crate) hostio: Option<Vec<HostCall>>,
    handles: Option<Handles>,
}

// SAFETY: the engine asks for `Send` because a store may move between threads. A `HookEnv` that points to an executor
// lives inside one call of `Compiled::run`, on the executor's thread, and neither leaves it; an idle one points nowhere.
unsafe impl Send for HookEnv {}

impl fmt::Debug for HookEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookEnv").field("frame", &self.frame).finish_non_exhaustive()
    }
}

/// Where the instance keeps what host calls work on.
#[derive(Clone, Debug)]
struct Handles {
    memory: Memory,
    ink: Global,
    status: Global,
}

impl HookEnv {
    pub(crate) fn new(exec: &mut Executor, frame: Frame, args: Bytes) -> Self {
        Self { exec, frame, args, ..Self::idle() }
    }

    /// The environment of an instance that does not run.
    pub(crate) fn idle() -> Self {
        let frame = Frame {
            address: Address::ZERO,
            caller: Address::ZERO,
            value: U256::ZERO,
            is_static: true,
            reentrant: false,
        };
        Self {
            exec: std::ptr::null_mut(),
            frame,
            args: Bytes::new(),
            output: Vec::new(),
            return_data: Bytes::new(),
            slots: Slots::default(),
            last_code: None,
            tally: BTreeMap::new(),
            hostio: None,
            handles: None,
        }
    }

    pub(crate) fn attach(&mut self, memory: Memory, ink: Global, status: Global) {
        self.handles = Some(Handles { memory, ink, status });
    }
}

/// One host call under way.
pub(crate) struct Hook<'a> {
    env: &'a mut HookEnv,
    store: StoreMut<'a>,
    handles: Handles,
    ink: u64,
}

/// What a host call gives back.
type Answer<T = ()> = Result<T, Escape>;

/// What a host call returns, as a number.
trait Returned: Copy {
    fn number(self) -> u64;
}

impl Returned for () {
    fn number(self) -> u64 {
        0
    }
}

impl Returned for u32 {
    fn number(self) -> u64 {
        self.into()
    }
}

impl Returned for u64 {
    fn number(self) -> u64 {
        self
    }
}

/// Runs a host call: takes the ink that is left, counts what the call cost and gives the rest back.
fn measured<T: Returned>(
    mut ctx: FunctionEnvMut<'_, HookEnv>,
    name: &'static str,
    parameters: &[u64],
    body: impl FnOnce(&mut Hook<'_>) -> Answer<T>,
) -> Answer<T> {
    let (env, mut store) = ctx.data_and_store_mut();
    let handles = env.handles.clone().ok_or(Escape::Rule("no instance"))?;
    let before = match handles.ink.get(&mut store) {
        Value::I64(ink) => ink as u64,
        _ => 0,
    };
    let mut hook = Hook { env, store, handles, ink: before };
    let given = hook.env.hostio.is_some().then(|| (hook.given(name, parameters), hook.exec().calls_traced()));
    let answer = body(&mut hook);
    let exhausted = matches!(answer, Err(Escape::OutOfInk));
    let ink = if exhausted { 0 } else { hook.ink };
    let set = |global: &Global, store: &mut StoreMut<'_>, value| {
        global.set(store, value).map_err(|_| Escape::Rule("no such global"))
    };
    set(&hook.handles.ink, &mut hook.store, Value::I64(ink as i64))?;
    if exhausted {
        set(&hook.handles.status, &mut hook.store, Value::I32(1))?;
    }
    if matches!(answer, Ok(_) | Err(Escape::Exit(_))) {
        let tally = hook.env.tally.entry(name).or_default();
        tally.count += 1;
        tally.ink += before - ink;
        if let Some((args, calls)) = given {
            let returned = answer.as_ref().map_or(0, |value| value.number());
            let outs = hook.answered(name, parameters, returned);
            let call = (hook.exec().calls_traced() > calls).then_some(calls);
            let step = HostCall { name, args, outs, start_ink: before, end_ink: ink, call };
            hook.env.hostio.get_or_insert_default().push(step);
        }
    }
    answer
}

impl Hook<'_> {
    /// The transaction that this program runs in.
    fn exec(&mut self) -> &mut Executor {
        // SAFETY: the executor outlives `Compiled::run`, which it called itself, and while a program runs it is reached
        // through this pointer only, by one host call at a time.
        unsafe { &mut *self.env.exec }
    }

    fn buy_ink(&mut self, ink: u64) -> Answer {
        self.ink = self.ink.checked_sub(ink).ok_or(Escape::OutOfInk)?;
        Ok(())
    }

    fn buy_gas(&mut self, gas: u64) -> Answer {
        self.buy_ink(gas.saturating_mul(INK_PRICE))
    }

    /// Fails unless this much gas is left; takes none.
    fn require_gas(&self, gas: u64) -> Answer {
        if self.ink < gas.saturating_mul(INK_PRICE) {
            return Err(Escape::OutOfInk);
        }
        Ok(())
    }

    fn gas_left(&self) -> u64 {
        self.ink / INK_PRICE
    }

    fn write(&mut self, pointer: u32, bytes: &[u8]) -> Answer {
        self.handles.memory.view(&self.store).write(u64::from(pointer), bytes).map_err(|_| Escape::Memory)
    }

    fn write_u32(&mut self, pointer: u32, number: u32) -> Answer {
        self.write(pointer, &number.to_le_bytes())
    }

    fn read_into(&self, pointer: u32, bytes: &mut [u8]) -> Answer {
        self.handles.memory.view(&self.store).read(u64::from(pointer), bytes).map_err(|_| Escape::Memory)
    }

    fn read(&self, pointer: u32, length: u32) -> Answer<Vec<u8>> {
        let view = self.handles.memory.view(&self.store);
        if u64::from(pointer) + u64::from(length) > view.data_size() {
            return Err(Escape::Memory); // before anything of that length is allocated
        }
        let mut bytes = vec![0; length as usize];
        self.read_into(pointer, &mut bytes)?;
        Ok(bytes)
    }

    fn read_word(&self, pointer: u32) -> Answer<B256> {
        let mut word = B256::ZERO;
        self.read_into(pointer, &mut word.0)?;
        Ok(word)
    }

    fn read_number(&self, pointer: u32) -> Answer<U256> {
        Ok(self.read_word(pointer)?.into())
    }

    fn read_address(&self, pointer: u32) -> Answer<Address> {
        let mut address = Address::ZERO;
        self.read_into(pointer, &mut address.0 .0)?;
        Ok(address)
    }
}

/// What of `bytes` lies in `offset..offset + size`.
fn overlap(bytes: &[u8], offset: u32, size: u32) -> &[u8] {
    let start = (offset as usize).min(bytes.len());
    let end = (offset.saturating_add(size) as usize).min(bytes.len());
    &bytes[start..end]
}
