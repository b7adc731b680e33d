import { MAX_TILL_MODELS, MAX_TILL_TOOLS } from '@chorus/protocol';
import { z } from 'zod';

/** At most two digits after the point: the contracts count in hundredths of a percent. */
const percent = z
  .number()
  .min(0.01)
  .max(100)
  .refine(
    (value) => Number.isInteger(Math.round(value * 1e6) / 1e4),
    'must have at most two digits after the point',
  );

const id = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const unique = <T extends Record<string, number>>(key: keyof T & string) =>
  [
    (list: readonly T[]) => new Set(list.map((entry) => entry[key])).size === list.length,
    `must name each ${key} once`,
  ] as const;

/** How the payments of an agent are divided: in percent of what the protocol's fee leaves. */
export const share = z
  .strictObject({
    trainers: z
      .union([
        percent,
        z
          .array(z.strictObject({ task: id.min(1), percent }))
          .min(1)
          .max(MAX_TILL_MODELS)
          .refine(...unique('task')),
      ])
      .optional()
      .describe(
        'To those who trained the model, by what each has earned: a percentage, for model.network; or a list of { task, percent }',
      ),
    holders: percent.optional().describe('To the holders of the units of the agent (chorus units)'),
    tools: z
      .array(z.strictObject({ agent: id, percent }))
      .min(1)
      .max(MAX_TILL_TOOLS)
      .refine(...unique('agent'))
      .optional()
      .describe('To other agents that this one uses: a list of { agent, percent }'),
  })
  .describe(
    'Parts of each payment that go to others, in percent of what the fee of the network leaves. Payments then go to the till of the agent, from its registration on',
  );
