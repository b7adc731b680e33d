import { isDevChain } from '@chorus/chain';
import type { ErrorCode } from '@chorus/protocol';
import type { Notice } from '../admin/schema/values.ts';
import { formatBytes } from '../utils/quantities.ts';
import type { ChainView } from './chain-watch.ts';

/** A node that has just started has no peers yet. */
const PATIENCE_SECONDS = 30;

/** Blocks come every few seconds to minutes; an endpoint that is so far behind has lost its chain. */
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
  /** Seconds behind this machine's clock; null where it is not known. */
  lagSeconds: number | null;
  /** Unix milliseconds until which the endpoint wants no request; null where it takes them. */
  limitedUntil: number | null;
  peers: number;
  diskFreeBytes: number | null;
}

/** What stands in the way of a node's work at this moment, with what to do about it. */
export function conditions(now: Conditions): Notice[] {
  const notices: Notice[] = [];
  const say = (code: ErrorCode, message: string, hint: string) => notices.push({ code, message, hint });
  if (now.limitedUntil !== null) {
    say(
      'E_CHAIN_LIMITED',
      `the endpoint of the chain has had too many requests and takes none until ${new Date(now.limitedUntil).toISOString()}`,
      'take an endpoint with a larger quota, or raise chain.pollMilliseconds',
    );
  } else if (!now.chain.reachable) {
    const why = now.chain.fault?.replace(/^no chain answers: /, '');
    say(
      'E_CHAIN_UNREACHABLE',
      `the chain does not answer${why ? `: ${why}` : ''}`,
      'check chain.url, and that the endpoint is up; the node goes on by itself when it is',
    );
  } else if (now.lagSeconds !== null && now.lagSeconds > STALE_SECONDS && !isDevChain(now.chainId)) {
    say(
      'E_CHAIN_STALE',
      `the latest block is ${Math.round(now.lagSeconds / 60)} minutes old`,
      "check this machine's clock, or take another endpoint",
    );
  }
  if (now.chain.gasBalance !== null && now.chain.gasBalance < LOW_GAS) {
    say(
      'E_GAS_LOW',
      now.chain.gasBalance === 0n
        ? 'the wallet has nothing to pay gas with'
        : 'the wallet can pay for few transactions more',
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
      'make room on the file system of the data folder',
    );
  }
  return notices;
}
