import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createAdminClient, readAdmin } from '@chorus/admin-api';
import { ChorusError, sameAddress } from '@chorus/protocol';
import { isAlive, makeFolder } from '@chorus/utils';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { type DevnetDescriptor, devnetFolder, findDevnet, readDevnet } from '../devnet/descriptor.ts';
import { fundAccount } from '../devnet/fund.ts';
import { planFile } from '../devnet/layout.ts';
import { orphanLines, ownNodeOn } from '../devnet/own-node.ts';
import { runDevnet } from '../devnet/run.ts';
import { machineFactor } from '../environment/machine.ts';
import { tokenUnits } from '../options/token-amount.ts';
import { columns } from '../output/columns.ts';
import { startProgress } from '../output/progress.ts';
import { fields, print, printJson } from '../output/table.ts';
import { write } from '../output/terminal.ts';
import { amount, bytes, OWN_TOKEN_DECIMALS } from '../output/units.ts';

interface DevnetFlags {
  dir?: string;
  json?: boolean;
}

/** Time for everything to start on a quiet machine; longer on a slow or busy one. */
const UP_MILLISECONDS = 180_000;
/** The nodes' own time and the chain's. */
const DOWN_MILLISECONDS = 60_000;
const LOG_FILE = 'devnet.log';

/** `chorus devnet`: a persistent network on this machine. */
export function devnetCommand(): Command {
  const up = new Command('up')
    .description('start the devnet, creating it on first use; its state is kept')
    .option(
      '--nodes <n>',
      'total number of trainers and validators, who also aggregate; fixed when the devnet is created',
      '4',
    )
    .option('--foreground', 'run in the foreground until Ctrl-C')
    .addHelpText('after', '\nExample:\n  $ chorus devnet up && chorus init --network devnet')
    .action(upAction);
  const down = new Command('down')
    .description('stop the devnet; its chain, nodes and models stay for the next `up`')
    .option('--delete', 'also remove the devnet and all its data')
    .addHelpText('after', '\nExample:\n  $ chorus devnet down')
    .action(downAction);
  const status = new Command('status')
    .description('show the chain and each node of the devnet')
    .addHelpText('after', '\nExample:\n  $ chorus devnet status')
    .action(statusAction);
  const fund = new Command('fund')
    .description('give an account coins for gas and tokens for stakes, worth nothing elsewhere')
    .argument('<address>', 'a wallet')
    .option('--tokens <amount>', 'how many tokens', '1000')
    .addHelpText(
      'after',
      '\nExamples:\n  $ chorus devnet fund 0x70997970c51812dc3a010c7d01b50e0d17dc79c8\n  $ chorus devnet fund 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 --tokens 50000000',
    )
    .action(fundAction);
  const command = new Command('devnet').description('a network of nodes on this machine, for experiments');
  for (const sub of [up, down, status, fund]) {
    command.addCommand(
      sub
        .option('--dir <dir>', 'folder of the devnet (CHORUS_DEVNET, else in the data folder of this user)')
        .option('--json', 'one JSON document on standard output'),
    );
  }
  return command;
}

async function upAction(flags: DevnetFlags & { nodes: string; foreground?: boolean }): Promise<void> {
  const nodes = Number(flags.nodes);
  if (!Number.isInteger(nodes) || nodes < 2 || nodes > 16) {
    throw new ChorusError('E_USAGE', '--nodes takes a number from 2 to 16', {
      facts: { given: flags.nodes },
    });
  }
  const folder = devnetFolder(flags.dir);
  if (flags.foreground) return upHere(folder, nodes);
  const running = await findDevnet(folder);
  if (!running?.pid) await upInBackground(folder, nodes);
  const devnet = await readDevnet(folder);
  if (flags.json) return printJson(devnet);
  print(
    colors.bold(running?.pid ? 'The devnet is up already' : 'The devnet is up'),
    fields([
      ['chain', `${devnet.chainId} at ${devnet.rpc}`],
      ['nodes', devnet.nodes.map(({ name }) => name).join(', ')],
      ['folder', folder],
    ]),
    '',
    colors.bold('Next'),
    '  create a node of your own:    chorus init --network devnet',
    '  give the nodes a task:        chorus task create --devnet',
    '  see their status:             chorus devnet status',
  );
}

async function upHere(folder: string, nodes: number): Promise<void> {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => abort.abort());
  await runDevnet({
    folder,
    nodes,
    signal: abort.signal,
    onStep: (text) => write(process.stderr, `${new Date().toISOString()} ${text}\n`),
  });
  process.exit(0);
}

