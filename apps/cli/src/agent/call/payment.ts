import type { AgentClient } from '@chorus/a2a';
import type { PaidDocument } from '@chorus/admin-api';
import type { Ending, Paid, Purse, Send } from '@chorus/payments';
import { type AgentMessage, ChorusError, exactAmount, hasCode } from '@chorus/protocol';
import type { HomeOptions } from '../../environment/home.ts';
import type { OpenPayments } from '../open-payments.ts';
import { answerText } from '../view.ts';

export interface PaymentFlags extends HomeOptions {
  /** The most to pay for the call. */
  pay?: string;
  /** Pay without a question. */
  yes?: boolean;
}

/** What was paid for a call. */
export interface PaidCall {
  id: string;
  amount: string;
  symbol: string | null;
  decimals: number | null;
  /** The prepaid channel that paid; null: a transfer of its own. */
  channel: string | null;
}

type Card = AgentClient['card'];

/** Pays for a call if it must and may be paid. */
export interface CallPayment {
  /** Same again for the same question to the same agent, so that a call that was paid for is found. */
  messageId: string | undefined;
  through: (send: Send, card: Card) => Send;
  /**
   * Resolves when the end of the call is recorded.
   * @param isOwed the agent says that it has failed: what was paid for is still to come, and the payment stays good
   */
  close(isOwed: boolean): Promise<void>;
  paid(): PaidCall | null;
  /** The call was answered, or the agent did not take the payment. */
  isOver(): boolean;
}

interface Question {
  /** The address of the agent, as the user gave it. */
  at: string;
  message: AgentMessage;
  context: string | undefined;
  task: string | undefined;
}

/** Nothing is opened until a call is to be paid; without `--pay` only what is prepaid at a running node is spent. */
export async function callPayment(flags: PaymentFlags, question: Question): Promise<CallPayment> {
  if (flags.pay === undefined && !(await hasCredits(flags))) {
    return {
      messageId: undefined,
      through: refusing,
      close: async () => undefined,
      paid: () => null,
      isOver: () => true,
    };
  }
  const [{ checkOffer, intentOf, payingFetch }, { promisedTerms, receiptUrl }] = await Promise.all([
    import('@chorus/payments'),
    import('@chorus/a2a'),
  ]);
  const { at, message, context = null, task = null } = question;
  const intent = intentOf(at, message, [context, task]);
  const purse = new CallPurse(flags, flags.pay ?? null, at, intent);
  let done: () => Promise<void> = async () => undefined;
  return {
    messageId: `msg-${intent.slice(0, 32)}`,
    through: (send, card) => {
      const promised = promisedTerms(card);
      // An agent that is not of Chorus may say what it costs only when it is called.
      if (Array.isArray(promised)) purse.check = (required) => checkOffer(required, promised);
      const paying = payingFetch(send, purse, receiptUrl);
      done = paying.done;
      return flags.pay === undefined ? prepaidOnly(paying.send) : paying.send;
    },
    close: async (isOwed) => {
      try {
        await done();
      } finally {
        await purse.close(isOwed);
      }
    },
    paid: () => purse.paid,
    isOver: () => purse.isOver,
  };
}

class CallPurse implements Purse {
  readonly #flags: PaymentFlags;
  /** Null: only what is prepaid. */
  readonly #most: string | null;
  readonly #agent: string;
  readonly #intent: string;
  #opened: Promise<OpenPayments> | null = null;
  paid: PaidCall | null = null;
  isOver = false;
  /** How the call was answered: recorded when it is known what the answer says. */
  #answered: { id: string; ending: Ending } | null = null;
  /** Throws if more is asked for than the agent's card says. */
  check: (required: string) => void = () => undefined;

  constructor(flags: PaymentFlags, most: string | null, agent: string, intent: string) {
    this.#flags = flags;
    this.#most = most;
    this.#agent = agent;
    this.#intent = intent;
  }

