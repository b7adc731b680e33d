import type { AgentIdentityDocument } from '../documents/directory.ts';
import type { ReputationDocument } from '../documents/feedback.ts';

/** What each link of the way from an identity on chain to the peer that answers says, if it holds. */
export const IDENTITY_LINK_TEXTS: Readonly<Record<AgentIdentityDocument['links'][number]['name'], string>> = {
  registered: 'the registry knows it',
  place: 'its owner names the peer that serves it',
  file: 'its registration file is the one on chain',
  key: "the file names that peer's key",
  answers: 'that peer answers for it',
  card: 'its card is signed, and names it in return',
  payee: 'what it asks for goes to its wallet or till',
};

/** Why feedback does not count. */
export const UNCOUNTED_TEXTS: Readonly<
  Record<NonNullable<ReputationDocument['feedback'][number]['uncounted']>, string>
> = {
  'no rating': 'it gives no number from 0 to 100',
  'no payment named': 'it names no payment of its own to the till',
  'payment not found': 'the chain has no such payment',
  replaced: 'rated otherwise later',
};
