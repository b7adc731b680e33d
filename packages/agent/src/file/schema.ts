import { isPlainLine } from '@chorus/protocol';
import { z } from 'zod';
import { MAX_INSTRUCTIONS } from './limits.ts';
import { offers } from './offer-schema.ts';
import { price } from './price-schema.ts';
import { ENVIRONMENT_REFERENCE } from './secrets.ts';
import { share } from './share-schema.ts';

const MAX_CLASSES = 100_000;

const line = (most: number) =>
  z.string().min(1).max(most).refine(isPlainLine, 'must be one line of printable text');

const path = line(1024);

/** Media types as in a Content-Type header, without parameters. */
const mediaType = z
  .string()
  .max(100)
  .regex(/^[a-z0-9][\w.+-]*\/[a-z0-9*][\w.+*-]*$/i, 'must be a media type, such as image/png');
const mediaTypes = z.union([mediaType, z.array(mediaType).min(1).max(16)]);

const openai = z
  .strictObject({
    url: line(2048)
      .regex(/^(https?:\/\/|\$\{env:)/, 'must begin with http:// or https://')
      .describe('Base address of an OpenAI-compatible API, such as http://127.0.0.1:11434/v1'),
    name: line(200).describe('Name of the model at that endpoint'),
    key: z
      .string()
      .regex(ENVIRONMENT_REFERENCE, 'must be ${env:NAME}: secrets do not stand in the file')
      .optional()
      .describe('API key, as ${env:NAME}: the variable of the environment that holds it. Default: none'),
    temperature: z
      .number()
      .min(0)
      .max(2)
      .optional()
      .describe("Sampling temperature, 0 to 2. Default: the endpoint's own"),
  })
  .describe('A chat model at an endpoint that speaks the OpenAI API');

const stop = z.array(z.string().min(1).max(100)).max(8).default([]).describe('Texts that end an answer');
const seed = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1)
  .optional()
  .describe('Equal seeds give equal answers on one machine. Default: a random one for each answer');

const bytes = z
  .strictObject({
    length: z.number().int().min(1).max(65_536).default(400).describe('Most bytes of an answer'),
    temperature: z.number().min(0).max(5).default(0.8).describe('0 always takes the most probable byte'),
    topK: z
      .number()
      .int()
      .min(1)
      .max(256)
      .default(256)
      .describe('Only this number of the most probable bytes'),
    stop,
    seed,
    context: z
      .number()
      .int()
      .min(1)
      .max(8192)
      .optional()
      .describe('Bytes the model reads at once, if its file leaves that open'),
  })
  .describe('How text is sampled');

const sampling = z
  .strictObject({
    temperature: z.number().min(0).max(5).default(0.7).describe('0 always takes the most probable token'),
    topP: z
      .number()
      .min(0)
      .max(1)
      .default(0.95)
      .describe('Only the most probable tokens whose probabilities add up to this'),
    topK: z.number().int().min(0).max(100_000).default(0).describe('Only this number of them; 0: all'),
    stop,
    seed,
  })
  .describe('How the next token is chosen');

const gguf = z
  .strictObject({
    file: path.describe('The GGUF file, from the folder of the agent file'),
    adapter: path
      .optional()
      .describe('A GGUF file with adapters of that model, such as chorus model get writes. Default: none'),
    context: z
      .number()
      .int()
      .min(64)
      .max(131_072)
      .optional()
      .describe("Most tokens of a conversation with its answer. Default: the model's own, at most 2048"),
    slots: z.number().int().min(1).max(16).default(4).describe('Answers that are written at the same time'),
    schema: path
      .optional()
      .describe(
        'A file with a JSON Schema that every answer is held to, unless its caller asks for another form. Default: any text',
      ),
    sampling: sampling.optional(),
  })
  .describe('A language model on this machine (GGUF, architecture llama, qwen2 or qwen3)');

const embed = z
  .strictObject({
    tokenizer: path.describe(
      "The model's tokenizer.json, as Hugging Face has it, from the folder of the agent file",
    ),
    pooling: z
      .enum(['mean', 'cls'])
      .default('mean')
      .describe('How the vectors of the tokens become one: their mean, or that of the first token'),
    normalise: z.boolean().default(true).describe('Vectors have the length 1'),
    tokens: z.number().int().min(2).max(8192).default(256).describe('Most tokens of a text'),
  })
  .describe('The model turns texts into vectors (sentence-transformers in ONNX)');

