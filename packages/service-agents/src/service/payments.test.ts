import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientFactory, JsonRpcTransportFactory, RestTransportFactory } from '@a2a-js/sdk/client';
import { identityOfDid } from '@chorus/a2a';
import { tinyModel } from '@chorus/language-models';
import { readReceipt } from '@chorus/payments';
import { ChorusError } from '@chorus/protocol';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryLedger } from '../../../../test/twins/chain.ts';
import { MemoryHub } from '../../../../test/twins/network.ts';
import { type MockOpenAi, mockOpenAi } from '../../../inference/src/testing/mock-openai.ts';
import { vectorModel } from '../../../inference/src/testing/models.ts';
import { type AgentsNode, AgentsWorld, chatFile, startAgentsNode, until } from '../testing/agents-node.ts';
import { type Buyer, type PaymentChange, paymentFor, stockBuyer } from '../testing/paying.ts';

let endpoint: MockOpenAi;
let folder: string;
let hub: MemoryHub;
let ledger: MemoryLedger;
let node: AgentsNode;
let buyer: Buyer;
let base: string;
beforeAll(async () => {
  endpoint = await mockOpenAi();
});
afterAll(() => endpoint.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-paid-'));
  hub = new MemoryHub();
  ledger = new MemoryLedger();
  buyer = stockBuyer(ledger.token, 10n);
  ledger.mint(ledger.token, buyer.address, 1_000n);
  await start();
  base = await serve('guide');
});
afterEach(async () => {
  await node.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const config = {
    gateway: { enabled: true, requestsPerMinute: 10_000 },
    agents: { tokens: [ledger.token] },
  };
  node = await startAgentsNode(folder, hub, config, undefined, new AgentsWorld(ledger));
}

/** Serve an agent that costs 3 a call; returns its base URL. */
async function serve(name: string, scenario = 'echo', more = 'price: 3 TWIN\n'): Promise<string> {
  const file = await chatFile(folder, endpoint.url, name, { scenario, more });
  return (await node.services.agents.startAgent({ file })).urls.http!;
}

const receiptOf = (jws: string) => readReceipt(jws, (did) => identityOfDid(did).publicKey);
const payee = () => node.ports.chain.account;
const earned = () => ledger.balance(ledger.token, payee());
const answers = (name = 'guide') => node.services.agents.show(name).answers;

const rpc = (method: string, params: object) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
const message = (text: string) => ({
  message: { messageId: 'm1', role: 'ROLE_USER', parts: [{ text }] },
});
const post = (path: string, body: string, payment?: string, at = base) =>
  fetch(new URL(path, at), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'a2a-version': '1.0',
      ...(payment ? { 'payment-signature': payment } : {}),
    },
    body,
  });
const ask = (payment?: string, text = 'hello', at = base) =>
  post('a2a', rpc('SendMessage', message(text)), payment, at);
const pay = async (change?: PaymentChange, at = base) =>
  paymentFor(await ask(undefined, 'hello', at), buyer.wallet, change);
const errorOf = async (response: Response) =>
  response.status === 402
    ? (
        JSON.parse(Buffer.from(response.headers.get('payment-required')!, 'base64').toString()) as {
          error: string;
        }
      ).error
    : ((await response.json()) as { code: string }).code;

