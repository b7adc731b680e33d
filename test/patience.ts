import { setTimeout as sleep } from 'node:timers/promises';
import { machineFactor } from '../apps/cli/src/environment/machine.ts';

/** A time-out that is enough on a quiet machine, made enough for this one. */
export const patience = (milliseconds: number): number => Math.ceil(milliseconds * machineFactor());

/** The same of a deadline of the chain, in whole seconds. */
export const patientSeconds = (seconds: number): number => Math.ceil(seconds * machineFactor());

/**
 * Wait until it holds, at most this long on a quiet machine. Returns either way: what follows says what should hold.
 */
export async function until(holds: () => boolean, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + patience(timeoutMs);
  while (!holds() && Date.now() < deadline) await sleep(10);
}
