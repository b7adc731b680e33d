/** A server of tools for tests, on standard input and output. `TOOL_MODE` makes it misbehave. */
import { writeFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const mode = process.env.TOOL_MODE ?? '';
if (process.env.PID_FILE) writeFileSync(process.env.PID_FILE, String(process.pid));
if (mode === 'dies') {
  process.stderr.write('no licence found\n');
  process.exit(3);
}
if (mode === 'chatty') process.stdout.write('Starting server...\n');
if (mode === 'deaf') process.on('SIGTERM', () => {});

serveStdio(() => {
  const server = new McpServer({ name: 'tides', version: '1' });
  server.registerTool(
    'tide_at',
    { description: 'Height of the tide', inputSchema: z.object({ day: z.string() }) },
    async ({ day }) => {
      if (day === 'crash') process.exit(1);
      while (day === 'flood') await new Promise((done) => process.stdout.write('x'.repeat(1 << 20), done));
      if (day === 'hang') await new Promise(() => {});
      return { content: [{ type: 'text' as const, text: `1.2 m on ${day}` }] };
    },
  );
  server.registerTool('environment', { description: 'Names of all variables' }, async () => ({
    content: [{ type: 'text' as const, text: Object.keys(process.env).sort().join(' ') }],
  }));
  return server;
});
if (mode === 'deaf') setInterval(() => {}, 1_000);
