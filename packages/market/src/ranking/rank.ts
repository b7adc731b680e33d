import { type JobRecord, type OwnExperience, reliability } from '../record/record.ts';

/** Whom a request trusts: any proven identity; one that a payer has rated; one that has worked for this node. */
export const TRUST = ['proven', 'rated', 'known'] as const;
export type Trust = (typeof TRUST)[number];

/** What a request demands. */
export interface Wish {
  /** In the token's smallest unit. */
  budget: bigint;
  /** Within which it has to be done, seconds. */
  seconds: number;
  /** Least total, 0 to 100. */
  minScore: number;
  trust: Trust;
  /** One whole token, in its smallest unit. */
  unit: bigint;
}

/** An answer whose agent is proven, and what is known of it. */
export interface Contender {
  agentId: bigint;
  offer: string;
  /** 0 to 1: see `fitOf`. */
  fit: number;
  units: bigint;
  /** Promised time, seconds. */
  seconds: number;
  /** How long the agent took to prove itself, ms. */
  latencyMs: number;
  /** What those who paid it say, 0 to 100; null if that is not known. */
  reputation: { score: number; raters: number } | null;
  record: JobRecord;
  own: OwnExperience;
}

export const PARTS = ['fit', 'price', 'time', 'answers', 'ratings', 'record'] as const;

/** A part of a total: `value` from 0 to 1. */
export interface RankPart {
  name: (typeof PARTS)[number];
  value: number;
  /** Part of its factor, percent. */
  weight: number;
  says: string;
}

export interface Ranked<C extends Contender = Contender> {
  contender: C;
  /** 0 to 100: what it is worth, times how far it is to be trusted. */
  total: number;
  /** What the work is worth to who asks: fit, price, time, and whether it answers. */
  worth: number;
  /** How far it is to be trusted: ratings and record. */
  trust: number;
  parts: RankPart[];
  /** Why it cannot be hired; null if it can. */
  unfit: string | null;
}

const WORTH = { fit: 40, price: 25, time: 25, answers: 10 } as const;
const TRUSTED = { ratings: 50, record: 50 } as const;
const NEUTRAL = 50;

/** An answer that takes this long has half the value of one that takes no time, ms. */
const HALF_SPEED_MS = 1_000;

/**
 * The order in which answers are hired, the best first. A pure function of each contender alone: no answer of a stranger
 * changes the total of another one. Trust multiplies worth: a low price does not make up for work that does not come.
 * Equal totals keep the order of agents, then of offers.
 */
export function rank<C extends Contender>(wish: Wish, contenders: readonly C[]): Ranked<C>[] {
  return contenders
    .map((contender) => rankOne(wish, contender))
    .sort(
      (a, b) =>
        Number(a.unfit !== null) - Number(b.unfit !== null) ||
        b.total - a.total ||
        compare(a.contender.agentId, b.contender.agentId) ||
        compare(a.contender.offer, b.contender.offer),
    );
}

const compare = <T extends bigint | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

function rankOne<C extends Contender>(wish: Wish, contender: C): Ranked<C> {
  const { fit, units, seconds, latencyMs, reputation, record, own } = contender;
  const reliable = reliability(record, own, wish.unit);
  const parts: RankPart[] = [
    part('fit', WORTH.fit, fit, `${Math.round(bounded(fit) * 100)} % of what was asked for`),
    part('price', WORTH.price, saved(units, wish.budget), priceSays(units, wish.budget)),
    part('time', WORTH.time, 1 - seconds / wish.seconds, `promised in ${seconds} s of ${wish.seconds} s`),
    part(
      'answers',
      WORTH.answers,
      HALF_SPEED_MS / (HALF_SPEED_MS + Math.max(0, latencyMs)),
      `in ${Math.round(latencyMs)} ms`,
    ),
    part('ratings', TRUSTED.ratings, (reputation?.score ?? NEUTRAL) / 100, ratingsSay(reputation)),
    part('record', TRUSTED.record, reliable, recordSays(record, own)),
  ];
  const sum = (names: object) =>
    parts.reduce((all, { name, weight, value }) => (name in names ? all + weight * value : all), 0) / 100;
  const [worth, trust] = [sum(WORTH), sum(TRUSTED)];
  const total = Math.round(worth * trust * 1_000) / 10;
  return {
    contender,
    total,
    worth: round(worth),
    trust: round(trust),
    parts,
    unfit: unfitOf(wish, contender, total),
  };
}

function unfitOf(
  wish: Wish,
  { fit, units, seconds, reputation, own }: Contender,
  total: number,
): string | null {
  if (!(fit > 0)) return 'it does not offer what was asked for';
  if (units > wish.budget) return 'it costs more than the budget';
  if (seconds > wish.seconds) return 'it promises it later than asked for';
  if (wish.trust === 'rated' && !reputation?.raters) return 'no account that paid it has rated it';
  if (wish.trust === 'known' && own.done === 0) return 'this node has had nothing done by it yet';
  return total < wish.minScore ? `its score is below ${wish.minScore}` : null;
}

const bounded = (value: number): number => (Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0);
const round = (value: number): number => Math.round(value * 1_000) / 1_000;

const part = (name: RankPart['name'], weight: number, value: number, says: string): RankPart => ({
  ...{ name, weight, value: round(bounded(value)), says },
});

/** The part of the budget that is left, 0 to 1. */
function saved(units: bigint, budget: bigint): number {
  if (units >= budget) return units === 0n ? 1 : 0;
  return Number(((budget - units) * 10_000n) / budget) / 10_000;
}

function priceSays(units: bigint, budget: bigint): string {
  if (units === 0n) return 'it costs nothing';
  return units > budget
    ? 'above the budget'
    : `${Math.round((1 - saved(units, budget)) * 100)} % of the budget`;
}

function ratingsSay(reputation: Contender['reputation']): string {
  if (!reputation?.raters) return 'no ratings by accounts that paid it';
  return `${reputation.score} of 100, by ${reputation.raters} that paid it`;
}

function recordSays({ done, late, lost }: JobRecord, own: OwnExperience): string {
  const chain = `${done.jobs} jobs done, ${late.jobs} late, ${lost.jobs} lost in disputes`;
  return own.done + own.failed === 0
    ? chain
    : `${chain}; with this node ${own.done} done, ${own.failed} failed`;
}
