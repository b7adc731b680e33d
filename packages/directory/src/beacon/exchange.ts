import { ChorusError, decodeStrict, MAX_MESSAGE_BYTES } from '@chorus/protocol';
import { encode } from 'cborg';
import { z } from 'zod';
import { MAX_BEACON_BYTES } from './beacon.ts';

/** libp2p protocol id of the question which agents a node knows. */
export const BEACONS_PROTOCOL = '/chorus/agent-beacons/1.0.0';

/** Beacons that fit into one answer, however long they are. */
const MAX_BEACONS = 256;

const request = z.strictObject({
  /** The answer goes on after the agent with this id; null for the first. */
  after: z.number().int().nonnegative().transform(BigInt).nullable(),
});

const response = z.strictObject({
  beacons: z
    .array(z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= MAX_BEACON_BYTES))
    .max(MAX_BEACONS),
});

export const encodeBeaconsRequest = (after: bigint | null): Uint8Array =>
  encode({ after: after === null ? null : Number(after) });

/** @throws ChorusError `E_AGENT_BEACON` */
export function decodeBeaconsRequest(bytes: Uint8Array): bigint | null {
  return read(request, bytes).after;
}

/** As many of the beacons as one answer holds, from the first on. */
export function encodeBeaconsResponse(beacons: Iterable<Uint8Array>): Uint8Array {
  const taken: Uint8Array[] = [];
  // CBOR needs at most 3 bytes before each, and the map around them a few.
  let left = MAX_MESSAGE_BYTES - 64;
  for (const beacon of beacons) {
    left -= beacon.length + 3;
    if (left < 0 || taken.length === MAX_BEACONS) break;
    taken.push(beacon);
  }
  return encode({ beacons: taken });
}

/** @throws ChorusError `E_AGENT_BEACON` */
export function decodeBeaconsResponse(bytes: Uint8Array): Uint8Array[] {
  return read(response, bytes).beacons;
}

function read<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  try {
    return schema.parse(decodeStrict(bytes));
  } catch (cause) {
    throw new ChorusError('E_AGENT_BEACON', 'this is no message about beacons', { cause });
  }
}
