/** What the page shows, as its address has it after the `#`. */
export type Route =
  | { page: (typeof PAGES)[number] | 'home' | 'unknown' }
  | { page: 'task'; task: string }
  | { page: 'round'; task: string; round: number }
  | { page: 'agent'; agent: string }
  | { page: 'job'; job: string }
  | { page: 'proposal'; proposal: string }
  /** `own`: by its name; else by its number in the identity registry. */
  | { page: 'chat'; own: boolean; agent: string };

const PAGES = ['tasks', 'agents', 'market', 'money', 'votes', 'peers', 'log'] as const;

/** What concerns the owner of a node alone, and is no part of the explorer: money, and what the wallet can do. */
const OWNERS: readonly Route['page'][] = ['chat', 'market', 'job', 'money', 'peers', 'log'];
export const isOwners = (page: Route['page']): boolean => OWNERS.includes(page);

const NUMBER = /^\d{1,20}$/;

/** Reads the fragment of an address. What strangers name is checked here: an id is of digits, a name of a few letters. */
export function readRoute(hash: string): Route {
  const parts = hash.replace(/^#\/?/, '').split('/');
  const [first = '', second = '', third, fourth, ...more] = parts;
  if (first === '' && parts.length === 1) return { page: 'home' };
  const plain = PAGES.find((page) => page === first);
  if (plain && parts.length === 1) return { page: plain };
  if (plain && parts.length === 2 && NUMBER.test(second)) return oneOf(plain, second);
  const isRound = first === 'tasks' && NUMBER.test(second) && third === 'rounds';
  if (isRound && /^\d{1,9}$/.test(fourth ?? '') && more.length === 0)
    return { page: 'round', task: second, round: Number(fourth) };
  if (first === 'chat' && parts.length === 3) {
    if (second === 'own' && /^[a-z0-9-]{1,40}$/.test(third ?? ''))
      return { page: 'chat', own: true, agent: third! };
    if (second === 'network' && NUMBER.test(third ?? '')) return { page: 'chat', own: false, agent: third! };
  }
  return { page: 'unknown' };
}

/** One of what a page lists, by its number. */
function oneOf(page: (typeof PAGES)[number], number: string): Route {
  switch (page) {
    case 'tasks':
      return { page: 'task', task: number };
    case 'agents':
      return { page: 'agent', agent: number };
    case 'market':
      return { page: 'job', job: number };
    case 'votes':
      return { page: 'proposal', proposal: number };
    default:
      return { page: 'unknown' };
  }
}

/** The address of a route; {@link readRoute} reads it. */
export function hrefOf(route: Route): string {
  switch (route.page) {
    case 'home':
    case 'unknown':
      return '#/';
    case 'task':
      return `#/tasks/${route.task}`;
    case 'round':
      return `#/tasks/${route.task}/rounds/${route.round}`;
    case 'agent':
      return `#/agents/${route.agent}`;
    case 'job':
      return `#/market/${route.job}`;
    case 'proposal':
      return `#/votes/${route.proposal}`;
    case 'chat':
      return `#/chat/${route.own ? 'own' : 'network'}/${route.agent}`;
    default:
      return `#/${route.page}`;
  }
}