const onnx = z
  .strictObject({
    file: path.describe('The ONNX file, from the folder of the agent file'),
    classes: z
      // YAML reads digits as numbers; as names they are texts.
      .union([
        z
          .array(z.union([z.string().min(1).max(200), z.int()]))
          .min(2)
          .max(MAX_CLASSES),
        path,
      ])
      .optional()
      .describe(
        'Names of the classes in the order of their numbers, or a file with one name a line. Default: numbers',
      ),
    input: z
      .array(z.number().int().min(1).max(65_536))
      .min(1)
      .max(5)
      .optional()
      .describe('Shape of one sample, [channels, height, width] for images. Default: that of the ONNX file'),
    bytes: z
      .union([z.literal(true), bytes])
      .optional()
      .describe(
        'The model predicts the next byte of a text: true, or how it is sampled. Default: it is a classifier',
      ),
    embed: embed.optional(),
  })
  .refine((model) => model.bytes === undefined || model.classes === undefined, {
    path: ['classes'],
    message: 'has no meaning for a model of text (bytes)',
  })
  .refine((model) => model.embed === undefined || (!model.bytes && !model.classes && !model.input), {
    path: ['embed'],
    message: 'has no meaning together with bytes, classes or input',
  })
  .refine((model) => model.bytes === undefined || model.input === undefined, {
    path: ['input'],
    message: 'has no meaning for a model of text (bytes): use bytes.context',
  })
  .describe(
    'An ONNX model on this machine: a classifier, a language model over bytes, or a model of texts as vectors',
  );

const network = z
  .strictObject({
    task: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).describe('Id of the training task'),
    cid: z
      .string()
      .regex(/^[A-Za-z0-9]{1,120}$/, 'must be a CID')
      .optional()
      .describe('A published model of that task, used if no peer has the aggregates to compute it from'),
    bytes: z
      .union([z.literal(true), bytes])
      .optional()
      .describe(
        'The task trains on bytes of text: true, or how it is sampled. Default: it trains a classifier, or a language model',
      ),
    follow: z
      .boolean()
      .default(false)
      .describe('Answer with the model of each round that settles while the agent is served'),
    sampling: sampling.optional(),
  })
  .refine((model) => model.bytes === undefined || model.sampling === undefined, {
    path: ['sampling'],
    message: 'is for a language model with tokens: a model over bytes has bytes',
  })
  .refine((model) => !model.follow || model.cid === undefined, {
    path: ['follow'],
    message: 'has no meaning with a cid, which names one model',
  })
  .describe('The model of a training task, checked against its whole history on chain');

const agent = z
  .strictObject({
    id: z
      .number()
      .int()
      .min(0)
      .max(Number.MAX_SAFE_INTEGER)
      .optional()
      .describe('Number of a registered agent (chorus agent find); its identity is checked'),
    url: line(2048)
      .regex(/^(https|libp2p):\/\//, 'must begin with https:// or libp2p://')
      .optional()
      .describe('Address of an agent'),
    pay: price
      .optional()
      .describe(
        'The most to pay for one call of it, such as 0.02 CHOR. Default: nothing, and it must be free',
      ),
  })
  .refine(({ id, url }) => (id === undefined) !== (url === undefined), {
    message: 'must have exactly one of id and url',
  })
  .describe('Another agent, which is asked for each answer, and paid by the wallet of the node');

const model = z
  .strictObject({
    openai: openai.optional(),
    onnx: onnx.optional(),
    gguf: gguf.optional(),
    network: network.optional(),
    agent: agent.optional(),
  })
  .refine((forms) => Object.values(forms).filter((form) => form !== undefined).length === 1, {
    message: 'must have exactly one of openai, onnx, gguf, network and agent',
  })
  .meta({ minProperties: 1, maxProperties: 1 })
  .describe('What answers');

const skill = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, 'must be lower-case letters, digits, dots and dashes'),
  name: line(80).optional().describe('Default: the id'),
  description: line(1000).describe('What it does, for those who look for an agent'),
  tags: z.array(line(40)).max(16).default([]),
  examples: z.array(z.string().min(1).max(1000)).max(8).default([]).describe('Messages that it understands'),
  input: z.strictObject({ mediaType: mediaTypes }).optional().describe('Default: what the model reads'),
  output: z.strictObject({ mediaType: mediaTypes }).optional().describe('Default: what the model writes'),
});

const mcp = z
  .strictObject({
    url: line(2048)
      .regex(/^(https?:\/\/|\$\{env:)/, 'must begin with http:// or https://')
      .optional()
      .describe('Address of a server over streamable HTTP'),
    key: z
      .string()
      .regex(ENVIRONMENT_REFERENCE, 'must be ${env:NAME}: secrets do not stand in the file')
      .optional()
      .describe('Sent to url as a bearer token, as ${env:NAME}. Default: none'),
    command: line(1024)
      .optional()
      .describe(
        'A program that is a server on its standard input and output, started in the folder of this file',
      ),
    args: z.array(z.string().max(4096)).max(64).optional().describe('Arguments of command'),
    env: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'is no name of a variable'),
        z.string().max(4096),
      )
      .optional()
      .describe(
        'Variables for command, as text or ${env:NAME}; of the others it gets PATH, HOME and the like',
      ),
  })
  .refine(({ url, command }) => (url === undefined) !== (command === undefined), {
    message: 'must have exactly one of url and command',
  })
  .refine(({ url, args, env }) => url === undefined || (args === undefined && env === undefined), {
    message: 'has args or env, which belong to command',
  })
  .refine(({ command, key }) => command === undefined || key === undefined, {
    message: 'has key, which belongs to url: use env',
  })
  .describe('A server of the Model Context Protocol');

