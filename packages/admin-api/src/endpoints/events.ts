import { eventsQuerySchema } from '../documents/events.ts';
import { answersText, type Endpoint, TOKEN } from './endpoint.ts';

export const eventEndpoints = {
  events: {
    operationId: 'events',
    method: 'get',
    path: '/v1/events',
    summary:
      'What the node reports, as server-sent events; resumes after Last-Event-ID while it is remembered',
    security: TOKEN,
    request: { query: eventsQuerySchema },
    responses: answersText('text/event-stream'),
  },
} satisfies Record<string, Endpoint>;
