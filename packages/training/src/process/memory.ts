import { readFileSync } from 'node:fs';

/** Bytes of a page of /proc; no Linux that Node runs on has smaller ones. */
const PAGE_BYTES = 4096;

/** Resident memory of another process, bytes; null if the system does not report it. */
export function residentBytes(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * PAGE_BYTES;
  } catch {
    return null;
  }
}

/** Peak memory of this process in bytes, or its current memory if the system does not report the peak. */
export function peakBytes(): number {
  try {
    // Not `resourceUsage().maxRSS`: it begins with the parent's memory at the start of this process.
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'));
    if (peak) return Number(peak[1]) * 1024;
  } catch {
    // not Linux
  }
  return process.memoryUsage.rss();
}
