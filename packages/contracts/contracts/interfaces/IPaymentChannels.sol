// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

/// @title Payment channels: one deposit pays for any number of calls
/// @notice The interface that x402 publishes for the scheme `batch-settlement` on EVM chains, with its names, its events,
/// its errors and its typed data (EIP-712 domain `x402 Batch Settlement`, version 1).
/// A payer deposits into a channel, and signs vouchers for a receiver: each states the sum of everything that the receiver
/// may claim of this channel so far, so that a later voucher replaces all earlier ones and none can be claimed twice. The
/// receiver claims when it likes. What is not claimed goes back to the payer: by the receiver's refund at once, or by the
/// payer's own withdrawal after the delay of the channel, in which the receiver can still claim.
/// A voucher reserves nothing until it is claimed: a receiver that does not claim within the delay has lost it.
/// Amounts are in the token's smallest unit, times in unix seconds.
interface IPaymentChannels {
    /// @notice What a channel is. It is never changed: its hash is the channel's id.
    struct ChannelConfig {
        /// Who pays in, and gets back what is not claimed.
        address payer;
        /// The key that signs vouchers; zero: the payer itself, which may be a contract (ERC-1271).
        address payerAuthorizer;
        /// Who is paid.
        address receiver;
        /// Who may claim and refund, besides the receiver.
        address receiverAuthorizer;
        address token;
        /// From the start of a withdrawal to its end: 15 minutes to 30 days.
        uint40 withdrawDelay;
        /// Tells channels of the same parties apart.
        bytes32 salt;
    }

    /// @notice What a payer signs: at most `maxClaimableAmount` of all that was ever in the channel is the receiver's.
    struct Voucher {
        ChannelConfig channel;
        uint128 maxClaimableAmount;
    }

    /// @notice A voucher, and how much of it is claimed: the sum of all claims of the channel, not what is new.
    struct VoucherClaim {
        Voucher voucher;
        bytes signature;
        uint128 totalClaimed;
    }

    event ChannelCreated(bytes32 indexed channelId, ChannelConfig config);
    event ChannelClosed(bytes32 indexed channelId, ChannelConfig config);
    event Deposited(bytes32 indexed channelId, address indexed sender, uint128 amount, uint128 newBalance);
    event Claimed(bytes32 indexed channelId, address indexed sender, uint128 claimAmount, uint128 newTotalClaimed);
    event Settled(address indexed receiver, address indexed token, address indexed sender, uint128 amount);
    event Refunded(bytes32 indexed channelId, address indexed sender, uint128 amount);
    event WithdrawInitiated(bytes32 indexed channelId, uint128 amount, uint40 finalizeAfter);
    event WithdrawFinalized(bytes32 indexed channelId, address indexed sender, uint128 amount);

    /// @notice Payer, receiver, its authorizer or the token is zero; or the caller is not of the payer's side.
    error InvalidChannel();
    error ZeroDeposit();
    error DepositOverflow();
    error InvalidSignature();
    /// @notice The claims of one batch have several authorizers.
    error NotReceiverAuthorizer();
    error NotAuthorizedToClaim();
    error NotAuthorizedToRefund();
    /// @notice More is claimed than the payer has signed.
    error ClaimExceedsCeiling();
    /// @notice More is claimed than is in the channel.
    error ClaimExceedsBalance();
    error WithdrawalAlreadyPending();
    error WithdrawalNotPending();
    error NotAuthorizedToFinalizeWithdraw();
    error WithdrawDelayNotElapsed();
    error NothingToWithdraw();
    error WithdrawAmountExceedsAvailable();
    error WithdrawDelayOutOfRange();
    error EmptyBatch();
    /// @notice The collector did not deliver the exact amount.
    error DepositCollectionFailed();
    error InvalidCollector();
    error InvalidRefundNonce();
    error ZeroRefund();

    /// @notice Pay into a channel, which is open with its first deposit. Anyone may send it; the collector proves that
    /// the payer agrees.
    function deposit(ChannelConfig calldata config, uint128 amount, address collector, bytes calldata collectorData)
        external;

    /// @notice Book vouchers as claimed. A claim of no more than was claimed before changes nothing. The caller is the
    /// receiver or its authorizer, of every claim.
    function claim(VoucherClaim[] calldata voucherClaims) external;

    /// @notice Likewise, sent by anyone with the signature of the authorizer that all claims have.
    function claimWithSignature(VoucherClaim[] calldata voucherClaims, bytes calldata authorizerSignature) external;

    /// @notice Pay what was claimed to its receiver. Anyone may.
    function settle(address receiver, address token) external;

    /// @notice Start a withdrawal of what is not claimed. The caller is the payer or its authorizer.
    function initiateWithdraw(ChannelConfig calldata config, uint128 amount) external;

    /// @notice End it after the delay: the payer gets the amount, or what is left if that is less.
    function finalizeWithdraw(ChannelConfig calldata config) external;

    /// @notice Give back to the payer what is not claimed, at most `amount`. The caller is the receiver or its authorizer.
    function refund(ChannelConfig calldata config, uint128 amount) external;

    /// @notice Likewise, sent by anyone with the authorizer's signature.
    function refundWithSignature(
        ChannelConfig calldata config,
        uint128 amount,
        uint256 nonce,
        bytes calldata receiverAuthorizerSignature
    ) external;

    /// @notice What is in a channel and was ever claimed of it, and the sum of all that was claimed.
    function channels(bytes32 channelId) external view returns (uint128 balance, uint128 totalClaimed);

    /// @notice The nonce that the next signed refund of a channel must have: every refund raises it.
    function refundNonce(bytes32 channelId) external view returns (uint256);

    /// @return amount to be withdrawn
    /// @return initiatedAt 0 if no withdrawal is pending
    function pendingWithdrawals(bytes32 channelId) external view returns (uint128 amount, uint40 initiatedAt);

    /// @notice What a receiver was ever credited in a token, and what of it was paid out.
    function receivers(address receiver, address token)
        external
        view
        returns (uint128 totalClaimed, uint128 totalSettled);

    /// @return the EIP-712 hash of the channel: another chain, or another contract, gives another one
    function getChannelId(ChannelConfig calldata config) external view returns (bytes32);

    /// @return what the payer signs
    function getVoucherDigest(bytes32 channelId, uint128 maxClaimableAmount) external view returns (bytes32);

    /// @return what the receiver's authorizer signs for a refund
    function getRefundDigest(bytes32 channelId, uint256 nonce, uint128 amount) external view returns (bytes32);

    /// @return what the receiver's authorizer signs for a batch of claims
    function getClaimBatchDigest(VoucherClaim[] calldata voucherClaims) external view returns (bytes32);
}
