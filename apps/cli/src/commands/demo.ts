import { ATTACKS } from '@chorus/service-training';
import { Command } from 'commander';
import { type DemoProgress, type DemoVisit, runDemo } from '../demo/demo.ts';
import { parseDemoOptions, type RawDemoOptions } from '../demo/options.ts';
import { createDemoView } from '../demo/view.ts';
import { Interrupted } from '../environment/exit.ts';
import { dataOptions, readingOptions } from '../options/data.ts';

/** `chorus demo`: a whole network on this machine trains a model, settles and pays. */
export function demoCommand(): Command {
  return dataOptions(new Command('demo'))
    .description('run a whole network on this machine: train, reject a poisoner, settle on chain, pay')
    .option(
      '--nodes <n>',
      'processes: trainers and three validators, which take turns to aggregate (7; with --llm 4, of which one validates)',
    )
    .option('--rounds <n>', 'rounds of training (5; with --llm 2)')
    .option(
      '--llm [file]',
      'train adapters of a language model on texts: of a GGUF file, or of a tiny model without one',
    )
    .option(
      '--data <dir>',
      'train and test on this data (IDX, CSV, images or text); default: generated digits',
    )
    .option('--split <how>', 'iid, dirichlet:ALPHA or shards:PER_NODE', 'iid')
    .option('--attack <kind>', `what the attackers do: ${ATTACKS.join(', ')}`, 'label')
    .option('--attackers <n>', 'how many of the trainers attack (1; with --llm 0)')
    .option(
      '--rule <id>',
      'how updates are scored: reference-projection or reference-trust',
      'reference-projection',
    )
    .option('--model <name>', 'mlp, cnn or 2nn (199,210 parameters)', 'mlp')
    .option('--privacy [clip:noise]', 'train with per-sample clipping and noise (3:0.5)')
    .option('--seed <n>', 'seed of data, model and training', '1')
    .option(
      '--commit-seconds <n>',
      'deadline for training and committing in a round (120; more on a slow or busy machine)',
    )
    .option('--join-seconds <n>', 'deadline for joining (60; more on a slow or busy machine)')
    .option('--settle-seconds <n>', 'deadline of each candidate to settle a round (100; more likewise)')
    .option('--chaos', 'kill the drawn aggregator in round 2 and a validator in round 3')
    .option('--no-agents', 'end after the last round: do not serve the trained model as an agent')
    .option('--json', 'one JSON document on standard output; progress goes to standard error')
    .option('--keep [dir]', 'keep the network, to be inspected by proof, why and model')
    .option(
      '--page',
      'then go on with all nodes, and show the web page of one, until Ctrl-C (with --keep in a terminal: always)',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ chorus demo --rounds 10 --attack sign --attackers 2\n  $ chorus demo --llm SmolLM2-135M-Instruct.gguf --data ./texts',
    )
    .action(async (raw: RawDemoOptions) => {
      const options = parseDemoOptions(raw);
      await readingOptions(raw); // wrong usage ends the command before anything starts
      const abort = new AbortController();
      const visited = Promise.withResolvers<void>();
      // Once all is done, an interruption is the usual end.
      let end = () => abort.abort(new Interrupted());
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => end());
      const view = createDemoView(options);
      const onProgress = (progress: DemoProgress) => view.progress(progress);
      try {
        const visit: DemoVisit = async (report, page) => {
          end = visited.resolve;
          view.finish(report, page);
          if (page !== null) await visited.promise;
        };
        const report = await runDemo(options, onProgress, abort.signal, options.page ? visit : undefined);
        if (!options.page) view.finish(report, null);
      } catch (error) {
        view.fail();
        throw error;
      }
      process.exit(0);
    });
}
