import { isDevChain } from '@chorus/chain';
import type { Components, ServiceDefinition } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import type { createTrainer, Dataset } from '@chorus/training';
import { trainingAreas } from '../admin/training-areas.ts';
import type { NodeConfig } from '../config/settings.ts';
import { TRAINING_SECTION } from '../config/training-config.ts';
import { listData, openData } from '../data/registry.ts';
import { TRAINING_EVENTS } from '../events/training-catalogue.ts';
import type { NodeEvent, TrainingEvent } from '../events/training-events.ts';
import { TRAINING_MIGRATIONS } from '../journal/schema.ts';
import type { StepGate } from '../journal/steps.ts';
import { trainingMetrics } from '../metrics/training-metrics.ts';
import type { Proving } from '../proving/proving.ts';
import { createParts } from './training-parts.ts';
import { TrainingService } from './training-service.ts';

/** For tests and for programs that bring their own data. */
export interface TrainingOptions {
  /** By default workers of this node's own. */
  proving?: Proving;
  /** Opens a model for training; by default in a process of its own. */
  createTrainer?: typeof createTrainer | undefined;
  /** Private data; by default what the configuration names. Null: none. */
  dataset?: Dataset | null;
  /** Only for crash tests: see {@link StepGate}. */
  stepGate?: StepGate | undefined;
}

/** The private data of a node, and its name in the record of its uses. */
interface OwnData {
  dataset: Dataset | null;
  dataName: string;
}

/** Training as a service of a node. */
export type Training = ServiceDefinition<
  'training',
  typeof TRAINING_SECTION.schema,
  TrainingService,
  TrainingEvent,
  OwnData
>;

/**
 * Federated training as a service of a node.
 *
 * @example
 * const node = await createNode({ config, services: { training: training() } });
 */
export function training(options: TrainingOptions = {}): Training {
  return {
    config: TRAINING_SECTION,
    migrations: TRAINING_MIGRATIONS,
    events: TRAINING_EVENTS,
    prepare: (config: NodeConfig, signal) => ownData(config, options.dataset, signal),
    create: (components: Components<NodeConfig>, { dataset, dataName }) => {
      refuseAttack(components.config, components.ports.chain.chainId);
      const service = new TrainingService(createParts(components, { ...options, dataset, dataName }));
      const { view } = service;
      components.onEvent((event) => view.activities.observe(event as NodeEvent));
      if (components.meter) {
        components.onEvent(trainingMetrics(components.meter, () => view.readings()));
      }
      return service;
    },
    admin: trainingAreas,
  };
}

async function ownData(
  { dataDir, limits, training: { roles, data } }: NodeConfig,
  given: Dataset | null | undefined,
  signal: AbortSignal | undefined,
): Promise<OwnData> {
  if (given !== undefined) return { dataset: given, dataName: given?.name ?? '' };
  const needsData = roles.some((role) => role !== 'aggregator');
  const keeping = { quotaBytes: limits.disk, ...(signal ? { signal } : {}) };
  const dataset = needsData ? await openData(dataDir, data, {}, keeping) : null;
  // Its registered name, or its path.
  return { dataset, dataName: data ?? (await listData(dataDir))[0]?.name ?? '' };
}

/** @throws ChorusError `E_CONFIG` if a simulated attack would meet a chain on which others have something to lose */
function refuseAttack({ training: { attack } }: NodeConfig, chainId: number): void {
  if (attack === undefined || isDevChain(chainId)) return;
  throw new ChorusError('E_CONFIG', 'simulated attacks are allowed only on development chains', {
    facts: { field: 'training.attack', chainId },
    hint: 'remove `training.attack` from the configuration',
  });
}
