import type { RoundProof } from '@chorus/admin-api';
import { Failure } from '../api/failure.ts';
import type { CheckedRound, RoundName } from './check-round.ts';
import WORKER from './worker.ts?worker&url';

/** The policy of the page lets a script begin only where a policy like this vouches for its address. */
const vouching = globalThis.trustedTypes?.createPolicy('proof-worker', {
  createScriptURL: (url) => {
    if (url === WORKER) return url;
    throw new TypeError('only the worker of the checks');
  },
});

type Answer = { checked: CheckedRound } | { problem: string };

/**
 * Check a round in a worker of this browser, which ends with the check.
 * @throws Failure if it cannot be checked at all; `signal.reason`
 */
export function checkInWorker(
  document: RoundProof,
  asked: RoundName,
  signal: AbortSignal,
): Promise<CheckedRound> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    // A string where the browser knows no such policies: its type names only the former.
    const address = (vouching?.createScriptURL(WORKER) ?? WORKER) as string;
    const worker = new Worker(address, { type: 'module' });
    const end = (settle: () => void) => {
      worker.terminate();
      settle();
    };
    const fail = (message: string) =>
      end(() =>
        reject(
          new Failure('E_PAGE', `this browser cannot check the round: ${message}`, 'load the page again'),
        ),
      );
    worker.addEventListener('message', ({ data }: MessageEvent<Answer>) =>
      'checked' in data ? end(() => resolve(data.checked)) : fail(data.problem),
    );
    worker.addEventListener('error', ({ message }) => fail(message || 'its worker did not start'));
    signal.addEventListener('abort', () => end(() => reject(signal.reason)), { once: true });
    worker.postMessage([document, asked]);
  });
}
