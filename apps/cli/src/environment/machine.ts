import { availableParallelism, loadavg } from 'node:os';

/** Set by the process that measures first; its children take it over and do not measure again. */
export const MACHINE_FACTOR = 'CHORUS_MACHINE_FACTOR';

/** The largest factor: waits grow no further on a machine that is slower or busier than this. */
export const MAX_MACHINE_FACTOR = 16;

/** Milliseconds that {@link work} takes on a quiet 2-core machine of 2025, for which the deadlines were chosen. */
const BASELINE_MILLISECONDS = 100;
const STEPS = 70_000_000;

/** Some integer arithmetic of a fixed length. */
function work(): number {
  let x = 1;
  for (let i = 0; i < STEPS; i++) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
  return x;
}

/**
 * How many times longer than on a quiet machine everything may take on this one, 1 to 16: what a fixed computation
 * takes (slow cores, and what others leave of them), or the processes that wait for each core, whichever is more. An
 * estimate of the moment: a load that comes later is not in it.
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
 * The factor by which deadlines and time-outs on this machine are longer: measured once a process, which takes a
 * quarter of a second, or as `CHORUS_MACHINE_FACTOR` says. Never below 1.
 */
export function machineFactor(): number {
  const known = Number(process.env[MACHINE_FACTOR]);
  if (known >= 1) return Math.min(MAX_MACHINE_FACTOR, known);
  const factor = measureMachine();
  process.env[MACHINE_FACTOR] = String(factor);
  return factor;
}
