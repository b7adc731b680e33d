import type { ChannelConfig } from '@chorus/protocol';

/** A channel as it is kept: every field is text but the delay, a number. */
export const configText = (config: ChannelConfig): string => JSON.stringify(config);

/** Of a text that this node has written. */
export const configOfText = (text: string): ChannelConfig => JSON.parse(text) as ChannelConfig;
