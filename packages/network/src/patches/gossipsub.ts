import type { GossipSub, Message, TopicValidatorResult } from '@libp2p/gossipsub';
import type { PeerId } from '@libp2p/interface';

/** Methods of gossipsub's class that its interface leaves out. */
export type ScoredGossip = GossipSub & {
  getScore(peer: string): number;
  getMeshPeers(topic: string): string[];
  readonly score: { rejectInvalidMessage(from: string, topic: string): void };
};

/** Decides on one message of a topic. */
export type Validator = (
  peer: PeerId,
  message: Message,
) => TopicValidatorResult | Promise<TopicValidatorResult>;

/**
 * Report the senders of messages with invalid signatures. Gossipsub drops such a message before any validator, without
 * an event; only its scoring learns of it.
 */
export function reportForgers({ score }: ScoredGossip, onForgery: (from: string) => void): void {
  const reject = score.rejectInvalidMessage.bind(score);
  score.rejectInvalidMessage = (from, topic) => {
    onForgery(from);
    reject(from, topic);
  };
}

/** The validators of a node's own topics, and `stranger` for every other topic. */
class TopicValidators extends Map<string, Validator> {
  readonly #stranger: Validator;

  constructor(stranger: Validator) {
    super();
    this.#stranger = stranger;
  }

  override get(topic: string): Validator {
    return super.get(topic) ?? this.#stranger;
  }
}

/**
 * Validate messages of topics that have no validator by `stranger`. Without one gossipsub caches and forwards messages of
 * topics that this node did not subscribe to. Call once, before the first message.
 */
export function validateOtherTopics(pubsub: GossipSub, stranger: Validator): void {
  pubsub.topicValidators = new TopicValidators(stranger);
}
