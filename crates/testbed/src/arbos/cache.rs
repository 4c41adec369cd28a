//! ArbWasmCache: which programs are charged as cached.

use alloy_primitives::{Address, Bytes, B256};
use alloy_sol_types::{sol, SolInterface, SolValue};

use super::wasm::refusal;
use super::{boolean, Answer, Session, Status, Stop, READ, WRITE};
use crate::activation::init_gas;
use crate::pricing::WARM;

sol! {
    interface ArbWasmCache {
        event UpdateProgramCache(address indexed manager, bytes32 indexed codehash, bool cached);

        function isCacheManager(address manager) external view returns (bool);
        function allCacheManagers() external view returns (address[] memory managers);
        function cacheCodehash(bytes32 codehash) external;
        function cacheProgram(address addr) external;
        function evictCodehash(bytes32 codehash) external;
        function codehashIsCached(bytes32 codehash) external view returns (bool);
    }
}

use ArbWasmCache::ArbWasmCacheCalls as Calls;

pub(super) fn arb_wasm_cache(session: &mut Session<'_>) -> Answer {
    session.nonpayable()?;
    match Calls::abi_decode(&session.call.input).map_err(|_| Stop::plain())? {
        Calls::isCacheManager(call) => {
            session.burn(READ)?;
            boolean(session.arbos.cache_managers.contains(&call.manager))
        }
        Calls::allCacheManagers(_) => {
            let managers: Vec<Address> = session.arbos.cache_managers.clone();
            session.burn(READ * (1 + managers.len() as u64))?;
            Ok(managers.abi_encode().into())
        }
        Calls::codehashIsCached(call) => {
            session.burn(READ)?;
            boolean(session.exec.record(call.codehash).cached)
        }
        Calls::cacheCodehash(call) => session.set_cached(call.codehash, true),
        Calls::evictCodehash(call) => session.set_cached(call.codehash, false),
        Calls::cacheProgram(call) => {
            let code_hash = session.hash_at(call.addr)?;
            session.set_cached(code_hash, true)
        }
    }
}

impl Session<'_> {
    /// Errors as on the chain: who may not do it loses all gas.
    fn set_cached(&mut self, code_hash: B256, cached: bool) -> Answer {
        self.writes()?;
        self.burn(READ)?;
        if !self.arbos.may_cache(self.call.caller) {
            return Err(Stop::OutOfGas);
        }
        self.burn(READ + WARM)?;
        let mut record = self.exec.record(code_hash);
        let status = record.status(self.time(), self.exec.rules().stylus_version, self.arbos);
        if cached && status != Status::Active {
            return Err(match status {
                Status::NotActivated => {
                    refusal(Status::NeedsUpgrade { version: 0, current: self.exec.rules().stylus_version })
                }
                status => refusal(status),
            });
        }
        if record.cached == cached {
            return Ok(Bytes::new());
        }
        self.log(&ArbWasmCache::UpdateProgramCache { manager: self.call.caller, codehash: code_hash, cached })?;
        if cached {
            self.burn(init_gas(record.init_cost).0)?; // it is loaded, which somebody has to pay for
        }
        record.cached = cached;
        self.burn(WRITE)?;
        self.exec.set_record(code_hash, &record);
        Ok(Bytes::new())
    }
}
