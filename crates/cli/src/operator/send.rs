//! Every write: simulated first, explained where it is refused, then signed and sent, or written for a Safe.

use super::{
    access::Place,
    explain,
    fault::{Fault, Outcome},
    interface::{self, Decoded},
    output::Report,
    rpc::{Failed, Message, Receipt},
    safe,
    signer::{Sender, Signing},
};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_network::TxSignerSync;
use alloy_primitives::{Address, Bytes, TxKind, U256, U64};
use alloy_sol_types::SolCall;
use serde_json::{json, Value};

/// Something to be done: a call, and what it is for.
#[derive(Clone, Debug)]
pub struct Act {
    /// What it does, for people.
    pub title: String,
    /// The call; the sender is filled in.
    pub message: Message,
}

impl Act {
    /// A call of a contract.
    pub fn call(title: impl Into<String>, to: Address, call: &impl SolCall) -> Self {
        Self::data(title, to, call.abi_encode())
    }

    /// A call of a contract by its data.
    pub fn data(title: impl Into<String>, to: Address, data: impl Into<Bytes>) -> Self {
        let message = Message { from: Address::ZERO, to: Some(to), data: data.into(), value: U256::ZERO };
        Self { title: title.into(), message }
    }
}

/// What became of an act.
#[derive(Clone, Debug)]
pub struct Done {
    /// What it does, for people.
    pub title: String,
    /// What its simulation answered.
    pub answer: Bytes,
    /// What became of it on the chain; none if it was only simulated, or written for a Safe.
    pub receipt: Option<Receipt>,
    /// The protocol's events.
    pub events: Vec<Decoded>,
}

/// A place, and who sends there.
pub struct Session<'a> {
    /// The place.
    pub place: &'a Place,
    /// Who sends.
    pub sender: Sender,
}

impl<'a> Session<'a> {
    /// Who sends, as the options say.
    ///
    /// Errors: no key, or one that cannot be read.
    pub fn new(place: &'a Place, signing: &Signing) -> Outcome<Self> {
        Ok(Self { place, sender: signing.sender(&place.config)? })
    }

    /// The account that the protocol sees.
    pub fn from(&self) -> Address {
        self.sender.address()
    }

    /// Asks the chain as the sender.
    ///
    /// Errors: [`Fault::Refused`] with the explanation; no answer.
    pub fn simulate(&self, message: &Message) -> Outcome<Bytes> {
        let message = Message { from: self.from(), ..message.clone() };
        match self.place.rpc.call(&message) {
            Ok(answer) => Ok(answer),
            Err(failed) => Err(self.explained(failed)?),
        }
    }

    /// What the chain said no with, in words.
    fn explained(&self, failed: Failed) -> Outcome<Fault> {
        match failed {
            Failed::Reverted(data) => {
                let now = self.place.rpc.latest()?.timestamp.to();
                Ok(Fault::Refused(format!("refused: {}", explain::explain(&data, now).show())))
            }
            Failed::Fault(fault) => Ok(fault),
        }
    }

    /// Does one thing after the other; the first that is refused stops the rest.
    ///
    /// Errors: [`Fault::Refused`], explained; whatever goes wrong on the way.
    pub fn perform(&self, acts: &[Act]) -> Outcome<Vec<Done>> {
        let mut all = Vec::new();
        let mut batch = Vec::new();
        for act in acts {
            let message = Message { from: self.from(), ..act.message.clone() };
            let answer = self.simulate(&message).map_err(|fault| titled(fault, &act.title))?;
            let receipt = match &self.sender {
                Sender::Key(key) => Some(self.send(key, &message).map_err(|fault| titled(fault, &act.title))?),
                Sender::Safe(..) => {
                    batch.push(message);
                    None
                }
                Sender::Simulated(_) => None,
            };
            let events = receipt.iter().flat_map(|receipt| &receipt.logs).filter_map(interface::decode_event).collect();
            all.push(Done { title: act.title.clone(), answer, receipt, events });
        }
        if let (Sender::Safe(safe, path), false) = (&self.sender, batch.is_empty()) {
            let titles: Vec<&str> = acts.iter().map(|act| act.title.as_str()).collect();
            let (chain, now) = (self.place.rpc.chain_id()?, self.place.rpc.latest()?.timestamp.to());
            safe::write(path, chain, *safe, &titles.join("; "), &batch, now)?;
        }
        Ok(all)
    }

