import { join } from 'node:path';
import {
  type A2aApp,
  a2aApp,
  buildCard,
  CITATIONS_EXTENSION,
  identityOfPeerId,
  peerUrl,
  signCard,
} from '@chorus/a2a';
import { cardFields, createExecutor } from '@chorus/agent';
import type { McpEndpoint } from '@chorus/mcp';
import type { AgentExecutor, AgentResources, Engine, EngineFacts } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import type { AgentsConfig } from '../config/agents-config.ts';
import type { LoadedAgent } from '../open/load-agent.ts';
import { agentFolder } from '../serve/agent-folder.ts';
import { pathOf } from '../serve/agent-path.ts';
import { type Observer, observedExecutor } from './observed-executor.ts';

/** Seconds that a task may take beyond the agent's own limit, which ends it with a better message. */
const GRACE_SECONDS = 10;

/** Path of MCP below an agent's base; all others are of A2A. */
const MCP_PATH = '/mcp';

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
  facts: EngineFacts;
  /** When it was opened, ms since 1970. */
  since: number;
  /** Does the agent's work; its requests are counted, whatever protocol they came by. Its owner closes it. */
  executor: AgentExecutor;
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
  observer: Observer;
}

/** One agent that others can call. */
export class ServedAgent {
  readonly agent: CallableAgent;
  readonly urls: AgentUrls;
  readonly #app: A2aApp;
  #mcp: Promise<McpEndpoint> | null = null;

  private constructor(agent: CallableAgent, urls: AgentUrls, app: A2aApp) {
    this.agent = agent;
    this.urls = urls;
    this.#app = app;
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
    const executor = observedExecutor(createExecutor({ definition, engine, resources }), options.observer);
    try {
      const path = pathOf(name);
      const urls = {
        http: gateway === null ? null : new URL(path, gateway).href,
        libp2p: peerUrl(identityOfPeerId(peerId).host, path),
      };
      const places = { ...(urls.http === null ? {} : { http: urls.http }), libp2p: { peerId, path } };
      const {
        defaultInputModes: inputModes,
        defaultOutputModes: outputModes,
        ...fields
      } = cardFields(definition, engine.facts);
      const card = await signCard(
        buildCard(
          {
            ...fields,
            inputModes,
            outputModes,
            extensions: definition.knowledge ? [CITATIONS_EXTENSION] : [],
          },
          places,
        ),
        options.keySeed,
      );
      const folder = agentFolder(options.dataDir, name);
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
      const { name: title, description, version } = definition;
      const { facts } = engine;
      const agent = { name, title, description, version, facts, since: Date.now(), executor };
      return new ServedAgent(agent, urls, app);
    } catch (error) {
      await executor.close();
      throw error;
    }
  }

  /**
   * Answer a request whose path begins at the agent's base.
   * @param peer proven by the connection; undefined for HTTP
   */
  async answer(request: Request, peer: string | undefined): Promise<Response> {
    if (new URL(request.url).pathname === MCP_PATH) {
      // Loaded with the first request.
      this.#mcp ??= import('@chorus/mcp').then(({ mcpEndpoint }) => mcpEndpoint(this.agent));
      const mcp = await this.#mcp;
      return mcp.fetch(request, peer === undefined ? 'anonymous' : `peer:${peer}`);
    }
    return this.#app.fetch(request, peer === undefined ? {} : { peer });
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
