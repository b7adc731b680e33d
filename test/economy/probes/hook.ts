/**
 * Loaded before everything else (`node --import`) in a run that counts coverage: contracts are compiled with probes, and
 * every development chain gets a proxy in front of it that traces each transaction and call. Nothing of the product or
 * of the tests knows of it.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { type Instrumented, MAGIC, SETTINGS, sha256, solc } from './instrument.ts';

const folder = process.env.CHORUS_PROBES!;
const instrumented = JSON.parse(fs.readFileSync(`${folder}/instrumented.json`, 'utf8')) as Instrumented;
const hits = `${folder}/hits-${process.pid}.txt`;
const seen = new Set<string>();
/** Calls repeat themselves: at most this number of one function with one outcome is traced. */
const ALIKE = 12;
const calls = new Map<string, number>();

const TRACER = `{s:{},step:function(log){if(log.op.toNumber()===0x52){var v=log.stack.peek(1).toString(16);if(v.length===32&&v.slice(0,16)==='${MAGIC}')this.s[v]=1}},fault:function(){},result:function(){return Object.keys(this.s)}}`;

compileWithProbes();
readArtifactsWithProbes();
startChainsBehindProxies();
syncBuiltinESMExports();

function compileWithProbes(): void {
  const compiler = solc();
  const compile = compiler.compile;
  const withProbes = (path: string, content: string): string =>
    instrumented.originals[path] === sha256(content) ? instrumented.sources[path]! : content;
  compiler.compile = (text: string, callbacks?: { import(path: string): { contents: string } }): string => {
    const input = JSON.parse(text);
    for (const [path, source] of Object.entries<{ content: string }>(input.sources)) {
      source.content = withProbes(path, source.content);
    }
    Object.assign(input.settings, SETTINGS);
    const output = JSON.parse(
      compile(JSON.stringify(input), {
        import: (path: string) => ({ contents: withProbes(path, callbacks!.import(path).contents) }),
      }),
    );
    output.errors = output.errors?.filter((e: { severity: string }) => e.severity === 'error');
    return JSON.stringify(output);
  };
}

function readArtifactsWithProbes(): void {
  const read = fs.readFileSync;
  fs.readFileSync = ((path: fs.PathOrFileDescriptor, ...rest: never[]) => {
    const name = /packages\/contracts\/artifacts\/(\w+\.json)$/.exec(String(path))?.[1];
    const copy = `${folder}/artifacts/${name}`;
    return read(name !== undefined && fs.existsSync(copy) ? copy : path, ...rest);
  }) as typeof fs.readFileSync;
}

function startChainsBehindProxies(): void {
  const spawn = childProcess.spawn;
  childProcess.spawn = ((command: string, args: string[], options: childProcess.SpawnOptions) => {
    const at = Array.isArray(args) && args.includes('--mnemonic') ? args.indexOf('--port') : -1;
    if (at < 0) return spawn(command, args, options);
    const front = Number(args[at + 1]);
    const back = 20_000 + ((front * 7 + process.pid * 13) % 12_000);
    const server = createServer((request, response) => void answer(back, request, response));
    server.listen(front, '127.0.0.1');
    server.unref();
    const changed = args.with(at + 1, String(back));
    // What runs the chain for us must not put a proxy of its own before it.
    const env = { ...process.env, NODE_OPTIONS: '' };
    const child = spawn(command, [...changed, '--disable-code-size-limit'], { ...options, env });
    child.on('exit', () => {
      server.close();
      server.closeAllConnections();
    });
    return child;
  }) as typeof childProcess.spawn;
}

interface Call {
  id: number;
  method: string;
  params: never[];
}

async function answer(port: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    let body = '';
    for await (const chunk of request) body += chunk;
    const parsed = JSON.parse(body) as Call | Call[];
    const asked = [parsed].flat();
    for (const call of asked) await traceCall(port, call);
    const answered = await post(port, body);
    const answers = [JSON.parse(answered)].flat() as { id: number; result?: unknown }[];
    for (const { id, result } of answers)
      await traceSent(
        port,
        asked.find((c) => c.id === id),
        result,
      );
    response.setHeader('content-type', 'application/json');
    response.end(answered);
  } catch {
    response.destroy();
  }
}

async function post(port: number, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body, headers })).text();
}

async function rpc(
  port: number,
  method: string,
  params: unknown[],
): Promise<{ result?: unknown; error?: unknown }> {
  return JSON.parse(await post(port, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })));
}

/** Before it is made: a read, at the block it is made at. */
async function traceCall(port: number, { method, params }: Call): Promise<void> {
  if (method !== 'eth_call' && method !== 'eth_estimateGas') return;
  const [transaction, block = 'latest'] = params as unknown as [
    { to?: string; data?: string; input?: string },
    string?,
  ];
  const selector = String(transaction.data ?? transaction.input).slice(0, 10);
  const { error } = (await rpc(port, method, params)) as { error?: { data?: string } };
  // An estimate that succeeds is followed by its transaction.
  if (method === 'eth_estimateGas' && error === undefined) return;
  const kind = `${selector} ${error === undefined ? '' : String(error.data).slice(0, 300)}`;
  const count = (calls.get(kind) ?? 0) + 1;
  calls.set(kind, count);
  if (count > ALIKE) return;
  note((await rpc(port, 'debug_traceCall', [transaction, block, { tracer: TRACER }])).result);
}

/** Transactions that are not in a block yet. */
const pending: { port: number; hash: string }[] = [];

async function traceSent(port: number, call: Call | undefined, result: unknown): Promise<void> {
  if (call && /^eth_send(Raw)?Transaction(Sync)?$/.test(call.method) && result) {
    const hash =
      typeof result === 'string' ? result : (result as { transactionHash: string }).transactionHash;
    pending.push({ port, hash });
  }
  // Tried again with every later request, until its block is there.
  for (const entry of pending.splice(0)) {
    if (entry.port !== port) pending.push(entry);
    else {
      const traced = await rpc(port, 'debug_traceTransaction', [entry.hash, { tracer: TRACER }]);
      if (traced.error === undefined) note(traced.result);
      else pending.push(entry);
    }
  }
}

function note(ids: unknown): void {
  if (!Array.isArray(ids)) return;
  const fresh = ids.filter((id) => !seen.has(id));
  for (const id of fresh) seen.add(id);
  if (fresh.length > 0) fs.appendFileSync(hits, `${fresh.join('\n')}\n`);
}
