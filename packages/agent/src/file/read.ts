import { keepSecret, parseSum } from '@chorus/protocol';
import { requireChatModel } from './chat-model.ts';
import type { AgentDefinition, AgentModel, AgentSkill, KnowledgeFiles } from './definition.ts';
import { faultsOf } from './faults.ts';
import { AgentFileError } from './file-error.ts';
import { MAX_INSTRUCTIONS, MAX_SCHEMA_BYTES } from './limits.ts';
import { offersOf } from './offers.ts';
import {
  type AgentFile,
  agentFileSchema,
  type BytesSettings,
  defaultBytes,
  defaultSampling,
} from './schema.ts';
import { ENVIRONMENT_REFERENCE, type Environment, resolveEndpoint } from './secrets.ts';
import { shareOf } from './share.ts';
import { toolsOf } from './tools.ts';
import { readYaml, type YamlValue } from './yaml.ts';

export interface ReadOptions {
  /** The name of the file, for messages. */
  source: string;
  /** Where `${env:NAME}` comes from. */
  environment: Environment;
  /**
   * Reads a text file that the agent file names, from its folder.
   * @throws ChorusError if it cannot be read, or is longer
   */
  readText(path: string, maxBytes: number): string;
}

/** Names of 100,000 classes. */
const MAX_CLASS_FILE_BYTES = 8 * 1024 * 1024;

/**
 * Checks an agent file: strict, every key known, every default filled in.
 * @throws AgentFileError `E_AGENT_FILE` with every fault, its line and column; `E_AGENT_SECRET` if a variable of the
 * environment is not set
 */
export function readAgentFile(text: string, options: ReadOptions): AgentDefinition {
  const { source } = options;
  const yaml = readYaml(text);
  if (!('placeOf' in yaml)) throw new AgentFileError(source, [yaml]);
  if (typeof yaml.value !== 'object' || yaml.value === null || Array.isArray(yaml.value)) {
    const message = yaml.value === null ? 'the file is empty' : 'this is no agent file: it holds no sections';
    const hint = 'begin with one of `chorus agent init`';
    throw new AgentFileError(source, [{ path: '', line: 1, column: 1, message, hint }]);
  }
  hideLiteralKey(yaml.value);
  const parsed = agentFileSchema.safeParse(yaml.value);
  if (!parsed.success) throw new AgentFileError(source, faultsOf(parsed.error, yaml, agentFileSchema));
  return define(parsed.data, yaml, options);
}

/** A key that stands in the file against the rule must not appear in what is said about the file. */
function hideLiteralKey(value: unknown): void {
  const { model, tools } = (value ?? {}) as {
    model?: { openai?: { key?: unknown } };
    tools?: readonly ({ mcp?: { key?: unknown } } | null)[];
  };
  const servers = Array.isArray(tools) ? tools : [];
  for (const key of [model?.openai?.key, ...servers.map((each) => each?.mcp?.key)]) {
    if (typeof key === 'string' && !ENVIRONMENT_REFERENCE.test(key)) keepSecret(key);
  }
}

function define(file: AgentFile, yaml: YamlValue, options: ReadOptions): AgentDefinition {
  const { name, version, limits } = file;
  const instructions = instructionsOf(file, yaml, options);
  return {
    name,
    description: file.description ?? name,
    version,
    instructions,
    model: modelOf(file.model, yaml, options),
    skills: file.skills?.map(skillOf) ?? null,
    tools: toolsOf(file, yaml, options),
    price: file.price === undefined ? null : parseSum(file.price),
    offers: offersOf(file),
    share: shareOf(file, yaml, options.source),
    knowledge: knowledgeOf(file, yaml, options),
    memory: memoryOf(file, yaml, options),
    completions: permits('completions', file, instructions, yaml, options),
    receipts: permits('receipts', file, instructions, yaml, options),
    limits,
  };
}

function instructionsOf(
  { instructions }: AgentFile,
  yaml: YamlValue,
  { source, readText }: ReadOptions,
): string {
  if (typeof instructions === 'string') return instructions;
  const text = readText(instructions.file, 4 * MAX_INSTRUCTIONS);
  if (text.length <= MAX_INSTRUCTIONS) return text;
  throw new AgentFileError(source, [
    {
      path: 'instructions.file',
      ...yaml.placeOf(['instructions', 'file']),
      message: `names a text of ${text.length} characters, of at most ${MAX_INSTRUCTIONS}`,
      hint: 'shorten it',
    },
  ]);
}

