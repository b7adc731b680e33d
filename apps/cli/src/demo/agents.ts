import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AdminClient, createAdminClient, readAdmin } from '@chorus/admin-api';
import { type AgentMessage, ChorusError, parseSum } from '@chorus/protocol';
import { type Dataset, textOf } from '@chorus/training';
import { machineFactor } from '../environment/machine.ts';
import { waitUntil } from './follow.ts';
import type { DemoNetwork } from './network.ts';
import { payRoyalties, type RoyaltiesReport } from './royalties.ts';

/** An agent of the demo, and what became of it. Sums are decimal strings of the token's smallest unit. */
export interface DemoAgent {
  /** Number of its identity on chain. */
  id: string;
  name: string;
  /** The node that serves it. */
  node: string;
  calls: number;
  earned: string;
  /** What its node paid for calls of others. */
  paid: string;
  /** What those who paid it say of it, 0 to 100, and how many they are. */
  reputation: { score: number; raters: number };
}

/** What the model said: of a sample of a known class, or as a text. */
export type DemoAnswer =
  | { label: string; confidence: number; expected: string }
  | { question: string; text: string };

/** What the agents of the demo did. */
export interface AgentsReport {
  agents: DemoAgent[];
  /** The requester's call of the second agent, and through it of the first. */
  answer: DemoAnswer & { seconds: number };
  /** What was paid and what was earned, to the unit, each sum checked with its receipt and on chain. */
  ledger: { paid: string; earned: string; balanced: boolean };
  /** What of that those who trained the model were paid. */
  royalties: RoyaltiesReport;
}

export interface DemoAgentsOptions {
  network: DemoNetwork;
  folder: string;
  taskId: bigint;
  test: Dataset;
  /** The trained model writes texts. */
  isLanguage: boolean;
  step: (text: string) => void;
  signal: AbortSignal;
}

/** Prices of a call, in whole tokens. The desk keeps the difference. */
const PRICES = { reader: '0.02 CHOR', desk: '0.03 CHOR' };

/** Percent of the first agent's price that is its trainers'. */
const TRAINERS_PERCENT = 40;

/** Most tokens of a question to a language model and its answer. */
const ANSWER_TOKENS = 200;
/** Bytes of the test text of which the first line is the question. */
const QUESTION_BYTES = 200;

/** Longest time until an announced agent is found, on a quiet machine, ms. */
const FOUND_MILLISECONDS = 20_000;

/**
 * Two agents on the network that has just trained a model: one answers with that model, the other asks it. Both are
 * registered; the requester finds the second by a word, calls it over libp2p, pays it and rates it. Of what the first agent is paid
 * its trainers claim their part.
 */
export async function runAgents(options: DemoAgentsOptions): Promise<AgentsReport> {
  const { network, taskId, test, isLanguage, step, signal } = options;
  const began = performance.now();
  step('serving the trained model as an agent, and registering it');
  const reader = await serve(options, 'trainer', {
    name: isLanguage ? 'Writer' : 'Digit reader',
    text: `description: ${isLanguage ? 'Writes' : 'Reads one sample'}, with the model of task ${taskId}.
model: { network: { task: ${taskId} } }
price: ${PRICES.reader}
share: { trainers: ${TRAINERS_PERCENT} }
${isLanguage ? `limits: { tokens: ${ANSWER_TOKENS} }\n` : ''}`,
  });
  step('registering a second agent, which asks the first one');
  const desk = await serve(options, 'validator', {
    name: 'Front desk',
    text: `description: Answers what others can, for a small surcharge.
model: { agent: { id: ${reader.id}, pay: ${PRICES.reader} } }
price: ${PRICES.desk}
share: {}
`,
  });

  step('finding an agent, calling it over libp2p, paying it');
  const { agents } = network.requester.services;
  let found: string | undefined;
  await waitUntil(() => {
    void agents.findAgents({ text: 'desk', limit: 1 }).then((list) => {
      found = list.agents.find(({ agentId }) => agentId === desk.id)?.agentId;
    });
    return found !== undefined;
  }, machineFactor() * FOUND_MILLISECONDS);
  if (found === undefined) {
    throw new ChorusError('E_DEMO_AGENTS', 'the agents of the demo were not found', {
      hint: 'run it again with --no-agents to see the training alone',
    });
  }
  const { message, expected } = isLanguage ? await textQuestion(test) : sampleQuestion(test);
  const answered = { label: '', confidence: Number.NaN };
  let text = '';
  for await (const event of agents.callAgent(BigInt(found), message, {
    pay: parseSum(PRICES.desk),
    signal,
  })) {
    if (event.type === 'data') Object.assign(answered, event.value);
    if (event.type === 'text') text += event.text;
    if (event.type === 'failed' || event.type === 'rejected') {
      throw new ChorusError('E_DEMO_AGENTS', 'the agent of the demo did not answer', {
        facts: { says: event.reason },
      });
    }
  }
  const seconds = Math.round(performance.now() - began) / 1000;
  const answer = isLanguage ? { question: message.text, text } : { ...answered, expected };
  step('rating both agents, by whether the answer was right');
  const isRight = isLanguage ? text !== '' : answered.label === expected;
  await rate(options, { rating: isRight ? 100 : 0, reader, desk });
  step('dividing what the agent earned: a part goes to those who trained its model');
  const royalties = await payRoyalties({ ...options, agentId: BigInt(reader.id) });
  return { ...(await accounts(options, [reader, desk])), answer: { ...answer, seconds }, royalties };
}

