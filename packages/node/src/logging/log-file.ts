import { join } from 'node:path';
import { reasonOf } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import type { DestinationStream } from 'pino';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import type { LogConfig } from '../config/log-config.ts';

/** Pause before a file that could not be written is opened again. */
const AGAIN_MILLISECONDS = 30_000;

/** A log file bounded in size. */
export interface LogFile extends DestinationStream {
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

/**
 * Open `logs/node.log`. If it cannot be written, as on a full disk, one message goes to standard error, the lines of
 * that time are lost, and the file is opened again later.
 */
export async function openLogFile(dataDir: string, config: LogConfig): Promise<LogFile> {
  const folder = join(dataDir, 'logs');
  let failedAt = Number.NEGATIVE_INFINITY;
  let told = false;
  let stream: RotatingFileStream | null = null;
  const failed = (error: unknown) => {
    failedAt = performance.now();
    stream = null;
    if (told) return;
    told = true;
    process.stderr.write(`chorus: the log file in ${folder} cannot be written: ${reasonOf(error)}\n`);
  };
  const open = (): RotatingFileStream => {
    const opened = createStream('node.log', {
      path: folder,
      size: `${Math.max(1, Math.floor(config.maxBytes / 1024))}K`,
      maxFiles: config.maxFiles,
      compress: 'gzip',
      mode: 0o600,
      encoding: 'utf8',
    });
    opened.on('error', (error: Error) => {
      if (stream === opened) failed(error);
    });
    opened.on('warning', () => {});
    return opened;
  };
  try {
    await makeFolder(folder, 0o700);
    stream = open();
  } catch (error) {
    failed(error);
  }
  return {
    write(line) {
      if (!stream && performance.now() - failedAt > AGAIN_MILLISECONDS) stream = open();
      stream?.write(line);
    },
    close: () =>
      new Promise((resolve) => {
        const open = stream;
        if (!open) return resolve();
        open.once('error', () => resolve());
        open.end(() => resolve());
      }),
  };
}
