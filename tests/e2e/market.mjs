// A market, guardians and liquidity for a protocol that has just been deployed.
import { ask, call, freshen, given, holds, ok, people, shipped, solidity, wait } from './chain.mjs';
import { guardian, list, listing } from './words.mjs';

const WEEK = 7 * 86_400;
const UNIT = 1_000_000n;
const abi = shipped();
const token = solidity('TestToken').abi;

/** Governance proposes changes, the longest delay passes, anybody carries them out. */
async function govern(protocol, changes) {
  for (const words of changes) await call(people.GOVERNANCE, protocol, abi, 'propose', [words]);
  await wait(WEEK);
  for (const words of changes) await call(people.KEEPER, protocol, abi, 'execute', [words]);
}

/** A user with tokens in the protocol. */
async function fund(user, protocol, amount) {
  await call(user, given('TOKEN'), token, 'mint', [user.address, amount]);
  await call(user, given('TOKEN'), token, 'approve', [protocol, 2n ** 256n - 1n]);
  await call(user, protocol, abi, 'deposit', [amount]);
}

for (const [name, pauser] of [['FUSEBOX_PROTOCOL', people.GUARDIAN.address], ['SAFE_PROTOCOL', given('SAFE_GUARDIAN')]]) {
  const protocol = given(name);
  await freshen();
  const words = listing(10n * UNIT, [given('ANCHOR'), given('SECOND')]);
  await govern(protocol, [list(words), guardian(pauser, 1, 86_400)]);
  await fund(people.PROVIDER, protocol, 2_000_000n * UNIT);
  await call(people.PROVIDER, protocol, abi, 'provide', [1_000_000n * UNIT]);
  await fund(people.TRADER, protocol, 100_000n * UNIT);
  const [price] = await ask(protocol, abi, 'price', [1, 0]);
  holds(price > 0n, 'the market has no price');
  ok(`a market of ${protocol}, listed by proposal after a week, with a guardian and a million in its pool`);
}
