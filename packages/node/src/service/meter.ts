import type { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Makes the metrics of the host or of a service, in the format of Prometheus; all names begin with `chorus_`. */
export interface Meter {
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string = never>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  /** `buckets`: upper bounds, rising. */
  histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly L[],
  ): Histogram<L>;
  /** Called before the metrics are read: for values that are looked up then. */
  beforeRead(read: () => void | Promise<void>): void;
  readonly registry: Registry;
}

/** Replace all values of a metric: values that no longer exist must not be reported. */
export function setRows<T, L extends string>(
  metric: Counter<L> | Gauge<L>,
  rows: readonly T[],
  read: (row: T) => [Partial<Record<L, string>>, number],
): void {
  metric.reset();
  for (const row of rows) {
    const [labels, value] = read(row);
    metric.inc(labels, value);
  }
}
