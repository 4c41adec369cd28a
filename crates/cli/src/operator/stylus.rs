//! Programs on an Arbitrum chain: their code, activation, and the precompile that knows how long they live.
//!
//! Source: the precompile's public interface, and the prefixes of program code as go-ethereum's fork reads them.

use super::{
    access::Place,
    explain,
    fault::{Fault, Outcome},
    interface,
    rpc::{Failed, Message},
    send::{Act, Session},
};
use abi::{activateProgramCall, codehashKeepaliveCall, deployCall, programTimeLeftCall, ContractDeployed};
use alloy_primitives::{address, keccak256, Address, Bytes, B256, U256};
use alloy_sol_types::{SolCall, SolEvent};
use std::io::Read;

mod abi {
    #![allow(missing_docs)] // the macro writes items without documentation

    alloy_sol_types::sol! {
        #![sol(all_derives)]

        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
        function codehashKeepalive(bytes32 codehash) external payable;
        function programTimeLeft(address program) external view returns (uint64 secs);

        function deploy(bytes bytecode, bytes initData, uint256 initValue, bytes32 salt) external payable returns (address);
        event ContractDeployed(address deployedContract);
    }
}

/// Where programs are activated.
pub const ARB_WASM: Address = address!("0x0000000000000000000000000000000000000071");
/// The contract that deploys, activates and initialises in one transaction, where a chain has it.
pub const STYLUS_DEPLOYER: Address = address!("0xcEcba2F1DC234f70Dd89F2041029807F8D03A990");
/// The selector of every program's constructor.
const CONSTRUCTOR: [u8; 4] = [0x55, 0x85, 0x25, 0x8d];
/// What a program's code begins with: the mark, and the dictionary of its compression.
const PREFIX: [u8; 4] = [0xef, 0xf0, 0x00, 0x00];
/// What the root of a program in fragments begins with; the length of the wasm and the addresses follow.
const ROOT: [u8; 4] = [0xef, 0xf0, 0x02, 0x00];
/// What a fragment begins with.
const FRAGMENT: [u8; 3] = [0xef, 0xf0, 0x01];
/// The most code of an account.
const MAX_CODE: usize = 24_576;
/// The most bytes of a wasm that is unpacked here.
const MAX_WASM: u64 = 1 << 20;

/// A day, in seconds.
pub const DAY: u64 = 86_400;

/// How a program stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// It answers, for so many seconds yet.
    Active(u64),
    /// It answers nothing until it is activated: why.
    Inactive(String),
    /// There is no program.
    Missing,
}

/// How a program stands now.
///
/// Errors: no answer, or a chain without programs.
pub fn life(place: &Place, program: Address) -> Outcome<Life> {
    let code = place.rpc.code(program)?;
    if !code.starts_with(&PREFIX[..2]) {
        return Ok(Life::Missing);
    }
    let data = programTimeLeftCall { program }.abi_encode().into();
    match place.rpc.call(&Message { to: Some(ARB_WASM), data, ..Message::default() }) {
        Ok(answer) => programTimeLeftCall::abi_decode_returns(&answer).map(Life::Active).map_err(|_| {
            Fault::Connection(format!(
                "the chain at {} has no precompile for programs: is it an Arbitrum chain?",
                place.rpc.shown()
            ))
        }),
        Err(Failed::Reverted(data)) => {
            Ok(Life::Inactive(explain::explain(&data, place.rpc.latest()?.timestamp.to()).sentence))
        }
        Err(Failed::Fault(fault)) => Err(fault),
    }
}

/// Refuses a program that would answer nothing: the chain lets a protocol be moved to one.
///
/// Errors: [`Fault::Verification`] with what to do; no answer.
pub fn has_to_run(place: &Place, program: Address) -> Outcome {
    match life(place, program)? {
        Life::Active(_) => Ok(()),
        Life::Missing => Err(Fault::Verification(format!(
            "there is no program at {program}. Deploy and activate it first: fusebox deploy --program NAME"
        ))),
        Life::Inactive(why) => Err(Fault::Verification(format!(
            "{program} would answer nothing: {why}. Activate it first: cargo stylus activate --address {program}"
        ))),
    }
}

/// The code that a wasm is deployed as.
///
/// Errors: more than one account holds.
pub fn code(name: &str, wasm: &[u8]) -> Outcome<Vec<u8>> {
    let mut out = PREFIX.to_vec();
    let params = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &wasm[..], &mut out, &params)
        .map_err(|error| Fault::Usage(format!("{name} is not compressed: {error}")))?;
    if out.len() > MAX_CODE {
        let text = format!(
            "{name} is {} bytes as deployed, and an account holds {MAX_CODE}: deploy it in fragments with cargo-stylus",
            out.len()
        );
        return Err(Fault::Usage(text));
    }
    Ok(out)
}

/// The creation code of a code: it returns what stands behind its 43 bytes.
pub fn creation(code: &[u8]) -> Vec<u8> {
    let mut out = vec![0x7f]; // PUSH32 length
    out.extend(U256::from(code.len()).to_be_bytes::<32>());
    // DUP1, PUSH1 43, PUSH1 0, CODECOPY, PUSH1 0, RETURN, and a byte that makes the prelude 43 long.
    out.extend([0x80, 0x60, 0x2b, 0x60, 0x00, 0x39, 0x60, 0x00, 0xf3, 0x00]);
    out.extend(code);
    out
}

