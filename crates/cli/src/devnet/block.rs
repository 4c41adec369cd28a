//! Blocks: what is kept of them, how they are sealed, and how they are shown.

use alloy_consensus::proofs::{calculate_receipt_root, calculate_transaction_root};
use alloy_consensus::{
    Eip658Value, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom, TxEnvelope, EMPTY_OMMER_ROOT_HASH,
};
use alloy_primitives::{logs_bloom, Address, Bloom, Bytes, Log, B256, B64, U256};
use serde::{Deserialize, Serialize};

/// The ArbOS version in the header, in the form of ArbOS (its number and 55).
const ARBOS_FORMAT: u64 = 60;

/// A transaction in a block, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Included {
    /// As it was signed. One that was sent for an account without its key has a signature that recovers to nobody.
    pub envelope: TxEnvelope,
    /// Who sent it.
    pub from: Address,
    /// Whether it succeeded.
    pub success: bool,
    /// Gas paid for.
    pub gas_used: u64,
    /// Gas of the block up to here.
    pub cumulative_gas_used: u64,
    /// Wei paid for one gas.
    pub effective_gas_price: u128,
    /// The contract that it created.
    pub created: Option<Address>,
    /// Its events.
    pub logs: Vec<Log>,
    /// Events of the block before its own.
    pub first_log: u64,
}

impl Included {
    /// The transaction's hash.
    pub fn hash(&self) -> B256 {
        *self.envelope.tx_hash()
    }

    /// The receipt as it is hashed.
    pub fn receipt(&self) -> ReceiptEnvelope {
        let receipt = Receipt {
            status: Eip658Value::Eip658(self.success),
            cumulative_gas_used: self.cumulative_gas_used,
            logs: self.logs.clone(),
        };
        let receipt: ReceiptWithBloom<Receipt> = receipt.with_bloom();
        ReceiptEnvelope::from_typed(self.envelope.tx_type(), receipt)
    }
}

/// A sealed block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// Its hash.
    pub hash: B256,
    /// The block number that contracts see: that of the first layer.
    pub l1_number: u64,
    /// Its transactions.
    pub transactions: Vec<Included>,
}

/// What a block is made of besides its transactions.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// The block before; none for the first.
    pub parent: Option<B256>,
    /// Its height.
    pub number: u64,
    /// Seconds since 1970.
    pub timestamp: u64,
    /// The block number that contracts see.
    pub l1_number: u64,
    /// Whom fees go to.
    pub beneficiary: Address,
    /// Wei for one gas.
    pub base_fee: u64,
    /// The gas limit.
    pub gas_limit: u64,
}

impl Block {
    /// Seals a block. The state root is zero: this chain keeps no tree of its state.
    pub fn seal(frame: &Frame, transactions: Vec<Included>) -> Self {
        let envelopes: Vec<&TxEnvelope> = transactions.iter().map(|tx| &tx.envelope).collect();
        let receipts: Vec<ReceiptEnvelope> = transactions.iter().map(Included::receipt).collect();
        let bloom = receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom());
        let header = Header {
            parent_hash: frame.parent.unwrap_or_default(),
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: frame.beneficiary,
            state_root: B256::ZERO,
            transactions_root: calculate_transaction_root(&envelopes),
            receipts_root: calculate_receipt_root(&receipts),
            logs_bloom: bloom,
            difficulty: U256::from(1),
            number: frame.number,
            gas_limit: frame.gas_limit,
            gas_used: transactions.last().map_or(0, |tx| tx.cumulative_gas_used),
            timestamp: frame.timestamp,
            extra_data: Bytes::from(B256::ZERO), // where Arbitrum has the root of messages sent to the first layer
            mix_hash: mix_hash(frame.l1_number),
            nonce: B64::ZERO,
            base_fee_per_gas: Some(frame.base_fee),
            ..Header::default()
        };
        Self { hash: header.hash_slow(), header, l1_number: frame.l1_number, transactions }
    }

    /// Its height.
    pub fn number(&self) -> u64 {
        self.header.number
    }

    /// All its events.
    pub fn logs(&self) -> impl Iterator<Item = &Log> {
        self.transactions.iter().flat_map(|tx| &tx.logs)
    }

    /// Whether the bloom of the header is that of the events: what a file must not have changed.
    pub fn is_intact(&self) -> bool {
        self.header.hash_slow() == self.hash && logs_bloom(self.logs()) == self.header.logs_bloom
    }
}

/// Where Arbitrum has three numbers: messages sent to the first layer, the block there, the version of ArbOS.
fn mix_hash(l1_number: u64) -> B256 {
    let mut bytes = [0; 32];
    bytes[8..16].copy_from_slice(&l1_number.to_be_bytes());
    bytes[16..24].copy_from_slice(&ARBOS_FORMAT.to_be_bytes());
    bytes.into()
}
