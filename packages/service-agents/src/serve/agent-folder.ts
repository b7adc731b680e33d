import { join } from 'node:path';

/** The folder of what an agent of a node keeps: its tasks, accepted tools, index of documents, notes. */
export const agentFolder = (dataDir: string, name: string): string => join(dataDir, 'agents', name);
