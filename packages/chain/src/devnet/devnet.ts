import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Hex } from '@chorus/protocol';
import { HDNodeWallet } from 'ethers';
import { ChainError } from '../errors/errors.ts';
import { openProvider } from '../rpc/rpc.ts';

export interface DevnetOptions {
  /** Default: a free port. */
  port?: number;
  /** File that keeps the chain: read at the start, written every few seconds and at the end. */
  stateFile?: string;
  /** Funded accounts, 1 to 256 (default 20). */
  accounts?: number;
}

/** A development chain on this machine that mines each transaction at once. */
export interface Devnet {
  url: string;
  chainId: number;
  /** Keys of the funded accounts, the same on every start. Publicly known: for development only. */
  privateKeys: Hex[];
  close(): Promise<void>;
}

/** The mnemonic of every Ethereum development chain. */
const MNEMONIC = 'test test test test test test test test test test test junk';
const CHAIN_ID = 31337;
const READY_TIMEOUT_MS = 15_000;
/** Another program may hold the port and never answer. */
const PROBE_TIMEOUT_MS = 1_000;
const CLOSE_TIMEOUT_MS = 5_000;
const START_ATTEMPTS = 3;

/**
 * Runs anvil and ends it when its own standard input closes; the kernel closes it however this process ends, even by
 * SIGKILL. Plain JavaScript for `node -e`.
 */
const SUPERVISOR = `
const child = require('node:child_process').spawn(process.argv[1], process.argv.slice(2), { stdio: ['ignore', 'ignore', 'inherit'] });
const end = () => child.kill('SIGTERM');
child.on('error', (error) => { console.error(error.message); process.exit(1); });
child.on('exit', (code) => process.exit(code ?? 0));
process.stdin.resume().on('end', end).on('close', end).on('error', end);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);
`;

/**
 * Start anvil (chain id 31337) as a child process and wait until it answers.
 *
 * @example
 * const devnet = await startDevnet();
 * const privateKey = devnet.privateKeys[0]!;
 * const { taskManager } = await deployChorus({ url: devnet.url, privateKey, verifier: developmentKey() });
 * await devnet.close();
 * @throws ChainError `E_CHAIN_DEVNET` with what anvil printed, `E_CHAIN_DEVNET_UNSUPPORTED`
 */
export async function startDevnet(options: DevnetOptions = {}): Promise<Devnet> {
  const accounts = options.accounts ?? 20;
  if (!Number.isInteger(accounts) || accounts < 1 || accounts > 256) {
    throw new ChainError('E_CHAIN_INVALID_PARAMS', 'a devnet has 1 to 256 accounts', { facts: { accounts } });
  }
  const binary = anvilBinary();
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    try {
      const { url, close } = await start(binary, port, accounts, options.stateFile);
      return { url, chainId: CHAIN_ID, privateKeys: devnetKeys(accounts), close };
    } catch (error) {
      // Another process may have taken the free port first.
      if (options.port !== undefined || attempt === START_ATTEMPTS) throw error;
    }
  }
}

/** Keys of the first `count` accounts of every devnet. */
export function devnetKeys(count: number): Hex[] {
  const root = HDNodeWallet.fromPhrase(MNEMONIC, '', "m/44'/60'/0'/0");
  return Array.from({ length: count }, (_, index) => root.deriveChild(index).privateKey as Hex);
}

async function start(binary: string, port: number, accounts: number, stateFile: string | undefined) {
  const args = ['--port', port, '--chain-id', CHAIN_ID, '--accounts', accounts, '--mnemonic', MNEMONIC];
  // A fixed set of rules, so that gas figures do not change with anvil's default.
  args.push('--hardfork', 'prague', '--quiet');
  if (stateFile !== undefined) args.push('--state', stateFile, '--state-interval', 5);
  const child = spawn(process.execPath, ['-e', SUPERVISOR, binary, ...args.map(String)], {
    stdio: ['pipe', 'ignore', 'pipe'],
    // Its own process group: Ctrl-C reaches this process, which ends it last.
    detached: true,
    windowsHide: true,
  });
  let printed = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-2000);
  });
  child.stdin!.on('error', () => undefined);
  const exited = once(child, 'exit').catch(() => undefined);
  const url = `http://127.0.0.1:${port}`;
  try {
    await ready(url, child);
  } catch (cause) {
    await end(child, exited);
    throw new ChainError('E_CHAIN_DEVNET', 'the development chain did not start', {
      facts: { port, output: printed.trim() },
      hint: 'check that the port is free and that the state file, if any, is writable and of this version',
      cause,
    });
  }
  return { url, close: () => end(child, exited) };
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  const until = Date.now() + READY_TIMEOUT_MS;
  let last: unknown;
  while (Date.now() < until && child.exitCode === null && child.signalCode === null) {
    try {
      const { provider } = await openProvider(url, { timeoutMilliseconds: PROBE_TIMEOUT_MS });
      provider.destroy();
      // The process that answers must be this one: an anvil that could not listen has exited by now.
      await delay(20);
      if (child.exitCode === null) return;
    } catch (error) {
      last = error;
      await delay(25);
    }
  }
  throw last ?? new Error('anvil exited');
}

/** Ends the child: first by closing its input, so that it can write its state. */
async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.stdin!.destroy();
  const timeout = new AbortController();
  const late = delay(CLOSE_TIMEOUT_MS, 'late', { signal: timeout.signal }).catch(() => undefined);
  if ((await Promise.race([exited, late])) === 'late' && child.pid !== undefined) {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
    await exited;
  }
  timeout.abort();
  child.stderr!.destroy();
}

/** The anvil binary of this platform, run directly: its npm wrapper would intercept the signals. */
function anvilBinary(): string {
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  const name = `@foundry-rs/anvil-${process.platform}-${architecture}`;
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  const musl = process.platform === 'linux' && report?.header?.glibcVersionRuntime === undefined;
  try {
    if (musl) throw new Error('anvil is built against glibc; this system has musl');
    const wrapper = createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json');
    const executable = process.platform === 'win32' ? 'anvil.exe' : 'anvil';
    return createRequire(wrapper).resolve(`${name}/bin/${executable}`);
  } catch (cause) {
    throw new ChainError('E_CHAIN_DEVNET_UNSUPPORTED', 'there is no embedded chain for this system', {
      facts: { platform: process.platform, arch: process.arch, musl },
      hint: 'run any EVM node (for instance anvil in a container) and give its URL',
      cause,
    });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
