//! Events and errors as clients see them, and the one rule that turns an [`Error`] into revert data.

use crate::error::Error;
use alloc::vec::Vec;
use alloy_primitives::U256;
use alloy_sol_types::{sol, SolError};
use fusebox_core::{host::revert, panel::Class};

sol! {
    event Deposited(address indexed account, uint256 amount);
    event Withdrawn(address indexed account, uint256 amount);
    event Increased(uint32 indexed market, address indexed account, bool isLong, uint256 size, uint256 notional, uint256 margin, uint256 fee);
    event Reduced(uint32 indexed market, address indexed account, uint256 size, uint256 notional, uint256 profit, uint256 loss, uint256 fee, uint256 badDebt);
    event Liquidated(uint32 indexed market, address indexed account, address indexed liquidator, uint256 size, uint256 notional, uint256 loss, uint256 reward, uint256 fee, uint256 badDebt);
    event PositionSettled(uint32 indexed market, address indexed account, uint256 closed, uint256 credit, uint256 cut, uint256 paid, uint256 collected, uint256 badDebt);
    event Deleveraged(uint32 indexed market, bool isLong, uint256 size, uint256 price, uint256 reserved, uint256 cover, uint256 left);
    event ProfitCut(uint32 indexed market, address indexed account, uint256 profit, uint256 cut);
    event Surcharged(uint32 indexed market, address indexed account, uint256 amount);
    event Counted(uint32 indexed market, address indexed account, uint256 size, uint256 principal, uint256 profit, uint256 loss, uint256 badDebt);
    event ProfitsDivided(uint32 indexed market, uint256 claims, uint256 paid);
    event ProfitPaid(uint32 indexed market, address indexed account, uint256 claim, uint256 paid);
    event MarginMoved(address indexed account, uint32 indexed from, uint32 indexed to, uint256 amount);
    event ProfitNetted(address indexed account, uint32 indexed from, uint32 indexed to, uint256 amount);
    event ToppedUp(uint32 indexed market, address indexed account, uint256 amount);
    event Provided(address indexed account, uint256 amount, uint256 shares);
    event Removed(address indexed account, uint256 amount, uint256 shares);
    event Rewarded(uint32 indexed market, address indexed account, uint256 bounty);
    event Refused(uint32 indexed market, address indexed account, uint8 tier);
    event FundParametersSet(uint256 previous, uint256 current);
    event ProgramSet(uint256 indexed program, address previous, address current);

    error ZeroAmount();
    error AmountTooLarge(uint256 value, uint256 max);
    error InsufficientFree(uint256 needed, uint256 free);
    error InsufficientShares(uint256 needed, uint256 held);
    error PositionExists(uint256 size);
    error NoPosition();
    error SizeAbovePosition(uint256 size, uint256 held);
    error LimitPrice(uint256 price, uint256 limit);
    error LiquidityInUse(uint256 assets, uint256 needed);
    error DeleveragingNotDue(uint256 profit, uint256 bound);
    error Healthy(uint256 equity, uint256 threshold);
    error LossAboveMargin(uint256 loss, uint256 margin);
    error PoolInsolvent(uint256 owed, uint256 assets);
    error TermOutOfBounds(uint256 term, uint256 value, uint256 bound);
    error NotionalOutOfBounds(uint256 size, uint256 price);

    function overflow(uint32 bucket, uint128 amount) external returns (uint256 ticket);
    function configure(uint32 bucket, uint256 config) external;
    function overlaid(uint32 bucket, uint16 factorBps, uint64 until) external;
    function carry(uint256[] words) external;
    function value(uint32 scope, uint16 id) external view returns (uint256 value);
    function mark(uint32 scope, uint16 id) external;
    function list(uint256[] words) external returns (uint32 market);
    function touch(uint32 market, address account, uint8 why, uint256 size) external returns (uint256 since);
    function levy(uint32 market, address account, uint8 why, uint256 size) external returns (uint256 since);
    function cover(uint32 market, bool isLong, uint128 price, uint128 open, uint128 bankruptcy) external returns (uint256 covered);
    function bear(uint32 market, bool isLong, uint128 size, uint128 margin, uint128 entry, uint128 loss, uint128 badDebt, uint128 price) external;
    function collect(uint32 market, address account, uint128 until, uint128 since, uint128 profit) external returns (uint256 taken, uint256 repaid);
    function admit(uint32 market, address account, uint32 epoch, uint128 cut, uint128 borne) external;
    function unwind(uint32 market) external;
    function mend(uint32 market, address account, uint128 amount) external;
    function pay(uint32 market, uint128 amount) external;
    function claim(uint32 market, address account, uint32 epoch) external returns (uint256 amount);
    function enlist(uint32 market) external;
    function winnings(uint32 market, uint128 price) external returns (uint128 profits);
    function observe(uint32 market, uint8 tier, uint16 volatilityBps) external;
    function govern(uint256[] words) external;
    function losses(uint32 market) external view returns (uint256[] words);
    function decide(uint256[] words) external;
    function secure(bool entering) external;
    function check(uint32 market, uint8 class) external view returns (uint8 tier);
    function tighten() external;
    function count(uint32 market, address account) external;
    function apportion(uint32 market) external;
    function forgive(uint32 market) external;
    function poke(uint32 market) external returns (uint8 tier);
    function record(uint32 market) external returns (uint256 sighting);
    function priced(uint32 market, uint8 class) external view returns (uint256 price, uint8 tier, bool grace, uint16 volatilityBps);

    error DecimalsOutOfBounds(uint256 decimals, uint256 max);
    error ZeroAddress(uint256 argument);
    error TooManyMarkets(uint256 markets, uint256 max);
    error FieldOverflow(uint256 value, uint256 bits);
    error UnknownClass(uint256 class, uint256 max);
    error InvalidLength(uint256 length, uint256 expected);
    error AlreadyInitialised();
    error NoParameter(uint256 scope, uint256 id);
    error NotPassed(uint256 bucket, uint256 ticket);
    error TooManyLegs(uint256 legs, uint256 max);
    error UnknownBucket(uint256 bucket, uint256 max);
    error MustWait(uint256 act);
    error NotSettling(uint256 market);
    error NotFixed(uint256 until);
    error NotCounted(uint256 market);
    error NothingDue(address account);
    error IncidentClosed(uint256 incident);
    error NothingLost(uint256 incident);
    error UnknownProgram(uint256 program, uint256 max);
    error ProgramFailed(uint256 program);
}

