// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

/// @title Takes a deposit from its payer to the contract of channels
/// @notice The interface that x402 publishes for the scheme `batch-settlement`: how tokens are pulled is left to the
/// collector, and the contract of channels checks that they arrived.
interface IDepositCollector {
    /// @notice Move exactly `amount` of `token` from `payer` to the caller, which is the contract of channels.
    /// @param channelId the channel that the payer has consented to pay into
    /// @param collectorData what this collector needs, such as the payer's signature
    function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes calldata collectorData)
        external;
}
