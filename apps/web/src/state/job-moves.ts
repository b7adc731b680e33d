import type { JobDocument } from '@chorus/admin-api';

/** What the owner of this node can do with a job now. */
export type Move =
  | { kind: 'set-provider' | 'set-budget' | 'fund' | 'submit' | 'complete' | 'draw' | 'reveal' }
  | { kind: 'take-back' | 'give-up' | 'reject' | 'dispute' | 'defend' | 'settle' | 'refund' }
  | { kind: 'vote'; vote: 'complete' | 'reject' };

const kinds = (...all: Exclude<Move['kind'], 'vote'>[]): Move[] => all.map((kind) => ({ kind }));

/** The moves of this node's owner in a job, the likeliest first; none if it is for others to act. Pure. */
export function movesOf({ status, step, roles, evaluatedBy, dispute }: JobDocument): Move[] {
  if (step === null) return [];
  const is = (role: JobDocument['roles'][number]) => roles.includes(role);
  const [client, provider] = [is('client'), is('provider')];
  // The contract of disputes lets a provider give up until it has defended its work.
  const isDefended = dispute !== null && (dispute.defendedAt !== null || dispute.outcome !== null);
  const givesUp = provider && status !== 'open' && evaluatedBy === 'validators' && !isDefended;
  const retreat = [
    ...(client && status === 'open' ? kinds('take-back') : []),
    ...(givesUp ? kinds('give-up') : []),
  ];
  switch (step.what) {
    case 'set-provider':
      return [...(client ? kinds('set-provider') : []), ...retreat];
    case 'set-budget':
      return [...(client || provider ? kinds('set-budget') : []), ...retreat];
    case 'fund':
      return [...(client ? kinds('fund') : []), ...retreat];
    case 'submit':
      return [...(provider ? kinds('submit') : []), ...retreat];
    case 'accept-or-dispute':
      return [...(client ? kinds('complete', 'dispute') : []), ...retreat];
    case 'decide':
      return is('evaluator') ? kinds('complete', 'reject') : [];
    case 'defend':
      return [...(provider ? kinds('defend') : []), ...retreat];
    case 'commit': {
      const seat = dispute?.jury.find(({ mine }) => mine);
      if (!seat || seat.committed) return [];
      return [
        { kind: 'vote', vote: 'complete' },
        { kind: 'vote', vote: 'reject' },
      ];
    }
    case 'reveal':
      return dispute?.jury.some(({ mine, committed, vote }) => mine && committed && vote === null)
        ? kinds('reveal')
        : [];
    default:
      return [...kinds(step.what), ...retreat];
  }
}
