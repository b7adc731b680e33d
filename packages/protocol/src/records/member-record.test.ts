import { expect, it } from 'vitest';
import type { MemberEvent } from '../ports/record-chain.ts';
import { memberRecord } from './member-record.ts';

const [CHOR, USD] = ['0x0c', '0x0d'] as const;
let block = 0;
const at = () => ({ position: { block: ++block, transaction: `0x${block}` as const }, taskId: 7n });
const slashed = (
  offence: Extract<MemberEvent, { type: 'slashed' }>['offence'],
  token = CHOR as `0x${string}`,
) => ({ ...at(), type: 'slashed', round: block, offence, token, amount: BigInt(block) }) as const;

it('the record of an identity without events is empty', () => {
  expect(memberRecord([])).toEqual({
    ...{ tasks: 0, missedDuties: 0, lostDisputes: 0, rejectedWork: 0, dropped: 0, wonDisputes: 0 },
    byRole: { trainer: 0, validator: 0, aggregator: 0 },
    slashed: [],
    entries: [],
  });
});

it('the record of an identity counts each kind of misconduct, and lists it with its round and transaction', () => {
  const absent = slashed('validator-absent');
  const lost = slashed('false-verdict', USD);
  const record = memberRecord([
    { ...at(), type: 'joined', roles: ['validator', 'aggregator'] },
    { ...at(), type: 'joined', roles: ['trainer'] },
    absent,
    slashed('aggregator-absent'),
    lost,
    slashed('unavailable'),
    slashed('rejected-reference'),
    { ...at(), type: 'case-resolved', round: 3, available: true },
    { ...at(), type: 'case-resolved', round: 4, available: false },
    { ...at(), type: 'left', round: 5, dropped: false },
    { ...at(), type: 'left', round: 6, dropped: true },
  ]);
  expect(record).toMatchObject({
    ...{ tasks: 2, missedDuties: 2, lostDisputes: 2, rejectedWork: 1, dropped: 1, wonDisputes: 1 },
    byRole: { trainer: 1, validator: 1, aggregator: 1 },
  });
  expect(record.entries.map(({ kind }) => kind)).toEqual([
    'dropped',
    'rejected-work',
    'lost-dispute',
    'lost-dispute',
    'missed-duty',
    'missed-duty',
  ]);
  expect(record.entries.at(-1)).toEqual({
    ...{ kind: 'missed-duty', offence: 'validator-absent', taskId: 7n, round: absent.round },
    ...{ slashed: { token: CHOR, amount: absent.amount }, position: absent.position },
  });
  expect(record.slashed.find(({ token }) => token === USD)!.amount).toBe(lost.amount);
});