const toolServer = z.strictObject({
  mcp,
  allow: z
    .array(line(128))
    .min(1)
    .max(64)
    .optional()
    .describe('Names of the tools that the model may call. Default: every tool of the server'),
  approve: z
    .enum(['never', 'always'])
    .default('never')
    .describe(
      'always: you are asked before each call, in chorus agent run; an agent that is served refuses such calls',
    ),
});

const files = z.array(path).min(1).max(256);

const knowledge = z
  .union([
    files,
    z.strictObject({
      files: files.describe('Files, folders and patterns such as ./docs/*.pdf, from the folder of this file'),
      embed: z
        .strictObject({
          model: line(200).optional().describe('A model for embeddings at the endpoint of model.openai'),
          onnx: embed
            .extend({ file: path.describe('The ONNX file, from the folder of the agent file') })
            .optional()
            .describe('A model of texts as vectors on this machine'),
        })
        .refine(({ model, onnx }) => (model === undefined) !== (onnx === undefined), {
          message: 'must have exactly one of model and onnx',
        })
        .optional()
        .describe('Finds passages by meaning too. Default: by their words alone'),
    }),
  ])
  .describe('Documents that the answers may cite: a list of files, or { files, embed }');

const memory = z
  .strictObject({
    notes: z
      .literal('on')
      .describe(
        'The model may note what a caller tells it, and find that in later conversations with the same caller',
      ),
    keep: z
      .string()
      .regex(/^[1-9]\d{0,3}d$/, 'must be a number of days, such as 90d')
      .default('90d')
      .describe('How long a note is kept, in days'),
  })
  .describe('What the agent keeps of each caller with a proven identity; it is never shown to another one');

/** What one request may use. Every limit has a default, so that no agent is without. */
const limits = z.strictObject({
  steps: z.number().int().min(1).max(1000).default(12).describe('Calls of the model for one request'),
  tokens: z
    .number()
    .int()
    .min(16)
    .max(10_000_000)
    .default(32_000)
    .describe('Tokens of one request, question and answer together; bytes for a model of text'),
  seconds: z.number().int().min(1).max(86_400).default(120).describe('Seconds for one request'),
  depth: z
    .number()
    .int()
    .min(1)
    .max(8)
    .default(3)
    .describe('Agents that a request may pass through, this one included, when it is passed on'),
  concurrent: z.number().int().min(1).max(256).default(4).describe('Requests at once; others are refused'),
});

/** The agent file, version 1. Nothing is accepted that this version does not do. */
export const agentFileSchema = z
  .strictObject({
    chorus: z.literal('agent/1').describe('The format of this file'),
    name: line(80).describe('The name that callers see'),
    description: line(1000).optional().describe('What the agent does, for its callers. Default: its name'),
    version: line(40).default('1.0.0').describe("The agent's own version"),
    instructions: z
      .union([z.string().max(MAX_INSTRUCTIONS), z.strictObject({ file: path })])
      .default('')
      .describe('What the model reads before every conversation: a text, or { file: PATH }'),
    model,
    skills: z
      .array(skill)
      .min(1)
      .max(32)
      .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'must have different ids')
      .optional()
      .describe('What callers can ask for. Default: one skill that follows from the model'),
    tools: z
      .array(toolServer)
      .min(1)
      .max(16)
      .optional()
      .describe('Servers whose tools the model may call; only for a chat model, also on this machine (gguf)'),
    price: price
      .optional()
      .describe(
        'What a call costs, with the symbol or address of its token, such as 0.02 CHOR. Default: nothing',
      ),
    offers: offers.optional(),
    share: share.optional(),
    knowledge: knowledge.optional(),
    memory: memory.optional(),
    completions: z
      .boolean()
      .optional()
      .describe(
        'Callers may have the language model write on from texts of theirs, without the instructions. Default: if there are no instructions',
      ),
    receipts: z
      .boolean()
      .optional()
      .describe(
        'Answers of the language model carry receipts, by which a caller with the same model can do them again; they show the instructions. Default: if there are no instructions',
      ),
    limits: limits.prefault({}).describe('What one request may use at most'),
  })
  .meta({ title: 'Chorus agent file' });

export type AgentFile = z.output<typeof agentFileSchema>;
export type EmbedSettings = z.output<typeof embed>;
export type BytesSettings = z.output<typeof bytes>;
export type TokenSettings = z.output<typeof sampling>;
export type ToolServerEntry = z.output<typeof toolServer>;
export type AgentLimits = z.output<typeof limits>;

/** How text is sampled if the file says no more than `bytes: true`. */
export const defaultBytes = (): BytesSettings => bytes.parse({});

/** How tokens are chosen if the file does not say. */
export const defaultSampling = (): TokenSettings => sampling.parse({});
