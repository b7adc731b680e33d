import type { Ports } from '@chorus/node';
import type { Address } from '@chorus/protocol';
import type { JournalReader } from '../journal/journal.ts';
import type { TaskBudget } from '../policy/task-budget.ts';
import type { FollowedTask } from '../tasks/followed-task.ts';

/** Training as its views read it. */
export interface Followed {
  readonly ports: Ports;
  readonly journal: JournalReader;
  readonly budget: TaskBudget;
  /** Every task the node has to do with. */
  followed(): FollowedTask[];
  /** The followed tasks that pay rewards in `token`. */
  tasksPaying(token: Address): bigint[];
}
