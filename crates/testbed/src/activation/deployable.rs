//! From what a compiler links to what a chain accepts.

use super::Refusal;
use wasm_encoder::reencode::{Error, Reencode, RoundtripReencoder};
use wasmparser::{Parser, Payload};

/// Writes a module anew: every number in its shortest form, no data count and no custom sections.
///
/// A linker pads the table index of `call_indirect` to five bytes, which a chain refuses; and names, producers and
/// features are bytes that nobody on a chain reads. The result depends on the module alone.
///
/// Errors: [`Refusal::Invalid`] where the bytes are no module.
pub fn deployable(wasm: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut out = wasm_encoder::Module::new();
    let plain = without_dropped_sections(wasm)?;
    RoundtripReencoder.parse_core_module(&mut out, Parser::new(0), &plain).map_err(|error| match error {
        Error::ParseError(error) => Refusal::from(error),
        error => Refusal::Invalid { reason: error.to_string(), offset: 0 },
    })?;
    Ok(out.finish())
}

/// The module with the sections cut out that are not deployed.
fn without_dropped_sections(wasm: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut out = wasm.get(..8).unwrap_or(wasm).to_vec();
    let mut rest = 8;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        let Some((_, range)) = payload.as_section() else {
            continue;
        };
        let head = rest; // the section's id and length lie between the end of the last one and its content
        rest = range.end;
        if !matches!(payload, Payload::CustomSection(_) | Payload::DataCountSection { .. }) {
            out.extend_from_slice(&wasm[head..range.end]);
        }
    }
    Ok(out)
}
