import { ChorusError } from '@chorus/protocol';

const TIME = /^(\d{1,6})([smhd])$/;
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** A time such as `90m`, `12h` or `14d`, in seconds. @throws ChorusError `E_USAGE` */
export function secondsOf(option: string, text: string): number {
  const [, count, unit] = TIME.exec(text) ?? [];
  if (count !== undefined) return Number(count) * SECONDS[unit as keyof typeof SECONDS];
  throw new ChorusError('E_USAGE', `--${option} cannot be read`, {
    facts: { given: text.slice(0, 50) },
    hint: 'give a time such as 30s, 90m, 12h or 14d',
  });
}
