import { identityOfPeerId } from '@chorus/a2a/names';
import type { Address, RegisteredAgent } from '@chorus/protocol';
import { endpointsOf, namesIdentity, type RegistrationFile } from '../registration/file.ts';
import { readPlace } from '../registry/place.ts';
import type { AgentRegistry } from '../registry/registry.ts';
import { identityOfCard } from './extension.ts';
import { priceOfCard } from './price.ts';

/** Names of the links, in the order in which each rests on those before it. */
export const LINKS = ['registered', 'place', 'file', 'key', 'answers', 'card', 'payee'] as const;
export type LinkName = (typeof LINKS)[number];

/**
 * Whether the place that the registry keeps is the word of its present owner. An earlier owner of an identity could have
 * written any place, and given it away: a transfer clears the wallet, which only the owner, with the wallet's signature,
 * can set again (ERC-8004, "On-chain metadata").
 */
export const isConfirmed = ({ wallet }: Pick<RegisteredAgent, 'wallet'>): boolean => wallet !== null;

/** One step of the way from an identity on chain to the agent that answers. */
export interface IdentityLink {
  name: LinkName;
  /** Null if it could not be checked, because an earlier link does not hold. */
  holds: boolean | null;
  /** What was found. */
  says: string;
}

/** A part of the evidence: what was found, or why it was not. */
export type Found<T> = { value: T } | { missing: string };

/** What was read about an agent, each part from its own source. */
export interface IdentityEvidence {
  registry: AgentRegistry;
  agentId: bigint;
  /** From the chain. */
  registered: RegisteredAgent | null;
  /** Of the identity; null if the network has none. */
  till: Address | null;
  /** From storage, checked against its CID. */
  file: Found<RegistrationFile>;
  /** From the peer itself over a connection that proves its key; the signature of the card holds. */
  card: Found<{
    card: {
      name: string;
      capabilities?: { extensions?: readonly { uri: string; params?: unknown }[] } | undefined;
    };
    signer: { did: string; peerId: string };
    milliseconds: number;
  }>;
  /** What a call costs, in words of the reader's own: those of the card may be false. */
  priceText?: string;
}

/**
 * The way from the identity's owner to the peer that answers, link by link:
 *
 * - `registered`: the registry knows the identity and its owner;
 * - `place`: the owner, not one before, says in the registry which peer serves the agent, under which name;
 * - `file`: the registration file is the one whose CID is on chain, and names this identity;
 * - `key`: the file names that peer's key;
 * - `answers`: that peer, proven by its connection, answers for the agent;
 * - `card`: the agent's card is signed with that key, and names this identity in return;
 * - `payee`: what it asks for goes to the wallet that the registry names for the identity, or to its till.
 *
 * It proves who answers, and that the owner stands behind it; not that the agent does what it says.
 */
export function identityLinks(evidence: IdentityEvidence): IdentityLink[] {
  const { registered, agentId, registry, file, card } = evidence;
  const at = registered?.place == null ? null : readPlace(registered.place);
  const place = at && `${at.name} at peer ${at.peerId}`;
  const links: IdentityLink[] = [
    link('registered', registered !== null, registered ? `by ${registered.owner}` : 'no such identity'),
    registered ? placeLink(registered, place) : link('place', null, NO_PLACE),
  ];
  if (!registered) {
    return [...links, ...LINKS.slice(2).map((name) => link(name, null, 'not checked'))];
  }
  if ('missing' in file) {
    links.push(link('file', false, file.missing), link('key', null, 'not checked'));
  } else {
    const names = namesIdentity(file.value, registry, agentId);
    const active = file.value.active ? '' : '; it says that the agent is retired';
    links.push(
      link(
        'file',
        names,
        names ? `${registered.uri}${active}` : `${registered.uri} does not name this identity`,
      ),
    );
    const dids = endpointsOf(file.value, 'DID');
    const key = at === null ? null : didOfPeer(at.peerId);
    links.push(link('key', key === null ? null : dids.includes(key), dids[0] ?? 'the file names no key'));
  }
  if ('missing' in card) {
    links.push(
      link('answers', at === null ? null : false, card.missing),
      link('card', null, 'not checked'),
      link('payee', null, 'not checked'),
    );
    return links;
  }
  const { signer, milliseconds } = card.value;
  links.push(link('answers', signer.peerId === at?.peerId, `in ${Math.round(milliseconds)} ms`));
  const named = identityOfCard(card.value.card, registry);
  links.push(
    link(
      'card',
      named === agentId,
      named === agentId
        ? `signed by ${signer.did}, names this identity`
        : `signed by ${signer.did}, but names ${named === null ? 'no identity' : `identity ${named}`}`,
    ),
  );
  links.push(payeeLink(priceOfCard(card.value.card), registered.wallet, evidence));
  return links;
}

const NO_PLACE = 'the registry names no peer that serves it';

function placeLink(registered: RegisteredAgent, place: string | null): IdentityLink {
  if (place === null) return link('place', false, NO_PLACE);
  if (isConfirmed(registered)) return link('place', true, place);
  return link('place', false, `${place}, as an earlier owner may have said: no wallet was set since`);
}

function payeeLink(
  price: ReturnType<typeof priceOfCard>,
  wallet: Address | null,
  { till, priceText: text }: Pick<IdentityEvidence, 'till' | 'priceText'>,
): IdentityLink {
  if (!price) return link('payee', true, 'a call costs nothing');
  if (price === 'unclear') return link('payee', false, 'its card does not say clearly what a call costs');
  const says = `${text ?? `${price.units} units of ${price.token}`} a call, to ${price.payTo}`;
  if (price.payTo === till) return link('payee', true, `${says}, its till`);
  const isWallet = price.payTo === wallet;
  return link('payee', isWallet, isWallet ? says : `${says}, which is neither its wallet nor its till`);
}

/** The key that a peer id is made of; null if it is made of none that is used here. */
function didOfPeer(peerId: string): string | null {
  try {
    return identityOfPeerId(peerId).did;
  } catch {
    return null;
  }
}

const link = (name: LinkName, holds: boolean | null, says: string): IdentityLink => ({ name, holds, says });

/** Whether every link holds. */
export const isProven = (links: readonly IdentityLink[]): boolean =>
  links.every(({ holds }) => holds === true);
