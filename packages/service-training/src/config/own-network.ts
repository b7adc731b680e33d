import type { NodeConfigInput } from './node-config.ts';

/**
 * Consent to any task, for nodes of a network that belongs to one user and whose tokens are worth nothing: the demo,
 * the devnet, tests. Everywhere else a stranger could take the whole stake.
 */
export const OWN_NETWORK = {
  limits: { gas: { perDay: '1000000' } },
  training: {
    maxStake: '1000000000',
    privacy: { models: 'any' },
    stake: { onlyListed: false, perDay: '1000000000000' },
    tasks: {
      maxTasks: 1_000,
      minValidators: 0,
      maxSlashPercent: 100,
      maxReporterPercent: 100,
      maxOwnerPercent: 100,
      phaseMargin: 0,
    },
  },
} as const satisfies Pick<NodeConfigInput, 'limits' | 'training'>;

/** The same as keys of a configuration file, such as `training.stake.onlyListed`. */
export const OWN_NETWORK_VALUES: Readonly<Record<string, unknown>> = flatten(OWN_NETWORK);

function flatten(value: object, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]) =>
      typeof part === 'object' && part !== null
        ? Object.entries(flatten(part, `${prefix}${name}.`))
        : [[`${prefix}${name}`, part]],
    ),
  );
}
