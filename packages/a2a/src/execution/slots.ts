import { ChorusError } from '@chorus/protocol';
import type { A2aLimits } from '../tasks/limits.ts';

type SlotLimits = Pick<A2aLimits, 'maxRunning' | 'maxOpen' | 'maxOpenPerCaller'>;

/** Who may run now, who waits, and who is refused: in order of arrival, with a limit for each caller. */
export class Slots {
  readonly #limits: SlotLimits;
  readonly #open = new Map<string, number>();
  readonly #waiting: (() => void)[] = [];
  #total = 0;
  #running = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  get open(): number {
    return this.#total;
  }

  /**
   * Take a place; returns the function that gives it back.
   * @throws ChorusError `E_A2A_BUSY`
   */
  take(caller: string): () => void {
    const own = this.#open.get(caller) ?? 0;
    if (this.#total >= this.#limits.maxOpen || own >= this.#limits.maxOpenPerCaller) {
      throw new ChorusError('E_A2A_BUSY', 'the agent has too much to do', {
        facts: { open: this.#total },
        hint: 'ask again later',
      });
    }
    this.#total++;
    this.#open.set(caller, own + 1);
    return once(() => {
      this.#total--;
      const left = (this.#open.get(caller) ?? 1) - 1;
      if (left > 0) this.#open.set(caller, left);
      else this.#open.delete(caller);
    });
  }

  /** Wait for a turn; returns the function that ends it. @throws the signal's reason if it aborts first */
  async turn(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#running >= this.#limits.maxRunning) await this.#wait(signal);
    else this.#running++;
    return once(() => {
      const next = this.#waiting.shift();
      // The turn goes on to the next without being given up.
      if (next) next();
      else this.#running--;
    });
  }

  async #wait(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(signal.reason);
      };
      this.#waiting.push(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
