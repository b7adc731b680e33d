import type { Address, RoundState, TaskState } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { hasOpenObligations } from './obligations.ts';

const TRAINER: Address = '0x00000000000000000000000000000000000000aa';
const VALIDATOR: Address = '0x00000000000000000000000000000000000000bb';
const task = { id: 7n, status: 'running', trainers: [TRAINER] } as unknown as TaskState;
const commitment = { commitment: { x: 1n, y: 2n }, digest: '0x01' };

const round = (
  phase: RoundState['phase'],
  did: { committed?: boolean; sealed?: boolean; opened?: boolean },
) =>
  ({
    phase,
    updates: [did.committed ? commitment : null],
    references: [
      { validator: VALIDATOR, seal: did.sealed ? '0x02' : null, opened: did.opened ? commitment : null },
    ],
  }) as unknown as RoundState;

describe('what others wait for', () => {
  it('a trainer that committed owes its payload until the round is over', () => {
    for (const phase of ['commit', 'reference', 'settle'] as const) {
      expect(hasOpenObligations(TRAINER, task, round(phase, { committed: true }))).toBe(true);
      expect(hasOpenObligations(TRAINER, task, round(phase, {}))).toBe(false);
    }
    expect(hasOpenObligations(TRAINER, task, round('settled', { committed: true }))).toBe(false);
    expect(hasOpenObligations(TRAINER, task, round('void', { committed: true }))).toBe(false);
  });

  it('a validator that sealed a reference owes its vote, unless the reference was opened too late', () => {
    expect(hasOpenObligations(VALIDATOR, task, round('commit', {}))).toBe(false);
    expect(hasOpenObligations(VALIDATOR, task, round('commit', { sealed: true }))).toBe(true);
    expect(hasOpenObligations(VALIDATOR, task, round('reference', { sealed: true }))).toBe(true);
    expect(hasOpenObligations(VALIDATOR, task, round('settle', { sealed: true, opened: true }))).toBe(true);
    expect(hasOpenObligations(VALIDATOR, task, round('settle', { sealed: true }))).toBe(false);
  });
});
