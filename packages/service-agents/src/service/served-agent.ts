import { join } from 'node:path';
import {
  type A2aApp,
  type AgentDescription,
  type AgentPlaces,
  a2aApp,
  buildCard,
  CITATIONS_EXTENSION,
  identityOfPeerId,
  keysOfSeed,
  peerUrl,
  RECEIPT_EXTENSION,
  signCard,
} from '@chorus/a2a';
import { cardFields, createExecutor } from '@chorus/agent';
import { type AgentRegistry, identityExtension } from '@chorus/directory';
import { offersExtension } from '@chorus/market';
import type { McpEndpoint } from '@chorus/mcp';
import type { Offer } from '@chorus/payments';
import {
  type AgentExecutor,
  type AgentResources,
  type ChainPort,
  ChorusError,
  type Engine,
  type EngineFacts,
  type TillTerms,
} from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import type { AgentsConfig } from '../config/agents-config.ts';
import type { LoadedAgent } from '../open/load-agent.ts';
import type { PricedOffers } from '../payments/offers-of.ts';
import type { Amount } from '../payments/price.ts';
import type { Selling } from '../payments/selling.ts';
import { receiptedExecutor } from '../receipts/receipted-executor.ts';
import { TranscriptFolder } from '../receipts/transcript-folder.ts';
import { agentFolder } from '../serve/agent-folder.ts';
import { pathOf } from '../serve/agent-path.ts';
import { refusal } from '../serve/refusal.ts';
import { type Observer, observedExecutor } from './observed-executor.ts';

/** Seconds that a task may take beyond the agent's own limit, which ends it with a better message. */
const GRACE_SECONDS = 10;

/** Path of MCP below an agent's base; all others are of A2A. */
const MCP_PATH = '/mcp';

/** Transcripts of answers, by their digests, which only their callers know. */
const TRANSCRIPT_PATH = /^\/transcripts\/([0-9a-f]{64})$/;

/** Receipts of paid calls, by the nonce of their payment. */
const RECEIPT_PATH = /^\/receipts\/(0x[0-9a-f]{64})$/;

/** Where others reach an agent: the base of its card and of its operations. */
export interface AgentUrls {
  /** At the node's gateway; null if that is switched off. */
  http: string | null;
  /** On the node's libp2p streams: `libp2p://<peer id in base36>/agents/<name>/`. */
  libp2p: string;
}

/** An agent that answers, for protocols of which it knows nothing. */
export interface CallableAgent {
  /** In addresses. */
  name: string;
  title: string;
  description: string;
  version: string;
  /** As its card has them. */
  skills: readonly { id: string; description: string; tags: readonly string[] }[];
  facts: EngineFacts;
  /** When it was opened, ms since 1970. */
  since: number;
  /** Does the agent's work; its requests are counted, whatever protocol they came by. Its owner closes it. */
  executor: AgentExecutor;
  /** Of each request; null: nothing. */
  price: Amount | null;
  /** How what is paid is divided; null: all of it is the wallet's. */
  share: TillTerms | null;
  /** What it does for a price that is known before. */
  offers: PricedOffers;
}

export interface ServeOptions {
  name: string;
  loaded: LoadedAgent;
  engine: Engine;
  /** What it has besides its model; closed with it. */
  resources: AgentResources;
  config: AgentsConfig;
  /** The node's folder; what an agent keeps is below it. */
  dataDir: string;
  peerId: string;
  /** The node's key, which signs the card; 32 bytes. */
  keySeed: Uint8Array;
  /** Base URL of the gateway. */
  gateway: string | null;
  /** Its identity on chain, for its card; null if it has none. */
  identity: AgentIdentity | null;
  observer: Observer;
  /** Called with what goes wrong behind an answer that is given all the same. */
  onError: (error: unknown) => void;
  /** What a request costs, and how it is paid; null: nothing. */
  paid: { price: Amount; selling: Selling; chain: ChainPort } | null;
  /** Its standing offers, with exact prices. */
  offers: PricedOffers;
}

/** An agent's number in an identity registry. */
export interface AgentIdentity {
  registry: AgentRegistry;
  agentId: bigint;
}

