// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token that calls out while it moves (as ERC-777 did), can be paused, and can burn the gas it is given.
/// @dev Balances are updated before the call, so a caller that measures its balance after the transfer sees the truth.
contract HookToken is ERC20 {
    error Paused();

    uint8 private immutable unit;
    bool public paused;
    bool public burnsGas;
    address public target;
    bytes public payload;
    bool public onTransfer;
    bool public onTransferFrom;
    /// What the last call out came back with: whether it happened at all, whether it succeeded, its data.
    uint256 public calls;
    bool public lastOk;
    bytes public lastData;
    bool private entered;

    constructor(uint8 decimals_) ERC20("Hook", "HOOK") {
        unit = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return unit;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setPaused(bool paused_) external {
        paused = paused_;
    }

    function setBurnsGas(bool burnsGas_) external {
        burnsGas = burnsGas_;
    }

    function arm(address target_, bytes calldata payload_, bool onTransfer_, bool onTransferFrom_) external {
        (target, payload, onTransfer, onTransferFrom) = (target_, payload_, onTransfer_, onTransferFrom_);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        bool moved = super.transfer(to, amount);
        if (onTransfer) callOut();
        return moved;
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        bool moved = super.transferFrom(from, to, amount);
        if (onTransferFrom) callOut();
        return moved;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (paused) revert Paused();
        if (burnsGas) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        super._update(from, to, amount);
    }

    function callOut() private {
        if (entered) return;
        entered = true;
        calls += 1;
        (lastOk, lastData) = target.call(payload);
        entered = false;
    }
}
