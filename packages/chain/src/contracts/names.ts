import { id } from 'ethers';

/** Under this name the parameters know the tills of agents. */
export const AGENT_TILLS = id('AgentTills');
