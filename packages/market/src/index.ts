/**
 * Offers of agents, and how they are found, compared and ordered: messages, rules and the order of answers. No I/O: what
 * was read is passed in.
 *
 * @packageDocumentation
 */
export * from './asks/answer.ts';
export {
  type Ask,
  askTopic,
  digestOfAsk,
  MAX_ASK_SECONDS,
  MAX_ASK_TEXT,
  readAsk,
  signAsk,
} from './asks/ask.ts';
export * from './asks/exchange.ts';
export {
  MAX_OFFERS,
  OFFERS_EXTENSION,
  offersExtension,
  offersOfCard,
  type PublicOffer,
} from './offers/offer.ts';
export * from './orders/document.ts';
export * from './orders/refusal.ts';
export * from './ports/agents.ts';
export * from './ports/jobs.ts';
export * from './ranking/fit.ts';
export * from './ranking/rank.ts';
export * from './record/record.ts';
