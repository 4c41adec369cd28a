//! What others take for the closest operation.
//!
//! Measured with anvil under Prague rules, one transaction a figure: execution before refunds, without the 21,000 and
//! calldata, callee warm and its words cold; beside `check`, `spend` and `withdraw` less an empty function of the same
//! signature, beside tickets and entries a whole call. The two-feed guard, own code for the comparison, reads
//! Chainlink's MockV3Aggregator as the figures beside it do; behind the real proxies it takes some 13,000 more. Mock
//! feeds of Synthetix have one word.

type Peer = (&'static str, u64);

const PAUSABLE: &str = "OpenZeppelin Pausable 5.7.0, whenNotPaused";
const PAUSABLE_REFUSED: &str = "OpenZeppelin Pausable 5.7.0, whenNotPaused, EnforcedPause";
const GUARD: &str = "minimal two-feed guard in Solidity, price2";
const PERPETUAL: &str = "dYdX PerpetualV1 87f2263, trade through P1Deleveraging";
const UMBRELLA: &str = "Aave Umbrella 759147d, slash, steady";
const TRIP: &str = "Synthetix CircuitBreaker 1609d15, probe that trips";
const NTT: &str = "Wormhole NTT RateLimiter 250d810 (via-IR), outbound";
const NTT_REFUSED: &str = "Wormhole NTT RateLimiter 250d810 (via-IR), outbound, NotEnoughCapacity";
const NTT_BEHIND: &str = "OpenZeppelin Pausable 5.7.0 and Wormhole NTT 250d810 (via-IR), outbound: their sum";
const COMET_REFUSED: &str = "Compound Comet d5a30b0, supply while paused";

const PEERS: &[(&str, &str, Peer)] = &[
    ("check", "first", (PAUSABLE, 2_107)),
    ("check", "steady", (PAUSABLE, 2_107)),
    ("check", "refused", (PAUSABLE_REFUSED, 2_139)),
    ("check.other-word", "steady", (PAUSABLE, 2_107)),
    ("check.protocol", "refused", ("OpenZeppelin AccessManager 5.7.0, restricted, target closed", 8_375)),
    ("check.both", "refused", ("OpenZeppelin AccessManager 5.7.0, restricted, target closed", 8_375)),
    ("check.active", "steady", ("Aave 3.6.0 ReserveConfiguration, active, frozen, paused and LTV", 2_755)),
    ("spend", "first", (NTT, 7_160)),
    ("spend", "steady", (NTT, 7_152)),
    ("spend", "refused", (NTT_REFUSED, 4_243)),
    ("withdraw", "first", (NTT_BEHIND, 9_267)),
    ("withdraw", "steady", (NTT_BEHIND, 9_259)),
    ("withdraw", "refused", (NTT_BEHIND, 6_350)),
    ("ticket.issue", "first", ("ERC-7265 v1-core 3960a05, outflow that hits the limit and is locked", 124_997)),
    ("ticket.issue", "steady", ("ERC-7265 v1-core 3960a05, outflow locked on top of another", 29_755)),
    ("price", "first", (GUARD, 32_976)),
    ("price", "steady", (GUARD, 32_976)),
    ("price", "refused", ("minimal two-feed guard in Solidity, price2, Divergent", 32_863)),
    ("open", "first", (PERPETUAL, 150_414)),
    ("open", "steady", (PERPETUAL, 116_214)),
    ("open", "refused", (COMET_REFUSED, 26_034)),
    ("reduce", "first", (PERPETUAL, 150_414)),
    ("reduce", "steady", (PERPETUAL, 116_214)),
    ("reduce", "refused", (COMET_REFUSED, 26_034)),
    ("close", "first", (PERPETUAL, 150_414)),
    ("close", "steady", ("dYdX PerpetualV1 87f2263, trade through P1Deleveraging, rest of position", 120_019)),
    ("close", "refused", (COMET_REFUSED, 26_034)),
    ("liquidate.draw", "steady", (UMBRELLA, 95_035)),
    ("deleverage.10", "steady", (PERPETUAL, 116_214)),
    ("deleverage.1000", "steady", (PERPETUAL, 116_214)),
    ("deleverage.100000", "steady", (PERPETUAL, 116_214)),
    ("settle", "steady", (PERPETUAL, 116_214)),
    ("close.deleveraged", "steady", (PERPETUAL, 116_214)),
    ("liquidate", "first", (PERPETUAL, 150_414)),
    ("liquidate", "steady", (PERPETUAL, 116_214)),
    ("liquidate", "refused", (TRIP, 53_319)),
    ("deposit", "steady", ("ERC-7265 v1-core 3960a05, deposit, same tick", 48_170)),
    ("deposit", "refused", (COMET_REFUSED, 26_034)),
    ("perp.withdraw", "steady", ("ERC-7265 v1-core 3960a05, withdrawal, same tick", 79_688)),
    ("perp.withdraw", "refused", (COMET_REFUSED, 26_034)),
    ("poke", "first", ("minimal two-feed guard in Solidity, poke2, first", 36_357)),
    ("poke", "steady", ("minimal two-feed guard in Solidity, poke2", 36_800)),
    ("poke.trip", "steady", (TRIP, 53_319)),
    ("pause", "first", ("Lido CircuitBreaker 56980df, pause of one target", 78_513)),
    ("pause", "refused", ("Lido CircuitBreaker 56980df, pause, SenderNotPauser", 2_920)),
];

/// The closest operation of a peer and its gas.
pub fn closest(id: &str, state: &str) -> Option<Peer> {
    PEERS.iter().find(|(of, at, _)| (*of, *at) == (id, state)).map(|(_, _, peer)| *peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_named_once() {
        for (id, state, peer) in PEERS {
            assert_eq!(closest(id, state), Some(*peer), "{id} {state}");
        }
        assert_eq!(closest("check", "nowhere"), None);
    }
}
