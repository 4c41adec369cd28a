//! A protocol on a node, deployed once with `fusebox deploy` itself; every test goes on with a copy of its file.

use alloy_primitives::{hex, Address, I256, U256};
use alloy_sol_types::{sol, SolCall, SolValue};
use fusebox_cli::{
    devnet::{Config, Devnet},
    operator::rpc::{Message, Rpc},
};
use serde_json::{json, Value};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};
use tempfile::TempDir;

sol! {
    function updateAnswer(int256 answer);
    function mint(address to, uint256 amount);
    function approve(address spender, uint256 amount) returns (bool);
    function balanceOf(address of) returns (uint256);
    function deposit(uint256 amount) returns (uint256 credited);
}

/// Who pays for the programs.
pub const DEPLOYER: usize = 0;
/// Holds Governance.
pub const GOVERNANCE: usize = 1;
/// Holds Council.
pub const COUNCIL: usize = 2;
/// Guardian of the protocol and of market 1.
pub const GUARDIAN: usize = 3;
/// Anybody.
pub const KEEPER: usize = 4;
/// A Steward.
pub const STEWARD: usize = 5;

/// A week, the delay of roles, in seconds.
pub const WEEK: u64 = 604_800;
const START: i64 = 200_000_000_000;

/// A node with the protocol, and a folder for a test's files.
pub struct Ground {
    pub rpc: Rpc,
    pub url: String,
    pub protocol: Address,
    pub folder: PathBuf,
    feeds: [Address; 2],
    who: Vec<Address>,
    _devnet: Devnet,
    _kept: TempDir,
}

/// What one command has said.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// The JSON that it printed.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }

    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// The protocol as it was deployed: where its chain is kept.
struct Template {
    folder: TempDir,
    protocol: Address,
    feeds: [Address; 2],
}

/// The folder of the built programs.
pub fn wasm() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fusebox")
}

