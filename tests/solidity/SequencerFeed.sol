// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title A sequencer uptime feed: the answer is 0 while it is up and 1 while it is down, `startedAt` is since when.
contract SequencerFeed {
    struct Round {
        int256 answer;
        uint256 startedAt;
        uint256 updatedAt;
    }

    uint8 public constant decimals = 0;
    uint80 public round;
    mapping(uint80 => Round) internal rounds;

    constructor(int256 answer_, uint256 startedAt_) {
        set(answer_, startedAt_);
    }

    function set(int256 answer_, uint256 startedAt_) public {
        round += 1;
        rounds[round] = Round(answer_, startedAt_, block.timestamp);
    }

    /// The last round is confirmed anew in every second.
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (round, rounds[round].answer, rounds[round].startedAt, block.timestamp, round);
    }

    function getRoundData(uint80 id) external view returns (uint80, int256, uint256, uint256, uint80) {
        require(id != 0 && id <= round, "No data present");
        return (id, rounds[id].answer, rounds[id].startedAt, rounds[id].updatedAt, id);
    }
}
