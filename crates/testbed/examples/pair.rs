//! A Solidity contract and a Stylus program that call each other: `cargo run -p fusebox-testbed --example pair`.
//!
//! `pair/Relay.hex` is `pair/Relay.sol` by solc 0.8.37 with the optimizer at 200 runs, for cancun, without metadata.

use alloy_primitives::{address, hex, Address, Bytes, U256};
use alloy_sol_types::{sol, SolCall};
use fusebox_testbed::{wat2wasm, Chain, Tx};

sol! {
    interface Relay {
        error Refused(uint256 count);
        event Relayed(address indexed to, uint256 count);
        function count() external view returns (uint256);
        function relay(address to, bytes data) external payable returns (bytes);
        function refuse() external;
    }
}

/// The input that makes the program count and call `to`.
fn forward(to: Address, data: &[u8]) -> Vec<u8> {
    [&[1], to.as_slice(), data].concat()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let user = address!("f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    let mut chain = Chain::new();
    chain.fund(user, U256::ONE << 64);
    let contract = chain.deploy_evm(user, &hex::decode(include_str!("pair/Relay.hex").trim())?)?;
    let program = chain.deploy_wasm(user, &wat2wasm(include_bytes!("pair/forward.wat"))?)?;

    // user -> contract -> program -> contract: the contract is entered again while it waits for the program.
    let inner = Relay::relayCall { to: user, data: Bytes::new() }.abi_encode();
    let outer = Relay::relayCall { to: program, data: forward(contract, &inner).into() };
    let outcome = chain.send(Tx::new(user, contract, outer.abi_encode()));
    println!("{} for {} gas", outcome.outcome, outcome.gas_used);
    for call in &outcome.calls {
        println!("{:>4$} depth {}: {} gas to {}", call.kind.name(), call.depth, call.gas_used, call.to, 14);
    }
    for event in outcome.logs.iter().filter_map(|log| log.decode::<Relay::Relayed>()) {
        println!("relayed to {} as number {}", event.to, event.count);
    }
    println!("the contract counts {}", chain.query(user, contract, &Relay::countCall {})?);
    println!("the program counts {}", chain.storage(program, U256::ZERO));

    // The same way down, but the innermost frame reverts: neither side keeps what it did.
    let inner = Relay::refuseCall {}.abi_encode();
    let outer = Relay::relayCall { to: program, data: forward(contract, &inner).into() };
    let revert = chain.call(user, contract, &outer).err().ok_or("it should have reverted")?;
    println!("{:?}", revert.decode::<Relay::Refused>().map(|error| error.count));
    println!("the contract counts {}", chain.query(user, contract, &Relay::countCall {})?);
    println!("the program counts {}", chain.storage(program, U256::ZERO));
    Ok(())
}
