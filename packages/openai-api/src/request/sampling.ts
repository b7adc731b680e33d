import { z } from 'zod';

/** As the API bounds it. */
const penalty = z.number().min(-2).max(2).nullish();
const stopText = z.string().min(1).max(1000);

/** Tokens of an answer. */
export const tokenCount = (least: number) =>
  z
    .number()
    .int()
    .min(least)
    .max(2 ** 31)
    .nullish();

/** Parameters of how an answer is written and sent, that chat completions and completions share. */
export const writing = {
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  seed: z
    .number()
    .int()
    .min(-(2 ** 53) + 1)
    .max(2 ** 53 - 1)
    .nullish(),
  presence_penalty: penalty,
  frequency_penalty: penalty,
  stop: z.union([stopText, z.array(stopText).max(4)]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
};

/** The name of an agent. */
export const agentName = z.string().min(1).max(200);
