import { ChorusError } from '@chorus/protocol';
import colors from 'yoctocolors';

const LEVELS = ['debug', 'info', 'warn', 'error'];

const COLOUR: Readonly<Record<string, (text: string) => string>> = {
  debug: colors.dim,
  info: colors.green,
  warn: colors.yellow,
  error: colors.red,
};

/** A line of the log file as text, or unchanged with `json`; null if it is below the requested level. */
export function logLine(line: string, options: { level?: string; json?: boolean }): string | null {
  const least = options.level === undefined ? 0 : LEVELS.indexOf(options.level);
  if (least < 0) {
    throw new ChorusError('E_USAGE', `--level takes ${LEVELS.join(', ')}`, {
      facts: { given: options.level?.slice(0, 20) },
    });
  }
  let entry: { level?: unknown; time?: unknown; msg?: unknown };
  try {
    entry = JSON.parse(line);
  } catch {
    // Cut off by a crash: better shown than lost.
    return line;
  }
  const level = String(entry.level);
  if (LEVELS.indexOf(level) < least) return null;
  if (options.json) return line;
  const at = typeof entry.time === 'string' ? new Date(entry.time) : null;
  const time = at && !Number.isNaN(at.getTime()) ? localTime(at) : ''.padEnd(19);
  return `${colors.dim(time)} ${(COLOUR[level] ?? String)(level.padEnd(5))} ${String(entry.msg ?? '')}`;
}

function localTime(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
