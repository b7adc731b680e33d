/**
 * Keys that the format plans and that this version does not do: accepted, they would promise what nothing keeps.
 * A star stands for any part of a path.
 */
export const PLANNED: readonly string[] = [
  'image',
  'languages',
  'price.*',
  'offers.*.evaluator',
  'spend',
  'publish',
  'graph',
  'limits.spend',
  'limits.queue',
  'skills.*.input.*',
  'skills.*.output.*',
];

/** Whether the key at this path is planned, and not supported by this version. */
export function isPlanned(path: readonly PropertyKey[]): boolean {
  return PLANNED.some((planned) => {
    const parts = planned.split('.');
    return parts.length === path.length && parts.every((part, i) => part === '*' || part === String(path[i]));
  });
}
