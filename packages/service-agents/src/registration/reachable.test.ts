import { expect, it } from 'vitest';
import { isReachable } from './reachable.ts';

it.each([
  'https://agents.example/agents/x/',
  'https://8.8.8.8/agents/x/',
  'https://[2606:4700::1]/agents/x/',
])('%s may be registered', (url) => expect(isReachable(url)).toBe(true));

it.each([
  'http://127.0.0.1:4010/agents/x/',
  'http://[::1]:4010/',
  'http://10.1.2.3/',
  'http://192.168.0.9/',
  'http://localhost:4010/',
  'http://box.local/',
  'http://node/',
  'http://[fd00::1]/',
])('%s leads others elsewhere, and is not registered', (url) => expect(isReachable(url)).toBe(false));
