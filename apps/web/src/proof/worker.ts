import type { RoundProof } from '@chorus/admin-api';
import { checkRound, type RoundName } from './check-round.ts';

addEventListener('message', async ({ data }: MessageEvent<[RoundProof, RoundName]>) => {
  // Whatever the node has answered, it must not look as if it were still being checked.
  try {
    postMessage({ checked: await checkRound(...data) });
  } catch (error) {
    postMessage({ problem: error instanceof Error ? error.message : String(error) });
  }
});
