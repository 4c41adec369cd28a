// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title A sequencer uptime feed: the answer is 0 while it is up and 1 while it is down, `startedAt` is since when.
contract SequencerFeed {
    uint8 public constant decimals = 0;
    int256 public answer;
    uint256 public startedAt;
    uint80 public round = 1;

    constructor(int256 answer_, uint256 startedAt_) {
        (answer, startedAt) = (answer_, startedAt_);
    }

    function set(int256 answer_, uint256 startedAt_) external {
        (answer, startedAt) = (answer_, startedAt_);
        round += 1;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (round, answer, startedAt, block.timestamp, round);
    }
}
