//! The module as a caller of the contract sees it: events and errors.
#![allow(missing_docs)] // the macros write items without documentation; what they come from is documented

use crate::error::Error;
use alloc::vec::Vec;
use alloy_primitives::U256;
use alloy_sol_types::{sol, SolError};
use fusebox_core::host::revert;

sol! {
    /// Assets came in for shares; as in ERC-4626.
    event Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares);
    /// Requested shares left; `assets` is what was paid for them at once. As in ERC-4626.
    event Withdraw(address indexed sender, address indexed receiver, address indexed owner, uint256 assets, uint256 shares);
    /// Shares wait: the most they bring, and their window.
    event Requested(address indexed account, uint256 shares, uint256 value, uint64 ready, uint64 until);
    /// A request was taken back.
    event RequestCancelled(address indexed account, uint256 shares);
    /// Part of a payout answers for what is open.
    event HeldBack(address indexed account, uint32 indexed round, uint256 amount);
    /// What had been held back was paid after all.
    event HoldReleased(address indexed account, uint32 indexed round, uint256 amount);
    /// The fund paid for a loss: from those who are staked, and from what was held back.
    event FundDrawn(uint16 indexed domain, uint256 staked, uint256 held);
    /// Every share of an epoch became worthless; what is left belongs to nobody.
    event EpochEnded(uint32 indexed epoch, uint256 left);
    /// Assets came in for those who are staked.
    event Recapitalised(address indexed from, uint256 amount);
    /// What is open now, and until when at the latest.
    event Exposed(uint16 indexed domain, uint256 deficit, uint256 incident, uint64 until);

    error ZeroAmount();
    error AmountTooLarge(uint256 value, uint256 max);
    error AmountTooSmall(uint256 value, uint256 min);
    error StakeClosed(uint256 exposure, uint64 until);
    error InsufficientShares(uint256 needed, uint256 held);
    error NoRequest(uint64 until, uint64 now);
    error RequestCoolingDown(uint64 ready, uint64 now);
    error BelowFundFloor(uint256 amount, uint256 available);
    error HoldSpent(uint64 again, uint64 now);
    error AboveOpen(uint256 amount, uint256 bound);
    error FundOutOfRange(uint64 value, uint64 bound);
    error FundParameter(uint8 id, uint256 value, uint256 bound);
    error OverCovered(uint256 covered, uint256 asked);
    error AlreadySettling(uint64 started);
    error NotChallengeable(uint64 until, uint64 now);
    error WeakerAnchor(uint64 at, uint64 bound);
    error BadAnchor(uint64 at, uint64 bound);
}

impl Error {
    /// The selector and the words of the error: the one place where both are chosen.
    fn parts(self) -> ([u8; 4], [u128; 2]) {
        let pair = |a: u64, b: u64| [u128::from(a), u128::from(b)];
        match self {
            Self::ZeroAmount => (ZeroAmount::SELECTOR, [0, 0]),
            Self::TooLarge { value, bound } => (AmountTooLarge::SELECTOR, [value, bound]),
            Self::TooSmall { value, bound } => (AmountTooSmall::SELECTOR, [value, bound]),
            Self::Closed { exposure, until } => (StakeClosed::SELECTOR, [exposure, until.into()]),
            Self::InsufficientShares { needed, held } => (InsufficientShares::SELECTOR, [needed, held]),
            Self::NoRequest { until, now } => (NoRequest::SELECTOR, pair(until, now)),
            Self::CoolingDown { ready, now } => (RequestCoolingDown::SELECTOR, pair(ready, now)),
            Self::BelowFloor { amount, available } => (BelowFundFloor::SELECTOR, [amount, available]),
            Self::HoldSpent { again, now } => (HoldSpent::SELECTOR, pair(again, now)),
            Self::AboveOpen { amount, bound } => (AboveOpen::SELECTOR, [amount, bound]),
            Self::OutOfRange { value, bound } => (FundOutOfRange::SELECTOR, pair(value, bound)),
            Self::Parameter { value, bound, .. } => (FundParameter::SELECTOR, [value, bound]),
            Self::OverCovered { covered, asked } => (OverCovered::SELECTOR, [covered, asked]),
            Self::Settling { started } => (AlreadySettling::SELECTOR, pair(started, 0)),
            Self::NotChallengeable { until, now } => (NotChallengeable::SELECTOR, pair(until, now)),
            Self::WeakerAnchor { at, bound } => (WeakerAnchor::SELECTOR, pair(at, bound)),
            Self::BadAnchor { at, bound } => (BadAnchor::SELECTOR, pair(at, bound)),
        }
    }
}

impl From<Error> for Vec<u8> {
    fn from(error: Error) -> Self {
        let (selector, parts) = error.parts();
        let [a, b] = parts.map(U256::from);
        match error {
            Error::ZeroAmount => revert(selector, []),
            Error::Settling { .. } => revert(selector, [a]),
            Error::Parameter { id, .. } => revert(selector, [U256::from(id), a, b]),
            _ => revert(selector, [a, b]),
        }
    }
}
