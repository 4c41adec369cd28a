//! The programs that a chain knows: activated, compiled, cached.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use alloy_primitives::B256;

use crate::activation::Activated;
use crate::engine::Compiled;
use crate::pricing::BLOCK_CACHE;

/// An activated program.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) figures: Activated,
    pub(crate) compiled: Compiled,
}

/// All of them, by code hash.
#[derive(Clone, Debug, Default)]
pub(crate) struct Programs {
    programs: HashMap<B256, Arc<Program>>,
    cached: HashSet<B256>,
}

impl Programs {
    pub(crate) fn get(&self, code_hash: B256) -> Option<Arc<Program>> {
        self.programs.get(&code_hash).cloned()
    }

    pub(crate) fn insert(&mut self, code_hash: B256, program: Program) {
        self.programs.insert(code_hash, Arc::new(program));
    }

    pub(crate) fn is_cached(&self, code_hash: B256) -> bool {
        self.cached.contains(&code_hash)
    }

    pub(crate) fn set_cached(&mut self, code_hash: B256, cached: bool) {
        if cached {
            self.cached.insert(code_hash);
        } else {
            self.cached.remove(&code_hash);
        }
    }
}

/// The programs entered last in a block, the latest last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent(Vec<B256>);

impl Recent {
    /// Notes that a program is entered. Whether it was there.
    pub(crate) fn enter(&mut self, code_hash: B256) -> bool {
        let before = self.0.iter().position(|known| *known == code_hash);
        if let Some(index) = before {
            self.0.remove(index);
        } else if self.0.len() == BLOCK_CACHE {
            self.0.remove(0);
        }
        self.0.push(code_hash);
        before.is_some()
    }
}
