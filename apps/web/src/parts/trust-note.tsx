import type { CheckedRound } from '../proof/check-round.ts';
import { Command } from './notices.tsx';

/** Chains of developers, where a reference string whose secret everyone knows is allowed. */
const DEVELOPMENT_CHAINS = [31_337, 1_337];

/** What a check in this browser shows, what it cannot show, and how to take nobody's word for it. */
export function TrustNote({
  task,
  round,
  found,
}: {
  task: string;
  round: number;
  found: CheckedRound | null;
}) {
  const records = found?.material.records;
  return (
    <>
      <h3>Computed here</h3>
      <p>
        Every check above, by a worker of this browser, from the records of the chain and the proof that the
        aggregator sent. The circuit's keys are a part of this page; the node gives no verdict, and none would
        be believed.
      </p>
      <h3>Taken from this node</h3>
      {records && <OneLine records={records} isWhole={found?.material.transaction != null} />}
      <p>The node serves this page too: who does not trust the node must not trust its page.</p>
      {records && DEVELOPMENT_CHAINS.includes(records.chainId) && (
        <p>
          This is a development chain. The secret behind its commitments is public, so that anyone could forge
          a proof here: it shows how a check works, and is worth as much as the chain's own coins.
        </p>
      )}
      <h3>To take nobody's word</h3>
      <p>
        The same checks by a program of your own, against an endpoint of the chain that you trust. It asks
        this node nothing:
      </p>
      <Command
        line={`chorus proof verify ${task} ${round} --rpc https://YOUR-ENDPOINT --contract ${records?.contract ?? 'ADDRESS'}`}
      />
    </>
  );
}

/** The one thing that this page cannot see for itself. */
function OneLine({ records, isWhole }: { records: CheckedRound['material']['records']; isWhole: boolean }) {
  const { settled, chainId, contract } = records;
  return (
    <>
      <p>
        That chain {chainId} has executed transaction <code>{settled.transaction}</code>, in block{' '}
        {settled.block}, by the contract <code>{contract}</code>: this page cannot ask the chain.
      </p>
      <p>
        {isWhole
          ? 'This page has computed that hash from the whole transaction, and read weights, shares and proof out of it; and the contract takes such a transaction only if the proof holds for commitments of its own. So an explorer of the chain in which this transaction is successful, and its contract the one you know, confirms them. The sums of money and who the trainers are stand in the events of the same transaction.'
          : 'The endpoint that the node uses does not give the whole transaction, so that its content is the word of the node as well.'}
      </p>
    </>
  );
}
