import type { EngineFacts } from '@chorus/protocol';
import type { AgentDefinition, AgentSkill } from '../file/definition.ts';

/** One thing an agent does, as A2A 1.0 writes it (AgentSkill). */
export interface CardSkill {
  id: string;
  name: string;
  description: string;
  tags: string[];
  examples?: string[];
  inputModes?: string[];
  outputModes?: string[];
}

/**
 * What an agent's file says of it, in the JSON of an A2A 1.0 AgentCard. The server of the agent adds
 * `supportedInterfaces`, security schemes and signatures.
 */
export interface CardFields {
  name: string;
  description: string;
  version: string;
  capabilities: { streaming: boolean; pushNotifications: boolean };
  defaultInputModes: string[];
  defaultOutputModes: string[];
  skills: CardSkill[];
}

/** What a model's kind can do, if the file names no skill. */
const DEFAULT_SKILLS: Readonly<Record<EngineFacts['kind'], Pick<AgentSkill, 'id' | 'tags'>>> = {
  chat: { id: 'chat', tags: ['chat'] },
  classifier: { id: 'classify', tags: ['classification'] },
  text: { id: 'continue', tags: ['text'] },
  embedding: { id: 'embed', tags: ['embedding'] },
  agent: { id: 'ask', tags: ['agent'] },
};

/**
 * The fields of an agent's card that follow from its definition and its model. Nothing secret is in it: neither the
 * instructions nor where the model is.
 */
export function cardFields(
  { name, description, version, skills }: AgentDefinition,
  facts: Pick<EngineFacts, 'kind' | 'inputModes' | 'outputModes'>,
): CardFields {
  const standard = DEFAULT_SKILLS[facts.kind];
  const listed: readonly AgentSkill[] = skills ?? [
    { ...standard, name: standard.id, description, examples: [], inputModes: null, outputModes: null },
  ];
  return {
    name,
    description,
    version,
    capabilities: { streaming: true, pushNotifications: false },
    defaultInputModes: [...facts.inputModes],
    defaultOutputModes: [...facts.outputModes],
    skills: listed.map((skill) => ({
      id: skill.id,
      name: skill.name,
      description: skill.description,
      tags: [...skill.tags],
      ...(skill.examples.length > 0 ? { examples: [...skill.examples] } : {}),
      ...(skill.inputModes ? { inputModes: [...skill.inputModes] } : {}),
      ...(skill.outputModes ? { outputModes: [...skill.outputModes] } : {}),
    })),
  };
}
