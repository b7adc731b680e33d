import type { AgentDocument } from '@chorus/admin-api';
import type { Api } from '../api/api.ts';
import { Conversation } from '../parts/conversation.tsx';
import { FailureNotice } from '../parts/notices.tsx';
import type { Takes } from '../parts/question-form.tsx';
import { Title } from '../parts/shell.tsx';
import { chatWith } from '../state/chat.ts';
import { useLoad } from '../state/load.ts';

/** An agent to talk to, of this node or of the network. */
interface Partner {
  /** Its number, or its address. */
  at: string;
  title: string;
  description: string;
  /** Of each question; null: nothing. */
  price: string | null;
  takes: Takes;
}

/** What an agent of the network takes is not known before it is asked. */
const ANYTHING: Takes = { files: true, pictures: true };

/** By the kind of an agent's model. */
const TAKES: Readonly<Record<'chat' | 'classifier' | 'text' | 'agent' | 'embedding', Takes>> = {
  chat: { files: true, pictures: false },
  classifier: ANYTHING,
  text: { files: false, pictures: false },
  agent: ANYTHING,
  embedding: { files: false, pictures: false },
};

/** Talk to an agent. */
export function ChatPage({ api, own, agent }: { api: Api; own: boolean; agent: string }) {
  const { data, failure } = useLoad(() => partnerOf(api, own, agent), `${own} ${agent}`);
  return (
    <>
      <Title>{own ? agent : `Agent ${agent}`}</Title>
      <FailureNotice failure={failure} />
      {data === 'unknown' && (
        <p>
          This node does not know such an agent to answer now. <a href="#/agents">All agents</a>
        </p>
      )}
      {data && data !== 'unknown' && (
        <>
          <p>
            <strong>{data.title}</strong>: {data.description}
          </p>
          <p class="quiet">
            {data.price === null
              ? 'It costs nothing.'
              : `Each question costs ${data.price}. You are asked before this node's wallet pays.`}{' '}
            What an agent says may be wrong.
          </p>
          <Conversation api={api} chat={chatWith(data.at)} price={data.price} takes={data.takes} />
        </>
      )}
    </>
  );
}

async function partnerOf(api: Api, own: boolean, name: string): Promise<Partner | 'unknown'> {
  if (own) {
    const found = (await api.agents()).agents.find((each) => each.name === name);
    const at = found?.state === 'serving' ? found.urls.libp2p : null;
    if (!found || at === null) return 'unknown';
    const takes = found.model ? TAKES[found.model.kind] : ANYTHING;
    return { ...shownOf(found), at, takes };
  }
  const found = (await api.findAgents('')).agents.find(({ agentId }) => agentId === name);
  if (!found) return 'unknown';
  return { ...shownOf(found), at: name, takes: ANYTHING };
}

const shownOf = ({
  title,
  description,
  price,
}: Pick<AgentDocument, 'title' | 'description'> & { price: { text: string } | null }) => ({
  title,
  description,
  price: price?.text ?? null,
});
