//! Reading a state file whole, when the node starts.

use std::path::Path;

use alloy_primitives::{hex, Address, U256};
use fusebox_testbed::AccountState;
use redb::{Database, ReadableDatabase, ReadableTable, TableError};

use super::{text, Account, Head, Loaded, StoreError, ACCOUNTS, BLOCKS, CODE, FORMAT, META, STORAGE};
use crate::devnet::block::Block;

/// What a file holds; none where it was just made.
pub(super) fn load(path: &Path, database: &Database) -> Result<Option<Loaded>, StoreError> {
    let damaged = |why: String| StoreError::Damaged(path.into(), why);
    let tx = database.begin_read().map_err(|error| damaged(text(error)))?;
    let meta = match tx.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(damaged(text(error))),
    };
    let field = |name| match meta.get(name) {
        Ok(Some(value)) => Ok(value.value().to_vec()),
        Ok(None) => Err(damaged(format!("it has no {name}"))),
        Err(error) => Err(damaged(text(error))),
    };
    let format =
        field("format")?.try_into().map(u64::from_be_bytes).map_err(|_| damaged("its format is no number".into()))?;
    if format != FORMAT {
        return Err(StoreError::Format { path: path.into(), found: format });
    }
    let head: Head = serde_json::from_slice(&field("head")?).map_err(|error| damaged(text(error)))?;
    let accounts = load_accounts(&tx).map_err(damaged)?;
    let blocks = load_blocks(&tx, head.height).map_err(damaged)?;
    Ok(Some(Loaded { accounts, blocks, chain_id: head.chain_id, offset: head.offset }))
}

fn load_accounts(tx: &redb::ReadTransaction) -> Result<Vec<AccountState>, String> {
    let code = tx.open_table(CODE).map_err(text)?;
    let storage = tx.open_table(STORAGE).map_err(text)?;
    let mut accounts = Vec::new();
    for entry in tx.open_table(ACCOUNTS).map_err(text)?.iter().map_err(text)? {
        let (key, value) = entry.map_err(text)?;
        let address = key.value();
        let account: Account = serde_json::from_slice(value.value()).map_err(text)?;
        let mut slots = Vec::new();
        for slot in storage.range((address, [0; 32])..=(address, [0xff; 32])).map_err(text)? {
            let (key, value) = slot.map_err(text)?;
            slots.push((U256::from_be_bytes(key.value().1), U256::from_be_bytes(value.value())));
        }
        accounts.push(AccountState {
            address: Address::from(address),
            whole: true,
            balance: account.balance,
            nonce: account.nonce,
            code: code.get(address).map_err(text)?.map(|code| code.value().to_vec().into()),
            storage: slots,
        });
    }
    Ok(accounts)
}

fn load_blocks(tx: &redb::ReadTransaction, height: u64) -> Result<Vec<Block>, String> {
    let mut blocks: Vec<Block> = Vec::new();
    for entry in tx.open_table(BLOCKS).map_err(text)?.iter().map_err(text)? {
        let (number, bytes) = entry.map_err(text)?;
        let number = number.value();
        let block: Block = serde_json::from_slice(bytes.value()).map_err(|error| format!("block {number}: {error}"))?;
        let parent = blocks.last().map(|block| block.hash).unwrap_or_default();
        if block.number() != number || number != blocks.len() as u64 || block.header.parent_hash != parent {
            return Err(format!("block {number} does not follow the one before"));
        }
        if !block.is_intact() {
            return Err(format!("block {number} is not what its hash {} says", hex::encode_prefixed(block.hash)));
        }
        blocks.push(block);
    }
    if blocks.len() as u64 != height + 1 {
        return Err(format!("{} blocks where the head is {height}", blocks.len()));
    }
    Ok(blocks)
}
