// Real Safes, from the artifacts of their npm package: a guardian and a council, each with three owners of which two sign.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { encodeFunctionData, getAddress, zeroAddress } from 'viem';
import { call, chain, deploy, fact, given, holds, node, ok, people, stranger } from './chain.mjs';

const artifact = (path) => {
  const folder = `${given('FUSEBOX_ROOT')}/tests/e2e/node_modules/@safe-global/safe-smart-account/build/artifacts/contracts`;
  return JSON.parse(readFileSync(`${folder}/${path}`, 'utf8'));
};
const SAFE = artifact('Safe.sol/Safe.json');
const FACTORY = artifact('proxies/SafeProxyFactory.sol/SafeProxyFactory.json');

export const safeAbi = SAFE.abi;
export const factoryAbi = FACTORY.abi;

/** The owners of a Safe in the order of their addresses, which is the order of signatures. None of them has ether. */
export const owners = (first) =>
  [0, 1, 2]
    .map((index) => stranger(first + index))
    .sort((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1));

export const GUARDIANS = owners(0);
export const COUNCILLORS = owners(3);

const FIELDS = 'address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce';
const SafeTx = FIELDS.split(',').map((field) => ({ type: field.split(' ')[0], name: field.split(' ')[1] }));

/** The transaction of a Safe that these owners have signed, for anybody to send. */
export async function signed(safe, signers, to, data) {
  const nonce = await node.readContract({ address: safe, abi: safeAbi, functionName: 'nonce' });
  const fixed = { value: 0n, operation: 0, safeTxGas: 0n, baseGas: 0n, gasPrice: 0n, gasToken: zeroAddress };
  const message = { to, data, ...fixed, refundReceiver: zeroAddress, nonce };
  const domain = { chainId: chain.id, verifyingContract: safe };
  const sign = (owner) => owner.signTypedData({ domain, types: { SafeTx }, primaryType: 'SafeTx', message });
  const signatures = (await Promise.all(signers.map(sign))).map((signature) => signature.slice(2)).join('');
  const args = [to, 0n, data, 0, 0n, 0n, 0n, zeroAddress, zeroAddress, `0x${signatures}`];
  return { to: safe, data: encodeFunctionData({ abi: safeAbi, functionName: 'execTransaction', args }) };
}

/** The data that a file for the Transaction Builder comes to, which `fusebox` writes for a Safe. */
export function written(safe, protocol, ...words) {
  const path = `${given('E2E_FOLDER')}/${words[0]}.json`;
  execFileSync(given('FUSEBOX'), [...words, '--protocol', protocol, '--safe', safe, '--out', path], { stdio: 'pipe' });
  const { chainId, meta, transactions } = JSON.parse(readFileSync(path, 'utf8'));
  const [{ to, value, data, contractMethod, contractInputsValues }] = transactions;
  holds(transactions.length === 1 && chainId === String(chain.id) && meta.createdFromSafeAddress === safe, `${path} is of another chain or Safe`);
  holds(to === protocol && value === '0', `${path} calls ${to} with ${value}`);
  // The app builds the data from the method and what would be typed in.
  const item = { type: 'function', stateMutability: 'nonpayable', outputs: [], ...contractMethod };
  const args = item.inputs.map(({ name, type }) => {
    const given = contractInputsValues[name];
    return type.endsWith('[]') ? JSON.parse(given) : given;
  });
  holds(encodeFunctionData({ abi: [item], args }) === data, `${path} does not say what its data does`);
  return data;
}

/** Deploys singleton, factory and the two Safes. */
export async function deploySafes() {
  const singleton = await deploy(SAFE);
  const factory = await deploy(FACTORY);
  const safe = async (holders, salt) => {
    const setup = [holders.map((holder) => holder.address), 2n, zeroAddress, '0x', zeroAddress, zeroAddress, 0n, zeroAddress];
    const initializer = encodeFunctionData({ abi: safeAbi, functionName: 'setup', args: setup });
    const args = [singleton, initializer, salt];
    const { result } = await node.simulateContract({ account: people.KEEPER, address: factory, abi: factoryAbi, functionName: 'createProxyWithNonce', args });
    await call(people.KEEPER, factory, factoryAbi, 'createProxyWithNonce', args);
    return getAddress(result);
  };
  fact('SAFE_GUARDIAN', await safe(GUARDIANS, 1n));
  fact('SAFE_COUNCIL', await safe(COUNCILLORS, 2n));
  const threshold = await node.readContract({ address: given('SAFE_GUARDIAN'), abi: safeAbi, functionName: 'getThreshold' });
  const version = await node.readContract({ address: singleton, abi: safeAbi, functionName: 'VERSION' });
  ok(`Safe ${version} and two Safes of three owners, ${threshold} of which sign`);
}
