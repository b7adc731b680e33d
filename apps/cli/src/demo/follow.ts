import { readVerifier } from '@chorus/chain';
import { openProofChecker, provenRound } from '@chorus/inspector';
import { type SettledRound, SHARE_ONE, sameAddress, WEIGHT_ONE } from '@chorus/protocol';
import type { NodeEvent } from '@chorus/service-training';
import type { Dataset } from '@chorus/training';
import { machineFactor } from '../environment/machine.ts';
import type { DemoNetwork } from './network.ts';
import type { RoundResult } from './report.ts';
import type { RoundLog } from './round-log.ts';

/** Time after a settlement within which the nodes report the model they computed from it, on a quiet machine. */
const AGREEMENT_MILLISECONDS = 10_000;

/** Follows a task's rounds from the requester's side: evaluates each settled model and collects the results. */
export class RoundFollower {
  readonly #network: DemoNetwork;
  readonly #taskId: bigint;
  readonly #test: Dataset;
  readonly #log: RoundLog;

  constructor(network: DemoNetwork, taskId: bigint, test: Dataset, log: RoundLog) {
    this.#network = network;
    this.#taskId = taskId;
    this.#test = test;
    this.#log = log;
  }

  /** Begin to evaluate as soon as the requester's own node has computed a round's model. */
  onRequesterEvent(requester: DemoNetwork['requester'], event: NodeEvent): void {
    if (event.type !== 'model') return;
    const evaluation = requester.services.training.evaluate(this.#taskId, this.#test);
    evaluation.catch(() => {});
    this.#log.entry(event.round).evaluation = evaluation;
  }

  /** Results of all rounds, one by one as they settle; void rounds are skipped. */
  async *rounds(signal: AbortSignal): AsyncGenerator<RoundResult, void> {
    const { chain } = this.#network.requester.ports;
    const { devnet, deployment } = this.#network;
    const checker = await openProofChecker({
      chain,
      verifier: (address) =>
        readVerifier({ url: devnet.url, contract: deployment.taskManager, verifier: address }),
    });
    const timing = this.#recordTimes(signal);
    try {
      for await (const event of chain.events({ fromBlock: 0, signal })) {
        if (event.taskId !== this.#taskId) continue;
        if (event.type === 'task-ended') break;
        if (event.type !== 'round-settled') continue;
        const settled = await chain.settledRound(this.#taskId, event.round);
        const checks = await checker.check(await provenRound(chain, this.#taskId, event.round));
        const failed = checks.find((check) => !check.ok);
        if (settled) yield await this.#result(settled, failed ? `${failed.check} failed` : 'ok');
      }
      await timing;
    } finally {
      await checker.close();
    }
  }

  /** When each round began and was settled, reported before the slower results. */
  async #recordTimes(signal: AbortSignal): Promise<void> {
    for await (const event of this.#network.requester.ports.chain.events({ fromBlock: 0, signal })) {
      if (event.taskId !== this.#taskId) continue;
      if (event.type === 'phase-changed' && event.phase === 'commit') {
        this.#log.entry(event.round).startedAt = Date.now();
      }
      if (event.type === 'round-settled') this.#log.entry(event.round).settledAt = Date.now();
      if (event.type === 'task-ended') return;
    }
  }

  async #result(settled: SettledRound, proof: string): Promise<RoundResult> {
    const { nodes } = this.#network;
    const task = await this.#network.requester.ports.chain.task(this.#taskId);
    const entry = this.#log.entry(settled.round);
    const expected = nodes.filter((node) => node.process.alive).length + 1;
    await waitUntil(
      () => entry.digests.size >= expected && entry.evaluation !== null,
      machineFactor() * AGREEMENT_MILLISECONDS,
    );
    const evaluation = (await entry.evaluation) ?? { loss: Number.NaN, accuracy: Number.NaN };
    return {
      round: settled.round,
      accuracy: evaluation.accuracy,
      loss: evaluation.loss,
      seconds: this.#log.seconds(settled.round),
      gas: Number(settled.gasUsed),
      transaction: settled.transaction,
      proof,
      agreement: this.#log.agreement(settled.round),
      trainers: task.trainers.map((address, index) => {
        const node = nodes.find((n) => sameAddress(n.address, address));
        const weightUnits = settled.weights[index] ?? 0;
        const shareUnits = settled.shares[index] ?? 0;
        return {
          id: node?.name ?? address,
          address,
          attack: node?.attack ?? null,
          weight: weightUnits / WEIGHT_ONE,
          share: shareUnits / SHARE_ONE,
          weightUnits,
          shareUnits,
          reward: (settled.rewards[index] ?? 0n).toString(),
          reason: entry.reasons[index] ?? '',
        };
      }),
    };
  }
}

/** Poll a condition that other processes' messages make true; false after the timeout. */
export async function waitUntil(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
