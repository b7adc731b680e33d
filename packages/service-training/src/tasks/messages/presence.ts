import type { Ports } from '@chorus/node';
import { encodeMessage, stageOf, topicOf } from '@chorus/protocol';
import { pause } from '@chorus/utils';
import type { TaskRunner } from '../../rounds/task-runner.ts';

/** First and longest pause between two signs of presence. */
const TELL_MILLISECONDS = { first: 500, longest: 30_000 };

/** Members announce their addresses to each other, at first often because meshes take a moment to form. */
export async function tellPresence(
  { chain, network }: Ports,
  runner: TaskRunner,
  signal: AbortSignal,
): Promise<void> {
  const { first, longest } = TELL_MILLISECONDS;
  for (let wait = first; !runner.ended && !signal.aborted; wait = Math.min(wait * 2, longest)) {
    const { context } = runner;
    await network.publish(
      topicOf('presence', chain.chainId, chain.contract),
      encodeMessage({
        type: 'presence',
        taskId: runner.session.taskId,
        round: context?.round.round ?? 0,
        stage: context ? stageOf(chain.account, context.task, context.round) : 'joined',
        peerId: network.peerId,
        multiaddrs: network.multiaddrs().slice(0, 16),
      }),
    );
    await pause(wait, signal);
  }
}