/// The wasm of a program on the chain; nothing where there is no program.
///
/// Errors: no answer from the node.
pub fn wasm_on_chain(place: &Place, program: Address) -> Outcome<Option<Vec<u8>>> {
    let code = place.rpc.code(program)?;
    let packed = if let Some(rest) = code.strip_prefix(&ROOT) {
        let mut packed = Vec::new();
        for fragment in rest.get(4..).unwrap_or_default().chunks_exact(20) {
            let part = place.rpc.code(Address::from_slice(fragment))?;
            let Some(part) = part.strip_prefix(&FRAGMENT) else { return Ok(None) };
            packed.extend_from_slice(part);
        }
        packed
    } else {
        let Some(rest) = code.strip_prefix(&PREFIX) else { return Ok(None) };
        rest.to_vec()
    };
    let mut wasm = Vec::new();
    let unpacked = brotli::Decompressor::new(&packed[..], 4_096).take(MAX_WASM).read_to_end(&mut wasm);
    // What does not unpack is activated by no chain.
    Ok(unpacked.is_ok().then_some(wasm))
}

/// The fee that a call of the precompile asks for, a fifth more: what is too much comes back.
fn fee(place: &Place, from: Address, data: &Bytes) -> Outcome<U256> {
    let message = Message { from, to: Some(ARB_WASM), data: data.clone(), value: U256::ZERO };
    match place.rpc.call(&message) {
        Ok(_) => Ok(U256::ZERO),
        Err(Failed::Reverted(reason)) => {
            let error = interface::decode_error(&reason);
            let want = error
                .as_ref()
                .filter(|error| error.name == "ProgramInsufficientValue")
                .and_then(|error| error.get("want"));
            match want.and_then(|want| want.as_uint()) {
                Some((want, _)) => Ok(want.saturating_add(want / U256::from(5))),
                None => {
                    let now = place.rpc.latest()?.timestamp.to();
                    Err(Fault::Refused(format!("refused: {}", explain::explain(&reason, now).show())))
                }
            }
        }
        Err(Failed::Fault(fault)) => Err(fault),
    }
}

/// What the activation of a code that is not on the chain yet will cost, a fifth more; 0 for one that is active already.
///
/// Errors: the chain would refuse the code.
pub fn activation_fee(place: &Place, code: &[u8]) -> Outcome<U256> {
    // An address that nobody has: the code is there for the length of one call.
    let program = Address::from_word(keccak256(code));
    let from = Address::from_word(keccak256("fusebox"));
    let message = Message {
        from,
        to: Some(ARB_WASM),
        data: activateProgramCall { program }.abi_encode().into(),
        value: U256::from(1_000_000_000_000_000_000u64),
    };
    match place.rpc.call_with_code(&message, &[(program, code.to_vec().into())]) {
        Ok(answer) => {
            let fee = activateProgramCall::abi_decode_returns(&answer).map(|answer| answer.dataFee).unwrap_or_default();
            Ok(fee.saturating_add(fee / U256::from(5)))
        }
        Err(Failed::Reverted(reason)) => match interface::decode_error(&reason) {
            Some(error) if error.name == "ProgramUpToDate" => Ok(U256::ZERO),
            _ => {
                let now = place.rpc.latest()?.timestamp.to();
                Err(Fault::Refused(format!(
                    "the chain would not activate it: {}",
                    explain::explain(&reason, now).show()
                )))
            }
        },
        Err(Failed::Fault(fault)) => Err(fault),
    }
}

/// The act that activates a program.
///
/// Errors: the chain would refuse.
pub fn activation(session: &Session<'_>, name: &str, program: Address) -> Outcome<Act> {
    let data: Bytes = activateProgramCall { program }.abi_encode().into();
    let value = fee(session.place, session.from(), &data)?;
    let mut act = Act::data(format!("activate {name}"), ARB_WASM, data);
    act.message.value = value;
    Ok(act)
}

/// The act that lets a program live for another year.
///
/// Errors: the chain would refuse.
pub fn keepalive(session: &Session<'_>, name: &str, program: Address) -> Outcome<Act> {
    let codehash = keccak256(session.place.rpc.code(program)?);
    let data: Bytes = codehashKeepaliveCall { codehash }.abi_encode().into();
    let value = fee(session.place, session.from(), &data)?;
    let mut act = Act::data(format!("keep {name} alive"), ARB_WASM, data);
    act.message.value = value;
    Ok(act)
}

/// The call of a constructor with its encoded arguments.
pub fn constructor(arguments: &[u8]) -> Vec<u8> {
    [&CONSTRUCTOR, arguments].concat()
}

/// The act that has the deployer create, activate and initialise in one transaction, so that nobody comes between.
pub fn deployment(name: &str, code: &[u8], init: Vec<u8>, fee: U256) -> Act {
    let call =
        deployCall { bytecode: creation(code).into(), initData: init.into(), initValue: U256::ZERO, salt: B256::ZERO };
    let mut act = Act::call(format!("deploy and initialise {name}"), STYLUS_DEPLOYER, &call);
    act.message.value = fee;
    act
}

/// The address that the deployer has told of.
pub fn deployed(logs: &[super::rpc::Log]) -> Option<Address> {
    logs.iter().filter(|log| log.address == STYLUS_DEPLOYER).find_map(|log| {
        let event = ContractDeployed::decode_raw_log(log.topics.iter().copied(), &log.data).ok()?;
        Some(event.deployedContract)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_unpacks_to_the_wasm_that_it_is_of() {
        let wasm = b"\0asm\x01\0\0\0".repeat(40);
        let code = code("a program", &wasm).expect("it fits");
        let mut back = Vec::new();
        brotli::Decompressor::new(&code[4..], 4_096).read_to_end(&mut back).expect("it unpacks");
        assert_eq!((back, &code[..4]), (wasm, &PREFIX[..]));
        assert_eq!(creation(&code).len(), code.len() + 43);
    }
}
