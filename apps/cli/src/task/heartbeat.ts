import { duration } from '../output/units.ts';

/** In the first minutes of a wait nothing is silent for longer than this, milliseconds; later it is said less often. */
const QUIET = { millisecondsFirst: 8_000, firstMilliseconds: 120_000, millisecondsLater: 60_000 };
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
    const news = what !== this.#what;
    this.expect(what, until);
    if (news) this.#speak(sentence(what, [until()]));
  }

  /** The same, said only where it takes long. */
  expect(what: string, until: () => string = () => ''): void {
    this.#until = until;
    if (what === this.#what) return;
    this.#what = what;
    this.#since = this.#clock();
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
