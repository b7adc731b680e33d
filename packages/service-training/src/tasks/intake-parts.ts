import type { Dataset } from '@chorus/training';
import type { TrainingSettings } from '../config/settings.ts';
import type { EventSink } from '../events/training-events.ts';
import type { Models } from '../models/models.ts';
import type { PayloadReader } from '../payloads/sealing/payload-form.ts';
import type { LeftTasks } from '../policy/left-tasks.ts';
import type { Proving } from '../proving/proving.ts';
import type { TaskRunner } from '../rounds/task-runner.ts';
import type { AdmissionParts } from './admission.ts';
import type { TaskCreator } from './create-task.ts';
import type { TaskCompletion } from './task-completion.ts';

/** What taking up a task needs of the node. */
export interface IntakeParts extends AdmissionParts {
  config: TrainingSettings;
  dataset: Dataset | null;
  dataName: string;
  left: LeftTasks;
  proving: Proving;
  reader: PayloadReader;
  models: Models;
  /** The followed tasks; new ones are added. */
  runners: Map<bigint, TaskRunner>;
  creator: TaskCreator;
  completion: TaskCompletion;
  emit: EventSink;
  signal: AbortSignal;
}
