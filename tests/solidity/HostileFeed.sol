// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title A feed that does to whoever reads it what a feed should not do.
/// @dev Every selector but its own answers in the same way, so that it can stand for any kind of feed.
contract HostileFeed {
    enum Mode {
        Reply, // returns `reply`, byte for byte: an honest answer, a short one, a stale or negative one
        Revert, // reverts with nothing
        RevertHuge, // reverts with `size` bytes
        Burn, // burns all gas at once
        Loop, // burns all gas step by step
        Huge, // returns `reply` followed by zeros, `size` bytes together
        Reenter, // calls `target` with `payload`; returns `reply` if that succeeded, reverts with its data if not
        Hungry // returns `reply` if it was called with at least `size` gas, otherwise runs out of gas
    }

    Mode public mode;
    uint256 public size;
    address public target;
    bytes public payload;
    bytes public reply;

    function set(Mode mode_, uint256 size_) external {
        (mode, size) = (mode_, size_);
    }

    function setReply(bytes calldata reply_) external {
        reply = reply_;
    }

    /// The reply of an aggregator.
    function setRound(uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) external {
        reply = abi.encode(round, answer, startedAt, updatedAt, answeredIn);
    }

    function setTarget(address target_, bytes calldata payload_) external {
        (target, payload) = (target_, payload_);
    }

    function decimals() external pure returns (uint8) {
        return 8;
    }

    fallback() external {
        uint256 given = gasleft();
        Mode what = mode;
        if (what == Mode.Revert) revert();
        if (what == Mode.RevertHuge) {
            uint256 length = size;
            assembly {
                revert(0, length)
            }
        }
        if (what == Mode.Burn || (what == Mode.Hungry && given < size)) {
            assembly {
                invalid()
            }
        }
        if (what == Mode.Loop) {
            assembly {
                for {} 1 {} {}
            }
        }
        if (what == Mode.Reenter) {
            (bool ok, bytes memory data) = target.call(payload);
            if (!ok) {
                assembly {
                    revert(add(data, 32), mload(data))
                }
            }
        }
        bytes memory answer = reply;
        uint256 length_ = what == Mode.Huge ? size : answer.length;
        assembly {
            return(add(answer, 32), length_)
        }
    }
}
