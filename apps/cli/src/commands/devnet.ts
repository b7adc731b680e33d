import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { ChorusError, parseTokenAmount } from '@chorus/protocol';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { endDevnet, upInBackground } from '../devnet/background.ts';
import { devnetFolder, findDevnet, readDevnet } from '../devnet/descriptor.ts';
import { fundAccount } from '../devnet/fund.ts';
import { planFile } from '../devnet/layout.ts';
import { nodeStatus } from '../devnet/node-status.ts';
import { orphanLines, ownNodeOn } from '../devnet/own-node.ts';
import { runDevnet } from '../devnet/run.ts';
import { columns } from '../output/columns.ts';
import { fields, print, printJson } from '../output/table.ts';
import { write } from '../output/terminal.ts';
import { amount, bytes, OWN_TOKEN_DECIMALS } from '../output/units.ts';
import { addressOf } from '../stake/choose.ts';

interface DevnetFlags {
  dir?: string;
  json?: boolean;
}

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

async function downAction(flags: DevnetFlags & { delete?: boolean }): Promise<void> {
  const folder = devnetFolder(flags.dir);
  const devnet = await findDevnet(folder).catch((error) => {
    if (flags.delete) return null;
    throw error;
  });
  const pid = devnet?.pid ?? null;
  if (pid !== null) await endDevnet(pid);
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

async function fundAction(address: string, flags: DevnetFlags & { tokens: string }): Promise<void> {
  const account = addressOf(address, 'the wallet') as `0x${string}`;
  const tokens = parseTokenAmount(flags.tokens, OWN_TOKEN_DECIMALS);
  if (tokens === null) {
    throw new ChorusError('E_USAGE', '--tokens is not an amount of tokens', {
      facts: { given: flags.tokens.slice(0, 50) },
      hint: 'give an amount such as 1000',
    });
  }
  const given = await fundAccount(await readDevnet(flags.dir), account, tokens);
  if (flags.json) printJson({ address, given: given.toString() });
  else print(`${amount(given.toString(), OWN_TOKEN_DECIMALS)} tokens and coins for gas given to ${address}`);
}
