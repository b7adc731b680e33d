import { pause } from '@chorus/utils';

/** Between two tries to open an agent, seconds: each wait is twice the one before. */
const RETRY = { first: 5, most: 600 };

export interface KeepOpeningOptions {
  open: () => Promise<void>;
  /** Whether it is open, by this or by its owner. */
  isOpen: () => boolean;
  /** Called with each failure before the agent closes, and when it is tried again. */
  onFailure: (error: unknown, retrySeconds: number) => void;
  /** Aborted when the agent closes. */
  signal: AbortSignal;
}

/**
 * Open an agent; if that fails, try again until it succeeds or the agent closes. Resolves after the first try, and
 * never rejects.
 */
export async function keepOpening(options: KeepOpeningOptions): Promise<void> {
  if (!(await tryOnce(options, RETRY.first))) void retry(options);
}

async function retry(options: KeepOpeningOptions): Promise<void> {
  const { signal, isOpen } = options;
  let wait = RETRY.first;
  do {
    await pause(wait * 1_000, signal);
    // The owner may have opened it meanwhile.
    if (signal.aborted || isOpen()) return;
    wait = Math.min(2 * wait, RETRY.most);
  } while (!(await tryOnce(options, wait)));
}

/** @returns whether there is no need to try again */
async function tryOnce(
  { open, onFailure, signal }: KeepOpeningOptions,
  retrySeconds: number,
): Promise<boolean> {
  try {
    await open();
    return true;
  } catch (error) {
    if (signal.aborted) return true;
    onFailure(error, retrySeconds);
    return false;
  }
}
