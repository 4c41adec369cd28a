// Before anything is deployed: keys, the collateral, two feeds and two Safes.
import { PRICE, deploy, fact, given, node, ok, people, solidity, writeKeys } from './chain.mjs';
import { deploySafes } from './safes.mjs';

writeKeys(`${given('E2E_FOLDER')}/keys`);
const balance = await node.getBalance({ address: people.DEPLOYER.address });
ok(`${await node.request({ method: 'web3_clientVersion' })}, chain ${await node.getChainId()}, ${balance / 10n ** 18n} ETH`);

fact('TOKEN', await deploy(solidity('TestToken'), ['Dollar', 'USD', 6]));
fact('ANCHOR', await deploy(solidity('MockV3Aggregator'), [8, PRICE]));
fact('SECOND', await deploy(solidity('MockV3Aggregator'), [8, PRICE]));
ok('a token and two feeds');
await deploySafes();
