import { Command } from 'commander';
import { EXIT_HELP } from './environment/exit.ts';
import { VERSION } from './environment/version.ts';

/**
 * Commands by purpose, each in a module that is loaded on use: a node that runs for weeks holds no prompts, tables
 * and backups in memory.
 */
const GROUPS: Record<string, Record<string, () => Promise<Command>>> = {
  'Try it:': {
    demo: async () => (await import('./commands/demo.ts')).demoCommand(),
    devnet: async () => (await import('./commands/devnet.ts')).devnetCommand(),
    simulate: async () => (await import('./commands/simulate.ts')).simulateCommand(),
    train: async () => (await import('./commands/train.ts')).trainCommand(),
  },
  'Run a node:': {
    init: async () => (await import('./commands/init.ts')).initCommand(),
    start: async () => (await import('./commands/start.ts')).startCommand(),
    stop: async () => (await import('./commands/stop.ts')).stopCommand(),
    open: async () => (await import('./commands/open.ts')).openCommand(),
    status: async () => (await import('./commands/status.ts')).statusCommand(),
    logs: async () => (await import('./commands/logs.ts')).logsCommand(),
    peers: async () => (await import('./commands/peers.ts')).peersCommand(),
    doctor: async () => (await import('./commands/doctor.ts')).doctorCommand(),
    chain: async () => (await import('./commands/chain.ts')).chainCommand(),
    service: async () => (await import('./commands/service.ts')).serviceCommand(),
  },
  'Agents:': {
    agent: async () => (await import('./commands/agent/agent.ts')).agentCommand(),
    credits: async () => (await import('./commands/credits/credits.ts')).creditsCommand(),
    till: async () => (await import('./commands/till.ts')).tillCommand(),
    units: async () => (await import('./commands/units.ts')).unitsCommand(),
    market: async () => (await import('./commands/market/market.ts')).marketCommand(),
  },
  'Tasks and rewards:': {
    earnings: async () => (await import('./commands/earnings.ts')).earningsCommand(),
    task: async () => (await import('./commands/task/task.ts')).taskCommand(),
    rewards: async () => (await import('./commands/rewards.ts')).rewardsCommand(),
    stake: async () => (await import('./commands/stake.ts')).stakeCommand(),
  },
  'The network:': {
    governance: async () => (await import('./commands/governance/governance.ts')).governanceCommand(),
  },
  'Settings and keys:': {
    config: async () => (await import('./commands/config.ts')).configCommand(),
    keys: async () => (await import('./commands/keys.ts')).keysCommand(),
    data: async () => (await import('./commands/data.ts')).dataCommand(),
    export: async () => (await import('./commands/backup.ts')).exportCommand(),
    import: async () => (await import('./commands/backup.ts')).importCommand(),
    completion: async () => (await import('./commands/completion.ts')).completionCommand(),
  },
  'Inspect rounds:': {
    proof: async () => (await import('./commands/proof.ts')).proofCommand(),
    why: async () => (await import('./commands/why.ts')).whyCommand(),
    model: async () => (await import('./commands/model.ts')).modelCommand(),
  },
};

/**
 * The whole command, not run yet.
 * @param only - the first word of the command line: the subcommands that it does not run are left out; all are there if no
 *   subcommand has that name
 */
export async function createProgram(only?: string): Promise<Command> {
  const program = new Command('chorus')
    .description('Train models together, prove contributions, get paid on chain.')
    .version(VERSION)
    .addHelpText('after', `\n${EXIT_HELP}`);
  const all = Object.entries(GROUPS).flatMap(([heading, commands]) =>
    Object.entries(commands).map(([name, load]) => ({ heading, name, load })),
  );
  const one = all.filter(({ name }) => name === only);
  const isVersion = only === '--version' || only === '-V';
  for (const { heading, load } of isVersion || one.length > 0 ? one : all) {
    program.addCommand((await load()).helpGroup(heading));
  }
  return program;
}
