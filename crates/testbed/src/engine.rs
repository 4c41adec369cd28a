//! Compiled programs: each module is compiled once a process, and every call runs a fresh instance of it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use alloy_primitives::{keccak256, B256};
use wasmer::sys::{CompilerConfig, EngineBuilder, Features, Singlepass};
use wasmer::{AsStoreMut, Engine, Extern, FunctionEnv, Global, Instance, Module, Store, Value};

use crate::hooks::{self, Escape, HookEnv};
use crate::meter::{Instrument, INK_LEFT, INK_STATUS, STACK_LEFT};
use crate::outcome::OutcomeKind;
use crate::pricing::MAX_STACK_WORDS;
use crate::trace::HostCall;

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
    engine: Engine,
    module: Module,
    imports: Arc<[String]>,
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
    let compiled = Compiled { engine, module, imports };
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
    pub(crate) fn run(&self, env: HookEnv, ink: u64) -> Result<Run, CompileError> {
        let broken = |what: &str, error: &dyn fmt::Display| CompileError(format!("{what}: {error}"));
        let mut store = Store::new(self.engine.clone());
        let length = env.args.len() as u32;
        let env = FunctionEnv::new(&mut store, env);
        let mut imports = Vec::with_capacity(self.imports.len());
        for name in self.imports.iter() {
            let function = hooks::import(&mut store, &env, name).ok_or_else(|| broken("unknown import", name))?;
            imports.push(Extern::Function(function));
        }
        let instance =
            Instance::new_by_index(&mut store, &self.module, &imports).map_err(|error| broken("instance", &error))?;
        let global = |name: &str| instance.exports.get_global(name).cloned().map_err(|error| broken(name, &error));
        let (ink_left, status, stack) = (global(INK_LEFT)?, global(INK_STATUS)?, global(STACK_LEFT)?);
        set(&ink_left, &mut store, Value::I64(ink as i64))?;
        set(&stack, &mut store, Value::I32(MAX_STACK_WORDS as i32))?;
        let memory = instance.exports.get_memory("memory").cloned().map_err(|error| broken("memory", &error))?;
        env.as_mut(&mut store).attach(memory, ink_left.clone(), status.clone());
        let main = instance
            .exports
            .get_typed_function::<u32, u32>(&store, "user_entrypoint")
            .map_err(|error| broken("user_entrypoint", &error))?;

        let marker = |name, args: Vec<u8>, outs: Vec<u8>, ink| HostCall {
            name,
            args: args.into(),
            outs: outs.into(),
            start_ink: ink,
            end_ink: ink,
            call: None,
        };
        if let Some(steps) = &mut env.as_mut(&mut store).hostio {
            steps.push(marker("user_entrypoint", length.to_be_bytes().to_vec(), Vec::new(), ink));
        }
        let result = main.call(&mut store, length);
        if let (Ok(status), Value::I64(left)) = (&result, ink_left.get(&mut store)) {
            if let Some(steps) = &mut env.as_mut(&mut store).hostio {
                steps.push(marker("user_returned", Vec::new(), status.to_be_bytes().to_vec(), left as u64));
            }
        }
        let exhausted = status.get(&mut store) != Value::I32(0);
        let overflown = stack.get(&mut store) == Value::I32(0);
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
            _ => match ink_left.get(&mut store) {
                Value::I64(left) => left as u64,
                _ => 0,
            },
        };
        let env = env.as_mut(&mut store).take();
        let output = match kind {
            OutcomeKind::Success | OutcomeKind::Revert => env.output.clone(),
            _ => Vec::new(),
        };
        Ok(Run { kind, output, spent: ink - left, left, env: Box::new(env), note })
    }
}

fn set(global: &Global, store: &mut impl AsStoreMut, value: Value) -> Result<(), CompileError> {
    global.set(store, value).map_err(|error| CompileError(error.to_string()))
}
