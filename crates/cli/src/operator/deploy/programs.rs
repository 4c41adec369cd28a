//! Programs onto the chain, and the protocol's constructor; what was done is kept in a file.

use super::plan::Plan;
use crate::operator::{
    fault::{file, Fault, Outcome},
    programs::{further, HOT},
    send::{Act, Session},
    signer::Sender,
    stylus::{self, Life},
    verify,
};
use alloy_primitives::{Address, Bytes, B256, U256};
use alloy_sol_types::{SolCall, SolValue};
use fusebox::bindings::Protocol as entry;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What has been deployed so far.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Record {
    chain_id: u64,
    /// The further programs, by their names.
    pub programs: BTreeMap<String, Address>,
    /// The hot program before its constructor, where the chain has no deployer.
    raw: Option<Address>,
    /// The protocol.
    pub protocol: Option<Address>,
    #[serde(skip)]
    path: PathBuf,
}

impl Record {
    /// The record beside a parameter file, or an empty one.
    ///
    /// Errors: a file that is not right, or of another chain.
    pub fn load(params: &Path, chain_id: u64) -> Outcome<Self> {
        let path = params.with_extension("deployed.json");
        let empty = Self { chain_id, programs: BTreeMap::new(), raw: None, protocol: None, path: path.clone() };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(empty),
            Err(error) => return Err(file(&path, error)),
        };
        let read: Self = serde_json::from_str(&text).map_err(|error| file(&path, error))?;
        if read.chain_id != chain_id {
            return Err(file(&path, format!("it is of chain {}, and this is {chain_id}", read.chain_id)));
        }
        Ok(Self { path, ..read })
    }

    /// Written aside first: an interruption leaves the old record or the new one.
    fn save(&self) -> Outcome {
        let text = serde_json::to_string_pretty(self).map_err(|error| file(&self.path, error))?;
        let aside = self.path.with_extension("tmp");
        std::fs::write(&aside, text + "\n").map_err(|error| file(&aside, error))?;
        std::fs::rename(&aside, &self.path).map_err(|error| file(&self.path, error))
    }
}

/// Deploys and activates what is not there yet, then the protocol itself.
///
/// Errors: a file that is not there; whatever the chain refuses.
pub fn deploy(session: &Session<'_>, plan: &Plan, folder: &Path, record: &mut Record) -> Outcome {
    if !matches!(session.sender, Sender::Key(_)) {
        return Err(Fault::Usage("programs are deployed by an account: give its key. Nothing was sent.".into()));
    }
    for name in further() {
        let wasm = verify::built(folder, name)?;
        let at = match record.programs.get(name) {
            Some(at) if is_there(session, *at, &wasm)? => *at,
            _ => {
                let at = create(session, name, &wasm)?;
                record.programs.insert(name.to_owned(), at);
                record.save()?;
                at
            }
        };
        activate(session, name, at)?;
    }
    let wasm = verify::built(folder, HOT)?;
    let programs: Vec<Address> = further().filter_map(|name| record.programs.get(name).copied()).collect();
    let init = constructor(plan, programs)?;
    let protocol = match session.place.rpc.code(stylus::STYLUS_DEPLOYER)?.is_empty() {
        false => at_once(session, &wasm, init)?,
        true => in_steps(session, &wasm, init, record)?,
    };
    record.protocol = Some(protocol);
    record.save()
}

/// Deploys and activates one program: its address.
///
/// Errors: a file that is not there; whatever the chain refuses.
pub fn one(session: &Session<'_>, name: &str, folder: &Path) -> Outcome<Address> {
    if !matches!(session.sender, Sender::Key(_)) {
        return Err(Fault::Usage("a program is deployed by an account: give its key. Nothing was sent.".into()));
    }
    let at = create(session, name, &verify::built(folder, name)?)?;
    activate(session, name, at)?;
    Ok(at)
}

/// The call of the protocol's constructor.
fn constructor(plan: &Plan, programs: Vec<Address>) -> Outcome<Vec<u8>> {
    let of = &plan.protocol;
    let pause_secs =
        u32::try_from(of.guardian_pause.0).map_err(|_| Fault::Usage("guardian_pause is too long".into()))?;
    let call = entry::initialiseCall {
        collateral: of.collateral,
        governance: of.governance,
        council: of.council,
        pauser: of.guardian,
        pause_secs,
        floor: of.floor.0,
    };
    Ok(stylus::constructor(&(programs, Bytes::from(call.abi_encode())).abi_encode_params()))
}

/// Whether the program that is recorded is the one that was built.
fn is_there(session: &Session<'_>, at: Address, wasm: &[u8]) -> Outcome<bool> {
    let found = stylus::wasm_on_chain(session.place, at)?;
    Ok(verify::compare(found.as_deref(), wasm).is_built())
}

/// Creates a program: its address.
fn create(session: &Session<'_>, name: &str, wasm: &[u8]) -> Outcome<Address> {
    let mut act = Act::data(format!("deploy {name}"), Address::ZERO, stylus::creation(&stylus::code(name, wasm)?));
    act.message.to = None;
    let done = session.perform(&[act])?;
    let at = done.first().and_then(|one| one.receipt.as_ref()?.contract_address);
    let at = at.ok_or_else(|| Fault::Connection(format!("the receipt of {name} names no contract")))?;
    session.place.out.progress(&format!("{name} is at {at}"));
    Ok(at)
}

/// Activates a program that is not active.
fn activate(session: &Session<'_>, name: &str, at: Address) -> Outcome {
    if let Life::Active(_) = stylus::life(session.place, at)? {
        return Ok(());
    }
    let act = stylus::activation(session, name, at)?;
    session.perform(&[act])?;
    Ok(())
}

/// Creates, activates and initialises the hot program in one transaction.
fn at_once(session: &Session<'_>, wasm: &[u8], init: Vec<u8>) -> Outcome<Address> {
    let code = stylus::code(HOT, wasm)?;
    let fee = stylus::activation_fee(session.place, &code)?;
    let done = session.perform(&[stylus::deployment(HOT, &code, init, fee)])?;
    let at = done.first().and_then(|one| stylus::deployed(&one.receipt.as_ref()?.logs));
    let at = at.ok_or_else(|| Fault::Connection("the deployer has told of no contract".into()))?;
    session.place.out.progress(&format!("{HOT} is at {at}: this is the protocol"));
    Ok(at)
}

/// The same in steps, where the chain has no deployer. Whoever calls the constructor first decides what it says: what is
/// read back afterwards shows it, and nothing is built on a protocol that somebody else has initialised.
fn in_steps(session: &Session<'_>, wasm: &[u8], init: Vec<u8>, record: &mut Record) -> Outcome<Address> {
    let at = match record.raw {
        Some(at) if is_there(session, at, wasm)? => at,
        _ => {
            let at = create(session, HOT, wasm)?;
            record.raw = Some(at);
            record.save()?;
            at
        }
    };
    activate(session, HOT, at)?;
    let word = session.place.rpc.storage(at, initialised_slot(), session.place.rpc.latest()?.number)?;
    if word.is_zero() {
        session.perform(&[Act::data("initialise the protocol", at, init)])?;
    }
    Ok(at)
}

/// Where a program keeps that its constructor has run.
fn initialised_slot() -> U256 {
    let hash: B256 = alloy_primitives::keccak256("stylus_constructor");
    U256::from_be_bytes(hash.0)
}
