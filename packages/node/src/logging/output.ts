import { fstatSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';

/** Where a log goes by default, as a stream that is told apart from a terminal. */
export type Output = NodeJS.WritableStream & { isTTY?: boolean };

/**
 * Standard output for a process that runs for weeks. Where it is a file, a disk that is full loses the lines of that
 * time and no more: Node's own stream ends for good with the first write that fails.
 */
export function standardOutput(): Output {
  const { stdout } = process;
  return !stdout.isTTY && isFile(stdout.fd) ? fileOutput(stdout.fd) : stdout;
}

/** A stream into an open file that goes on after writes that fail. */
export function fileOutput(descriptor: number): Writable {
  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      try {
        for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at);
      } catch {
        // There is nowhere to say so: the log file of the data folder may be on the same disk.
      }
      done();
    },
  });
}

function isFile(descriptor: number): boolean {
  try {
    const stat = fstatSync(descriptor);
    return stat.isFile() || stat.isCharacterDevice();
  } catch {
    return false;
  }
}
