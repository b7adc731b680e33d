import type { Terms } from '@chorus/protocol';
import type { GraphOptions } from '../jobs/messages.ts';

/** How the model of a task is opened for training, as its terms say; without privacy, to which a node may add its own. */
export function graphOptions({
  data,
  loss,
  optimizer,
  adapter,
}: Pick<Terms, 'data' | 'loss' | 'optimizer' | 'adapter'>): GraphOptions {
  return {
    loss,
    optimizer,
    ...(adapter ? { adapter } : {}),
    ...(data.kind === 'tokens' ? { context: data.inputShape[0]! } : {}),
  };
}
