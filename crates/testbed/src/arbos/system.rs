//! ArbSys, ArbInfo and ArbOwnerPublic: the block, accounts and what the owners have set.

use alloy_primitives::{address, Address, Bytes, B256, U256};
use alloy_sol_types::{sol, SolInterface, SolValue};

use super::{account, boolean, copy_gas, number, words, Answer, Session, Stop, READ};
use crate::pricing::COLD_SLOT;

sol! {
    interface ArbSys {
        error InvalidBlockNumber(uint256 requested, uint256 current);

        function arbBlockNumber() external view returns (uint256);
        function arbBlockHash(uint256 arbBlockNum) external view returns (bytes32);
        function arbChainID() external view returns (uint256);
        function arbOSVersion() external view returns (uint256);
        function getStorageGasAvailable() external view returns (uint256);
        function isTopLevelCall() external view returns (bool);
        function mapL1SenderContractAddressToL2Alias(address sender, address unused) external pure returns (address);
        function wasMyCallersAddressAliased() external view returns (bool);
    }

    interface ArbInfo {
        function getBalance(address account) external view returns (uint256);
        function getCode(address account) external view returns (bytes memory);
    }

    interface ArbOwnerPublic {
        function isChainOwner(address addr) external view returns (bool);
        function getAllChainOwners() external view returns (address[] memory);
        function getNetworkFeeAccount() external view returns (address);
        function getInfraFeeAccount() external view returns (address);
        function getBrotliCompressionLevel() external view returns (uint64);
        function getScheduledUpgrade() external view returns (uint64 arbosVersion, uint64 scheduledForTimestamp);
        function isCalldataPriceIncreaseEnabled() external view returns (bool);
        function getMaxStylusContractFragments() external view returns (uint8);
    }
}

/// What is added to the version of ArbOS where it is asked for, as it always was.
const VERSION_OFFSET: u64 = 55;
/// Blocks whose hash can be asked for.
const HASHES: u64 = 256;
/// What is added to the address of a contract of the first layer that sends a message.
const ALIAS: Address = address!("1111000000000000000000000000000000001111");
/// Gas of a balance.
const BALANCE: u64 = 700;

pub(super) fn arb_sys(session: &mut Session<'_>) -> Answer {
    use ArbSys::ArbSysCalls as Calls;
    session.nonpayable()?;
    match Calls::abi_decode(&session.call.input).map_err(|_| Stop::plain())? {
        Calls::arbBlockNumber(_) => number(session.arbos.block_number),
        Calls::arbBlockHash(call) => session.block_hash(call.arbBlockNum),
        Calls::arbChainID(_) => number(session.exec.chain_id()),
        Calls::arbOSVersion(_) => number(VERSION_OFFSET + session.exec.rules().arbos),
        Calls::getStorageGasAvailable(_) => number(0_u64),
        Calls::isTopLevelCall(_) => boolean(session.exec.depth() <= 2),
        Calls::mapL1SenderContractAddressToL2Alias(call) => account(aliased(call.sender)),
        Calls::wasMyCallersAddressAliased(_) => boolean(false),
    }
}

pub(super) fn arb_info(session: &mut Session<'_>) -> Answer {
    use ArbInfo::ArbInfoCalls as Calls;
    session.nonpayable()?;
    match Calls::abi_decode(&session.call.input).map_err(|_| Stop::plain())? {
        Calls::getBalance(call) => {
            session.burn(BALANCE)?;
            words([session.exec.balance(call.account).0])
        }
        Calls::getCode(call) => {
            session.burn(COLD_SLOT)?;
            let code = session.exec.code(call.account).0;
            session.burn(copy_gas(code.len()))?;
            Ok(code.abi_encode().into())
        }
    }
}

pub(super) fn arb_owner_public(session: &mut Session<'_>) -> Answer {
    use ArbOwnerPublic::ArbOwnerPublicCalls as Calls;
    session.nonpayable()?;
    session.burn(READ)?;
    let arbos = session.arbos;
    match Calls::abi_decode(&session.call.input).map_err(|_| Stop::plain())? {
        Calls::isChainOwner(call) => boolean(arbos.chain_owners.contains(&call.addr)),
        Calls::getAllChainOwners(_) => Ok(Bytes::from(arbos.chain_owners.abi_encode())),
        Calls::getNetworkFeeAccount(_) => account(arbos.network_fee_account),
        Calls::getInfraFeeAccount(_) => account(Address::ZERO),
        Calls::getBrotliCompressionLevel(_) => number(1_u64),
        Calls::getScheduledUpgrade(_) => words([U256::ZERO; 2]),
        Calls::isCalldataPriceIncreaseEnabled(_) => boolean(false),
        Calls::getMaxStylusContractFragments(_) => number(arbos.max_fragments),
    }
}

impl Session<'_> {
    fn block_hash(&mut self, requested: U256) -> Answer {
        let current = self.arbos.block_number;
        let known = u64::try_from(requested).ok().filter(|number| *number < current && current - number <= HASHES);
        let Some(number) = known else {
            let current = U256::from(current);
            return Err(Stop::error(&ArbSys::InvalidBlockNumber { requested, current }));
        };
        let hash: B256 = self.exec.arb_block_hash(number);
        Ok(hash.0.to_vec().into())
    }
}

fn aliased(sender: Address) -> Address {
    let word = |address: Address| U256::from_be_bytes(address.into_word().0);
    Address::from_word(word(sender).wrapping_add(word(ALIAS)).into())
}
