import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { turnsWhileProving } from './testing/event-loop.ts';

it('the prover lets the event loop turn while it proves by reference-projection', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-prove-'));
  try {
    expect(await turnsWhileProving('reference-projection', folder)).toBeGreaterThan(5);
  } finally {
    await rm(folder, { recursive: true });
  }
});