describe('an agent that has a price', () => {
  it('what it costs is in its card, and its card, list and tasks are free', async () => {
    const card = await (await fetch(new URL('.well-known/agent-card.json', base))).json();
    expect(card).toMatchObject({
      capabilities: {
        extensions: [
          {
            uri: 'urn:chorus:a2a:x402-over-http:v1',
            params: {
              price: '3 TWIN',
              accepts: [{ amount: '3' }, { scheme: 'batch-settlement', amount: '3' }],
            },
          },
        ],
      },
    });
    const free = [rpc('ListTasks', {}), rpc('GetTask', { id: 'none' }), rpc('CancelTask', { id: 'none' })];
    for (const body of free) expect((await post('a2a', body)).status).toBe(200);
    expect((await fetch(new URL('/v1/models', base))).status).toBe(200);
    expect(earned()).toBe(0n);
  });

  it.each<[string, () => Promise<Response>]>([
    ['SendMessage', () => ask()],
    ['SendStreamingMessage', () => post('a2a', rpc('SendStreamingMessage', message('hi')))],
    ['message:send', () => post('rest/message:send', JSON.stringify(message('hi')))],
    ['message:stream', () => post('rest/message:stream', JSON.stringify(message('hi')))],
    ['message:send with a slash at the end', () => post('rest/message:send/', JSON.stringify(message('hi')))],
    [
      'tools/call',
      () =>
        fetch(new URL('mcp', base), {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
          body: rpc('tools/call', { name: 'ask', arguments: { message: 'hi' } }),
        }),
    ],
    [
      'chat/completions',
      () =>
        post(
          '/v1/chat/completions',
          JSON.stringify({ model: 'guide', messages: [{ role: 'user', content: 'hi' }] }),
        ),
    ],
    [
      'chat/completions as a stream',
      () =>
        post(
          '/v1/chat/completions/',
          JSON.stringify({ model: 'guide', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
        ),
    ],
  ])('%s without a payment is answered with 402 and the price, and no work is done', async (_, call) => {
    const asked = endpoint.requests.length;
    const response = await call();
    expect(response.status).toBe(402);
    const required = JSON.parse(Buffer.from(response.headers.get('payment-required')!, 'base64').toString());
    expect(required).toMatchObject({
      x402Version: 2,
      resource: { url: base },
      accepts: [
        {
          scheme: 'exact',
          network: 'eip155:31337',
          asset: ledger.token,
          amount: '3',
          payTo: payee(),
          extra: { name: 'Twin', version: '1', paymentFlow: 'upfront' },
        },
        {
          ...{ scheme: 'batch-settlement', amount: '3', payTo: payee() },
          extra: { receiverAuthorizer: payee(), withdrawDelay: 86_400 },
        },
      ],
    });
    expect(endpoint.requests.length).toBe(asked);
    expect(earned()).toBe(0n);
  });

  it('a malformed request is refused before it is paid for', async () => {
    const payment = await pay();
    expect((await post('a2a', '{', payment)).status).toBe(200);
    expect(await (await post('a2a', rpc('SendMessage', { message: {} }), payment)).json()).toHaveProperty(
      'error',
    );
    expect((await post('/v1/chat/completions', '{"model":"guide"}', payment)).status).toBe(400);
    expect(earned()).toBe(0n);
    expect((await ask(payment)).status).toBe(200);
    expect(earned()).toBe(3n);
  });

  it.each<[string, (ended: string) => object]>([
    ['to a task that does not exist', () => ({ message: { ...message('hi').message, taskId: 'none' } })],
    ['to a task that has ended', (taskId) => ({ message: { ...message('hi').message, taskId } })],
    [
      'with notifications to an address that is not called',
      () => ({
        ...message('hi'),
        configuration: { taskPushNotificationConfig: { url: 'https://127.0.0.1/' } },
      }),
    ],
  ])('a message %s is refused before it is paid for', async (_, params) => {
    const first = (await (await ask(await pay())).json()) as { result: { task: { id: string } } };
    expect(earned()).toBe(3n);
    const response = await post('a2a', rpc('SendMessage', params(first.result.task.id)), await pay());
    expect(await response.json()).toHaveProperty('error');
    expect(earned()).toBe(3n);
  });

  it('texts that its language model writes on from are paid for like messages, all choices of a request at once', async () => {
    await writeFile(join(folder, 'tiny.gguf'), tinyModel());
    const file = join(folder, 'writer.yaml');
    await writeFile(
      file,
      'chorus: agent/1\nname: writer\nmodel: { gguf: { file: tiny.gguf } }\nprice: 3 TWIN\n',
    );
    const { urls } = await node.services.agents.startAgent({ file });
    const at = urls.http!;
    const asked = { model: 'writer', prompt: ['one', 'two'], max_tokens: 2 };
    const complete = (body: object, payment?: string) =>
      post('/v1/completions', JSON.stringify(body), payment, at);
    const unpaid = await complete(asked);
    expect(unpaid.status).toBe(402);
    const payment = await paymentFor(unpaid, buyer.wallet);
    expect((await complete({ ...asked, logprobs: 99 }, payment)).status).toBe(400);
    expect(earned()).toBe(0n);
    const answered = await complete(asked, payment);
    expect(answered.status).toBe(200);
    expect(answered.headers.get('payment-response')).not.toBeNull();
    expect((await answered.json()) as object).toMatchObject({ choices: [{ index: 0 }, { index: 1 }] });
    expect(earned()).toBe(3n);
    expect(answers('writer').completed).toBe(1);
    expect((await complete(asked, payment)).status).toBe(409);
    expect((await complete({ ...asked, prompt: 'other' }, payment)).status).not.toBe(200);
    expect(earned()).toBe(3n);
    expect(answers('writer').completed).toBe(1);
  });

  it('vectors of texts are paid for like messages', async () => {
    const { model, tokenizer } = vectorModel();
    await writeFile(join(folder, 'vectors.onnx'), model);
    await writeFile(join(folder, 'tokenizer.json'), tokenizer);
    const file = join(folder, 'vectors.yaml');
    const named = '{ onnx: { file: vectors.onnx, embed: { tokenizer: tokenizer.json } } }';
    await writeFile(file, `chorus: agent/1\nname: vectors\nmodel: ${named}\nprice: 3 TWIN\n`);
    const at = (await node.services.agents.startAgent({ file })).urls.http!;
    const body = JSON.stringify({ model: 'vectors', input: ['a ferry', 'a snail'] });
    const unpaid = await post('/v1/embeddings', body, undefined, at);
    expect(unpaid.status).toBe(402);
    const paid = await post('/v1/embeddings', body, await paymentFor(unpaid, buyer.wallet), at);
    expect((await paid.json()) as object).toMatchObject({ data: [{ index: 0 }, { index: 1 }] });
    expect(earned()).toBe(3n);
  });

  it('the agents of a node that have no price stay free', async () => {
    const free = await serve('free', 'echo', '');
    expect((await ask(undefined, 'hello', free)).status).toBe(200);
    expect(earned()).toBe(0n);
  });
});

describe('the client of x402’s authors pays', () => {
  it('a call by JSON-RPC, and its receipt names what was paid and what was answered', async () => {
    const response = await buyer.fetch(new URL('a2a', base), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
      body: rpc('SendMessage', message('ahoy')),
    });
    expect(response.status).toBe(200);
    expect(JSON.stringify(await response.json())).toContain('echo: ahoy');
    expect(earned()).toBe(3n);
    const settled = JSON.parse(Buffer.from(response.headers.get('payment-response')!, 'base64').toString());
    expect(settled).toMatchObject({ success: true, network: 'eip155:31337', payer: buyer.address });
    const { receipt, did } = receiptOf(settled.extensions['offer-receipt'].info.receipt.signature);
    expect(did).toMatch(/^did:key:z6Mk/);
    expect(receipt).toMatchObject({
      payer: buyer.address,
      payee: payee(),
      amount: '3',
      asset: ledger.token,
      agent: 'guide',
      transaction: settled.transaction,
      resourceUrl: base,
    });
    const at = new URL(`receipts/${receipt.nonce}`, base);
    let last: string | undefined;
    for (let i = 0; i < 200 && !last; i++) {
      const { receipts } = (await (await fetch(at)).json()) as { receipts: string[] };
      last = receipts.find((jws) => receiptOf(jws).receipt.output);
    }
    expect(receiptOf(last!).receipt).toMatchObject({
      input: receipt.input,
      output: expect.stringMatching(/^sha256:/),
    });
  });

  it.each(['JSONRPC', 'HTTP+JSON'])('through the official A2A client by %s, as a stream', async (binding) => {
    const fetchImpl = buyer.fetch;
    const factory = new ClientFactory({
      transports: [new JsonRpcTransportFactory({ fetchImpl }), new RestTransportFactory({ fetchImpl })],
      preferredTransports: [binding],
    });
    const client = await factory.createFromUrl(base);
    const { Role } = await import('@a2a-js/sdk');
    const events: unknown[] = [];
    const sent = {
      tenant: '',
      configuration: undefined,
      metadata: undefined,
      message: {
        messageId: 'm1',
        contextId: '',
        taskId: '',
        role: Role.ROLE_USER,
        parts: [
          {
            content: { $case: 'text' as const, value: 'ahoy' },
            metadata: undefined,
            filename: '',
            mediaType: '',
          },
        ],
        metadata: undefined,
        extensions: [],
        referenceTaskIds: [],
      },
    };
    for await (const event of client.sendMessageStream(sent)) events.push(event);
    expect(JSON.stringify(events)).toContain('o: ahoy');
    expect(events.length).toBeGreaterThan(2);
    expect(earned()).toBe(3n);
  });

  it('a tool of MCP', async () => {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL('mcp', base), { fetch: buyer.fetch }));
    await client.listTools();
    expect(earned()).toBe(0n);
    const result = await client.callTool({ name: 'ask', arguments: { message: 'ahoy' } });
    expect(JSON.stringify(result.content)).toContain('echo: ahoy');
    expect(earned()).toBe(3n);
    await client.close();
  });

  it('a chat completion, streamed: the first words come while the model still writes', async () => {
    const slow = await serve('slow', 'hang');
    const response = await buyer.fetch(new URL('/v1/chat/completions', slow), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'slow', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
    });
    const reader = response.body!.getReader();
    let text = '';
    while (!/"content":"[^"]/.test(text)) text += Buffer.from((await reader.read()).value!).toString();
    expect(answers('slow').completed).toBe(0);
    expect(earned()).toBe(3n);
    await reader.cancel();
  });

  it('it does not pay more than it may', async () => {
    const dear = await serve('dear', 'echo', 'price: 11 TWIN\n');
    await expect(
      buyer.fetch(new URL('a2a', dear), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
        body: rpc('SendMessage', message('hi')),
      }),
    ).rejects.toThrow();
    expect(earned()).toBe(0n);
  });
});

