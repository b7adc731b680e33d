import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { connectChain, isDevChain, sqliteEventStore } from '@chorus/chain';
import { type ChainPort, ChorusError, explain, hasCode } from '@chorus/protocol';
import { pause } from '@chorus/utils';
import type { HostConfig } from '../config/host-config.ts';
import type { EventSink } from '../events/events.ts';
import type { OpenedWallet } from '../identity/wallet.ts';
import type { NodeStore } from '../store/node-store.ts';

/** @throws ChorusError `E_CHAIN_WRONG_ID` if the endpoint serves another chain than the configuration names */
export function checkChainId({ chain }: HostConfig, found: number): void {
  if (chain.chainId === undefined || found === chain.chainId) return;
  throw new ChorusError('E_CHAIN_WRONG_ID', 'chain id mismatch: endpoint and configuration differ', {
    facts: { configured: chain.chainId, found },
    hint: 'correct chain.url or chain.chainId in the configuration',
  });
}

/** The chain port of the wallet, on the configured chain. */
export async function openChain(
  config: HostConfig,
  { wallet, encrypted }: OpenedWallet,
  store: NodeStore,
  emit: EventSink,
): Promise<ChainPort> {
  const { url, contract, deployedAt, pollMilliseconds, requestsPerMinute } = config.chain;
  const chain = await connectChain({
    url,
    contract: contract as `0x${string}`,
    signer: wallet,
    transactions: store.transactions,
    feedback: () => sqliteEventStore(join(config.dataDir, feedbackFile(config))),
    onPaid: (wei) => {
      // A mined transaction succeeds even if its cost cannot be recorded.
      try {
        if (store.isOpen) store.spending.paidGas(wei);
      } catch (error) {
        emit({ type: 'warning', ...explain(error) });
      }
    },
    deployedAt,
    ...(pollMilliseconds ? { pollMilliseconds } : {}),
    ...(requestsPerMinute ? { requestsPerMinute } : {}),
  });
  try {
    checkChainId(config, chain.chainId);
    if (!encrypted && !isDevChain(chain.chainId)) {
      throw new ChorusError('E_WALLET_UNENCRYPTED', 'a development key is refused on this chain', {
        facts: { chainId: chain.chainId },
        hint: 'create an encrypted wallet with `chorus init`',
      });
    }
    return chain;
  } catch (error) {
    await chain.close();
    throw error;
  }
}

/** Events of one deployment, read from one block on, are in one file. */
function feedbackFile({ chain }: HostConfig): string {
  const subject = JSON.stringify([chain.chainId ?? null, chain.contract.toLowerCase(), chain.deployedAt]);
  return `feedback-${createHash('sha256').update(subject).digest('hex').slice(0, 8)}.sqlite`;
}

/** What an endpoint that hangs turns out to do, in the same words. */
const NO_ANSWER = {
  code: 'E_CHAIN_UNREACHABLE',
  message: 'no chain answers: no answer in time',
  hint: 'check chain.url, and that the endpoint is up',
} as const;

type Condition = Pick<ChorusError, 'code' | 'message' | 'hint'>;

/** First and longest pause between two attempts to reach the chain. */
const WAIT_MILLISECONDS = { first: 1_000, longest: 10_000 };

/** A first attempt this long is reported while it lasts: an endpoint that hangs is known for one only after half a minute. */
const SILENT_MILLISECONDS = 8_000;

/**
 * The chain as soon as it answers. A failure is reported once with its reason, and again if the reason changes.
 * @throws if another chain answers, and the reason that `signal` is aborted with
 */
export async function chainInTime(
  open: () => Promise<ChainPort>,
  emit: EventSink,
  signal: AbortSignal,
): Promise<ChainPort> {
  const since = performance.now();
  /** The latest, if any. */
  let told: readonly Condition[] = [];
  const report = (error: Condition) => {
    if (told.at(-1)?.message !== error.message) {
      const hint = `the node waits for it${error.hint ? `; ${error.hint}` : ''}`;
      emit({ type: 'condition-began', code: error.code, message: error.message, hint });
    }
    told = [error];
  };
  const silent = setTimeout(() => report(NO_ANSWER), SILENT_MILLISECONDS);
  silent.unref();
  for (let wait = WAIT_MILLISECONDS.first; ; wait = Math.min(2 * wait, WAIT_MILLISECONDS.longest)) {
    try {
      const chain = await open().finally(() => clearTimeout(silent));
      for (const { code, message } of told) {
        const seconds = Math.round((performance.now() - since) / 1000);
        emit({ type: 'condition-ended', code, message, seconds });
      }
      return chain;
    } catch (error) {
      if (!(error instanceof ChorusError) || !hasCode(error, 'E_CHAIN_UNREACHABLE')) throw error;
      report(error);
      await pause(wait, signal);
      signal.throwIfAborted();
    }
  }
}
