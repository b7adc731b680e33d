import { vi } from 'vitest';
import { patience } from './patience.ts';

/** Nothing that a test waits for is given up earlier than that, on a quiet machine. */
const LEAST_MILLISECONDS = 30_000;

interface Wait {
  timeout?: number;
  interval?: number;
}

/** `vi.waitFor` and `vi.waitUntil` give up after one second by default, however slow the machine. */
function patient(options: Wait | number = {}): Wait {
  const given = typeof options === 'number' ? { timeout: options } : options;
  return { ...given, timeout: patience(Math.max(LEAST_MILLISECONDS, given.timeout ?? 0)) };
}

const { waitFor, waitUntil } = vi;
vi.waitFor = (callback, options) => waitFor(callback, patient(options));
vi.waitUntil = (callback, options) => waitUntil(callback, patient(options));