/// A command, run alone: without the variables of whoever runs the tests.
pub fn bare(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fusebox"));
    command.current_dir(folder).args(words);
    for name in ["FUSEBOX_RPC", "FUSEBOX_PROTOCOL", "FUSEBOX_CONFIG", "FUSEBOX_KEYSTORE", "FUSEBOX_KEY_FILE"] {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Said {
    Said::of(&command.output().expect("the command runs"))
}

/// A node with its keys in files.
pub fn node(state: Option<PathBuf>, folder: &Path) -> (Devnet, Rpc, Vec<Address>) {
    let devnet = Devnet::spawn(Config { state, timestamp: Some(1_750_000_000), ..Config::default() }).expect("a node");
    for (index, signer) in devnet.signers().iter().enumerate() {
        let path = folder.join(format!("{index}.key"));
        std::fs::write(&path, hex::encode(signer.to_bytes())).expect("written");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("its owner's only");
    }
    let rpc = Rpc::new(&devnet.url()).expect("an address");
    let who = devnet.signers().iter().map(|signer| signer.address()).collect();
    (devnet, rpc, who)
}

fn creation(name: &str, arguments: &[u8]) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/solidity/artifacts.json");
    let all: Value = serde_json::from_slice(&std::fs::read(path).expect("artifacts")).expect("JSON");
    let code = all[name]["bytecode"].as_str().unwrap_or_else(|| panic!("no contract {name}"));
    [hex::decode(code).expect("hexadecimal"), arguments.to_vec()].concat()
}

/// Sends from one of the node's own accounts: what it has created.
pub fn send(rpc: &Rpc, from: Address, to: Option<Address>, data: &[u8]) -> Option<Address> {
    let mut call = json!({ "from": from, "data": hex::encode_prefixed(data) });
    if let Some(to) = to {
        call["to"] = json!(to);
    }
    let hash: Value = rpc.ask("eth_sendTransaction", (call,)).expect("sent");
    let receipt: Value = rpc.ask("eth_getTransactionReceipt", (hash,)).expect("a receipt");
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    serde_json::from_value(receipt["contractAddress"].clone()).ok()
}

/// The parameter file of the tests' protocol.
pub fn params(who: &[Address], token: Address, feeds: [Address; 2]) -> String {
    let [governance, council, guardian, steward] = [GOVERNANCE, COUNCIL, GUARDIAN, STEWARD].map(|index| who[index]);
    let [anchor, second] = feeds;
    let text = "11".repeat(32);
    format!(
        "[protocol]\ncollateral = \"{token}\"\ngovernance = \"{governance}\"\ncouncil = \"{council}\"\n\
         guardian = \"{guardian}\"\nguardian_pause = \"24h\"\nfloor = \"1_000_000_000_000_000\"\n\
         [[role]]\naccount = \"{steward}\"\nrole = \"steward\"\n\
         [[guardian]]\naccount = \"{guardian}\"\nscope = 1\npause = \"24h\"\n\
         [[cover]]\ndomain = 0\ndeductible = 1_000_000\ndeductible_bps = 1_000\nbudget_bps = 2_500\nepoch_days = 30\nclaim = 1_000_000_000\n\
         [surcharge]\ntarget_bps = 400\nmost_bps = 4_000\n\
         [fund]\ncooldown = \"11d\"\nwindow = \"5d\"\nhold = \"48h\"\ndeficit = \"14d\"\nfloor = 2_000_000\n\
         [return_terms]\nrate_bps = 900\ncap = 7_000_000\ntext = \"0x{text}\"\n\
         [[market]]\nname = \"ETH\"\n\
         [market.terms]\nmin_margin = 10_000_000\nposition_cap = 1_000_000_000_000\ninterest_cap = 5_000_000_000_000\n\
         base_bps = 1_000\nmaintenance_bps = 500\npenalty_bps = 200\nfee_bps = 10\nbounty = 5_000_000\n\
         [[market.feed]]\nkind = \"aggregator\"\nsource = \"{anchor}\"\ndecimals = 8\nmax_age = \"75m\"\n\
         [[market.feed]]\nkind = \"aggregator\"\nsource = \"{second}\"\ndecimals = 8\nmax_age = \"75m\"\n"
    )
}

/// A token and two feeds on a node.
pub fn furnish(rpc: &Rpc, from: Address) -> (Address, [Address; 2]) {
    let token = ("Test".to_string(), "TEST".to_string(), U256::from(6)).abi_encode_params();
    let answer = (U256::from(8), I256::try_from(START).expect("fits")).abi_encode_params();
    let deploy = |name: &str, arguments: &[u8]| send(rpc, from, None, &creation(name, arguments)).expect("a contract");
    let token = deploy("TestToken", &token);
    (token, [deploy("MockV3Aggregator", &answer), deploy("MockV3Aggregator", &answer)])
}

/// Deploys once, in the three runs that a deployment takes.
fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let (devnet, rpc, who) = node(Some(folder.path().join("chain.redb")), folder.path());
        let (token, feeds) = furnish(&rpc, who[DEPLOYER]);
        std::fs::write(folder.path().join("params.toml"), params(&who, token, feeds)).expect("written");
        let wasm = wasm().display().to_string();
        let url = devnet.url();
        let deploy = |who: usize, expected: i32| {
            let key = format!("{who}.key");
            let said = run(&mut bare(
                folder.path(),
                &["deploy", "params.toml", "--wasm", &wasm, "--rpc", &url, "--key-file", &key],
            ));
            assert_eq!(said.code, expected, "{}\n{}", said.out, said.err);
            said
        };
        let first = deploy(DEPLOYER, 6);
        assert!(first.err.contains("Governance has to propose"), "{}", first.err);
        let second = deploy(GOVERNANCE, 6);
        assert!(second.err.contains("something waits until"), "{}", second.err);
        advance(&rpc, WEEK);
        refresh(&rpc, who[DEPLOYER], feeds);
        deploy(KEEPER, 0);
        let record: Value =
            serde_json::from_slice(&std::fs::read(folder.path().join("params.deployed.json")).expect("a record"))
                .expect("JSON");
        let protocol = serde_json::from_value(record["protocol"].clone()).expect("an address");
        drop(devnet);
        Template { folder, protocol, feeds }
    })
}

/// Both feeds say the first price now: a market is listed with the price of its feeds, which have to be fresh.
pub fn refresh(rpc: &Rpc, from: Address, feeds: [Address; 2]) {
    let answer = I256::try_from(START).expect("fits");
    for feed in feeds {
        send(rpc, from, Some(feed), &updateAnswerCall { answer }.abi_encode());
    }
}

/// Lets seconds pass.
pub fn advance(rpc: &Rpc, seconds: u64) {
    let _: Value = rpc.ask("evm_increaseTime", (seconds,)).expect("time passes");
    let _: Value = rpc.ask("evm_mine", ()).expect("a block");
}

impl Ground {
    /// A copy of the protocol, with fresh feeds and funded users.
    pub fn new() -> Self {
        let template = template();
        let kept = tempfile::tempdir().expect("a folder");
        for name in ["chain.redb", "params.toml", "params.deployed.json"] {
            std::fs::copy(template.folder.path().join(name), kept.path().join(name)).expect("copied");
        }
        let (devnet, rpc, who) = node(Some(kept.path().join("chain.redb")), kept.path());
        let ground = Self {
            rpc,
            url: devnet.url(),
            protocol: template.protocol,
            folder: kept.path().to_owned(),
            feeds: template.feeds,
            who,
            _devnet: devnet,
            _kept: kept,
        };
        ground.price(START);
        ground
    }

