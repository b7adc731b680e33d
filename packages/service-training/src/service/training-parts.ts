import type { Components } from '@chorus/node';
import { type createTrainer, type Dataset, modelMemory } from '@chorus/training';
import { type NodeConfig, trainingSettings } from '../config/settings.ts';
import { Journal } from '../journal/journal.ts';
import type { StepGate } from '../journal/steps.ts';
import { Models } from '../models/models.ts';
import { RefusedModels } from '../models/refused-models.ts';
import { FileKeys } from '../payloads/sealing/file-keys.ts';
import { ageIdentityOf } from '../payloads/sealing/member-keys.ts';
import type { PayloadReader } from '../payloads/sealing/payload-form.ts';
import { TaskFiles } from '../payloads/task-files.ts';
import { LeftTasks } from '../policy/left-tasks.ts';
import { TaskBudget } from '../policy/task-budget.ts';
import { createProving, type Proving } from '../proving/proving.ts';
import type { TaskRunner } from '../rounds/task-runner.ts';
import { TaskCreator } from '../tasks/create-task.ts';
import { TaskCompletion } from '../tasks/task-completion.ts';
import { TaskIntake } from '../tasks/task-intake.ts';
import { Background } from '../utils/background.ts';

/** Of what the host gives, what training uses. */
export type TrainingComponents = Omit<Components<NodeConfig>, 'capability'>;

export interface TrainingDependencies {
  /** By default workers of this node's own. */
  proving?: Proving | undefined;
  /** By default a process for each model. */
  createTrainer?: typeof createTrainer | undefined;
  /** Private data of a trainer or validator. */
  dataset: Dataset | null;
  /** Name of that data in the record of its uses. */
  dataName: string;
  /** Only for crash tests: see {@link StepGate}. */
  stepGate?: StepGate | undefined;
}

export type TrainingParts = ReturnType<typeof createParts>;

/** Everything training is made of, each part from those before it. */
export function createParts(components: TrainingComponents, dependencies: TrainingDependencies) {
  const { ports, store, resources, keySeed, signal, emit } = components;
  const { dataset, dataName } = dependencies;
  const settings = trainingSettings(components.config);
  const { threads, tasks } = settings.limits;
  const config = { ...settings, threads: Math.min(settings.threads, threads ?? settings.threads) };
  const left = new LeftTasks(config.dataDir);
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
    dataName,
    journal: new Journal(store, { stepGate: dependencies.stepGate }),
    files: new TaskFiles(config.dataDir),
    left,
    resources,
    budget,
    refused,
    models: new Models(config, refused, dependencies.createTrainer),
    proving: dependencies.proving ?? createProving(ports.chain.chainId, config.srsCache, threads),
    background: new Background(signal, emit),
    runners: new Map<bigint, TaskRunner>(),
    registrationUri: components.registrationUri,
    emit,
    signal,
  };
  const completion = new TaskCompletion(parts);
  const creator = new TaskCreator(parts);
  const intake = new TaskIntake({ ...parts, creator, completion });
  return { ...parts, completion, creator, intake };
}
