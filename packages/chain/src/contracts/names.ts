import { id } from 'ethers';

/** Under this name the parameters know the tills of agents. */
export const AGENT_TILLS = id('AgentTills');

/** And under this one the contract of jobs. */
export const AGENTIC_COMMERCE = id('AgenticCommerce');

/** Under this one that which takes deposits into channels; it names the contract of channels. */
export const CHANNEL_DEPOSITS = id('ChannelDeposits');

/** Where x402 publishes the contract of channels, on every chain that has it. */
export const PUBLISHED_CHANNELS = '0x4020074e9df2ce1dee5a9c1b5c3f541d02a10003';
