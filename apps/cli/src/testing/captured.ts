import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, vi } from 'vitest';

/** What a test has written to the standard streams, without colours; begun afresh with each test of the file. */
export function captured(): { out: string; err: string } {
  const streams = { out: '', err: '' };
  beforeEach(() => {
    Object.assign(streams, { out: '', err: '' });
    for (const [stream, name] of [
      [process.stdout, 'out'],
      [process.stderr, 'err'],
    ] as const) {
      vi.spyOn(stream, 'write').mockImplementation((text) => {
        streams[name] += stripVTControlCharacters(String(text));
        return true;
      });
    }
  });
  afterEach(() => vi.restoreAllMocks());
  return streams;
}