function knowledgeOf(file: AgentFile, yaml: YamlValue, { source }: ReadOptions): KnowledgeFiles | null {
  const { knowledge } = file;
  if (!knowledge) return null;
  requireChatModel('knowledge', file, yaml, source);
  const { files, embed } = Array.isArray(knowledge) ? { files: knowledge } : knowledge;
  const { model, onnx } = embed ?? {};
  if (onnx) return { files, embed: { kind: 'embedding', ...onnx } };
  if (model === undefined) return { files, embed: null };
  if (file.model.openai) return { files, embed: { model } };
  const fault = {
    path: 'knowledge.embed.model',
    ...yaml.placeOf(['knowledge', 'embed', 'model']),
    message: 'is at the endpoint of model.openai, which this agent does not have',
    hint: 'name a model on this machine: embed: { onnx: { file: ..., tokenizer: ... } }',
  };
  throw new AgentFileError(source, [fault]);
}

function memoryOf(file: AgentFile, yaml: YamlValue, { source }: ReadOptions): AgentDefinition['memory'] {
  const { memory } = file;
  if (!memory) return null;
  requireChatModel('memory', file, yaml, source);
  return { keepDays: Number.parseInt(memory.keep, 10) };
}

/** What an agent with a language model lets callers do that goes around its instructions, or shows them. */
function permits(
  key: 'completions' | 'receipts',
  { model, ...file }: AgentFile,
  instructions: string,
  yaml: YamlValue,
  { source }: ReadOptions,
): boolean {
  const isLanguage = model.gguf !== undefined || (model.network !== undefined && !model.network.bytes);
  if (!file[key] || isLanguage) return isLanguage && (file[key] ?? instructions.trim() === '');
  const fault = {
    path: key,
    ...yaml.placeOf([key]),
    message: 'need a language model on this machine (model.gguf), or that of a task (model.network)',
    hint: 'remove them, or name such a model',
  };
  throw new AgentFileError(source, [fault]);
}

function modelOf(model: AgentFile['model'], yaml: YamlValue, options: ReadOptions): AgentModel {
  const { openai, onnx, gguf, network, agent } = model;
  if (openai) {
    const resolved = resolveEndpoint(openai, options.environment);
    if (!('endpoint' in resolved)) {
      const path = ['model', 'openai', resolved.path];
      const fault = { ...resolved, path: path.join('.'), ...yaml.placeOf(path) };
      throw new AgentFileError(options.source, [fault], 'E_AGENT_SECRET');
    }
    const { url, name, key = null, temperature = null } = resolved.endpoint;
    return { kind: 'openai', url: url.replace(/\/+$/, ''), name, key, temperature };
  }
  if (onnx) {
    const { file, classes, input, embed } = onnx;
    if (embed) return { kind: 'embedding', file, ...embed };
    if (onnx.bytes !== undefined) return { kind: 'bytes', file, sampling: samplingOf(onnx.bytes) };
    return { kind: 'classifier', file, classes: classesOf(classes, yaml, options), input: input ?? null };
  }
  if (agent) {
    const pay = agent.pay === undefined ? null : parseSum(agent.pay);
    return { kind: 'agent', agent: agent.url ?? BigInt(agent.id!), pay };
  }
  if (gguf) {
    const { file, adapter = null, context = null, slots, sampling = defaultSampling() } = gguf;
    const schema = gguf.schema === undefined ? null : options.readText(gguf.schema, MAX_SCHEMA_BYTES);
    return { kind: 'language', file, adapter, context, slots, schema, sampling };
  }
  const { task, cid = null, follow, bytes, sampling = defaultSampling() } = network!;
  return {
    kind: 'network',
    task: BigInt(task),
    cid,
    follow,
    bytes: bytes === undefined ? null : samplingOf(bytes),
    sampling,
  };
}

function samplingOf(bytes: true | BytesSettings): BytesSettings {
  return bytes === true ? defaultBytes() : bytes;
}

function classesOf(
  classes: string | readonly (string | number)[] | undefined,
  yaml: YamlValue,
  { source, readText }: ReadOptions,
): readonly string[] | null {
  if (classes === undefined) return null;
  const names =
    typeof classes === 'string'
      ? readText(classes, MAX_CLASS_FILE_BYTES)
          .split(/\r\n|\r|\n/)
          .map((name) => name.trim())
          .filter((name) => name !== '')
      : classes.map(String);
  if (names.length >= 2 && new Set(names).size === names.length) return names;
  const message = names.length < 2 ? 'must name at least two classes' : 'must name each class once';
  const fault = { path: 'model.onnx.classes', ...yaml.placeOf(['model', 'onnx', 'classes']), message };
  throw new AgentFileError(source, [{ ...fault, hint: 'correct it' }]);
}

function skillOf(skill: NonNullable<AgentFile['skills']>[number]): AgentSkill {
  const list = (types: string | readonly string[] | undefined) =>
    types === undefined ? null : typeof types === 'string' ? [types] : types;
  const { id, name = id, description, tags, examples, input, output } = skill;
  return {
    id,
    name,
    description,
    tags,
    examples,
    inputModes: list(input?.mediaType),
    outputModes: list(output?.mediaType),
  };
}
