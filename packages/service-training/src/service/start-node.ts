import { type ChorusNode, type CreateNodeOptions, createNode } from '@chorus/node';
import type { NodeConfig } from '../config/settings.ts';
import type { EventSink } from '../events/training-events.ts';
import { type Training, type TrainingOptions, training } from './training.ts';

/** A node whose only service is training. */
export type TrainingNode = ChorusNode<{ training: Training }>;

export type StartOptions = Omit<CreateNodeOptions<{ training: Training }>, 'config' | 'services' | 'emit'> &
  TrainingOptions;

/** Start a node whose only service is training: see `createNode` of the host. */
export function startNode(
  config: NodeConfig,
  emit: EventSink,
  { proving, createTrainer, dataset, stepGate, ...options }: StartOptions = {},
): Promise<TrainingNode> {
  const own = {
    ...(proving ? { proving } : {}),
    ...(dataset === undefined ? {} : { dataset }),
    createTrainer,
    stepGate,
  };
  return createNode({ ...options, config, emit: emit as never, services: { training: training(own) } });
}
