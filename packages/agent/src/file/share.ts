import type { TillShare, TillTerms } from '@chorus/protocol';
import { AgentFileError } from './file-error.ts';
import type { AgentFile } from './schema.ts';
import type { YamlValue } from './yaml.ts';

/**
 * The terms of the till that an agent file asks for; null if all of a payment is the agent's, paid to its wallet.
 * @throws AgentFileError `E_AGENT_FILE` for more than everything, or parts that the file leaves open
 */
export function shareOf(file: AgentFile, yaml: YamlValue, source: string): TillTerms | null {
  const { share, price, model } = file;
  if (share === undefined) return null;
  const refuse = (path: string[], message: string, hint: string): never => {
    throw new AgentFileError(source, [{ path: path.join('.'), ...yaml.placeOf(path), message, hint }]);
  };
  if (price === undefined)
    refuse(['share'], 'needs a price: there is nothing to share', 'give a price, or remove it');
  const { trainers = [], holders = 0, tools = [] } = share;
  if (typeof trainers === 'number' && model.network === undefined) {
    refuse(
      ['share', 'trainers'],
      'must name the tasks, as the model is not one of a task (model.network)',
      'write trainers: [{ task: NUMBER, percent: NUMBER }]',
    );
  }
  const list = typeof trainers === 'number' ? [{ task: model.network!.task, percent: trainers }] : trainers;
  const terms = {
    holdersBps: bpsOf(holders),
    models: sharesOf(list.map(({ task, percent }) => [task, percent])),
    tools: sharesOf(tools.map(({ agent, percent }) => [agent, percent])),
  };
  const sum = [...terms.models, ...terms.tools].reduce((all, { bps }) => all + bps, terms.holdersBps);
  if (sum > 10_000) refuse(['share'], `gives ${sum / 100} % away`, 'give at most 100 % in all');
  return terms;
}

/** Ascending, as the contract keeps them. */
function sharesOf(entries: [id: number, percent: number][]): TillShare[] {
  return entries
    .map(([id, percent]) => ({ id: BigInt(id), bps: bpsOf(percent) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

const bpsOf = (percent: number): number => Math.round(percent * 100);
