import type { CallRules } from '@chorus/language-models';
import type {
  CheckJob,
  LanguageAnswer,
  LanguageJob,
  LanguageOpened,
  LanguageSetup,
} from '../jobs/language-messages.ts';
import { Check } from './check.ts';
import { likeliest } from './choose.ts';
import { Constraints } from './constraints.ts';
import { type DecoderSession, openSession } from './decoder-session.ts';
import { KeyValues } from './key-values.ts';
import { longestBeginning } from './longest-beginning.ts';
import { Prefixes } from './prefixes.ts';
import type { Reading } from './reading.ts';
import { Text } from './text.ts';

/**
 * Tokens of a prompt that are read in one run. Between two such runs the other texts are each given a token, so a long
 * prompt delays them by this many.
 */
const CHUNK = 64;

/** A text and its caller. */
interface Job {
  text: Reading;
  isStopped: () => boolean;
  done: PromiseWithResolvers<void>;
}

/** Descriptions decide the prompt alone. */
const rulesOf = ({ calls }: CheckJob['transcript']): CallRules | null =>
  calls ? { ...calls, tools: calls.tools.map((tool) => ({ ...tool, description: '' })) } : null;

/**
 * Writes several texts at once. Those that are being written share each run of the model (continuous batching, Yu et al.
 * 2022, "Orca"): they are in the slots from 0 on, without gaps. One more is being read, in the slot after them; the others
 * wait.
 */
export class LanguageWriter {
  readonly opened: LanguageOpened;
  readonly #session: DecoderSession;
  readonly #cache: KeyValues;
  readonly #prefixes: Prefixes;
  readonly #constraints: Constraints;
  readonly #slots: number;
  readonly #waiting: Job[] = [];
  readonly #writing: Job[] = [];
  #reading: Job | undefined;
  #isBusy = false;

  private constructor(session: DecoderSession, { task }: LanguageSetup) {
    const { context, config, tokenizer, identity } = session;
    this.#session = session;
    this.#slots = task.slots;
    this.#cache = new KeyValues(config, task.slots);
    this.#prefixes = new Prefixes(task.prefixBytes);
    this.#constraints = new Constraints(tokenizer);
    this.opened = { kind: 'language', context, converses: tokenizer.converses, identity };
  }

  /** @throws ChorusError as {@link openSession}; `E_AGENT_INPUT` if the schema of its answers cannot be kept */
  static async open(setup: LanguageSetup): Promise<LanguageWriter> {
    const session = await openSession(setup);
    const writer = new LanguageWriter(session, setup);
    writer.#constraints.begin(setup.task.schema ?? null, null);
    await writer.#tryOut();
    return writer;
  }

