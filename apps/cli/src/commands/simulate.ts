import { appendFileSync, writeFileSync } from 'node:fs';
import { ATTACKS } from '@chorus/service-training';
import { Command } from 'commander';
import { Interrupted } from '../environment/exit.ts';
import { dataOptions } from '../options/data.ts';
import { checkOutput, unwritable } from '../output/check-output.ts';
import { write } from '../output/terminal.ts';
import { parseSimulateOptions, type RawSimulateOptions } from '../simulate/options.ts';
import { runSimulations } from '../simulate/run.ts';
import { createSimulateView, summaryOf } from '../simulate/view.ts';

/** `chorus simulate`: many clients and rounds in one process, without chain, network and proofs. */
export function simulateCommand(): Command {
  return dataOptions(new Command('simulate'))
    .description('simulate rounds with many clients in one process: what attacks earn, how a model learns')
    .option('--data <dir>', 'train and test on this data (IDX, CSV or images); default: generated digits')
    .option('--clients <n>', 'total number of trainers', '10')
    .option('--committee <n>', 'trainers of one round, drawn from the clients', '16')
    .option('--validators <n>', 'validators, each with held-out data', '3')
    .option('--rounds <n>', 'rounds of training', '8')
    .option('--split <how>', 'iid, dirichlet:ALPHA or shards:PER_CLIENT', 'iid')
    .option('--attack <kind>', `what attackers do: ${ATTACKS.join(', ')}`)
    .option('--attackers <n>', 'how many of the clients attack (three in ten)')
    .option(
      '--rule <id>',
      'reference-projection, reference-trust, or fedavg to compare with',
      'reference-projection',
    )
    .option('--no-novelty', 'pay replays of public vectors like other work')
    .option('--model <name>', 'mlp, cnn or 2nn', 'mlp')
    .option('--seeds <list>', 'seeds of data, model and training, separated by commas', '1')
    .option('--workers <n>', 'processes that train; the result is the same for any number (one a core)')
    .option('--baseline', 'also simulate federated averaging without attackers')
    .option('--shapley', "compare the pay with each round's exact Shapley values (10 trainers at most)")
    .option('--out <file>', 'write a JSON line for every round')
    .option('--json', 'one JSON document on standard output; progress goes to standard error')
    .addHelpText(
      'after',
      '\nExample:\n  $ chorus simulate --clients 10 --attack replay --split shards:2 --baseline',
    )
    .action(async (raw: RawSimulateOptions) => {
      const options = parseSimulateOptions(raw);
      const abort = new AbortController();
      for (const name of ['SIGINT', 'SIGTERM'] as const)
        process.on(name, () => abort.abort(new Interrupted()));
      if (options.out !== null) {
        await checkOutput('--out', options.out, 'rounds.jsonl');
        writeLine(options.out, writeFileSync, '');
      }
      const view = createSimulateView(options);
      view.begin();
      try {
        const runs = await runSimulations(
          options,
          {
            onRound(seed, what, record) {
              view.round(seed, what, record);
              if (options.out !== null)
                writeLine(options.out, appendFileSync, `${JSON.stringify({ seed, what, ...record })}\n`);
            },
          },
          abort.signal,
        );
        view.end();
        write(
          process.stdout,
          options.json ? `${JSON.stringify({ runs }, null, 2)}\n` : summaryOf(options, runs),
        );
      } finally {
        view.end();
      }
    });
}

function writeLine(path: string, write: (path: string, text: string) => void, text: string): void {
  try {
    write(path, text);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}
