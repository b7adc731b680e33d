import { expect, it } from 'vitest';
import { NOTHING, reduceLive, type Told } from './live.ts';

const told = (event: Told['event'], at = 1): Told => ({ id: `x-${at}`, at, event });
const after = (...events: Told[]) => events.reduce(reduceLive, NOTHING);
const stage = (type: string, more: object = {}) => ({ type, taskId: '7', round: 2, stage: 'train', ...more });

it('the activity of a task follows its stages, and keeps when a stage began', () => {
  const live = after(told(stage('stage-started'), 10), told(stage('progress', { fraction: 0.5 }), 20));
  expect(live.activity).toEqual({ 7: { round: 2, stage: 'train', fraction: 0.5, since: 10 } });
  expect(reduceLive(live, told(stage('stage', { seconds: 3 }), 30)).activity).toEqual({});
});

it('progress is no line of the log, and makes nothing old', () => {
  const live = after(told(stage('progress', { fraction: 0.1 })));
  expect([live.entries.length, live.version]).toEqual([0, 0]);
});

it('lines are in words, the newest first, and bounded', () => {
  const many = Array.from({ length: 600 }, (_, i) => told({ type: 'joined', taskId: String(i) }, i));
  const { entries, version } = after(...many);
  expect(entries).toHaveLength(500);
  expect(entries[0]).toMatchObject({ text: 'Joined task 599.', task: '599', level: 'info' });
  expect(version).toBe(600);
});

it('a kind that this version does not know is shown as it is, and warnings are marked', () => {
  const { entries } = after(
    told({ type: 'of.tomorrow', color: 'blue' }),
    told({ type: 'warning', code: 'E_X', message: 'too little disk', hint: 'make room' }),
  );
  expect(entries[1]).toMatchObject({ level: 'info', text: 'of.tomorrow: {"color":"blue"}' });
  expect(entries[0]).toMatchObject({ level: 'warning', text: 'too little disk (E_X): make room' });
});
