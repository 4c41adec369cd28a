//! Prints the ABI with feature `export-abi`; on a chain there is no main.
#![cfg_attr(target_arch = "wasm32", no_main)]

#[cfg(all(feature = "export-abi", not(target_arch = "wasm32")))]
fn main() {
    perp_divide::print_from_args();
}

#[cfg(all(not(feature = "export-abi"), not(target_arch = "wasm32")))]
fn main() {
    eprintln!("nothing to run here: cargo run --package perp-divide --features export-abi -- abi");
}
