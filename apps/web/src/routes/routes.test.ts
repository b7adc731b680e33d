import { expect, it } from 'vitest';
import { hrefOf, type Route, readRoute } from './routes.ts';

const ROUTES: Route[] = [
  { page: 'home' },
  { page: 'tasks' },
  { page: 'agents' },
  { page: 'market' },
  { page: 'money' },
  { page: 'votes' },
  { page: 'peers' },
  { page: 'log' },
  { page: 'task', task: '7' },
  { page: 'round', task: '7', round: 2 },
  { page: 'agent', agent: '7' },
  { page: 'job', job: '7' },
  { page: 'proposal', proposal: '3' },
  { page: 'chat', own: true, agent: 'harbour-guide' },
  { page: 'chat', own: false, agent: '12' },
];

it.each(ROUTES)('a route is read as it was written: %j', (route) => {
  expect(readRoute(hrefOf(route))).toEqual(route);
});

it.each(['', '#', '#/'])('the page opens at home: %j', (hash) => {
  expect(readRoute(hash)).toEqual({ page: 'home' });
});

it.each([
  '#/nothing',
  '#/tasks/seven',
  '#/market/seven',
  '#/votes/0x12',
  '#/money/7',
  '#/agents/7/more',
  '#/tasks/7/rounds/',
  '#/tasks/7/rounds/2/more',
  '#/chat/own/../secret',
  '#/chat/own/<b>',
  '#/chat/network/guide',
  '#//',
  '#/constructor',
])('what is no route is unknown: %s', (hash) => {
  expect(readRoute(hash)).toEqual({ page: 'unknown' });
});
