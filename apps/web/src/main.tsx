import { EXPLORER_PATH } from '@chorus/admin-api/words';
import { signal } from '@preact/signals';
import { render } from 'preact';
import { type Api, createApi } from './api/api.ts';
import { takeToken } from './api/token.ts';
import { AgentPage } from './pages/agent.tsx';
import { Agents } from './pages/agents.tsx';
import { ChatPage } from './pages/chat.tsx';
import { Home } from './pages/home.tsx';
import { JobPage } from './pages/job.tsx';
import { Log } from './pages/log.tsx';
import { Market } from './pages/market.tsx';
import { Money } from './pages/money.tsx';
import { NoToken } from './pages/no-token.tsx';
import { Peers } from './pages/peers.tsx';
import { ProposalPage } from './pages/proposal.tsx';
import { Round } from './pages/round.tsx';
import { Task } from './pages/task.tsx';
import { Tasks } from './pages/tasks.tsx';
import { Votes } from './pages/votes.tsx';
import { Shell, Title } from './parts/shell.tsx';
import { isOwners, type Route, readRoute } from './routes/routes.ts';
import { follow, followNetwork, readOnly } from './state/node.ts';

const token = readOnly ? null : takeToken({ location, history, storage: sessionStorage });
const route = signal<Route>(readRoute(location.hash));

addEventListener('hashchange', () => {
  // An address from `chorus open`, pasted into an open page.
  if (location.hash.startsWith('#token=')) location.reload();
  else route.value = readRoute(location.hash);
});

const PLACES: Partial<Record<Route['page'], string>> = {
  home: '',
  task: 'tasks',
  round: 'tasks',
  agent: 'agents',
  chat: 'agents',
  job: 'market',
  proposal: 'votes',
};

const placeOf = ({ page }: Route): string => (readOnly && page === 'home' ? 'tasks' : (PLACES[page] ?? page));

function Page({ api }: { api: Api }) {
  const { value } = route;
  // By its address: another task is another page, with its heading in focus.
  return (
    <Shell place={placeOf(value)}>
      <Content key={JSON.stringify(value)} api={api} route={value} />
    </Shell>
  );
}

function Content({ api, route }: { api: Api; route: Route }) {
  if (readOnly && isOwners(route.page)) return <Title>There is no such page</Title>;
  switch (route.page) {
    case 'home':
      return readOnly ? <Tasks api={api} /> : <Home />;
    case 'tasks':
      return <Tasks api={api} />;
    case 'task':
      return <Task api={api} id={route.task} />;
    case 'round':
      return <Round api={api} task={route.task} round={route.round} />;
    case 'agents':
      return <Agents api={api} />;
    case 'agent':
      return <AgentPage api={api} agent={route.agent} />;
    case 'chat':
      return <ChatPage api={api} own={route.own} agent={route.agent} />;
    case 'market':
      return <Market api={api} />;
    case 'job':
      return <JobPage api={api} id={route.job} />;
    case 'votes':
      return <Votes api={api} />;
    case 'proposal':
      return <ProposalPage api={api} number={route.proposal} />;
    case 'money':
      return <Money api={api} />;
    case 'peers':
      return <Peers api={api} />;
    case 'log':
      return <Log />;
    case 'unknown':
      return <Title>There is no such page</Title>;
  }
}

const page = document.getElementById('page')!;
page.replaceChildren();
if (readOnly) {
  const api = createApi({ token: null, base: EXPLORER_PATH });
  followNetwork(api);
  render(<Page api={api} />, page);
} else if (token === null) render(<NoToken />, page);
else {
  const api = createApi({ token });
  follow(api);
  render(<Page api={api} />, page);
}
