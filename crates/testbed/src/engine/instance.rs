//! Instances that are used again: making one costs more than most calls that run on it.
//!
//! Whatever a run can leave behind is set back first: the memory, and every global that the module may write. Tables
//! cannot change, and segments cannot be dropped, since activation refuses the instructions for it.

use std::sync::Arc;

use wasmer::{Extern, FunctionEnv, Global, Instance, Memory, RuntimeError, Store, TypedFunction, Value};

use super::{set, CompileError, Compiled};
use crate::hooks::{self, HookEnv};
use crate::meter::{INK_LEFT, INK_STATUS, OWN_GLOBAL, STACK_LEFT};
use crate::pricing::MAX_STACK_WORDS;

/// A larger memory is cheaper made anew, where only the pages that are touched cost anything.
const KEPT_BYTES: usize = 4 << 16;

/// An instance, and what it looks like before a run.
pub(super) struct Ready {
    store: Store,
    env: FunctionEnv<HookEnv>,
    main: TypedFunction<u32, u32>,
    memory: Memory,
    image: Arc<[u8]>,
    globals: Vec<(Global, Value)>,
    ink: Global,
    status: Global,
    stack: Global,
}

impl Ready {
    /// A new instance. Its memory's image is shared with those before it.
    pub(super) fn new(from: &Compiled) -> Result<Self, CompileError> {
        let broken = |what: &str, error: &dyn std::fmt::Display| CompileError(format!("{what}: {error}"));
        let mut store = Store::new(from.engine.clone());
        let env = FunctionEnv::new(&mut store, HookEnv::idle());
        let mut imports = Vec::with_capacity(from.imports.len());
        for name in from.imports.iter() {
            let function = hooks::import(&mut store, &env, name).ok_or_else(|| broken("unknown import", name))?;
            imports.push(Extern::Function(function));
        }
        let instance =
            Instance::new_by_index(&mut store, &from.module, &imports).map_err(|error| broken("instance", &error))?;
        let global = |name: &str| instance.exports.get_global(name).cloned().map_err(|error| broken(name, &error));
        let (ink, status, stack) = (global(INK_LEFT)?, global(INK_STATUS)?, global(STACK_LEFT)?);
        let memory = instance.exports.get_memory("memory").cloned().map_err(|error| broken("memory", &error))?;
        let main = instance
            .exports
            .get_typed_function::<u32, u32>(&store, "user_entrypoint")
            .map_err(|error| broken("user_entrypoint", &error))?;
        let mut globals = Vec::new();
        while let Ok(own) = instance.exports.get_global(&format!("{OWN_GLOBAL}{}", globals.len())) {
            globals.push((own.clone(), own.get(&mut store)));
        }
        let known = from.image.get().cloned();
        let image = match known {
            Some(image) => image,
            None => {
                let bytes = memory.view(&store).copy_to_vec().map_err(|error| broken("memory", &error))?;
                from.image.get_or_init(|| bytes.into()).clone()
            }
        };
        Ok(Self { store, env, main, memory, image, globals, ink, status, stack })
    }

    /// Runs the entry point of an instance that is as new.
    pub(super) fn run(&mut self, env: HookEnv, ink: u64) -> Result<Result<u32, RuntimeError>, CompileError> {
        let length = env.args.len() as u32;
        set(&self.ink, &mut self.store, Value::I64(ink as i64))?;
        set(&self.status, &mut self.store, Value::I32(0))?;
        set(&self.stack, &mut self.store, Value::I32(MAX_STACK_WORDS as i32))?;
        let place = self.env.as_mut(&mut self.store);
        *place = env;
        place.attach(self.memory.clone(), self.ink.clone(), self.status.clone());
        Ok(self.main.call(&mut self.store, length))
    }

    /// Ink left, whether it ran out, and whether the stack did.
    pub(super) fn meters(&mut self) -> (u64, bool, bool) {
        let left = match self.ink.get(&mut self.store) {
            Value::I64(left) => left as u64,
            _ => 0,
        };
        let exhausted = self.status.get(&mut self.store) != Value::I32(0);
        (left, exhausted, self.stack.get(&mut self.store) == Value::I32(0))
    }

    /// What the run had around it.
    pub(super) fn take(&mut self) -> HookEnv {
        std::mem::replace(self.env.as_mut(&mut self.store), HookEnv::idle())
    }

    /// The instance as it was before its run; none where it has grown, which cannot be undone.
    pub(super) fn reset(mut self) -> Option<Self> {
        let view = self.memory.view(&self.store);
        if self.image.len() > KEPT_BYTES || view.data_size() != self.image.len() as u64 {
            return None;
        }
        // SAFETY: the memory is not shared and its store is ours, so that nothing else reads or writes it now. The checked
        // way writes byte by byte.
        unsafe { view.data_unchecked_mut() }.copy_from_slice(&self.image);
        for (global, value) in &self.globals {
            set(global, &mut self.store, value.clone()).ok()?;
        }
        Some(self)
    }
}
