import { join } from 'node:path';
import {
  CONFIG_FILE,
  loadConfig,
  type NodeConfig,
  type NodeEvent,
  openData,
  sentenceOf,
  startNode,
} from '@chorus/node';
import { type Address, ChorusError } from '@chorus/protocol';
import { Command } from 'commander';
import { devnetFolder, readDevnet } from '../devnet/descriptor.ts';
import { homeIn, REQUESTER } from '../devnet/layout.ts';
import { EXIT, finish } from '../exit.ts';
import { configOf, type HomeOptions, homeOf, homeOptions } from '../home.ts';
import { DEPLOYMENT_FILE, readDeployment } from '../init/deployment.ts';
import { print } from '../inspect/format.ts';
import { passwordSource } from '../password.ts';
import { write } from '../terminal.ts';
import { type TaskPlace, type TaskWishes, taskRequest } from './request.ts';
import { eventLine } from './watch.ts';

interface CreateFlags extends HomeOptions, TaskWishes {
  devnet?: string | boolean;
  data?: string;
  token?: string;
  validators?: string;
}

/** `chorus task create`: publish a task and follow it to its end. */
export function taskCreateCommand(): Command {
  const command = new Command('create').description(
    'publish a task: escrow its budget, tell the network, follow its rounds until it has ended',
  );
  return homeOptions(command)
    .option('--devnet [dir]', "as the devnet's requester, which holds its tokens and appoints its validator")
    .option('--model <name|file>', 'mlp, cnn, 2nn (199,210 parameters), or an ONNX file', 'mlp')
    .option('--data <name|path>', 'data that says what samples look like, and that the result is tested on')
    .option('--name <text>', 'what the task is called')
    .option('--rounds <n>', 'rounds of training', '3')
    .option('--trainers <n>', 'most trainers; it begins when they are there', '3')
    .option('--min-trainers <n>', 'trainers without whom it does not begin', '1')
    .option('--validators <addresses>', 'who takes the reference, separated by commas')
    .option('--token <address>', 'what it pays in; else the token of the deployment file')
    .option('--budget <tokens>', 'what it can pay in all (1000)')
    .option('--stake <tokens>', 'deposit of each member (10)')
    .option('--join-seconds <n>', 'how long it waits for members', '30')
    .option('--commit-seconds <n>', 'time to train in a round', '120')
    .option('--local-epochs <n>', 'epochs of a trainer in a round')
    .option('--batch-size <n>', 'samples of a step')
    .option('--learning-rate <rate>', 'of plain SGD')
    .option('--seed <n>', 'seed of a new model', '1')
    .addHelpText(
      'after',
      '\nExamples:\n  $ chorus task create --devnet --rounds 5\n' +
        '  $ chorus task create --model model.onnx --data ./samples --validators 0xabc...,0xdef... --budget 500',
    )
    .action(createAction);
}

async function createAction(flags: CreateFlags): Promise<void> {
  const { config, place } = flags.devnet ? await onDevnet(flags) : await onNetwork(flags);
  const say = (text: string) => write(process.stderr, `${text}\n`);
  const tell = (event: NodeEvent) => {
    const at = Date.now();
    const plain = JSON.parse(JSON.stringify(event, (_, v) => (typeof v === 'bigint' ? v.toString() : v)));
    if (flags.json) process.stdout.write(`${JSON.stringify({ at, event: plain })}\n`);
    else if (sentenceOf(event).level !== 'debug') say(eventLine({ at, event: plain }));
  };
  const request = await taskRequest(flags, place);
  const over = Promise.withResolvers<'ended' | 'interrupted'>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => over.resolve('interrupted'));
  let published: bigint | null = null;
  const node = await startNode(
    config,
    (event) => {
      tell(event);
      if (event.type === 'task-ended' && event.taskId === published) over.resolve('ended');
    },
    { password: passwordSource(), onShutdown: () => over.resolve('interrupted') },
  );
  try {
    const taskId = await node.publish(request);
    published = taskId;
    if (!flags.json) say(`published as task ${taskId}; Ctrl-C leaves it to the others`);
    const outcome = await over.promise;
    if (outcome === 'ended') {
      const { accuracy } = await node.evaluate(taskId, place.data);
      const text = `task ${taskId} has ended; on ${place.data.count.toLocaleString('en')} samples the model is right in ${(100 * accuracy).toFixed(1)} %`;
      if (flags.json) process.stdout.write(`${JSON.stringify({ taskId: taskId.toString(), accuracy })}\n`);
      else print(text);
    } else if (!flags.json)
      say(`task ${taskId} goes on; follow it again with: chorus start --home ${config.dataDir}`);
  } finally {
    await node.close();
  }
  await finish(EXIT.ok);
}

/** The devnet's own requester, in a folder of its own. */
async function onDevnet({
  devnet: dir,
  data,
}: CreateFlags): Promise<{ config: NodeConfig; place: TaskPlace }> {
  const devnet = await readDevnet(typeof dir === 'string' ? dir : undefined);
  const home = homeIn(devnetFolder(typeof dir === 'string' ? dir : undefined), REQUESTER);
  const { config } = await loadConfig(join(home, CONFIG_FILE), { env: {} });
  const validators = devnet.nodes
    .filter(({ roles }) => roles.includes('validator'))
    .map(({ address }) => address);
  return {
    config,
    place: {
      token: devnet.deployment.token,
      validators,
      data: await openData(home, data ?? devnet.sampleData),
    },
  };
}

/** A node of this machine, which must not run: the task is published in its name, from its folder. */
async function onNetwork(flags: CreateFlags): Promise<{ config: NodeConfig; place: TaskPlace }> {
  const { config } = await configOf(flags);
  const token =
    flags.token ??
    (await readDeployment(join(homeOf(flags), DEPLOYMENT_FILE)).catch(() => null))?.token ??
    undefined;
  if (token === undefined) {
    throw new ChorusError('E_USAGE', 'which token does it pay in?', {
      hint: 'give --token ADDRESS: the deployment file of this node names none',
    });
  }
  const validators = (flags.validators ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter(Boolean);
  for (const address of [token, ...validators]) {
    if (!/^0x[0-9a-fA-F]{40}$/.test(address)) {
      throw new ChorusError('E_USAGE', 'this is not an address', { facts: { given: address.slice(0, 60) } });
    }
  }
  if (validators.length === 0) {
    throw new ChorusError('E_USAGE', 'a task needs validators: whose reference decides who is paid', {
      hint: 'give their wallets with --validators',
    });
  }
  return {
    config: { ...config, roles: config.roles.filter((role) => role === 'aggregator') },
    place: {
      token: token.toLowerCase() as Address,
      validators: validators.map((text) => text.toLowerCase() as Address),
      data: await openData(config.dataDir, flags.data ?? config.data),
    },
  };
}
