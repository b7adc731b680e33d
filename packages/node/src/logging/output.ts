import { fstatSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';

/** The default output of a log, as a stream that knows whether it is a terminal. */
export type Output = NodeJS.WritableStream & { isTTY?: boolean };

/**
 * Standard output for a process that runs for weeks. If it is a file, a full disk loses only the lines of that time:
 * Node's own stream ends permanently with the first failed write.
 */
export function standardOutput(): Output {
  const { stdout } = process;
  return !stdout.isTTY && isFile(stdout.fd) ? fileOutput(stdout.fd) : stdout;
}

/** A stream into an open file that continues after failed writes. */
export function fileOutput(descriptor: number): Writable {
  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      try {
        for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at);
      } catch {
        // The error cannot be reported: the log file of the data folder may be on the same disk.
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
