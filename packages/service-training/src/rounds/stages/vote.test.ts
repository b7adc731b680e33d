import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChorusError,
  encodeMessage,
  encodePayload,
  G1_INFINITY,
  type Hex,
  type RoundContext,
  type RoundState,
  type VerdictVote,
} from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../../journal/journal.ts';
import { PUBLIC_PAYLOADS } from '../../payloads/sealing/payload-form.ts';
import { VectorCache } from '../../payloads/vector-cache.ts';
import type { TaskSession } from '../session/task-session.ts';
import { collectVotes } from '../votes/collect-votes.ts';
import { answerVoteRequest } from './vote.ts';

const AGGREGATOR = '12D3KooWaggregator';
const TRAINER = '0x00000000000000000000000000000000000000aa';
const VALIDATOR = '0x00000000000000000000000000000000000000bb';

let folder: string;
let journal: Journal;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorus-votes-'));
  journal = Journal.open(folder);
});
afterEach(() => {
  journal.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Stands for a signature: it names what it was given on. */
const signatureOn = ({ updates }: RoundState): Hex =>
  `0x${updates[0]!.commitment.x.toString(16).padStart(130, '0')}`;

/** The same round on another branch of the chain: its trainer committed to something else. */
function reorganised(context: RoundContext): RoundContext {
  const [update] = context.round.updates;
  const updates = [{ ...update!, commitment: { x: 5n, y: 6n } }];
  return { ...context, round: { ...context.round, updates } };
}

/** A validator whose storage answers every request with `error`. */
function validator(error: Error): { session: TaskSession; context: RoundContext } {
  const session = {
    taskId: 1n,
    journal,
    payloads: new VectorCache(),
    form: PUBLIC_PAYLOADS,
    signal: new AbortController().signal,
    ports: {
      storage: { get: () => Promise.reject(error) },
      chain: {
        account: VALIDATOR,
        signVerdict: async (judged: RoundState) => ({
          validator: VALIDATOR,
          lossBefore: 0n,
          lossAfter: 0n,
          signature: signatureOn(judged),
        }),
        isVerdictOf: ({ signature }: VerdictVote, judged: RoundState) => signature === signatureOn(judged),
      },
    },
  } as unknown as TaskSession;
  const context = {
    task: { dimension: 4, settleSeconds: 1, trainers: [TRAINER], stagnationBps: 10_000 },
    round: {
      round: 1,
      phase: 'settle',
      updates: [{ commitment: { x: 1n, y: 2n }, digest: `0x${'ab'.repeat(32)}` }],
      references: [],
    },
    members: [{ address: TRAINER, roles: ['aggregator'], peerId: AGGREGATOR }],
  } as unknown as RoundContext;
  return { session, context };
}

describe('a validator asked to exclude a trainer', () => {
  const ask = (error: Error) => {
    const { session, context } = validator(error);
    return answerVoteRequest(
      session,
      context,
      { taskId: 1n, round: 1, unavailable: [0], rejected: [], novelty: G1_INFINITY },
      AGGREGATOR,
      0,
    );
  };

  it('a validator signs if no peer sends the payload', async () => {
    expect(await ask(new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer has it'))).toHaveProperty('signature');
    expect(journal.step({ taskId: 1n, round: 1, step: 'vote' })).toMatchObject({
      state: 'done',
      detail: { unavailable: [0] },
    });
  });

  it('a validator signs nothing that it cannot record', async () => {
    const { session, context } = validator(new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer has it'));
    journal.close();
    const request = { taskId: 1n, round: 1, unavailable: [0], rejected: [], novelty: G1_INFINITY };
    await expect(answerVoteRequest(session, context, request, AGGREGATOR, 0)).rejects.toThrow();
  });

  it('a validator signs nothing about payloads sealed to another key than its own', async () => {
    const { session, context } = validator(new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer has it'));
    const changed = { ...session, form: { ...PUBLIC_PAYLOADS, reads: () => false } } as TaskSession;
    const request = { taskId: 1n, round: 1, unavailable: [0], rejected: [], novelty: G1_INFINITY };
    await expect(answerVoteRequest(changed, context, request, AGGREGATOR, 0)).rejects.toMatchObject({
      code: 'E_PAYLOAD_NOT_FOR_THIS_NODE',
    });
    expect(journal.step({ taskId: 1n, round: 1, step: 'vote' })).toBeNull();
  });

  it('a validator does not sign that all payloads are available if one is not', async () => {
    const { session, context } = validator(new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer has it'));
    const request = { taskId: 1n, round: 1, unavailable: [], rejected: [], novelty: G1_INFINITY };
    expect(await answerVoteRequest(session, context, request, AGGREGATOR, 0)).toEqual({
      refused: 'the payload of trainer 1 is not available here',
    });
  });

  it('a validator signs only for an aggregator of the task', async () => {
    const { session, context } = validator(new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer has it'));
    const request = { taskId: 1n, round: 1, unavailable: [0], rejected: [], novelty: G1_INFINITY };
    expect(await answerVoteRequest(session, context, request, '12D3KooWother', 0)).toHaveProperty('refused');
  });

  it('a validator does not sign losses of another model than the round began from', async () => {
    const { session, context } = validator(new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer has it'));
    const request = { taskId: 1n, round: 1, unavailable: [0], rejected: [], novelty: G1_INFINITY };
    expect(await answerVoteRequest(session, context, request, AGGREGATOR, 1)).toEqual({
      refused: "this node's model is at a different round",
    });
  });

  it('a validator searches once for concurrent requests, and sends its signature again', async () => {
    const { session, context } = validator(new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer has it'));
    let looks = 0;
    session.ports.storage.get = () => {
      looks++;
      return Promise.reject(new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer has it'));
    };
    const request = { taskId: 1n, round: 1, unavailable: [0], rejected: [], novelty: G1_INFINITY };
    const other = { ...request, unavailable: [] };
    const ask = (each: typeof request) => answerVoteRequest(session, context, each, AGGREGATOR, 0);
    const answers = await Promise.all([request, other, request, other].map(ask));
    expect(looks).toBe(1);
    expect(answers.map((a) => 'signature' in a)).toEqual([true, false, true, false]);
    expect(await ask(request)).toEqual(answers[0]);
    expect(looks).toBe(1);
    // What was missing is looked for again.
    await ask(other);
    expect(looks).toBe(2);
  });

  it('a validator searches and signs again if a reorganised chain has other commitments in the round', async () => {
    const { session, context } = validator(new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer has it'));
    let looks = 0;
    session.ports.storage.get = () => {
      looks++;
      return Promise.reject(new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer has it'));
    };
    const request = { taskId: 1n, round: 1, unavailable: [0], rejected: [], novelty: G1_INFINITY };
    const other = reorganised(context);
    for (const known of [context, other]) {
      const answer = await answerVoteRequest(session, known, request, AGGREGATOR, 0);
      expect(answer).toMatchObject({ signature: signatureOn(known.round) });
    }
    expect(signatureOn(other.round)).not.toBe(signatureOn(context.round));
    expect(looks).toBe(2);
  });

  it('a validator does not use a vector of an earlier commitment for the current one', async () => {
    const { session, context } = validator(new Error('unused'));
    const { dimension } = context.task;
    const header = { kind: 'update', taskId: 1n, round: 1, author: TRAINER, dimension } as const;
    const bytes = encodePayload({ ...header, vector: new Int16Array(dimension) });
    session.ports.storage.get = async () => bytes;
    const { commitment } = context.round.updates[0]!;
    const parts = { committer: { commit: async () => commitment } };
    const all = { taskId: 1n, round: 1, unavailable: [], rejected: [], novelty: G1_INFINITY };
    const answer = (known: RoundContext) =>
      answerVoteRequest(Object.assign(session, parts), known, all, AGGREGATOR, 0);
    expect(await answer(context)).toHaveProperty('signature');
    expect(await answer(reorganised(context))).toEqual({
      refused: 'the payload of trainer 1 is not available here',
    });
  });

  it.each([
    ['its storage is closed', new ChorusError('E_STORAGE_CLOSED', 'the storage is closed')],
    ['its disk is full', new Error('ENOSPC: no space left on device')],
  ])('a validator does not sign if %s: that is not a fault of the trainer', async (_, error) => {
    await expect(ask(error)).rejects.toBe(error);
  });
});

describe('an aggregator that collects verdicts', () => {
  const proposed = { unavailable: [0], rejected: [], novelty: G1_INFINITY };
  const collect = async (judged: RoundState, posted: RoundState[] = []) => {
    const { session, context } = validator(new Error('unused'));
    const voteOn = (round: RoundState) => ({
      validator: VALIDATOR,
      lossBefore: 0n,
      lossAfter: 0n,
      signature: signatureOn(round),
    });
    const { chain } = session.ports;
    Object.assign(chain, {
      account: AGGREGATOR,
      now: async () => 0,
      postedVerdicts: async () =>
        posted.map((round) => ({
          verdict: { ...proposed, lossBefore: 0n, lossAfter: 0n },
          vote: voteOn(round),
        })),
    });
    Object.assign(session.ports, {
      network: { request: async () => encodeMessage(voteOn(judged)) },
    });
    const round = { ...context.round, settleStart: 0, verdictsRequested: posted.length > 0 };
    const task = { ...context.task, activeValidators: [VALIDATOR as Hex], departed: [], aggregators: [] };
    const members = [{ address: VALIDATOR, peerId: '12D3KooWvalidator', roles: ['validator'] }];
    return collectVotes(session, { task, round, members } as unknown as RoundContext, proposed);
  };
  const here = validator(new Error('unused')).context;
  const elsewhere = reorganised(here).round;

  it('an aggregator accepts the signature of a validator on the same commitments', async () => {
    expect(await collect(here.round)).toMatchObject([{ validator: VALIDATOR }]);
  });

  it('an aggregator accepts no signature on other commitments, from a validator or from the chain', async () => {
    await expect(collect(elsewhere)).rejects.toMatchObject({ code: 'E_VOTES_MISSING' });
    await expect(collect(elsewhere, [elsewhere])).rejects.toMatchObject({ code: 'E_VOTES_MISSING' });
    expect(await collect(elsewhere, [here.round])).toHaveLength(1);
  });
});
