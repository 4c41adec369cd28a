// What cargo-stylus does to bring a program onto a chain, without what it repairs: the bytes go as they are.
import { brotliCompressSync, constants } from 'node:zlib';
import { concat, encodeFunctionData, parseAbi, size, toHex } from 'viem';
import { node, people, submit } from './chain.mjs';

export const ARB_WASM = '0x0000000000000000000000000000000000000071';
export const arbWasm = parseAbi([
  'function activateProgram(address program) payable returns (uint16 version, uint256 dataFee)',
  'function programVersion(address program) view returns (uint16)',
  'function stylusVersion() view returns (uint16)',
  'error ProgramNotWasm()',
  'error ProgramNotActivated()',
  'error ProgramNeedsUpgrade(uint16 version, uint16 stylusVersion)',
  'error ProgramExpired(uint64 ageInSeconds)',
  'error ProgramUpToDate()',
  'error ProgramKeepaliveTooSoon(uint64 ageInSeconds)',
  'error ProgramInsufficientValue(uint256 have, uint256 want)',
]);
export const ETHER = 10n ** 18n;

const PROGRAM = '0xeff00000';
const FRAGMENT = '0xeff001';
const ROOT = '0xeff00200';
/** Bytes of code that an account holds. */
export const MAX_CODE = 24_576;

const compressed = (wasm) =>
  brotliCompressSync(wasm, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 },
  });

/** The code of an account that holds a whole program. */
export const whole = (wasm) => concat([PROGRAM, toHex(compressed(wasm))]);

/** The codes of the accounts that hold a program in pieces. */
export function pieces(wasm) {
  const bytes = compressed(wasm);
  const most = MAX_CODE - size(FRAGMENT);
  const count = Math.ceil(bytes.length / most);
  return Array.from({ length: count }, (_, at) => concat([FRAGMENT, toHex(bytes.subarray(at * most, (at + 1) * most))]));
}

/** The code of the account that names the pieces. */
export const root = (wasm, addresses) => concat([ROOT, toHex(wasm.length, { size: 4 }), ...addresses]);

/** The receipt of a transaction that creates an account with exactly this code. */
export function place(code) {
  // Copies what follows these 43 bytes into memory and returns it.
  const data = concat(['0x7f', toHex(size(code), { size: 32 }), '0x80602b6000396000f300', code]);
  return submit(people.DEPLOYER, { data, gas: 20_000_000n });
}

/** The receipt of an activation, whatever became of it, and what the node says of the same call. */
export async function activate(program, value) {
  const data = encodeFunctionData({ abi: arbWasm, functionName: 'activateProgram', args: [program] });
  const call = { account: people.DEPLOYER.address, to: ARB_WASM, data, value };
  const said = await node.call(call).then(
    () => null,
    (error) => error,
  );
  return { said, receipt: await submit(people.DEPLOYER, { to: ARB_WASM, data, value, gas: 25_000_000n }) };
}
