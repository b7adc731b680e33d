import { readIdentity } from '@chorus/node';
import type { Address } from '@chorus/protocol';
import { counted } from '@chorus/protocol';
import { independentValidators, limitsSchema, type TaskRequest } from '@chorus/service-training';
import { MODEL_NAMES } from '@chorus/training';

/** The zero address, for an unknown owner. */
const NOBODY: Address = `0x${'0'.repeat(40)}`;

/** The wallet of a data folder; null for a development key. */
export async function ownerIn(dataDir: string): Promise<Address | null> {
  return (await readIdentity(dataDir).catch(() => null))?.address ?? null;
}

/**
 * A warning about a task that nodes of other owners would not join.
 * @param devnet the task is published to a devnet, whose nodes are configured to join any task
 */
export function strangersWarning(reasons: readonly string[], devnet: boolean): string[] {
  if (reasons.length === 0) return [];
  return [
    devnet
      ? '! The nodes of this devnet may join this task. On another network, nodes of other owners would not, with default settings:'
      : '! Nodes of other owners will not join this task, unless they have changed their default settings:',
    ...reasons.map((reason) => `  - ${reason}`),
  ];
}

/**
 * Reasons why nodes with default settings do not join such a task; empty if they may join.
 * @param model as on the command line: a name, or a file
 */
export function strangersRefuse(
  params: TaskRequest['params'],
  owner: Address | null,
  model: string,
): string[] {
  const { tasks } = limitsSchema.parse({});
  const independent = independentValidators({ ...params, owner: owner ?? NOBODY });
  const reporter = params.slashReporterBps / 100;
  const back = (10_000 - params.slashReporterBps - params.slashBurnBps) / 100;
  return [
    ...(MODEL_NAMES.some((name) => name === model)
      ? []
      : [
          `its model could be built to read their data, and they train only ${MODEL_NAMES.join(', ')} (training.privacy.models)`,
        ]),
    ...(independent < tasks.minValidators
      ? [
          `${counted(independent, 'validator')} other than its owner can decide a round, and they require ${tasks.minValidators} (--validators, --min-validators)`,
        ]
      : []),
    ...(reporter > tasks.maxReporterPercent
      ? [
          `${reporter} % of slashes go to the reporter, and they accept ${tasks.maxReporterPercent} % (--slash-reporter)`,
        ]
      : []),
    ...(back > tasks.maxOwnerPercent
      ? [
          `${back} % of slashes come back to its owner, and they accept ${tasks.maxOwnerPercent} % (--slash-burn)`,
        ]
      : []),
  ];
}
