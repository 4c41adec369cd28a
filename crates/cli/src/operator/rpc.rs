//! The node: the standard methods that the commands use, one after the other.

use super::fault::{Fault, Outcome};
use alloy_primitives::{hex, Address, Bytes, B256, U256, U64};
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use serde_json::{json, Value};
use std::time::{Duration, Instant};

/// How long a transaction may take until its receipt is there.
const RECEIPT_WAIT: Duration = Duration::from_secs(120);
/// How long an answer may take.
const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// The most bytes of an answer.
const MAX_ANSWER: u64 = 256 << 20;

/// The status of a node that is asked too often.
const TOO_MANY: u16 = 429;
/// How long such a node is left alone each time before it is asked again, in milliseconds.
const PAUSES_MS: [u64; 5] = [250, 500, 1_000, 2_000, 4_000];

/// A block, as far as it matters here.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// Its number.
    pub number: U64,
    /// Its time, in seconds.
    pub timestamp: U64,
    /// What a unit of gas costs at least, in wei.
    pub base_fee_per_gas: Option<U256>,
}

/// A log.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Log {
    /// Who wrote it.
    pub address: Address,
    /// Its signature and indexed fields.
    pub topics: Vec<B256>,
    /// The other fields.
    pub data: Bytes,
    /// In which block.
    pub block_number: Option<U64>,
    /// In which transaction.
    pub transaction_hash: Option<B256>,
}

/// What became of a transaction.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Its hash.
    pub transaction_hash: B256,
    /// 1 if it was carried out.
    pub status: U64,
    /// In which block.
    pub block_number: U64,
    /// What it used.
    pub gas_used: U256,
    /// What it paid for a unit of gas, in wei.
    pub effective_gas_price: Option<U256>,
    /// What it has created.
    pub contract_address: Option<Address>,
    /// Its logs.
    pub logs: Vec<Log>,
}

/// A call to be simulated or sent; without `to` it creates.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Who asks.
    pub from: Address,
    /// Whom.
    pub to: Option<Address>,
    /// What.
    pub data: Bytes,
    /// With how much, in wei.
    pub value: U256,
}

impl Message {
    fn json(&self) -> Value {
        let mut call = json!({ "from": self.from, "data": self.data });
        if let Some(to) = self.to {
            call["to"] = json!(to);
        }
        if !self.value.is_zero() {
            call["value"] = json!(self.value);
        }
        call
    }
}

/// A call that a contract refused, or one that never came to that.
#[derive(Debug)]
pub enum Failed {
    /// With this revert data.
    Reverted(Bytes),
    /// For another reason.
    Fault(Fault),
}

/// The error of an answer.
#[derive(Clone, Debug, Deserialize)]
struct Payload {
    code: i64,
    message: String,
    data: Option<Value>,
}

/// An answer that is an error, or none at all.
enum Unanswered {
    Error(Payload),
    Transport(String),
}

/// A node.
pub struct Rpc {
    agent: ureq::Agent,
    url: String,
    shown: String,
}

impl Rpc {
    /// The node at an address; nothing is asked yet.
    ///
    /// Errors: an address that is none.
    pub fn new(address: &str) -> Outcome<Self> {
        let bad = |why: &str| {
            Fault::Usage(format!(
                "{why}\nGive the address of a node with --rpc, as in --rpc https://arb1.arbitrum.io/rpc."
            ))
        };
        let url: url::Url = address.parse().map_err(|error| bad(&format!("--rpc is not an address ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(bad("--rpc has to begin with http:// or https://"));
        }
        // Addresses of nodes often have a secret in their path: what is printed has host and port only.
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let shown = format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default());
        let config =
            ureq::Agent::config_builder().timeout_global(Some(ANSWER_WAIT)).http_status_as_error(false).build();
        Ok(Self { agent: config.into(), url: url.into(), shown })
    }

    /// The node's address without what may be secret in it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    fn raw<P: Serialize, R: DeserializeOwned>(&self, method: &'static str, params: P) -> Result<R, Unanswered> {
        let broken = |why: String| Unanswered::Transport(why);
        let params = match serde_json::to_value(params).map_err(|error| broken(error.to_string()))? {
            Value::Null => json!([]),
            params => params,
        };
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let (status, bytes) = self.post(&body).map_err(|error| broken(error.to_string()))?;
        if status == TOO_MANY {
            return Err(broken(format!("it answers {status}: it is asked too often")));
        }
        let Ok(mut answer) = serde_json::from_slice::<Value>(&bytes) else {
            return Err(broken(format!("it answers {status}, and no JSON")));
        };
        if let Some(error) = answer.get_mut("error").filter(|error| !error.is_null()) {
            let error = serde_json::from_value(error.take());
            return Err(error.map_or_else(|error| broken(error.to_string()), Unanswered::Error));
        }
        let result = answer
            .get_mut("result")
            .map(Value::take)
            .ok_or_else(|| broken(format!("it answers {status} without a result")))?;
        serde_json::from_value(result).map_err(|error| broken(format!("the answer is not as it should be: {error}")))
    }

