import type { Address } from '@chorus/protocol';

/** An address as the ports have it: contracts and endpoints write it in either letter case. */
export const lower = (value: unknown): Address => String(value).toLowerCase() as Address;
