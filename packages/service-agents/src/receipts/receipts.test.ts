import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAgent, identityOfDid } from '@chorus/a2a';
import { tinyModel } from '@chorus/language-models';
import type { AnyEvent } from '@chorus/node';
import { readReceipt } from '@chorus/payments';
import { type AnswerReceipt, decodeTranscript, hasCode } from '@chorus/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { collect } from '../../../../test/collect.ts';
import { MemoryLedger } from '../../../../test/twins/chain.ts';
import { MemoryHub } from '../../../../test/twins/network.ts';
import { type AnswerCheck, answerChecks, receiptChecks } from '../open/answer-checks.ts';
import { auditAnswer } from '../open/audit-answer.ts';
import { type KeptAnswer, keptAnswerText, readKeptAnswer } from '../open/kept-answer.ts';
import { type AgentsNode, AgentsWorld, startAgentsNode } from '../testing/agents-node.ts';
import { stockBuyer } from '../testing/paying.ts';

const never = new AbortController().signal;
const QUESTION = 'when does the ferry leave';
let folder: string;
let node: AgentsNode;
let ledger: MemoryLedger;
/** The base of an agent without instructions, and without a price. */
let writer: string;
const warnings: AnyEvent[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-receipts-'));
  await writeFile(join(folder, 'tiny.gguf'), tinyModel({ seed: 4 }));
  await writeFile(join(folder, 'other.gguf'), tinyModel({ seed: 5 }));
  ledger = new MemoryLedger();
  const config = { gateway: { enabled: true }, agents: { tokens: [ledger.token] } };
  const emit = (event: AnyEvent) => void (event.type === 'warning' && warnings.push(event));
  node = await startAgentsNode(folder, new MemoryHub(), config, emit, new AgentsWorld(ledger));
  writer = await serve('writer');
});
beforeEach(() => void warnings.splice(0));
afterAll(async () => {
  await node?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Serve a language model; returns the agent's base. Tokens that end answers are rare in a random model. */
async function serve(name: string, more = ''): Promise<string> {
  const file = join(folder, `${name}.yaml`);
  const model = '{ gguf: { file: tiny.gguf, sampling: { temperature: 1, topP: 0.9, seed: 11 } } }';
  await writeFile(file, `chorus: agent/1\nname: ${name}\nmodel: ${model}\nlimits: { tokens: 400 }\n${more}`);
  return (await node.services.agents.startAgent({ file })).urls.http!;
}

/** Ask an agent by A2A, and keep its answer as `chorus agent call --receipt` does. */
async function keep(base: string): Promise<KeptAnswer> {
  const agent = await connectAgent(base, { allowPrivate: true });
  const events = await collect(agent.call(QUESTION));
  const text = events.map((event) => (event.type === 'text' ? event.text : '')).join('');
  const { receipt } = events.at(-1) as { receipt: AnswerReceipt };
  return {
    format: 'chorus-answer/1',
    agent: { name: agent.card.name, did: agent.signer!.did, url: base },
    question: QUESTION,
    text,
    receipt: receipt.jws,
    transcript: decodeTranscript(await agent.transcript(receipt.path)),
  };
}

const audit = (kept: KeptAnswer, model = 'tiny.gguf') =>
  auditAnswer(kept, { model: join(folder, model), adapter: null }, never);
const failed = (checks: readonly AnswerCheck[]) =>
  checks.flatMap(({ check, ok }) => (ok === false ? check : []));

describe('an answer of a language model', () => {
  it('has a receipt, by which its caller re-executes it, and finds out what was altered', async () => {
    const kept = await keep(writer);
    expect(readKeptAnswer(keptAnswerText(kept))).toEqual(kept);
    expect(kept.transcript.answer.length).toBeGreaterThan(30);
    const { verdict, checks, signer, prompt } = await audit(kept);
    expect(checks.filter(({ ok }) => ok !== true)).toEqual([]);
    expect({ verdict, signer }).toEqual({ verdict: 'consistent', signer: kept.agent.did });

    const { transcript } = kept;
    // What the model reads and writes is the same; what is said of it is not.
    const found = { prompt, text: kept.text! };
    const checksOf = (change: Partial<KeptAnswer>) => {
      const answer = { ...kept, ...change };
      return [...receiptChecks(answer).checks, ...answerChecks(answer, transcript.model, found)];
    };
    const altered = (change: Partial<KeptAnswer>) => failed(checksOf(change));
    expect(altered({})).toEqual([]);
    expect(altered({ text: `${kept.text} yes` })).toEqual(['text']);
    expect(altered({ question: 'another one' })).toEqual(['question']);
    // Where nothing is known, nothing is said to be right.
    const unknown = checksOf({ question: ' ', text: null, agent: { ...kept.agent, did: null } });
    expect(unknown.flatMap(({ check, ok }) => (ok === null ? check : []))).toEqual([
      'receipt',
      'question',
      'text',
    ]);
    expect(altered({ agent: { ...kept.agent, did: 'did:key:z6MkOther' } })).toEqual(['receipt']);
    expect(altered({ receipt: `${kept.receipt.slice(0, -3)}AAA` })).toEqual(['receipt']);
    expect(altered({ receipt: '' })).toEqual(['receipt']);
    expect(altered({ transcript: { ...transcript, salt: '0'.repeat(32) } })).toEqual(['transcript']);
    expect(altered({ transcript: { ...transcript, likeliest: [], answer: [] } })).toEqual(['transcript']);

    const other = await audit({ ...kept, text: 'another' }, 'other.gguf');
    expect(other.verdict).toBe('inconsistent');
    expect(failed(other.checks)).toEqual(expect.arrayContaining(['model', 'text', 'probabilities']));
  });

  it('at the OpenAI API has the receipt in a field of its own, and so has each choice of a completion', async () => {
    const base = writer;
    const post = async (path: string, body: object) =>
      (await (
        await fetch(new URL(path, base), {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'writer', max_tokens: 20, seed: 3, ...body }),
        })
      ).json()) as { choices: Record<string, { chorus: { receipt: AnswerReceipt } }>[] };
    const chat = await post('/v1/chat/completions', { messages: [{ role: 'user', content: QUESTION }] });
    const texts = await post('/v1/completions', { prompt: [QUESTION, 'the snail'] });
    const receipts = [
      chat.choices[0]!.message!.chorus.receipt,
      ...texts.choices.map(
        (choice) => (choice as unknown as { chorus: { receipt: AnswerReceipt } }).chorus.receipt,
      ),
    ];
    const found = await Promise.all(
      receipts.map(async ({ path }) => {
        const response = await fetch(new URL(path, base));
        return decodeTranscript(new Uint8Array(await response.arrayBuffer()));
      }),
    );
    // The seed of the caller, and those after it.
    expect(found.map(({ sampling }) => sampling.seed)).toEqual([3, 3, 4]);
    expect(new Set(receipts.map(({ path }) => path)).size).toBe(3);
  });

  it('of an agent with instructions has none, unless its owner gives them', async () => {
    const base = await serve('quiet', 'instructions: Be kind to snails.\n');
    const agent = await connectAgent(base, { allowPrivate: true });
    expect((await collect(agent.call(QUESTION))).at(-1)).not.toHaveProperty('receipt');
    expect(JSON.stringify(agent.card)).not.toContain('answer-receipt');
    const kept = await keep(await serve('open', 'instructions: Be kind to snails.\nreceipts: true\n'));
    expect(failed((await audit(kept)).checks)).toEqual([]);
  });

  it('has a transcript that only its digest leads to', async () => {
    const base = writer;
    for (const path of [`transcripts/${'0'.repeat(64)}`, 'transcripts/', 'transcripts/../tasks.sqlite']) {
      expect((await fetch(new URL(path, base))).status).toBe(404);
    }
    const agent = await connectAgent(base, { allowPrivate: true });
    await expect(agent.transcript(`transcripts/${'0'.repeat(64)}`)).rejects.toSatisfy((error) =>
      hasCode(error, 'E_AGENT_TRANSCRIPT'),
    );
  });

  it('is given without a receipt if that cannot be kept, and the owner is warned', async () => {
    const base = await serve('full');
    // A file where the folder was: nothing can be written there.
    const transcripts = join(folder, 'agents', 'full', 'transcripts');
    await rm(transcripts, { recursive: true });
    await writeFile(transcripts, '');
    const agent = await connectAgent(base, { allowPrivate: true });
    const last = (await collect(agent.call(QUESTION))).at(-1)!;
    expect(last.type).toBe('completed');
    expect(last).not.toHaveProperty('receipt');
    expect(warnings).toHaveLength(1);
  });

  it('that is paid for has one receipt: that of the payment, with the model and the transcript', async () => {
    const buyer = stockBuyer(ledger.token, 10n);
    ledger.mint(ledger.token, buyer.address, 100n);
    const base = await serve('paid', 'price: 3 TWIN\n');
    const response = await buyer.fetch(new URL('/v1/chat/completions', base), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'paid',
        max_tokens: 20,
        messages: [{ role: 'user', content: QUESTION }],
      }),
    });
    const answer = (await response.json()) as {
      choices: { message: { chorus: { receipt: AnswerReceipt } } }[];
    };
    const { jws, path } = answer.choices[0]!.message.chorus.receipt;
    const read = (text: string) => readReceipt(text, (did) => identityOfDid(did).publicKey).receipt;
    const transcript = `sha256:${path.slice('transcripts/'.length)}`;
    expect(read(jws)).toMatchObject({
      payer: buyer.address,
      amount: '3',
      serving: { transcript, adapter: null },
    });
    const { nonce } = read(jws);
    let last = read(jws);
    while (!last.output) {
      const { receipts } = (await (await fetch(new URL(`receipts/${nonce}`, base))).json()) as {
        receipts: string[];
      };
      last = read(receipts.at(-1)!);
    }
    expect(last).toMatchObject({ nonce, serving: { transcript } });
  });
});
