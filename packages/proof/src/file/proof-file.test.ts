import { circuitArtifacts, circuitName } from '@chorus/circuits';
import { combinePoints, developmentKey, G1_GENERATOR, srsDigest } from '@chorus/commitment';
import { describeError, type Hex, RULE_NAMES, type RuleName } from '@chorus/protocol';
import { decode, encode } from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type TranscriptVector,
  transcriptVectors,
  vectorG1,
  vectorG2,
} from '../testing/transcript-vectors.ts';
import { verifyProofFile } from '../verifier.ts';
import { decodeProofFile, encodeProofFile, MAX_PROOF_FILE_BYTES, type ProofFile } from './proof-file.ts';

const trustedFor = (rule: RuleName) => ({
  circuit: circuitArtifacts(16, rule),
  srsDigest: developmentKey().digest,
});
const trusted = trustedFor('reference-trust');
const cases = RULE_NAMES.flatMap((rule) =>
  transcriptVectors(rule).cases.map((c): [string, RuleName, TranscriptVector] => [
    `${rule}, ${c.name}`,
    rule,
    c,
  ]),
);

function fileOf(c: TranscriptVector, rule: RuleName = 'reference-trust'): ProofFile {
  const { n, taskId, commitments, aggregate, ...statement } = c.statement;
  const { groth16, evaluations, gramHash, innerProduct, cross, quotient } = c.proof;
  const digest: Hex = `0x${'ab'.repeat(32)}`;
  return {
    statement: {
      ...statement,
      rule,
      size: n,
      taskId: BigInt(taskId),
      commitments: commitments.map(vectorG1),
      aggregate: vectorG1(aggregate),
    },
    proof: {
      gramHash: BigInt(gramHash),
      innerProduct: BigInt(innerProduct),
      cross: vectorG1(cross),
      quotient: vectorG1(quotient),
      evaluations: evaluations.map(BigInt) as ProofFile['proof']['evaluations'],
      groth16: {
        a: vectorG1(groth16.a),
        b: vectorG2(groth16.b),
        c: vectorG1(groth16.c),
      },
    },
    srs: developmentKey(),
    circuit: {
      id: circuitName(16, rule) as ProofFile['circuit']['id'],
      verificationKey: `0x${trustedFor(rule).circuit.hashes.verificationKey}`,
    },
    dimension: c.dimension,
    references: [{ author: c.statement.contract, digest }],
    updates: [{ author: c.statement.contract, digest }, null],
    transaction: digest,
  };
}

const file = fileOf(transcriptVectors('reference-trust').cases[1]!);
const json = encodeProofFile(file, 'json');
const cbor = encodeProofFile(file, 'cbor');
const text = new TextDecoder().decode(json);
const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);

