import { refusal } from '@chorus/chain';
import {
  type Address,
  type ChannelChain,
  type ChannelClaim,
  type ChannelConfig,
  type ChannelDeposit,
  ChorusError,
  type Hex,
} from '@chorus/protocol';
import { AbiCoder, keccak256, TypedDataEncoder, verifyTypedData, type Wallet } from 'ethers';
import { CHANNEL, VOUCHER } from '../typed-data.ts';
import { isOfReceiver } from './channels.ts';
import { MemoryJobChain } from './job-chain.ts';
import { lower, type MemoryLedger } from './ledger.ts';
import { noteTransfer, transferKey, transferState } from './transfers.ts';

/** Payment channels of a `MemoryLedger`, as one account sees them. */
export class MemoryChannelChain extends MemoryJobChain implements ChannelChain {
  readonly #wallet: Wallet;

  constructor(ledger: MemoryLedger, wallet: Wallet) {
    super(ledger, lower(wallet.address));
    this.#wallet = wallet;
  }

  async channelContracts() {
    const { hasChannels, channelContract: channels, depositCollector: collector } = this.ledger;
    return hasChannels ? { channels, collector } : null;
  }

  async channelId(config: ChannelConfig): Promise<Hex> {
    return this.#idOf(clean(config));
  }

  async channel(config: ChannelConfig) {
    return structuredClone(this.ledger.channels.state(this.#idOf(clean(config))));
  }

  async unsettled(receiver: Address, token: Address) {
    return this.ledger.channels.due(lower(receiver), lower(token));
  }

  async signVoucher(config: ChannelConfig, ceiling: bigint): Promise<Hex> {
    const message = { channelId: this.#idOf(clean(config)), maxClaimableAmount: ceiling };
    return (await this.#wallet.signTypedData(this.#domain(), VOUCHER, message)) as Hex;
  }

  async isVoucherOf(config: ChannelConfig, ceiling: bigint, signature: Hex): Promise<boolean> {
    return this.#isSigned(clean(config), ceiling, signature);
  }

  depositToChannel(given: ChannelConfig, deposit: ChannelDeposit) {
    const config = clean(given);
    const { amount, validBefore } = deposit;
    return this.ledger.transact(() => {
      const { ledger, account } = this;
      const action = 'deposit into a channel';
      const transfer = this.#transferOf(config, deposit);
      const balance = ledger.channels.deposit(this.#idOf(config), config, amount, () => {
        // The deposit is signed by the account that sends it.
        if (config.payer !== account) throw refusal('ERC3009InvalidSignature', action, {});
        if (BigInt(ledger.now()) >= validBefore) {
          throw refusal('ERC3009InvalidAuthorizationTime', action, { validAfter: 0n, validBefore });
        }
        if (ledger.transfers.has(transferKey(transfer))) {
          throw refusal('ERC3009UsedAuthorization', action, { authorizer: account, nonce: transfer.nonce });
        }
        ledger.money.transfer(config.token, account, ledger.channelContract, amount, action);
        return amount;
      });
      noteTransfer(ledger, transfer);
      return { balance };
    });
  }

  async depositState(config: ChannelConfig, deposit: ChannelDeposit) {
    return transferState(this.ledger, this.#transferOf(clean(config), deposit));
  }

  claimFromChannels(claims: readonly ChannelClaim[]) {
    return this.ledger.transact(() => {
      const { channels } = this.ledger;
      if (claims.length === 0) throw refusal('EmptyBatch', 'claim from channels');
      let claimed = 0n;
      for (const claim of claims) {
        const config = clean(claim.config);
        if (!isOfReceiver(this.account, config)) throw refusal('NotAuthorizedToClaim', 'claim from channels');
        const isSigned = this.#isSigned(config, claim.ceiling, claim.signature);
        claimed += channels.claim(this.#idOf(config), { ...claim, config }, isSigned);
      }
      for (const { config } of claims) channels.settle(lower(config.receiver), lower(config.token));
      return { claimed };
    });
  }

  startWithdrawal(given: ChannelConfig, amount: bigint) {
    const config = clean(given);
    return this.ledger.transact(() => ({
      availableAt: this.ledger.channels.startWithdrawal(
        this.#idOf(config),
        config,
        this.account,
        amount,
        this.ledger.now(),
      ),
    }));
  }

  finishWithdrawal(given: ChannelConfig) {
    const config = clean(given);
    return this.ledger.transact(() => ({
      amount: this.ledger.channels.finishWithdrawal(
        this.#idOf(config),
        config,
        this.account,
        this.ledger.now(),
      ),
    }));
  }

  refundChannel(given: ChannelConfig, amount: bigint) {
    const config = clean(given);
    return this.ledger.transact(() => {
      if (!isOfReceiver(this.account, config)) throw refusal('NotAuthorizedToRefund', 'refund a channel');
      return { amount: this.ledger.channels.refund(this.#idOf(config), config, amount) };
    });
  }

  #domain() {
    if (!this.ledger.hasChannels) throw new ChorusError('E_CHAIN_NO_CHANNELS', 'no payment channels');
    const { chainId, channelContract: verifyingContract } = this.ledger;
    return { name: 'x402 Batch Settlement', version: '1', chainId, verifyingContract };
  }

  #idOf(config: ChannelConfig): Hex {
    return TypedDataEncoder.hash(this.#domain(), CHANNEL, config) as Hex;
  }

  #isSigned(config: ChannelConfig, ceiling: bigint, signature: Hex): boolean {
    const signer = BigInt(config.payerAuthorizer) === 0n ? config.payer : config.payerAuthorizer;
    const message = { channelId: this.#idOf(config), maxClaimableAmount: ceiling };
    try {
      if (!/^0x[0-9a-f]{128}(1b|1c)$/.test(signature)) return false;
      return lower(verifyTypedData(this.#domain(), VOUCHER, message, signature)) === signer;
    } catch {
      return false;
    }
  }

  #transferOf(config: ChannelConfig, { amount, salt, validBefore }: ChannelDeposit) {
    const nonce = keccak256(
      AbiCoder.defaultAbiCoder().encode(['bytes32', 'uint256'], [this.#idOf(config), salt]),
    ) as Hex;
    const { token, payer: from } = config;
    return {
      token,
      from,
      to: this.ledger.depositCollector,
      value: amount,
      validAfter: 0n,
      validBefore,
      nonce,
    };
  }
}

/** Addresses in lower case, as the ledger has them. */
function clean(config: ChannelConfig): ChannelConfig {
  const { payer, payerAuthorizer, receiver, receiverAuthorizer, token } = config;
  return {
    ...config,
    payer: lower(payer),
    payerAuthorizer: lower(payerAuthorizer),
    receiver: lower(receiver),
    receiverAuthorizer: lower(receiverAuthorizer),
    token: lower(token),
  };
}
