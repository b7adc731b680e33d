import type { Ports } from '@chorus/node';
import { encodeMessage, type Member, type TopicHandler, type TopicMessage, topicOf } from '@chorus/protocol';
import { afterEach, expect, it } from 'vitest';
import { FileKeys } from '../../payloads/sealing/file-keys.ts';
import type { Attended } from '../../rounds/disputes/disputes.ts';
import { Background } from '../../utils/background.ts';
import { InboundMessages } from './inbound-messages.ts';

const CONTRACT = `0x${'11'.repeat(20)}` as const;
const MEMBER = '12D3KooWMember';
const abort = new AbortController();
afterEach(() => abort.abort());

/** A node that attends to task 1, whose member is connected to it already. */
function listening(attended: Attended | null) {
  const topics = new Map<string, TopicHandler>();
  const asked: string[] = [];
  const network = {
    subscribe: (topic: string, handler: TopicHandler) => {
      topics.set(topic, handler);
      return () => {};
    },
    handle: () => () => {},
    peers: () => [MEMBER],
    learn: async () => {},
    connect: async (peer: string) => void asked.push(peer),
  };
  const chain = { chainId: 1, contract: CONTRACT, events: async function* () {} };
  const { signal } = abort;
  const inbound = new InboundMessages({
    ports: { chain, network } as unknown as Ports,
    journal: { summary: () => null },
    reader: { keys: new FileKeys({ peerId: 'self', request: () => Promise.reject(new Error('not asked')) }) },
    background: new Background(signal, () => {}),
    signal,
    runners: new Map(),
    attended: (taskId) => (taskId === 1n ? attended : null),
    isKnown: () => true,
    announced: () => {},
    changed: () => {},
  });
  inbound.listen();
  const topic = topicOf('presence', 1, CONTRACT);
  const presence = async (from: string) => {
    const multiaddrs: string[] = [];
    const data = encodeMessage({
      type: 'presence',
      taskId: 1n,
      round: 1,
      stage: 'training',
      peerId: from,
      multiaddrs,
    });
    return topics.get(topic)!({ topic, from, data } as TopicMessage);
  };
  return { asked, presence };
}

const known = (members: Partial<Member>[]) => ({ disputes: {}, known: { members } }) as unknown as Attended;

it('a member stays connected even if it opened the connection', async () => {
  const { asked, presence } = listening(known([{ peerId: MEMBER }]));
  expect(await presence(MEMBER)).toBe('accept');
  expect(asked).toEqual([MEMBER]);
});

it('presence of a non-member, or of a task this node has no part in, causes no connection', async () => {
  const stranger = listening(known([]));
  expect(await stranger.presence(MEMBER)).toBe('ignore');
  const without = listening(null);
  expect(await without.presence(MEMBER)).toBe('accept');
  expect([...stranger.asked, ...without.asked]).toEqual([]);
});
