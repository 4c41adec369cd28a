//! What the contract refuses beyond the module's errors, and the one question it asks of a panel.

use alloc::vec::Vec;
use alloy_primitives::U256;
use alloy_sol_types::{sol, SolError};
use fusebox_core::host::revert;
use fusebox_fund::types::MAX_AMOUNT;

sol! {
    function initialise(uint256[] words) external;
    function check(uint32 market, uint8 class) external view returns (uint8 tier);

    error AmountTooLarge(uint256 value, uint256 max);
    error DecimalsOutOfBounds(uint256 decimals, uint256 max);
    error ZeroAddress(uint256 argument);
    error TooFewWords(uint256 words, uint256 min);
    error TooManyDomains(uint256 words, uint256 max);
    error OddDomains(uint256 words, uint256 domains);
    error UnknownDomain(uint256 domain, uint256 count);
    error NotDrawer(address who, uint256 domain);
    error NotOwner(address who, address owner);
    error AboveClaim(uint256 open, uint256 claim);
    error UnknownExposure(uint256 kind, uint256 max);
    error Stopped(uint32 scope, uint8 class, uint8 sources, uint64 until);
    error PanelGas(uint256 left, uint256 needed);
    error AlreadyInitialised(address asset);
    error DeskWithoutCode(address desk);
    error PanelWithoutCode(address panel);
}

/// An amount or a number of shares that the module can count.
pub fn amount(value: U256) -> Result<u128, Vec<u8>> {
    u128::try_from(value).map_err(|_| revert(AmountTooLarge::SELECTOR, [value, U256::from(MAX_AMOUNT)]))
}
