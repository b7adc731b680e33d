import type { MemberEvent } from '@chorus/protocol';
import type { MemoryLedger } from './ledger.ts';

/** The events that concern an identity as a member of tasks. */
export function memberEvents(ledger: MemoryLedger, agentId: bigint): MemberEvent[] {
  const memberships = new Set<string>();
  return ledger.events.flatMap((event): MemberEvent[] => {
    const { position, taskId } = event;
    const at = { position, taskId };
    if (event.type === 'joined') {
      const { member } = event;
      if (member.agentId !== agentId) return [];
      memberships.add(`${taskId}/${member.address}`);
      return [{ ...at, type: 'joined', roles: member.roles }];
    }
    const account = 'member' in event ? event.member : 'trainer' in event ? event.trainer : null;
    if (!memberships.has(`${taskId}/${account}`)) return [];
    switch (event.type) {
      case 'slashed': {
        const { round, offence } = event;
        const amount = ledger.slashed.get([taskId, round, account, offence].join('/'))!;
        return [{ ...at, type: 'slashed', round, offence, token: ledger.find(taskId).state.token, amount }];
      }
      case 'member-leaving':
        return [{ ...at, type: 'left', round: event.round, dropped: event.dropped }];
      case 'case-resolved':
        return [{ ...at, type: 'case-resolved', round: event.round, available: event.available }];
      default:
        return [];
    }
  });
}
