import { readAgentFile, type Template, templateText } from '@chorus/agent';
import type { TaskModel } from '@chorus/service-agents/open';
import { expect, it } from 'vitest';
import { fromTask, historyLine } from './from-task.ts';

const task: TaskModel = {
  bytes: new Uint8Array(),
  base: null,
  taskName: 'digits "of" everyone: # all',
  inputShape: [1, 28, 28],
  classes: 4,
  classNames: ['a, b', 'c: d # e', '"quoted"', '\u00e9 - \u65e5\u672c'],
  afterRound: 5,
  rounds: [1, 2, 3, 5],
  checks: [{ check: 'history', ok: true, milliseconds: 1 }],
};
const read = (model: TaskModel, template: Template) =>
  readAgentFile(
    templateText(template, {
      name: 'Digits',
      schema: './agent.schema.json',
      ...fromTask('3', model, { file: './my digits.onnx', adapter: null }, template),
    }),
    { source: 'a.yaml', environment: () => undefined, readText: () => '' },
  );

it('the agent file for a task has its classes and its shape of input, whatever they are called', () => {
  expect(read(task, 'classify')).toMatchObject({
    description: 'The model of training task 3: digits "of" everyone: # all',
    model: { kind: 'classifier', file: './my digits.onnx', classes: task.classNames, input: [1, 28, 28] },
  });
});

it('a task without names of classes makes an agent whose labels are numbers', () => {
  expect(read({ ...task, classNames: null }, 'classify').model).toMatchObject({ classes: null });
});

it('a task that trains on text makes a language model over bytes', () => {
  expect(read({ ...task, classNames: null }, 'text').model).toMatchObject({
    kind: 'bytes',
    sampling: { length: 400 },
  });
});

it('the rounds of the training history that were checked are named', () => {
  expect(historyLine('3', task)).toContain(
    'the model of task 3 after round 5; rounds 1 to 3, 5 were checked on chain',
  );
  expect(historyLine('3', { ...task, rounds: [], afterRound: 0 })).toContain('no round was settled');
});
