import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatUnits } from '@chorus/chain';
import { bigintAsText, plainJson } from '@chorus/protocol';
import { type DestinationStream, type Logger, multistream, pino, stdTimeFunctions } from 'pino';
import type { RotatingFileStream } from 'rotating-file-stream';
import type { EventSink, NodeEvent } from '../events.ts';
import type { LogConfig } from './log-config.ts';
import { Scrubber, SECRET_FIELDS } from './scrub.ts';
import { sentenceOf } from './sentences.ts';

/** The log of a node, within its data folder. */
export const LOG_FILE = join('logs', 'node.log');

export interface LogOptions {
  config: LogConfig;
  dataDir: string;
  /** Where people look: standard output by default. */
  output?: NodeJS.WritableStream & { isTTY?: boolean };
  /** Texts that must never be written: keys, passwords, tokens. More may be added later. */
  secrets?: readonly string[];
}

/** A node's log: a line for each event, on the terminal and in a file bounded in size. */
export interface Log {
  logger: Logger;
  /** Writes an event as a sentence, with the event itself beside it. */
  sink: EventSink;
  addSecret(secret: string): void;
  /** Writes what is still held back and closes the file. */
  close(): Promise<void>;
}

/**
 * Open the log of a node. A log file that cannot be written is told once on standard error and then left alone:
 * a full disk must not stop the node from saying so.
 */
export async function openLog({
  config,
  dataDir,
  output = process.stdout,
  secrets = [],
}: LogOptions): Promise<Log> {
  const scrubber = new Scrubber();
  for (const secret of secrets) scrubber.add(secret);
  const pretty = config.format === 'pretty' || (config.format === 'auto' && output.isTTY === true);
  const streams: { level: string; stream: DestinationStream }[] = [
    { level: config.level, stream: pretty ? await prettyStream(output) : output },
  ];
  const file = config.file && config.level !== 'silent' ? await logFile(dataDir, config) : null;
  if (file) streams.push({ level: config.level, stream: file });
  const logger = pino(
    {
      level: config.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_FIELDS, censor: '[redacted]' },
      hooks: { streamWrite: (line) => plainJson(scrubber.clean(line)) },
    },
    multistream(streams as Parameters<typeof multistream>[0]),
  );
  return {
    logger,
    sink: (event) => writeEvent(logger, event),
    addSecret: (secret) => scrubber.add(secret),
    close: async () => {
      if (file) await new Promise<void>((resolve) => file.end(() => resolve()));
    },
  };
}

function writeEvent(logger: Logger, event: NodeEvent): void {
  const { level, text } = sentenceOf(event, { amount: inTokens });
  if (!logger.isLevelEnabled(level)) return;
  logger[level](JSON.parse(JSON.stringify({ event }, bigintAsText)), text);
}

/** Tokens of this network have 18 decimals; four of them are enough for a line. */
const inTokens = (amount: string) =>
  `${Number(formatUnits(amount, 18)).toLocaleString('en', { maximumFractionDigits: 4 })} tokens`;

/** Lines for people: time, level and sentence. */
async function prettyStream(output: NodeJS.WritableStream): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  const isTerminal = 'hasColors' in output && (output as NodeJS.WriteStream).hasColors();
  return pretty({
    colorize: isTerminal && process.env.NO_COLOR === undefined,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'event',
    destination: output,
    sync: true,
  });
}

async function logFile(dataDir: string, config: LogConfig): Promise<RotatingFileStream> {
  const { createStream } = await import('rotating-file-stream');
  await mkdir(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  const file = createStream('node.log', {
    path: join(dataDir, 'logs'),
    size: `${Math.max(1, Math.floor(config.maxBytes / 1024))}K`,
    maxFiles: config.maxFiles,
    compress: 'gzip',
    mode: 0o600,
    encoding: 'utf8',
  });
  let told = false;
  file.on('error', (error: Error) => {
    if (told) return;
    told = true;
    process.stderr.write(`chorus: the log file cannot be written: ${error.message}\n`);
  });
  file.on('warning', () => {});
  return file;
}
