import { ChorusError } from '@chorus/protocol';
import { AGENTS_PATH, pathOf, readPath } from './agent-path.ts';
import { refusal } from './refusal.ts';

/** An agent that strangers may call. */
export interface AnsweringAgent {
  /** Its path begins at the agent's base. */
  answer(request: Request, peer: string | undefined): Promise<Response>;
}

export interface InboundRequestsOptions {
  /** The agent of a name in addresses. */
  agent: (name: string) => AnsweringAgent | undefined;
  /** Those that can be called now. */
  callable: () => { name: string; title: string; description: string }[];
  /** Answers a request that may be for an agent with a price: what it does is done only if it is paid. */
  paid: (
    request: Request,
    caller: string,
    answer: (request: Request) => Promise<Response>,
  ) => Promise<Response>;
}

/** Requests of strangers, by libp2p and at the gateway: each goes to the agent of its path. */
export class InboundRequests {
  readonly #options: InboundRequestsOptions;

  constructor(options: InboundRequestsOptions) {
    this.#options = options;
  }

  /** @param peer proven by the connection; undefined for HTTP */
  async answer(request: Request, peer?: string): Promise<Response> {
    const url = new URL(request.url);
    const asked = readPath(url.pathname);
    if (asked === 'list') return Response.json(this.#list());
    const agent = asked === null ? undefined : this.#options.agent(asked.agent);
    if (asked === null || !agent) {
      return refusal(
        new ChorusError('E_AGENT_UNKNOWN', 'no agent is served here', {
          hint: `the agents of this node are listed at ${AGENTS_PATH}`,
        }),
      );
    }
    const below = new URL(asked.rest + url.search, url.origin);
    const caller = peer === undefined ? 'anonymous' : `peer:${peer}`;
    return this.#options.paid(request, caller, (again) => agent.answer(new Request(below, again), peer));
  }

  /** What strangers may know: names and addresses of the agents that can be called. */
  #list() {
    const agents = this.#options.callable().map(({ name, title, description }) => ({
      name,
      title,
      description,
      path: pathOf(name),
    }));
    return { agents };
  }
}
