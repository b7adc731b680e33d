import {
  type AgentRegistry,
  BEACONS_PROTOCOL,
  decodeBeaconsResponse,
  encodeBeaconsRequest,
  readBeacon,
} from '@chorus/directory';
import type { Ports } from '@chorus/node';
import { MAX_MESSAGE_BYTES } from '@chorus/protocol';

/** Time limit of one answer, ms. */
const ANSWER_MILLISECONDS = 10_000;

/** Answers of one peer: some hundred agents each; and the time for all of them, ms. */
const MAX_ANSWERS = 32;
const ALL_MILLISECONDS = 30_000;

/**
 * Ask a peer which agents it knows: beacons come minutes apart, and a node that starts has heard none.
 * @param take each beacon that still may hold
 * @param milliseconds for all answers together
 * @returns false if the peer does not answer, or not as it should
 */
export async function catchUp(
  network: Pick<Ports['network'], 'request'>,
  registry: AgentRegistry,
  peer: string,
  take: (beacon: Uint8Array) => void,
  ends: AbortSignal,
  milliseconds = ALL_MILLISECONDS,
): Promise<boolean> {
  const signal = AbortSignal.any([ends, AbortSignal.timeout(milliseconds)]);
  const options = { timeoutMs: ANSWER_MILLISECONDS, maxResponseBytes: MAX_MESSAGE_BYTES, signal };
  let after: bigint | null = null;
  try {
    for (let answers = 0; answers < MAX_ANSWERS; answers++) {
      const response = await network.request(peer, BEACONS_PROTOCOL, encodeBeaconsRequest(after), options);
      const beacons = decodeBeaconsResponse(response);
      if (beacons.length === 0) break;
      for (const bytes of beacons) {
        const { agentId } = readBeacon(registry, bytes);
        // The order of ids ends every exchange.
        if (after !== null && agentId <= after) return false;
        after = agentId;
        take(bytes);
      }
    }
    return true;
  } catch {
    return false;
  }
}
