/** Parts of 2^16, of which the weights of a round's updates are. */
export const WEIGHT_ONE = 65_536;
/** Parts of 2^32, of which the shares of its reward are. */
export const SHARE_ONE = 4_294_967_296;

/** A duration in the two largest units that it has. */
export function durationText(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3_600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

/** How long before or after now a time is, in its largest unit. */
export function agoText(iso: string, now: number): string {
  const seconds = (now - Date.parse(iso)) / 1000;
  const distance = Math.abs(seconds);
  if (distance < 5) return 'now';
  const [size, unit] = UNITS.find(([size]) => distance >= size) ?? [1, 's'];
  const text = `${Math.floor(distance / size)} ${unit}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

const UNITS = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
] as const;

export const percentText = (part: number, of: number): string => `${((100 * part) / of).toFixed(1)} %`;

export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** An address or id, short enough for a table; the whole is its title. */
export const shortId = (id: string): string => (id.length <= 14 ? id : `${id.slice(0, 6)}…${id.slice(-6)}`);

/** A word for several or one. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