fn one(value: u128) -> U256 {
    U256::from(value)
}

fn two(selector: [u8; 4], value: u128, bound: u128) -> Vec<u8> {
    revert(selector, [one(value), one(bound)])
}

impl From<Error> for Vec<u8> {
    fn from(error: Error) -> Self {
        match error {
            Error::Zero => revert(ZeroAmount::SELECTOR, []),
            Error::TooLarge { value, max } => two(AmountTooLarge::SELECTOR, value, max),
            Error::InsufficientFree { needed, free } => two(InsufficientFree::SELECTOR, needed, free),
            Error::InsufficientShares { needed, held } => two(InsufficientShares::SELECTOR, needed, held),
            Error::PositionExists { size } => revert(PositionExists::SELECTOR, [one(size)]),
            Error::NoPosition => revert(NoPosition::SELECTOR, []),
            Error::SizeAbovePosition { size, held } => two(SizeAbovePosition::SELECTOR, size, held),
            Error::LimitPrice { price, limit } => two(LimitPrice::SELECTOR, price, limit),
            Error::LiquidityInUse { assets, needed } => two(LiquidityInUse::SELECTOR, assets, needed),
            Error::NotDue { profit, bound } => two(DeleveragingNotDue::SELECTOR, profit, bound),
            Error::Healthy { equity, threshold } => two(Healthy::SELECTOR, equity, threshold),
            Error::LossAboveMargin { loss, margin } => two(LossAboveMargin::SELECTOR, loss, margin),
            Error::PoolInsolvent { owed, assets } => two(PoolInsolvent::SELECTOR, owed, assets),
            Error::Term { term, value, bound } => {
                revert(TermOutOfBounds::SELECTOR, [one(term.into()), one(value), one(bound)])
            }
            Error::Notional { size, price } => two(NotionalOutOfBounds::SELECTOR, size, price),
        }
    }
}

/// Revert data of a value that does not fit its field.
pub fn overflow(error: fusebox_core::pack::FieldOverflow) -> Vec<u8> {
    two(FieldOverflow::SELECTOR, error.value, error.bits.into())
}

/// The class with that number.
pub fn class(code: u8) -> Result<Class, Vec<u8>> {
    Class::from_code(code).ok_or_else(|| revert(UnknownClass::SELECTOR, [U256::from(code), U256::from(4)]))
}
