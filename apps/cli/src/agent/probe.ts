import { randomUUID } from 'node:crypto';
import { type AgentDefinition, createExecutor } from '@chorus/agent';
import type { AgentMessage, Engine, EngineFacts } from '@chorus/protocol';
import { ask, callerSays, type Reply } from './ask.ts';

/** A message that a model of this kind can answer. */
function probeFor({ kind, details }: EngineFacts): AgentMessage {
  if (kind === 'chat') return callerSays('Answer with one word: ready');
  if (kind === 'text') return callerSays('The ');
  if (kind === 'agent') return callerSays('ready?');
  if (kind === 'embedding') return callerSays('ready');
  const values = String(details.input)
    .split('x')
    .reduce((product, dim) => product * Number(dim), 1);
  return { ...callerSays(''), data: [new Array<number>(values).fill(0)] };
}

export interface Probed {
  reply: Reply;
  milliseconds: number;
}

/**
 * Asks an agent's model one real question. The engine stays open.
 * @throws ChorusError of the model
 */
export async function probe(
  definition: AgentDefinition,
  engine: Engine,
  signal: AbortSignal,
): Promise<Probed> {
  const began = performance.now();
  const reply = await ask(createExecutor({ definition, engine }), {
    contextId: randomUUID(),
    message: probeFor(engine.facts),
    history: [],
    signal,
  });
  return { reply, milliseconds: performance.now() - began };
}
