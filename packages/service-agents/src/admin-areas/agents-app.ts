import type {
  AgentDocument,
  AgentIdentityDocument,
  AgentList,
  AgentLogDocument,
  AgentLogQuery,
  AgentMemory,
  AgentStartRequest,
  DirectoryList,
  DirectoryQuery,
  Forgotten,
  MemoryQuery,
  RegistrationDocument,
} from '@chorus/admin-api';
import { agentRoutes } from '@chorus/admin-api/routes';
import type { AdminEnv } from '@chorus/node';
import { OpenAPIHono } from '@hono/zod-openapi';
import { answerStream } from './answer-stream.ts';
import { type AskSource, ask } from './ask.ts';

/** The agents of a node. Methods throw ChorusError. */
export interface AgentsSource extends AskSource {
  list(): AgentList;
  show(name: string): AgentDocument;
  startAgent(request: AgentStartRequest): Promise<AgentDocument>;
  log(name: string, query: AgentLogQuery): AgentLogDocument;
  memory(name: string, query: MemoryQuery): Promise<AgentMemory>;
  forgetMemory(name: string, query: MemoryQuery): Promise<Forgotten>;
  stopAgent(name: string): Promise<void>;
  registerAgent(name: string, options: { dryRun?: boolean }): Promise<RegistrationDocument>;
  retireAgent(name: string): Promise<RegistrationDocument>;
  findAgents(query: DirectoryQuery): Promise<DirectoryList>;
  inspectAgent(agentId: bigint): Promise<AgentIdentityDocument>;
}

/** Agents: those of the node are shown, started, registered and stopped; those of the network are found. */
export function agentsApp(source: () => AgentsSource): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>()
    .openapi(agentRoutes.agents, (c) => c.json(source().list(), 200))
    .openapi(agentRoutes.agent, (c) => c.json(source().show(c.req.valid('param').name), 200))
    .openapi(agentRoutes.startAgent, async (c) => c.json(await source().startAgent(c.req.valid('json')), 200))
    .openapi(agentRoutes.agentLog, (c) =>
      c.json(source().log(c.req.valid('param').name, c.req.valid('query')), 200),
    )
    .openapi(agentRoutes.agentMemory, async (c) =>
      c.json(await source().memory(c.req.valid('param').name, c.req.valid('query')), 200),
    )
    .openapi(agentRoutes.forgetAgentMemory, async (c) =>
      c.json(await source().forgetMemory(c.req.valid('param').name, c.req.valid('query')), 200),
    )
    .openapi(agentRoutes.stopAgent, async (c) => {
      await source().stopAgent(c.req.valid('param').name);
      return c.json({ accepted: true as const }, 200);
    })
    .openapi(agentRoutes.registerAgent, async (c) =>
      c.json(await source().registerAgent(c.req.valid('param').name, c.req.valid('json')), 200),
    )
    .openapi(agentRoutes.retireAgent, async (c) =>
      c.json(await source().retireAgent(c.req.valid('param').name), 200),
    )
    .openapi(agentRoutes.askAgent, (c) => {
      const leaving = new AbortController();
      const signal = AbortSignal.any([c.req.raw.signal, leaving.signal]);
      const events = ask(source(), c.req.valid('json'), signal);
      const stream = answerStream(events, () => leaving.abort());
      return c.body(stream, 200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    })
    .openapi(agentRoutes.findAgents, async (c) =>
      c.json(await source().findAgents(c.req.valid('query')), 200),
    )
    .openapi(agentRoutes.inspectAgent, async (c) =>
      c.json(await source().inspectAgent(BigInt(c.req.valid('param').agentId)), 200),
    );
}
