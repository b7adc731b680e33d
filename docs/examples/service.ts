/** A service of a node: a guest book, with a configuration key, a table, an event, a metric and a route of its own. */
import type { AdminEnv, Components, HostConfig, Service, ServiceDefinition } from '@chorus/node';
import { info } from '@chorus/node';
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';

const section = z.strictObject({ longest: z.number().int().positive().default(80) }).prefault({});
type Config = HostConfig & { guests: z.infer<typeof section> };
type Signed = { type: 'guests.signed'; name: string };

class GuestBook implements Service {
  readonly #components: Components<Config>;

  constructor(components: Components<Config>) {
    this.#components = components;
    const signed = components.meter?.counter('guests_signed_total', 'Guests who signed since the start');
    components.onEvent((event) => event.type === 'guests.signed' && signed?.inc());
  }

  sign(name: string): void {
    const { config, store, emit } = this.#components;
    const written = name.slice(0, config.guests.longest);
    store.transact(() => store.db.prepare('INSERT INTO guests_names VALUES (?)').run(written));
    emit<Signed>({ type: 'guests.signed', name: written });
  }

  async status(): Promise<object> {
    return { guests: this.names().length };
  }

  names(): string[] {
    const rows = this.#components.store.db.prepare('SELECT name FROM guests_names').all();
    return rows.map(({ name }) => String(name));
  }
}

const list = createRoute({
  method: 'get',
  path: '/v1/guests',
  security: [{ token: [] }],
  responses: {
    200: { description: 'Names', content: { 'application/json': { schema: z.array(z.string()) } } },
  },
});

/** Add it to a node: `createNode({ config, services: { training: training(), guests: guests() } })`. */
export function guests(): ServiceDefinition<'guests', typeof section, GuestBook, Signed> {
  return {
    config: {
      name: 'guests',
      schema: section,
      descriptions: { guests: 'The guest book.', 'guests.longest': 'Longest name, in characters.' },
    },
    migrations: ['CREATE TABLE guests_names (name TEXT NOT NULL) STRICT'],
    events: { 'guests.signed': { message: ({ name }) => info(`${name} signed the guest book.`) } },
    create: (components: Components<Config>) => new GuestBook(components),
    admin: (running) => [new OpenAPIHono<AdminEnv>().openapi(list, (c) => c.json(running().names(), 200))],
  };
}
