//! The real WASM through its ABI: see the test files beside this one.
