import type { AgentRegistry } from '@chorus/directory';
import { type Answer, type Ask, MAX_ANSWERS_PER_PEER, readAnswer } from '@chorus/market';
import { MAX_ANSWERS } from './limits.ts';

/** An answer as it came. */
export interface HeardAnswer {
  answer: Answer;
  bytes: Uint8Array;
}

/** An ask of this node while answers to it are taken. */
export class OpenAsk {
  readonly ask: Ask;
  readonly digest: Uint8Array;
  readonly #registry: AgentRegistry;
  readonly #heard = new Map<string, HeardAnswer>();
  readonly #peers = new Map<string, number>();

  constructor(registry: AgentRegistry, ask: Ask, digest: Uint8Array) {
    this.#registry = registry;
    this.ask = ask;
    this.digest = digest;
  }

  get heard(): HeardAnswer[] {
    return [...this.#heard.values()];
  }

  /**
   * Take an answer of a peer.
   * @returns whether it was taken: not one that is signed by another, is to another ask, or is one too many
   */
  take(bytes: Uint8Array, from: string): boolean {
    if (this.#heard.size >= MAX_ANSWERS) return false;
    let answer: Answer;
    try {
      answer = readAnswer(this.#registry, bytes);
    } catch {
      return false;
    }
    if (answer.peer !== from || !Buffer.from(answer.ask).equals(this.digest)) return false;
    if (answer.token !== this.ask.token || answer.expiresAt <= Date.now() / 1_000) return false;
    const key = `${from} ${answer.agentId} ${answer.offer}`;
    // The first price of an offer counts: it cannot be raised, and who asks has not to read it twice.
    if (this.#heard.has(key)) return false;
    const ofPeer = this.#peers.get(from) ?? 0;
    if (ofPeer >= MAX_ANSWERS_PER_PEER) return false;
    this.#peers.set(from, ofPeer + 1);
    this.#heard.set(key, { answer, bytes });
    return true;
  }
}
