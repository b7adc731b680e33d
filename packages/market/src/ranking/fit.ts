/** What an ask says of the work. */
export interface Wanted {
  text: string;
  /** Id or tag of a skill; null: any. */
  skill: string | null;
}

/** What an agent says of itself and of one of its offers. */
export interface Described {
  title: string;
  description: string;
  skills: readonly { id: string; description: string; tags?: readonly string[] | undefined }[];
  offer: { id: string; name: string; description: string };
}

/** Words of an ask that count, and the shortest of them, letters. */
const MAX_WORDS = 16;
const SHORTEST = 3;
/** Words with this many equal letters at their beginning count as one, and those with an ending of a letter or two: `pegs`. */
const STEM = 4;
const ENDING = 2;

/** Words that say nothing of the work. */
const STOP = new Set([
  'the',
  'and',
  'for',
  'with',
  'that',
  'this',
  'from',
  'who',
  'what',
  'how',
  'need',
  'want',
  'please',
]);

/** Part of the fit that the skill alone makes, if one is asked for. */
const SKILL_PART = 0.6;

const wordsOf = (text: string): string[] => [
  ...new Set(
    (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter(
      (word) => word.length >= SHORTEST && !STOP.has(word),
    ),
  ),
];

/**
 * How well an offer fits what is asked for, 0 (not at all) to 1: by the skill, and the part of the words that the agent
 * and its offer have. Both sides compute it, from the agent's signed card.
 */
export function fitOf({ text, skill }: Wanted, { title, description, skills, offer }: Described): number {
  const words = wordsOf(text).slice(0, MAX_WORDS);
  const said = [title, description, offer.id, offer.name, offer.description];
  const own = wordsOf(
    [...said, ...skills.flatMap(({ id, description, tags = [] }) => [id, description, ...tags])].join(' '),
  );
  const found = words.filter((word) => own.some((each) => isSame(word, each))).length;
  const part = words.length === 0 ? 0 : found / words.length;
  if (skill === null) return part;
  const wanted = skill.toLowerCase();
  const names = [offer.id, ...skills.flatMap(({ id, tags = [] }) => [id, ...tags])];
  return names.some((name) => name.toLowerCase() === wanted) ? SKILL_PART + (1 - SKILL_PART) * part : 0;
}

function isSame(a: string, b: string): boolean {
  if (a === b) return true;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return long.startsWith(short) && (short.length >= STEM || long.length - short.length <= ENDING);
}
