import { readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { AgentModel, EmbeddingModel } from '@chorus/agent';
import type { TextEmbedder } from '@chorus/inference';
import type { Inspection } from '@chorus/inspector';
import { ChorusError, type Engine, MAX_MODEL_BYTES } from '@chorus/protocol';
import type { Hiring } from './call-agent.ts';
import type { LoadedAgent } from './load-agent.ts';

/** Names of 250,000 tokens, as the largest vocabularies of such models have. */
const MAX_TOKENIZER_BYTES = 32 * 1024 * 1024;

/** Where a model of the network comes from; asked only for an agent that names one. */
export interface ModelSource {
  /** Does the work with an opened network, and closes it if it was opened for this. */
  inspect<T>(work: (inspection: Inspection) => Promise<T>): Promise<T>;
  /** What an agent needs that asks another one; null without a node. */
  hiring: Hiring | null;
  signal: AbortSignal;
}

/**
 * Opens the model of an agent. What a kind of model needs is loaded with it: an agent that asks an endpoint holds no ONNX
 * runtime in memory.
 * @throws ChorusError why it cannot be used; `E_MODEL_UNSUPPORTED` if the agent has tools, which the model cannot call
 */
export async function openEngine(loaded: LoadedAgent, source: ModelSource): Promise<Engine> {
  const engine = await engineOf(loaded, source);
  const { tools, memory } = loaded.definition;
  if (engine.facts.callsTools || (tools.length === 0 && memory === null)) return engine;
  await engine.close();
  throw new ChorusError(
    'E_MODEL_UNSUPPORTED',
    'the agent has tools, and its model has no chat template to call them by',
    {
      facts: { model: engine.facts.model },
      hint: 'use a model that was trained to converse, or remove tools and memory from the agent file',
    },
  );
}

async function engineOf(
  { definition: { model, limits }, folder }: LoadedAgent,
  source: ModelSource,
): Promise<Engine> {
  switch (model.kind) {
    case 'openai': {
      const { createChatEngine } = await import('@chorus/inference/chat');
      return createChatEngine(model);
    }
    case 'network':
      return openNetworkModel(model, source);
    case 'agent': {
      const { hiring, signal } = source;
      if (!hiring) {
        throw new ChorusError('E_AGENT_HIRE', 'an agent that asks another one runs on a node', {
          hint: 'serve it with a running node: chorus agent start FILE',
        });
      }
      const { createHiredAgent } = await import('./hired-agent.ts');
      return createHiredAgent({ model, depth: limits.depth, hiring, signal });
    }
    case 'embedding':
      return openEmbedding(model, folder, source.signal);
    case 'language':
      return openLanguageFile(model, folder, source.signal);
    default:
      return openFile(model, folder, source.signal);
  }
}

/**
 * Opens a model of texts as vectors.
 * @param truncate longer texts are cut; otherwise they are refused
 * @throws ChorusError why it cannot be used
 */
export async function openEmbedding(
  { file, tokenizer, pooling, normalise, tokens }: EmbeddingModel,
  folder: string,
  signal: AbortSignal,
  truncate = false,
): Promise<TextEmbedder> {
  const path = resolve(folder, file);
  const [{ createTextEmbedder }, { readModelFile }] = await Promise.all([
    import('@chorus/inference'),
    import('@chorus/training'),
  ]);
  await checkSize(path);
  return createTextEmbedder({
    model: await readModelFile(path),
    name: basename(path),
    tokenizer: await readTokenizer(resolve(folder, tokenizer)),
    pooling,
    normalise,
    most: tokens,
    truncate,
    signal,
  });
}

/** @throws ChorusError `E_MODEL_UNREADABLE` */
async function readTokenizer(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_TOKENIZER_BYTES) return await readFile(path, 'utf8');
    throw new RangeError(`it has ${size} bytes, of at most ${MAX_TOKENIZER_BYTES}`);
  } catch (cause) {
    throw new ChorusError('E_MODEL_UNREADABLE', 'the tokenizer of the model cannot be read', {
      facts: { path },
      hint: 'name the tokenizer.json of the model',
      cause,
    });
  }
}

async function openFile(
  model: Extract<AgentModel, { kind: 'classifier' | 'bytes' }>,
  folder: string,
  signal: AbortSignal,
): Promise<Engine> {
  const path = resolve(folder, model.file);
  const [{ createClassifier, createTextModel }, { readModelFile }] = await Promise.all([
    import('@chorus/inference'),
    import('@chorus/training'),
  ]);
  await checkSize(path);
  const common = { model: await readModelFile(path), name: basename(path), signal };
  return model.kind === 'bytes'
    ? createTextModel({ ...common, sampling: model.sampling })
    : createClassifier({ ...common, classes: model.classes, input: model.input });
}

/** @throws ChorusError `E_MODEL_CORRUPT` */
async function checkSize(path: string): Promise<void> {
  const size = await stat(path).then(
    (info) => info.size,
    () => 0, // reading it says why
  );
  if (size <= MAX_MODEL_BYTES) return;
  throw new ChorusError('E_MODEL_CORRUPT', 'the model file is larger than a model may be', {
    facts: { path, bytes: size, limit: MAX_MODEL_BYTES },
  });
}

async function openLanguageFile(
  { file, adapter, context, slots, schema, sampling }: LanguageModelFile,
  folder: string,
  signal: AbortSignal,
): Promise<Engine> {
  const [{ createLanguageModel }, { readModelFile }] = await Promise.all([
    import('@chorus/inference'),
    import('@chorus/training'),
  ]);
  const path = resolve(folder, file);
  const adapterPath = adapter === null ? null : resolve(folder, adapter);
  for (const each of [path, ...(adapterPath === null ? [] : [adapterPath])]) await checkSize(each);
  return createLanguageModel({
    // Read in the model's own process.
    model: path,
    name: basename(path),
    ...(adapterPath === null ? {} : { adapter: await readModelFile(adapterPath) }),
    ...(schema === null ? {} : { schema }),
    ...languageSettings({ context, slots, sampling }),
    signal,
  });
}

/** Default for the most tokens of a conversation: memory for each answer that is written grows with it. */
const CONTEXT = 2048;
type LanguageModelFile = Extract<AgentModel, { kind: 'language' }>;

function languageSettings({
  context = null,
  slots,
  sampling: { stop, seed, ...sampling },
}: Pick<LanguageModelFile, 'sampling'> & Partial<Pick<LanguageModelFile, 'context' | 'slots'>>) {
  return {
    context: context ?? CONTEXT,
    ...(slots === undefined ? {} : { slots }),
    stop,
    sampling: { ...sampling, ...(seed === undefined ? {} : { seed }) },
  };
}

async function openNetworkModel(
  { task, cid, bytes: sampledBytes, sampling }: Extract<AgentModel, { kind: 'network' }>,
  { inspect, signal }: ModelSource,
): Promise<Engine> {
  const [{ createClassifier, createLanguageModel, createTextModel }, { taskModel }] = await Promise.all([
    import('@chorus/inference'),
    import('./task-model.ts'),
  ]);
  const { bytes, base, inputShape, classNames } = await inspect((inspection) =>
    taskModel(inspection, task, cid),
  );
  const name = `task ${task}`;
  if (base) {
    return createLanguageModel({
      model: base,
      adapter: bytes,
      name,
      ...languageSettings({ sampling }),
      signal,
    });
  }
  // A stranger's graph, whatever its weights are.
  const common = { model: bytes, name, foreign: true, signal };
  return sampledBytes
    ? createTextModel({ ...common, sampling: sampledBytes })
    : createClassifier({ ...common, classes: classNames, input: inputShape });
}
