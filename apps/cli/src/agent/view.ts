import type { AgentDefinition, ToolServer } from '@chorus/agent';
import { counted, type EngineFacts, STEERING, type Sum, sumText } from '@chorus/protocol';
import { duration } from '../output/units.ts';

const steering = new RegExp(STEERING, 'gu');

/** Text of a model for a terminal: lines and tabs stay, and nothing else that controls it, styles neither. */
export function answerText(text: string): string {
  return text.replace(steering, (found) => (found === '\n' || found === '\t' ? found : '\ufffd'));
}

/** What one request may use, in a sentence. */
export function limitsLine({ limits }: AgentDefinition, facts?: EngineFacts): string {
  const { steps, tokens, seconds, concurrent } = limits;
  const { bytesPerToken = 4 } = facts ?? {};
  const unit = bytesPerToken === 1 ? 'bytes' : 'tokens';
  const count = (value: number) => value.toLocaleString('en');
  const length = bytesPerToken === null ? '' : ` ${count(tokens)} ${unit},`;
  return `${counted(steps, 'call')} of the model,${length} ${count(seconds)} s; ${counted(concurrent, 'request')} at once`;
}

/** A price as the agent file has it. */
export const priceText = ({ digits, decimals, token }: Sum): string => sumText(digits, decimals, token);

/** What an agent may spend of the wallet of its node, in a sentence. */
export function spendingLine({ model }: Pick<AgentDefinition, 'model'>): string {
  if (model.kind !== 'agent' || !model.pay) return 'it can spend no tokens of any chain';
  return `for each request it may pay the agent that it asks up to ${priceText(model.pay)}, from the wallet of its node; agents.spend there, where it is set, bounds what all its agents pay`;
}

/** An offer of an agent file, in a sentence. */
export function offerLine({ id, kind, price, seconds, open }: AgentDefinition['offers'][number]): string {
  const paid = price === null ? 'nothing' : priceText(price);
  const time = `promised within ${duration(seconds)}`;
  if (kind === 'call') return `it offers ${id}: a call for ${paid}, ${time}`;
  return `it offers ${id}: a job for ${paid} in escrow, ${time}, at most ${open} at once; its node does such jobs by itself`;
}

/** A model in one line. */
export function modelLine({ kind, model, details }: EngineFacts): string {
  const shown = Object.entries(details).map(([name, value]) => `${name} ${value}`);
  return `${model} (${[kind, ...shown].join(', ')})`;
}

/** The definition for a program: without the key and the address, which may hold one. */
export function definitionDocument(definition: AgentDefinition): Record<string, unknown> {
  const { model, tools: servers, ...others } = definition;
  const rest = { ...others, tools: servers.map(toolServerDocument) };
  if (model.kind !== 'openai') return { ...rest, model };
  const { key, url, ...open } = model;
  return { ...rest, model: { ...open, host: new URL(url).host, hasKey: key !== null } };
}

/** Without keys, values of variables and addresses. */
function toolServerDocument({ allow, needsApproval, ...server }: ToolServer): Record<string, unknown> {
  if (server.kind === 'http') {
    return {
      kind: server.kind,
      host: new URL(server.url).host,
      hasKey: server.key !== null,
      allow,
      needsApproval,
    };
  }
  const { kind, command, env } = server;
  return { kind, command, env: Object.keys(env), allow, needsApproval };
}
