import { basename } from 'node:path';

/** A server of tools, as the owner's agent file names it. */
export type McpServerAddress =
  | { kind: 'http'; url: string; key: string | null }
  | {
      kind: 'command';
      command: string;
      args: readonly string[];
      /** Variables besides those that every program gets. */
      env: Readonly<Record<string, string>>;
      /** Where the program is started. */
      folder: string;
    };

/** Name of a server in messages: without a path, a query or arguments, where secrets may be. */
export function labelOf(server: McpServerAddress): string {
  return server.kind === 'http' ? new URL(server.url).host : basename(server.command);
}
