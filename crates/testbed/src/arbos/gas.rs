//! ArbGasInfo: prices. Nothing is charged for the first layer, and demand does not move the base fee.

use alloy_primitives::U256;
use alloy_sol_types::{sol, SolInterface};

use super::{number, words, Answer, Session, Stop, READ, WRITE};

sol! {
    interface ArbGasInfo {
        function getPricesInWeiWithAggregator(address aggregator)
            external view returns (uint256, uint256, uint256, uint256, uint256, uint256);
        function getPricesInWei() external view returns (uint256, uint256, uint256, uint256, uint256, uint256);
        function getPricesInArbGasWithAggregator(address aggregator) external view returns (uint256, uint256, uint256);
        function getPricesInArbGas() external view returns (uint256, uint256, uint256);
        function getGasAccountingParams() external view returns (uint256, uint256, uint256);
        function getMinimumGasPrice() external view returns (uint256);
        function getL1BaseFeeEstimate() external view returns (uint256);
        function getL1GasPriceEstimate() external view returns (uint256);
        function getL1BaseFeeEstimateInertia() external view returns (uint64);
        function getCurrentTxL1GasFees() external view returns (uint256);
        function getGasBacklog() external view returns (uint64);
        function getPricingInertia() external view returns (uint64);
        function getGasBacklogTolerance() external view returns (uint64);
    }
}

use ArbGasInfo::ArbGasInfoCalls as Calls;

/// Gas a second that the chain is meant to bear, and the most of a block and of a transaction.
const ACCOUNTING: [u64; 3] = [7_000_000, 32_000_000, 32_000_000];

pub(super) fn arb_gas_info(session: &mut Session<'_>) -> Answer {
    session.nonpayable()?;
    session.burn(READ)?;
    let (base, least) = (session.exec.block().basefee, session.arbos.min_gas_price);
    match Calls::abi_decode(&session.call.input).map_err(|_| Stop::plain())? {
        Calls::getPricesInWei(_) | Calls::getPricesInWeiWithAggregator(_) => {
            let least = least.min(base);
            words([0, 0, base.saturating_mul(WRITE), least, base - least, base].map(U256::from))
        }
        Calls::getPricesInArbGas(_) | Calls::getPricesInArbGasWithAggregator(_) => words([0, 0, WRITE].map(U256::from)),
        Calls::getGasAccountingParams(_) => words(ACCOUNTING.map(U256::from)),
        Calls::getMinimumGasPrice(_) => number(least),
        Calls::getL1BaseFeeEstimate(_) | Calls::getL1GasPriceEstimate(_) => number(session.arbos.l1_base_fee),
        Calls::getL1BaseFeeEstimateInertia(_) => number(10_u64),
        Calls::getCurrentTxL1GasFees(_) | Calls::getGasBacklog(_) => number(0_u64),
        Calls::getPricingInertia(_) => number(102_u64),
        Calls::getGasBacklogTolerance(_) => number(10_u64),
    }
}
