import { duration } from './units.ts';

/** Longest silence in the first minutes of a wait, ms; later the interval grows. */
const QUIET = { millisecondsFirst: 8_000, firstMilliseconds: 120_000, millisecondsLater: 60_000 };
const TICK_MILLISECONDS = 1_000;

/** Reports what a command waits for: at once if that changes, and again after some seconds without other output. */
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

  /** Report this wait from now on; `until` is read again for each report. */
  waitFor(what: string, until: () => string = () => ''): void {
    const news = what !== this.#what;
    this.expect(what, until);
    if (news) this.#speak(sentence(what, [until()]));
  }

  /** Report this wait only if it takes long. */
  expect(what: string, until: () => string = () => ''): void {
    this.#until = until;
    if (what === this.#what) return;
    this.#what = what;
    this.#since = this.#clock();
  }

  /** Note that other output was written. */
  told(): void {
    this.#saidAt = this.#clock();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#what = null;
  }

  tick(): void {
    const now = this.#clock();
    const waited = now - this.#since;
    const quiet = waited < QUIET.firstMilliseconds ? QUIET.millisecondsFirst : QUIET.millisecondsLater;
    if (this.#what === null || now - this.#saidAt < quiet) return;
    const seconds = Math.round(waited / 1000);
    this.#speak(sentence(this.#what, [`${duration(seconds)} so far`, this.#until()]));
  }

  #speak(text: string): void {
    this.told();
    this.#say(text);
  }
}

function sentence(what: string, times: string[]): string {
  const told = times.filter((time) => time !== '').join(', ');
  return `${what}${told === '' ? '' : ` (${told})`} ...`;
}
