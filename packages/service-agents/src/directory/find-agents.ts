import type { DirectoryList, DirectoryQuery } from '@chorus/admin-api';
import { type Candidate, scores } from '@chorus/directory';
import { type KnownToken, priceText } from '../payments/price.ts';
import type { FoundEntry, Listing, Listings } from './listings.ts';

/** Words of a search that count. */
const MAX_WORDS = 16;

/** Agents that are compared; the best of them are shown. */
const COMPARED = 512;

export interface FindOptions {
  /** Prices in these are shown in whole tokens. */
  tokens: readonly KnownToken[];
  /** Prices in this token are compared; null if the node pays with none. */
  token: string | null;
  /** Dearer agents, and those that are paid in another token, are left out; null: all are shown. */
  most: { token: string; units: bigint } | null;
  /** ms since 1970. */
  now: number;
}

/**
 * Search the agents that answer, the best first.
 */
export function findAgents(
  listings: Listings,
  query: DirectoryQuery,
  { token, tokens, most, now }: FindOptions,
): DirectoryList {
  const { text = '', skill, minScore = 0, limit } = query;
  const words = (text.match(/[\p{L}\p{N}]+/gu) ?? []).slice(0, MAX_WORDS);
  const found = listings
    .find(words, Math.floor(now / 1_000), COMPARED)
    // Those kept are about a token that this node does not pay in any more.
    .map((entry) => (token === null ? { ...entry, reputation: null } : entry))
    .filter((entry) => skill === undefined || hasSkill(entry, skill))
    .filter(({ listing: { price } }) => most === null || costsAtMost(price, most));
  const ranked = scores(
    found.map(({ relevance, listing, reputation }) => ({
      relevance,
      reputation,
      price: priceIn(listing.price, token),
      latencyMs: listing.latencyMs,
    })),
  );
  const agents = found
    .map((entry, i) => ({
      ...documentOf(entry, tokens, token),
      score: ranked[i]!.total,
      parts: ranked[i]!.parts,
    }))
    .filter(({ score }) => score >= minScore)
    .sort((a, b) => b.score - a.score || Number(BigInt(a.agentId) - BigInt(b.agentId)))
    .slice(0, limit);
  return { agents, known: listings.shown(Math.floor(now / 1_000)) };
}

const costsAtMost = (price: Listing['price'], most: { token: string; units: bigint }): boolean =>
  price === null || (price.token === most.token && BigInt(price.units) <= most.units);

function priceIn(price: Listing['price'], token: string | null): Candidate['price'] {
  if (price === null) return null;
  return price.token === token ? BigInt(price.units) : 'other';
}

/** A skill is asked for by its id or by a tag. */
function hasSkill({ listing }: FoundEntry, wanted: string): boolean {
  const text = wanted.toLowerCase();
  return listing.skills.some(({ id, tags }) => [id, ...tags].some((word) => word.toLowerCase() === text));
}

function documentOf(
  { agentId, peerId, listing, expiresAt, issuedAt, reputation }: FoundEntry,
  tokens: readonly KnownToken[],
  token: string | null,
) {
  const { title, description, version, skills, owner, wallet, url, addresses, latencyMs } = listing;
  const price = listing.price && {
    ...listing.price,
    text: priceText({ units: BigInt(listing.price.units), token: listing.price.token }, tokens),
  };
  return {
    agentId: agentId.toString(),
    title,
    description,
    version,
    skills,
    owner,
    wallet,
    price,
    peerId,
    url,
    addresses,
    latencyMs,
    reputation: reputation && {
      ...reputation,
      paid: priceText({ units: reputation.paid, token: token ?? '' }, tokens),
    },
    announcedAt: new Date(issuedAt * 1_000).toISOString(),
    expiresAt: new Date(expiresAt * 1_000).toISOString(),
  };
}
