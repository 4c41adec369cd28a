// A guardian and a council that are Safes: two of three signatures pause and unpause, one does not.
import { encodeFunctionData, getAddress, parseEventLogs } from 'viem';
import { ask, call, given, holds, ok, people, refusal, send, shipped, submit, wait } from './chain.mjs';
import { COUNCILLORS, GUARDIANS, safeAbi, signed, written } from './safes.mjs';

const abi = shipped();
const protocol = getAddress(given('SAFE_PROTOCOL'));
const [guardian, council] = [given('SAFE_GUARDIAN'), given('SAFE_COUNCIL')];
const MARKET = 1;
const INCREASE = 0; // a class of action, and bit 0 of a mask
const REASON = 7;
const PAUSE = [[MARKET], 1 << INCREASE, REASON];
const ORDER = [MARKET, true, 10n ** 17n, 50_000_000n, 0n];

/** The event of the protocol with this name in a receipt. */
function event(receipt, eventName) {
  const own = receipt.logs.filter((log) => log.address.toLowerCase() === protocol.toLowerCase());
  const [found] = parseEventLogs({ abi, logs: own, eventName });
  holds(found, `there is no event ${eventName} in ${receipt.transactionHash}`);
  return found.args;
}

/** The receipt of a call by a Safe, sent by somebody who owns nothing of it. */
async function by(safe, signers, data) {
  // Named, since an estimate of what will revert is an error.
  return submit(people.KEEPER, { ...(await signed(safe, signers, protocol, data)), gas: 2_000_000n });
}

const isStopped = async () => (await refusal(people.TRADER, protocol, abi, 'check', [MARKET, INCREASE])) === 'Stopped';

const pause = written(guardian, protocol, 'pause', String(MARKET), '--classes', 'increase', '--reason', String(REASON));
holds(pause === encodeFunctionData({ abi, functionName: 'pause', args: PAUSE }), `the file pauses something else: ${pause}`);
ok('the file that `fusebox pause --safe` writes says what its data does');

const single = await by(guardian, GUARDIANS.slice(0, 1), pause);
holds(single.status === 'reverted' && !(await isStopped()), 'one signature paused');
ok('one signature of three pauses nothing');

const paused = await by(guardian, GUARDIANS.slice(0, 2), pause);
holds(event(paused, 'Paused').by === guardian, 'another paused');
const [success] = parseEventLogs({ abi: safeAbi, logs: paused.logs, eventName: 'ExecutionSuccess' });
holds(success && (await isStopped()), 'nothing is paused');
ok(`two of three signatures pause market ${MARKET}: ${paused.gasUsed} gas`);

const refused = await refusal(people.TRADER, protocol, abi, 'open', ORDER);
holds(refused === 'Stopped', `an opening while paused is refused with ${refused}`);
ok('an opening is refused with Stopped');

const early = await by(council, COUNCILLORS.slice(0, 2), encodeFunctionData({ abi, functionName: 'unpause', args: [MARKET] }));
holds(early.status === 'reverted' && (await isStopped()), 'the council unpaused within the first ten minutes');
const why = await refusal({ address: council }, protocol, abi, 'unpause', [MARKET]);
holds(why === 'IncidentTooYoung', `the council is refused with ${why}`);
ok(`the council cannot unpause in the first ten minutes: ${why}`);

await wait(601);
const back = await by(council, COUNCILLORS.slice(1, 3), written(council, protocol, 'unpause', String(MARKET)));
holds(event(back, 'Unpaused').by === council && !(await isStopped()), 'nothing was unpaused');
ok(`two of the council's three unpause: ${back.gasUsed} gas`);

await call(people.TRADER, protocol, abi, 'open', ORDER);
const [isLong, size] = await ask(protocol, abi, 'position', [people.TRADER.address, MARKET]);
holds(isLong && size === ORDER[2], 'the position is not there');
ok('the opening that was refused passes');

const spent = await refusal({ address: guardian }, protocol, abi, 'pause', PAUSE);
holds(spent === 'AlreadyUsed', `a pause that is used up is refused with ${spent}`);
ok(`the same guardian cannot pause again before it is armed anew: ${spent}`);
