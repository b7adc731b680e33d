import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  decodeAvailableRequest,
  decodeAvailableResponse,
  decodeFileKeyRequest,
  decodeFileKeyResponse,
  decodeGossip,
  decodePayload,
  decodeSummaryRequest,
  decodeSummaryResponse,
  decodeTerms,
  decodeVoteRequest,
  decodeVoteResponse,
  encodeMessage,
  fromHex,
  hasCode,
} from '@chorus/protocol';
import { concat, keccak256, recoverAddress, toBeHex, toUtf8Bytes, zeroPadValue } from 'ethers';
import { describe, expect, test } from 'vitest';
import { cutByHand } from '../twins/storage.ts';
import {
  fileBytes,
  type Json,
  type Kind,
  MESSAGES,
  PAYLOADS,
  protocolVectors,
  TERMS,
  toJson,
} from '../vectors/protocol/vectors.ts';

const FOLDER = new URL('../vectors/protocol/', import.meta.url);
const read = async <T>(name: string): Promise<T> =>
  JSON.parse(await readFile(new URL(name, FOLDER), 'utf8')) as T;

const decoders: Record<Kind, (bytes: Uint8Array) => unknown> = {
  gossip: decodeGossip,
  'verdict-request': decodeVoteRequest,
  'verdict-response': decodeVoteResponse,
  'available-request': decodeAvailableRequest,
  'available-response': decodeAvailableResponse,
  'summary-request': decodeSummaryRequest,
  'summary-response': decodeSummaryResponse,
  'file-key-request': decodeFileKeyRequest,
  'file-key-response': decodeFileKeyResponse,
};

/** A matrix is its upper triangle, each entry of 8 bytes in two's complement. */
function matrix(rows: Json[][]): Buffer {
  const entries = rows.flatMap((row, i) => row.slice(i)) as { bigint: string }[];
  const digits = entries.map(({ bigint }) =>
    BigInt.asUintN(64, BigInt(bigint)).toString(16).padStart(16, '0'),
  );
  return cbor({ hex: `0x${digits.join('')}` });
}

/** CBOR by hand (RFC 8949, sections 3 and 4.2.1): integers, bytes, text, arrays, maps with sorted keys. */
function cbor(value: Json): Buffer {
  const head = (major: number, n: bigint): Buffer => {
    const lead = (info: number) => Buffer.from([(major << 5) | info]);
    if (n < 24n) return lead(Number(n));
    const width = n < 256n ? 0 : n < 65536n ? 1 : n < 2n ** 32n ? 2 : 3;
    const digits = n.toString(16).padStart(2 * 2 ** width, '0');
    return Buffer.concat([lead(24 + width), Buffer.from(digits, 'hex')]);
  };
  const count = (n: number) => BigInt(n);
  if (value === null) return Buffer.from([0xf6]);
  if (typeof value === 'number') return head(0, BigInt(value));
  if (typeof value === 'string')
    return Buffer.concat([head(3, count(Buffer.byteLength(value))), Buffer.from(value)]);
  if (Array.isArray(value)) return Buffer.concat([head(4, count(value.length)), ...value.map(cbor)]);
  if (typeof value === 'boolean') throw new Error('no message has one');
  if ('bigint' in value) return head(0, BigInt(value.bigint as string));
  if ('hex' in value) {
    const bytes = Buffer.from((value.hex as string).slice(2), 'hex');
    return Buffer.concat([head(2, count(bytes.length)), bytes]);
  }
  // A point is its two coordinates, 32 bytes each.
  if ('x' in value && 'y' in value) {
    const bytes = [value.x, value.y].map((c) =>
      BigInt((c as { bigint: string }).bigint)
        .toString(16)
        .padStart(64, '0'),
    );
    return Buffer.concat([head(2, 64n), Buffer.from(bytes.join(''), 'hex')]);
  }
  const entries = Object.entries(value).map(
    ([key, entry]) => [cbor(key), key === 'gram' && entry ? matrix(entry as Json[][]) : cbor(entry)] as const,
  );
  entries.sort(([a], [b]) => Buffer.compare(a, b));
  return Buffer.concat([head(5, count(entries.length)), ...entries.flat()]);
}

