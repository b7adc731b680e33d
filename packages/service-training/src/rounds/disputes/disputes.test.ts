import {
  type AvailableVote,
  encodeMessage,
  type RoundContext,
  type TaskState,
  type UnavailabilityCase,
} from '@chorus/protocol';
import { expect, it } from 'vitest';
import { type DisputeSession, Disputes, type LookForPayload } from './disputes.ts';

const TRAINER = `0x${'aa'.repeat(20)}` as const;
const VALIDATORS = [1, 2, 3].map((n) => `0x${String(n).repeat(40)}` as `0x${string}`);

/** A chain on which the only trainer was left out of round 1, long before the last. */
function world(account: `0x${string}`, changes: Partial<UnavailabilityCase> = {}, round = 40) {
  const open = { deadline: 1_000, accusers: [0, 1], resolved: false, available: [], ...changes };
  const sent: string[] = [];
  const task = {
    id: 1n,
    round,
    openCases: 1,
    trainers: [TRAINER],
    validators: VALIDATORS,
    activeValidators: VALIDATORS,
    settleSeconds: 60,
  } as unknown as TaskState;
  const clock = { now: 500 };
  const chain = {
    account,
    now: async () => clock.now,
    settledRound: async (_: bigint, number: number) => ({ unavailable: number === 1 ? [0] : [] }),
    unavailabilityCase: async () => open,
    resolveCase: async (_: bigint, number: number, trainer: number) => {
      sent.push(`resolve ${number}/${trainer}`);
    },
    round: async (_: bigint, number: number) => ({ round: number }),
    signAvailable: async (): Promise<AvailableVote> => ({ validator: account, signature: '0x01' }),
    contest: async (_: bigint, number: number, trainer: number, votes: AvailableVote[]) => {
      sent.push(`contest ${number}/${trainer} ${votes.map((v) => v.validator)}`);
    },
  };
  const { signal } = new AbortController();
  const disputes = (
    look: LookForPayload = async () => 'it is not looked for',
    { files = {}, ...ports }: Record<string, object> = {},
  ) =>
    new Disputes(
      { taskId: 1n, ports: { chain, ...ports }, files, signal } as unknown as DisputeSession,
      look,
    );
  return { context: { task, members: [] } as unknown as RoundContext, disputes, sent, clock, open, chain };
}

it('a dispute of many rounds ago is still closed, so that no stake stays locked for ever', async () => {
  const { context, disputes, sent, clock } = world(VALIDATORS[2]!);
  const all = disputes();
  expect(await all.attend(context)).toBe(1_000);
  expect(sent).toEqual([]);
  clock.now = 1_000;
  await all.attend(context);
  expect(sent).toEqual(['resolve 1/0']);
});

it('an accuser outside the majority also confirms the payload, once it has it', async () => {
  const { context, disputes, sent } = world(VALIDATORS[1]!, { available: [0, 2] });
  let wrong: string | null = 'it is not available here';
  const all = disputes(async () => wrong);
  expect(await all.attend(context)).toBe(505);
  expect(sent).toEqual([]);
  wrong = null;
  await all.attend(context);
  expect(sent).toEqual([`contest 1/0 ${VALIDATORS[1]}`]);
});

it.each([
  ['no majority has formed', VALIDATORS[1]!, []],
  ['it is in the majority', VALIDATORS[0]!, [0, 2]],
  ['it has not accused', VALIDATORS[2]!, [0, 1]],
])('a validator pays for no transaction if %s', async (_, account, available) => {
  const { context, disputes, sent } = world(account, { available });
  const looks: number[] = [];
  await disputes(async ({ round }) => {
    looks.push(round.round);
    return null;
  }).attend(context);
  expect([sent, looks]).toEqual([[], []]);
});

it('an accused trainer contests only with signatures on the commitments of its round', async () => {
  const { context, disputes, sent, chain } = world(TRAINER);
  const signed = new Map(VALIDATORS.map((validator) => [validator, '0xa1']));
  const members = VALIDATORS.map((address) => ({ address, peerId: address }));
  const network = {
    request: async (validator: `0x${string}`) =>
      encodeMessage({ validator, signature: signed.get(validator)!.padEnd(132, '0') }),
  };
  Object.assign(chain, {
    publishedPayload: async () => new Uint8Array(1),
    isAvailableOf: ({ signature }: AvailableVote) => signature.startsWith('0xa1'),
  });
  const files = { readPayload: async () => new Uint8Array(1) };
  const defend = () =>
    disputes(undefined, { files, network, storage: { put: async () => {} } }).attend({
      ...context,
      members,
    } as unknown as RoundContext);
  for (const validator of VALIDATORS.slice(1)) signed.set(validator, '0xb2');
  await defend();
  expect(sent).toEqual([]);
  signed.set(VALIDATORS[1]!, '0xa1');
  await defend();
  expect(sent).toEqual([`contest 1/0 ${VALIDATORS.slice(0, 2)}`]);
});
