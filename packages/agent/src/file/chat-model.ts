import { AgentFileError } from './file-error.ts';
import type { AgentFile } from './schema.ts';
import type { YamlValue } from './yaml.ts';

/** Keys of an agent file that only a chat model has a use for, and why. */
const NEEDS = {
  tools: 'need a model that can call them',
  knowledge: 'needs a model that can read documents',
  memory: 'needs a model that can call tools',
} as const;

/**
 * Whether the model has a chat template is known when it is opened.
 * @throws AgentFileError `E_AGENT_FILE` if the agent's model is surely no chat model
 */
export function requireChatModel(
  key: keyof typeof NEEDS,
  { model }: Pick<AgentFile, 'model'>,
  yaml: YamlValue,
  source: string,
): void {
  if (model.openai || model.gguf || (model.network && !model.network.bytes)) return;
  const fault = {
    path: key,
    ...yaml.placeOf([key]),
    message: `${NEEDS[key]}: a chat model (model.openai, or model.gguf)`,
    hint: `remove ${key === 'tools' ? 'them' : 'it'}, or name a chat model`,
  };
  throw new AgentFileError(source, [fault]);
}