  /** Reads one token: what the runtime cannot compute is found out now, and not by the first caller. */
  async #tryOut(): Promise<void> {
    const { logits } = await this.#session.read([{ tokens: [0], place: 0 }], this.#cache.inputs(0, 1));
    likeliest(logits);
  }

  /**
   * Writes one text, with the others.
   *
   * @param isStopped asked before each run of the model
   * @throws ChorusError `E_AGENT_CONTEXT`, `E_AGENT_INPUT` before anything is emitted; `E_MODEL_VALUE`
   */
  async write(
    job: LanguageJob,
    isStopped: () => boolean,
    emit: (answer: LanguageAnswer) => void,
  ): Promise<void> {
    const { tokenizer, context } = this.#session;
    const text = new Text(job, tokenizer, context, this.#constraints.begin(job.schema, job.calls), emit);
    await this.#enter(text, isStopped);
  }

  /**
   * Reads a transcript, and compares it with what the model computes. Others write meanwhile.
   *
   * @param isStopped asked before each run of the model
   * @throws ChorusError `E_AGENT_CONTEXT`, `E_AGENT_TRANSCRIPT` before anything is emitted; `E_MODEL_VALUE`
   */
  async check(
    { transcript }: CheckJob,
    isStopped: () => boolean,
    emit: (answer: LanguageAnswer) => void,
  ): Promise<void> {
    const { tokenizer, context } = this.#session;
    const constraint = this.#constraints.begin(transcript.schema, rulesOf(transcript));
    await this.#enter(new Check(transcript, tokenizer, context, constraint, emit), isStopped);
  }

  async #enter(text: Reading, isStopped: () => boolean): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ text, isStopped, done });
    if (!this.#isBusy) void this.#work();
    await done.promise;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0 || this.#reading || this.#writing.length > 0) {
      try {
        this.#dropStopped();
        if (!this.#reading && this.#writing.length < this.#slots) this.#admit();
        if (this.#reading) await this.#readOn(this.#reading);
        if (this.#writing.length > 0) await this.#writeOn();
      } catch (error) {
        this.#failAll(error);
      }
      // The runtime computes in this thread: messages are heard in between.
      await new Promise(setImmediate);
    }
    this.#isBusy = false;
  }

  #dropStopped(): void {
    for (const job of this.#waiting.filter(({ isStopped }) => isStopped())) {
      this.#waiting.splice(this.#waiting.indexOf(job), 1);
      job.done.resolve();
    }
    const reading = this.#reading;
    if (reading?.isStopped()) {
      this.#keep(reading, this.#writing.length);
      this.#reading = undefined;
      reading.done.resolve();
    }
    for (const job of this.#writing.filter(({ isStopped }) => isStopped())) this.#leave(job);
  }

  /** Gives the next text a slot, with what it has in common with another text. */
  #admit(): void {
    const job = this.#waiting.shift();
    if (!job) return;
    this.#reading = job;
    const { text } = job;
    const slot = this.#writing.length;
    const others = this.#writing.map((other) => other.text);
    // What is scored is read in any case.
    const free = text.tokens.slice(0, text.scoresFrom + 1);
    const { length, parked, from } = longestBeginning(free, this.#prefixes, others);
    this.#fit(text.tokens.length);
    if (parked) this.#cache.unpark(parked, slot, length);
    else if (from !== null) this.#cache.copy(from, slot, length);
    text.read = length;
    text.copied = length;
  }

  /** Reads the next part of a prompt; after the last one the text is written with the others. */
  async #readOn(job: Job): Promise<void> {
    const { text } = job;
    const slot = this.#writing.length;
    const tokens = text.tokens.slice(text.read, text.read + CHUNK);
    const end = text.read + tokens.length;
    this.#fit(end);
    // The last one always: the runtime has to be asked for something.
    const first = Math.min(Math.max(text.scoresFrom, text.read), end - 1);
    const { logits, fresh } = await this.#session.read(
      [{ tokens, place: text.read }],
      this.#cache.inputs(slot, 1),
      Array.from({ length: end - first }, (_, i) => first - text.read + i),
    );
    this.#cache.write(slot, text.read, fresh, 0, tokens.length);
    text.read = end;
    const width = logits.length / (end - first);
    const scoresOf = (place: number) => logits.subarray((place - first) * width, (place - first + 1) * width);
    const scored = Math.max(first, text.scoresFrom);
    for (let place = scored; place < end && place + 1 < text.tokens.length; place++) {
      text.scored(place, scoresOf(place));
    }
    text.progress();
    if (end < text.tokens.length) return;
    this.#writing.push(job);
    this.#reading = undefined;
    this.#next(job, scoresOf(end - 1));
  }

  /** Gives each text one token. */
  async #writeOn(): Promise<void> {
    const jobs = [...this.#writing];
    const texts = jobs.map(({ text }) => ({ tokens: [text.tokens.at(-1)!], place: text.read }));
    this.#fit(Math.max(...texts.map(({ place }) => place)) + 1);
    const { logits, fresh } = await this.#session.read(texts, this.#cache.inputs(0, jobs.length));
    const width = logits.length / jobs.length;
    for (const [slot, { text }] of jobs.entries()) {
      this.#cache.write(slot, text.read, fresh, slot, 1);
      text.read++;
    }
    for (const [slot, job] of jobs.entries()) {
      this.#next(job, logits.subarray(slot * width, (slot + 1) * width));
    }
  }

  #next(job: Job, logits: Float32Array): void {
    try {
      if (job.text.write(logits)) this.#leave(job);
    } catch (error) {
      job.done.reject(error);
      this.#leave(job);
    }
  }

  /** Ends a text that is being written; the last one takes its slot, and the one that is being read moves up. */
  #leave(job: Job): void {
    const slot = this.#writing.indexOf(job);
    this.#keep(job, slot);
    const last = this.#writing.pop()!;
    if (last !== job) {
      this.#writing[slot] = last;
      this.#cache.copy(this.#writing.length, slot, last.text.read);
    }
    if (this.#reading)
      this.#cache.copy(this.#writing.length + 1, this.#writing.length, this.#reading.text.read);
    job.done.resolve();
  }

  #keep({ text }: Job, slot: number): void {
    const tokens = text.tokens.slice(0, text.read);
    const bytes = this.#cache.placeBytes * text.read;
    this.#prefixes.keep(tokens, () => this.#cache.park(slot, text.read), bytes);
  }

  #fit(places: number): void {
    const all = [...this.#writing, ...(this.#reading ? [this.#reading] : [])].map(({ text }) => text.read);
    this.#cache.fit(Math.max(places, ...all), all);
  }

  #failAll(error: unknown): void {
    const jobs = [
      ...this.#waiting.splice(0),
      ...this.#writing.splice(0),
      ...(this.#reading ? [this.#reading] : []),
    ];
    this.#reading = undefined;
    for (const { done } of jobs) done.reject(error);
  }
}
