//! How long a call takes: `cargo run -p fusebox-testbed --example calls_a_second`.

use std::time::Instant;

use alloy_primitives::{address, hex, U256};
use fusebox_testbed::{Chain, Tx};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wasm = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/wasm/probe.wasm"))?;
    let from = address!("f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    let mut chain = Chain::new();
    chain.fund(from, U256::ONE << 100);
    let start = Instant::now();
    let program = chain.deploy_wasm(from, &wasm)?;
    println!("deployed in {:?}", start.elapsed());
    for (name, data) in [("nop", hex!("2e9c58bb").to_vec()), ("bump", hex!("68110b2f").to_vec())] {
        let count: u32 = 20_000;
        let start = Instant::now();
        for _ in 0..count {
            assert!(chain.send(Tx::new(from, program, data.clone())).success);
        }
        println!("{name}: {:?} a call", start.elapsed() / count);
    }
    let start = Instant::now();
    for _ in 0..20_000 {
        chain.restore(&chain.snapshot());
    }
    println!("snapshot and restore: {:?}", start.elapsed() / 20_000);
    Ok(())
}