describe('a payment that does not pay for this', () => {
  const now = () => BigInt(Math.floor(Date.now() / 1000));
  it.each<[string, () => PaymentChange, RegExp]>([
    ['one unit less', () => ({ value: 2n }), /another amount/],
    ['one unit less, said to be enough', () => ({ value: 2n, accepted: { amount: '3' } }), /another amount/],
    ['one unit more', () => ({ value: 4n }), /another amount/],
    ['another payee', () => ({ to: `0x${'ab'.repeat(20)}` }), /someone else/],
    [
      'another payee in the document alone',
      () => ({ accepted: { payTo: `0x${'ab'.repeat(20)}` } }),
      /someone else/,
    ],
    ['another token', () => ({ accepted: { asset: `0x${'ab'.repeat(20)}` } }), /another token/],
    ['another token, signed', () => ({ token: `0x${'ab'.repeat(20)}` }), /not signed/],
    ['another network', () => ({ accepted: { network: 'eip155:1' } }), /another network/],
    ['another network, signed', () => ({ chainId: 1 }), /not signed/],
    ['another scheme', () => ({ accepted: { scheme: 'upto' } }), /scheme/],
    ['expired', () => ({ validBefore: now() - 1n }), /expired/],
    ['about to expire', () => ({ validBefore: now() + 5n }), /expired/],
    ['valid for ever', () => ({ validBefore: 2n ** 200n }), /too long/],
    ['not valid yet', () => ({ validAfter: now() + 60n }), /not valid yet/],
    ['another resource', () => ({ resource: 'https://else.example/' }), /another resource/],
  ])('%s', async (_, change, why) => {
    const response = await ask(await pay(change()));
    expect(response.status).toBe(402);
    expect(await errorOf(response)).toMatch(why);
    expect({ earned: earned(), completed: answers().completed }).toEqual({ earned: 0n, completed: 0 });
  });

  it.each(['', 'x', 'e30=', Buffer.from('null').toString('base64'), 'A'.repeat(7_000)])(
    'what is no payment (%#)',
    async (header) => {
      const response = await ask(header || ' ');
      expect(response.status).toBe(402);
      expect(earned()).toBe(0n);
    },
  );

  it('a payer without the money, and a nonce that was used elsewhere', async () => {
    const poor = stockBuyer(ledger.token, 10n);
    const response = await ask(await paymentFor(await ask(), poor.wallet));
    expect({ status: response.status, why: await errorOf(response) }).toMatchObject({
      status: 402,
      why: expect.stringMatching(/balance/),
    });
  });

  it('a payment for one agent does not buy another, nor the same one twice', async () => {
    const other = await serve('other');
    const payment = await pay();
    const response = await ask(payment, 'hello', other);
    expect(await errorOf(response)).toMatch(/another resource/);
    expect((await ask(payment)).status).toBe(200);
    expect(await errorOf(await ask(payment, 'hello', other))).toBe('E_PAYMENT_OPEN');
    expect(await errorOf(await ask(payment))).toBe('E_PAYMENT_DONE');
    expect(await errorOf(await ask(payment, 'something else'))).toBe('E_PAYMENT_OPEN');
    expect({ earned: earned(), completed: answers().completed }).toEqual({ earned: 3n, completed: 1 });
  });
});

