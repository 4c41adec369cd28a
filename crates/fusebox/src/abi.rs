//! Events and errors as clients see them, and the one rule that turns an [`Error`] into revert data.

use crate::error::{CouncilError, DecisionError, Error, PriceError, Refusal};
use alloc::vec::Vec;
use alloy_primitives::{B256, U256};
use alloy_sol_types::{sol, SolError, SolEvent};
use fusebox_core::host::{revert, word};

sol! {
    /// Every change of an incident: its words as they are now, and the head of the chain after it.
    event Incident(uint32 indexed id, uint32 indexed scope, uint256 record, address openedBy, uint256 money, bytes32 head);
    /// A circuit was added.
    event Listed(uint32 indexed market, uint32 previous);

    /// A limiter tripped or a sentinel spoke: the scope takes no new risk until then.
    event Signalled(uint32 indexed scope, address indexed by, uint64 until);

    /// Governance has decided about a scope, after its delay: 0 it is open, 2 wound down, 4 being settled for good.
    event Decided(uint32 indexed scope, uint8 previous, uint8 tier, uint64 since);

    error ScopeSettling(uint32 scope, uint8 class);
    error SettlementFinal();
    error NotWoundDown();
    error SettlementTooEarly(uint64 now, uint64 from);
    error SignalSpent(uint32 secs, uint64 again);
    error Stopped(uint32 scope, uint8 class, uint8 sources, uint64 until);
    error UnknownMarket(uint32 market, uint32 listed);
    error TooManyCircuits(uint32 listed, uint32 max);
    error UnknownIncident(uint32 id, uint32 count);
    error UnknownLabel(uint8 label, uint8 max);
    error CoverAboveLoss(uint256 cover, uint256 loss);
    error LossOverflow(uint256 loss, uint256 cover);
    error NoIncident(uint32 scope);
    error OwnIncident(address who, uint32 incident);
    error IncidentTooYoung(uint64 age, uint64 bound);
    error FieldOverflow(uint256 value, uint256 bits);
    error ZeroAddress(uint8 argument, address value);
    error TokenCallFailed(address token, bytes4 selector);
    error TokenWithoutCode(address token);
    error TokenShortTransfer(uint256 asked, uint256 moved);
}

/// Signature hash of [`Incident`].
pub const INCIDENT: B256 = Incident::SIGNATURE_HASH;

fn n(value: impl Into<u64>) -> U256 {
    U256::from(value.into())
}

impl From<CouncilError> for Vec<u8> {
    fn from(error: CouncilError) -> Self {
        match error {
            CouncilError::Authority(error) => error.into(),
            CouncilError::NoIncident { scope } => revert(NoIncident::SELECTOR, [n(scope.number())]),
            CouncilError::OwnIncident { who, incident } => revert(OwnIncident::SELECTOR, [word(who), n(incident)]),
            CouncilError::IncidentTooYoung { age, bound } => revert(IncidentTooYoung::SELECTOR, [n(age), n(bound)]),
        }
    }
}

impl From<DecisionError> for Vec<u8> {
    fn from(error: DecisionError) -> Self {
        match error {
            DecisionError::Refused(refusal) => refusal.into(),
            DecisionError::Final => revert(SettlementFinal::SELECTOR, []),
            DecisionError::NotWoundDown => revert(NotWoundDown::SELECTOR, []),
            DecisionError::TooEarly { now, from } => revert(SettlementTooEarly::SELECTOR, [n(now), n(from)]),
            DecisionError::Field(field) => revert(FieldOverflow::SELECTOR, [U256::from(field.value), n(field.bits)]),
        }
    }
}

impl From<Refusal> for Vec<u8> {
    fn from(refusal: Refusal) -> Self {
        let (selector, a, b) = match refusal {
            Refusal::Stopped { scope, class, sources, until } => {
                let words = [n(scope.number()), n(class.code()), n(sources), n(until)];
                return revert(Stopped::SELECTOR, words);
            }
            Refusal::Settling { scope, class } => (ScopeSettling::SELECTOR, scope.number(), class.code().into()),
            Refusal::UnknownMarket { market, listed } => (UnknownMarket::SELECTOR, market, listed),
            Refusal::TooManyMarkets { listed, max } => (TooManyCircuits::SELECTOR, listed, max),
        };
        revert(selector, [n(a), n(b)])
    }
}

impl From<PriceError> for Vec<u8> {
    fn from(error: PriceError) -> Self {
        match error {
            PriceError::Refused(refusal) => refusal.into(),
            PriceError::Breaker(error) => error.into(),
        }
    }
}

impl From<Error> for Vec<u8> {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::UnknownIncident { id, count } => revert(UnknownIncident::SELECTOR, [n(id), n(count)]),
            Error::UnknownLabel { label, max } => revert(UnknownLabel::SELECTOR, [n(label), n(max)]),
            Error::CoverAboveLoss { cover, loss } => {
                revert(CoverAboveLoss::SELECTOR, [U256::from(cover), U256::from(loss)])
            }
            Error::LossOverflow { loss, cover } => {
                revert(LossOverflow::SELECTOR, [U256::from(loss), U256::from(cover)])
            }
            Error::SignalSpent { secs, again } => revert(SignalSpent::SELECTOR, [n(secs), n(again)]),
            Error::NoIncident { scope } => revert(NoIncident::SELECTOR, [n(scope.number())]),
            Error::Field(field) => revert(FieldOverflow::SELECTOR, [U256::from(field.value), n(field.bits)]),
            Error::ZeroAddress { argument, value } => revert(ZeroAddress::SELECTOR, [n(argument), word(value)]),
            Error::Authority(error) => error.into(),
            Error::Guardian(error) => error.into(),
            Error::Breaker(error) => error.into(),
        }
    }
}
