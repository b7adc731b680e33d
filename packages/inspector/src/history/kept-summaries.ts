import { readFile, writeFile } from 'node:fs/promises';
import {
  ChorusError,
  decodeSummaryResponse,
  encodeMessage,
  fromHex,
  type RoundSummary,
  toHex,
} from '@chorus/protocol';
import { z } from 'zod';
import type { SummaryPeers } from './summary-peers.ts';

/** Summaries by task and round, in their wire format. */
const keptSchema = z.record(
  z.string().regex(/^\d{1,20}\/\d{1,4}$/),
  z.custom<`0x${string}`>((text) => /^0x[0-9a-f]{2,8192}$/.test(String(text))),
);

/** A source without peers: it has only the stored summaries. */
export function ownSummaries(own: SummaryPeers['own']): SummaryPeers {
  return { own, others: () => [], ask: async () => null, blame: () => {} };
}

/** Store summaries for inspecting a network that has ended. */
export async function writeSummaries(
  path: string,
  summaries: readonly { taskId: bigint; round: number; summary: RoundSummary }[],
): Promise<void> {
  const kept = Object.fromEntries(
    summaries.map(({ taskId, round, summary }) => [`${taskId}/${round}`, toHex(encodeMessage(summary))]),
  );
  await writeFile(path, `${JSON.stringify(kept, null, 2)}\n`);
}

/**
 * The summaries that {@link writeSummaries} stored.
 * @throws ChorusError `E_PROFILE`
 */
export async function keptSummaries(path: string): Promise<SummaryPeers> {
  try {
    const kept = keptSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return ownSummaries((taskId, round) => {
      const bytes = kept[`${taskId}/${round}`];
      const summary = bytes === undefined ? null : decodeSummaryResponse(fromHex(bytes));
      return summary === null || 'refused' in summary ? null : summary;
    });
  } catch (cause) {
    throw new ChorusError('E_PROFILE', 'the summaries of the kept network cannot be read', {
      facts: { path },
      hint: 'keep a network again with `chorus demo --keep`',
      cause,
    });
  }
}