describe('one payment sent many times', () => {
  it('at once, 50 times: it is settled once, and the work is done once', async () => {
    const payment = await pay();
    const asked = endpoint.requests.length;
    const all = await Promise.all(Array.from({ length: 50 }, () => ask(payment)));
    const statuses = all.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(49);
    expect({ earned: earned(), asked: endpoint.requests.length - asked }).toEqual({ earned: 3n, asked: 1 });
  });

  it('over all protocols at once', async () => {
    const payment = await pay();
    const chat = JSON.stringify({ model: 'guide', messages: [{ role: 'user', content: 'hi' }] });
    await Promise.all(
      Array.from({ length: 10 }, () => [
        ask(payment),
        post('rest/message:send', JSON.stringify(message('hi')), payment),
        post('/v1/chat/completions', chat, payment),
      ]).flat(),
    );
    expect(earned()).toBe(3n);
    expect(answers().completed).toBe(1);
  });

  it.each(['a2a', 'mcp'])('in a batch of calls by %s: one work at most', async (path) => {
    const call =
      path === 'a2a'
        ? { method: 'SendMessage', params: message('hi') }
        : { method: 'tools/call', params: { name: 'ask', arguments: { message: 'hi' } } };
    const body = JSON.stringify([1, 2, 3].map((id) => ({ jsonrpc: '2.0', id, ...call })));
    const asked = endpoint.requests.length;
    const response = await fetch(new URL(path, base), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'a2a-version': '1.0',
        'payment-signature': await pay(),
      },
      body,
    });
    await response.text();
    expect(endpoint.requests.length - asked).toBeLessThanOrEqual(1);
    expect(answers().completed).toBe(Number(earned() / 3n));
  });

  it('thirty payers at once: those that are served have paid, and those beyond the bound pay nothing', async () => {
    const buyers = Array.from({ length: 30 }, () => stockBuyer(ledger.token, 10n));
    for (const { address } of buyers) ledger.mint(ledger.token, address, 3n);
    const asked = await ask();
    const payments = await Promise.all(buyers.map(({ wallet }) => paymentFor(asked.clone(), wallet)));
    const all = await Promise.all(payments.map((payment) => ask(payment)));
    const done = all.filter(({ status }) => status === 200).length;
    expect(answers().completed).toBe(done);
    expect(earned()).toBe(BigInt(3 * all.filter(({ status }) => status !== 429).length));
    expect(done).toBeGreaterThanOrEqual(8);
  });

  it('with an id: the same request gets the same answer again, another one does not', async () => {
    const payment = await pay({ id: 'pay_0123456789abcdef' });
    const first = await (await ask(payment)).text();
    let again = await ask(payment);
    for (let i = 0; i < 200 && again.status === 409; i++) again = await ask(payment);
    expect(again.status).toBe(200);
    expect(await again.text()).toBe(first);
    expect(again.headers.get('payment-response')).toBeTruthy();
    expect(await errorOf(await ask(payment, 'something else'))).toBe('E_PAYMENT_OPEN');
    const second = await pay({ id: 'pay_0123456789abcdef' });
    expect(await errorOf(await ask(second))).toBe('E_PAYMENT_OPEN');
    expect({ earned: earned(), completed: answers().completed }).toEqual({ earned: 3n, completed: 1 });
  });
});

