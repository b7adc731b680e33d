import {
  decodeSummaryResponse,
  encodeMessage,
  MAX_SUMMARY_BYTES,
  type NetworkPort,
  type RoundSummary,
  SUMMARY_PROTOCOL,
} from '@chorus/protocol';

/** Time limit of one answer, ms: a few hundred bytes that the peer has stored. */
const ANSWER_MILLISECONDS = 5_000;

/** Connected peers asked in addition to the members of a task. */
const MAX_STRANGERS = 16;

/** Sources of summaries of settled rounds: the peers of a live network, or the files of a kept one. */
export interface SummaryPeers {
  /** The summary stored on this node. */
  own(taskId: bigint, round: number): RoundSummary | null;
  /** Peers to ask in addition to the members of the task. */
  others(): string[];
  /** Null if the peer does not have it, or does not answer. */
  ask(peer: string, taskId: bigint, round: number, signal: AbortSignal): Promise<RoundSummary | null>;
  /** Report that the peer sent a wrong summary. */
  blame(peer: string): void;
}

/** Ask the peers of a network. */
export function networkPeers(
  network: Pick<NetworkPort, 'peerId' | 'peers' | 'request' | 'blame'>,
  own: SummaryPeers['own'],
): SummaryPeers {
  return {
    own,
    others: () => network.peers().slice(0, MAX_STRANGERS),
    blame: (peer) => network.blame(peer, 'wrong-summary'),
    ask: async (peer, taskId, round, signal) => {
      if (peer === network.peerId) return null;
      let bytes: Uint8Array;
      try {
        bytes = await network.request(peer, SUMMARY_PROTOCOL, encodeMessage({ taskId, round }), {
          timeoutMs: ANSWER_MILLISECONDS,
          maxResponseBytes: MAX_SUMMARY_BYTES,
          signal,
        });
      } catch {
        signal.throwIfAborted();
        return null;
      }
      try {
        const response = decodeSummaryResponse(bytes);
        return 'refused' in response ? null : response;
      } catch {
        // Honest nodes never send this.
        network.blame(peer, 'wrong-summary');
        return null;
      }
    },
  };
}
