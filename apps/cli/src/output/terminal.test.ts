import type { WriteStream } from 'node:tty';
import { describe, expect, it } from 'vitest';
import { harmless, write } from './terminal.ts';

const EVIL = 'task \u001b]0;owned\u0007\u001b[2J\u009b2J\rroot# \u202egnp.exe\u0000\u200f\u{e0041}';

describe('text written to a terminal', () => {
  it('text keeps styles, lines and tabs, and no other character that controls a terminal', () => {
    const styled =
      '\u001b[1m\u001b[38;5;9mred\u001b[0m\tcell\nline \u2502 \u65e5\u672c \u{1f468}\u200d\u{1f33e}';
    expect(harmless(styled)).toBe(styled);
    expect(harmless(EVIL)).toBe(
      'task \ufffd]0;owned\ufffd\ufffd[2J\ufffd2J\ufffdroot# \ufffdgnp.exe\ufffd\ufffd\ufffd',
    );
  });

  it('text is the same on terminals and in files', () => {
    for (const isTTY of [true, false]) {
      let written = '';
      const stream = { isTTY, hasColors: () => true, write: (text: string) => (written += text) };
      write(stream as unknown as WriteStream, `${EVIL}\n`);
      expect(written).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e]/u);
      expect(written).toContain('root# ');
    }
  });
});
