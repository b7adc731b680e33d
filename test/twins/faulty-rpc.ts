import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong with an endpoint; `pass` is nothing. */
export type RpcFault = 'pass' | '401' | '404' | '429' | '502' | 'html' | 'hang' | 'reset' | 'limited';

/** Seconds after which the endpoint takes requests again, as it says with 429. */
export const RETRY_AFTER = 2;

/** A JSON-RPC endpoint in front of another, which fails as a test asks it to. It takes requests on any path, as any user. */
export class FaultyRpc {
  fault: RpcFault = 'pass';
  /** Unix milliseconds of the requests that came since they were last forgotten. */
  times: number[] = [];
  readonly #target: string;
  readonly #server: Server;

  constructor(target: string) {
    this.#target = target;
    this.#server = createServer(async (request, response) => {
      this.times.push(Date.now());
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const address = `${request.headers.host}${request.url}`;
      await this.#answer(Buffer.concat(parts), address, response).catch(() => response.destroy());
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Faults tell the address they were asked at, as providers do: it is on its way into a log. */
  async #answer(body: Buffer, address: string, response: ServerResponse): Promise<void> {
    const json = { 'content-type': 'application/json' };
    switch (this.fault) {
      case '401':
        response.writeHead(401, json).end(JSON.stringify({ error: `invalid key at ${address}` }));
        return;
      case '404':
        response.writeHead(404).end(`nothing at ${address}`);
        return;
      case '429':
        response
          .writeHead(429, { ...json, 'retry-after': String(RETRY_AFTER) })
          .end(`{"error":"${address}"}`);
        return;
      case '502':
        response.writeHead(502).end(`<html>Bad Gateway at ${address}</html>`);
        return;
      case 'html':
        response.writeHead(200, { 'content-type': 'text/html' }).end(`<html>log in: ${address}</html>`);
        return;
      case 'hang':
        return;
      case 'reset':
        response.destroy();
        return;
    }
    if (this.fault === 'limited') {
      const { id } = JSON.parse(body.toString()) as { id: number };
      const error = { code: -32005, message: `daily request count exceeded for ${address}` };
      response.writeHead(200, json).end(JSON.stringify({ jsonrpc: '2.0', id, error }));
      return;
    }
    const answer = await fetch(this.#target, { method: 'POST', headers: json, body });
    response.writeHead(answer.status, json).end(Buffer.from(await answer.arrayBuffer()));
  }
}
