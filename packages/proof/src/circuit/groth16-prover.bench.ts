import { circuitArtifacts } from '@chorus/circuits';
import { curves, groth16 } from 'snarkjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { honestSignals } from '../testing/circuit-signals.ts';
import { Groth16Prover } from './groth16-prover.ts';

const runs = { iterations: 5, time: 0, warmupIterations: 2, warmupTime: 0 };
const circuit = circuitArtifacts(16);
let prover: Groth16Prover;
beforeAll(async () => {
  prover = await Groth16Prover.create(circuit, 2);
});
afterAll(async () => {
  await prover.close();
  await (await curves.getCurveFromName('bn128')).terminate();
});

describe('the proof of the rule, 16 trainers', () => {
  it('against snarkjs', { timeout: 600_000 }, async ({ bench }) => {
    const signals = honestSignals(1, 16);
    const cpu = { snarkjs: 0, ours: 0 };
    const counted = async (name: keyof typeof cpu, work: () => Promise<unknown>): Promise<void> => {
      const before = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(before);
      const seconds = (user + system) / 1e6;
      cpu[name] = cpu[name] === 0 ? seconds : Math.min(cpu[name], seconds);
    };
    const results = await bench.compare(
      bench('snarkjs', () =>
        counted('snarkjs', () => groth16.fullProve(signals, circuit.wasmPath, circuit.zkeyPath)),
      ),
      bench('this prover', () => counted('ours', () => prover.prove(signals))),
      runs,
    );
    // The fastest run of each: other load disturbed it least.
    const [theirs, ours] = ['snarkjs', 'this prover'].map((name) => results.get(name as never).latency.min);
    const ratio = theirs! / ours!;
    console.info(
      `snarkjs ${theirs!.toFixed(0)} ms (${cpu.snarkjs.toFixed(2)} s of CPU), this prover ${ours!.toFixed(0)} ms ` +
        `(${cpu.ours.toFixed(2)} s of CPU): ${ratio.toFixed(1)} times as fast; ` +
        `${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB resident`,
    );
    expect(ratio).toBeGreaterThan(1);
  });
});
