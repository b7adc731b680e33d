import {
  decodeSummaryResponse,
  encodeMessage,
  MAX_SUMMARY_BYTES,
  type NetworkPort,
  type RoundSummary,
  SUMMARY_PROTOCOL,
} from '@chorus/protocol';

/** Milliseconds for one answer: a few hundred bytes that the peer has at hand. */
const ANSWER_MILLISECONDS = 5_000;

/** Connected peers asked beside the members of a task. */
const MAX_STRANGERS = 16;

/** Who can be asked for summaries of settled rounds: the peers of a live network, or what a kept one has left. */
export interface SummaryPeers {
  /** What is held here already. */
  own(taskId: bigint, round: number): RoundSummary | null;
  /** Peers to ask beside the members of the task. */
  others(): string[];
  /** Null where the peer does not have it, or does not answer. */
  ask(peer: string, taskId: bigint, round: number, signal: AbortSignal): Promise<RoundSummary | null>;
  /** What the peer gave is wrong. */
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
        // Nothing that honest nodes send.
        network.blame(peer, 'wrong-summary');
        return null;
      }
    },
  };
}
