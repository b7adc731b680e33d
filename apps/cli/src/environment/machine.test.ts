import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseDemoOptions } from '../demo/options.ts';
import { demoTask, localWindows } from '../demo/task.ts';
import { MACHINE_FACTOR, MAX_MACHINE_FACTOR, machineFactor } from './machine.ts';

afterEach(() => void vi.unstubAllEnvs());

describe('the machine factor', () => {
  it('the machine factor is read from the environment, within its bounds', () => {
    vi.stubEnv(MACHINE_FACTOR, '2.5');
    expect(machineFactor()).toBe(2.5);
    vi.stubEnv(MACHINE_FACTOR, '1000');
    expect(machineFactor()).toBe(MAX_MACHINE_FACTOR);
  });

  it.each([undefined, '', '0', '-3', 'fast'])(
    'the machine factor is measured if the variable is %j, and passed to child processes',
    (said) => {
      vi.stubEnv(MACHINE_FACTOR, said);
      const factor = machineFactor();
      expect(factor).toBeGreaterThanOrEqual(1);
      expect(factor).toBeLessThanOrEqual(MAX_MACHINE_FACTOR);
      expect(process.env[MACHINE_FACTOR]).toBe(String(factor));
      expect(machineFactor()).toBe(factor);
    },
  );
});

describe('the demo', () => {
  const raw = {
    nodes: '7',
    rounds: '2',
    split: 'iid',
    attack: 'label',
    attackers: '0',
    seed: '1',
    model: 'mlp',
  };
  const phases = (factor: number, more: { commitSeconds?: string; chaos?: boolean } = {}) => {
    const { params } = demoTask({
      options: parseDemoOptions({ ...raw, ...more }),
      model: {
        bytes: new Uint8Array(),
        name: 'mlp',
        terms: {
          data: { kind: 'classification', inputShape: [1], classes: 2 },
          localEpochs: 1,
          batchSize: 1,
          learningRate: 1,
        },
      },
      dimension: 1,
      data: 'digits',
      token: `0x${'01'.repeat(20)}`,
      trainers: 5,
      validators: [],
      factor,
    });
    const { joinSeconds, commitSeconds, referenceSeconds, settleSeconds } = params;
    return { joinSeconds, commitSeconds, referenceSeconds, settleSeconds };
  };

  it('has deadlines that grow with the machine factor, those of its chain too', () => {
    const quiet = phases(1);
    for (const [name, seconds] of Object.entries(phases(3.3))) {
      expect(seconds, name).toBe(Math.ceil(3.3 * quiet[name as keyof typeof quiet]));
    }
    expect(localWindows(3)).toEqual({ contest: 45, unbond: 180 });
    expect(phases(2, { chaos: true }).settleSeconds).toBe(2 * phases(1, { chaos: true }).settleSeconds);
  });

  it('keeps a deadline that it was given', () => {
    expect(phases(4, { commitSeconds: '20' })).toEqual({ ...phases(4), commitSeconds: 20 });
  });
});
