//! The file that the chain is kept in: one transaction of the embedded store for each block, on disk before the block
//! is announced.

mod load;

use std::io;
use std::path::{Path, PathBuf};

use alloy_primitives::U256;
use fusebox_testbed::{AccountState, Chain};
use redb::{Database, DatabaseError, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::error::Failure;

/// The version of the layout below. A file of another version is refused.
const FORMAT: u64 = 1;

/// What the file is, by name.
const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
/// Blocks as JSON, by height.
const BLOCKS: TableDefinition<u64, &[u8]> = TableDefinition::new("blocks");
/// Accounts as JSON, by address.
const ACCOUNTS: TableDefinition<[u8; 20], &[u8]> = TableDefinition::new("accounts");
/// Code, by address.
const CODE: TableDefinition<[u8; 20], &[u8]> = TableDefinition::new("code");
/// Slots that are not zero, by address and number.
const STORAGE: TableDefinition<([u8; 20], [u8; 32]), [u8; 32]> = TableDefinition::new("storage");

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the file open.
    #[error("{0} is in use by another process: stop that node, or start this one with another --state")]
    Locked(PathBuf),
    /// The file is not one of ours.
    #[error(
        "{0} is not a state file of fusebox devnet, or it is damaged ({1}): move it away, or name another --state"
    )]
    Foreign(PathBuf, String),
    /// The file is of another version.
    #[error("{path} has format {found} and this program reads format {FORMAT}: use the program that wrote it, or move it away")]
    Format {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// The file belongs to another chain.
    #[error("{path} holds chain {found}, and --chain-id says {wanted}: leave --chain-id out, or name another --state")]
    ChainId {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: u64,
        /// What was asked for.
        wanted: u64,
    },
    /// The file cannot be read or written.
    #[error("{0}: {1}")]
    Io(PathBuf, String),
    /// A block or an account in the file is not what it was.
    #[error("{0} is damaged: {1}. Move it away and start anew")]
    Damaged(PathBuf, String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::refused(format!("nothing was kept and nothing has changed: {error}"))
    }
}

/// What a chain is besides its accounts and blocks.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Head {
    chain_id: u64,
    /// The height of the last block.
    height: u64,
    /// Seconds that the clock is ahead.
    offset: i64,
}

#[derive(Serialize, Deserialize)]
struct Account {
    balance: U256,
    nonce: u64,
}

/// What a file held.
#[derive(Debug)]
pub struct Loaded {
    /// Its accounts.
    pub accounts: Vec<AccountState>,
    /// Its blocks, in order.
    pub blocks: Vec<Block>,
    /// The chain's number.
    pub chain_id: u64,
    /// Seconds that the clock was ahead.
    pub offset: i64,
}

/// The file.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    /// None after a failed write, until the file opens again.
    database: Option<Database>,
    head: Head,
}

impl Store {
    /// Opens a file, or begins one. What it held, if it was there.
    ///
    /// Errors: where it is in use, of another format or chain, damaged, or the disk refuses.
    pub fn open(path: &Path, chain_id: Option<u64>, fresh_id: u64) -> Result<(Self, Option<Loaded>), StoreError> {
        let mut database = open_file(path)?;
        // Every page against its checksum, which the store itself does only after a crash.
        match database.check_integrity() {
            Ok(true) => {}
            Ok(false) => eprintln!("{}: some of it was damaged and has been repaired", path.display()),
            Err(error) => return Err(StoreError::Damaged(path.into(), text(error))),
        }
        let loaded = load::load(path, &database)?;
        if let (Some(loaded), Some(wanted)) = (&loaded, chain_id) {
            if loaded.chain_id != wanted {
                return Err(StoreError::ChainId { path: path.into(), found: loaded.chain_id, wanted });
            }
        }
        let head = Head {
            chain_id: loaded.as_ref().map_or(fresh_id, |loaded| loaded.chain_id),
            height: loaded.as_ref().and_then(|loaded| loaded.blocks.last()).map_or(0, Block::number),
            offset: loaded.as_ref().map_or(0, |loaded| loaded.offset),
        };
        Ok((Self { path: path.into(), database: Some(database), head }, loaded))
    }

    /// Begins a chain with its first block.
    ///
    /// Errors: as [`Store::append`].
    pub fn begin(&mut self, chain: &Chain, first: &Block, offset: i64) -> Result<(), StoreError> {
        self.write(first.number(), offset, |tx| {
            chain.export().iter().try_for_each(|account| put_account(tx, account))?;
            put_block(tx, first)
        })
    }

