//! Compiled programs: each module is compiled once a process, and every call runs an instance of it that is as new.

mod instance;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use alloy_primitives::{keccak256, B256};
use wasmer::sys::{CompilerConfig, EngineBuilder, Features, Singlepass};
use wasmer::{AsStoreMut, Engine, Global, Module, Value};

use self::instance::Ready;
use crate::hooks::{Escape, HookEnv};
use crate::meter::Instrument;
use crate::outcome::OutcomeKind;
use crate::trace::HostCall;

/// Idle instances of one module on one thread: as many as its frames are likely to nest.
const KEPT: usize = 8;

/// A module that the engine does not compile although activation accepted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError(pub(crate) String);

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the engine does not compile the module: {}", self.0)
    }
}

impl std::error::Error for CompileError {}

/// A compiled module.
#[derive(Clone)]
pub(crate) struct Compiled {
    key: B256,
    engine: Engine,
    module: Module,
    imports: Arc<[String]>,
    /// The memory before the first instruction.
    image: Arc<OnceLock<Arc<[u8]>>>,
}

thread_local! {
    /// Instances that wait for their next run, by module. A store stays on its thread.
    static IDLE: RefCell<HashMap<B256, Vec<Ready>>> = RefCell::default();
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiled").finish_non_exhaustive()
    }
}

/// How a run of a program ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) kind: OutcomeKind,
    pub(crate) output: Vec<u8>,
    /// Ink spent: all of it where it ran out of ink or of stack.
    pub(crate) spent: u64,
    pub(crate) left: u64,
    pub(crate) env: Box<HookEnv>,
    pub(crate) note: Option<String>,
}

/// The module compiled, from the cache of this process where it was compiled before.
pub(crate) fn compile(wasm: &[u8]) -> Result<Compiled, CompileError> {
    let key = keccak256(wasm);
    if let Some(known) = compiled(key) {
        return Ok(known);
    }
    let mut compiler = Singlepass::new();
    compiler.push_middleware(Arc::new(Instrument::default()));
    let engine: Engine = EngineBuilder::new(compiler).set_features(Some(Features::default())).into();
    let module = Module::new(&engine, wasm).map_err(|error| CompileError(error.to_string()))?;
    let imports = module.imports().map(|import| import.name().to_string()).collect();
    let compiled = Compiled { key, engine, module, imports, image: Arc::default() };
    lock(cache()).insert(key, compiled.clone());
    Ok(compiled)
}

/// A module that this process has compiled, by the hash of its bytes.
pub(crate) fn compiled(module: B256) -> Option<Compiled> {
    lock(cache()).get(&module).cloned()
}

fn cache() -> &'static Mutex<HashMap<B256, Compiled>> {
    static CACHE: OnceLock<Mutex<HashMap<B256, Compiled>>> = OnceLock::new();
    CACHE.get_or_init(Mutex::default)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Compiled {
    /// Runs the entry point with `ink` on the input that the environment holds.
    pub(crate) fn run(&self, mut env: HookEnv, ink: u64) -> Result<Run, CompileError> {
        let idle = IDLE.with_borrow_mut(|idle| idle.get_mut(&self.key)?.pop());
        let mut ready = match idle {
            Some(ready) => ready,
            None => Ready::new(self)?,
        };
        let length = env.args.len() as u32;
        if let Some(steps) = &mut env.hostio {
            steps.push(marker("user_entrypoint", length.to_be_bytes().to_vec(), Vec::new(), ink));
        }
        let result = ready.run(env, ink)?;
        let (left, exhausted, overflown) = ready.meters();
        let mut env = ready.take();
        if let (Ok(status), Some(steps)) = (&result, &mut env.hostio) {
            steps.push(marker("user_returned", Vec::new(), status.to_be_bytes().to_vec(), left));
        }
        let (kind, note) = match result {
            Ok(0) => (OutcomeKind::Success, None),
            Ok(_) => (OutcomeKind::Revert, None),
            Err(_) if overflown => (OutcomeKind::OutOfStack, None),
            Err(_) if exhausted => (OutcomeKind::OutOfInk, None),
            Err(trap) => match trap.downcast::<Escape>() {
                Ok(Escape::Exit(0)) => (OutcomeKind::Success, None),
                Ok(Escape::Exit(_)) => (OutcomeKind::Revert, None),
                Ok(Escape::OutOfInk) => (OutcomeKind::OutOfInk, None),
                Ok(escape) => (OutcomeKind::Failure, Some(escape.to_string())),
                Err(trap) => (OutcomeKind::Failure, Some(trap.message())),
            },
        };
        let left = match kind {
            OutcomeKind::OutOfInk | OutcomeKind::OutOfStack => 0,
            _ => left,
        };
        let output = match kind {
            OutcomeKind::Success | OutcomeKind::Revert => std::mem::take(&mut env.output),
            _ => Vec::new(),
        };
        if let Some(ready) = ready.reset() {
            IDLE.with_borrow_mut(|idle| {
                let idle = idle.entry(self.key).or_default();
                if idle.len() < KEPT {
                    idle.push(ready);
                }
            });
        }
        Ok(Run { kind, output, spent: ink - left, left, env: Box::new(env), note })
    }
}

/// An entry of the trace that is no host call: where the program begins and comes back.
fn marker(name: &'static str, args: Vec<u8>, outs: Vec<u8>, ink: u64) -> HostCall {
    HostCall { name, args: args.into(), outs: outs.into(), start_ink: ink, end_ink: ink, call: None }
}

fn set(global: &Global, store: &mut impl AsStoreMut, value: Value) -> Result<(), CompileError> {
    global.set(store, value).map_err(|error| CompileError(error.to_string()))
}
