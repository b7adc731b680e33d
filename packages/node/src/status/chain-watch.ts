import { type ChainHead, type ChainPort, reasonOf } from '@chorus/protocol';
import { pause } from '@chorus/utils';

/** How long a known head is used before the chain is asked again. */
const FRESH_MILLISECONDS = 3_000;

/** Age beyond which a head is not an answer. The node itself asks more often than that. */
const STALE_MILLISECONDS = 60_000;

/** How long a caller waits for a chain that has not answered yet, or not recently. */
const PATIENCE_MILLISECONDS = 1_500;

/** Silence after which a chain counts as not answering. */
const SILENT_MILLISECONDS = 9_000;

/** The chain's head, as far as this node knows. */
export interface ChainView {
  reachable: boolean;
  height: number | null;
  /** Unix seconds of the latest block. */
  time: number | null;
  gasBalance: bigint | null;
  /** Why it does not answer; absent if it answers, or if nothing came back at all. */
  fault?: string;
}

const UNKNOWN: ChainView = { reachable: false, height: null, time: null, gasBalance: null };

/**
 * The chain's head for users and probes: requested on demand, at most once in a few seconds, and without waiting if
 * a recent answer is known.
 */
export class ChainWatch {
  readonly #chain: Pick<ChainPort, 'head' | 'now'>;
  #known: ChainView = UNKNOWN;
  #at = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;

  constructor(chain: Pick<ChainPort, 'head' | 'now'>) {
    this.#chain = chain;
  }

  async view(): Promise<ChainView> {
    const age = Date.now() - this.#at;
    if (age > FRESH_MILLISECONDS) {
      this.#asking ??= this.#ask().finally(() => {
        this.#asking = null;
      });
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(
          resolve,
          this.#known.reachable && age < STALE_MILLISECONDS ? 0 : PATIENCE_MILLISECONDS,
        );
      });
      await Promise.race([this.#asking, patience]);
      clearTimeout(timer);
    }
    // An old answer that was not confirmed since may no longer hold.
    const isOld = Date.now() - this.#at > STALE_MILLISECONDS;
    return isOld ? { ...this.#known, reachable: false } : this.#known;
  }

  /** Waits until the chain has answered, or has been silent so long that it counts as not answering. */
  async settled(): Promise<ChainView> {
    if (Date.now() - this.#at > FRESH_MILLISECONDS) {
      this.#asking ??= this.#ask().finally(() => {
        this.#asking = null;
      });
      const stop = new AbortController();
      const silence = pause(SILENT_MILLISECONDS, stop.signal);
      await Promise.race([this.#asking, silence]);
      stop.abort();
    }
    return this.#known;
  }

  async #ask(): Promise<void> {
    // No answer counts as the answer.
    const silent = setTimeout(
      () => this.#learn({ ...UNKNOWN, fault: 'no answer in time' }),
      SILENT_MILLISECONDS - 100,
    );
    try {
      const head: Omit<ChainHead, 'gasBalance' | 'height'> & Partial<ChainHead> = this.#chain.head
        ? await this.#chain.head()
        : { time: await this.#chain.now() };
      const { time, height = null, gasBalance = null } = head;
      this.#learn({ reachable: true, height, time, gasBalance });
    } catch (error) {
      this.#learn({ ...this.#known, reachable: false, fault: reasonOf(error) });
    } finally {
      clearTimeout(silent);
    }
  }

  #learn(view: ChainView): void {
    this.#known = view;
    this.#at = Date.now();
  }
}

/** Seconds since the latest block, by this machine's clock; null if no block is known. */
export function lagSeconds({ time }: ChainView): number | null {
  return time === null ? null : Math.max(0, Math.round(Date.now() / 1000 - time));
}
