//! Taking transactions and making blocks.

use alloy_consensus::transaction::SignerRecoverable;
use alloy_consensus::{Transaction as _, TxEnvelope, TypedTransaction};
use alloy_eips::eip2718::Decodable2718;
use alloy_network::TxSignerSync;
use alloy_primitives::{Address, Bytes, Signature, B256, U256};
use alloy_rpc_types_eth::TransactionRequest;
use fusebox_testbed::Rejection;

use super::Node;
use crate::devnet::error::Failure;
use crate::devnet::ledger::Ledger;
use crate::devnet::pool::Signed;

/// The most blocks that one request makes.
const MOST_BLOCKS: u64 = 100_000;

impl Node {
    /// Takes a signed transaction in its wire form. The hash.
    ///
    /// Errors: where it cannot be part of this chain, in words that other nodes use.
    pub fn submit_raw(&self, raw: &Bytes) -> Result<B256, Failure> {
        let mut bytes = raw.as_ref();
        let envelope = TxEnvelope::decode_2718(&mut bytes)
            .map_err(|error| Failure::invalid_params(format!("invalid argument 0 (transaction): {error}")))?;
        if !bytes.is_empty() {
            return Err(Failure::invalid_params("invalid argument 0 (transaction): bytes behind its end"));
        }
        let from = envelope
            .recover_signer()
            .map_err(|_| Failure::refused("invalid sender: the signature recovers to nobody"))?;
        self.submit(Signed { envelope, from })
    }

    /// Takes a transaction of an account that this node has the key of, or that is impersonated. The hash.
    pub fn submit_request(&self, request: TransactionRequest) -> Result<B256, Failure> {
        let (typed, from) = self.fill(request)?;
        if self.ledger().impersonated.contains(&from) {
            let envelope = typed.into_envelope(unsigned(from));
            return self.submit(Signed { envelope, from });
        }
        let envelope = self.sign(typed, from)?;
        self.submit(Signed { envelope, from })
    }

    /// Signs a transaction of an account that this node has the key of.
    pub fn sign(&self, mut typed: TypedTransaction, from: Address) -> Result<TxEnvelope, Failure> {
        let signer = self.signer(from)?;
        let signature =
            signer.sign_transaction_sync(&mut typed).map_err(|error| Failure::internal(error.to_string()))?;
        Ok(typed.into_envelope(signature))
    }

    /// Fills in what a request leaves to the node: nonce, gas, fees.
    pub fn fill(&self, mut request: TransactionRequest) -> Result<(TypedTransaction, Address), Failure> {
        let from = request.from.ok_or_else(|| Failure::invalid_params("invalid argument 0 (transaction): no from"))?;
        if !self.ledger().impersonated.contains(&from) {
            self.signer(from)?; // before anything is executed for it
        }
        request.normalize_input();
        let (chain_id, base_fee) = {
            let ledger = self.ledger();
            request.nonce = request.nonce.or_else(|| Some(next_nonce(&ledger, from)));
            (ledger.chain().chain_id(), u128::from(ledger.chain().basefee()))
        };
        match request.chain_id {
            Some(other) if other != chain_id => return Err(wrong_chain(chain_id, other)),
            _ => request.chain_id = Some(chain_id),
        }
        if request.gas_price.is_none() {
            request.max_fee_per_gas.get_or_insert(base_fee * 2);
            request.max_priority_fee_per_gas.get_or_insert(0);
        }
        if request.gas.is_none() {
            request.gas = Some(self.estimate(&request, self.pending()?)?);
        }
        request.to.get_or_insert(alloy_primitives::TxKind::Create);
        let typed = request.build_typed_tx().map_err(|_| {
            Failure::invalid_params(
                "invalid argument 0 (transaction): the fields do not belong to one type of transaction",
            )
        })?;
        Ok((typed, from))
    }

