import type { Address } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { plannedTask } from '../task-request/plan.ts';
import { strangersRefuse, strangersWarning } from './acceptable.ts';

const wallet = (byte: string): Address => `0x${byte.repeat(20)}`;
const OWNER = wallet('aa');

const task = (validators: Address[], change: object = {}) =>
  plannedTask({
    model: new Uint8Array(),
    terms: {
      name: 'test',
      data: { kind: 'classification', inputShape: [4], classes: 2 },
      localEpochs: 1,
      batchSize: 1,
      learningRate: 0.1,
    },
    params: { token: OWNER, validators, budget: 1n, stake: 1n, rounds: 1, maxTrainers: 1, ...change },
  }).params;

describe('a task as `task create` plans it', () => {
  const three = [wallet('01'), wallet('02'), wallet('03')];

  it('nodes of strangers accept the task if it has three validators other than its owner', () => {
    expect(strangersRefuse(task(three), OWNER, 'mlp')).toEqual([]);
    expect(task(three)).toMatchObject({ minValidators: 3, slashReporterBps: 200, slashBurnBps: 9_800 });
    expect(task([...three, wallet('04'), wallet('05'), wallet('06'), wallet('07')]).minValidators).toBe(4);
  });

  it('the warning says which nodes would not join the task, and on which network', () => {
    expect(strangersWarning([], true)).toEqual([]);
    expect(strangersWarning(['because'], true).join('\n')).toMatch(
      /nodes of this devnet may join.*On another network, .*would not.*\n {2}- because$/,
    );
    expect(strangersWarning(['because'], false).join('\n')).toMatch(
      /other owners will not join.*\n {2}- because$/,
    );
  });

  it('the warning says why they would not join', () => {
    expect(strangersRefuse(task(three), OWNER, 'model.onnx')).toEqual([
      expect.stringContaining('training.privacy.models'),
    ]);
    expect(strangersRefuse(task([wallet('01'), wallet('02')]), OWNER, 'mlp')).toEqual([
      expect.stringContaining('require 3'),
    ]);
    expect(strangersRefuse(task([wallet('01'), wallet('02'), OWNER]), OWNER, 'mlp')).toEqual([
      expect.stringContaining('2 validators other than its owner'),
    ]);
    expect(
      strangersRefuse(task(three, { slashReporterBps: 1_000, slashBurnBps: 5_000 }), OWNER, 'mlp'),
    ).toEqual([expect.stringContaining('--slash-reporter'), expect.stringContaining('--slash-burn')]);
  });
});
