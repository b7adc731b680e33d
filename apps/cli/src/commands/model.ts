import { stat } from 'node:fs/promises';
import { getModel, type ModelReport } from '@chorus/inspector';
import { ChorusError, hasCode } from '@chorus/protocol';
import { Command } from 'commander';
import { shellWord } from '../environment/environment.ts';
import { connectNode, type HomeOptions, homeOf, homeOptions } from '../environment/home.ts';
import { verifyAnyModel } from '../inspect/model-verify.ts';
import { ingredientsTable, modelDocument } from '../inspect/model-view.ts';
import {
  chosenTask,
  type InspectOptions,
  inspecting,
  inspectOptions,
  type OpenedNetwork,
} from '../inspect/open.ts';
import { checkOutput, writeOutput } from '../output/check-output.ts';
import { columns } from '../output/columns.ts';
import { checksTable, print, printJson, verdict } from '../output/table.ts';

interface ModelOptions extends InspectOptions {
  task?: string;
}

interface GetOptions extends ModelOptions {
  output: string;
  format: string;
  cid?: string;
}

/** Time limit for finding a published model, ms. */
const FETCH_MILLISECONDS = 60_000;

/** `chorus model`: trained models, checked against their history on chain. */
export function modelCommand(): Command {
  const verify = new Command('verify')
    .description(
      'check a model against its whole training history on chain, and list the updates it is made of',
    )
    .argument('<model>', 'CID of a published model, or a file that `model get` wrote')
    .option('--task <id>', 'task the model claims to be from (that of the kept network, or the only one)');
  inspectOptions(verify)
    .addHelpText('after', '\nExample:\n  $ chorus model verify bafkrei... --task 1')
    .action(verifyAction);
  const get = new Command('get')
    .description('write the trained model: recomputed from the aggregates, or a published model after checks')
    .option('--task <id>', 'the task (that of the kept network, or the only one)')
    .requiredOption('-o, --output <file>', 'file to write')
    .option(
      '--format <kind>',
      'trained: for other runtimes, as ONNX, or as the GGUF adapter of a language model; or chorus, with the integers ' +
        'that prove its history',
      'trained',
    )
    .option('--cid <cid>', 'use this published model if aggregates are missing');
  inspectOptions(get)
    .addHelpText('after', '\nExample:\n  $ chorus model get --task 1 -o model.onnx')
    .action(getAction);
  const list = homeOptions(new Command('list').description('models of the tasks the running node knows'))
    .addHelpText('after', '\nExample:\n  $ chorus model list')
    .action(listAction);
  return new Command('model')
    .description('trained models, checked against their history on chain')
    .addCommand(list)
    .addCommand(verify)
    .addCommand(get);
}

async function listAction(flags: HomeOptions): Promise<void> {
  const node = await connectNode(flags);
  const [{ tasks }, { rounds }] = await Promise.all([node.tasks(), node.rounds({ limit: 1000 })]);
  // Of ended tasks, only the rounds are known.
  const ids = [...new Set([...tasks, ...rounds.map(({ taskId }) => ({ id: taskId }))].map(({ id }) => id))];
  const models = [];
  for (const id of ids) {
    const { name, status, round, rounds: all, dimension, model } = await node.task(id);
    const settled = rounds.filter(({ taskId, outcome }) => taskId === id && outcome === 'settled').length;
    models.push({ task: id, name, status, round, rounds: all, settled, dimension, base: model });
  }
  if (flags.json) return printJson({ models });
  if (models.length === 0) return print('no model yet: the node has taken part in no task');
  print(
    ...columns(
      ['TASK', 'NAME', 'STATUS', 'SETTLED', 'PARAMETERS', 'BEGAN FROM'],
      models.map((m) => [
        m.task,
        m.name,
        m.status,
        `${m.settled}/${m.rounds}`,
        m.dimension.toLocaleString('en'),
        m.base ?? '-',
      ]),
      [5, 28, 8, 8, 12, 64],
    ),
    '',
    `the trained model as a file: chorus model get --home ${shellWord(homeOf(flags))} --task ID -o model.onnx`,
  );
}

async function verifyAction(model: string, options: ModelOptions): Promise<void> {
  const isFile = await stat(model).then(
    (info) => info.isFile(),
    () => null,
  );
  if (isFile === false) throw notOne('this is no file', model);
  await inspecting(options, async (network) => {
    const task = await network.chain.task(await chosenTask(options.task, network));
    const given = { model, timeoutMs: FETCH_MILLISECONDS };
    const report = await verifyAnyModel(network, task, given).catch((error) => {
      throw hasCode(error, 'E_CID') ? notOne('there is no such file, and it is no CID', model) : error;
    });
    if (options.json) printJson(modelDocument(report, model));
    else print(describe(network, report));
    return report.checks.every((check) => check.ok);
  });
}

function describe(network: OpenedNetwork, report: ModelReport): string {
  const { task, checks, afterRound } = report;
  const last = afterRound === task.round && task.status === 'ended';
  const what = last
    ? `this is the final model of task ${task.id}, and of no other history`
    : `this is the model of task ${task.id} after round ${afterRound} of ${task.rounds}, and of no other history`;
  return [
    checksTable(checks),
    ...(report.ingredients.length > 0 ? [ingredientsTable(network, report)] : []),
    verdict(checks, what),
  ].join('\n');
}

async function getAction(options: GetOptions): Promise<void> {
  // Scripts of earlier versions ask for onnx.
  const format = options.format === 'onnx' ? 'trained' : options.format;
  if (format !== 'trained' && format !== 'chorus') {
    throw new ChorusError('E_USAGE', '--format must be trained or chorus', { facts: { given: format } });
  }
  await checkOutput('--output', options.output, 'model.onnx');
  await inspecting(options, async (network) => {
    const task = await network.chain.task(await chosenTask(options.task, network));
    const got = await getModel(network, task, {
      format,
      cid: options.cid ?? network.modelCid,
      timeoutMs: FETCH_MILLISECONDS,
      onStep: network.step,
    });
    const ok = got.report.checks.every((check) => check.ok);
    if (ok) await writeOutput(options.output, got.bytes);
    const facts = { file: options.output, format: got.format, bytes: got.bytes.length, source: got.source };
    if (options.json) printJson({ ...facts, written: ok, ...modelDocument(got.report, options.output) });
    else if (ok) {
      const from = got.source === 'aggregates' ? 'recomputed from the aggregates' : 'as published';
      print(
        verdict(got.report.checks, `${from}, and opens the history on chain`),
        `${options.output}: ${got.bytes.length.toLocaleString('en')} bytes, ${got.format}`,
      );
    } else print(checksTable(got.report.checks), verdict(got.report.checks, ''), 'nothing was written');
    return ok;
  });
}

const notOne = (message: string, given: string) =>
  new ChorusError('E_MODEL_UNREADABLE', message, {
    facts: { given: given.slice(0, 200) },
    hint: 'give a file that `chorus model get` wrote, or the CID of a published model',
  });
