import { z } from 'zod';
import {
  agentListSchema,
  agentMemorySchema,
  agentNameSchema,
  agentSchema,
  agentStartRequestSchema,
  forgottenSchema,
  memoryQuerySchema,
} from '../documents/agents.ts';
import { acceptedSchema } from '../documents/values.ts';
import { answers, type Endpoint, jsonBody, slow, TOKEN } from './endpoint.ts';

const params = z.object({ name: agentNameSchema });

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
} satisfies Record<string, Endpoint>;
