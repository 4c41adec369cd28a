// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title The oracle of a Uniswap v3 pool without the pool: `push` says what trades would have said.
/// @dev As v3 accumulates: an observation holds the sum of tick times seconds up to its time, written before the tick
///      changes and at most once a second; between two observations the sum is a straight line, after the last it goes
///      on with the current tick, before the oldest the call reverts with "OLD". The liquidity is 1 throughout.
contract PoolOracle {
    struct Observation {
        uint32 timestamp;
        int56 tickCumulative;
        uint160 secondsPerLiquidityCumulativeX128;
    }

    uint16 public immutable cardinality;
    uint16 public index;
    uint16 public written;
    int24 public tick;
    mapping(uint256 => Observation) public observations;

    constructor(uint32 timestamp, int24 tick_, uint16 cardinality_) {
        require(cardinality_ != 0 && timestamp <= block.timestamp, "INIT");
        (cardinality, written, tick) = (cardinality_, 1, tick_);
        observations[0] = Observation(timestamp, 0, 0);
    }

    /// The tick from `timestamp` on; times never decrease and never lie ahead of the block.
    function push(uint32 timestamp, int24 tick_) external {
        write(timestamp, tick_);
    }

    /// Many at once.
    function pushAll(uint32[] calldata timestamps, int24[] calldata ticks) external {
        for (uint256 i; i < timestamps.length; ++i) write(timestamps[i], ticks[i]);
    }

    function observe(uint32[] calldata secondsAgos)
        external
        view
        returns (int56[] memory tickCumulatives, uint160[] memory secondsPerLiquidityCumulativeX128s)
    {
        tickCumulatives = new int56[](secondsAgos.length);
        secondsPerLiquidityCumulativeX128s = new uint160[](secondsAgos.length);
        for (uint256 i; i < secondsAgos.length; ++i) {
            require(secondsAgos[i] <= block.timestamp, "OLD");
            Observation memory at = observeAt(uint32(block.timestamp) - secondsAgos[i]);
            tickCumulatives[i] = at.tickCumulative;
            secondsPerLiquidityCumulativeX128s[i] = at.secondsPerLiquidityCumulativeX128;
        }
    }

    function write(uint32 timestamp, int24 tick_) private {
        Observation memory last = observations[index];
        require(timestamp >= last.timestamp && timestamp <= block.timestamp, "TIME");
        if (timestamp != last.timestamp) {
            index = uint16((uint256(index) + 1) % cardinality);
            if (written < cardinality) written += 1;
            observations[index] = extended(last, timestamp);
        }
        tick = tick_;
    }

    function extended(Observation memory last, uint32 timestamp) private view returns (Observation memory) {
        uint32 delta = timestamp - last.timestamp;
        return Observation(
            timestamp,
            last.tickCumulative + int56(tick) * int56(uint56(delta)),
            last.secondsPerLiquidityCumulativeX128 + (uint160(delta) << 128)
        );
    }

    function observeAt(uint32 target) private view returns (Observation memory) {
        Observation memory last = observations[index];
        if (target >= last.timestamp) return target == last.timestamp ? last : extended(last, target);
        uint256 oldest = (uint256(index) + cardinality + 1 - written) % cardinality;
        require(observations[oldest].timestamp <= target, "OLD");
        // The last one at or before the target: its place, counted from the oldest.
        (uint256 low, uint256 high) = (0, written - 1);
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            if (observations[(oldest + middle) % cardinality].timestamp <= target) low = middle;
            else high = middle;
        }
        Observation memory before = observations[(oldest + low) % cardinality];
        if (before.timestamp == target) return before;
        Observation memory next = observations[(oldest + high) % cardinality];
        uint32 span = next.timestamp - before.timestamp;
        uint32 into = target - before.timestamp;
        // Divided before it is multiplied, rounding toward zero: so does v3.
        before.tickCumulative += (next.tickCumulative - before.tickCumulative) / int56(uint56(span)) * int56(uint56(into));
        before.secondsPerLiquidityCumulativeX128 += uint160(
            uint256(next.secondsPerLiquidityCumulativeX128 - before.secondsPerLiquidityCumulativeX128) * into / span
        );
        before.timestamp = target;
        return before;
    }
}