/** What a card says of an agent besides its identity. */
interface CardText {
  description: AgentDescription;
  places: AgentPlaces;
}
/** One agent that others can call. */
export class ServedAgent {
  readonly agent: CallableAgent;
  /** Does its work for what is paid elsewhere, as in escrow; closed with the agent. */
  readonly unpaid: AgentExecutor;
  readonly urls: AgentUrls;
  /** Of the key that signs its card. */
  readonly did: string;
  readonly #app: A2aApp;
  readonly #sign: (identity: AgentIdentity | null) => Promise<Uint8Array>;
  #card: Uint8Array;
  readonly #selling: Selling | null;
  readonly #transcripts: TranscriptFolder | null;
  #mcp: Promise<McpEndpoint> | null = null;

  private constructor(parts: {
    agent: CallableAgent;
    unpaid: AgentExecutor;
    urls: AgentUrls;
    did: string;
    app: A2aApp;
    card: Uint8Array;
    selling: Selling | null;
    transcripts: TranscriptFolder | null;
    sign: (identity: AgentIdentity | null) => Promise<Uint8Array>;
  }) {
    this.agent = parts.agent;
    this.unpaid = parts.unpaid;
    this.urls = parts.urls;
    this.did = parts.did;
    this.#app = parts.app;
    this.#card = parts.card;
    this.#sign = parts.sign;
    this.#selling = parts.selling;
    this.#transcripts = parts.transcripts;
  }

  /**
   * Serve an agent with an opened model and resources; it closes them, also if it cannot be served.
   * @throws ChorusError `E_A2A_STORE`
   */
  static async open(options: ServeOptions): Promise<ServedAgent> {
    const { name, loaded, engine, resources, config, peerId, gateway } = options;
    const { limits } = loaded.definition;
    // Over all protocols together, MCP as well as A2A.
    const concurrent = Math.min(config.running, limits.concurrent);
    const definition = { ...loaded.definition, limits: { ...limits, concurrent } };
    const plain = createExecutor({ definition, engine, resources });
    let free = observedExecutor(plain, options.observer);
    try {
      const folder = agentFolder(options.dataDir, name);
      const { receipts } = definition;
      const transcripts = receipts ? await TranscriptFolder.open(join(folder, 'transcripts')) : null;
      if (transcripts) {
        const signer = keysOfSeed(options.keySeed);
        const { selling = null } = options.paid ?? {};
        free = receiptedExecutor(free, {
          agent: name,
          signer,
          transcripts,
          selling,
          onError: options.onError,
        });
      }
      const path = pathOf(name);
      const { host, did } = identityOfPeerId(peerId);
      const urls = {
        http: gateway === null ? null : new URL(path, gateway).href,
        libp2p: peerUrl(host, path),
      };
      const places = { ...(urls.http === null ? {} : { http: urls.http }), libp2p: { peerId, path } };
      const {
        defaultInputModes: inputModes,
        defaultOutputModes: outputModes,
        ...fields
      } = cardFields(definition, engine.facts);
      const { executor, priced } = await charging(free, urls, { ...options, concurrent });
      const sign = async (identity: AgentIdentity | null) => {
        const extensions = [
          ...(definition.knowledge ? [CITATIONS_EXTENSION] : []),
          ...(receipts ? [RECEIPT_EXTENSION] : []),
          ...(options.offers.offers.length > 0 ? [offersExtension(options.offers.offers)] : []),
          ...(await priced(identity)),
        ];
        const description = { ...fields, inputModes, outputModes, extensions };
        return signedCard({ description, places }, identity, options.keySeed);
      };
      const card = await sign(options.identity);
      await makeFolder(folder, 0o700);
      const app = a2aApp({
        card,
        executor,
        tasks: join(folder, 'tasks.sqlite'),
        limits: {
          maxRunning: concurrent,
          maxOpen: config.open,
          maxOpenPerCaller: config.openPerCaller,
          maxTaskSeconds: limits.seconds + GRACE_SECONDS,
          retentionSeconds: config.keepHours * 3_600,
        },
      });
      const { name: title, version } = definition;
      const { facts } = engine;
      const price = options.paid?.price ?? null;
      const selling = options.paid?.selling ?? null;
      const since = Date.now();
      const agent = {
        name,
        title,
        description: definition.description,
        version,
        skills: fields.skills,
        facts,
        since,
        executor,
        price,
        share: definition.share,
        offers: options.offers,
      };
      return new ServedAgent({ agent, unpaid: free, urls, did, app, card, selling, transcripts, sign });
    } catch (error) {
      await free.close();
      throw error;
    }
  }

