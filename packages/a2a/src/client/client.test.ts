import { ChorusError, hasCode } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { type AgentPlaces, buildCard } from '../card/build.ts';
import { signCard } from '../card/sign.ts';
import { MAX_CARD_BYTES } from '../card/verify.ts';
import { keysOfSeed } from '../identity/did-key.ts';
import { type ConnectOptions, callAgent, connectAgent } from './agent-client.ts';

const SEED = new Uint8Array(32).fill(1);
const keys = keysOfSeed(SEED);
const BASE = 'https://agent.example/';
const about = { name: 'A', description: '', version: '1', skills: [] };
const card = async (places: AgentPlaces = { http: BASE }, seed = SEED) =>
  await signCard(buildCard(about, places), seed);

/** Answers the card, then other requests as `answer` says; keeps where it was asked. */
function server(
  cardBytes: Uint8Array | Response,
  answer: (request: Request) => Response | Promise<Response>,
) {
  const asked: string[] = [];
  const options: ConnectOptions = {
    fetch: async (request) => {
      asked.push(request.url);
      if (!request.url.endsWith('/agent-card.json')) return await answer(request);
      return cardBytes instanceof Response ? cardBytes : new Response(cardBytes.slice());
    },
  };
  return { asked, options };
}
const none = () => new Response(null, { status: 404 });
const withCode = (code: Parameters<typeof hasCode>[1]) => (error: unknown) => hasCode(error, code);
const call = async (options: ConnectOptions & { stream?: boolean }) =>
  await all(callAgent(BASE, 'hi', options));

/** A body that never ends, and whether its reader left. */
function endless(chunk: Uint8Array) {
  const state = { sent: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      state.sent += chunk.length;
      controller.enqueue(chunk);
    },
    cancel() {
      state.cancelled = true;
    },
  });
  return { body, state };
}

describe('a hostile agent', () => {
  it('a card of 5 MB is read no further than a card may be long', async () => {
    const { body, state } = endless(new Uint8Array(16_384).fill(32));
    const { options } = server(new Response(body), none);
    await expect(connectAgent(BASE, options)).rejects.toSatisfy(withCode('E_A2A_TOO_LARGE'));
    expect(state.sent).toBeLessThan(4 * MAX_CARD_BYTES);
    expect(state.cancelled).toBe(true);
  });

  it('a redirect of the card or of a call leads nowhere', async () => {
    const elsewhere = () =>
      new Response(null, { status: 307, headers: { location: 'http://169.254.169.254/latest/' } });
    const first = server(elsewhere(), none);
    await expect(connectAgent(BASE, first.options)).rejects.toSatisfy(withCode('E_A2A_REDIRECT'));
    const second = server(await card(), elsewhere);
    await expect(call(second.options)).rejects.toSatisfy(withCode('E_A2A_REDIRECT'));
    expect([...first.asked, ...second.asked].filter((url) => !url.startsWith(BASE))).toEqual([]);
  });

  it('an altered card, one signed by another node, and an unsigned one are not called', async () => {
    const places = { http: BASE, libp2p: { peerId: keys.peerId, path: '/' } };
    const text = new TextDecoder().decode(await card(places));
    const { signatures: _, ...unsigned } = JSON.parse(text);
    for (const bytes of [
      new TextEncoder().encode(text.replace('"A"', '"B"')),
      await card(places, new Uint8Array(32).fill(2)),
      new TextEncoder().encode(JSON.stringify(unsigned)),
    ]) {
      const { asked, options } = server(bytes, none);
      await expect(call(options)).rejects.toSatisfy(withCode('E_A2A_CARD_SIGNATURE'));
      expect(asked).toHaveLength(1);
    }
  });

  it('an unsigned card is taken if the caller allows it, one with a false signature never', async () => {
    const { signatures, ...unsigned } = JSON.parse(new TextDecoder().decode(await card()));
    const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
    const allowed = await connectAgent(BASE, {
      ...server(encode(unsigned), none).options,
      allowUnsigned: true,
    });
    expect(allowed.signer).toBeNull();
    const forged = server(encode({ ...unsigned, name: 'B', signatures }), none);
    await expect(connectAgent(BASE, { ...forged.options, allowUnsigned: true })).rejects.toSatisfy(
      withCode('E_A2A_CARD_SIGNATURE'),
    );
  });

  it('a card that names another host is not followed there', async () => {
    const { asked, options } = server(await card({ http: 'http://169.254.169.254/' }), none);
    await expect(call(options)).rejects.toSatisfy(withCode('E_A2A_CARD'));
    expect(asked).toHaveLength(1);
  });

  it('the card at a peer must be signed by that peer', async () => {
    const bytes = await card({ http: BASE });
    const network = { fetch: async () => new Response(bytes.slice()) };
    const other = keysOfSeed(new Uint8Array(32).fill(2));
    await expect(connectAgent(`libp2p://${other.host}/`, { network })).rejects.toSatisfy(
      withCode('E_A2A_CARD_SIGNATURE'),
    );
    await expect(connectAgent(`libp2p://${other.host}/`)).rejects.toSatisfy(withCode('E_A2A_URL'));
  });

  it("an endless answer ends at the caller's limit, and its stream is cancelled", async () => {
    for (const [stream, type] of [
      [false, 'application/json'],
      [true, 'text/event-stream'],
    ] as const) {
      const { body, state } = endless(new TextEncoder().encode(': nothing\n\n'.repeat(1_000)));
      const answer = () => new Response(body, { headers: { 'content-type': type } });
      const { options } = server(await card(), answer);
      await expect(call({ ...options, stream, maxResponseBytes: 200_000 })).rejects.toSatisfy(
        withCode('E_A2A_TOO_LARGE'),
      );
      expect(state.cancelled).toBe(true);
    }
  });

  it('a stream that says nothing ends with the patience of its caller', async () => {
    const patience = new AbortController();
    const answer = () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode(': slow\n\n'));
            setTimeout(() => patience.abort(new Error('too slow')), 20);
            patience.signal.addEventListener('abort', () => controller.error(patience.signal.reason));
          },
        }),
        { headers: { 'content-type': 'text/event-stream' } },
      );
    const { options } = server(await card(), answer);
    await expect(call({ ...options, signal: patience.signal })).rejects.toThrow('too slow');
  });

  it('an agent that never answers is given up', async () => {
    const options: ConnectOptions = {
      timeoutMs: 20,
      fetch: (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    };
    await expect(connectAgent(BASE, options)).rejects.toSatisfy(withCode('E_A2A_CALL'));
  });

  it('an answer that is not A2A, or ends before its task, is an error', async () => {
    const { options } = server(await card(), () => new Response('<html>'));
    await expect(call({ ...options, stream: false })).rejects.toBeInstanceOf(ChorusError);
    const empty = server(
      await card(),
      () => new Response('', { headers: { 'content-type': 'text/event-stream' } }),
    );
    await expect(call(empty.options)).rejects.toSatisfy(withCode('E_A2A_RESPONSE'));
  });
});

/** All values, in order. */
async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const value of values) seen.push(value);
  return seen;
}
