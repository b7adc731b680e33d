import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { circuitArtifacts } from '@chorus/circuits';
import { curves, groth16 } from 'snarkjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { honestSignals, snarkjsProof } from '../testing/circuit-signals.ts';
import { Groth16Prover } from './groth16-prover.ts';
import { parseProvingKey } from './proving-key.ts';

const circuit = circuitArtifacts(16);
let prover: Groth16Prover;
let key: Buffer;
let folder: string;
beforeAll(async () => {
  prover = await Groth16Prover.create(circuit, 2);
  key = await readFile(circuit.zkeyPath);
  folder = await mkdtemp(join(tmpdir(), 'chorus-key-'));
});
afterAll(async () => {
  await prover?.close();
  await rm(folder, { recursive: true });
  // snarkjs keeps worker threads until its curve is terminated.
  await (await curves.getCurveFromName('bn128')).terminate();
});

const verify = (proof: Awaited<ReturnType<Groth16Prover['prove']>>): Promise<boolean> =>
  groth16.verify(circuit.verificationKey, proof.publicSignals.map(String), snarkjsProof(proof));

describe('a Groth16 proof', () => {
  it('a Groth16 proof equals that of snarkjs, point by point, for the same randomness', async () => {
    const signals = honestSignals(3, 7);
    const [r, s] = [0x1234567890abcdefn ** 4n, 0xfedcba0987654321n ** 3n];
    const { Fr } = await curves.getCurveFromName('bn128');
    const random = vi.spyOn(Fr, 'random').mockReturnValueOnce(Fr.e(r)).mockReturnValueOnce(Fr.e(s));
    const theirs = await groth16.fullProve(signals, circuit.wasmPath, circuit.zkeyPath);
    expect(random).toHaveBeenCalledTimes(2);
    random.mockRestore();
    const ours = await prover.prove(signals, {}, { r, s });
    expect(snarkjsProof(ours)).toEqual(theirs.proof);
    expect(ours.publicSignals.map(String)).toEqual(theirs.publicSignals);
  });

  it('a Groth16 proof verifies with its own randomness, so two proofs of one statement differ', async () => {
    const signals = honestSignals(4, 16);
    const [one, other] = await Promise.all([prover.prove(signals), prover.prove(signals)]);
    expect(await verify(one)).toBe(true);
    expect(await verify(other)).toBe(true);
    expect(one.publicSignals).toEqual(other.publicSignals);
    for (const point of ['a', 'b', 'c'] as const)
      expect(one.groth16[point]).not.toEqual(other.groth16[point]);
  });

  it('no Groth16 proof exists for a share that breaks the rule, and the next proof is not disturbed', async () => {
    const signals = honestSignals(5, 3);
    const shareWords = [...(signals.shareWords as bigint[])];
    shareWords[0]! += 1n;
    await expect(prover.prove({ ...signals, shareWords })).rejects.toMatchObject({
      code: 'E_CIRCUIT',
      facts: { reason: expect.stringMatching(/assertion failed.*Contribution/s) },
    });
    expect(await verify(await prover.prove(signals))).toBe(true);
  });

  it('a Groth16 proof needs exactly the circuit’s signals', async () => {
    const { weightWords, ...rest } = honestSignals(6, 2);
    const reason = (text: string) => ({
      code: 'E_CIRCUIT',
      facts: { reason: expect.stringContaining(text) },
    });
    await expect(prover.prove(rest)).rejects.toMatchObject(reason('inputs'));
    await expect(prover.prove({ ...rest, weightWords: [1n] })).rejects.toMatchObject(reason('weightWords'));
    await expect(prover.prove({ ...rest, weightWords: weightWords!, other: 1n })).rejects.toMatchObject(
      reason('other'),
    );
  });

  it('the Groth16 prover stops at the next step when aborted, and the same threads prove again', async () => {
    const signals = honestSignals(7, 4);
    const reason = new Error('enough');
    for (const share of [0.2, 0.4, 0.7]) {
      const controller = new AbortController();
      const onProgress = (done: number): void => {
        if (done >= share) controller.abort(reason);
      };
      await expect(prover.prove(signals, { signal: controller.signal, onProgress })).rejects.toBe(reason);
    }
    await expect(prover.prove(signals, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const seen: number[] = [];
    expect(await verify(await prover.prove(signals, { onProgress: (done) => void seen.push(done) }))).toBe(
      true,
    );
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
  });
});

describe('a proving key', () => {
  const SECTIONS = 10;
  /** A copy with a change. */
  const changed = (change: (copy: Buffer) => void): Buffer => {
    const copy = Buffer.from(key);
    change(copy);
    return copy;
  };
  const sectionAt = (id: number): number => {
    for (let at = 12, k = 0; k < SECTIONS; k++) {
      if (key.readUInt32LE(at) === id) return at;
      at += 12 + Number(key.readBigUInt64LE(at + 4));
    }
    throw new Error(`no section ${id}`);
  };
  const refusal = (file: Uint8Array): string => {
    try {
      parseProvingKey(file);
    } catch (error) {
      expect(error).toMatchObject({ code: 'E_PROVING_KEY' });
      return (error as Error).message;
    }
    return 'none';
  };

  it('a proving key is refused if it is cut anywhere', () => {
    expect(refusal(key)).toBe('none');
    for (let k = 0; k < 60; k++) {
      expect(refusal(key.subarray(0, Math.floor((key.length * k) / 60)))).toMatch(/ends early|not a .zkey/);
    }
    expect(refusal(key.subarray(0, key.length - 1))).toMatch(/ends early/);
  });

  it.each([
    ['of another kind of file', /not a .zkey/, (copy: Buffer) => copy.write('wtns', 0)],
    ['of another version', /version/, (copy: Buffer) => copy.writeUInt32LE(2, 4)],
    ['of another protocol', /not a Groth16/, (copy: Buffer) => copy.writeUInt32LE(2, sectionAt(1) + 12)],
    ['of another curve', /BN254/, (copy: Buffer) => copy.writeUInt8(1, sectionAt(2) + 17)],
    ['with a section twice', /twice/, (copy: Buffer) => copy.writeUInt32LE(5, sectionAt(6))],
    ['without a section', /no section 9/, (copy: Buffer) => copy.writeUInt32LE(99, sectionAt(9))],
    [
      'with more wires than points',
      /length/,
      (copy: Buffer) => copy.writeUInt32LE(2 ** 31, sectionAt(2) + 84),
    ],
    [
      'with more signals than wires',
      /public/,
      (copy: Buffer) => copy.writeUInt32LE(2 ** 31, sectionAt(2) + 88),
    ],
    ['with a domain of no power of two', /power/, (copy: Buffer) => copy.writeUInt32LE(3, sectionAt(2) + 92)],
    ['with a domain of zero', /power/, (copy: Buffer) => copy.writeUInt32LE(0, sectionAt(2) + 92)],
    ['with too large a domain', /power/, (copy: Buffer) => copy.writeUInt32LE(2 ** 31, sectionAt(2) + 92)],
    [
      'with more coefficients than it has',
      /length/,
      (copy: Buffer) => copy.writeUInt32LE(2 ** 30, sectionAt(4) + 12),
    ],
    ['with a third matrix', /outside/, (copy: Buffer) => copy.writeUInt32LE(2, sectionAt(4) + 16)],
    ['with a row outside', /outside/, (copy: Buffer) => copy.writeUInt32LE(2 ** 15, sectionAt(4) + 20)],
    ['with a wire outside', /outside/, (copy: Buffer) => copy.writeUInt32LE(2 ** 31, sectionAt(4) + 24)],
    [
      'with a section longer than all memory',
      /ends early/,
      (copy: Buffer) => copy.fill(255, sectionAt(9) + 4, sectionAt(9) + 12),
    ],
  ])('a proving key %s is refused', (_, message, change) => {
    expect(refusal(changed(change))).toMatch(message);
  });

  it('a proving key is refused before any proof if it is missing or does not fit the witness generator', async () => {
    const [zkeyPath, wasmPath] = [join(folder, 'some.zkey'), join(folder, 'some.wasm')];
    const create = (files: object) => Groth16Prover.create({ ...circuit, ...files }, 1);
    await writeFile(zkeyPath, key.subarray(0, 100_000));
    await expect(create({ zkeyPath })).rejects.toMatchObject({ code: 'E_PROVING_KEY' });
    await expect(create({ zkeyPath: join(folder, 'none') })).rejects.toMatchObject({ code: 'E_PROVING_KEY' });
    await writeFile(wasmPath, 'not WebAssembly');
    await expect(create({ wasmPath })).rejects.toMatchObject({ code: 'E_WITNESS_GENERATOR' });
  });
});