  async resume(request: string): Promise<Paid | null> {
    const { payments } = await this.#open();
    const { payment } = await payments.resume({ intent: this.#intent, request });
    return payment && this.#note(payment);
  }

  async pay(required: string, request: string): Promise<Paid> {
    this.check(required);
    const { payments } = await this.#open();
    const order = { agent: this.#agent, intent: this.#intent, request, required, most: this.#most };
    try {
      return this.#note(await payments.pay({ ...order, approved: this.#flags.yes ?? false }));
    } catch (error) {
      if (!hasCode(error, 'E_PAYMENT_APPROVAL') || !(await agrees(error as ChorusError))) throw error;
      return this.#note(await payments.pay({ ...order, approved: true }));
    }
  }

  async ended(id: string, ending: Ending): Promise<boolean> {
    this.isOver = true;
    if (ending.state !== 'answered') return (await this.#open()).payments.end(id, ending);
    this.#answered = { id, ending };
    return false;
  }

  async close(isOwed: boolean): Promise<void> {
    const opened = await this.#opened;
    try {
      if (this.#answered && isOwed) this.isOver = false;
      else if (this.#answered) await opened?.payments.end(this.#answered.id, this.#answered.ending);
    } finally {
      await opened?.close();
    }
  }

  #note(paid: PaidDocument): Paid {
    const { id, header, nonce, symbol, decimals, amount, token, channel } = paid;
    this.isOver = false;
    this.paid = { id, amount, symbol, decimals, channel };
    return { id, header, nonce, amount: BigInt(amount), token: token as Paid['token'], channel };
  }

  #open(): Promise<OpenPayments> {
    this.#opened ??= import('../open-payments.ts').then(({ openPayments }) => openPayments(this.#flags));
    return this.#opened;
  }
}

/** Asks on the terminal; without one the answer is no. */
async function agrees({ facts }: ChorusError): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const { confirm } = await import('@clack/prompts');
  const price = String(facts.costs ?? 'more than agents.spend.approveAbove');
  const message = `The call costs ${answerText(price)}. Pay it?`;
  return (await confirm({ message, output: process.stderr, initialValue: false })) === true;
}

/** Without `--pay` a price is an answer, and not a bill. */
const refusing =
  (send: Send): Send =>
  async (url, init) => {
    const response = await send(url, init);
    if (response.status !== 402) return response;
    throw notAllowed(await priceIn(response));
  };

/** As {@link refusing}, when no channel pays. */
const prepaidOnly =
  (send: Send): Send =>
  async (url, init) => {
    try {
      return await send(url, init);
    } catch (error) {
      if (!hasCode(error, 'E_PAYMENT_REQUIRED')) throw error;
      const { price } = (error as ChorusError).facts;
      throw notAllowed(typeof price === 'string' ? price : undefined);
    }
  };

const notAllowed = (price: string | undefined): ChorusError =>
  new ChorusError('E_PAYMENT_REQUIRED', 'this agent is paid for each call', {
    facts: { price },
    hint: `${price === undefined ? 'say the most to pay with --pay' : `to pay it, call with --pay '${price}'`}; to prepay many calls: chorus credits open`,
  });

/** Whether a channel of this home is open, at a node that runs: then nothing has to be unlocked. */
async function hasCredits(flags: HomeOptions): Promise<boolean> {
  const { isNodeRunning, openPayments } = await import('../open-payments.ts');
  if (!(await isNodeRunning(flags))) return false;
  const { payments, close } = await openPayments(flags);
  try {
    return (await payments.credits.list()).credits.some(({ state }) => state === 'open');
  } catch {
    // A call that may cost nothing does not fail of it.
    return false;
  } finally {
    await close();
  }
}

/** The price in the agent's own words; undefined if it does not say. */
async function priceIn(response: Response): Promise<string | undefined> {
  try {
    const { resource } = JSON.parse((await response.text()).slice(0, 20_000)) as {
      resource?: { description?: unknown };
    };
    return /: ([\d.]+ [A-Za-z0-9]{1,42})$/.exec(String(resource?.description))?.[1];
  } catch {
    return undefined;
  }
}

/** That what was paid for is still to come. */
export const owedLine = ({ id }: PaidCall): string =>
  `the call was paid for (${id}) and not answered: repeat the command, and nothing is paid twice`;

/** What was paid, in a few words. */
export function paidLine({ id, amount, symbol, decimals, channel }: PaidCall): string {
  const sum = decimals === null ? `${amount} units` : exactAmount(amount, decimals);
  const how = channel === null ? '' : ' from your credits';
  return `paid ${sum}${symbol === null ? '' : ` ${symbol}`}${how} (${id}); chorus agent why shows the receipt`;
}
