// viem with the shipped ABI: reads, a transaction, events over WebSocket, typed errors, overrides, traces, snapshots.
import { createPublicClient, createTestClient, getContract, http, parseEventLogs, webSocket } from 'viem';
import { call, chain, given, holds, node, ok, people, refusal, shipped, wallet } from './chain.mjs';

const abi = shipped();
const address = given('FUSEBOX_PROTOCOL');
const protocol = getContract({ address, abi, client: { public: node, wallet } });

const [price, tier, grace] = await protocol.read.price([1, 0]);
holds(price === 2_000n * 10n ** 18n && tier === 0 && grace === false, `the price is ${price}, tier ${tier}, grace ${grace}`);
const panel = await protocol.read.panel();
holds(panel.length > 3, `the panel has ${panel.length} words`);
ok(`reads: price, panel of ${panel.length} words`);

const socket = createPublicClient({ chain, transport: webSocket(given('FUSEBOX_WS')) });
const heard = [];
const blocks = [];
const unwatch = [
  socket.watchContractEvent({ address, abi, eventName: 'Heartbeat', onLogs: (logs) => heard.push(...logs) }),
  socket.watchBlockNumber({ onBlockNumber: (number) => blocks.push(number) }),
];
await new Promise((resolve) => setTimeout(resolve, 500)); // until both subscriptions stand
const beat = await call(people.GUARDIAN, address, abi, 'heartbeat');
for (let tries = 0; tries < 50 && (heard.length === 0 || blocks.length === 0); tries += 1) {
  await new Promise((resolve) => setTimeout(resolve, 100));
}
unwatch.forEach((stop) => stop());
holds(heard.length === 1 && heard[0].args.guardian === people.GUARDIAN.address, `heard ${heard.length} heartbeats`);
holds(blocks.includes(beat.blockNumber), 'no new block was announced');
ok(`WebSocket: a heartbeat and its block ${beat.blockNumber} arrive without asking`);

const [event] = parseEventLogs({ abi, logs: beat.logs, eventName: 'Heartbeat' });
const found = await protocol.getEvents.Heartbeat({ guardian: people.GUARDIAN.address }, { fromBlock: beat.blockNumber });
holds(found.length === 1 && found[0].args.until === event.args.until, 'the event is not found by its filter');
ok('events: parsed from the receipt, and found by a filter');

const why = await refusal(people.TRADER, address, abi, 'pause', [[], 1, 0]);
holds(why === 'BatchSize', `an empty batch is refused with ${why}`);
const missing = await refusal(people.TRADER, address, abi, 'unpause', [1]);
holds(missing === 'MissingRole', `an unpause by a trader is refused with ${missing}`);
ok(`typed errors: ${why}, ${missing}`);

const poor = '0x00000000000000000000000000000000000000aa';
const order = { address, abi, functionName: 'heartbeat', account: poor };
const gas = await node.estimateContractGas({ ...order, account: people.GUARDIAN.address });
const rich = await node.call({ account: poor, to: people.KEEPER.address, value: 10n ** 24n, stateOverride: [{ address: poor, balance: 10n ** 25n }] });
holds(rich.data === undefined && gas > 21_000n, `a transfer under an override answers ${rich.data}`);
const code = await node.call({ to: poor, stateOverride: [{ address: poor, code: '0x600160005260206000f3' }] });
holds(BigInt(code.data) === 1n, `code under an override answers ${code.data}`);
ok('overrides: of a balance and of code, for one call');

const traced = await node.request({ method: 'debug_traceTransaction', params: [beat.transactionHash, { tracer: 'callTracer' }] });
holds(traced.to === address.toLowerCase() && traced.calls?.length > 0, 'the trace has no calls');
const hosts = await node.request({ method: 'debug_traceTransaction', params: [beat.transactionHash, { tracer: 'stylusTracer' }] });
const nested = (steps) => steps.flatMap((step) => [step, ...nested(step.steps ?? [])]);
const names = new Set(nested(hosts).map((step) => step.name));
holds(names.has('read_args') && names.has('delegate_call_contract'), `the host calls are ${[...names].join(', ')}`);
ok(`traces: ${traced.calls.length} call below the first, ${nested(hosts).length} host calls of ${names.size} kinds`);

const clock = createTestClient({ chain, transport: http(given('FUSEBOX_RPC')), mode: 'anvil' });
const before = await node.getBlock();
const id = await clock.snapshot();
await clock.increaseTime({ seconds: 3_600 });
await clock.mine({ blocks: 1 });
const later = await node.getBlock();
await clock.revert({ id });
const after = await node.getBlock();
holds(later.timestamp >= before.timestamp + 3_600n && after.hash === before.hash, 'the snapshot does not come back');
ok('snapshot, an hour forward, and back to the same block');
process.exit(0); // the socket would keep the process