    /// The status and the body of an answer. Public nodes bound how often they are asked: then it is asked again, later.
    fn post(&self, body: &str) -> Result<(u16, Vec<u8>), ureq::Error> {
        let mut pauses = PAUSES_MS.into_iter();
        loop {
            let mut response = self.agent.post(&self.url).header("content-type", "application/json").send(body)?;
            let status = response.status().as_u16();
            match pauses.next() {
                Some(pause) if status == TOO_MANY => std::thread::sleep(Duration::from_millis(pause)),
                _ => return Ok((status, response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec()?)),
            }
        }
    }

    fn fault(&self, method: &str, error: Unanswered) -> Fault {
        match error {
            Unanswered::Error(Payload { code: -32601, message, .. }) => {
                let said = self.hidden(&message);
                Fault::Connection(format!("the node at {} does not know {method}: {said}", self.shown))
            }
            Unanswered::Error(payload) => {
                Fault::Refused(format!("the node refuses {method}: {}", self.hidden(&payload.message)))
            }
            Unanswered::Transport(why) => {
                let said = self.hidden(&why);
                let text = format!(
                    "no answer from {} to {method}: {said}\nIs the node running, and is --rpc its address?",
                    self.shown
                );
                Fault::Connection(text)
            }
        }
    }

    /// A message without the address of the node.
    fn hidden(&self, text: &str) -> String {
        text.replace(&self.url, &self.shown).replace(self.url.trim_end_matches('/'), &self.shown)
    }

    /// Asks the node.
    ///
    /// Errors: no answer, or an error.
    pub fn ask<P: Serialize, R: DeserializeOwned>(&self, method: &'static str, params: P) -> Outcome<R> {
        self.raw(method, params).map_err(|error| self.fault(method, error))
    }

    /// The chain's number.
    pub fn chain_id(&self) -> Outcome<u64> {
        Ok(self.ask::<_, U64>("eth_chainId", ())?.to())
    }

    /// The latest block.
    pub fn latest(&self) -> Outcome<Header> {
        self.ask("eth_getBlockByNumber", ("latest", false))
    }

    /// A balance now, in wei.
    pub fn balance(&self, who: Address) -> Outcome<U256> {
        self.ask("eth_getBalance", (who, "latest"))
    }

    /// The code of an account now.
    pub fn code(&self, of: Address) -> Outcome<Bytes> {
        self.ask("eth_getCode", (of, "latest"))
    }

    /// A storage word at a block.
    pub fn storage(&self, of: Address, slot: U256, block: U64) -> Outcome<U256> {
        Ok(U256::from_be_bytes(self.ask::<_, B256>("eth_getStorageAt", (of, slot, block))?.0))
    }

    /// What a call would answer now.
    pub fn call(&self, message: &Message) -> Result<Bytes, Failed> {
        self.raw("eth_call", (message.json(), "latest")).map_err(|error| self.failed("eth_call", error))
    }

    /// What a call would answer now, if accounts were other than they are: code by address, and the sender rich.
    pub fn call_with_code(&self, message: &Message, code: &[(Address, Bytes)]) -> Result<Bytes, Failed> {
        let mut overrides = serde_json::Map::new();
        overrides.insert(message.from.to_string(), json!({ "balance": U256::MAX >> 1usize }));
        for (address, code) in code {
            overrides.insert(address.to_string(), json!({ "code": code }));
        }
        self.raw("eth_call", (message.json(), "latest", overrides)).map_err(|error| self.failed("eth_call", error))
    }

