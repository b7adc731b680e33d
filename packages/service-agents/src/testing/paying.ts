import { randomBytes } from 'node:crypto';
import { type Hex, TRANSFER_TYPES, toHex } from '@chorus/protocol';
import { ExactEvmScheme } from '@x402/evm';
import { wrapFetchWithPayment, x402Client } from '@x402/fetch';
import { Wallet } from 'ethers';

/** A buyer as strangers have one: the client of x402's own authors. */
export interface Buyer {
  address: Hex;
  wallet: Wallet;
  /** Pays what it is asked for, up to a sum. */
  fetch: typeof fetch;
}

/** @param most in the token's smallest unit */
export function stockBuyer(
  token: string,
  most: bigint,
  chainId = 31_337,
  privateKey = toHex(randomBytes(32)),
): Buyer {
  const wallet = new Wallet(privateKey);
  const network = `eip155:${chainId}` as const;
  const signer = {
    address: wallet.address as Hex,
    signTypedData: async ({ domain, types, message }: Parameters<ExactSigner['signTypedData']>[0]) => {
      const { EIP712Domain: _, ...own } = types as Record<string, { name: string; type: string }[]>;
      return (await wallet.signTypedData(domain, own, message)) as Hex;
    },
  };
  const client = x402Client.fromConfig({
    schemes: [{ network, client: new ExactEvmScheme(signer) }],
    spendControls: { allowedAssets: [{ network, asset: token, maxAmountPerPayment: most.toString() }] },
  });
  return {
    address: wallet.address.toLowerCase() as Hex,
    wallet,
    fetch: wrapFetchWithPayment(fetch, client) as typeof fetch,
  };
}

type ExactSigner = ConstructorParameters<typeof ExactEvmScheme>[0];

/** What a test may change of a payment before it is sent. */
export interface PaymentChange {
  value?: bigint;
  to?: string;
  token?: string;
  chainId?: number;
  validAfter?: bigint;
  validBefore?: bigint;
  nonce?: Hex;
  id?: string;
  resource?: string;
  /** Of the document alone: not what is signed. */
  accepted?: object;
}

interface Required {
  resource: { url: string };
  accepts: {
    asset: string;
    payTo: string;
    amount: string;
    network: string;
    extra: { name: string; version: string };
  }[];
}

/** The value of the header PAYMENT-SIGNATURE for an answer 402, or one that differs from what was asked. */
export async function paymentFor(
  asked: Response,
  wallet: Wallet,
  change: PaymentChange = {},
): Promise<string> {
  const required = JSON.parse(
    Buffer.from(asked.headers.get('payment-required')!, 'base64').toString(),
  ) as Required;
  const entry = required.accepts[0]!;
  const now = BigInt(Math.floor(Date.now() / 1000));
  const authorization = {
    from: wallet.address,
    to: change.to ?? entry.payTo,
    value: (change.value ?? BigInt(entry.amount)).toString(),
    validAfter: (change.validAfter ?? now - 600n).toString(),
    validBefore: (change.validBefore ?? now + 300n).toString(),
    nonce: change.nonce ?? toHex(randomBytes(32)),
  };
  const signature = await wallet.signTypedData(
    {
      ...{ name: entry.extra.name, version: entry.extra.version },
      chainId: change.chainId ?? Number(entry.network.split(':')[1]),
      verifyingContract: change.token ?? entry.asset,
    },
    TRANSFER_TYPES,
    authorization,
  );
  const document = {
    x402Version: 2,
    resource: { ...required.resource, ...(change.resource ? { url: change.resource } : {}) },
    accepted: { ...entry, ...change.accepted },
    payload: { signature, authorization },
    ...(change.id ? { extensions: { 'payment-identifier': { info: { id: change.id } } } } : {}),
  };
  return Buffer.from(JSON.stringify(document)).toString('base64');
}
