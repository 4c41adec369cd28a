//! The entries of the programs by their ABI, and the arguments with which a thief would try each.

use super::*;
use crate::{abi::table::setCall as Set, ALICE, WAD};
use alloy_primitives::B256;
use std::collections::BTreeSet;

/// The functions of a program: signature, and whether it may write.
pub fn entries(program: &str) -> Vec<(String, bool)> {
    let path = format!("{}/../contracts/{program}/abi.sol", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let functions = source.lines().filter_map(|line| line.trim().strip_prefix("function "));
    let parsed: Vec<_> = functions
        .map(|line| {
            let (name, rest) = line.split_once('(').expect("parameters");
            let (parameters, rest) = rest.split_once(')').expect("their end");
            let kinds: Vec<_> = parameters.split(',').filter_map(|one| one.split_whitespace().next()).collect();
            let head = rest.split("returns").next().unwrap_or(rest);
            (format!("{name}({})", kinds.join(",")), !head.contains(" view") && !head.contains(" pure"))
        })
        .collect();
    assert!(!parsed.is_empty(), "{path} has no function");
    parsed
}

/// The functions of programs that may write.
pub fn writing(programs: &[&str]) -> BTreeSet<String> {
    let all = programs.iter().flat_map(|program| entries(program));
    all.filter(|(_, writes)| *writes).map(|(signature, _)| signature).collect()
}

/// A call of an entry with arguments that a thief might try.
pub struct Case {
    /// The entry.
    pub signature: &'static str,
    /// The input.
    pub data: Vec<u8>,
}

/// One call of an entry.
pub fn case<C: SolCall>(call: &C) -> Case {
    Case { signature: C::SIGNATURE, data: call.abi_encode() }
}

/// Some calls of an entry.
pub fn cases<C: SolCall>(calls: impl IntoIterator<Item = C>) -> Vec<Case> {
    calls.into_iter().map(|call| case(&call)).collect()
}

/// What waits in the queue, and what is approved, when the key is stolen.
pub fn pending() -> [Vec<U256>; 4] {
    [
        change::parameter(1, 0x0500, 900),
        change::grant(MALLORY, 0),
        change::upgrade(1, MALLORY),
        change::playbook(1, 1, false, &change::batch(&[change::parameter(1, 0x0500, 800)])),
    ]
}

/// A batch that is approved, and tightens.
pub fn approved() -> Vec<U256> {
    change::batch(&[change::parameter(1, 0x0509, 5_000)])
}

/// Rows as adversaries would like them: bounds, floors and a step either way, in every scope.
fn wishes(before: &Values) -> Vec<(u32, u16, u128)> {
    let of_row = |row: Row| {
        let values = move |from: u128| BTreeSet::from([row.min, row.max, row.floor, from.saturating_sub(1), from + 1]);
        let scopes = row.scopes().iter().copied().filter(move |scope| *scope < 2 || row.scopes()[0] == *scope);
        scopes.flat_map(move |scope| {
            values(before[&(scope, row.id)]).into_iter().map(move |value| (scope, row.id, value))
        })
    };
    rows().into_iter().flat_map(of_row).collect()
}

/// Every entry with several sets of arguments; `now` is the clock, `id` the number of somebody's ticket.
pub fn walk(now: u64, id: u128, before: &Values) -> Vec<Case> {
    const FAR: u64 = u64::MAX;
    let (one, most, zero) = (U256::from(1), U256::MAX, U256::ZERO);
    let wishes = wishes(before);
    let anyone = [GOVERNANCE, COUNCIL, PAUSER, SECOND, WARDEN, STEWARD, SENTINEL, MALLORY, Address::ZERO];
    let roles: Vec<_> = anyone.iter().flat_map(|who| [0, 1, 2, 3, 4, 5, 255].map(|role| (*who, role))).collect();
    let scopes = [0, 1, 2, 3, u32::MAX];
    let ends = [0, now, now + 1, now + 3 * DAY - 600, now + 14 * DAY - 600, now + 14 * DAY, FAR];
    let words = || {
        let mut all = Vec::from(pending());
        all.extend(wishes.iter().map(|(scope, id, value)| change::parameter(*scope, *id, *value)).take(20));
        all.extend(anyone.map(|who| change::revoke(who, 2)));
        all.extend([0, 1].map(|scope| change::guardian(MALLORY, scope, 14 * DAY as u32)));
        all.extend([
            vec![],
            vec![zero],
            vec![most],
            change::upgrade(0, MALLORY),
            change::escrow(U256::from(id), MALLORY),
            change::harbour(5_000, most, one),
        ]);
        all.extend([0, 1, 2].iter().flat_map(|&scope| [1, 2, 3, 4, 5].map(|id| change::decision(id, scope))));
        all
    };
    let sizes = || [zero, one, U256::from(WAD), most].into_iter().flat_map(move |size| [(size, one), (size, most)]);
    let classes = [0, 1, 0b111, 0b1_0010, 0b1_1111, 0xff];
    let groups = [
        cases(scopes.iter().flat_map(|&market| {
            sizes().map(move |(size, margin)| openCall { market, isLong: size == most, size, margin, limitPrice: zero })
        })),
        cases(sizes().map(|(size, margin)| increaseCall { market: 1, size, margin, limitPrice: zero })),
        cases(sizes().map(|(size, _)| reduceCall { market: 1, size, limitPrice: zero })),
        cases(scopes.map(|market| closeCall { market, limitPrice: zero })),
        cases(scopes.iter().flat_map(|&market| anyone.map(|account| liquidateCall { market, account }))),
        cases([0, 1, 255].iter().flat_map(|&domain| [true, false].map(|on| crossMarginCall { domain, on }))),
        cases([zero, one, U256::from(1_000_000_000u64), most].map(|amount| depositCall { amount })),
        cases([zero, one, U256::from(1_000_000_000u64), most].map(|amount| withdrawCall { amount })),
        cases([one, most].map(|amount| topUpCall { market: 1, amount })),
        cases([zero, one, U256::from(1_000_000_000u64), most].map(|amount| provideCall { amount })),
        cases([zero, one, U256::from(1_000_000u64), most].map(|shares| removeCall { shares })),
        cases([vec![], vec![id], vec![id; 65], vec![0, u128::MAX]].map(|ids| claimTicketsCall { ids })),
        cases([0, id, u128::MAX].map(|id| cancelTicketCall { id })),
        cases(ends.iter().flat_map(|&until| [0, id, u128::MAX].map(|id| holdTicketCall { id, until }))),
        cases([0, 1, 2, 16, 17, 18, 25, u32::MAX].map(|bucket| rebaseCall { bucket })),
        cases(scopes.map(|market| pokeCall { market })),
        cases(scopes.iter().flat_map(|&scope| [0, 1, 3_600, 86_400, u32::MAX].map(|secs| signalCall { scope, secs }))),
        cases(scopes.iter().flat_map(|&market| {
            [(0, now + 3 * DAY), (1, now + 3 * DAY), (0, FAR), (255, now + 1)].map(|(feed, until)| quarantineCall {
                market,
                feed,
                until,
            })
        })),
        cases([0, 1, 255].map(|feed| releaseCall { market: 1, feed })),
        cases(classes.iter().flat_map(|&classes| {
            [vec![1], vec![0], vec![0, 1, 2], vec![], vec![u32::MAX]].map(|scopes| pauseCall {
                scopes,
                classes,
                reason: 1,
            })
        })),
        cases(scopes.iter().flat_map(|&scope| ends.map(|until| extendCall { scope, until }))),
        cases(scopes.map(|scope| unpauseCall { scope })),
        cases([heartbeatCall {}]),
        cases(anyone.iter().flat_map(|&guardian| {
            [(0, 0), (1, 0), (1, 300), (0, u32::MAX)].map(|(scope, max)| setGuardianCall {
                guardian,
                scope,
                maxDuration: max,
            })
        })),
        cases(roles.iter().map(|&(account, role)| grantRoleCall { account, role })),
        cases(roles.iter().map(|&(account, role)| revokeRoleCall { account, role })),
        cases(wishes.iter().map(|&(scope, id, value)| Set { scope, id, value })),
        cases(wishes.iter().map(|&(scope, id, value)| overlayCall { scope, id, value, secs: 3 * DAY })),
        cases([0, 1, FAR].map(|secs| overlayCall { scope: 1, id: 0x0500, value: 5_000, secs })),
        cases(words().into_iter().map(|words| proposeCall { words })),
        cases(words().into_iter().map(|words| executeCall { words })),
        cases(words().into_iter().map(|words| cancelCall { words })),
        cases([vec![], vec![most], approved(), change::batch(&pending())].map(|batch| playbookCall { batch })),
        cases([B256::ZERO, hash(&approved())].map(|hash| retireCall { hash })),
        cases(
            [0, 1, 2, u32::MAX].iter().flat_map(|&incident| [0, 1, 2, 255].map(|label| labelCall { incident, label })),
        ),
        cases(scopes.iter().flat_map(|&market| [0, 31, 32, FAR].map(|hour| proposePriceCall { market, hour }))),
        cases(scopes.iter().flat_map(|&market| [0, 31, 32, FAR].map(|hour| challengePriceCall { market, hour }))),
        cases(scopes.iter().flat_map(|&market| anyone.map(|account| settleAccountCall { account, market }))),
        cases(anyone.map(|account| settleSharesCall { account })),
        cases(anyone.map(|account| settleStakeCall { account })),
        cases([divideCall {}]),
        cases(
            [0, 1, 2, u32::MAX]
                .iter()
                .flat_map(|&incident| [one, most].map(|amount| giveBackCall { incident, amount })),
        ),
        cases([followCall {}]),
        cases(scopes.map(|market| deleverageCall { market })),
        cases(scopes.iter().flat_map(|&market| anyone.map(|account| settleCall { market, account }))),
        cases([0, 1, 1_000_000, u128::MAX].map(|amount| repayCall { market: 1, amount })),
        cases(scopes.map(|market| releaseResidueCall { market })),
        cases([0, 1, u32::MAX].iter().flat_map(|&epoch| {
            [ALICE, MALLORY, Address::ZERO].map(|account| takeClaimCall { market: 1, account, epoch })
        })),
        cases([zero, one, U256::from(1_000_000_000u64), most].map(|amount| stakeCall { amount })),
        cases([zero, one, U256::from(1_000), most].map(|shares| requestRedeemCall { shares })),
        cases([cancelRedeemCall {}]),
        cases([zero, one, most].map(|shares| redeemCall { shares })),
        cases(anyone.map(|account| collectHeldCall { account })),
        cases([MALLORY, Address::ZERO].map(|to| initialiseCall {
            collateral: to,
            governance: to,
            council: to,
            pauser: to,
            pauseSecs: 86_400,
            floor: 1,
        })),
    ];
    groups.into_iter().flatten().collect()
}

/// What words are known by.
pub fn hash(words: &[U256]) -> B256 {
    alloy_primitives::keccak256(words.iter().flat_map(|word| word.to_be_bytes::<32>()).collect::<Vec<u8>>())
}
