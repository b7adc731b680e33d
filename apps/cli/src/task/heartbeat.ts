import { duration } from '../node/status-view.ts';

/** Nothing is silent for longer than this, milliseconds. */
const QUIET_MILLISECONDS = 8_000;
const TICK_MILLISECONDS = 1_000;

/** Says what is waited for: at once where that changes, and again where nothing else was said for some seconds. */
export class Heartbeat {
  readonly #say: (text: string) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #clock: () => number;
  #what: string | null = null;
  #until: () => string = () => '';
  #since = 0;
  #saidAt: number;

  constructor(say: (text: string) => void, clock: () => number = Date.now) {
    this.#say = say;
    this.#clock = clock;
    this.#saidAt = clock();
    this.#timer = setInterval(() => this.tick(), TICK_MILLISECONDS);
    this.#timer.unref();
  }

  /** From now on this is waited for; `until` is read anew whenever it is said. */
  waitFor(what: string, until: () => string = () => ''): void {
    this.#until = until;
    if (what === this.#what) return;
    this.#what = what;
    this.#since = this.#clock();
    this.#speak(`${what}${until()} ...`);
  }

  /** Something else was said. */
  told(): void {
    this.#saidAt = this.#clock();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#what = null;
  }

  tick(): void {
    if (this.#what === null || this.#clock() - this.#saidAt < QUIET_MILLISECONDS) return;
    const seconds = Math.round((this.#clock() - this.#since) / 1000);
    this.#speak(`${this.#what}${this.#until()}, for ${duration(seconds)} now ...`);
  }

  #speak(text: string): void {
    this.told();
    this.#say(text);
  }
}