interface Served {
  id: string;
  name: string;
  node: string;
  admin: AdminClient;
  /** In addresses. */
  slug: string;
}

/** Serve an agent of this file by the first node of a kind that lives and does not attack, and register it. */
async function serve(
  { network, folder }: DemoAgentsOptions,
  role: 'trainer' | 'validator',
  { name, text }: { name: string; text: string },
): Promise<Served> {
  const node = network.nodes.find(
    ({ roles, attack, process }) => roles.includes(role) && attack === undefined && process.alive,
  );
  if (!node) {
    throw new ChorusError('E_DEMO_AGENTS', `no honest ${role} is left to serve an agent`, {
      hint: 'run it again with --no-agents',
    });
  }
  const home = join(folder, node.name);
  const file = join(home, 'agent.yaml');
  await writeFile(file, `chorus: agent/1\nname: ${name}\n${text}`);
  const admin = createAdminClient(await readAdmin(home));
  const { name: slug } = await admin.startAgent({ file });
  const { agentId } = await admin.registerAgent(slug);
  return { id: agentId!, name, node: node.name, admin, slug };
}

/** Who has paid an agent rates it: the requester the second one, and that one's node the first. */
async function rate(
  { network }: DemoAgentsOptions,
  { rating, reader, desk }: { rating: number; reader: Served; desk: Served },
): Promise<void> {
  await Promise.all([
    network.requester.services.agents.reputation.give(BigInt(desk.id), { rating }),
    desk.admin.giveFeedback(reader.id, { rating }),
  ]);
}

/** The beginning of the test text, to be continued. */
async function textQuestion(test: Dataset): Promise<{ message: AgentMessage; expected: string }> {
  const text = new TextDecoder().decode((await textOf(test)).subarray(0, QUESTION_BYTES));
  const [first] = text.split('\n').filter((line) => line.trim() !== '');
  const message: AgentMessage = { from: 'caller', text: `Continue: ${first!.trim()}`, files: [], data: [] };
  return { message, expected: '' };
}

/** The first sample of the test data, and its class. */
function sampleQuestion({ inputs, inputShape, labels, classNames }: Dataset): {
  message: AgentMessage;
  expected: string;
} {
  const size = inputShape.reduce((product, dim) => product * dim, 1);
  const label = labels[0]!;
  const values = Array.from(inputs?.subarray(0, size) ?? []);
  return {
    message: { from: 'caller', text: '', files: [], data: [values] },
    expected: classNames?.[label] ?? String(label),
  };
}

/** What each agent earned and its node paid, as their nodes list it, each sum checked. */
async function accounts({ network }: DemoAgentsOptions, served: readonly Served[]) {
  const mine = await (await network.requester.services.agents.payments()).list({ most: 100 });
  const lists = await Promise.all(served.map(({ admin }) => admin.payments({})));
  const all = [mine, ...lists].flatMap(({ payments }) => payments);
  const sum = (of: typeof all) => of.reduce((total, { amount }) => total + BigInt(amount), 0n);
  const { reputation } = network.requester.services.agents;
  const ratings = await Promise.all(served.map(({ id }) => reputation.of(BigInt(id))));
  const agents = served.map(({ id, name, node, slug }, i) => {
    const own = lists[i]!.payments;
    const earned = own.filter(({ direction, agent }) => direction === 'in' && agent === slug);
    const paid = own.filter(({ direction }) => direction === 'out');
    return {
      id,
      name,
      node,
      calls: earned.length,
      earned: sum(earned).toString(),
      paid: sum(paid).toString(),
      reputation: { score: ratings[i]!.score, raters: ratings[i]!.raters },
    };
  });
  const paid = sum(all.filter(({ direction }) => direction === 'out'));
  const earned = sum(all.filter(({ direction }) => direction === 'in'));
  const isChecked = all.every(({ checks }) => checks.every(({ ok }) => ok !== false));
  return {
    agents,
    ledger: { paid: paid.toString(), earned: earned.toString(), balanced: paid === earned && isChecked },
  };
}
