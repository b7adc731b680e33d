/** A loop's wait that ends early when something happens, also if it happened just before the wait began. */
export class Wakeable {
  #wake: () => void = () => {};
  #woken = false;

  /** End the wait, or the next one. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /** The loop looks now: only what happens from here on ends its next wait. */
  looking(): void {
    this.#woken = false;
  }

  /** Resolves at this time (unix milliseconds), when woken, or when the signal is aborted. */
  until(time: number, signal: AbortSignal): Promise<void> {
    if (this.#woken || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        this.#wake = () => {};
        resolve();
      };
      // Timers take 32 bits; a loop that is early looks again.
      const timer = setTimeout(finish, Math.max(0, Math.min(time - Date.now(), 2 ** 31 - 1)));
      signal.addEventListener('abort', finish, { once: true });
      this.#wake = finish;
    });
  }
}