describe('what was paid for and not done', () => {
  it('is owed: the same payment asks again, at most three times in all', async () => {
    const broken = await serve('broken', 'failing');
    const payment = await pay({}, broken);
    const tries = [];
    for (let i = 0; i < 5; i++) {
      tries.push((await ask(payment, 'hello', broken)).status);
      await until(() => answers('broken').failed >= Math.min(i + 1, 3));
    }
    expect(tries).toEqual([200, 200, 200, 409, 409]);
    expect({ earned: earned(), failed: answers('broken').failed }).toEqual({ earned: 3n, failed: 3 });
  });

  it('is still owed if the agent had no place for it, however often: that is no try of its work', async () => {
    const busy = await serve('busy', 'silent', 'price: 3 TWIN\nlimits: { concurrent: 1 }\n');
    const chat = JSON.stringify({ model: 'busy', messages: [{ role: 'user', content: 'hi' }] });
    const asked = await post('/v1/chat/completions', chat, undefined, busy);
    const stop = new AbortController();
    const before = endpoint.requests.length;
    const first = fetch(new URL('/v1/chat/completions', busy), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'payment-signature': await paymentFor(asked, buyer.wallet),
      },
      body: chat,
      signal: stop.signal,
    }).catch(() => null);
    await until(() => earned() === 3n && endpoint.requests.length > before);
    // Tasks of A2A have a place of their own, and the model is taken by the other protocol.
    const payment = await pay({}, busy);
    for (let i = 0; i < 4; i++) {
      expect(await (await ask(payment, 'hello', busy)).text()).toContain('E_AGENT_BUSY');
      await until(() => answers('busy').failed === i + 1);
    }
    const begun = endpoint.requests.length;
    stop.abort();
    await first;
    await until(() => answers('busy').cancelled === 1);
    const later = ask(payment, 'hello', busy).catch(() => null);
    await until(() => endpoint.requests.length > begun);
    expect(earned()).toBe(6n);
    await node.services.agents.stopAgent('busy');
    await later;
  });

  it('stays owed over a crash of the seller between payment and answer', async () => {
    const silent = await serve('quiet', 'silent');
    const payment = await pay({}, silent);
    const lost = ask(payment, 'hello', silent).catch(() => null);
    await until(() => earned() === 3n && node.services.agents.show('quiet').load.tasks === 1);
    await node.close();
    await lost;
    await start();
    // The same agent, and its model answers now.
    await node.services.agents.stopAgent('quiet').catch(() => undefined);
    const again = await serve('quiet', 'echo');
    const at = new URL(again);
    const moved = await ask(payment, 'hello', at.href);
    // The gateway has another port after its restart: what was paid for is known by its nonce all the same.
    expect(JSON.stringify(await moved.json())).toContain('echo: hello');
    expect(earned()).toBe(3n);
    expect((await ask(payment, 'hello', at.href)).status).toBe(409);
  });

  it.each([
    ['before the transfer was sent', false],
    ['after it was sent', true],
  ])('is done after a crash in the middle of the settlement, %s', async (_, isSent) => {
    const { chain } = node.ports;
    const send = chain.sendTransfer.bind(chain);
    const reached = Promise.withResolvers<void>();
    chain.sendTransfer = async (transfer) => {
      if (isSent) await send(transfer);
      reached.resolve();
      return new Promise<never>(() => {});
    };
    const payment = await pay();
    const lost = ask(payment).catch(() => null);
    await reached.promise;
    // In progress: the second does not settle again, and does not wait.
    expect((await ask(payment)).status).toBe(409);
    await node.close();
    await lost;
    await start();
    await until(() => node.services.agents.list().agents[0]?.state === 'serving');
    base = node.services.agents.show('guide').urls.http!;
    const again = await ask(payment);
    expect(JSON.stringify(await again.json())).toContain('echo: hello');
    expect({ earned: earned(), completed: answers().completed }).toEqual({ earned: 3n, completed: 1 });
    expect((await ask(payment)).status).toBe(409);
  });

  it('an authorization that someone else sent first has paid all the same', async () => {
    const { chain } = node.ports;
    const send = chain.sendTransfer.bind(chain);
    chain.sendTransfer = async (transfer) => {
      await send(transfer);
      return send(transfer);
    };
    expect((await ask(await pay())).status).toBe(200);
    expect({ earned: earned(), completed: answers().completed }).toEqual({ earned: 3n, completed: 1 });
  });

  it('a seller that has no gas does not hold it against the payer, whose payment it takes later', async () => {
    const { chain } = node.ports;
    const send = chain.sendTransfer.bind(chain);
    const payment = await pay();
    chain.sendTransfer = async () => {
      throw new ChorusError('E_CHAIN_NO_GAS', 'the account cannot pay for gas');
    };
    for (let i = 0; i < 4; i++) expect((await ask(payment)).status).toBe(503);
    chain.sendTransfer = send;
    expect((await ask(payment)).status).toBe(200);
    expect({ earned: earned(), completed: answers().completed }).toEqual({ earned: 3n, completed: 1 });
  });

  it('a payer that takes its money away in time gets nothing, and after three times it is not tried', async () => {
    const { chain } = node.ports;
    const send = chain.sendTransfer.bind(chain);
    let sent = 0;
    chain.sendTransfer = async (transfer) => {
      sent++;
      ledger.mint(ledger.token, buyer.address, -1_000n);
      try {
        return await send(transfer);
      } finally {
        ledger.mint(ledger.token, buyer.address, 1_000n);
      }
    };
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await ask(await pay())).status);
    expect({ statuses, sent }).toEqual({ statuses: [402, 402, 402, 503, 503], sent: 3 });
    expect({ earned: earned(), completed: answers().completed }).toEqual({ earned: 0n, completed: 0 });
  });
});

