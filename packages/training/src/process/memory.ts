import { readFileSync } from 'node:fs';

/** Bytes of a page of /proc; no Linux that Node runs on has smaller ones. */
const PAGE_BYTES = 4096;

/** Resident memory of another process, bytes; null where the system does not tell. */
export function residentBytes(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * PAGE_BYTES;
  } catch {
    return null;
  }
}

/** The most this process has held, bytes, or what it holds now where the system does not tell. */
export function peakBytes(): number {
  try {
    // Not `resourceUsage().maxRSS`: it begins with what the parent held when it made this process.
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'));
    if (peak) return Number(peak[1]) * 1024;
  } catch {
    // not Linux
  }
  return process.memoryUsage.rss();
}
