import { setTimeout as delay } from 'node:timers/promises';
import { sameAddress } from '@chorus/protocol';
import type { DemoProgress } from './demo.ts';
import type { DemoNetwork } from './network.ts';

/** Rounds in which a process is killed. */
const AGGREGATOR_DIES = 2;
const VALIDATOR_DIES = 3;

/**
 * Kill the aggregator that round 2 drew as soon as it can settle, and a validator in round 3 before it has sealed
 * its reference. Each starts again once the others have gone on without it: the next candidate settles, the round
 * goes on without the reference, and each missed duty costs stake.
 */
export async function injectFaults(
  { requester, nodes }: DemoNetwork,
  taskId: bigint,
  onProgress: (progress: DemoProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const { chain } = requester.ports;
  const windows = await chain.task(taskId);
  const restarts: Promise<void>[] = [];
  const kill = (node: DemoNetwork['nodes'][number], why: string, seconds: number) => {
    if (!node.process.alive) return;
    node.process.kill('SIGKILL');
    onProgress({ type: 'killed', name: node.name, why });
    const restart = async () => {
      await delay(seconds * 1000, undefined, { signal });
      await node.process.restart();
    };
    restarts.push(restart());
  };
  for await (const event of chain.events({ fromBlock: 0, signal })) {
    if (event.taskId !== taskId) continue;
    if (event.type === 'task-ended') break;
    if (event.type !== 'phase-changed') continue;
    if (event.round === AGGREGATOR_DIES && event.phase === 'settle') {
      const [task, round] = await Promise.all([chain.task(taskId), chain.round(taskId, event.round)]);
      const drawn = task.aggregators[round.drawnAggregator]!;
      const node = nodes.find((n) => sameAddress(n.address, drawn))!;
      kill(node, 'the aggregator that was drawn', windows.settleSeconds);
    }
    if (event.round === VALIDATOR_DIES && event.phase === 'commit') {
      const node = nodes.findLast((n) => n.roles.includes('validator') && n.process.alive);
      if (node) kill(node, 'a validator, before it has sealed its reference', windows.commitSeconds);
    }
  }
  await Promise.allSettled(restarts);
}
