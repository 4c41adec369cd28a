//! What a deployment consists of.

/// The programs of the reference protocol: the hot one first, then those on its storage in the order of its constructor.
pub const PERP: [&str; 24] = [
    "perp",
    "perp-pool",
    "perp-oracle",
    "perp-keeper",
    "perp-guard",
    "perp-view",
    "perp-setup",
    "perp-watch",
    "perp-share",
    "perp-queue",
    "perp-carry",
    "perp-limit",
    "perp-meter",
    "perp-risk",
    "perp-cover",
    "perp-settle",
    "perp-wind",
    "perp-side",
    "perp-ledger",
    "perp-tally",
    "perp-fund",
    "perp-touch",
    "perp-hold",
    "perp-cross",
];
