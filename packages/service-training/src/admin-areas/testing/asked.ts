import { ADDRESS } from '@chorus/node/testing';
import { digitsTerms } from '../../../../protocol/src/testing/terms.ts';

/** What the node adds from the model. */
const { model: _model, modelBytes: _bytes, dimension: _dimension, ...terms } = digitsTerms;

/** A task as it is asked for. */
export const asked = {
  model: 'bafymodel',
  terms,
  params: {
    token: ADDRESS,
    budget: '1000',
    rounds: 3,
    minTrainers: 1,
    maxTrainers: 3,
    minAggregators: 1,
    stake: '10',
    validators: [ADDRESS],
    minValidators: 1,
    aggregatorFeeBps: 300,
    validatorFeeBps: 200,
    joinSeconds: 30,
    commitSeconds: 30,
    referenceSeconds: 30,
    settleSeconds: 30,
    minReputation: 0,
    vestingRounds: 2,
    stagnationBps: 5000,
    minShareBps: 2500,
    slashReporterBps: 0,
    slashBurnBps: 10_000,
  },
};
