import type { Template, TemplateOptions } from '@chorus/agent';
import type { TaskModel } from '@chorus/service-agents/open';
import { verdict } from '../output/table.ts';

/** Files of a task's model, from the folder of the agent file. */
export interface TaskModelFiles {
  /** Of an ONNX model, or of the language model that the task has adapted. */
  file: string;
  /** Of the trained adapter; null if the model has none. */
  adapter: string | null;
}

/** What an agent file says of the model of a task: its files, and what the task's terms say of its data. */
export function fromTask(
  id: string,
  { taskName, classNames, inputShape }: TaskModel,
  { file, adapter }: TaskModelFiles,
  template: Template,
): Required<Pick<TemplateOptions, 'model' | 'description' | 'task'>> {
  // JSON is YAML, and quotes whatever the requester of the task has named.
  const lines = adapter
    ? [`    adapter: ${JSON.stringify(adapter)}`]
    : template === 'text'
      ? ['    bytes: true']
      : [
          ...(classNames ? [`    classes: ${JSON.stringify(classNames)}`] : []),
          `    input: ${JSON.stringify(inputShape)}`,
        ];
  const model = [
    `# The model of training task ${id}, as it was when this file was written; its history was checked on chain.`,
    'model:',
    adapter ? '  gguf:' : '  onnx:',
    `    file: ${JSON.stringify(file)}`,
    ...lines,
    '',
  ].join('\n');
  return { model, description: `The model of training task ${id}: ${taskName}`, task: id };
}

/** What of the task's training history was checked, and that it holds. */
export function historyLine(id: string, { rounds, checks, afterRound }: TaskModel): string {
  const made =
    rounds.length === 0
      ? 'no round was settled: it is the model the task began with'
      : `${rounds.length === 1 ? `round ${rounds[0]} was` : `rounds ${rangesOf(rounds)} were`} checked on chain: the proven aggregates add up to it, to the bit`;
  return verdict(checks, `the model of task ${id} after round ${afterRound ?? 0}; ${made}`);
}

/** Rising numbers, as in "1 to 3, 5". */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: [from: number, to: number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from} to ${to}`)).join(', ');
}
