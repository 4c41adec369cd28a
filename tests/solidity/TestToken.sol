// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title OpenZeppelin's ERC-20 with decimals of one's own, minted by anybody.
contract TestToken is ERC20 {
    uint8 private immutable unit;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) ERC20(name_, symbol_) {
        unit = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return unit;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
