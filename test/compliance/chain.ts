import { afterAll, beforeAll, describe } from 'vitest';
import { describeAgents } from './chain/agents.ts';
import { describeChannels } from './chain/channels.ts';
import { describeDisputes } from './chain/disputes.ts';
import { describeEvents } from './chain/events.ts';
import { describeFeedback } from './chain/feedback.ts';
import { type ChainWorld, Fixture } from './chain/fixture.ts';
import { describeGovernance } from './chain/governance.ts';
import { describeIdentities } from './chain/identities.ts';
import { describeJobs } from './chain/jobs.ts';
import { describeMoney } from './chain/money.ts';
import { describePayments } from './chain/payments.ts';
import { describeRecords } from './chain/records.ts';
import { describeRevenue } from './chain/revenue.ts';
import { describeRounds } from './chain/rounds.ts';
import { describeSettlement } from './chain/settlement.ts';
import { describeTasks } from './chain/tasks.ts';

export { type ChainWorld, vector } from './chain/fixture.ts';

export interface ChainSuiteOptions {
  /** Runs of the ledger property: random tasks from creation to the last withdrawal. */
  propertyRuns: number;
}

/**
 * The rules every implementation of the chain port keeps. The world accepts every proof: that a settlement is
 * checked by one is the subject of other tests.
 */
export function describeChain(
  name: string,
  open: () => Promise<ChainWorld>,
  options: ChainSuiteOptions,
): void {
  describe(`${name}: the chain port`, () => {
    let fixture: Fixture;
    beforeAll(async () => {
      fixture = await Fixture.open(await open());
    });
    afterAll(() => fixture?.world.close());
    const get = (): Fixture => fixture;
    describeIdentities(get);
    describeAgents(get);
    describeTasks(get);
    describeRounds(get);
    describeSettlement(get);
    describeDisputes(get);
    describeMoney(get, options.propertyRuns);
    describePayments(get);
    describeChannels(get);
    describeRevenue(get);
    describeFeedback(get);
    describeJobs(get);
    describeEvents(get);
    describeRecords(get);
    describeGovernance(get);
  });
}
