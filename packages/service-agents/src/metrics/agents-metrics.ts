import { type Meter, setRows } from '@chorus/node';
import type { AgentsService } from '../service/agents-service.ts';

/** The metrics of agents: `chorus_agents`, `chorus_agents_open_tasks`, `chorus_agents_answers_total`, `chorus_agents_found`. */
export function agentsMetrics(meter: Meter, service: AgentsService): void {
  const agents = meter.gauge('agents', 'Agents of this node', ['state']);
  const open = meter.gauge('agents_open_tasks', 'Tasks of an agent that run or wait', ['agent']);
  const answers = meter.counter('agents_answers_total', 'Requests to an agent that have ended', [
    'agent',
    'outcome',
  ]);
  const found = meter.gauge('agents_found', 'Agents of the network that answer, as this node knows');
  meter.beforeRead(() => {
    found.set(service.found);
    const listed = service.list().agents;
    setRows(agents, listed, ({ state }) => [{ state }, 1]);
    setRows(open, listed, ({ name, load }) => [{ agent: name }, load.tasks]);
    setRows(answers, service.answers(), ({ agent, outcome, count }) => [{ agent, outcome }, count]);
  });
}
