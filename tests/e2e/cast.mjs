// cast: calls, transactions, logs, traces, and every typed error of the shipped ABI.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { given, holds, ok, people, shipped } from './chain.mjs';
import { PROVOKED } from './provoked.mjs';

const protocol = given('FUSEBOX_PROTOCOL');
const abi = shipped();
const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };
const env = { ...process.env, ETH_RPC_URL: given('FUSEBOX_RPC'), HOME: given('E2E_FOLDER'), NO_COLOR: '1' };

/** What cast prints. */
function cast(...words) {
  return execFileSync(given('CAST'), words.map(String), { ...options, env }).trim();
}

/** What cast says where it fails. */
function failing(...words) {
  try {
    cast(...words);
  } catch (error) {
    return String(error.stderr);
  }
  throw new Error(`cast ${words.join(' ')} did not fail`);
}

const key = (name) => ['--private-key', readFileSync(given(`${name}_KEY_FILE`), 'utf8').trim()];
const types = (inputs) => `(${inputs.map((input) => input.type).join(',')})`;
const entry = (type, name) => abi.find((item) => item.type === type && item.name === name);

/** The signature of a function with what it returns. */
function signature(name) {
  const { inputs, outputs } = entry('function', name);
  return `${name}${types(inputs)}${types(outputs)}`;
}

ok(`${cast('--version').split('\n')[0]} at block ${cast('block-number')}, chain ${cast('chain-id')}`);

const [price, tier] = cast('call', protocol, signature('price'), 1, 0).split('\n');
holds(price.startsWith('2000000000000000000000 '), `call: the price is ${price}`);
holds(tier === '0', `call: the tier is ${tier}`);
ok(`call: market 1 stands at ${price}`);

const code = cast('code', protocol);
// Whole, or the root of one in fragments.
holds(/^0xeff00[02]00/.test(code), `the code is no Stylus program: ${code.slice(0, 10)}`);
holds(Number(cast('codesize', protocol)) === code.length / 2 - 1, 'code and codesize do not agree');
const word = cast('storage', protocol, 0);
holds(/^0x[0-9a-f]{64}$/.test(word), `storage: ${word}`);
ok(`code, codesize, storage: ${code.startsWith('0xeff002') ? 'the root of a Stylus program in fragments' : 'a Stylus program'}, ${code.length / 2 - 1} bytes`);

const token = given('TOKEN');
cast('send', token, 'mint(address,uint256)', people.KEEPER.address, 5_000_000, ...key('KEEPER'));
cast('send', token, 'approve(address,uint256)', protocol, 5_000_000, ...key('KEEPER'));
const estimate = Number(cast('estimate', protocol, 'deposit(uint256)', 5_000_000, '--from', people.KEEPER.address));
const receipt = JSON.parse(cast('send', protocol, 'deposit(uint256)', 5_000_000, '--json', ...key('KEEPER')));
holds(receipt.status === '0x1', 'send: the deposit reverted');
holds(Number(receipt.gasUsed) <= estimate, `estimate: ${estimate} gas for ${Number(receipt.gasUsed)}`);
const [free] = cast('call', protocol, signature('account'), people.KEEPER.address).split('\n');
holds(free.startsWith('5000000'), `send: free collateral is ${free}`);
ok(`send: a deposit for ${Number(receipt.gasUsed)} gas, estimated at ${estimate}`);

const deposited = entry('event', 'Deposited');
const logs = JSON.parse(
  cast('logs', `Deposited(address indexed,uint256)`, people.KEEPER.address, '--address', protocol, '--from-block', 0, '--json'),
);
holds(logs.length === 1 && logs[0].transactionHash === receipt.transactionHash, `logs: ${logs.length} found`);
const [amount] = cast('decode-event', '--sig', `Deposited${types(deposited.inputs.filter((input) => !input.indexed))}`, logs[0].data).split('\n');
holds(amount.startsWith('5000000'), `logs: the amount is ${amount}`);
ok('logs: the deposit, found by its event and its account');

const trace = JSON.parse(cast('rpc', 'debug_traceTransaction', receipt.transactionHash, '{"tracer":"callTracer"}'));
const every = (call) => [call, ...(call.calls ?? []).flatMap(every)];
holds(every(trace).some((call) => call.to === token.toLowerCase() && call.type === 'CALL'), 'the trace has no call of the token');
holds(every(trace).some((call) => call.type === 'DELEGATECALL'), 'the trace has no call of another program');
ok(`trace: ${every(trace).length} calls, through programs to the token`);

const failed = failing('send', protocol, 'deposit(uint256)', 1, ...key('DEPLOYER'));
holds(/revert/i.test(failed), `send: a deposit without an allowance fails with ${failed}`);
ok('send: what would revert is not sent');

const errors = abi.filter((item) => item.type === 'error');
const SAMPLES = { address: people.KEEPER.address, bytes4: '0x12345678', bytes32: `0x${'5a'.repeat(32)}` };
for (const { name, inputs } of errors) {
  const values = inputs.map(({ type }, at) => SAMPLES[type] ?? String(at + 1));
  const data = cast('calldata', `${name}${types(inputs)}`, ...values);
  const decoded = decode(name, inputs, data);
  holds(JSON.stringify(decoded) === JSON.stringify(values), `decode-error: ${name} gives ${decoded.join(', ')}`);
}
ok(`decode-error: each of the ${errors.length} typed errors of the shipped ABI, from a sample`);

/** The values of an error, as cast decodes them. */
function decode(name, inputs, data) {
  const lines = inputs.length === 0 ? '' : cast('decode-error', '--sig', `${name}${types(inputs)}`, data);
  return lines === '' ? [] : lines.split('\n').map((line) => line.split(' ')[0]);
}

const selectors = new Map(errors.map((error) => [cast('sig', `${error.name}${types(error.inputs)}`), error]));
holds(selectors.size === errors.length, 'two errors share a selector');
for (const [expected, who, name, ...args] of PROVOKED) {
  const words = args.map((word) => String(word).replace(/^@/, '')).map((word) => people[word]?.address ?? word);
  const said = failing('call', protocol, signature(name), ...words, '--from', people[who].address);
  const data = said.match(/0x[0-9a-f]{8}(?:[0-9a-f]{64})*/)?.[0] ?? '';
  const error = selectors.get(data.slice(0, 10));
  holds(error?.name === expected, `${name}(${args.join(', ')}) is refused with ${error?.name ?? said}, not ${expected}`);
  holds(decode(error.name, error.inputs, data).length === error.inputs.length, `${expected} is not decoded whole`);
}
ok(`call: ${PROVOKED.length} typed errors that the protocol itself answers with, decoded`);
