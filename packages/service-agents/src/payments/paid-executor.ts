import type { Cashier, Offer, PaidCall } from '@chorus/payments';
import { type AgentExecutor, ChorusError, hasCode } from '@chorus/protocol';

export interface Tariff {
  /** Its payee changes with the identity of the agent. */
  offer: () => Offer;
  cashier: Cashier;
  /** The request that is being answered: what it has paid. */
  call: () => PaidCall | undefined;
  /** Refuses before anything is paid; throws why. */
  admit(): void;
  /** Requests at once. */
  concurrent: number;
}

/**
 * An executor that is paid for each request, before its work: by whatever protocol a request comes, nothing is done for
 * one that has not paid. Failures of the agent leave the work owed; a caller that leaves has got what it paid for.
 */
export function paidExecutor(executor: AgentExecutor, tariff: Tariff): AgentExecutor {
  let running = 0;
  const { offer, cashier, concurrent } = tariff;
  const { complete, embed, infer, tensors } = executor;
  async function* work<E>(
    call: PaidCall | undefined,
    begin: () => AsyncIterable<E>,
    signal: AbortSignal,
  ): AsyncGenerator<E> {
    const end = (call ?? unpaid()).begin(offer().agent);
    running++;
    let ending: Parameters<typeof end>[0] = 'done';
    try {
      yield* begin();
    } catch (error) {
      // Others that were admitted at the same time may have the places.
      if (!signal.aborted) ending = hasCode(error, 'E_AGENT_BUSY') ? 'no place' : 'failed';
      throw error;
    } finally {
      running--;
      if (signal.aborted && isOurs(signal.reason)) ending = 'failed';
      end(ending);
    }
  }
  return {
    followsWishes: executor.followsWishes ?? false,
    callsTools: executor.callsTools ?? false,
    admit: async (waits) => {
      tariff.admit();
      if (!waits && running >= concurrent) {
        throw new ChorusError('E_AGENT_BUSY', 'the agent has too much to do', { hint: 'ask again later' });
      }
      await (tariff.call() ?? unpaid()).charge(cashier, offer());
    },
    // The call is the one that asks; its answer may be read outside of it.
    execute: (request, signal) => work(tariff.call(), () => executor.execute(request, signal), signal),
    ...(complete && {
      complete: (request, signal) => work(tariff.call(), () => complete(request, signal), signal),
    }),
    ...(embed && {
      embed: (request, signal) => work(tariff.call(), () => embed(request, signal), signal),
    }),
    ...(infer &&
      tensors && {
        tensors,
        infer: (request, signal) => work(tariff.call(), () => infer(request, signal), signal),
      }),
    close: () => executor.close(),
  };
}

/** The agent was stopped, or its time was over: the caller did not end it. */
const isOurs = (reason: unknown) => hasCode(reason, 'E_AGENT_CLOSED') || hasCode(reason, 'E_A2A_TIME');

function unpaid(): never {
  throw new ChorusError('E_PAYMENT_REQUIRED', 'this agent is paid for each call', {
    hint: 'call it over HTTP, and pay by x402',
  });
}
