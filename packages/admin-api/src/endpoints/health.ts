import { healthSchema, readinessSchema } from '../documents/health.ts';
import { answers, answersAlways, answersText, type Endpoint, METRICS, OPEN } from './endpoint.ts';

export const healthEndpoints = {
  live: {
    operationId: 'live',
    method: 'get',
    path: '/health/live',
    summary: 'Whether the process answers',
    security: OPEN,
    responses: answers(healthSchema),
  },
  ready: {
    operationId: 'ready',
    method: 'get',
    path: '/health/ready',
    summary: 'Whether the node can take part in rounds: started, chain reachable, store writable',
    security: OPEN,
    responses: answersAlways(readinessSchema),
  },
  health: {
    operationId: 'health',
    method: 'get',
    path: '/health',
    summary: 'The same as /health/ready',
    security: OPEN,
    responses: answersAlways(readinessSchema),
  },
  metrics: {
    operationId: 'metrics',
    method: 'get',
    path: '/metrics',
    summary: 'Metrics in the text format of Prometheus',
    security: METRICS,
    responses: answersText('text/plain'),
  },
} satisfies Record<string, Endpoint>;
