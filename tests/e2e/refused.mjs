// What a chain refuses, submitted as it is: cargo-stylus would repair it or stop before the chain is asked.
import { readFileSync } from 'node:fs';
import { decodeErrorResult, size } from 'viem';
import { given, holds, node, ok, people } from './chain.mjs';
import { ARB_WASM, ETHER, MAX_CODE, activate, arbWasm, pieces, place, root, whole } from './stylus.mjs';

const compiled = (name) => readFileSync(`${given('E2E_FOLDER')}/programs/${name}.wasm`);

/** Puts code on the chain, which never looks at it before it is activated. */
async function placed(code) {
  const receipt = await place(code);
  holds(receipt.status === 'success', `code of ${size(code)} bytes was not taken`);
  holds((await node.getCode({ address: receipt.contractAddress })) === code, 'the code is not what was sent');
  return receipt.contractAddress;
}

/** What the node said, as one line; a revert without data has only its message. */
function line(error) {
  const data = error.walk?.((cause) => typeof cause.data === 'string' && cause.data.length >= 10)?.data;
  if (data) {
    const { errorName, args } = decodeErrorResult({ abi: arbWasm, data });
    return `${errorName}(${(args ?? []).join(', ')})`;
  }
  return error.walk?.((cause) => cause.details)?.details ?? error.details ?? error.shortMessage;
}

/** An activation that must revert, take nothing but gas and leave the program as it was. */
async function refused(what, program, value = ETHER) {
  const before = await node.getBalance({ address: ARB_WASM });
  const { said, receipt } = await activate(program, value);
  holds(said && receipt.status === 'reverted', `${what} was activated`);
  holds((await node.getBalance({ address: ARB_WASM })) === before, `${what}: the fee was kept`);
  const version = node.readContract({ address: ARB_WASM, abi: arbWasm, functionName: 'programVersion', args: [program] });
  const unknown = await version.then(
    () => null,
    (error) => error.walk((cause) => cause.data?.errorName)?.data.errorName,
  );
  holds(unknown === 'ProgramNotActivated', `${what}: its version answers ${unknown}`);
  ok(`${what} is refused: ${line(said)}`);
  return line(said);
}

const fine = await placed(whole(compiled('fine')));
const said = await refused('a fee of 1 wei', fine, 1n);
holds(/^ProgramInsufficientValue\(1, \d+\)$/.test(said), `a fee of 1 wei is answered with ${said}`);
const fee = BigInt(said.match(/, (\d+)\)/)[1]);
holds((await activate(fine, fee - 1n)).receipt.status === 'reverted', 'a wei less than the fee was enough');
const { receipt } = await activate(fine, fee);
holds(receipt.status === 'success', `the same program is not activated for ${fee} wei`);
const { data } = await node.call({ account: people.KEEPER.address, to: fine, data: '0x000001' });
holds(BigInt(data) === 10n, `the program answers ${data}`);
ok(`the same program with the whole fee, ${fee} wei, is activated and runs`);

await refused('what the compiler links by itself', await placed(whole(compiled('raw'))));
await refused('an instruction on floats', await placed(whole(compiled('floats'))));
await refused('a program without user_entrypoint', await placed(whole(compiled('no_entry'))));

const large = compiled('large');
const all = pieces(large);
const addresses = [];
for (const piece of all) addresses.push(await placed(piece));
await refused(`a program of ${all.length} fragments`, await placed(root(large, addresses)));

const code = whole(large).slice(0, 2 + 2 * (MAX_CODE + 1));
const over = await place(code).catch((error) => ({ status: 'reverted', error }));
holds(over.status === 'reverted', `${size(code)} bytes of code were taken`);
ok(`an account with ${size(code)} bytes of code is refused${over.error ? `: ${line(over.error)}` : ''}`);