    /// Adds what has changed in `chain` and the block that changed it, on disk when this returns.
    ///
    /// Errors: where the disk refuses, as a full one does; the file holds what it held then.
    pub fn append(&mut self, chain: &mut Chain, block: Option<&Block>, offset: i64) -> Result<(), StoreError> {
        let height = block.map_or(self.head.height, Block::number);
        let changes = chain.drain_changes();
        if self.database.is_none() {
            // The write that failed may have reached the disk or not: nothing in the file is relied on.
            let before = self.head.height;
            return self.write(height, offset, |tx| {
                put_state(tx, chain, before)?;
                block.map_or(Ok(()), |block| put_block(tx, block))
            });
        }
        self.write(height, offset, |tx| {
            changes.iter().try_for_each(|account| put_account(tx, account))?;
            block.map_or(Ok(()), |block| put_block(tx, block))
        })
    }

    /// Writes the whole state anew and forgets the blocks after `height`.
    ///
    /// Errors: as [`Store::append`].
    pub fn rewrite(&mut self, chain: &Chain, height: u64, offset: i64) -> Result<(), StoreError> {
        self.write(height, offset, |tx| put_state(tx, chain, height))
    }

    fn write(
        &mut self,
        height: u64,
        offset: i64,
        body: impl FnOnce(&WriteTransaction) -> Result<(), String>,
    ) -> Result<(), StoreError> {
        let head = Head { height, offset, ..self.head };
        if self.database.is_none() {
            self.database = Some(open_file(&self.path)?);
        }
        let database = self.database.as_ref().ok_or_else(|| self.refused("the file is closed"))?;
        let result = transaction(database, &head, body);
        if let Err(error) = result {
            // After a failed write the store trusts its memory no more: the file is opened anew, as after a crash.
            self.database = None;
            return Err(self.refused(error));
        }
        self.head = head;
        Ok(())
    }

    fn refused(&self, why: impl ToString) -> StoreError {
        StoreError::Io(self.path.clone(), why.to_string())
    }
}

fn transaction(
    database: &Database,
    head: &Head,
    body: impl FnOnce(&WriteTransaction) -> Result<(), String>,
) -> Result<(), String> {
    let tx = database.begin_write().map_err(text)?; // durable when committed: the default of the store
    body(&tx)?;
    let head = serde_json::to_vec(head).map_err(text)?;
    {
        let mut meta = tx.open_table(META).map_err(text)?;
        meta.insert("format", FORMAT.to_be_bytes().as_slice()).map_err(text)?;
        meta.insert("head", head.as_slice()).map_err(text)?;
    }
    tx.commit().map_err(text)
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

fn open_file(path: &Path) -> Result<Database, StoreError> {
    let shown = path.to_path_buf();
    let mut builder = Database::builder();
    builder.set_repair_callback(move |session| {
        if session.progress() == 0.0 {
            eprintln!(
                "{}: the last process ended in the middle; what it had not committed is cut off",
                shown.display()
            );
        }
    });
    builder.create(path).map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => StoreError::Locked(path.into()),
        DatabaseError::Storage(redb::StorageError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
            StoreError::Foreign(path.into(), error.to_string())
        }
        DatabaseError::Storage(redb::StorageError::Io(error)) => StoreError::Io(path.into(), error.to_string()),
        error => StoreError::Foreign(path.into(), error.to_string()),
    })
}

/// Writes the whole state in place of what is there, and cuts off the blocks after `height`.
fn put_state(tx: &WriteTransaction, chain: &Chain, height: u64) -> Result<(), String> {
    tx.delete_table(ACCOUNTS).map_err(text)?;
    tx.delete_table(CODE).map_err(text)?;
    tx.delete_table(STORAGE).map_err(text)?;
    chain.export().iter().try_for_each(|account| put_account(tx, account))?;
    tx.open_table(BLOCKS).map_err(text)?.retain(|number, _| number <= height).map_err(text)
}

fn put_account(tx: &WriteTransaction, state: &AccountState) -> Result<(), String> {
    let address = state.address.into_array();
    let account = Account { balance: state.balance, nonce: state.nonce };
    let account = serde_json::to_vec(&account).map_err(text)?;
    tx.open_table(ACCOUNTS).map_err(text)?.insert(address, account.as_slice()).map_err(text)?;
    let mut code = tx.open_table(CODE).map_err(text)?;
    let mut storage = tx.open_table(STORAGE).map_err(text)?;
    if state.whole {
        code.remove(address).map_err(text)?;
        storage.retain_in((address, [0; 32])..=(address, [0xff; 32]), |_, _| false).map_err(text)?;
    }
    if let Some(bytes) = &state.code {
        code.insert(address, bytes.as_ref()).map_err(text)?;
    }
    for (slot, value) in &state.storage {
        let key = (address, slot.to_be_bytes());
        if value.is_zero() {
            storage.remove(key).map_err(text)?;
        } else {
            storage.insert(key, value.to_be_bytes()).map_err(text)?;
        }
    }
    Ok(())
}

fn put_block(tx: &WriteTransaction, block: &Block) -> Result<(), String> {
    let bytes = serde_json::to_vec(block).map_err(text)?;
    tx.open_table(BLOCKS).map_err(text)?.insert(block.number(), bytes.as_slice()).map_err(text)?;
    Ok(())
}