    /// An account by its number.
    pub fn who(&self, index: usize) -> Address {
        self.who[index]
    }

    /// Runs a command without a key.
    pub fn ask(&self, words: &[&str]) -> Said {
        let protocol = self.protocol.to_string();
        let place = ["--rpc", &self.url, "--protocol", &protocol];
        run(&mut bare(&self.folder, &[words, &place].concat()))
    }

    /// Runs a command with the key of an account.
    pub fn act(&self, who: usize, words: &[&str]) -> Said {
        let key = format!("{who}.key");
        self.ask(&[words, &["--key-file", &key]].concat())
    }

    /// Runs a command that has to succeed: what it says as JSON.
    pub fn done(&self, who: usize, words: &[&str]) -> Value {
        let said = self.act(who, &[words, &["--json"]].concat());
        assert_eq!(said.code, 0, "{words:?}: {}\n{}", said.out, said.err);
        said.json()
    }

    /// What a command without a key says as JSON.
    pub fn read(&self, words: &[&str]) -> Value {
        let said = self.ask(&[words, &["--json"]].concat());
        assert_eq!(said.code, 0, "{words:?}: {}\n{}", said.out, said.err);
        said.json()
    }

    /// Both feeds say this now.
    pub fn price(&self, price: i64) {
        for feed in [0, 1] {
            self.feed(feed, price);
        }
    }

    /// One feed says this now.
    pub fn feed(&self, feed: usize, price: i64) {
        let answer = I256::try_from(price).expect("fits");
        send(&self.rpc, self.who[DEPLOYER], Some(self.feeds[feed]), &updateAnswerCall { answer }.abi_encode());
    }

    /// Lets seconds pass; the feeds are fresh afterwards.
    pub fn wait(&self, seconds: u64) {
        advance(&self.rpc, seconds);
        self.price(START);
    }

    /// How many transactions an account has sent.
    pub fn nonce(&self, who: usize) -> u64 {
        let nonce: alloy_primitives::U64 =
            self.rpc.ask("eth_getTransactionCount", (self.who[who], "latest")).expect("a nonce");
        nonce.to()
    }

    /// Asks a contract.
    pub fn call<C: SolCall>(&self, from: Address, call: &C) -> C::Return {
        let message = Message { from, to: Some(self.protocol), data: call.abi_encode().into(), value: U256::ZERO };
        C::abi_decode_returns(&self.rpc.call(&message).expect("an answer")).expect("decoded")
    }

    /// Sends a call of the protocol that no command is for.
    pub fn send(&self, who: usize, call: &impl SolCall) {
        send(&self.rpc, self.who[who], Some(self.protocol), &call.abi_encode());
    }

    /// Sends a call of another contract, with ether.
    pub fn pay(&self, to: Address, value: U256, call: &impl SolCall) {
        let data = hex::encode_prefixed(call.abi_encode());
        let call = json!({ "from": self.who[DEPLOYER], "to": to, "value": value, "data": data });
        let hash: Value = self.rpc.ask("eth_sendTransaction", (call,)).expect("sent");
        let receipt: Value = self.rpc.ask("eth_getTransactionReceipt", (hash,)).expect("a receipt");
        assert_eq!(receipt["status"], "0x1", "{receipt}");
    }

    /// What an account has of the collateral.
    pub fn balance(&self, who: usize) -> U256 {
        let data = balanceOfCall { of: self.who[who] }.abi_encode().into();
        let message = Message { to: Some(self.token()), data, ..Message::default() };
        balanceOfCall::abi_decode_returns(&self.rpc.call(&message).expect("an answer")).expect("a balance")
    }

    fn token(&self) -> Address {
        let text = self.text("params.toml");
        let line = text.lines().find_map(|line| line.strip_prefix("collateral = ")).expect("a token");
        line.trim_matches('"').parse().expect("an address")
    }

    /// Changes a file of the test.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).expect("written");
    }

    /// A file of the test.
    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).expect("a file")
    }

    /// A user with collateral in the protocol.
    pub fn fund(&self, who: usize, amount: u64) {
        let (from, amount) = (self.who[who], U256::from(amount));
        let token = self.token();
        send(&self.rpc, from, Some(token), &mintCall { to: from, amount }.abi_encode());
        send(&self.rpc, from, Some(token), &approveCall { spender: self.protocol, amount: U256::MAX }.abi_encode());
        send(&self.rpc, from, Some(self.protocol), &depositCall { amount }.abi_encode());
    }
}