describe('the vectors of the wire protocol', () => {
  test('the vectors of the wire protocol are the generator’s output: node --conditions=@chorus/source test/vectors/protocol/generate.ts', async () => {
    for (const [name, value] of Object.entries(await protocolVectors()))
      expect(await read(name)).toEqual(value);
  });

  test('every message decodes to its value and encodes to its bytes, as CBOR written by hand does', async () => {
    const { accepted } = await read<{ accepted: { name: string; kind: Kind; value: Json; bytes: string }[] }>(
      'messages.json',
    );
    expect(accepted.length).toBe(MESSAGES.length);
    for (const [i, { name, kind, value, bytes }] of accepted.entries()) {
      const message = MESSAGES[i]!.value;
      expect(decoders[kind](fromHex(bytes)), name).toEqual(message);
      expect(toJson(message), name).toEqual(value);
      expect(Buffer.from(encodeMessage(message)).toString('hex'), name).toBe(bytes.slice(2));
      expect(cbor(value).toString('hex'), name).toBe(bytes.slice(2));
    }
  });

  test('every other decoder refuses messages that are not its own', async () => {
    const { accepted } = await read<{ accepted: { kind: Kind; bytes: string }[] }>('messages.json');
    for (const { kind, bytes } of accepted) {
      for (const [other, decode] of Object.entries(decoders)) {
        const request = (k: string) => k.endsWith('request');
        if (other === kind || request(other) !== request(kind) || kind.endsWith('response')) continue;
        expect(() => decode(fromHex(bytes)), `${kind} as ${other}`).toThrow();
      }
    }
  });

  test('every invalid message is refused as malformed', async () => {
    const { refused } = await read<{ refused: { name: string; kind: Kind; bytes: string }[] }>(
      'messages.json',
    );
    expect(refused.length).toBeGreaterThan(5);
    for (const { name, kind, bytes } of refused) {
      expect(() => decoders[kind](fromHex(bytes)), name).toThrow(
        expect.toSatisfy((error: unknown) => hasCode(error, 'E_MESSAGE_MALFORMED')),
      );
    }
  });

  test('payloads are the header of the specification and little-endian entries', async () => {
    const vectors = await read<{ name: string; bytes: string; sha256: string }[]>('payloads.json');
    for (const [i, { name, bytes, sha256 }] of vectors.entries()) {
      const payload = PAYLOADS[i]!.value;
      const raw = Buffer.from(bytes.slice(2), 'hex');
      expect(decodePayload(fromHex(bytes), payload), name).toEqual(payload);
      expect(`0x${createHash('sha256').update(raw).digest('hex')}`).toBe(sha256);
      const byHand = Buffer.alloc(68 + 2 * payload.dimension);
      byHand.write('CHRU', 0, 'latin1');
      byHand.writeUInt8(1, 4);
      byHand.writeUInt8(payload.kind === 'update' ? 0 : 1, 5);
      byHand.write(payload.taskId.toString(16).padStart(64, '0'), 8, 'hex');
      byHand.writeUInt32LE(payload.round, 40);
      byHand.write(payload.author.slice(2), 44, 'hex');
      byHand.writeUInt32LE(payload.dimension, 64);
      for (const [j, entry] of payload.vector.entries()) byHand.writeInt16LE(entry, 68 + 2 * j);
      expect(raw.equals(byHand), name).toBe(true);
    }
  });

  test('the terms are canonical JSON, and their digest is that of its UTF-8', async () => {
    const { canonical, digest } = await read<{ canonical: string; digest: string }>('terms.json');
    expect(decodeTerms(new TextEncoder().encode(canonical))).toEqual(TERMS);
    expect(`0x${createHash('sha256').update(canonical, 'utf8').digest('hex')}`).toBe(digest);
  });

  test('signatures are those of EIP-712 as its specification has it, written by hand', async () => {
    const v = await read<{
      signer: string;
      domain: { chainId: number; verifyingContract: string };
      commitments: Record<'updates' | 'references', Record<string, Record<'x' | 'y', { bigint: string }>>> & {
        hash: string;
      };
      verdict: { value: Record<string, unknown>; digest: string; signature: string };
    }>('signatures.json');
    const word = (n: bigint | number) => zeroPadValue(toBeHex(n), 32);
    const hash = (text: string) => keccak256(toUtf8Bytes(text));
    const domain = keccak256(
      concat([
        hash('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'),
        hash('Chorus'),
        hash('1'),
        word(v.domain.chainId),
        zeroPadValue(v.domain.verifyingContract, 32),
      ]),
    );
    // 16 updates and 15 references, two words each: trainers 0 and 2 committed, validator 2 opened.
    const points = Array.from({ length: 31 }, () => [0n, 0n]);
    const put = (at: number, { x, y }: Record<'x' | 'y', { bigint: string }>) => {
      points[at] = [BigInt(x.bigint), BigInt(y.bigint)];
    };
    const { updates, references, hash: commitments } = v.commitments;
    for (const [i, entry] of Object.entries(updates)) put(Number(i), entry);
    for (const [i, entry] of Object.entries(references)) put(16 + Number(i), entry);
    expect(points.filter(([x]) => x !== 0n)).toHaveLength(3);
    expect(commitments).toBe(keccak256(concat(points.flat().map(word))));
    const type =
      'Verdict(uint256 taskId,uint32 round,bytes32 commitments,uint256 unavailable,uint256 rejected,' +
      'bytes32 novelty,uint64 lossBefore,uint64 lossAfter)';
    // The novelty is the generator of G1, (1, 2).
    const novelty = BigInt(keccak256(concat([word(1), word(2)])));
    // Trainers 0 and 15 as bits, validator 2 as a bit.
    const words = [300, 7, BigInt(commitments), 0b1000000000000001, 0b100, novelty, 2_302_585, 1_151_292].map(
      word,
    );
    const digest = keccak256(concat(['0x1901', domain, keccak256(concat([hash(type), ...words]))]));
    expect(v.verdict.digest).toBe(digest);
    expect(recoverAddress(digest, v.verdict.signature)).toBe(v.signer);
  });

  test('the CIDs of files are those of an encoder written from the specifications', async () => {
    for (const { size, cid } of await read<{ size: number; cid: string }[]>('files.json')) {
      expect(cutByHand(fileBytes(size)).root, `${size} bytes`).toBe(cid);
    }
  });
});
