/** Where the agents of a node are, below its gateway and on its libp2p streams. */
export const AGENTS_PATH = '/agents/';

/** Path of one agent; its card and its operations are below. */
export const pathOf = (name: string): string => `${AGENTS_PATH}${name}/`;

/** What a request's path asks for: an agent and the path below it, the list of agents, or nothing served here. */
export function readPath(path: string): { agent: string; rest: string } | 'list' | null {
  if (path === AGENTS_PATH || path === AGENTS_PATH.slice(0, -1)) return 'list';
  const match = /^\/agents\/([a-z0-9-]{1,40})(\/.*)?$/.exec(path);
  return match ? { agent: match[1]!, rest: match[2] ?? '/' } : null;
}
