//! What ArbOS knows of one program.

use alloy_primitives::{keccak256, B256, U256};

use super::ArbOs;
use crate::activation::Activated;
use crate::exec::Executor;

/// The second that ArbOS counts hours from.
const START: u64 = 1_421_388_000;
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// An activated program, by code hash. Version 0 stands for one that never was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) version: u16,
    pub(crate) init_cost: u16,
    pub(crate) cached_init_cost: u16,
    pub(crate) footprint: u16,
    /// Hours since [`START`].
    pub(crate) activated: u32,
    /// The size estimate in units of 1,024 bytes, rounded up.
    pub(crate) asm_kib: u32,
    pub(crate) cached: bool,
}

/// Whether a program may be called, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Active,
    NotActivated,
    NeedsUpgrade { version: u16, current: u16 },
    Expired { age: u64 },
}

impl Status {
    /// Errors: why the program may not be called, in the words of the chain.
    pub(crate) fn check(self) -> Result<(), String> {
        Err(match self {
            Self::Active => return Ok(()),
            Self::NotActivated => "ProgramNotActivated()".to_string(),
            Self::NeedsUpgrade { version, current } => format!("ProgramNeedsUpgrade({version}, {current})"),
            Self::Expired { age } => format!("ProgramExpired({age})"),
        })
    }
}

impl Record {
    pub(crate) fn new(figures: &Activated, version: u16, time: u64, cached: bool) -> Self {
        Self {
            version,
            init_cost: figures.init_cost,
            cached_init_cost: figures.cached_init_cost,
            footprint: figures.footprint_pages,
            activated: hours(time),
            asm_kib: figures.asm_estimate.div_ceil(1_024),
            cached,
        }
    }

    /// Seconds since it was activated or kept alive, from the start of that hour.
    pub(crate) fn age(&self, time: u64) -> u64 {
        time.saturating_sub(START + u64::from(self.activated) * HOUR)
    }

    pub(crate) fn status(&self, time: u64, current: u16, arbos: &ArbOs) -> Status {
        let age = self.age(time);
        if self.version == 0 {
            Status::NotActivated
        } else if self.version != current {
            Status::NeedsUpgrade { version: self.version, current }
        } else if age > seconds(arbos.expiry_days) {
            Status::Expired { age }
        } else {
            Status::Active
        }
    }

    pub(crate) fn asm_size(&self) -> u32 {
        self.asm_kib.saturating_mul(1_024)
    }

    pub(crate) fn keep_alive(&mut self, time: u64) {
        self.activated = hours(time);
    }

    /// The keys of the record and of the module that it is about.
    pub(crate) fn keys(code_hash: B256) -> (B256, B256) {
        (key(b"program", code_hash), key(b"module", code_hash))
    }

    pub(crate) fn pack(&self) -> U256 {
        let mut word = [0; 32];
        word[..2].copy_from_slice(&self.version.to_be_bytes());
        word[2..4].copy_from_slice(&self.init_cost.to_be_bytes());
        word[4..6].copy_from_slice(&self.cached_init_cost.to_be_bytes());
        word[6..8].copy_from_slice(&self.footprint.to_be_bytes());
        word[8..12].copy_from_slice(&self.activated.to_be_bytes());
        word[12..16].copy_from_slice(&self.asm_kib.to_be_bytes());
        word[16] = u8::from(self.cached);
        U256::from_be_bytes(word)
    }

    pub(crate) fn unpack(word: U256) -> Self {
        let word: [u8; 32] = word.to_be_bytes();
        let short = |at: usize| u16::from_be_bytes([word[at], word[at + 1]]);
        let long = |at: usize| u32::from_be_bytes([word[at], word[at + 1], word[at + 2], word[at + 3]]);
        Self {
            version: short(0),
            init_cost: short(2),
            cached_init_cost: short(4),
            footprint: short(6),
            activated: long(8),
            asm_kib: long(12),
            cached: word[16] != 0,
        }
    }
}

fn hours(time: u64) -> u32 {
    u32::try_from(time.saturating_sub(START) / HOUR).unwrap_or(u32::MAX)
}

pub(super) fn seconds(days: u16) -> u64 {
    u64::from(days) * DAY
}

fn key(what: &[u8], code_hash: B256) -> B256 {
    keccak256([what, code_hash.as_slice()].concat())
}

impl Executor {
    pub(crate) fn record(&mut self, code_hash: B256) -> Record {
        Record::unpack(self.arbos_word(Record::keys(code_hash).0))
    }

    pub(crate) fn set_record(&mut self, code_hash: B256, record: &Record) {
        self.set_arbos_word(Record::keys(code_hash).0, record.pack());
    }

    /// The hash of the module that was activated.
    pub(crate) fn module_hash(&mut self, code_hash: B256) -> B256 {
        self.arbos_word(Record::keys(code_hash).1).into()
    }

    pub(super) fn set_module_hash(&mut self, code_hash: B256, module: B256) {
        self.set_arbos_word(Record::keys(code_hash).1, module.into());
    }
}