describe('an agent that cannot work', () => {
  it('that is full does not take a payment', async () => {
    const slow = await serve('full', 'silent', 'price: 3 TWIN\nlimits: { concurrent: 1 }\n');
    const chat = JSON.stringify({ model: 'full', messages: [{ role: 'user', content: 'hi' }] });
    const stop = new AbortController();
    const asked = await post('/v1/chat/completions', chat, undefined, slow);
    const first = fetch(new URL('/v1/chat/completions', slow), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'payment-signature': await paymentFor(asked.clone(), buyer.wallet),
      },
      body: chat,
      signal: stop.signal,
    }).catch(() => null);
    await until(() => earned() === 3n);
    const second = await post('/v1/chat/completions', chat, await paymentFor(asked, buyer.wallet), slow);
    expect(second.status).toBe(429);
    expect(earned()).toBe(3n);
    stop.abort();
    await first;
  });

  it('whose price is in a token that the node does not know is not served, and the error says what is possible', async () => {
    const file = await chatFile(folder, endpoint.url, 'odd', { more: 'price: 3 DOGE\n' });
    await expect(node.services.agents.startAgent({ file })).rejects.toMatchObject({
      code: 'E_AGENT_PRICE',
      facts: { token: 'DOGE', possible: `TWIN (${ledger.token})` },
    });
    const fine = await chatFile(folder, endpoint.url, 'fine', { more: 'price: 0.5 TWIN\n' });
    await expect(node.services.agents.startAgent({ file: fine })).rejects.toMatchObject({
      code: 'E_AGENT_PRICE',
    });
  });
});
