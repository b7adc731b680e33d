/** What the page shows, as its address has it after the `#`. */
export type Route =
  | { page: 'home' | 'tasks' | 'agents' | 'money' | 'peers' | 'log' | 'unknown' }
  | { page: 'task'; task: string }
  | { page: 'round'; task: string; round: number }
  /** `own`: by its name; else by its number in the identity registry. */
  | { page: 'chat'; own: boolean; agent: string };

const PAGES = ['tasks', 'agents', 'money', 'peers', 'log'] as const;

/** Reads the fragment of an address. What strangers name is checked here: an id is of digits, a name of a few letters. */
export function readRoute(hash: string): Route {
  const parts = hash.replace(/^#\/?/, '').split('/');
  const [first = '', second = '', third, fourth, ...more] = parts;
  if (first === '' && parts.length === 1) return { page: 'home' };
  const plain = PAGES.find((page) => page === first);
  if (plain && parts.length === 1) return { page: plain };
  const isTask = first === 'tasks' && /^\d{1,20}$/.test(second);
  if (isTask && parts.length === 2) return { page: 'task', task: second };
  if (isTask && third === 'rounds' && /^\d{1,9}$/.test(fourth ?? '') && more.length === 0)
    return { page: 'round', task: second, round: Number(fourth) };
  if (first === 'chat' && parts.length === 3) {
    if (second === 'own' && /^[a-z0-9-]{1,40}$/.test(third ?? ''))
      return { page: 'chat', own: true, agent: third! };
    if (second === 'network' && /^\d{1,20}$/.test(third ?? ''))
      return { page: 'chat', own: false, agent: third! };
  }
  return { page: 'unknown' };
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
    case 'chat':
      return `#/chat/${route.own ? 'own' : 'network'}/${route.agent}`;
    default:
      return `#/${route.page}`;
  }
}
