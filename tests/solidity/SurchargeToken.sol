// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token that burns a share of every transfer on top of it: the sender loses more than was asked for.
contract SurchargeToken is ERC20 {
    uint8 private immutable unit;
    uint256 public feeBps;

    constructor(uint8 decimals_) ERC20("Surcharge on transfer", "TOP") {
        unit = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return unit;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setFee(uint256 feeBps_) external {
        feeBps = feeBps_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        uint256 fee = from == address(0) || to == address(0) ? 0 : amount * feeBps / 10_000;
        if (fee != 0) super._update(from, address(0), fee);
    }
}
