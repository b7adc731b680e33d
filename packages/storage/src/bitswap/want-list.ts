import type { CID } from 'multiformats/cid';

/** One line of a wantlist: ask for a block, or no longer ask for it. */
export interface WantEntry {
  cid: CID;
  cancel: boolean;
}

/**
 * A bitswap message that carries a wantlist and nothing else, with its length in front (bitswap 1.2.0:
 * `Message { Wantlist wantlist = 1 }`, `Wantlist { repeated Entry entries = 1 }`,
 * `Entry { bytes block = 1; int32 priority = 2; bool cancel = 3 }`).
 */
export function encodeWantlist(entries: WantEntry[]): Uint8Array {
  const encoded = entries.map(({ cid, cancel }) =>
    field(
      1,
      concat([field(1, cid.bytes), Uint8Array.of(0x10, 1), ...(cancel ? [Uint8Array.of(0x18, 1)] : [])]),
    ),
  );
  const message = field(1, concat(encoded));
  return concat([varint(message.length), message]);
}

/** A length-delimited protobuf field. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  return concat([Uint8Array.of((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  bytes.push(value);
  return Uint8Array.from(bytes);
}

function concat(parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
