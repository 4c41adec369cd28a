//! One call on a fresh chain.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Bytes, B256, U256};

use super::activations::figures;
use super::format::{
    Balances, CallRecordVector, CallVector, Hex, LogVector, Modules, ReadVector, Storage, Tally, WriteVector,
};
use super::Differences;
use crate::exec::Mock;
use crate::outcome::Outcome;
use crate::pricing::INK_PRICE;
use crate::world::World;
use crate::{Chain, DeployError, Tx};

/// What differs; nothing if the vector passes.
pub(super) fn check(vector: &CallVector, modules: &Modules) -> Vec<String> {
    let mut chain = match prepare(vector, modules) {
        Ok(chain) => chain,
        Err(error) => return vec![format!("the chain cannot be set up: {error}")],
    };
    let before = chain.world().clone();
    let mut tx = Tx::new(vector.sender.0, vector.address.0, vector.calldata.0.clone())
        .value(vector.value.0)
        .gas(vector.gas)
        .origin(vector.origin.0);
    tx.is_static = vector.is_static;
    tx.reentrant = vector.reentrant;
    let outcome = chain.send(tx);
    let mut differences = compare(vector, &outcome);
    let (storage, balances) = changes(vector, &before, chain.world());
    let expected = &vector.expected;
    differences.compare("storage_after", &expected.storage_after, &storage);
    differences.compare("balances_after", &expected.balances_after, &balances);
    match chain.activation(vector.address.0) {
        Some(came) => differences.compare("activation", &expected.activation, &figures(&came)),
        None => differences.0.push("activation: there is no program".into()),
    }
    differences.0
}

fn prepare(vector: &CallVector, modules: &Modules) -> Result<Chain, DeployError> {
    let mut chain = Chain::new();
    chain.set_timestamp(vector.timestamp);
    chain.set_block_number(vector.block);
    chain.set_chain_id(vector.chain_id);
    chain.set_basefee(vector.basefee);
    chain.set_gas_price(vector.gas_price.into());
    chain.set_coinbase(vector.coinbase.0);
    chain.set_block_gas_limit(vector.block_gas_limit);
    chain.fund(vector.sender.0, U256::ONE << 128);
    let own = (&vector.address, &vector.wasm);
    for (address, wasm) in vector.contracts.iter().chain([own]) {
        chain.install_wasm(address.0, &modules[wasm])?;
        chain.set_cached(address.0, vector.cached);
    }
    for (address, balance) in &vector.balances_before {
        chain.fund(address.0, balance.0);
    }
    for (address, words) in &vector.storage_before {
        for (slot, word) in words {
            chain.set_storage(address.0, slot.0, word.0);
        }
    }
    for mock in &vector.mocks {
        let answer = mock.reverts.as_ref().or(mock.returns.as_ref());
        let selector = mock.selector.as_ref();
        chain.mock(
            mock.address.0,
            Mock {
                selector: selector.and_then(|bytes| bytes.0[..].try_into().ok()),
                reverts: mock.reverts.is_some(),
                data: answer.map(|data| data.0.clone()).unwrap_or_default(),
            },
        );
    }
    Ok(chain)
}

/// Compares what the outcome itself tells.
fn compare(vector: &CallVector, outcome: &Outcome) -> Differences {
    let expected = &vector.expected;
    let mut differences = Differences::default();
    differences.compare("outcome", &expected.outcome.as_str(), &outcome.outcome.name());
    differences.compare("success", &expected.success, &outcome.success);
    let output = Hex(Bytes::copy_from_slice(&outcome.output));
    differences.compare("return_data", &expected.return_data, &output);
    differences.compare("ink_total", &expected.ink_total, &outcome.ink.total);
    differences.compare("ink_wasm", &expected.ink_wasm, &outcome.ink.wasm);
    differences.compare("ink_hostio", &expected.ink_hostio, &outcome.ink.hostio);
    let gas_run = outcome.ink.total.div_ceil(INK_PRICE);
    differences.compare("gas_run", &expected.gas_run, &gas_run);
    differences.compare("gas_init", &expected.gas_init, &outcome.gas_init);
    differences.compare("gas_used", &expected.gas_used, &outcome.gas_used);
    differences.compare("refund", &expected.refund, &outcome.refund);
    differences.compare("pages_ever", &expected.pages_ever, &outcome.pages_ever);
    let hostio: BTreeMap<String, Tally> = outcome
        .hostio
        .iter()
        .map(|(name, tally)| {
            let (count, ink) = (tally.count, tally.ink);
            (name.to_string(), Tally { count, ink })
        })
        .collect();
    differences.compare("hostio", &expected.hostio, &hostio);
    let logs: Vec<LogVector> = outcome
        .logs
        .iter()
        .map(|log| LogVector {
            address: Hex(log.address),
            topics: log.topics.iter().copied().map(Hex).collect(),
            data: Hex(log.data.clone()),
        })
        .collect();
    differences.compare("logs", &expected.logs, &logs);
    compare_accesses(vector, outcome, &mut differences);
    differences
}

fn compare_accesses(vector: &CallVector, outcome: &Outcome, differences: &mut Differences) {
    let expected = &vector.expected;
    let reads: Vec<ReadVector> = outcome
        .storage_reads
        .iter()
        .map(|read| ReadVector {
            address: Hex(read.address),
            slot: Hex(read.slot),
            value: Hex(read.value),
            cold: read.cold,
            gas: read.gas,
        })
        .collect();
    differences.compare("storage_reads", &expected.storage_reads, &reads);
    let mut writes: Vec<WriteVector> = outcome
        .storage_writes
        .iter()
        .map(|write| WriteVector {
            address: Hex(write.address),
            slot: Hex(write.slot),
            old: Hex(write.old),
            new: Hex(write.new),
            gas: write.gas,
        })
        .collect();
    let mut wanted = expected.storage_writes.clone();
    // The order within a flush is the engine's own.
    writes.sort();
    wanted.sort();
    differences.compare("storage_writes", &wanted, &writes);
    let calls: Vec<CallRecordVector> = outcome
        .calls
        .iter()
        .map(|call| CallRecordVector {
            kind: call.kind.name().to_string(),
            depth: call.depth,
            to: Hex(call.to),
            value: Hex(call.value),
            input: Hex(call.input.clone()),
            gas: call.gas,
            gas_used: call.gas_used,
            success: call.success,
            output: Hex(call.output.clone()),
        })
        .collect();
    differences.compare("calls", &expected.calls, &calls);
}

/// Storage and balances that are not as before, the sender's balance left out.
fn changes(vector: &CallVector, before: &World, after: &World) -> (Storage, Balances) {
    let mut storage = Storage::new();
    let mut balances = Balances::new();
    let addresses: BTreeSet<_> = before.addresses().chain(after.addresses()).collect();
    for address in addresses {
        let balance = |world: &World| world.account(*address).map_or(U256::ZERO, |a| a.balance);
        if balance(before) != balance(after) && *address != vector.sender.0 {
            balances.insert(Hex(*address), Hex(balance(after)));
        }
        let slots = |world: &World| -> Vec<U256> {
            let account = world.account(*address);
            account.map_or_else(Vec::new, |a| a.storage.keys().copied().collect())
        };
        for slot in slots(before).into_iter().chain(slots(after)) {
            let word = after.storage(*address, slot);
            if before.storage(*address, slot) != word {
                storage.entry(Hex(*address)).or_default().insert(Hex(B256::from(slot)), Hex(B256::from(word)));
            }
        }
    }
    (storage, balances)
}
