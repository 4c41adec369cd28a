//! A program in fragments: what is compared is the wasm that they come to.

use crate::ground::{send, wasm, Ground, DEPLOYER, GOVERNANCE, KEEPER, WEEK};
use alloy_primitives::{hex, Address, U256};
use alloy_sol_types::sol;
use fusebox_cli::operator::stylus::{code, creation, ARB_WASM};
use serde_json::{json, Value};

sol! {
    function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
}

const NAME: &str = "perp-view";

/// Fragments of a compressed wasm, as their accounts hold them.
fn fragments(packed: &[u8]) -> Vec<Vec<u8>> {
    packed.chunks(packed.len().div_ceil(2)).map(|part| [&[0xef, 0xf0, 1][..], part].concat()).collect()
}

/// The bytes of a wasm as an account would hold them, without the mark that says they are one program.
fn packed(wasm: &[u8]) -> Vec<u8> {
    code(NAME, wasm).expect("it fits")[4..].to_vec()
}

fn verdict(ground: &Ground) -> (i32, Value) {
    let said = ground.ask(&["verify", "--wasm", &wasm().display().to_string(), "--json"]);
    let all = said.json()["programs"].as_array().expect("programs").clone();
    (said.code, all.into_iter().find(|one| one["program"] == NAME).expect("the program"))
}

#[test]
fn cl_35_a_program_in_fragments_is_verified_to_its_last_byte() {
    let ground = Ground::new();
    let create = |code: &[u8]| send(&ground.rpc, ground.who(DEPLOYER), None, &creation(code)).expect("a contract");
    let built = std::fs::read(wasm().join(format!("{NAME}.wasm"))).expect("a program");
    let parts: Vec<Address> = fragments(&packed(&built)).iter().map(|part| create(part)).collect();
    assert_eq!(parts.len(), 2);
    let length = u32::try_from(built.len()).expect("fits").to_be_bytes();
    let addresses: Vec<u8> = parts.iter().flat_map(|part| part.to_vec()).collect();
    let root = create(&[&[0xef, 0xf0, 2, 0][..], &length, &addresses].concat());

    // Nothing runs there before it is activated, so nobody is let move the protocol to it.
    let upgrade = ["propose", "upgrade", NAME, &root.to_string()];
    let asleep = ground.act(GOVERNANCE, &upgrade);
    assert!(asleep.code == 4 && asleep.err.contains("Activate it first"), "{}", asleep.err);
    let nothing = ground.act(GOVERNANCE, &["propose", "upgrade", NAME, &ground.who(KEEPER).to_string()]);
    assert!(nothing.code == 4 && nothing.err.contains("there is no program at"), "{}", nothing.err);
    ground.pay(ARB_WASM, U256::from(1u64 << 56), &activateProgramCall { program: root });
    ground.done(GOVERNANCE, &upgrade);
    ground.wait(WEEK);
    ground.done(KEEPER, &["execute", "--ready"]);
    let (exit, good) = verdict(&ground);
    assert_eq!((exit, &good["same"], &good["address"]), (0, &json!(true), &json!(root)), "{good}");

    // One byte of the wasm is another, and the length is the same.
    let mut other = built.clone();
    *other.last_mut().expect("a byte") ^= 1;
    for (at, part) in parts.iter().zip(fragments(&packed(&other))) {
        let _: Value = ground.rpc.ask("anvil_setCode", (at, hex::encode_prefixed(part))).expect("set");
    }
    let (exit, bad) = verdict(&ground);
    assert_eq!((exit, &bad["sameCode"]), (4, &json!(false)), "{bad}");

    // A fragment that does not unpack, that is none any more, that is gone.
    for code in ["0xeff001ffff", "0xeff000", "0x"] {
        let _: Value = ground.rpc.ask("anvil_setCode", (parts[1], code)).expect("set");
        let (exit, gone) = verdict(&ground);
        assert_eq!((exit, &gone["onChain"]), (4, &Value::Null), "{gone}");
    }
}
