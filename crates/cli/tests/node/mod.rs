//! A node under test and a client that speaks to it, with the answers as JSON.
#![allow(dead_code)] // each test file uses a part

use alloy_primitives::{hex, Address, Bytes, TxKind, U256};
use alloy_provider::{Provider, RootProvider};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_signer_local::PrivateKeySigner;
use fusebox_cli::devnet::{Config, Devnet};
use serde_json::{json, Value};
use tokio::runtime::Runtime;

/// A node, and a client with its own threads.
pub struct Client {
    pub runtime: Runtime,
    pub provider: RootProvider,
    /// The node, unless it is another process.
    pub devnet: Option<Devnet>,
}

/// The error of an answer.
#[derive(Debug)]
pub struct Refused {
    pub code: i64,
    pub message: String,
    pub data: Option<Value>,
}

impl Client {
    pub fn start(config: Config) -> Self {
        let devnet = Devnet::spawn(config).expect("the node starts");
        Self { devnet: Some(devnet), ..Self::connect("http://127.0.0.1:1") }.reconnected()
    }

    pub fn default() -> Self {
        Self::start(Config::default())
    }

    pub fn connect(url: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
        let provider = RootProvider::new_http(url.parse().expect("a URL"));
        Self { runtime, provider, devnet: None }
    }

    fn reconnected(mut self) -> Self {
        let url = self.devnet.as_ref().expect("a node").url();
        self.provider = RootProvider::new_http(url.parse().expect("a URL"));
        self
    }

    pub fn signer(&self, index: usize) -> &PrivateKeySigner {
        &self.devnet.as_ref().expect("a node of this process").signers()[index]
    }

    pub fn account(&self, index: usize) -> Address {
        self.signer(index).address()
    }

    /// What the node answers.
    pub fn ask(&self, method: &str, params: Value) -> Result<Value, Refused> {
        let answer = self.runtime.block_on(self.provider.raw_request::<_, Value>(method.to_owned().into(), params));
        answer.map_err(|error| {
            let error = error.as_error_resp().unwrap_or_else(|| panic!("{method}: {error}"));
            Refused {
                code: error.code,
                message: error.message.to_string(),
                data: error.data.as_ref().map(|data| serde_json::from_str(data.get()).expect("JSON")),
            }
        })
    }

    /// What the node answers, if it is still there.
    pub fn attempt(&self, method: &str, params: Value) -> Option<Value> {
        self.runtime.block_on(self.provider.raw_request(method.to_owned().into(), params)).ok()
    }

    /// What the node answers, and it answers.
    pub fn get(&self, method: &str, params: Value) -> Value {
        self.ask(method, params).unwrap_or_else(|refused| panic!("{method}: {refused:?}"))
    }

    /// Why the node does not answer.
    pub fn refused(&self, method: &str, params: Value) -> Refused {
        match self.ask(method, params) {
            Err(refused) => refused,
            Ok(value) => panic!("{method} was answered: {value}"),
        }
    }

    pub fn number(&self, method: &str, params: Value) -> u64 {
        number(&self.get(method, params))
    }

    pub fn balance(&self, address: Address) -> U256 {
        serde_json::from_value(self.get("eth_getBalance", json!([address, "latest"]))).expect("a balance")
    }

    pub fn height(&self) -> u64 {
        self.number("eth_blockNumber", json!([]))
    }

    /// Sends a transaction of an account of the node and gives its receipt.
    pub fn send(&self, request: &TransactionRequest) -> Value {
        let hash = self.get("eth_sendTransaction", json!([request]));
        self.get("eth_getTransactionReceipt", json!([hash]))
    }

    /// Creates a contract of EVM bytecode.
    pub fn create(&self, code: &str) -> Address {
        let request = TransactionRequest {
            from: Some(self.account(0)),
            to: Some(TxKind::Create),
            input: Bytes::from(hex::decode(code).expect("hex")).into(),
            ..TransactionRequest::default()
        };
        let receipt = self.send(&request);
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        serde_json::from_value(receipt["contractAddress"].clone()).expect("an address")
    }
}

pub fn number(value: &Value) -> u64 {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no quantity"));
    u64::from_str_radix(text.strip_prefix("0x").expect("hex"), 16).expect("a number")
}

/// Creation code that deploys `runtime`.
pub fn deploying(runtime: &str) -> String {
    let length = runtime.len() / 2;
    assert!(length < 256);
    format!("60{length:02x}8060093d393df3{runtime}")
}

/// Answers its block: NUMBER and TIMESTAMP.
pub const CLOCK: &str = "435f52426020 5260405ff3";
/// Adds one to slot 0, emits the new number with topic 7, and returns it.
pub const COUNTER: &str = "5f54600101805f55805f5260076020 5fa15f5260205ff3";
/// Reverts with the bytes 0xdeadbeef.
pub const REVERTER: &str = "63deadbeef5f526004601cfd";
/// Never ends.
pub const LOOP: &str = "5b5f56";

pub fn code(text: &str) -> String {
    text.replace(' ', "")
}

pub fn transfer(from: Address, to: Address, wei: u64) -> TransactionRequest {
    TransactionRequest {
        from: Some(from),
        to: Some(TxKind::Call(to)),
        value: Some(U256::from(wei)),
        ..TransactionRequest::default()
    }
}

pub fn call(from: Address, to: Address, input: &[u8]) -> TransactionRequest {
    TransactionRequest {
        from: Some(from),
        to: Some(TxKind::Call(to)),
        input: Bytes::copy_from_slice(input).into(),
        ..TransactionRequest::default()
    }
}

/// A folder of its own for a test, gone when it is dropped.
pub struct Folder(std::path::PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub fn file(&self, name: &str) -> std::path::PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A WebSocket (RFC 6455): text in frames of one piece, which is all that a node of this size answers.
pub struct Socket(std::net::TcpStream);

impl Socket {
    pub fn connect(client: &Client) -> Self {
        use std::io::{Read, Write};

        let url = client.devnet.as_ref().expect("a node").ws_url();
        let address = url.strip_prefix("ws://").expect("ws");
        let mut stream = std::net::TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("a timeout");
        let head = format!(
            "GET / HTTP/1.1\r\nhost: {address}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("the head");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("the answer");
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
        Self(stream)
    }

    pub fn send(&mut self, text: &str) {
        use std::io::Write;

        let length = u16::try_from(text.len()).expect("a short text");
        let mut frame = vec![0x81, 0x80 | 126]; // text, masked, the length in two bytes
        frame.extend(length.to_be_bytes());
        frame.extend([0; 4]); // a mask of zeros
        frame.extend(text.as_bytes());
        self.0.write_all(&frame).expect("a frame");
    }

    pub fn receive(&mut self) -> Value {
        use std::io::Read;

        loop {
            let mut head = [0; 2];
            self.0.read_exact(&mut head).expect("a frame");
            let length = match head[1] {
                126 => {
                    let mut bytes = [0; 2];
                    self.0.read_exact(&mut bytes).expect("a length");
                    u64::from(u16::from_be_bytes(bytes))
                }
                127 => {
                    let mut bytes = [0; 8];
                    self.0.read_exact(&mut bytes).expect("a length");
                    u64::from_be_bytes(bytes)
                }
                short => u64::from(short),
            };
            let mut text = vec![0; length as usize];
            self.0.read_exact(&mut text).expect("the text");
            if head[0] == 0x81 {
                return serde_json::from_slice(&text).expect("JSON");
            }
        }
    }

    /// Asks and gives the result; notices that come before it are not expected.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.send(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string());
        self.receive()["result"].clone()
    }
}
