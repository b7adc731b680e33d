import { availableParallelism, loadavg } from 'node:os';

/** Set by the process that measures first; its children take it over and do not measure again. */
export const MACHINE_FACTOR = 'CHORUS_MACHINE_FACTOR';

/** The largest factor; on an even slower or busier machine waits grow no further. */
export const MAX_MACHINE_FACTOR = 16;

/** Duration of {@link work} on a quiet 2-core machine of 2025, for which the deadlines were chosen, ms. */
const BASELINE_MILLISECONDS = 100;
const STEPS = 70_000_000;

/** Some integer arithmetic of a fixed length. */
function work(): number {
  let x = 1;
  for (let i = 0; i < STEPS; i++) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
  return x;
}

/**
 * How many times longer everything may take here than on a quiet machine, 1 to 16. It is the duration of a fixed
 * computation (slow cores, and cores that others use) or the number of processes that wait for each core, whichever
 * is larger. An estimate of the moment: it does not include load that comes later.
 */
function measureMachine(): number {
  work(); // compiled by then
  const started = performance.now();
  work();
  const slowness = (performance.now() - started) / BASELINE_MILLISECONDS;
  const queue = (loadavg()[0] ?? 0) / availableParallelism();
  return Math.min(MAX_MACHINE_FACTOR, Math.max(1, Math.ceil(10 * Math.max(slowness, queue)) / 10));
}

/**
 * The factor by which deadlines and time-outs on this machine are longer: measured once per process, which takes a
 * quarter of a second, or read from `CHORUS_MACHINE_FACTOR`. Never below 1.
 */
export function machineFactor(): number {
  const known = Number(process.env[MACHINE_FACTOR]);
  if (known >= 1) return Math.min(MAX_MACHINE_FACTOR, known);
  const factor = measureMachine();
  process.env[MACHINE_FACTOR] = String(factor);
  return factor;
}
