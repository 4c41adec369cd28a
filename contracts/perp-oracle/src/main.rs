//! Prints the ABI with feature `export-abi`; on a chain there is no main.
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]

#[cfg(feature = "export-abi")]
fn main() {
    perp_oracle::print_from_args();
}