describe('a proof file', () => {
  it('a proof file round-trips in both encodings, bit for bit', () => {
    for (const [, rule, c] of cases) {
      const original = fileOf(c, rule);
      for (const encoding of ['json', 'cbor'] as const) {
        const encoded = encodeProofFile(original, encoding);
        expect(decodeProofFile(encoded)).toEqual(original);
        expect(encodeProofFile(decodeProofFile(encoded), encoding)).toEqual(encoded);
      }
    }
    expect(cbor.length).toBeLessThan(json.length / 2);
  });

  it.each(cases)('a proof file of a shared vector verifies: %s', async (_, rule, c) => {
    const decoded = decodeProofFile(encodeProofFile(fileOf(c, rule)));
    const results = await verifyProofFile(decoded, trustedFor(rule));
    expect(results.filter((r) => !r.ok)).toEqual([]);
    expect(results).toHaveLength(8);
  });

  it('a proof file of version 2, which had no rule, is read as reference-trust', () => {
    const old = text
      .replace('"version": 3,', '"version": 2,')
      .replace('    "rule": "reference-trust",\n', '');
    expect(decodeProofFile(bytes(old))).toEqual(file);
    const document = decode(cbor);
    document.version = 2;
    delete document.statement.rule;
    expect(decodeProofFile(encode(document))).toEqual(file);
    expect(() => decodeProofFile(bytes(old.replace('  "statement"', ' "statement"')))).toThrowError(
      malformed(),
    );
  });

  it('a proof file that is cut anywhere is refused', () => {
    for (const whole of [json, cbor]) {
      fc.assert(
        fc.property(fc.nat({ max: whole.length - 1 }), (length) => {
          expect(() => decodeProofFile(whole.subarray(0, length))).toThrowError(malformed());
        }),
      );
    }
  });

  it('a proof file that is too long is refused before it is parsed', () => {
    expect(() => decodeProofFile(new Uint8Array(MAX_PROOF_FILE_BYTES + 1).fill(0x7b))).toThrowError(
      malformed('too long'),
    );
  });

  it('a proof file with any byte changed is refused or has other content', () => {
    fc.assert(
      fc.property(fc.nat({ max: cbor.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Uint8Array.from(cbor, (byte, k) => (k === at ? byte ^ by : byte));
        let decoded: ProofFile | undefined;
        try {
          decoded = decodeProofFile(changed);
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_PROOF_FILE' });
        }
        if (decoded) expect(encodeProofFile(decoded, 'cbor')).toEqual(changed);
      }),
    );
  });

  it.each<[string, () => Uint8Array]>([
    ['other white space', () => bytes(text.replace('\n', '\n '))],
    ['no line feed at the end', () => json.subarray(0, -1)],
    ['bytes after the end', () => bytes(`${text}\n`)],
    [
      'upper-case hex',
      () => bytes(text.replace(/0x[0-9a-f]{128}/, (hex) => `0x${hex.slice(2).toUpperCase()}`)),
    ],
    ['a shorter number', () => bytes(text.replace(/"gramHash": "0x0?./, '"gramHash": "0x'))],
    ['a number as a float', () => bytes(text.replace('"version": 3,', '"version": 3.0,'))],
    ['a task id that is no number', () => bytes(text.replace(/"taskId": "./, '"taskId": ":'))],
    ['a task id with a leading zero', () => bytes(text.replace(/"taskId": "/, '"taskId": "0'))],
    ['a repeated key', () => bytes(text.replace('"version": 3,', '"version": 3,\n  "version": 3,'))],
    ['an unknown key', () => bytes(text.replace('"version": 3,', '"version": 3,\n  "extra": 1,'))],
    ['another rule', () => bytes(text.replace('"reference-trust"', '"reference-projection"'))],
    ['a rule in version 2, which had none', () => bytes(text.replace('"version": 3,', '"version": 2,'))],
    ['another version', () => bytes(text.replace('"version": 3,', '"version": 1,'))],
    ['another format', () => bytes(text.replace('chorus-contribution-proof', 'proof'))],
    ['a missing weight', () => bytes(text.replace(/("weights": \[\n)\s+\d+,\n/, '$1'))],
    ['a byte order mark', () => Uint8Array.of(0xef, 0xbb, 0xbf, ...json)],
    ['text that is not UTF-8', () => Uint8Array.of(0x7b, 0xff)],
    ['CBOR with a byte after the end', () => Uint8Array.of(...cbor, 0)],
    ['CBOR with hex text for bytes', () => encode(JSON.parse(text))],
    ['CBOR with a longer form of a number', () => longerForm(cbor)],
    ['CBOR of something else', () => encode([1, 2, 3])],
    ['nothing', () => new Uint8Array()],
  ])('a proof file with %s is refused', (_, candidate) => {
    expect(() => decodeProofFile(candidate())).toThrowError(malformed());
  });

  it('a proof file with values that do not fit the format cannot be written', () => {
    const tooLarge = { ...file, proof: { ...file.proof, gramHash: 1n << 256n } };
    expect(() => encodeProofFile(tooLarge)).toThrowError(malformed('does not fit'));
    expect(() => encodeProofFile({ ...file, dimension: 17 })).toThrowError(malformed('larger than N'));
    expect(() => encodeProofFile({ ...file, updates: new Array(17).fill(null) })).toThrowError(malformed());
  });
});

describe('verifyProofFile', () => {
  const caughtBy = async (candidate: ProofFile, keys = trusted) =>
    (await verifyProofFile(candidate, keys)).find((r) => !r.ok)?.check;

  it('verifyProofFile refuses a reference string that is not the trusted one', async () => {
    const srs = { ...file.srs, tauG1: combinePoints([G1_GENERATOR], [5n]) };
    expect(await caughtBy({ ...file, srs: { ...srs, digest: srsDigest(srs) } })).toBe('reference string');
    expect(await caughtBy({ ...file, srs })).toBe('reference string');
  });
  it('verifyProofFile refuses the development string on a real chain, whatever origin the file claims', async () => {
    const real = { ...file, statement: { ...file.statement, chainId: 56 } };
    expect(await caughtBy({ ...real, srs: { ...file.srs, origin: 'ptau' } })).toBe('reference string');
  });
  it('verifyProofFile refuses the key of the other rule’s circuit', async () => {
    expect(await caughtBy(file, trustedFor('reference-projection'))).toBe('rule');
  });
  it('verifyProofFile refuses another circuit key', async () => {
    expect(
      await caughtBy({ ...file, circuit: { ...file.circuit, verificationKey: `0x${'00'.repeat(32)}` } }),
    ).toBe('rule');
  });
  it('verifyProofFile refuses a proof presented as another account’s', async () => {
    const prover = '0x00000000000000000000000000000000000000a2';
    expect(await caughtBy({ ...file, statement: { ...file.statement, prover } })).toBe('inner product');
  });
  it('verifyProofFile refuses a changed proof', async () => {
    expect(await caughtBy({ ...file, proof: { ...file.proof, gramHash: file.proof.gramHash + 1n } })).toBe(
      'inner product',
    );
  });
});

it('the refusal names a bare snarkjs proof as such, and says in words why another file is not a proof file', () => {
  const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  expect(() => decodeProofFile(bytes({ pi_a: ['1'], pi_b: [], pi_c: [], protocol: 'groth16' }))).toThrow(
    malformed('a snarkjs proof'),
  );
  try {
    decodeProofFile(bytes({ version: 1 }));
    expect.unreachable();
  } catch (error) {
    expect(describeError(error)).toMatch(/not a Chorus proof file: .*\(field=/);
    expect(describeError(error)).not.toMatch(/Invalid|\n|"/);
  }
});

function malformed(message = '') {
  return expect.objectContaining({ code: 'E_PROOF_FILE', message: expect.stringContaining(message) });
}

/** Spells the version, 3, in two bytes instead of one. */
function longerForm(whole: Uint8Array): Uint8Array {
  const key = [0x67, ...bytes('version')];
  const at = whole.findIndex((_, k) => key.every((byte, i) => whole[k + i] === byte)) + key.length;
  const longer = Uint8Array.of(...whole.subarray(0, at), 0x18, 0x03, ...whole.subarray(at + 1));
  expect(decode(longer)).toMatchObject({ version: 3 });
  return longer;
}
