import { join } from 'node:path';
import { formatUnits } from '@chorus/chain';
import { bigintAsText, counted, keepSecret, plainJson, withoutSecrets } from '@chorus/protocol';
import { type DestinationStream, type Logger, multistream, pino, stdTimeFunctions } from 'pino';
import type { LogConfig } from '../config/log-config.ts';
import { type AnyCatalogue, messageOf } from '../events/catalogue.ts';
import type { AnyEvent } from '../events/events.ts';
import type { LogFile } from './log-file.ts';
import { standardOutput } from './output.ts';
import { Repeats } from './repeats.ts';
import { SECRET_FIELDS } from './secret-fields.ts';

/** The log of a node, within its data folder. */
export const LOG_FILE = join('logs', 'node.log');

export interface LogOptions {
  config: LogConfig;
  dataDir: string;
  /** How each kind of event reads. */
  catalogue: AnyCatalogue;
  /** The visible output: standard output by default. */
  output?: NodeJS.WritableStream & { isTTY?: boolean };
  /** Texts that must never be written, in addition to the secrets this process knows (`keepSecret`). */
  secrets?: readonly string[];
}

/** A node's log: a line for each event, on the terminal and in a file bounded in size. */
export interface Log {
  logger: Logger;
  /** Writes an event as a sentence, together with the event itself. */
  sink: <E extends AnyEvent>(event: E) => void;
  /** Writes all buffered lines and closes the file. */
  close(): Promise<void>;
}

/**
 * Open the log of a node. A log file that cannot be written is reported once on standard error and then ignored: a
 * full disk must not stop the node from reporting it.
 */
export async function openLog({
  config,
  dataDir,
  catalogue,
  output = standardOutput(),
  secrets = [],
}: LogOptions): Promise<Log> {
  for (const secret of secrets) keepSecret(secret);
  const repeats = new Repeats(catalogue);
  const pretty = config.format === 'pretty' || (config.format === 'auto' && output.isTTY === true);
  const streams: { level: string; stream: DestinationStream }[] = [
    { level: config.level, stream: pretty ? await prettyStream(output) : output },
  ];
  const file = config.file && config.level !== 'silent' ? await fileOf(dataDir, config) : null;
  if (file) streams.push({ level: config.level, stream: file });
  const logger = pino(
    {
      level: config.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_FIELDS, censor: '[redacted]' },
      hooks: { streamWrite: (line) => plainJson(withoutSecrets(line)) },
    },
    multistream(streams as Parameters<typeof multistream>[0]),
  );
  return {
    logger,
    sink: (event) => {
      const held = repeats.seen(event);
      if (held !== null) writeEvent(logger, event, catalogue, held);
    },
    close: async () => await file?.close(),
  };
}

function writeEvent(logger: Logger, event: AnyEvent, catalogue: AnyCatalogue, held: number): void {
  const { level, text } = messageOf(event, catalogue, { amount: inTokens });
  if (!logger.isLevelEnabled(level)) return;
  const times = held > 0 ? ` (${counted(held, 'more time')} since this was last written)` : '';
  logger[level](JSON.parse(JSON.stringify({ event }, bigintAsText)), `${text}${times}`);
}

/** In tokens, to four decimals: enough for a line. */
const inTokens = (amount: string, decimals: number | null) =>
  decimals === null
    ? `${amount} of the token's smallest unit`
    : `${Number(formatUnits(amount, decimals)).toLocaleString('en', { maximumFractionDigits: 4 })} tokens`;

/** Readable lines: time, level and sentence. */
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

/** Loaded only if it is used. */
async function fileOf(dataDir: string, config: LogConfig): Promise<LogFile> {
  const { openLogFile } = await import('./log-file.ts');
  return openLogFile(dataDir, config);
}
