import { hasCode } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { parseTarget } from './target.ts';

const A = '12D3KooWA';
const B = '12D3KooWB';

describe('the address of an agent', () => {
  it.each([
    ['https://a.example/agents/7/', { kind: 'http', url: 'https://a.example/agents/7/' }],
    ['HTTP://127.0.0.1:80', { kind: 'http', url: 'http://127.0.0.1/' }],
    ['libp2p://k51abc', { kind: 'peer', peer: 'k51abc', path: '/', address: null }],
    ['libp2p://k51abc/agents/7/', { kind: 'peer', peer: 'k51abc', path: '/agents/7/', address: null }],
    [`/p2p/${A}`, { kind: 'peer', peer: A, path: '/', address: null }],
    [`/p2p/${A}/agents/7/`, { kind: 'peer', peer: A, path: '/agents/7/', address: null }],
    [
      `/ip4/1.2.3.4/tcp/4001/p2p/${A}/agents/7/`,
      { kind: 'peer', peer: A, path: '/agents/7/', address: `/ip4/1.2.3.4/tcp/4001/p2p/${A}` },
    ],
    [
      `/ip4/1.2.3.4/tcp/1/p2p/${A}/p2p-circuit/p2p/${B}/agents/p2p/x`,
      {
        kind: 'peer',
        peer: B,
        path: '/agents/p2p/x',
        address: `/ip4/1.2.3.4/tcp/1/p2p/${A}/p2p-circuit/p2p/${B}`,
      },
    ],
    [
      `/p2p/${A}/p2p-circuit/p2p/${B}/x/`,
      { kind: 'peer', peer: B, path: '/x/', address: `/p2p/${A}/p2p-circuit/p2p/${B}` },
    ],
  ])('%s is read', (text, target) => {
    expect(parseTarget(text)).toEqual(target);
  });

  it.each([
    '',
    'guide.yaml',
    'localhost:8080',
    'file:///etc/passwd',
    'http://',
    'libp2p://',
    'libp2p://k51abc/a b',
    `/p2p/${A}/x?y`,
    '/ip4/1.2.3.4/tcp/4001',
    'https://a.example/?key=secret',
    'https://me:secret@a.example/',
  ])('%j is refused, without its secret', (text) => {
    let refused: unknown;
    try {
      parseTarget(text);
    } catch (error) {
      refused = error;
    }
    expect(hasCode(refused, 'E_USAGE')).toBe(true);
    expect(JSON.stringify(refused)).not.toContain('secret');
  });
});
