import { bigintAsText, type Explanation, plainLine } from '@chorus/protocol';
import type { AnyEvent } from './events.ts';

/** Severity of a line. */
export type Level = 'debug' | 'info' | 'warn' | 'error';

export interface LogMessage {
  level: Level;
  text: string;
}

export interface LogMessageOptions {
  /** Formats an amount in the token's smallest unit; `decimals` of the token, null if unknown. By default unchanged. */
  amount?: (amount: string, decimals: number | null) => string;
}

/** The same value after JSON: bigint has become a decimal string. */
export type Jsonified<T> = T extends bigint
  ? string
  : T extends (infer E)[]
    ? Jsonified<E>[]
    : T extends object
      ? { [K in keyof T]: Jsonified<T[K]> }
      : T;

/** An event as the node emits it, or as the event stream of the admin API carries it. */
export type Told<E> = E | Jsonified<E>;

/** What the host has to know of a kind of event. */
export interface EventKind<E extends AnyEvent> {
  /** The event as a sentence that needs no knowledge of the code. */
  message(event: Told<E>, options: LogMessageOptions): LogMessage;
  /** Lines with one key repeat each other: the log writes them once in ten minutes. By default each event is new. */
  repeats?(event: E): string;
  /** The stream of the admin API carries events with one key at most so often, but always those that end it. */
  sampled?: { milliseconds: number; key(event: E): string; ends(event: E): boolean };
}

/** Every kind of event of the host, or of one service. */
export type EventCatalogue<E extends AnyEvent> = {
  readonly [T in E['type']]: EventKind<Extract<E, { type: T }>>;
};

/** The catalogues of a node, merged: for code that handles all events alike. */
export type AnyCatalogue = Readonly<Record<string, EventKind<AnyEvent>>>;

/**
 * The catalogues of the host and of services as one.
 * @throws Error if two of them describe one kind of event: a fault of the program
 */
export function mergeCatalogues(...catalogues: readonly object[]): AnyCatalogue {
  const merged: Record<string, EventKind<AnyEvent>> = {};
  for (const [type, kind] of catalogues.flatMap((each) => Object.entries(each))) {
    if (merged[type]) throw new Error(`two services describe the event ${type}`);
    merged[type] = kind;
  }
  return merged;
}

/**
 * An event as a sentence. Takes events as the node emits them, and as the event stream of the admin API carries them;
 * a kind that the catalogue does not know becomes JSON, for debugging.
 */
export function messageOf(
  event: AnyEvent,
  catalogue: AnyCatalogue,
  options: LogMessageOptions = {},
): LogMessage {
  if (event.type === 'gap') {
    return { level: 'warn', text: 'Some events were missed: the node no longer remembers them.' };
  }
  const kind = Object.hasOwn(catalogue, event.type) ? catalogue[event.type] : undefined;
  const { level, text } = kind
    ? kind.message(event, options)
    : ({ level: 'debug', text: JSON.stringify(event, bigintAsText) } as const);
  return { level, text: plainLine(text) };
}

/** A line of level `info`. */
export const info = (text: string): LogMessage => ({ level: 'info', text });

export const debug = (text: string): LogMessage => ({ level: 'debug', text });

export const warn = (text: string): LogMessage => ({ level: 'warn', text });

/** What to do about a problem, as the end of a sentence. */
export const advice = ({ hint }: Pick<Explanation, 'hint'>) => (hint === null ? '' : ` - ${hint}`);

/** What went wrong, its code, and what to do next. */
export const because = (why: Explanation) => `${why.code}: ${why.message}${advice(why)}`;

/** A duration, for a log line. */
export function secondsText(value: number): string {
  if (value < 10) return `${value.toFixed(1)} s`;
  return value < 120 ? `${Math.round(value)} s` : `${(value / 60).toFixed(1)} min`;
}

/** A message without its numbers, which grow while nothing else changes. */
export const withoutNumbers = (message: string) => message.replace(/\d+/g, '#');