async function upInBackground(folder: string, nodes: number): Promise<void> {
  await makeFolder(folder, 0o700);
  const path = join(folder, LOG_FILE);
  const log = await open(path, 'w', 0o600);
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      process.argv[1]!,
      'devnet',
      'up',
      '--foreground',
      '--dir',
      folder,
      '--nodes',
      String(nodes),
    ],
    { detached: true, stdio: ['ignore', log.fd, log.fd] },
  );
  child.unref();
  await log.close();
  const progress = startProgress('starting');
  const interrupted = () => child.kill('SIGTERM');
  process.once('SIGINT', interrupted);
  try {
    const began = Date.now();
    const until = began + UP_MILLISECONDS * machineFactor();
    while ((await findDevnet(folder))?.pid !== child.pid) {
      const said = (await readFile(path, 'utf8')).trimEnd().split('\n');
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > until) {
        if (child.exitCode === null) child.kill('SIGTERM');
        throw new ChorusError('E_DEVNET_START', 'the devnet did not start', {
          facts: { log: path, last: said.at(-1)?.slice(0, 300) },
        });
      }
      const step = said.at(-1)?.replace(/^\S+Z /, '') || 'starting';
      // Only a terminal replaces the line before.
      progress.step(process.stderr.isTTY ? `${step} (${Math.round((Date.now() - began) / 1000)} s)` : step);
      await delay(100);
    }
  } finally {
    progress.stop();
    process.off('SIGINT', interrupted);
  }
}

async function downAction(flags: DevnetFlags & { delete?: boolean }): Promise<void> {
  const folder = devnetFolder(flags.dir);
  const devnet = await findDevnet(folder).catch((error) => {
    if (flags.delete) return null;
    throw error;
  });
  const pid = devnet?.pid ?? null;
  if (pid !== null) await end(pid);
  else if (!flags.delete) await readDevnet(folder);
  const deleted = flags.delete === true && (existsSync(planFile(folder)) || devnet !== null);
  const orphan = deleted && devnet ? await ownNodeOn(devnet) : null;
  if (deleted) await rm(folder, { recursive: true, force: true });
  if (flags.json) printJson({ down: true, deleted, folder, orphan: orphan?.home ?? null });
  else
    print(
      deleted ? `the devnet in ${folder} is removed` : `down; \`chorus devnet up\` goes on with ${folder}`,
      ...(orphan ? orphanLines(orphan) : []),
    );
}

async function end(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const until = Date.now() + DOWN_MILLISECONDS;
  while (isAlive(pid)) {
    if (Date.now() > until) {
      throw new ChorusError('E_NODE_BUSY', 'the devnet has not ended yet', { facts: { pid } });
    }
    await delay(50);
  }
}

async function statusAction(flags: DevnetFlags): Promise<void> {
  const devnet = await readDevnet(flags.dir);
  const nodes = await Promise.all(devnet.nodes.map((node) => nodeStatus(node, devnet.deployment.token)));
  if (flags.json) return printJson({ ...devnet, nodes });
  print(
    fields([
      ['chain', `${devnet.chainId} at ${devnet.rpc}`],
      ['contract', devnet.deployment.taskManager],
      ['token', devnet.deployment.token],
      ['peer', devnet.bootstrap.at(-1) ?? ''],
    ]),
    '',
    ...columns(
      ['NODE', 'STATE', 'PEERS', 'TASKS', 'EARNED', 'MEMORY', 'HOME'],
      nodes.map(({ name, state, peers, tasks, earned, rssBytes, home }) => [
        name,
        state,
        peers === null ? '-' : String(peers),
        tasks === null ? '-' : String(tasks),
        earned === null ? '-' : amount(earned, OWN_TOKEN_DECIMALS),
        rssBytes === null ? '-' : bytes(rssBytes),
        home,
      ]),
      [12, 9, 5, 5, 10, 8, 200],
    ),
  );
}

/** What a node of the devnet says of itself, and has earned of the devnet's own token; one that does not answer is `down`. */
async function nodeStatus(node: DevnetDescriptor['nodes'][number], token: string) {
  try {
    const status = await createAdminClient(await readAdmin(node.home)).status();
    const earned = status.earned.find((entry) => sameAddress(entry.token, token))?.amount ?? '0';
    return {
      ...node,
      state: status.state as string,
      peers: status.network.peers,
      tasks: status.tasks.length,
      earned,
      rssBytes: status.resources.rssBytes,
    };
  } catch {
    return { ...node, state: 'down', peers: null, tasks: null, earned: null, rssBytes: null };
  }
}

async function fundAction(address: string, flags: DevnetFlags & { tokens: string }): Promise<void> {
  if (!/^0x[0-9a-fA-F]{40}$/.test(address)) {
    throw new ChorusError('E_USAGE', 'this is not an address', { facts: { given: address.slice(0, 50) } });
  }
  const tokens = tokenUnits(flags.tokens, OWN_TOKEN_DECIMALS);
  if (tokens === null) {
    throw new ChorusError('E_USAGE', '--tokens takes an amount of tokens, such as 1000', {
      facts: { given: flags.tokens.slice(0, 50) },
    });
  }
  const given = await fundAccount(
    await readDevnet(flags.dir),
    address.toLowerCase() as `0x${string}`,
    tokens,
  );
  if (flags.json) printJson({ address, given: given.toString() });
  else print(`${amount(given.toString(), OWN_TOKEN_DECIMALS)} tokens and coins for gas given to ${address}`);
}
