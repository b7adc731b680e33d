import { describe, expect, it } from 'vitest';
import { cidFromDigest, digestOfCid, sha256Hex } from './cid.ts';
import { CHUNK_BYTES } from './limits.ts';

describe('cid', () => {
  it('the CID of a one-chunk file is the raw CID of its sha2-256', () => {
    // `ipfs add --cid-version 1 --raw-leaves` of the five bytes "hello".
    const digest = sha256Hex(new TextEncoder().encode('hello'));
    expect(cidFromDigest(digest, 5)).toBe('bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq');
  });

  it('the CID of a larger file is a dag-pb root', () => {
    const digest = sha256Hex(new Uint8Array(1));
    expect(cidFromDigest(digest, CHUNK_BYTES)).toMatch(/^bafkrei/);
    expect(cidFromDigest(digest, CHUNK_BYTES + 1)).toMatch(/^bafybei/);
    expect(digestOfCid(cidFromDigest(digest, CHUNK_BYTES + 1))).toBe(digest);
  });

  it.each(['', 'hello', 'QmY7Yh4UquoXHLPFo2XbhXkhBvFoPwmQUSa92pxnxjQuPU'])(
    'digestOfCid refuses %j',
    (text) => {
      expect(() => digestOfCid(text)).toThrow(expect.objectContaining({ code: 'E_CID' }));
    },
  );
});
