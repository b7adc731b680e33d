import type { Ballot, ParameterChange, Proposal } from '@chorus/protocol';
import type { GovernanceEvent } from './events.ts';

/** The proposals among the events of governance, the oldest first. */
export function proposalsOf(events: readonly GovernanceEvent[]): Proposal[] {
  const byId = new Map<bigint, Proposal>();
  for (const event of events) {
    if (event.type === 'proposed') {
      const { type: _, ...proposal } = event;
      byId.set(event.id, { ...proposal, queued: null, executed: null });
    } else if (event.type === 'queued' || event.type === 'executed') {
      const proposal = byId.get(event.id);
      if (proposal) proposal[event.type] = event.position;
    }
  }
  return [...byId.values()];
}

/** Votes with weight on a proposal, the oldest first. */
export function ballotsOf(events: readonly GovernanceEvent[], id: bigint): Ballot[] {
  return events.flatMap((event) => {
    if (event.type !== 'ballot' || event.id !== id) return [];
    const { type: _, id: __, ...ballot } = event;
    return [ballot];
  });
}

/** Every value that was set, the oldest first; what the transaction of an executed proposal set is by that proposal. */
export function changesOf(events: readonly GovernanceEvent[]): Omit<ParameterChange, 'time'>[] {
  const executed = new Map<string, bigint>();
  for (const event of events) {
    if (event.type === 'executed') executed.set(event.position.transaction, event.id);
  }
  return events.flatMap((event) =>
    event.type === 'set'
      ? event.values.map((value) => ({
          ...value,
          position: event.position,
          proposal: executed.get(event.position.transaction) ?? null,
        }))
      : [],
  );
}
