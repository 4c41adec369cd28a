//! ArbWasm: activation, times and figures of programs.

use alloy_primitives::{keccak256, Address, Bytes, B256, U256};
use alloy_sol_types::{sol, SolInterface};

use super::record::seconds;
use super::source::NoModule;
use super::{addresses::ARB_WASM, number, words, Answer, Record, Session, Status, Stop, READ, WRITE};
use crate::activation::{activate, check_wasm_len, init_gas, Activated};
use crate::engine::compile;
use crate::pricing::{BLOCK_CACHE, COLD_ACCOUNT, INK_PRICE, MAX_STACK_WORDS, PAGE_LIMIT, WARM};

sol! {
    interface ArbWasm {
        event ProgramActivated(
            bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version
        );
        event ProgramLifetimeExtended(bytes32 indexed codehash, uint256 dataFee);

        error ProgramNotWasm();
        error ProgramNotActivated();
        error ProgramNeedsUpgrade(uint16 version, uint16 stylusVersion);
        error ProgramExpired(uint64 ageInSeconds);
        error ProgramUpToDate();
        error ProgramKeepaliveTooSoon(uint64 ageInSeconds);
        error ProgramInsufficientValue(uint256 have, uint256 want);

        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
        function codehashKeepalive(bytes32 codehash) external payable;
        function stylusVersion() external view returns (uint16 version);
        function codehashVersion(bytes32 codehash) external view returns (uint16 version);
        function programVersion(address program) external view returns (uint16 version);
        function codehashAsmSize(bytes32 codehash) external view returns (uint32 size);
        function programInitGas(address program) external view returns (uint64 gas, uint64 gasWhenCached);
        function programMemoryFootprint(address program) external view returns (uint16 footprint);
        function programTimeLeft(address program) external view returns (uint64 secs);
        function inkPrice() external view returns (uint32 price);
        function maxStackDepth() external view returns (uint32 depth);
        function freePages() external view returns (uint16 pages);
        function pageGas() external view returns (uint16 gas);
        function pageRamp() external view returns (uint64 ramp);
        function pageLimit() external view returns (uint16 limit);
        function minInitGas() external view returns (uint64 gas, uint64 cached);
        function initCostScalar() external view returns (uint64 percent);
        function expiryDays() external view returns (uint16 num);
        function keepaliveDays() external view returns (uint16 num);
        function blockCacheSize() external view returns (uint16 count);
        function activationGas() external view returns (uint64 gas);
    }
}

/// What a chain answers for the ramp of the page price.
const PAGE_RAMP: u64 = 620_674_314;

use ArbWasm::ArbWasmCalls as Calls;

pub(super) fn arb_wasm(session: &mut Session<'_>) -> Answer {
    let call = Calls::abi_decode(&session.call.input).map_err(|_| Stop::plain())?;
    match call {
        Calls::activateProgram(call) => return session.activate_program(call.program),
        Calls::codehashKeepalive(call) => return session.keep_alive(call.codehash),
        _ => session.nonpayable()?,
    }
    session.burn(WARM)?; // the parameters of Stylus
    match call {
        Calls::stylusVersion(_) => number(session.exec.rules().stylus_version),
        Calls::inkPrice(_) => number(INK_PRICE),
        Calls::maxStackDepth(_) => number(MAX_STACK_WORDS),
        Calls::freePages(_) => number(2_u16),
        Calls::pageGas(_) => number(1_000_u16),
        Calls::pageRamp(_) => number(PAGE_RAMP),
        Calls::pageLimit(_) => number(PAGE_LIMIT),
        Calls::minInitGas(_) => words([init_gas(0).0, init_gas(0).1].map(U256::from)),
        Calls::initCostScalar(_) => number(100_u16),
        Calls::expiryDays(_) => number(session.arbos.expiry_days),
        Calls::keepaliveDays(_) => number(session.arbos.keepalive_days),
        Calls::blockCacheSize(_) => number(BLOCK_CACHE),
        Calls::activationGas(_) => number(session.arbos.activation_gas),
        call => session.of_program(call),
    }
}