  /**
   * Answer a request whose path begins at the agent's base.
   * @param peer proven by the connection; undefined for HTTP
   */
  async answer(request: Request, peer: string | undefined): Promise<Response> {
    const { pathname } = new URL(request.url);
    const nonce = this.#selling && request.method === 'GET' ? RECEIPT_PATH.exec(pathname)?.[1] : undefined;
    if (nonce) return this.#receipt(nonce);
    const hex =
      this.#transcripts && request.method === 'GET' ? TRANSCRIPT_PATH.exec(pathname)?.[1] : undefined;
    if (hex) return this.#transcript(hex);
    if (pathname === MCP_PATH) {
      // Loaded with the first request.
      this.#mcp ??= import('@chorus/mcp').then(({ mcpEndpoint }) => mcpEndpoint(this.agent));
      const mcp = await this.#mcp;
      return mcp.fetch(request, peer === undefined ? 'anonymous' : `peer:${peer}`);
    }
    return this.#app.fetch(request, peer === undefined ? {} : { peer });
  }

  /** The bytes of its card, as they are served. */
  get card(): Uint8Array {
    return this.#card;
  }

  /** Name its identity on chain in its card from now on; null: none. */
  async identify(identity: AgentIdentity | null): Promise<void> {
    this.#card = await this.#sign(identity);
    this.#app.updateCard(this.#card);
  }

  #receipt(nonce: string): Response {
    const receipts = this.#selling!.cashier.store.receipts(this.agent.name, nonce);
    if (receipts.length > 0) return Response.json({ receipts });
    return refusal(
      new ChorusError('E_PAYMENT_UNKNOWN', 'this agent has no receipt for such a payment', {
        hint: 'check the nonce of the payment',
      }),
    );
  }

  async #transcript(hex: string): Promise<Response> {
    const bytes = await this.#transcripts!.read(hex);
    if (bytes) return new Response(bytes, { headers: { 'content-type': 'application/json' } });
    return refusal(
      new ChorusError('E_AGENT_TRANSCRIPT', 'this agent has no such transcript, or not any more', {
        hint: 'check its digest in the receipt',
      }),
    );
  }

  load(): { tasks: number; streams: number } {
    return this.#app.load();
  }

  /** Ends tasks, calls and streams, then the model. */
  async close(): Promise<void> {
    try {
      await this.#app.close();
      await (await this.#mcp)?.close();
    } finally {
      await this.agent.executor.close();
    }
  }
}

function signedCard(
  { description, places }: CardText,
  identity: AgentIdentity | null,
  keySeed: Uint8Array,
): Promise<Uint8Array> {
  const own = identity ? [identityExtension(identity.registry, identity.agentId)] : [];
  const extensions = [...(description.extensions ?? []), ...own];
  return signCard(buildCard({ ...description, extensions }, places), keySeed);
}

/** The executor that is paid for each request, and what the card says of it; `priced` sets who is paid from now on. */
async function charging(
  executor: AgentExecutor,
  urls: AgentUrls,
  { paid, name, loaded, observer, concurrent, config }: ServeOptions & { concurrent: number },
) {
  if (!paid) return { executor, priced: async () => [] };
  const { price, selling, chain } = paid;
  const [{ offerOf, paymentExtension }, { paidExecutor }, { payeeOf }] = await Promise.all([
    import('../payments/offer-of.ts'),
    import('../payments/paid-executor.ts'),
    import('../payments/payee.ts'),
  ]);
  const { name: title, share } = loaded.definition;
  const offerFor = async (identity: AgentIdentity | null) => {
    const payTo = await payeeOf(share, identity?.agentId ?? null, chain);
    return offerOf({ name, title, url: urls.http ?? urls.libp2p }, price, payTo, chain, config.channels);
  };
  /** Of the latest `priced`, which comes before any request. */
  let offer: Offer;
  const { cashier, call } = selling;
  const admit = () => observer.admit();
  return {
    executor: paidExecutor(executor, { offer: () => offer, cashier, call, admit, concurrent }),
    priced: async (identity: AgentIdentity | null) => {
      offer = await offerFor(identity);
      return [paymentExtension(offer, price)];
    },
  };
}
