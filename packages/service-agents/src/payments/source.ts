import type {
  EndPaymentRequest,
  PaidDocument,
  PaymentList,
  PaymentsQuery,
  PayRequest,
  ResumedPayment,
  ResumePaymentRequest,
} from '@chorus/admin-api';
import { SalesStore } from '@chorus/payments';
import type { ChainPort } from '@chorus/protocol';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import { paymentList } from './payment-list.ts';
import { Purchases } from './purchases.ts';

/** What was paid, both ways, and what is paid now. Methods throw ChorusError. */
export interface PaymentsSource {
  list(query: PaymentsQuery): Promise<PaymentList>;
  resume(request: ResumePaymentRequest): Promise<ResumedPayment>;
  pay(request: PayRequest): Promise<PaidDocument>;
  end(id: string, ending: EndPaymentRequest): Promise<void>;
}

/** The payments in a node's store. */
export function paymentsOf(
  config: AgentsNodeConfig,
  chain: ChainPort,
  store: ConstructorParameters<typeof SalesStore>[0],
): PaymentsSource {
  const sales = new SalesStore(store);
  const purchases = new Purchases(config.agents, chain, store);
  const { deployedAt } = config.chain;
  return {
    list: (query) => paymentList(query, { sales, purchases, chain, deployedAt }),
    resume: (request) => purchases.resume(request),
    pay: (request) => purchases.pay(request),
    end: (id, ending) => purchases.end(id, ending),
  };
}
