import { join } from 'node:path';
import { formatUnits, readVerifier } from '@chorus/chain';
import { verifierFault } from '@chorus/inspector';
import { type Address, type ChorusError, COIN_DECIMALS, RULE_NAMES, reasonOf } from '@chorus/protocol';
import type { NodeConfig } from '@chorus/service-training';
import { keccak256 } from 'ethers';
import { DEPLOYMENT_FILE, type DeploymentFile, readDeployment } from '../chain/deployment.ts';
import type { Finding } from './checks.ts';
import { ask } from './rpc.ts';

/** Largest difference of the clocks; with more, the node misses deadlines. */
const MOST_CLOCK_SECONDS = 10;
/** Slowest answer of an endpoint; if slower, the node misses phases of a few seconds. */
const SLOW_MILLISECONDS = 2_000;
/** Gas of a round's transactions of a trainer, at 10 gwei. */
const LEAST_GAS = 10n ** 16n;

/** What a node needs of its chain. */
export async function diagnoseChain(
  config: NodeConfig,
  wallet: Address | null,
  home: string,
): Promise<Finding[]> {
  const { url, contract, chainId } = config.chain;
  let reached: Awaited<ReturnType<typeof ask>>;
  try {
    reached = await ask(url, 'eth_chainId');
  } catch (error) {
    return [
      {
        what: 'chain',
        state: 'problem',
        found: `${hostOf(url)}: ${messageOf(error)}`,
        todo: (error as ChorusError).hint ?? 'check chain.url in the configuration',
      },
    ];
  }
  const found = Number(reached.result);
  const chain: Finding =
    chainId !== undefined && found !== chainId
      ? {
          what: 'chain',
          state: 'problem',
          found: `${hostOf(url)} is chain ${found}, configured is ${chainId}`,
          todo: 'correct chain.url or chain.chainId',
        }
      : reached.milliseconds > SLOW_MILLISECONDS
        ? {
            what: 'chain',
            state: 'problem',
            found: `chain ${found}, but it takes ${reached.milliseconds.toFixed(0)} ms to answer`,
            todo: 'use an endpoint nearer to you',
          }
        : {
            what: 'chain',
            state: 'ok',
            found: `chain ${found} at ${hostOf(url)}, ${reached.milliseconds.toFixed(0)} ms`,
          };
  const rest = await Promise.all(
    [
      clock(url, reached.date),
      deployment(url, found, contract as Address, home),
      verifiers(url, contract as Address, found),
      wallet === null ? null : gas(url, wallet),
    ].map((check) => Promise.resolve(check).catch(unanswered)),
  );
  return [chain, ...rest.filter((finding) => finding !== null)];
}

/** The clock of this machine against the latest block and the endpoint's own. */
async function clock(url: string, serverDate: number | null): Promise<Finding> {
  const { result } = await ask(url, 'eth_getBlockByNumber', ['latest', false]);
  const block = Number((result as { timestamp?: string } | null)?.timestamp);
  const now = Date.now() / 1000;
  // A block from the future, or another time on the server, shows a wrong clock; a block from the past may just be
  // the latest.
  const ahead = block - now;
  const skew = serverDate === null ? 0 : serverDate - now;
  const off = ahead > MOST_CLOCK_SECONDS ? ahead : Math.abs(skew) > MOST_CLOCK_SECONDS ? skew : 0;
  const what = 'clock';
  if (off === 0) {
    const by = serverDate === null ? '' : `, ${Math.abs(skew).toFixed(0)} s from the endpoint's`;
    return { what, state: 'ok', found: `the latest block is ${age(now - block)} old${by}` };
  }
  return {
    what,
    state: 'problem',
    found: `this machine is ${Math.abs(off).toFixed(0)} s ${off > 0 ? 'behind' : 'ahead'}`,
    todo: 'set the clock by NTP: timedatectl set-ntp true',
  };
}

async function deployment(url: string, chainId: number, contract: Address, home: string): Promise<Finding> {
  const what = 'contracts';
  const code = await codeAt(url, contract);
  if (code === '0x') {
    return {
      what,
      state: 'problem',
      found: `nothing is deployed at ${contract}`,
      todo: 'correct chain.contract',
    };
  }
  let file: DeploymentFile;
  try {
    file = await readDeployment(join(home, DEPLOYMENT_FILE));
  } catch {
    return { what, state: 'ok', found: `code at ${contract}; no ${DEPLOYMENT_FILE} to compare it with` };
  }
  if (file.chainId !== chainId || file.taskManager !== contract.toLowerCase()) {
    return {
      what,
      state: 'problem',
      found: `${DEPLOYMENT_FILE} is of chain ${file.chainId}, contract ${file.taskManager}`,
      todo: 'use the deployment file of this network, or correct the configuration',
    };
  }
  for (const { name, address, codeHash } of file.codes) {
    const found = keccak256(await codeAt(url, address));
    if (found !== codeHash) {
      return {
        what,
        state: 'problem',
        found: `the code of ${name} at ${address} is not the one of the deployment file`,
        todo: 'do not use this network: ask its operator',
      };
    }
  }
  const compared =
    file.codes.length > 0 ? `${file.codes.length} code hashes agree` : 'the file states no code hashes';
  return { what, state: 'ok', found: `${contract}, ${compared}` };
}

const codeAt = async (url: string, address: Address) =>
  String((await ask(url, 'eth_getCode', [address, 'latest'])).result);

async function verifiers(url: string, contract: Address, chainId: number): Promise<Finding> {
  const what = 'verifiers';
  const found: string[] = [];
  for (const rule of RULE_NAMES) {
    const onChain = await readVerifier({ url, contract, rule });
    const fault = verifierFault(onChain, rule, chainId);
    if (fault !== undefined) {
      const todo = 'use the version of chorus that this network runs';
      return { what, state: 'problem', found: `${rule}: ${fault}`, todo };
    }
    found.push(`${rule} at ${onChain.address} (reference string ${onChain.srs.origin})`);
  }
  return { what, state: 'ok', found: `hold the circuit keys of this build: ${found.join(', ')}` };
}

async function gas(url: string, wallet: Address): Promise<Finding> {
  const balance = BigInt(String((await ask(url, 'eth_getBalance', [wallet, 'latest'])).result));
  const found = `${Number(formatUnits(balance, COIN_DECIMALS)).toLocaleString('en', { maximumFractionDigits: 4 })} for gas`;
  return balance >= LEAST_GAS
    ? { what: 'wallet', state: 'ok', found: `${wallet}, ${found}` }
    : { what: 'wallet', state: 'problem', found: `${wallet}, ${found}`, todo: 'send it coins of this chain' };
}

function unanswered(error: unknown): Finding {
  const { hint } = error as ChorusError;
  return { what: 'chain', state: 'problem', found: messageOf(error), todo: hint ?? 'try another endpoint' };
}

/** Hosted endpoints carry keys in their paths: only the host is shown. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'no URL';
}

/** What is wrong, without the address, which may hold a key. */
function messageOf(error: unknown): string {
  return reasonOf(error).replace(/^no chain answers: /, '');
}

function age(seconds: number): string {
  if (seconds < 120) return `${Math.max(0, seconds).toFixed(0)} s`;
  return seconds < 7_200 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(0)} h`;
}
