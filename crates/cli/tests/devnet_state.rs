//! The file of the chain: what survives a killed process, a disk that refuses, and a file that is none.

mod node;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use alloy_primitives::{Address, Bytes, TxKind, B256, U256};
use alloy_rpc_types_eth::TransactionRequest;
use fusebox_cli::devnet::{Config, Devnet, StartError};
use node::{call, code, deploying, transfer, Client, Folder, COUNTER};
use serde_json::{json, Value};

fn kept(path: &Path) -> Config {
    Config { state: Some(path.to_owned()), ..Config::default() }
}

/// A node in a process of its own.
struct Process(Child);

impl Process {
    /// Starts the command after some words of shell, and a client of it.
    fn start(before: &str, path: &Path) -> (Self, Client) {
        let script = format!("{before} exec \"$0\" devnet --port 0 --state \"$1\"");
        let mut child = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_fusebox")])
            .arg(path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let output = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines();
        let url = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                line.strip_prefix("Listening on ").map(|urls| urls.split(' ').next().unwrap_or("").to_owned())
            })
            .expect("where it listens");
        thread::spawn(move || lines.for_each(drop)); // or it would stop at a full pipe
        (Self(child), Client::connect(&url))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill(); // SIGKILL, as a crash would be
        let _ = self.0.wait();
    }
}

fn first_account(client: &Client) -> Address {
    serde_json::from_value(client.get("eth_accounts", json!([]))[0].clone()).expect("an address")
}

/// All blocks and the balances of a chain.
fn everything(client: &Client) -> Value {
    let blocks =
        (0..=client.height()).map(|number| client.get("eth_getBlockByNumber", json!([format!("{number:#x}"), true])));
    let accounts = client.get("eth_accounts", json!([]));
    let state = accounts.as_array().expect("accounts").iter().map(|account| {
        let balance = client.get("eth_getBalance", json!([account, "latest"]));
        (balance, client.get("eth_getTransactionCount", json!([account, "latest"])))
    });
    json!({ "blocks": blocks.collect::<Vec<_>>(), "state": state.collect::<Vec<_>>() })
}

#[test]
fn cl_2_a_chain_goes_on_where_it_stopped() {
    let folder = Folder::new("goes_on");
    let path = folder.file("chain");
    let client = Client::start(kept(&path));
    let counter = client.create(&deploying(&code(COUNTER)));
    client.send(&call(client.account(0), counter, &[]));
    client.get("anvil_setBalance", json!([Address::repeat_byte(9), "0x9"]));
    client.get("evm_increaseTime", json!([100_000]));
    let before = everything(&client);
    drop(client);

    let client = Client::start(kept(&path));
    assert_eq!(everything(&client), before);
    assert_eq!(client.balance(Address::repeat_byte(9)), U256::from(9));
    let receipt = client.send(&call(client.account(0), counter, &[]));
    assert_eq!(receipt["logs"][0]["data"], json!(B256::with_last_byte(2)));
    let time = |number: &str| node::number(&client.get("eth_getBlockByNumber", json!([number, false]))["timestamp"]);
    assert!(time("latest") >= time("0x2") + 99_999, "the clock was kept");
}

#[test]
fn cl_2_a_revert_to_a_snapshot_is_kept_as_well() {
    let folder = Folder::new("revert");
    let path = folder.file("chain");
    let client = Client::start(kept(&path));
    let counter = client.create(&deploying(&code(COUNTER)));
    let snapshot = client.get("evm_snapshot", json!([]));
    let before = everything(&client);
    (0..3).for_each(|_| drop(client.send(&call(client.account(0), counter, &[]))));
    client.get("evm_revert", json!([snapshot]));
    drop(client);
    let client = Client::start(kept(&path));
    assert_eq!(everything(&client), before);
    let slot = client.get("eth_getStorageAt", json!([counter, "0x0", "latest"]));
    assert_eq!(slot, json!(B256::ZERO));
}

#[test]
fn cl_2_a_killed_process_loses_no_block_that_it_answered() {
    let folder = Folder::new("killed");
    let path = folder.file("chain");
    let to = Address::repeat_byte(0x77);
    let mut answered: Vec<Value> = Vec::new();
    for round in 0..4_u64 {
        let (mut process, client) = Process::start("", &path);
        for hash in &answered {
            let receipt = client.get("eth_getTransactionReceipt", json!([hash]));
            assert_eq!(receipt["status"], "0x1", "round {round}: {hash} is lost");
        }
        let sent = client.balance(to).to::<u64>();
        assert!(
            (answered.len() as u64..=answered.len() as u64 + round).contains(&sent),
            "{sent} of {}",
            answered.len()
        );
        let request = transfer(first_account(&client), to, 1);
        let killer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(150 + 37 * round));
            let _ = process.0.kill();
            process
        });
        // Whatever the moment: each answer that comes is held against the next process.
        while let Some(hash) = client.attempt("eth_sendTransaction", json!([request])) {
            answered.push(hash);
        }
        drop(killer.join().expect("the killer"));
    }
    assert!(answered.len() >= 4, "only {} transactions in all rounds", answered.len());
}

