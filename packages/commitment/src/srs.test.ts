import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as snarkjs from 'snarkjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCommitter } from './committer.ts';
import { DEVELOPMENT_TAU } from './development-key.ts';
import { developmentSrs } from './development-srs.ts';
import { addPoints, combinePoints, G1_GENERATOR, isOnCurve, negatePoint } from './points.ts';
import { importPtau } from './ptau.ts';
import { assertSrsAllowed, log2SizeFor } from './srs.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-srs-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('developmentSrs', () => {
  it('developmentSrs holds the powers of the public tau, the same for any number of threads', async () => {
    const one = await developmentSrs(11, { cacheDir: join(folder, 'a'), threads: 1 });
    const three = await developmentSrs(11, { cacheDir: join(folder, 'b'), threads: 3 });
    expect(Buffer.from(one.g1).equals(Buffer.from(three.g1))).toBe(true);
    expect(one.tauG1).toEqual(combinePoints([G1_GENERATOR], [DEVELOPMENT_TAU]));
    expect(one.digest).toBe('0xf2b8ef2bd7a7133dfd0e58e358ea6faa52c544ede4476dc3917141535072cc26');
  });

  it('developmentSrs reads its cache, and replaces a corrupt one with a warning', async () => {
    const cacheDir = join(folder, 'corrupt');
    const warnings: string[] = [];
    const options = { cacheDir, onWarning: (message: string) => void warnings.push(message) };
    const made = await developmentSrs(8, options);
    const path = join(cacheDir, (await readdir(cacheDir))[0]!);
    const stored = await readFile(path);
    const cached = await developmentSrs(8, options);
    expect(Buffer.from(cached.g1).equals(Buffer.from(made.g1))).toBe(true);
    expect(warnings).toEqual([]);
    for (const spoil of [
      (b: Buffer) => b.subarray(0, b.length - 1),
      (b: Buffer) => b.fill(b[5000]! ^ 1, 5000, 5001),
      () => Buffer.alloc(0),
    ]) {
      await writeFile(path, spoil(Buffer.from(stored)));
      const again = await developmentSrs(8, options);
      expect(Buffer.from(again.g1).equals(Buffer.from(made.g1))).toBe(true);
      expect(warnings.pop()).toContain('corrupt');
      expect(await readFile(path)).toEqual(stored);
    }
    expect(await readdir(cacheDir)).toHaveLength(1);
  });

  it('developmentSrs works, with a warning, if the cache cannot be written', async () => {
    const cacheDir = join(folder, 'file');
    await writeFile(cacheDir, 'not a folder');
    const warnings: string[] = [];
    const srs = await developmentSrs(3, { cacheDir, onWarning: (w) => void warnings.push(w) });
    expect(srs.g1).toHaveLength(8 * 64);
    expect(warnings.join()).toContain('cannot cache');
  });

  it('developmentSrs stops when aborted and leaves no file', async () => {
    const cacheDir = join(folder, 'aborted');
    await mkdir(cacheDir);
    const controller = new AbortController();
    const reason = new Error('stop');
    const making = developmentSrs(14, {
      cacheDir,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(making).rejects.toBe(reason);
    expect(await readdir(cacheDir)).toEqual([]);
  });

  it.each([0, 23, 1.5, Number.NaN])('developmentSrs refuses 2^%s powers', async (log2Size) => {
    await expect(developmentSrs(log2Size)).rejects.toMatchObject({ code: 'E_SRS_SIZE' });
  });
});

describe('assertSrsAllowed', () => {
  it('assertSrsAllowed allows the development string only on development chains', () => {
    const insecure = { origin: 'insecure-dev', digest: '0x00' } as const;
    for (const chain of [31337, 1337n]) expect(() => assertSrsAllowed(insecure, chain)).not.toThrow();
    for (const chain of [1, 56n, 8453]) {
      expect(() => assertSrsAllowed(insecure, chain)).toThrowError(
        expect.objectContaining({ code: 'E_SRS_INSECURE' }),
      );
    }
    expect(() => assertSrsAllowed({ origin: 'ptau', digest: '0x00' }, 56)).not.toThrow();
  });
});

describe('log2SizeFor', () => {
  it('log2SizeFor finds the size for a dimension', () => {
    expect([1, 2, 3, 65536, 65537, 2 ** 22].map(log2SizeFor)).toEqual([1, 1, 2, 16, 17, 22]);
    expect(() => log2SizeFor(2 ** 22 + 1)).toThrowError(expect.objectContaining({ code: 'E_SRS_SIZE' }));
  });
});

