import type { NodeEvent } from '@chorus/service-training';
import { afterEach, expect, it, vi } from 'vitest';
import { parseDemoOptions } from './options.ts';
import { createDemoView } from './view.ts';

afterEach(() => vi.restoreAllMocks());

it('a log has a line for each stage of each round, as soon as the first node has done it', () => {
  let said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
  const options = parseDemoOptions({
    nodes: '7',
    rounds: '2',
    split: 'iid',
    attack: 'label',
    attackers: '1',
    seed: '1',
    model: 'mlp',
  });
  const view = createDemoView(options);
  const done = (name: string, round: number, stage: 'train' | 'prove' | 'recompute') => {
    const event: NodeEvent = { type: 'stage', taskId: 1n, round, stage, seconds: 1 };
    view.progress({ type: 'node', name, event });
  };
  done('trainer-2', 1, 'train');
  done('trainer-1', 1, 'train');
  done('validator-1', 1, 'prove');
  done('validator-1', 1, 'recompute');
  done('trainer-1', 2, 'train');
  expect(said.trimEnd().split('\n')).toEqual([
    '- round 1 of 2: trainer-2 done training',
    '- round 1 of 2: validator-1 done proving',
    '- round 2 of 2: trainer-1 done training',
  ]);
});