    /// What a call would use.
    pub fn estimate(&self, message: &Message) -> Result<U64, Failed> {
        self.raw("eth_estimateGas", (message.json(),)).map_err(|error| self.failed("eth_estimateGas", error))
    }

    fn failed(&self, method: &str, error: Unanswered) -> Failed {
        let data = match &error {
            Unanswered::Error(payload) => revert_data(payload),
            Unanswered::Transport(_) => None,
        };
        data.map_or_else(|| Failed::Fault(self.fault(method, error)), Failed::Reverted)
    }

    /// Sends a signed transaction and waits until it is in a block.
    ///
    /// Errors: the node refuses it; it is in no block within two minutes.
    pub fn send(&self, signed: &[u8]) -> Outcome<Receipt> {
        let hash: B256 = self.ask("eth_sendRawTransaction", (hex::encode_prefixed(signed),))?;
        let (start, mut pause) = (Instant::now(), Duration::from_millis(50));
        loop {
            let receipt: Option<Receipt> = self.ask("eth_getTransactionReceipt", (hash,))?;
            if let Some(receipt) = receipt {
                return Ok(receipt);
            }
            if start.elapsed() > RECEIPT_WAIT {
                let text = format!("transaction {hash} is in no block after two minutes. It may still be: look for it before you send another.");
                return Err(Fault::Connection(text));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// Logs of an address with one of these signatures, from a block to the latest, in their order.
    ///
    /// Public nodes bound the range of a query, each differently: where one is refused, it is asked for in halves.
    pub fn logs(&self, of: Address, signatures: &[B256], from: u64, to: u64) -> Outcome<Vec<Log>> {
        if from > to {
            return Ok(Vec::new());
        }
        let filter = json!({
            "address": of, "topics": [signatures], "fromBlock": U64::from(from), "toBlock": U64::from(to),
        });
        match self.raw::<_, Vec<Log>>("eth_getLogs", (filter,)) {
            Ok(logs) => Ok(logs),
            Err(Unanswered::Error(_)) if to > from => {
                let middle = from + (to - from) / 2;
                let mut logs = self.logs(of, signatures, from, middle)?;
                logs.extend(self.logs(of, signatures, middle + 1, to)?);
                Ok(logs)
            }
            Err(error) => Err(self.fault("eth_getLogs", error)),
        }
    }
}

/// The revert data of an error, wherever the node has put it: as text, or as text within an object.
fn revert_data(payload: &Payload) -> Option<Bytes> {
    let data = payload.data.as_ref();
    let text = data.and_then(|data| data.as_str().or_else(|| data.get("data")?.as_str()));
    match text.and_then(|text| hex::decode(text.trim_start_matches("Reverted ")).ok()) {
        Some(bytes) => Some(bytes.into()),
        // A revert without a word has no data at all.
        None if payload.code == 3 || payload.message.contains("execution reverted") => Some(Bytes::new()),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revert_data_is_found_where_nodes_put_it() {
        let payload = |code, message: &str, data| Payload { code, message: message.into(), data };
        let some = |hex: &str| hex::decode(hex).map(Bytes::from).ok();
        assert_eq!(revert_data(&payload(3, "execution reverted", Some(json!("0x1234")))), some("1234"));
        assert_eq!(revert_data(&payload(-32000, "VM Exception", Some(json!({ "data": "0x12" })))), some("12"));
        assert_eq!(revert_data(&payload(-32015, "reverted", Some(json!("Reverted 0x12")))), some("12"));
        assert_eq!(revert_data(&payload(3, "execution reverted", None)), some(""));
        assert_eq!(revert_data(&payload(-32000, "insufficient funds", None)), None);
    }

    #[test]
    fn what_may_be_secret_in_an_address_is_not_shown() {
        let rpc = Rpc::new("https://node.example:8443/v2/secret?key=secret").expect("an address");
        assert_eq!(rpc.shown(), "https://node.example:8443");
        assert_eq!(
            rpc.hidden("to https://node.example:8443/v2/secret?key=secret: no"),
            "to https://node.example:8443: no"
        );
        assert!(Rpc::new("wss://node.example").is_err());
    }
}
