//! Keys, files, addresses and nodes that are not right, and what is said of them.

use crate::ground::{bare, run, Ground, GUARDIAN, KEEPER};
use fusebox_cli::operator::rpc::Rpc;
use std::{
    io::{Read, Write},
    net::TcpListener,
};

const KEY: &str = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"; // published, nobody's
/// The example of the format's own definition.
const KEYSTORE: &str = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2","kdfparams":{"c":262144,
"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
"mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6",
"version":3}"#;

#[test]
fn cl_20_a_key_on_a_command_line_is_refused_and_never_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = ["--rpc", "http://127.0.0.1:1", "--protocol", "0x2000000000000000000000000000000000000001"];
    for words in [
        vec!["--private-key", KEY],
        vec!["--key", KEY],
        vec!["--mnemonic", "test test test test test test test test test test test junk"],
        vec!["--key-file", KEY],
        vec!["--keystore", KEY],
        vec!["--key-env", KEY],
        vec!["--keystore", "none.json", "--password-env", "hunter2 hunter2"],
    ] {
        let said = run(&mut bare(folder.path(), &[&["heartbeat"], &words[..], &place].concat()));
        assert_eq!(said.code, 2, "{words:?}: {}", said.err);
        assert!(!said.err.contains("4c0883a6") && !said.err.contains("junk"), "{}", said.err);
    }
    let said = run(&mut bare(folder.path(), &[&["heartbeat", "--private-key", KEY], &place[..]].concat()));
    assert!(said.err.contains("--key-env NAME"), "{}", said.err);
}

#[test]
fn cl_21_what_the_chain_would_refuse_is_explained_and_not_sent() {
    let ground = Ground::new();
    let before = ground.nonce(KEEPER);
    let said = ground.act(KEEPER, &["pause", "1"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("is no guardian of market 1 (NotGuardian)"), "{}", said.err);
    assert!(said.err.contains("what to do: a guardian of that scope has to"), "{}", said.err);
    assert_eq!(ground.nonce(KEEPER), before);
    let json = ground.act(KEEPER, &["pause", "1", "--json"]);
    let error: serde_json::Value = serde_json::from_str(json.err.trim()).expect("JSON");
    assert_eq!((error["error"]["kind"].as_str(), error["error"]["code"].as_u64()), (Some("refused"), Some(1)));
    let guardian = ground.nonce(GUARDIAN);
    let dry = ground.act(GUARDIAN, &["pause", "1", "--dry-run"]);
    assert!(dry.code == 0 && dry.out.contains("would pass now (nothing was sent)"), "{}{}", dry.out, dry.err);
    assert_eq!(ground.nonce(GUARDIAN), guardian);
}

#[test]
fn cl_30_keys_come_from_files_keystores_and_variables() {
    let ground = Ground::new();
    let key = ground.text(&format!("{GUARDIAN}.key"));
    let protocol = ground.protocol.to_string();
    let words = ["heartbeat", "--rpc", &ground.url, "--protocol", &protocol];
    let said =
        run(bare(&ground.folder, &[&words[..], &["--key-env", "OPERATOR_KEY"]].concat()).env("OPERATOR_KEY", &key));
    assert_eq!(said.code, 0, "{}", said.err);
    ground.write("keystore.json", KEYSTORE);
    ground.write("password", "testpassword\n");
    let keystore = [&words[..], &["--keystore", "keystore.json", "--password-file", "password"]].concat();
    let said = run(&mut bare(&ground.folder, &keystore));
    assert!(said.code == 1 && said.err.contains("0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b"), "{}", said.err);
    ground.write("password", "another\n");
    let said = run(&mut bare(&ground.folder, &keystore));
    assert!(said.code == 2 && said.err.contains("Is it the right password?"), "{}", said.err);
    let nobody = run(&mut bare(&ground.folder, &words));
    assert!(nobody.code == 2 && nobody.err.contains("who signs?"), "{}", nobody.err);
}

#[test]
fn cl_31_a_node_that_does_not_answer_is_told_from_a_call_that_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    // What stands behind the host is often a secret.
    let url = format!("http://127.0.0.1:{port}/v2/0123456789abcdef-secret");
    let protocol = "0x2000000000000000000000000000000000000001";
    let said = run(&mut bare(folder.path(), &["status", "--rpc", &url, "--protocol", protocol]));
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains(&format!("http://127.0.0.1:{port}")) && !said.err.contains("secret"), "{}", said.err);
    for (words, expected) in [
        (vec!["status"], "which node?"),
        (vec!["status", "--rpc", "ftp://here"], "http://"),
        (vec!["status", "--config", "none.toml"], "none.toml"),
    ] {
        let said = run(&mut bare(folder.path(), &words));
        assert!(said.code == 2 && said.err.contains(expected), "{words:?}: {}", said.err);
    }
}

#[test]
fn cl_31_a_node_that_is_asked_too_often_is_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let answers = std::thread::spawn(move || {
        let busy = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbusy";
        let body = r#"{"jsonrpc":"2.0","id":1,"result":"0xa4b1"}"#;
        let good = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        for answer in [busy, busy, &good] {
            let (mut stream, _) = listener.accept().expect("a request");
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                let mut part = [0; 4_096];
                let read = stream.read(&mut part).expect("it is read");
                assert!(read > 0, "it ends before its body");
                request.extend_from_slice(&part[..read]);
            }
            stream.write_all(answer.as_bytes()).expect("it is answered");
        }
    });
    let rpc = Rpc::new(&url).expect("an address");
    assert_eq!(rpc.chain_id().expect("the third answer"), 42_161);
    answers.join().expect("three requests");
}

#[test]
fn cl_32_every_command_teaches_and_can_be_completed() {
    let folder = tempfile::tempdir().expect("a folder");
    let commands = [
        "status",
        "can",
        "pause",
        "extend",
        "unpause",
        "hold",
        "poke",
        "set",
        "propose",
        "execute",
        "cancel",
        "playbook",
        "incidents",
        "heartbeat",
        "keepalive",
        "deploy",
        "verify",
    ];
    let bash = run(&mut bare(folder.path(), &["completions", "bash"])).out;
    for command in commands {
        let said = run(&mut bare(folder.path(), &[command, "--help"]));
        assert_eq!(said.code, 0);
        assert!(said.out.contains("Example") && said.out.contains("Exit code"), "{command}: {}", said.out);
        assert!(bash.contains(&format!("fusebox__{command}")) || bash.contains(command), "{command}");
    }
    assert!(run(&mut bare(folder.path(), &["set", "--help"])).out.contains("0x0500  base-bps"));
    assert!(run(&mut bare(folder.path(), &["deploy", "--help"])).out.contains("[market.terms]"));
}
