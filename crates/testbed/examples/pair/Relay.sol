// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// Counts, calls on, and passes on what comes back: one half of a pair, the other being `forward.wat`.
contract Relay {
    error Refused(uint256 count);
    event Relayed(address indexed to, uint256 count);

    uint256 public count;

    /// Counts, logs, calls `to` and returns what it returned; a revert is passed on as it came.
    function relay(address to, bytes calldata data) external payable returns (bytes memory) {
        count += 1;
        emit Relayed(to, count);
        (bool success, bytes memory output) = to.call{value: msg.value}(data);
        if (!success) {
            assembly {
                revert(add(output, 32), mload(output))
            }
        }
        return output;
    }

    /// As `relay`, but a callee that reverts is let be.
    function attempt(address to, bytes calldata data) external returns (bool success, bytes memory output) {
        count += 1;
        (success, output) = to.call(data);
    }

    /// Calls `to` read-only.
    function look(address to, bytes calldata data) external view returns (bool success, bytes memory output) {
        (success, output) = to.staticcall(data);
    }

    /// Runs the code of `to` on this contract's storage.
    function lend(address to, bytes calldata data) external returns (bytes memory) {
        (bool success, bytes memory output) = to.delegatecall(data);
        require(success, "lent code failed");
        return output;
    }

    /// Counts and reverts.
    function refuse() external payable {
        count += 1;
        revert Refused(count);
    }

    /// Writes a slot of transient storage.
    function mark(uint256 value) external {
        assembly {
            tstore(0, value)
        }
    }

    /// Reads it.
    function marked() external view returns (uint256 value) {
        assembly {
            value := tload(0)
        }
    }

    /// Deploys code with CREATE2.
    function make(bytes calldata code, bytes32 salt) external payable returns (address made) {
        bytes memory copy = code;
        assembly {
            made := create2(callvalue(), add(copy, 32), mload(copy), salt)
            if iszero(made) { revert(0, 0) }
        }
    }

    receive() external payable {}
}
