import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createNode, HOST_EVENTS, mergeCatalogues, openLog } from '@chorus/node';
import type { Explanation } from '@chorus/protocol';
import { AGENTS_EVENTS, type AgentsEvent, agents } from '@chorus/service-agents';
import { MARKET_EVENTS, type MarketEvent, market } from '@chorus/service-market';
import { OFFERS_EVENTS, type OffersEvent, offers } from '@chorus/service-offers';
import { type NodeEvent, TRAINING_EVENTS, training } from '@chorus/service-training';
import { killModels } from '@chorus/training';
import { Command } from 'commander';
import { EXIT, errorText, Interrupted, reportAndExit } from '../environment/exit.ts';
import { configPathOf, type HomeOptions, homeOptions } from '../environment/home.ts';
import { loadConfig, upgradeConfig } from '../environment/node-config.ts';
import { passwordSource } from '../environment/password.ts';
import { goOnWithoutReader } from '../output/terminal.ts';

interface StartFlags extends HomeOptions {
  config?: string;
  set?: string[];
  ipfsApi?: string;
}

/** Signals within this time count as one, ms. */
const SAME_MILLISECONDS = 1_000;

/** How long a process that ends waits until its last lines are written. */
const LOG_MILLISECONDS = 1_000;

/** What a node of this program runs, and what it reports. */
const SERVICES = { training: training(), agents: agents(), market: market(), offers: offers() };
const EVENTS = mergeCatalogues(HOST_EVENTS, TRAINING_EVENTS, AGENTS_EVENTS, MARKET_EVENTS, OFFERS_EVENTS);

const several = (value: string, others: string[] = []) => [...others, value];

/**
 * `chorus start`: one node in the foreground. Readable lines on a terminal, JSON lines otherwise; if a parent
 * process listens, it also gets the events. Ends on SIGINT, SIGTERM, SIGHUP and when the parent has ended. Waits for
 * a chain that does not answer yet.
 */
export function startCommand(): Command {
  return homeOptions(
    new Command('start').description('run a node in the foreground until Ctrl-C or `chorus stop`'),
  )
    .option('--config <file>', 'another configuration file (YAML or JSON)')
    .option('--ipfs-api <url>', 'a Kubo daemon to use as well: --set storage.ipfsApi=<url>')
    .option('--set <key=value>', 'override a value for this run; may be repeated', several)
    .addHelpText(
      'after',
      '\nExamples:\n  $ chorus start\n  $ CHORUS_PASSWORD_FILE=pw chorus start --set training.threads=2 --set log.level=debug',
    )
    .action(startAction);
}

async function startAction(flags: StartFlags): Promise<void> {
  goOnWithoutReader();
  const set = [
    ...(flags.set ?? []),
    ...(flags.ipfsApi === undefined ? [] : [`storage.ipfsApi=${flags.ipfsApi}`]),
    ...(flags.json ? ['log.format=json'] : []),
  ];
  const path = flags.config ?? configPathOf(flags);
  const rewritten = await upgradeConfig(path);
  const { config, renamed } = await loadConfig(path, { env: process.env, set });
  const log = await openLog({ config: config.log, dataDir: config.dataDir, catalogue: EVENTS });
  const emit = (event: NodeEvent | AgentsEvent | MarketEvent | OffersEvent) => {
    log.sink(event);
    if (process.send && process.connected) process.send(event);
  };
  for (const { from, to } of rewritten) emit({ type: 'warning', ...renamedNotice(from, to, true) });
  // Of variables and flags: the file has the new names by now.
  for (const { from, to } of renamed) emit({ type: 'warning', ...renamedNotice(from, to, false) });
  const stopping = Promise.withResolvers<void>();
  const closing = new AbortController();
  let askedAt = Number.POSITIVE_INFINITY;
  const ask = () => {
    // A second signal ends the node at once; it resumes recorded work at the next start. Ctrl-C may come from the
    // terminal and from pnpm at the same time.
    if (performance.now() - askedAt > SAME_MILLISECONDS) {
      killModels();
      process.exit(EXIT.interrupted);
    }
    askedAt = Math.min(askedAt, performance.now());
    stopping.resolve();
  };
  // SIGHUP: the terminal was closed, or the connection to it was lost.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask);
  process.on('disconnect', ask);
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => {
    log.logger.error(`The node ends: ${errorText(error)}`);
    killModels();
    void log.close().finally(() => reportAndExit(error));
  });

  const starting = createNode({
    config,
    services: SERVICES,
    emit,
    password: passwordSource(),
    patient: true,
    signal: closing.signal,
    onShutdown: ask,
    page: pageFolder(),
  });
  const node = await Promise.race([starting, stopping.promise]);
  if (node) await stopping.promise;
  closing.abort(new Interrupted());
  emit({ type: 'stopping' });
  const late = setTimeout(() => {
    log.logger.warn(
      `Not done within ${config.shutdownSeconds} s: ending anyway. The node resumes at the next start.`,
    );
    // Not by `process.exit`: it waits for threads, and a thread that computes in native code does not react.
    const end = () => {
      killModels();
      process.kill(process.pid, 'SIGKILL');
    };
    setTimeout(end, LOG_MILLISECONDS);
    void log.close().finally(end);
  }, config.shutdownSeconds * 1000);
  const started = await starting.catch((error) => {
    if (error instanceof Interrupted) return null;
    throw error;
  });
  await started?.close();
  log.logger.info('Stopped.');
  await log.close();
  clearTimeout(late);
  process.exit(EXIT.ok);
}

/** Where the web page is built, a package of its own; a node that does not find it there says how to build it. */
const pageFolder = () =>
  join(dirname(createRequire(import.meta.url).resolve('@chorus/web/package.json')), 'dist');

/** Tells that a value of the configuration has another name now. */
function renamedNotice(from: string, to: string, rewritten: boolean): Explanation {
  return {
    code: 'E_CONFIG_RENAMED',
    message: `${from} is called ${to} now`,
    hint: rewritten
      ? 'the file was rewritten, and the old one kept as a copy that ends in .before-upgrade'
      : 'use the new name: the old one works until the next minor version',
  };
}
