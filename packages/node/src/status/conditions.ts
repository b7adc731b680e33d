import type { Notice } from '@chorus/admin-api';
import { isDevChain } from '@chorus/chain';
import type { ErrorCode } from '@chorus/protocol';
import { formatBytes } from '../utils/quantities.ts';
import type { ChainView } from './chain-watch.ts';

/** Time after the start in which a missing peer is not reported. */
const PATIENCE_SECONDS = 30;

/** Blocks come every few seconds to minutes; an endpoint that is this far behind has lost its chain. */
const STALE_SECONDS = 900;

/** A settlement takes about a million gas: at 10 gwei this is one. */
const LOW_GAS = 10n ** 16n;

/** A round of a large model with its payloads and a log file. */
const LOW_DISK_BYTES = 500e6;

export interface Conditions {
  uptimeSeconds: number;
  chainId: number;
  wallet: string;
  chain: ChainView;
  /** Seconds behind this machine's clock; null if unknown. */
  lagSeconds: number | null;
  /** Unix milliseconds until which the endpoint accepts no requests; null if it accepts them. */
  limitedUntil: number | null;
  peers: number;
  diskFreeBytes: number | null;
}

/** Conditions that obstruct the node's work now, with what to do about them. */
export function conditions(now: Conditions): Notice[] {
  const notices: Notice[] = [];
  const say = (code: ErrorCode, message: string, hint: string) => notices.push({ code, message, hint });
  if (now.limitedUntil !== null) {
    say(
      'E_CHAIN_LIMITED',
      `the endpoint of the chain had too many requests and accepts none until ${new Date(now.limitedUntil).toISOString()}`,
      'use an endpoint with a larger quota, or raise chain.pollMilliseconds',
    );
  } else if (!now.chain.reachable) {
    const why = now.chain.fault?.replace(/^no chain answers: /, '');
    say(
      'E_CHAIN_UNREACHABLE',
      `the chain does not answer${why ? `: ${why}` : ''}`,
      'check chain.url, and that the endpoint is up; the node then continues by itself',
    );
  } else if (now.lagSeconds !== null && now.lagSeconds > STALE_SECONDS && !isDevChain(now.chainId)) {
    say(
      'E_CHAIN_STALE',
      `the latest block is ${Math.round(now.lagSeconds / 60)} minutes old`,
      "check this machine's clock, or use another endpoint",
    );
  }
  if (now.chain.gasBalance !== null && now.chain.gasBalance < LOW_GAS) {
    say(
      'E_GAS_LOW',
      now.chain.gasBalance === 0n
        ? 'the wallet has nothing to pay gas with'
        : 'the wallet balance is low: it can pay for only a few more transactions',
      `send some of the chain's coin to ${now.wallet}`,
    );
  }
  if (now.peers === 0 && now.uptimeSeconds > PATIENCE_SECONDS) {
    say('E_NO_PEERS', 'no peer is connected', 'check network.bootstrap, and that the network is up');
  }
  if (now.diskFreeBytes !== null && now.diskFreeBytes < LOW_DISK_BYTES) {
    say(
      'E_DISK_LOW',
      `${formatBytes(now.diskFreeBytes)} of disk are free`,
      'free space on the file system of the data folder',
    );
  }
  return notices;
}