    /// Takes a transaction: into a block at once, or among those that wait.
    fn submit(&self, tx: Signed) -> Result<B256, Failure> {
        let hash = tx.hash();
        let mut ledger = self.ledger();
        check(&ledger, &tx)?;
        if ledger.transaction(hash).is_some() {
            return Err(Failure::refused("already known")); // a nonce that was set back does not make it another
        }
        let nonce = ledger.chain().nonce(tx.from);
        if !ledger.automine || tx.envelope.nonce() > nonce {
            ledger.pool.add(tx)?;
            drop(ledger);
            self.announce_transaction(hash);
            return Ok(hash);
        }
        let from = tx.from;
        self.mine_one(&mut ledger, tx)?;
        self.announce_transaction(hash);
        // Those that waited for this nonce. What no longer fits is forgotten, as by any pool.
        while let Some(next) = {
            let nonce = ledger.chain().nonce(from);
            ledger.pool.take(from, nonce)
        } {
            if self.mine_one(&mut ledger, next).is_err() {
                break;
            }
        }
        Ok(hash)
    }

    fn mine_one(&self, ledger: &mut Ledger, tx: Signed) -> Result<(), Failure> {
        let built = ledger.build(vec![tx]);
        if let Some((_, rejection)) = built.dropped.into_iter().next() {
            return Err(rejection.into());
        }
        let built = crate::devnet::ledger::Built { dropped: Vec::new(), ..built };
        let block = ledger.commit(built)?;
        self.announce(&block);
        Ok(())
    }

    /// Makes blocks of what waits, `seconds` apart where that is given.
    pub fn mine(&self, blocks: u64, seconds: Option<u64>) -> Result<(), Failure> {
        if blocks > MOST_BLOCKS {
            return Err(Failure::limit(format!("{blocks} blocks at once; the most is {MOST_BLOCKS}")));
        }
        for index in 0..blocks {
            let mut ledger = self.ledger(); // taken anew for each, so that others are heard in between
            if let Some(seconds) = seconds.filter(|_| index > 0) {
                let head = ledger.head().header.timestamp;
                let next = head.saturating_add(seconds);
                ledger.clock.set_next(next, head)?;
            }
            let ready = {
                let chain = ledger.chain();
                ledger.pool.ready(|address| chain.nonce(address))
            };
            let built = ledger.build(ready);
            let block = ledger.commit(built)?;
            self.announce(&block);
        }
        Ok(())
    }
}

/// The nonce after those that are used or wait.
pub(super) fn next_nonce(ledger: &Ledger, address: Address) -> u64 {
    let nonce = ledger.chain().nonce(address);
    let waiting = ledger.pool.ready(|address| ledger.chain().nonce(address));
    nonce + waiting.iter().filter(|tx| tx.from == address).count() as u64
}

/// Refuses what no block of this chain could ever hold.
fn check(ledger: &Ledger, tx: &Signed) -> Result<(), Failure> {
    let chain = ledger.chain();
    let envelope = &tx.envelope;
    if envelope.is_eip4844() || envelope.is_eip7702() {
        return Err(Failure::refused("transaction type not supported: this node takes types 0, 1 and 2"));
    }
    match envelope.chain_id() {
        Some(other) if other != chain.chain_id() => return Err(wrong_chain(chain.chain_id(), other)),
        None if !ledger.impersonated.contains(&tx.from) => {
            return Err(Failure::refused("only replay-protected (EIP-155) transactions allowed over RPC"));
        }
        _ => {}
    }
    if let Some(tip) = envelope.max_priority_fee_per_gas().filter(|tip| *tip > envelope.max_fee_per_gas()) {
        let (cap, from) = (envelope.max_fee_per_gas(), tx.from);
        let what = "max priority fee per gas higher than max fee per gas";
        return Err(Failure::refused(format!(
            "{what}: address {from}, maxPriorityFeePerGas: {tip}, maxFeePerGas: {cap}"
        )));
    }
    match chain.check(&tx.transaction()) {
        Err(Rejection::NonceTooHigh { .. }) | Ok(()) => Ok(()), // it waits for the one before
        Err(rejection) => Err(rejection.into()),
    }
}

fn wrong_chain(wanted: u64, found: u64) -> Failure {
    Failure::refused(format!("invalid chain id for signer: have {found} want {wanted}"))
}

/// A signature that no key makes, different for every sender, so that hashes are.
fn unsigned(from: Address) -> Signature {
    Signature::new(U256::from_be_slice(from.as_slice()), U256::ZERO, false)
}
