import { type Dataset, modelMemory } from '@chorus/training';
import type { Ports } from '../context/ports.ts';
import type { EventSink } from '../events/training-events.ts';
import { Journal } from '../journal/journal.ts';
import { Models } from '../models/models.ts';
import { RefusedModels } from '../models/refused-models.ts';
import { FileKeys } from '../payloads/sealing/file-keys.ts';
import { ageIdentityOf } from '../payloads/sealing/member-keys.ts';
import type { PayloadReader } from '../payloads/sealing/payload-form.ts';
import { TaskFiles } from '../payloads/task-files.ts';
import { LeftTasks } from '../policy/left-tasks.ts';
import { TaskBudget } from '../policy/task-budget.ts';
import { createProving, type Proving } from '../proving/proving.ts';
import { ResourceBudget } from '../resources/resource-budget.ts';
import type { TaskRunner } from '../rounds/task-runner.ts';
import { TaskCreator } from '../tasks/create-task.ts';
import { TaskCompletion } from '../tasks/task-completion.ts';
import { TaskIntake } from '../tasks/task-intake.ts';
import { type NodeConfig, trainingSettings } from '../training-config/settings.ts';
import { Background } from '../utils/background.ts';

export interface NodeDependencies {
  ports: Ports;
  /** The node's libp2p key, 32 bytes of an Ed25519 seed: payloads are sealed to it. */
  keySeed: Uint8Array;
  /** By default workers of this node's own. */
  proving?: Proving;
  /** Private data of a trainer or validator. */
  dataset: Dataset | null;
  /** Name of that data in the record of its uses; by default the data set's own name. */
  dataName?: string;
  /** By default the one in the data folder; the node closes it. */
  journal?: Journal;
  emit: EventSink;
}

export type NodeParts = ReturnType<typeof createParts>;

/** Everything a node is made of, each part from those before it. `signal` ends the work of all of them. */
export function createParts(
  given: NodeConfig,
  { ports, keySeed, dataset, emit, ...dependencies }: NodeDependencies,
  signal: AbortSignal,
) {
  const settings = trainingSettings(given);
  const { threads, tasks } = settings.limits;
  const config = { ...settings, threads: Math.min(settings.threads, threads ?? settings.threads) };
  const left = new LeftTasks(config.dataDir);
  const resources = new ResourceBudget({ limits: config.limits, emit });
  resources.countProcesses(modelMemory);
  const budget = new TaskBudget({ config, machine: resources, left, samples: dataset?.count ?? null });
  const refused = new RefusedModels(config.dataDir, `${budget.memoryBytes} bytes, ${tasks.callSeconds} s`);
  const reader: PayloadReader = {
    account: ports.chain.account,
    peerId: ports.network.peerId,
    identity: ageIdentityOf(keySeed),
    keys: new FileKeys(ports.network),
  };
  const parts = {
    ports,
    reader,
    config,
    dataset,
    dataName: dependencies.dataName ?? dataset?.name ?? '',
    journal: dependencies.journal ?? Journal.open(config.dataDir),
    files: new TaskFiles(config.dataDir),
    left,
    resources,
    budget,
    refused,
    models: new Models(config, refused),
    proving: dependencies.proving ?? createProving(ports.chain.chainId, config.srsCache, threads),
    background: new Background(signal, emit),
    runners: new Map<bigint, TaskRunner>(),
    emit,
    signal,
  };
  const completion = new TaskCompletion(parts);
  const creator = new TaskCreator(parts);
  const intake = new TaskIntake({ ...parts, creator, completion });
  return { ...parts, completion, creator, intake };
}
