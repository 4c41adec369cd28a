// The node under test, who acts on it, and how a script says what it has done.
//
// A script prints `ok TEXT` for every step that held and `fact NAME VALUE` for what later scripts need; it ends with an
// error, and so with a code other than 0, at the first step that did not hold.
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { createPublicClient, createTestClient, createWalletClient, defineChain, encodeDeployData, http, toHex } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';

// The phrase that development tools share; its keys are public.
const PHRASE = 'test test test test test test test test test test test junk';
const PEOPLE = ['DEPLOYER', 'GOVERNANCE', 'COUNCIL', 'GUARDIAN', 'KEEPER', 'NEW_GUARDIAN', 'TRADER', 'PROVIDER'];

/** The value of a variable that `cargo xtask e2e` sets. */
export function given(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: these scripts are started by cargo xtask e2e`);
  return value;
}

/** Accounts by what they do; the node funds them. */
export const people = Object.fromEntries(
  PEOPLE.map((name, index) => [name, mnemonicToAccount(PHRASE, { addressIndex: index })]),
);

/** An account that the node does not fund. */
export const stranger = (index) => mnemonicToAccount(PHRASE, { addressIndex: 100 + index });

const transport = http(given('FUSEBOX_RPC'), { retryCount: 0, timeout: 60_000 });
const unnamed = createPublicClient({ transport });
export const chain = defineChain({
  id: await unnamed.getChainId(),
  name: 'devnet',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [given('FUSEBOX_RPC')] } },
});

export const node = createPublicClient({ chain, transport, pollingInterval: 50 });
export const wallet = createWalletClient({ chain, transport });
const clock = createTestClient({ chain, transport, mode: 'anvil' });

/** Writes the keys where the operator's commands expect them: one file each, for its owner only. */
export function writeKeys(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of PEOPLE) {
    const file = `${folder}/${name}`;
    writeFileSync(file, `${toHex(people[name].getHdKey().privateKey)}\n`, { mode: 0o600 });
    fact(`${name}_KEY_FILE`, file);
    fact(name, people[name].address);
  }
}

/** Sends a transaction and waits for it: its receipt, whatever became of it. */
export async function submit(account, transaction) {
  const hash = await wallet.sendTransaction({ account, ...transaction });
  return node.waitForTransactionReceipt({ hash });
}

/** Sends a transaction that has to succeed. */
export async function send(account, transaction) {
  const receipt = await submit(account, transaction);
  if (receipt.status !== 'success') throw new Error(`a transaction reverted: ${receipt.transactionHash}`);
  return receipt;
}

/** Calls a function of a contract in a transaction that has to succeed. */
export async function call(account, address, abi, functionName, args = []) {
  const { request } = await node.simulateContract({ account, address, abi, functionName, args });
  const receipt = await node.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
  if (receipt.status !== 'success') throw new Error(`${functionName} reverted: ${receipt.transactionHash}`);
  return receipt;
}

/** Asks a contract. */
export const ask = (address, abi, functionName, args = []) => node.readContract({ address, abi, functionName, args });

/** The name of the error with which a contract would refuse a call, or `nothing`. */
export async function refusal(account, address, abi, functionName, args = []) {
  try {
    await node.simulateContract({ account: account.address, address, abi, functionName, args });
  } catch (error) {
    const reverted = error.walk?.((cause) => cause.data?.errorName);
    if (reverted) return reverted.data.errorName;
    throw error;
  }
  return 'nothing';
}

/** Deploys compiled Solidity: its address. */
export async function deploy({ abi, bytecode }, args = []) {
  const data = encodeDeployData({ abi, bytecode: bytecode.startsWith('0x') ? bytecode : `0x${bytecode}`, args });
  return (await send(people.DEPLOYER, { data })).contractAddress;
}

/** A JSON file below the workspace. */
export const read = (path) => JSON.parse(readFileSync(`${given('FUSEBOX_ROOT')}/${path}`, 'utf8'));

/** What is compiled from tests/solidity. */
export const solidity = (name) => read('tests/solidity/artifacts.json')[name];

/** The ABI that the project ships. */
export const shipped = () => read('crates/fusebox/abi.json');

/** The price of both feeds, with their 8 decimals. */
export const PRICE = 200_000_000_000n;

/** Both feeds answer anew. */
export async function freshen() {
  const { abi } = solidity('MockV3Aggregator');
  for (const feed of ['ANCHOR', 'SECOND']) {
    await call(people.DEPLOYER, given(feed), abi, 'updateAnswer', [PRICE]);
  }
}

/** Lets seconds pass; the feeds are fresh afterwards. */
export async function wait(seconds) {
  await clock.increaseTime({ seconds });
  await clock.mine({ blocks: 1 });
  await freshen();
}

/** A step held. */
export const ok = (text) => console.log(`ok ${text}`);

/** Something that later scripts need. */
export function fact(name, value) {
  process.env[name] = value;
  console.log(`fact ${name} ${value}`);
}

/** Ends the script where something does not hold. */
export function holds(condition, text) {
  if (!condition) throw new Error(text);
}
