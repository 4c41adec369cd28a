//! The interface of the programs, the tokens and the feeds, written by hand: what a client would write.
#![allow(missing_docs)] // the macro writes items without documentation

use alloy_sol_types::sol;

sol! {
    #![sol(all_derives)]

    function initialise(address collateral, address governance, address council, address pauser, uint32 pauseSecs, uint128 floor);
    function list(uint256[] words) returns (uint32 market);
    function grantRole(address account, uint8 role);
    function revokeRole(address account, uint8 role);
    function rolesOf(address account) returns (uint256 word);
    function setGuardian(address guardian, uint32 scope, uint32 maxDuration);
    function pause(uint32[] scopes, uint8 classes, uint16 reason) returns (uint64 failed);
    function extend(uint32 scope, uint64 until);
    function unpause(uint32 scope);
    function heartbeat();
    function label(uint32 incident, uint8 label);
    function poke(uint32 market) returns (uint8 tier);
    function check(uint32 market, uint8 class) returns (uint8 tier);
    function price(uint32 market, uint8 class) returns (uint256 price, uint8 tier, bool grace);
    function priced(uint32 market, uint8 class) returns (uint256 price, uint8 tier, bool grace);
    function record(uint32 market) returns (uint256 sighting);
    function breakerState(uint32 market) returns (uint256[] words);
    function pauseState(uint32 scope) returns (uint256[] words);
    function panel() returns (uint256[] words);
    function incident(uint32 id) returns (uint256[] words);
    function market(uint32 market) returns (uint256[] words);
    function pool() returns (uint256 assets, uint256 shares, uint256 badDebt, uint256 unpaid);
    function account(address who) returns (uint256 free, uint256 shares);
    function position(address who, uint32 market) returns (bool isLong, uint256 size, uint256 margin, uint256 entry);

    function deposit(uint256 amount) returns (uint256 credited);
    function withdraw(uint256 amount) returns (uint256 ticket);
    function claimTickets(uint128[] ids) returns (uint64 failed);
    function cancelTicket(uint128 id);
    function holdTicket(uint128 id, uint64 until);
    function ticket(uint128 id) returns (uint256[] words);
    function when(uint32 bucket, address account, uint128 amount) returns (uint256[] words);
    function bucketState(uint32 bucket) returns (uint256[] words);
    function rebase(uint32 bucket);
    function overlay(uint32 scope, uint16 id, uint128 value, uint64 secs);
    function propose(uint256[] words) returns (bytes32 hash);
    function execute(uint256[] words);
    function cancel(uint256[] words);
    function playbook(uint256[] batch);
    function retire(bytes32 hash);
    function ready(uint256[] words) returns (uint256[] state);
    function signal(uint32 scope, uint32 secs);
    function quarantine(uint32 market, uint8 feed, uint64 until);
    function release(uint32 market, uint8 feed);
    function overflow(uint32 bucket, uint128 amount) returns (uint256 ticket);
    function carry(uint256[] words);
    function value(uint32 scope, uint16 id) returns (uint256 value);
    function configure(uint32 bucket, uint256 config);
    function open(uint32 market, bool isLong, uint256 size, uint256 margin, uint256 limitPrice);
    function increase(uint32 market, uint256 size, uint256 margin, uint256 limitPrice);
    function reduce(uint32 market, uint256 size, uint256 limitPrice);
    function close(uint32 market, uint256 limitPrice);
    function topUp(uint32 market, uint256 amount);
    function deleverage(uint32 market);
    function settle(uint32 market, address account);
    function repay(uint32 market, uint128 amount);
    function releaseResidue(uint32 market);
    function takeClaim(uint32 market, address account, uint32 epoch);
    function liquidate(uint32 market, address account) returns (uint8 outcome);
    function crossMargin(uint8 domain, bool on);
    function crossState(address account, uint8 domain) returns (uint256 word);
    function provide(uint256 amount) returns (uint256 shares);
    function remove(uint256 shares) returns (uint256 amount, uint256 ticket);

    function proposePrice(uint32 market, uint64 hour);
    function challengePrice(uint32 market, uint64 hour);
    function settleAccount(address account, uint32 market) returns (uint8 outcome);
    function settleShares(address account);
    function settleStake(address account);
    function divide();
    function stake(uint256 amount) returns (uint256 shares);
    function requestRedeem(uint256 shares) returns (uint256 value);
    function cancelRedeem();
    function redeem(uint256 shares) returns (uint256 paid);
    function collectHeld(address account) returns (uint256 paid);
    function fundState() returns (uint256[] words);
    function stakeOf(address account) returns (uint256[] words);
    function ledger(uint32 domain) returns (uint256[] words);
    function dueOf(address account, uint32 domain, uint32 epoch) returns (uint256 due);
    function giveBack(uint32 incident, uint256 amount) returns (uint256 bounty);
    function follow();
    function losses(uint32 market) returns (uint256[] words);
    function decision(uint32 scope) returns (uint256[] words);
    function settlement(uint32 market) returns (uint256[] words);
    function claimOf(address account, uint32 market) returns (uint256 claim);
    function harbour(uint32 incident) returns (uint256[] words);
    function decide(uint256[] words);
    function count(uint32 market, address account);
    function apportion(uint32 market);
    function forgive(uint32 market);

    function plain(uint32 market) returns (uint32 same);
    function checked(uint32 market) returns (uint32 same);

    event Incident(uint32 indexed id, uint32 indexed scope, uint256 record, address openedBy, uint256 money, bytes32 head);
    event Increased(uint32 indexed market, address indexed account, bool isLong, uint256 size, uint256 notional, uint256 margin, uint256 fee);
    event Reduced(uint32 indexed market, address indexed account, uint256 size, uint256 notional, uint256 profit, uint256 loss, uint256 fee, uint256 badDebt);
    event Liquidated(uint32 indexed market, address indexed account, address indexed liquidator, uint256 size, uint256 notional, uint256 loss, uint256 reward, uint256 fee, uint256 badDebt);
    event PositionSettled(uint32 indexed market, address indexed account, uint256 closed, uint256 credit, uint256 cut, uint256 paid, uint256 collected, uint256 badDebt);
    event Deleveraged(uint32 indexed market, bool isLong, uint256 size, uint256 price, uint256 reserved, uint256 cover, uint256 left);
    event CrossMargin(address indexed account, uint8 indexed domain, bool chosen);
    event MarginMoved(address indexed account, uint32 indexed from, uint32 indexed to, uint256 amount);
    event ProfitNetted(address indexed account, uint32 indexed from, uint32 indexed to, uint256 amount);
    event ProfitCut(uint32 indexed market, address indexed account, uint256 profit, uint256 cut);
    event Surcharged(uint32 indexed market, address indexed account, uint256 amount);
    event LossBorne(uint32 indexed domain, uint8 indexed step, uint128 amount);
    event ProfitsCut(uint32 indexed domain, uint32 era, uint128 cut, uint128 charged, uint128 residue);
    event Rebased(uint32 indexed bucket, uint128 previousCapacity, uint128 capacity, uint128 liquidity, uint128 average);
    event TicketIssued(uint128 indexed id, address indexed owner, uint128 amount, uint64 ready);
    event ParameterSet(uint32 indexed scope, uint16 indexed id, uint128 previous, uint128 current, address by);
    event ProgramSet(uint256 indexed program, address previous, address current);
    event Counted(uint32 indexed market, address indexed account, uint256 size, uint256 principal, uint256 profit, uint256 loss, uint256 badDebt);
    event ProfitsDivided(uint32 indexed market, uint256 claims, uint256 paid);
    event ProfitPaid(uint32 indexed market, address indexed account, uint256 claim, uint256 paid);
    event PriceProposed(uint32 indexed market, uint128 price, uint64 observed, uint8 feeds, uint64 until);
    event SettlementPaid(address indexed account, uint8 indexed rank, uint128 claim, uint128 paid);
    event Divided(uint128 principal, uint128 profits, uint128 providers, uint128 stakers, uint128 residue);
    event FundsReturned(uint64 indexed incident, address indexed from, uint128 amount, uint128 bounty);
    event Tightened(uint32 indexed bucket, uint16 shareBps, uint64 until, uint64 open);
    event Rewarded(uint32 indexed market, address indexed account, uint256 bounty);
    event Refused(uint32 indexed market, address indexed account, uint8 tier);

    error Stopped(uint32 scope, uint8 class, uint8 sources, uint64 until);
    error UnknownMarket(uint32 market, uint32 listed);
    error ScopeSettling(uint32 scope, uint8 class);
    error SettlementFinal();
    error NotWoundDown();
    error SettlementTooEarly(uint64 now, uint64 from);
    error NotSettling(uint256 market);
    error NotFixed(uint256 until);
    error NotCounted(uint256 market);
    error NothingDue(address account);
    error IncidentClosed(uint256 incident);
    error NothingLost(uint256 incident);
    error AlreadySettling(uint64 started);
    error NotChallengeable(uint64 until, uint64 now);
    error WeakerAnchor(uint64 at, uint64 bound);
    error BadAnchor(uint64 at, uint64 bound);
    error UnknownIncident(uint32 id, uint32 count);
    error UnknownLabel(uint8 label, uint8 max);
    error NoIncident(uint32 scope);
    error SignalSpent(uint32 secs, uint64 again);
    error LimitExceeded(uint128 amount, uint128 available, uint64 earliest);
    error AboveCapacity(uint128 amount, uint128 bound);
    error TicketTooFar(uint64 ready, uint64 bound);
    error Requeued(uint64 queueAfter, uint64 now);
    error TicketNotReady(uint64 ready, uint64 now);
    error TicketOnHold(uint64 until, uint64 now);
    error HeldBefore(uint64 until, uint64 now);
    error NotTicketOwner(address who, address owner);
    error UnknownTicket(uint128 id);
    error UnknownBucket(uint256 bucket, uint256 max);
    error MustWait(uint256 act);
    error NoParameter(uint256 scope, uint256 id);
    error TooEarly(uint64 now, uint64 bound);
    error TooLate(uint64 now, uint64 bound);
    error NotProposed(bytes32 hash);
    error NotArmed(bytes32 hash);
    error PastFloor(uint16 id, uint128 value, uint128 bound);
    error OwnRemoval(address who, uint8 act);
    error UnknownProgram(uint256 program, uint256 max);
    error MissingRole(address who, uint8 role);
    error UnknownRole(uint8 role, uint8 bound);
    error ZeroAccount(address who, uint8 role);
    error LastGovernance(address who, uint32 bound);

    error UnknownClasses(uint8 classes, uint8 known);
    error NoClasses(uint8 classes, uint8 known);
    error InflowWithoutLiquidate(uint8 classes, uint8 required);
    error NotGuardian(address who, uint32 scope);
    error AlreadyUsed(address who, uint32 scope);
    error HeartbeatLapsed(uint64 until, uint64 now);
    error EndNotLater(uint64 until, uint64 current);
    error EndTooLate(uint64 until, uint64 bound);
    error CoolingDown(uint64 until, uint64 now);
    error NotPaused(uint64 until, uint64 now);
    error OwnIncident(address who, uint32 incident);
    error IncidentTooYoung(uint64 age, uint64 bound);
    error ZeroGuardian(address guardian, uint32 scope);
    error DurationTooShort(uint64 value, uint64 bound);
    error DurationTooLong(uint64 value, uint64 bound);
    error BatchSize(uint64 length, uint64 bound);

    error NotConfigured(uint32 market);
    error OutOfBounds(uint8 field, uint256 value, uint256 min, uint256 max);
    error ZeroFeed(uint8 feed);
    error RepeatedFeed(uint8 feed, uint8 first);
    error AnchorOnlyChecks(uint8 kind);
    error WrongDecimals(uint8 feed, uint8 reported, uint8 configured);
    error FeedGas(uint256 left, uint256 needed);
    error StalePrice(uint256 age, uint256 max);
    error InvalidPrice(uint8 feed, uint8 fault);
    error PriceInDoubt(uint32 deviationBps, uint32 boundBps);
    error UnknownFeed(uint8 feed, uint8 count);
    error NoQuorum(uint8 valid, uint8 needed);
    error SequencerDown(uint256 since, uint256 until);
    error SequencerUnknown(uint8 fault);
    error NotQuoted(uint8 class);

    error ZeroAmount();
    error AmountTooLarge(uint256 value, uint256 max);
    error InsufficientFree(uint256 needed, uint256 free);
    error InsufficientShares(uint256 needed, uint256 held);
    error MarginBelowInitial(uint128 margin, uint128 needed);
    error MarginBelowLeast(uint128 margin, uint128 bound);
    error MarketTerm(uint8 term, uint128 value, uint128 bound);
    error PositionAboveCap(uint128 notional, uint128 bound);
    error ProfitWarming(uint128 amount, uint128 available);
    error PositionExists(uint256 size);
    error NoPosition();
    error SizeAbovePosition(uint256 size, uint256 held);
    error LimitPrice(uint256 price, uint256 limit);
    error InterestAboveCap(uint128 interest, uint128 bound);
    error LiquidityInUse(uint256 assets, uint256 needed);
    error Healthy(uint256 equity, uint256 threshold);
    error DeleveragingNotDue(uint256 profit, uint256 bound);
    error LossAboveMargin(uint256 loss, uint256 margin);
    error PositionNotAlone(uint32 leg, uint128 equity, uint128 needed);
    error TooManyLegs(uint256 legs, uint256 max);
    error TermOutOfBounds(uint256 term, uint256 value, uint256 bound);
    error StakeClosed(uint256 exposure, uint64 until);
    error NoRequest(uint64 until, uint64 now);
    error RequestCoolingDown(uint64 ready, uint64 now);
    error BelowFundFloor(uint256 amount, uint256 available);
    error FundParameter(uint8 id, uint256 value, uint256 bound);
    error TokenCallFailed(address token, bytes4 selector);
    error TokenShortTransfer(uint256 asked, uint256 moved);
    error TokenWithoutCode(address token);
    error DecimalsOutOfBounds(uint256 decimals, uint256 max);
    error ZeroAddress(uint256 argument);
    error TooManyMarkets(uint256 markets, uint256 max);
    error UnknownClass(uint256 class, uint256 max);
    error InvalidLength(uint256 length, uint256 expected);
    error AlreadyInitialised();
    error ProgramFailed(uint256 program);

    function mint(address to, uint256 amount);
    function approve(address spender, uint256 amount) returns (bool);
    function transfer(address to, uint256 amount) returns (bool);
    function balanceOf(address who) returns (uint256 amount);
    function setFailing(bool failing);
    function setLying(bool lying);
    function setFee(uint256 bps);
    function arm(address target, bytes payload, bool onTransfer, bool onTransferFrom);
    function calls() returns (uint256 count);
    function lastOk() returns (bool ok);

    function updateAnswer(int256 answer);
    function updateRoundData(uint80 roundId, int256 answer, uint256 timestamp, uint256 startedAt);
    function setRound(uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn);
    function set(uint8 mode, uint256 size);
    function setReply(bytes reply);
    function setTarget(address target, bytes payload);
    function tryCall(address target, bytes data, uint256 gasLimit) returns (bool ok, bytes returned, uint256 gasUsed);
    function callThenRevert(address target, bytes data);
    function batch(address[] targets, bytes[] datas) returns (bytes[] returned);
}

/// The parameter table, whose `set` has another shape.
pub mod table {
    #![allow(missing_docs)]
    alloy_sol_types::sol! {
        function set(uint32 scope, uint16 id, uint128 value);
    }
}

/// The sequencer's feed, whose `set` has another shape.
pub mod sequencer {
    #![allow(missing_docs)]
    alloy_sol_types::sol! {
        function set(int256 answer, uint256 startedAt);
    }
}