#[test]
fn cl_3_a_disk_that_refuses_changes_nothing_and_says_so() {
    let folder = Folder::new("refuses");
    let path = folder.file("chain");
    drop(Process::start("", &path)); // the file at its first size
    let blocks = std::fs::metadata(&path).expect("the file").len() / 512 + 512;
    // Beyond this size the system refuses to write, as on a full disk.
    let (process, client) = Process::start(&format!("trap '' XFSZ; ulimit -f {blocks};"), &path);
    let from = first_account(&client);
    let request = TransactionRequest {
        from: Some(from),
        to: Some(TxKind::Call(Address::repeat_byte(1))),
        input: Bytes::from(vec![0xab; 100_000]).into(),
        ..TransactionRequest::default()
    };
    let mut taken = 0;
    let refused = loop {
        assert!(taken < 200, "the disk never refused");
        match client.ask("eth_sendTransaction", json!([request])) {
            Ok(_) => taken += 1,
            Err(refused) => break refused,
        }
    };
    assert!(taken > 0, "not even one: {refused:?}");
    assert!(refused.message.contains("nothing has changed"), "{refused:?}");
    let before = everything(&client);
    assert_eq!(client.height(), taken);
    let again = client.refused("eth_sendTransaction", json!([request]));
    assert!(again.message.contains("nothing has changed"), "{again:?}");
    assert_eq!(everything(&client), before);
    drop(process);

    let (_process, client) = Process::start("", &path);
    assert_eq!(everything(&client), before);
    client.get("eth_sendTransaction", json!([request]));
    assert_eq!(client.height(), taken + 1);
}

fn refusal(config: Config) -> String {
    match Devnet::spawn(config) {
        Ok(_) => panic!("the node started"),
        Err(error @ StartError::Store(_)) => error.to_string(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn cl_4_a_file_in_use_is_refused() {
    let folder = Folder::new("in_use");
    let path = folder.file("chain");
    let (_process, client) = Process::start("", &path);
    let error = refusal(kept(&path));
    assert!(error.contains("in use by another process"), "{error}");
    assert_eq!(client.height(), 0);
}

#[test]
fn cl_4_a_file_of_another_chain_or_none_of_ours_is_refused() {
    let folder = Folder::new("another");
    let path = folder.file("chain");
    drop(Client::start(kept(&path)));
    let error = refusal(Config { chain_id: Some(1), ..kept(&path) });
    assert!(error.contains("holds chain 412346") && error.contains("--chain-id"), "{error}");
    drop(Client::start(Config { chain_id: Some(412_346), ..kept(&path) }));

    let text = folder.file("text");
    std::fs::write(&text, "this is no chain\n".repeat(1_000)).expect("a file");
    let error = refusal(kept(&text));
    assert!(error.contains("not a state file"), "{error}");
    assert_eq!(std::fs::read(&text).expect("the file")[..7], *b"this is");
}

#[test]
fn cl_4_a_file_of_another_format_is_refused_in_plain_words() {
    use redb::{Database, TableDefinition};

    let folder = Folder::new("format");
    let path = folder.file("chain");
    drop(Client::start(kept(&path)));
    let database = Database::open(&path).expect("the file");
    let write = database.begin_write().expect("a transaction");
    let meta: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
    write.open_table(meta).expect("a table").insert("format", 99_u64.to_be_bytes().as_slice()).expect("a row");
    write.commit().expect("a commit");
    drop(database);
    let error = refusal(kept(&path));
    assert!(error.contains("has format 99") && error.contains("format 1"), "{error}");
}

#[test]
fn cl_4_a_changed_block_is_found() {
    use redb::{Database, ReadableTable, TableDefinition};

    let folder = Folder::new("changed");
    let path = folder.file("chain");
    let client = Client::start(kept(&path));
    client.send(&transfer(client.account(0), Address::ZERO, 1));
    drop(client);
    let database = Database::open(&path).expect("the file");
    let write = database.begin_write().expect("a transaction");
    {
        let definition: TableDefinition<u64, &[u8]> = TableDefinition::new("blocks");
        let mut blocks = write.open_table(definition).expect("a table");
        let text = String::from_utf8(blocks.get(1).expect("a read").expect("a block").value().to_vec()).expect("JSON");
        let other = text.replace("\"gasUsed\":\"0x5208\"", "\"gasUsed\":\"0x5209\"");
        assert_ne!(other, text);
        blocks.insert(1, other.as_bytes()).expect("a row");
    }
    write.commit().expect("a commit");
    drop(database);
    let error = refusal(kept(&path));
    assert!(error.contains("is damaged") && error.contains("block 1"), "{error}");
}
