import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Period over which CPU and event loop are averaged. */
const WINDOW_MILLISECONDS = 5_000;

/** How busy this process is: CPU and event-loop delay over the last seconds. */
export class HostInfo {
  readonly #delay = monitorEventLoopDelay({ resolution: 20 });
  readonly #timer: NodeJS.Timeout;
  #usage = process.cpuUsage();
  #at = performance.now();
  #cpuPercent = 0;
  #lagMs = 0;

  constructor() {
    this.#delay.enable();
    this.#timer = setInterval(() => this.#sample(), WINDOW_MILLISECONDS);
    this.#timer.unref();
  }

  /** Percent of one core; 200 if two cores are busy. */
  get cpuPercent(): number {
    return this.#cpuPercent;
  }

  /** 99th percentile of the delay, in milliseconds, less the pause between two looks. */
  get lagMs(): number {
    return this.#lagMs;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
  }

  #sample(): void {
    const { user, system } = process.cpuUsage(this.#usage);
    const now = performance.now();
    this.#cpuPercent = Math.round((user + system) / 10 / (now - this.#at));
    this.#usage = process.cpuUsage();
    this.#at = now;
    const lag = this.#delay.percentile(99) / 1e6 - 20;
    this.#lagMs = Math.max(0, Math.round(10 * lag) / 10);
    this.#delay.reset();
  }
}
