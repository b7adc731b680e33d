import type { JobDocument } from '@chorus/admin-api';
import { describe, expect, it } from 'vitest';
import { movesOf } from './job-moves.ts';

type Step = NonNullable<JobDocument['step']>;
type Dispute = NonNullable<JobDocument['dispute']>;

function job(
  what: Step['what'] | null,
  role: JobDocument['roles'][number] | null,
  more: Partial<JobDocument> = {},
): JobDocument {
  const address = `0x${'a'.repeat(40)}`;
  return {
    ...{ jobId: '7', status: 'submitted', client: address, provider: address, evaluator: address },
    ...{ evaluatedBy: 'validators', token: address, symbol: 'CHOR', decimals: 18, budget: '100' },
    ...{ fee: '1', bond: '10', expiresAt: '', submitBy: '', fundedAt: null, submittedAt: null },
    ...{ deliverable: null, payout: null, description: '', dispute: null },
    roles: role === null ? [] : [role],
    step: what === null ? null : { what, by: [], until: null, otherwise: '' },
    ...more,
  };
}

const dispute = (more: Partial<Dispute> = {}): Dispute => ({
  ...{ bond: '10', disputedAt: '', defendedAt: null, drawnAt: null, outcome: null, grounds: null },
  ...{ answer: null, jury: [], available: null },
  ...more,
});

const seat = (more: Partial<Dispute['jury'][number]> = {}): Dispute['jury'][number] => ({
  ...{ agentId: '3', committed: false, vote: null, mine: true },
  ...more,
});

const kindsOf = (of: JobDocument) => movesOf(of).map((move) => move.kind);

describe('what the owner of a node can do with a job', () => {
  it.each<[Step['what'], JobDocument['roles'][number], JobDocument['status'], string[]]>([
    ['set-provider', 'client', 'open', ['set-provider', 'take-back']],
    ['set-budget', 'provider', 'open', ['set-budget']],
    ['fund', 'client', 'open', ['fund', 'take-back']],
    ['fund', 'provider', 'open', []],
    ['submit', 'provider', 'funded', ['submit', 'give-up']],
    ['submit', 'client', 'funded', []],
    ['accept-or-dispute', 'client', 'submitted', ['complete', 'dispute']],
    ['accept-or-dispute', 'provider', 'submitted', ['give-up']],
    ['decide', 'evaluator', 'submitted', ['complete', 'reject']],
    ['defend', 'provider', 'submitted', ['defend', 'give-up']],
    ['defend', 'client', 'submitted', []],
  ])('%s, as the %s of an %s job', (what, role, status, moves) => {
    const disputed = what === 'defend' ? { dispute: dispute() } : {};
    expect(kindsOf(job(what, role, { status, ...disputed }))).toEqual(moves);
  });

  it('what anyone can carry out, anyone is offered; of a job that is over, nothing', () => {
    for (const what of ['draw', 'settle', 'refund'] as const)
      expect(kindsOf(job(what, null))).toEqual([what]);
    expect(kindsOf(job(null, 'client', { status: 'completed' }))).toEqual([]);
  });

  it('only a seat that was drawn votes, once, and reveals what it has committed to', () => {
    const of = (what: Step['what'], jury: Dispute['jury']) =>
      movesOf(job(what, 'juror', { dispute: dispute({ defendedAt: '', jury }) }));
    expect(of('commit', [seat()])).toEqual([
      { kind: 'vote', vote: 'complete' },
      { kind: 'vote', vote: 'reject' },
    ]);
    expect(of('commit', [seat({ committed: true })])).toEqual([]);
    expect(of('commit', [seat({ mine: false })])).toEqual([]);
    expect(of('reveal', [seat({ committed: true })])).toEqual([{ kind: 'reveal' }]);
    expect(of('reveal', [seat({ committed: true, vote: 'reject' })])).toEqual([]);
    expect(of('reveal', [seat()])).toEqual([]);
  });

  it('a provider that has defended its work cannot give it up, nor can one whose client decides', () => {
    const defended = { dispute: dispute({ defendedAt: '2026-01-01' }) };
    expect(kindsOf(job('draw', 'provider', defended))).toEqual(['draw']);
    expect(kindsOf(job('submit', 'provider', { status: 'funded', evaluatedBy: 'client' }))).toEqual([
      'submit',
    ]);
  });
});