describe('importPtau', () => {
  let path: string;
  let other: string;
  beforeAll(async () => {
    // A real two-party ceremony of 2^5 powers, by snarkjs itself.
    const curve = await snarkjs.curves.getCurveFromName('bn128');
    const contribute = async (name: string): Promise<string> => {
      const [empty, file] = [join(folder, `${name}-0.ptau`), join(folder, `${name}.ptau`)];
      await snarkjs.powersOfTau.newAccumulator(curve, 5, empty);
      await snarkjs.powersOfTau.contribute(empty, file, name, `entropy of ${name}`);
      return file;
    };
    path = await contribute('first');
    other = await contribute('second');
    await curve.terminate();
  });

  it('importPtau imports a file of snarkjs and opens commitments under it', async () => {
    const srs = await importPtau(path, 5);
    expect(srs.origin).toBe('ptau');
    assertSrsAllowed(srs, 1);
    const committer = await createCommitter(srs);
    const vector = Int16Array.from({ length: 32 }, (_, j) => j * j - 300);
    const commitment = await committer.commit(vector);
    expect(await committer.verifyOpening(commitment, 5n, await committer.open(vector, 5n))).toBe(true);
    const small = await importPtau(path, 2);
    expect(small.digest).toBe(srs.digest);
    expect(small.g1).toEqual(srs.g1.slice(0, 256));
    await committer.close();
  });

  /** Offsets of the section contents, found by walking the file. */
  function sections(file: Buffer): Map<number, number> {
    const found = new Map<number, number>();
    let at = 12;
    for (let k = file.readUInt32LE(8); k > 0; k--) {
      found.set(file.readUInt32LE(at), at + 12);
      at += 12 + Number(file.readBigUInt64LE(at + 4));
    }
    return found;
  }

  const G1 = 2;
  const G2 = 3;
  it.each<[string, (file: Buffer, at: Map<number, number>, second: Buffer) => Buffer | undefined, string]>([
    ['another magic', (f) => void f.write('zkey'), 'does not begin'],
    ['another version', (f) => void f.writeUInt32LE(2, 4), 'version'],
    ['too many sections', (f) => void f.writeUInt32LE(1000, 8), 'too many'],
    ['another curve', (f, at) => void f.writeUInt8(1, at.get(1)! + 4), 'not for BN254'],
    ['another power', (f, at) => void f.writeUInt32LE(4, at.get(1)! + 36), 'wrong size'],
    ['a truncated file', (f) => f.subarray(0, 3000), 'end of the file'],
    ['an empty file', () => Buffer.alloc(0), 'truncated'],
    [
      'a point off the curve',
      (f, at) => void f.writeUInt8(f[at.get(G1)! + 640]! ^ 1, at.get(G1)! + 640),
      'not on the curve',
    ],
    [
      'a point at infinity',
      (f, at) => void f.fill(0, at.get(G1)! + 640, at.get(G1)! + 704),
      'not on the curve',
    ],
    [
      'a coordinate of q or more',
      (f, at) => void f.fill(255, at.get(G1)! + 640, at.get(G1)! + 672),
      'not on the curve',
    ],
    [
      'another generator',
      (f, at) => void f.copy(f, at.get(G1)!, at.get(G1)! + 64, at.get(G1)! + 128),
      'not the generator',
    ],
    [
      'a repeated power',
      (f, at) => void f.copy(f, at.get(G1)! + 1280, at.get(G1)! + 1344, at.get(G1)! + 1408),
      'successive powers',
    ],
    [
      'the last power of another ceremony',
      (f, at, g) => void g.copy(f, at.get(G1)! + 1984, at.get(G1)! + 1984, at.get(G1)! + 2048),
      'successive powers',
    ],
    [
      'powers in G2 of another ceremony',
      (f, at, g) => void g.copy(f, at.get(G2)! + 128, at.get(G2)! + 128, at.get(G2)! + 384),
      'one tau',
    ],
    [
      'a second power in G2 of another ceremony',
      (f, at, g) => void g.copy(f, at.get(G2)! + 256, at.get(G2)! + 256, at.get(G2)! + 384),
      'same tau',
    ],
    [
      'a point off the twist',
      (f, at) => void f.writeUInt8(f[at.get(G2)! + 130]! ^ 1, at.get(G2)! + 130),
      'not in the group',
    ],
  ])('refuses %s', async (name, spoil, message) => {
    const file = await readFile(path);
    const spoiled = spoil(file, sections(file), await readFile(other)) ?? file;
    const target = join(folder, `${name.replaceAll(' ', '-')}.ptau`);
    await writeFile(target, spoiled);
    await expect(importPtau(target, 5)).rejects.toMatchObject({
      code: 'E_PTAU_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('importPtau refuses a missing file and one with too few powers', async () => {
    await expect(importPtau(join(folder, 'none.ptau'), 5)).rejects.toMatchObject({ code: 'E_PTAU_INVALID' });
    await expect(importPtau(path, 6)).rejects.toMatchObject({ code: 'E_SRS_SIZE' });
  });
});

describe('points', () => {
  it('addPoints adds as the curve does', () => {
    const two = addPoints([G1_GENERATOR, G1_GENERATOR]);
    expect(two).toEqual(combinePoints([G1_GENERATOR], [2]));
    expect(addPoints([two, negatePoint(two)])).toEqual({ x: 0n, y: 0n });
    expect(addPoints([])).toEqual({ x: 0n, y: 0n });
    expect(combinePoints([two, G1_GENERATOR], [3n, -6n])).toEqual({ x: 0n, y: 0n });
  });

  it.each([
    ['off the curve', { x: 1n, y: 3n }],
    ['negative', { x: -1n, y: 2n }],
    [
      'not reduced',
      { x: 1n + 21888242871839275222246405745257275088696311157297823662689037894645226208583n, y: 2n },
    ],
    ['half infinity', { x: 0n, y: 1n }],
  ])('addPoints refuses a point %s', (_, point) => {
    expect(isOnCurve(point)).toBe(false);
    expect(() => addPoints([point])).toThrowError(expect.objectContaining({ code: 'E_POINT_INVALID' }));
    expect(() => combinePoints([point], [1n])).toThrowError(
      expect.objectContaining({ code: 'E_POINT_INVALID' }),
    );
  });
});
