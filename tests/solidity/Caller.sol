// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title An account with code: calls what it is told to, in every way there is.
contract Caller {
    receive() external payable {}

    /// Calls with at most `gasLimit` gas (0: all but a 64th) and reports what came back instead of reverting.
    function tryCall(address target, bytes calldata data, uint256 gasLimit)
        external
        payable
        returns (bool ok, bytes memory returned, uint256 gasUsed)
    {
        uint256 before = gasleft();
        (ok, returned) = target.call{value: msg.value, gas: gasLimit == 0 ? before : gasLimit}(data);
        gasUsed = before - gasleft();
    }

    /// Calls and passes a revert on.
    function call(address target, bytes calldata data) external payable returns (bytes memory) {
        (bool ok, bytes memory returned) = target.call{value: msg.value}(data);
        return settle(ok, returned);
    }

    /// Calls one after the other; the first that reverts undoes all of them.
    function batch(address[] calldata targets, bytes[] calldata datas) external returns (bytes[] memory returned) {
        returned = new bytes[](targets.length);
        for (uint256 i; i < targets.length; ++i) {
            (bool ok, bytes memory answer) = targets[i].call(datas[i]);
            returned[i] = settle(ok, answer);
        }
    }

    /// Calls, then reverts whatever came back: nothing of it may remain.
    function callThenRevert(address target, bytes calldata data) external {
        (bool ok,) = target.call(data);
        revert(ok ? "undone" : "failed");
    }

    function staticCall(address target, bytes calldata data) external view returns (bool ok, bytes memory returned) {
        return target.staticcall(data);
    }

    function delegateCall(address target, bytes calldata data) external payable returns (bool ok, bytes memory returned) {
        return target.delegatecall(data);
    }

    function settle(bool ok, bytes memory returned) private pure returns (bytes memory) {
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(returned, 32), mload(returned))
            }
        }
        return returned;
    }
}
