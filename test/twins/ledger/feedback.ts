import { refusal } from '@chorus/chain';
import {
  type Address,
  type Feedback,
  type FeedbackWords,
  type Hex,
  MAX_FEEDBACK,
  type MovedTokens,
} from '@chorus/protocol';
import { lower, type MemoryLedger } from './ledger.ts';

/** Feedback on identities: a second implementation of the registry's rules. */

export type KeptFeedback = Feedback & { agentId: bigint; isRevoked: boolean };

export function giveAgentFeedback(
  ledger: MemoryLedger,
  client: Address,
  agentId: bigint,
  words: FeedbackWords,
): bigint {
  const action = 'give feedback on an agent';
  const { value, decimals } = words;
  const most = 10n ** 38n;
  if (decimals > 18 || value > most || value < -most) throw refusal('ValueOutOfBounds', action);
  const owner = ledger.owners[Number(agentId)];
  if (owner === undefined) throw refusal('ERC721NonexistentToken', action);
  if (owner === client) throw refusal('SelfFeedback', action);
  const earlier = ledger.feedback.filter((each) => each.agentId === agentId && each.client === client);
  const index = BigInt(earlier.length + 1);
  ledger.feedback.push({ ...words, agentId, client, index, isRevoked: false, ...ledger.next() });
  return index;
}

export function revokeAgentFeedback(
  ledger: MemoryLedger,
  client: Address,
  agentId: bigint,
  index: bigint,
): void {
  const at = ledger.feedback.findIndex(
    (each) => each.agentId === agentId && each.client === client && each.index === index,
  );
  const found = ledger.feedback[at];
  if (!found) throw refusal('NoSuchFeedback', 'revoke feedback');
  if (found.isRevoked) throw refusal('AlreadyRevoked', 'revoke feedback');
  ledger.feedback[at] = { ...found, isRevoked: true };
}

export function feedbackOn(ledger: MemoryLedger, agentId: bigint): Feedback[] {
  return ledger.feedback
    .filter((each) => each.agentId === agentId)
    .slice(-MAX_FEEDBACK)
    .filter(({ isRevoked }) => !isRevoked)
    .map(({ agentId: _, isRevoked: __, ...feedback }) => feedback);
}

export function movedIn(
  ledger: MemoryLedger,
  transaction: Hex,
  from: Address,
  to: Address,
): MovedTokens | null {
  const made = [...ledger.transfers.values()].filter((each) => each.transaction === transaction);
  if (made.length === 0) return null;
  const amounts = made
    .filter((each) => lower(each.from) === lower(from) && lower(each.to) === lower(to))
    .map(({ token, value }) => ({ token: lower(token), amount: value }));
  return { at: made[0]!.at, amounts };
}
