import { because, debug, type EventCatalogue, info, secondsText, warn } from '@chorus/node';
import type { AgentsEvent } from './agent-events.ts';

/** Time between two answers of one agent that the stream of the admin API carries, ms. */
const SAMPLE_MILLISECONDS = 1_000;

/** What agents report, as sentences. */
export const AGENTS_EVENTS: EventCatalogue<AgentsEvent> = {
  'agents.started': {
    message: ({ agent, model, urls }) =>
      info(`Agent ${agent} is served with ${model}, at ${urls.join(' and ')}.`),
  },
  'agents.stopped': { message: ({ agent }) => info(`Agent ${agent} is no longer served.`) },
  'agents.failed': {
    message: ({ agent, retrySeconds, ...why }) =>
      warn(
        `Agent ${agent} cannot be served: ${because(why)}. The next try is in ${secondsText(retrySeconds)}.`,
      ),
    repeats: ({ agent, code }) => `agents.failed ${agent} ${code}`,
  },
  'agents.directory-failed': {
    message: (why) => warn(`The directory of agents is behind: ${because(why)}. It goes on trying.`),
    repeats: ({ code }) => `agents.directory-failed ${code}`,
  },
  'agents.reputation-failed': {
    message: (why) => warn(`Ratings of agents could not be read: ${because(why)}. They are read again.`),
    repeats: ({ code }) => `agents.reputation-failed ${code}`,
  },
  'agents.paid': {
    message: ({ agent, payer, amount, token, transaction }) =>
      debug(`Agent ${agent} was paid ${amount} units of ${token} by ${payer}, in ${transaction}.`),
    sampled: { milliseconds: SAMPLE_MILLISECONDS, key: ({ agent }) => agent, ends: () => false },
  },
  'agents.channels-claimed': {
    message: ({ channels, amounts, transaction }) =>
      info(
        `Claimed ${amounts.map(({ amount, token }) => `${amount} units of ${token}`).join(', ')} from ${channels} prepaid channels, in ${transaction}.`,
      ),
  },
  'agents.claim-failed': {
    message: (why) => warn(`Prepaid channels could not be claimed: ${because(why)}. It is tried again.`),
    repeats: ({ code }) => `agents.claim-failed ${code}`,
  },
  'agents.behind': {
    message: ({ agent, task, ...why }) =>
      warn(
        `Agent ${agent} still answers with an older model: that of task ${task} cannot be opened now: ${because(why)}. It is tried again.`,
      ),
    repeats: ({ agent, code }) => `agents.behind ${agent} ${code}`,
  },
  'agents.document': {
    message: ({ agent, source, reason }) =>
      warn(`Agent ${agent} answers without its document ${source}: ${reason}.`),
  },
  'agents.documents': {
    message: ({ agent, ...why }) =>
      warn(`Agent ${agent} does not find all in its documents: ${because(why)}.`),
    repeats: ({ agent, code }) => `agents.documents ${agent} ${code}`,
  },
  'agents.answered': {
    message: ({ agent, caller, outcome, code, seconds }) => {
      const text = `Agent ${agent} and ${caller}: ${outcome} after ${secondsText(seconds)}`;
      return code === null ? debug(`${text}.`) : warn(`${text}: ${code}.`);
    },
    repeats: ({ agent, outcome, code }) => `agents.answered ${agent} ${outcome} ${code}`,
    sampled: { milliseconds: SAMPLE_MILLISECONDS, key: ({ agent }) => agent, ends: () => false },
  },
};
