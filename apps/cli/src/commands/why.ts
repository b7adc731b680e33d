import { explainRound } from '@chorus/inspector';
import { Command } from 'commander';
import {
  findTrainer,
  type InspectOptions,
  inspecting,
  inspectOptions,
  parseRound,
  parseTask,
} from '../inspect/open.ts';
import { whyDocument, whyRound, whyTrainer } from '../inspect/why.ts';
import { print, printJson } from '../output/table.ts';

/** `chorus why`: explains how an update led to its reward, number by number. */
export function whyCommand(): Command {
  const command = new Command('why')
    .description('explain what each trainer of a round was paid: the whole arithmetic, from update to reward')
    .argument('<task>', 'number of the task')
    .argument('<round>', 'number of the round')
    .argument('[trainer]', 'only this trainer: its address, row (from 1), or name in the demo');
  return inspectOptions(command)
    .addHelpText('after', '\nExample:\n  $ chorus why 1 2 trainer-1')
    .action(async (taskText: string, roundText: string, who: string | undefined, options: InspectOptions) => {
      const [taskId, round] = [parseTask(taskText), parseRound(roundText)];
      await inspecting(options, async (network) => {
        network.step('recomputing the round from its matrix of inner products');
        const explanation = await explainRound(network, taskId, round);
        const index = who === undefined ? null : findTrainer(network, explanation.task, who);
        if (options.json) printJson(whyDocument(network, explanation, index));
        else if (index === null) print(whyRound(network, explanation));
        else print(whyTrainer(network, explanation, index));
        const { agrees, paidAsAgreed } = explanation;
        return agrees !== false && paidAsAgreed;
      });
    });
}
