// devnet-wait SECONDS
import { wait } from './chain.mjs';

const seconds = Number(process.argv[2]);
if (!Number.isSafeInteger(seconds) || seconds < 0) throw new Error('devnet-wait takes whole seconds');
await wait(seconds);
