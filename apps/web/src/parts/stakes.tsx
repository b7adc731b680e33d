import type { StakePositionDocument, StakesDocument, StakeToken } from '@chorus/admin-api';
import type { Api } from '../api/api.ts';
import { agoText } from '../format/text.ts';
import { now } from '../state/node.ts';
import { Amount } from './amount.tsx';
import { Row } from './row.tsx';
import { Deposit, isDue, TakeOut } from './stake-forms.tsx';

/**
 * What this node's account has at stake, and the ways to change it.
 * @param onEnd called when a transaction was seen to its end
 */
export function Stakes({ api, of, onEnd }: { api: Api; of: StakesDocument; onEnd: () => void }) {
  return (
    <>
      {of.positions.map((position) => (
        <Position
          key={`${position.agentId} ${position.token}`}
          api={api}
          stakes={of}
          position={position}
          onEnd={onEnd}
          token={of.tokens.find(({ address }) => address === position.token)}
        />
      ))}
      {of.positions.length === 0 && <p class="quiet">Nothing is staked.</p>}
      {of.tokens.length === 0 ? (
        <p class="quiet">
          A node stakes by itself what the tasks that it joins ask for, within its limits. By hand: chorus
          stake deposit.
        </p>
      ) : (
        of.tokens.map((token) => (
          <div key={token.address} class="cards single">
            <div class="add">
              <Deposit {...{ api, token, onEnd }} stakes={of} />
            </div>
          </div>
        ))
      )}
    </>
  );
}

function Position({
  api,
  stakes,
  position,
  token,
  onEnd,
}: {
  api: Api;
  stakes: StakesDocument;
  position: StakePositionDocument;
  token: StakeToken | undefined;
  onEnd: () => void;
}) {
  const sum = (units: string) => (
    <Amount units={units} decimals={token?.decimals ?? null} token={position.token} />
  );
  const { own, agentId, staked, unbondable, locks, unbonding, slashes } = position;
  return (
    <div class="cards single">
      <div>
        <h3>
          Identity {agentId}
          {own && ', of this node'}
        </h3>
        <dl>
          <dt>Staked</dt>
          <dd>{sum(staked)}</dd>
          <dt>Can be taken out</dt>
          <dd>{sum(unbondable)}</dd>
          {locks.map(({ taskId, amount, ended }) => (
            <Row key={taskId} name={`Locked by task ${taskId}`}>
              {sum(amount)}
              {ended && ', which has ended'}
            </Row>
          ))}
          {unbonding.map((asked) => (
            <Row key={asked.ticket} name="Asked back">
              {sum(asked.amount)}, {isDue(asked) ? 'due' : `due ${agoText(asked.availableAt, now.value)}`}
            </Row>
          ))}
          {slashes.map(({ transaction, taskId, amount }) => (
            <Row key={transaction} name="Slashed">
              {sum(amount)}, by task {taskId}
            </Row>
          ))}
        </dl>
        {token && <TakeOut {...{ api, stakes, token, position, onEnd }} />}
      </div>
    </div>
  );
}