impl Session<'_> {
    /// Questions about one program, which has to be active.
    fn of_program(&mut self, call: Calls) -> Answer {
        match call {
            Calls::codehashVersion(call) => number(self.active(call.codehash)?.version),
            Calls::codehashAsmSize(call) => number(self.active(call.codehash)?.asm_size()),
            Calls::programVersion(call) => number(self.active_at(call.program)?.version),
            Calls::programMemoryFootprint(call) => number(self.active_at(call.program)?.footprint),
            Calls::programInitGas(call) => {
                let record = self.active_at(call.program)?;
                let (init, cached) = (init_gas(record.init_cost).0, init_gas(record.cached_init_cost).1);
                words([init + cached, cached].map(U256::from))
            }
            Calls::programTimeLeft(call) => {
                let age = self.active_at(call.program)?.age(self.time());
                number(seconds(self.arbos.expiry_days).saturating_sub(age))
            }
            _ => Err(Stop::plain()),
        }
    }

    pub(super) fn hash_at(&mut self, program: Address) -> Result<B256, Stop> {
        self.burn(COLD_ACCOUNT)?;
        Ok(self.exec.code_hash(program).0)
    }

    fn active_at(&mut self, program: Address) -> Result<Record, Stop> {
        let code_hash = self.hash_at(program)?;
        self.active(code_hash)
    }

    fn active(&mut self, code_hash: B256) -> Result<Record, Stop> {
        self.burn(READ)?;
        let record = self.exec.record(code_hash);
        match record.status(self.time(), self.exec.rules().stylus_version, self.arbos) {
            Status::Active => Ok(record),
            status => Err(refusal(status)),
        }
    }

    fn activate_program(&mut self, program: Address) -> Answer {
        self.burn(Activated::FIXED_GAS)?;
        self.writes()?;
        self.burn(self.arbos.activation_gas)?;
        let code_hash = self.hash_at(program)?;
        let (time, version) = (self.time(), self.exec.rules().stylus_version);
        self.burn(READ + WARM)?;
        let known = self.exec.record(code_hash);
        if known.status(time, version, self.arbos) == Status::Active {
            return Err(Stop::error(&ArbWasm::ProgramUpToDate {}));
        }
        let (wasm, figures) = self.checked(program)?;
        self.burn(figures.activation_compute_gas())?;
        compile(&wasm).map_err(|error| failed(error.to_string()))?;
        let module = keccak256(&wasm);
        let record = Record::new(&figures, version, time, known.cached);
        self.burn(2 * WRITE)?; // the record and the hash of the module
        self.exec.set_record(code_hash, &record);
        self.exec.set_module_hash(code_hash, module);
        let fee = self.exec.data_fee(figures.asm_estimate, time);
        self.take_fee(fee)?;
        self.log(&ArbWasm::ProgramActivated {
            codehash: code_hash,
            moduleHash: module,
            program,
            dataFee: fee,
            version,
        })?;
        words([U256::from(version), fee])
    }

    /// The module at an address with its figures, where a chain accepts it.
    fn checked(&mut self, program: Address) -> Result<(Vec<u8>, Activated), Stop> {
        let wasm = self.exec.wasm_at(program).map_err(|error| match error {
            NoModule::NotWasm => Stop::error(&ArbWasm::ProgramNotWasm {}),
            error => failed(error.to_string()),
        })?;
        let mut rules = self.exec.rules();
        rules.page_limit = rules.page_limit.saturating_sub(self.exec.pages_open());
        check_wasm_len(&wasm, &rules)
            .and_then(|()| activate(&wasm, &rules))
            .map(|figures| (wasm, figures))
            .map_err(|refusal| failed(refusal.to_string()))
    }

    fn keep_alive(&mut self, code_hash: B256) -> Answer {
        self.writes()?;
        self.burn(WARM)?;
        let mut record = self.active(code_hash)?;
        let age = record.age(self.time());
        if age < seconds(self.arbos.keepalive_days) {
            return Err(Stop::error(&ArbWasm::ProgramKeepaliveTooSoon { ageInSeconds: age }));
        }
        let fee = self.exec.data_fee(record.asm_size(), self.time());
        record.keep_alive(self.time());
        self.burn(WRITE)?;
        self.exec.set_record(code_hash, &record);
        self.take_fee(fee)?;
        self.log(&ArbWasm::ProgramLifetimeExtended { codehash: code_hash, dataFee: fee })?;
        Ok(Bytes::new())
    }

    /// Takes the data fee out of what was sent and gives the rest back.
    fn take_fee(&mut self, fee: U256) -> Result<(), Stop> {
        let have = self.call.value;
        let Some(rest) = have.checked_sub(fee) else {
            return Err(Stop::error(&ArbWasm::ProgramInsufficientValue { have, want: fee }));
        };
        let (treasury, payer) = (self.arbos.network_fee_account, self.call.caller);
        if !self.exec.move_balance(ARB_WASM, treasury, fee) || !self.exec.move_balance(ARB_WASM, payer, rest) {
            return Err(failed("the fee cannot be moved".to_string()));
        }
        Ok(())
    }
}

fn failed(why: String) -> Stop {
    Stop::Failed(format!("program activation failed: {why}"))
}

/// A status other than active as the revert that it is.
pub(super) fn refusal(status: Status) -> Stop {
    match status {
        Status::NeedsUpgrade { version, current } => {
            Stop::error(&ArbWasm::ProgramNeedsUpgrade { version, stylusVersion: current })
        }
        Status::Expired { age } => Stop::error(&ArbWasm::ProgramExpired { ageInSeconds: age }),
        Status::NotActivated | Status::Active => Stop::error(&ArbWasm::ProgramNotActivated {}),
    }
}
