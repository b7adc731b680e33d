// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @title ERC-8004 identity registry (draft of August 2026)
/// @notice A contributor node or an agent is an ERC-721 token: its owner speaks for it, its URI leads to its
/// registration file. Ids are counted from 0.
interface IIdentityRegistry is IERC721 {
    struct MetadataEntry {
        string metadataKey;
        bytes metadataValue;
    }

    event Registered(uint256 indexed agentId, string agentURI, address indexed owner);
    event URIUpdated(uint256 indexed agentId, string newURI, address indexed updatedBy);
    event MetadataSet(
        uint256 indexed agentId, string indexed indexedMetadataKey, string metadataKey, bytes metadataValue
    );

    /// @notice The caller neither owns the identity nor is approved for it.
    error NotAuthorized();
    /// @notice The key `agentWallet` is written by `setAgentWallet` alone.
    error ReservedKey();
    error InvalidWallet();
    error SignatureExpired();
    /// @notice More than five minutes ahead.
    error DeadlineTooFar();
    error InvalidSignature();

    /// @notice Register an identity for the caller, who is also its first wallet.
    function register() external returns (uint256 agentId);
    function register(string calldata agentURI) external returns (uint256 agentId);
    function register(string calldata agentURI, MetadataEntry[] calldata metadata) external returns (uint256 agentId);
    /// @notice Owner or operator alone, as everything below that changes an identity.
    function setAgentURI(uint256 agentId, string calldata newURI) external;
    function getMetadata(uint256 agentId, string calldata metadataKey) external view returns (bytes memory);
    function setMetadata(uint256 agentId, string calldata metadataKey, bytes calldata metadataValue) external;
    /// @notice Where the identity is paid, and what may act for it in tasks. Cleared when the identity changes hands.
    function getAgentWallet(uint256 agentId) external view returns (address);
    /// @notice Set the wallet, with its consent: `signature` by `newWallet` (ECDSA or ERC-1271) of
    /// `AgentWalletSet(uint256 agentId,address newWallet,address owner,uint256 deadline)`, EIP-712 domain
    /// `ERC8004IdentityRegistry`, version `1`.
    /// @param deadline at most five minutes ahead
    function setAgentWallet(uint256 agentId, address newWallet, uint256 deadline, bytes calldata signature) external;
    function unsetAgentWallet(uint256 agentId) external;
    /// @notice Whether `spender` owns the identity or is approved for it. Reverts where there is no such identity.
    function isAuthorizedOrOwner(address spender, uint256 agentId) external view returns (bool);
}