    /// Signs and sends, and waits for the receipt.
    fn send(&self, key: &alloy_signer_local::PrivateKeySigner, message: &Message) -> Outcome<Receipt> {
        let rpc = &self.place.rpc;
        let gas = match rpc.estimate(message) {
            Ok(gas) => gas.to::<u64>(),
            Err(failed) => return Err(self.explained(failed)?),
        };
        let nonce: U64 = rpc.ask("eth_getTransactionCount", (message.from, "pending"))?;
        let price = match rpc.latest()?.base_fee_per_gas {
            Some(base) => base,
            None => rpc.ask("eth_gasPrice", ())?,
        };
        let mut transaction = TxEip1559 {
            chain_id: rpc.chain_id()?,
            nonce: nonce.to(),
            // What is not used is not paid; a price may double until the block.
            gas_limit: gas.saturating_add(gas / 4),
            max_fee_per_gas: u128::try_from(price).unwrap_or(u128::MAX).saturating_mul(2),
            max_priority_fee_per_gas: 0,
            to: message.to.map_or(TxKind::Create, TxKind::Call),
            value: message.value,
            access_list: Default::default(),
            input: message.data.clone(),
        };
        let signature = key
            .sign_transaction_sync(&mut transaction)
            .map_err(|error| Fault::Usage(format!("the key does not sign: {error}")))?;
        let signed = TxEnvelope::from(transaction.into_signed(signature)).encoded_2718();
        let receipt = rpc.send(&signed)?;
        if receipt.status.is_zero() {
            // Something has come before it since it was simulated: what does the chain say now?
            let why = self.simulate(message).err().map(|fault| fault.to_string()).unwrap_or_default();
            return Err(Fault::Refused(format!(
                "transaction {} was refused in its block. {why}",
                receipt.transaction_hash
            )));
        }
        Ok(receipt)
    }

    /// What was done, as a report: a line for each act, its events below it.
    pub fn report(&self, all: &[Done]) -> Report {
        let mut text = String::new();
        for done in all {
            text.push_str(&self.line(done));
            for event in &done.events {
                text.push_str(&format!("  {}\n", event.line()));
            }
            if done.receipt.is_some() && done.events.is_empty() {
                text.push_str("  nothing has changed: it was so already\n");
            }
        }
        if let (Sender::Safe(safe, path), false) = (&self.sender, all.is_empty()) {
            text.push_str(&format!("written for Safe {safe}: {}\n", path.display()));
            text.push_str("  load it in the Transaction Builder; when it is signed, run `fusebox status`\n");
        }
        Report { text, json: json!({ "from": self.from(), "acts": all.iter().map(Done::json).collect::<Vec<_>>() }) }
    }

    fn line(&self, done: &Done) -> String {
        match (&done.receipt, &self.sender) {
            (Some(receipt), _) => format!(
                "{}: done\n  transaction {} in block {}, {} gas\n",
                done.title, receipt.transaction_hash, receipt.block_number, receipt.gas_used
            ),
            (None, Sender::Safe(..)) => format!("{}: would pass now\n", done.title),
            (None, _) => format!("{}: would pass now (nothing was sent)\n", done.title),
        }
    }
}

/// A refusal with what was refused.
fn titled(fault: Fault, title: &str) -> Fault {
    match fault {
        Fault::Refused(text) => Fault::Refused(format!("{title}: {text}")),
        other => other,
    }
}

impl Done {
    fn json(&self) -> Value {
        let receipt = self.receipt.as_ref().map(|receipt| {
            json!({
                "transaction": receipt.transaction_hash,
                "block": receipt.block_number.to::<u64>(),
                "gas": receipt.gas_used.to_string(),
            })
        });
        let events: Vec<Value> = self.events.iter().map(Decoded::json).collect();
        json!({ "title": self.title, "answer": self.answer, "receipt": receipt, "events": events })
    }
}
