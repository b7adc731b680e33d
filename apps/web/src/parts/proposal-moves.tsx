import type { GovernanceDocument, ProposalDocument, VoteRequest } from '@chorus/admin-api';
import { useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { now } from '../state/node.ts';
import { sumsIn } from './amount.tsx';
import { Command, Notice } from './notices.tsx';
import { usePrepared } from './prepared.tsx';
import type { Transfer } from './signing.tsx';
import { TextField } from './text-field.tsx';

interface MoveOptions {
  api: Api;
  proposal: ProposalDocument;
  governance: GovernanceDocument;
  /** Called when a transaction was seen to its end. */
  onEnd: () => void;
}

/** What the owner of this node can do with a proposal now: vote, or take it further. */
export function ProposalMoves({ api, proposal, governance, onEnd }: MoveOptions) {
  const { prepare, shown, isOpen } = usePrepared(onEnd);
  const { state, wallet, executableAt } = proposal;
  if (isOpen) return shown;
  if (state === 'active' && !wallet.voted) {
    return (
      <>
        <Ballot
          {...{ proposal }}
          onVote={(choice, reason) =>
            prepare(async () => voting({ api, proposal, governance }, choice, reason))
          }
        />
        {shown}
      </>
    );
  }
  const isDue = executableAt !== null && Date.parse(executableAt) <= now.value;
  const step = state === 'succeeded' ? 'queue' : state === 'queued' && isDue ? 'execute' : null;
  if (step === null) return null;
  return (
    <>
      <button type="button" onClick={() => prepare(async () => furthering(api, proposal, step))}>
        {STEPS[step].action} ...
      </button>
      {shown}
    </>
  );
}

const CHOICES = ['for', 'against', 'abstain'] as const;

function Ballot({
  proposal: { wallet, unclear, number },
  onVote,
}: {
  proposal: ProposalDocument;
  onVote: (choice: VoteRequest['choice'], reason: string) => void;
}) {
  const [reason, setReason] = useState('');
  if (wallet.weight === '0') {
    return <p class="quiet">This wallet had no votes when the vote began: it cannot vote on this one.</p>;
  }
  if (unclear) {
    return (
      <Notice message="It holds a call that cannot be put in words: this page takes no vote on it.">
        <p>Who knows what the call does votes by:</p>
        <Command line={`chorus governance vote ${number} against`} />
      </Notice>
    );
  }
  return (
    <div class="fields">
      <TextField
        name="Your reason, if you like; everyone can read it"
        most={280}
        value={reason}
        onChange={setReason}
      />
      <div class="choice">
        {CHOICES.map((choice) => (
          <button
            key={choice}
            type="button"
            class={choice === 'abstain' ? 'plain' : ''}
            onClick={() => onVote(choice, reason.trim())}
          >
            {VOTES[choice]} ...
          </button>
        ))}
      </div>
    </div>
  );
}

const VOTES = { for: 'Vote for it', against: 'Vote against it', abstain: 'Abstain' } as const;

function voting(
  { api, proposal, governance }: Omit<MoveOptions, 'onEnd'>,
  choice: VoteRequest['choice'],
  reason: string,
): Transfer {
  const { id, number, title, wallet } = proposal;
  return {
    title: `${VOTES[choice]}?`,
    rows: [
      ['Proposal', `${number}: ${title}`],
      ['With', sumsIn(governance)(wallet.weight ?? '0')],
      ...(reason === '' ? [] : ([['Reason', reason]] as const)),
      ['What stays', 'a vote cannot be changed'],
      ['Costs', 'the gas of one transaction'],
    ],
    action: VOTES[choice],
    send: async () => `Voted, by transaction ${(await api.vote(id, { choice, reason })).transaction}.`,
  };
}

const STEPS = {
  queue: { action: 'Start its delay', says: 'then anyone can have it carried out' },
  execute: { action: 'Carry it out', says: 'what it does is in force at once' },
} as const;

function furthering(api: Api, { id, number, title }: ProposalDocument, step: keyof typeof STEPS): Transfer {
  const { action, says } = STEPS[step];
  return {
    title: `${action}?`,
    rows: [
      ['Proposal', `${number}: ${title}`],
      ['What comes of it', says],
      ['Costs', 'the gas of one transaction'],
    ],
    action,
    send: async () => {
      const { before, transaction } = await api.takeFurther(id, step);
      return before ? 'It was done before: nothing was sent.' : `Done, by transaction ${transaction}.`;
    },
  };
}
