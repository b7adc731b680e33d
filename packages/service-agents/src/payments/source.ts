import type {
  AddCreditRequest,
  CreditDocument,
  CreditList,
  CreditsClaimed,
  EndPaymentRequest,
  OpenCreditRequest,
  PaidDocument,
  PaymentList,
  PaymentsQuery,
  PayRequest,
  ResumedPayment,
  ResumePaymentRequest,
} from '@chorus/admin-api';
import { type ChannelKeeper, SalesStore } from '@chorus/payments';
import type { ChainPort } from '@chorus/protocol';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import { NodeCredits } from './node-credits.ts';
import { paymentList } from './payment-list.ts';
import { Purchases } from './purchases.ts';

/** What was paid, both ways, and what is paid now. Methods throw ChorusError. */
export interface PaymentsSource {
  list(query: PaymentsQuery): Promise<PaymentList>;
  resume(request: ResumePaymentRequest): Promise<ResumedPayment>;
  pay(request: PayRequest): Promise<PaidDocument>;
  /** Whether another payment of the same call is to be tried. */
  end(id: string, ending: EndPaymentRequest): Promise<boolean>;
  readonly credits: CreditsSource;
}

/** Prepaid channels, both ways; channels are named by their id, or the beginning of it. Methods throw ChorusError. */
export interface CreditsSource {
  list(): Promise<CreditList>;
  open(request: OpenCreditRequest): Promise<CreditDocument>;
  add(id: string, request: AddCreditRequest): Promise<CreditDocument>;
  close(id: string): Promise<CreditDocument>;
  claim(): Promise<CreditsClaimed>;
}

/** The payments in a node's store. */
export function paymentsOf(
  config: AgentsNodeConfig,
  chain: ChainPort,
  store: ConstructorParameters<typeof SalesStore>[0],
  keeper: () => Promise<ChannelKeeper>,
): PaymentsSource {
  const sales = new SalesStore(store);
  const purchases = new Purchases(config.agents, chain, store);
  const { deployedAt } = config.chain;
  return {
    list: (query) => paymentList(query, { sales, purchases, chain, deployedAt }),
    resume: (request) => purchases.resume(request),
    pay: (request) => purchases.pay(request),
    end: (id, ending) => purchases.end(id, ending),
    credits: new NodeCredits(config.agents, chain, store, keeper),
  };
}
