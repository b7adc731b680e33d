import { z } from 'zod';
import { agentIdSchema } from '../documents/agent-id.ts';
import {
  agentListSchema,
  agentLogQuerySchema,
  agentLogSchema,
  agentMemorySchema,
  agentNameSchema,
  agentSchema,
  agentStartRequestSchema,
  forgottenSchema,
  memoryQuerySchema,
} from '../documents/agents.ts';
import { askRequestSchema } from '../documents/asked.ts';
import {
  agentIdentitySchema,
  directoryListSchema,
  directoryQuerySchema,
  registrationRequestSchema,
  registrationSchema,
} from '../documents/directory.ts';
import { acceptedSchema } from '../documents/values.ts';
import { answers, answersText, type Endpoint, jsonBody, slow, TOKEN, upTo } from './endpoint.ts';

const params = z.object({ name: agentNameSchema });

/** Of a question with files in base64, and its text. */
const ASK_BYTES = 1.5 * 1024 * 1024;

export const agentEndpoints = {
  agents: {
    operationId: 'agents',
    method: 'get',
    path: '/v1/agents',
    summary: 'Agents of this node, and where others call them',
    security: TOKEN,
    responses: answers(agentListSchema),
  },
  agent: {
    operationId: 'agent',
    method: 'get',
    path: '/v1/agents/{name}',
    summary: 'One agent',
    security: TOKEN,
    request: { params },
    responses: answers(agentSchema),
  },
  startAgent: slow({
    operationId: 'startAgent',
    method: 'post',
    path: '/v1/agents',
    summary: 'Serve the agent of a file from now on, or open it again; answers when others can call it',
    security: TOKEN,
    request: { body: jsonBody(agentStartRequestSchema) },
    responses: answers(agentSchema),
  }),
  agentLog: {
    operationId: 'agentLog',
    method: 'get',
    path: '/v1/agents/{name}/log',
    summary: 'What an agent did: who asked, how it ended, what was paid; also of one that was stopped',
    security: TOKEN,
    request: { params, query: agentLogQuerySchema },
    responses: answers(agentLogSchema),
  },
  agentMemory: {
    operationId: 'agentMemory',
    method: 'get',
    path: '/v1/agents/{name}/memory',
    summary: 'What an agent has noted of its callers',
    security: TOKEN,
    request: { params, query: memoryQuerySchema },
    responses: answers(agentMemorySchema),
  },
  forgetAgentMemory: {
    operationId: 'forgetAgentMemory',
    method: 'delete',
    path: '/v1/agents/{name}/memory',
    summary: 'Delete what an agent has noted of a caller, or of all',
    security: TOKEN,
    request: { params, query: memoryQuerySchema },
    responses: answers(forgottenSchema),
  },
  stopAgent: {
    operationId: 'stopAgent',
    method: 'delete',
    path: '/v1/agents/{name}',
    summary: 'End an agent; it is not served again after a restart',
    security: TOKEN,
    request: { params },
    responses: answers(acceptedSchema),
  },
  registerAgent: slow({
    operationId: 'registerAgent',
    method: 'post',
    path: '/v1/agents/{name}/registration',
    summary: 'Give an agent its identity on chain, or bring that up to date; answers when mined',
    security: TOKEN,
    request: { params, body: jsonBody(registrationRequestSchema) },
    responses: answers(registrationSchema),
  }),
  retireAgent: slow({
    operationId: 'retireAgent',
    method: 'delete',
    path: '/v1/agents/{name}/registration',
    summary: 'Say on chain that an agent is no longer served; answers when mined',
    security: TOKEN,
    request: { params },
    responses: answers(registrationSchema),
  }),
  askAgent: upTo(
    ASK_BYTES,
    slow({
      operationId: 'askAgent',
      method: 'post',
      // A part more than paths of agents, whose names it would be.
      path: '/v1/agents/calls/ask',
      summary: "Ask an agent, and pay for it within the owner's limits; the answer is a stream of its parts",
      security: TOKEN,
      request: { body: jsonBody(askRequestSchema) },
      responses: answersText('text/event-stream'),
    }),
  ),
  findAgents: {
    operationId: 'findAgents',
    method: 'get',
    path: '/v1/directory',
    summary: 'Agents of the network that answer, the best first',
    security: TOKEN,
    request: { query: directoryQuerySchema },
    responses: answers(directoryListSchema),
  },
  inspectAgent: slow({
    operationId: 'inspectAgent',
    method: 'get',
    path: '/v1/directory/{agentId}',
    summary: 'An agent of the network, and every link from its identity on chain to the peer that answers',
    security: TOKEN,
    request: { params: z.object({ agentId: agentIdSchema }) },
    responses: answers(agentIdentitySchema),
  }),
} satisfies Record<string, Endpoint>;
