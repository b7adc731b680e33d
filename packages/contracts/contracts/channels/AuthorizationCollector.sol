// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IDepositCollector} from "../interfaces/IDepositCollector.sol";

/// @title Takes deposits that their payers have signed (EIP-3009)
/// @notice This contract has no owner and holds nothing between two calls. It serves one contract of channels, ours or the
/// published one, whose own collector takes only tokens with an extension of EIP-3009 that many, the network's among them,
/// do not have.
contract AuthorizationCollector is IDepositCollector {
    using SafeERC20 for IERC20;

    /// @notice The contract of channels that this one serves; x402 names it so.
    // solhint-disable-next-line immutable-vars-naming
    address public immutable x402BatchSettlement;

    error OnlyX402BatchSettlement();
    /// @notice There is no contract to serve.
    error InvalidX402BatchSettlementAddress();

    constructor(address channels) {
        if (channels.code.length == 0) revert InvalidX402BatchSettlementAddress();
        x402BatchSettlement = channels;
    }

    /// @inheritdoc IDepositCollector
    /// @dev `collectorData` is what x402's collector takes: `abi.encode(validAfter, validBefore, salt, signature)`, of
    /// `receiveWithAuthorization` to this contract with a nonce that names the channel, so that no one can send the
    /// deposit into another one.
    function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes calldata collectorData)
        external
    {
        if (msg.sender != x402BatchSettlement) revert OnlyX402BatchSettlement();
        (uint256 validAfter, uint256 validBefore, uint256 salt, bytes memory signature) =
            abi.decode(collectorData, (uint256, uint256, uint256, bytes));
        bytes32 nonce = keccak256(abi.encode(channelId, salt));
        (uint8 v, bytes32 r, bytes32 s) = _split(signature);
        IERC3009(token).receiveWithAuthorization(payer, address(this), amount, validAfter, validBefore, nonce, v, r, s);
        IERC20(token).safeTransfer(msg.sender, amount);
    }

    function _split(bytes memory signature) private pure returns (uint8 v, bytes32 r, bytes32 s) {
        if (signature.length != 65) revert ECDSA.ECDSAInvalidSignatureLength(signature.length);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
    }
}
