import { id } from 'ethers';

/** Under this name the parameters know the tills of agents. */
export const AGENT_TILLS = id('AgentTills');

/** And under this one the contract of jobs. */
export const AGENTIC_COMMERCE = id('AgenticCommerce');
