import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Meter } from '../service/meter.ts';

/** The metrics of a node. Counters follow events; states are read on request. */
export class PrometheusMeter implements Meter {
  readonly registry = new Registry();
  readonly #reads: (() => void | Promise<void>)[] = [];

  constructor() {
    // nodejs_eventloop_lag_*, process_cpu_*, process_resident_memory_bytes, process_open_fds, nodejs_gc_* ...
    collectDefaultMetrics({ register: this.registry });
  }

  counter<L extends string = never>(name: string, help: string, labels: readonly L[] = []): Counter<L> {
    return new Counter({ ...this.#named(name, help), labelNames: labels });
  }

  gauge<L extends string = never>(name: string, help: string, labels: readonly L[] = []): Gauge<L> {
    return new Gauge({ ...this.#named(name, help), labelNames: labels });
  }

  histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels: readonly L[] = [],
  ): Histogram<L> {
    return new Histogram({ ...this.#named(name, help), labelNames: labels, buckets: [...buckets] });
  }

  beforeRead(read: () => void | Promise<void>): void {
    this.#reads.push(read);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  async text(): Promise<string> {
    // A state that cannot be read must not take the others with it.
    await Promise.allSettled(this.#reads.map(async (read) => read()));
    return this.registry.metrics();
  }

  #named(name: string, help: string) {
    return { name: `chorus_${name}`, help, registers: [this.registry] };
  }
}
