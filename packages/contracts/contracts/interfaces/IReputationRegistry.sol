// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

/// @title ERC-8004 reputation registry (draft of August 2026)
/// @notice Anyone gives feedback on any identity but their own. What it is worth is for the reader to judge: a summary
/// is over the clients the reader names.
interface IReputationRegistry {
    /// @param feedbackIndex counted from 1 for each identity and client
    event NewFeedback(
        uint256 indexed agentId,
        address indexed clientAddress,
        uint64 feedbackIndex,
        int128 value,
        uint8 valueDecimals,
        string indexed indexedTag1,
        string tag1,
        string tag2,
        string endpoint,
        string feedbackURI,
        bytes32 feedbackHash
    );
    event FeedbackRevoked(uint256 indexed agentId, address indexed clientAddress, uint64 indexed feedbackIndex);
    event ResponseAppended(
        uint256 indexed agentId,
        address indexed clientAddress,
        uint64 feedbackIndex,
        address indexed responder,
        string responseURI,
        bytes32 responseHash
    );

    /// @notice The owner and operators of an identity give it no feedback.
    error SelfFeedback();
    /// @notice More than 18 decimals, or a value beyond 10^38.
    error ValueOutOfBounds();
    error NoSuchFeedback();
    error AlreadyRevoked();
    error EmptyURI();
    /// @notice A summary over everybody would say nothing: anyone can be many clients.
    error NoClients();

    function getIdentityRegistry() external view returns (address);
    /// @param value with `valueDecimals` decimals, at most 18; its magnitude at most 10^38
    function giveFeedback(
        uint256 agentId,
        int128 value,
        uint8 valueDecimals,
        string calldata tag1,
        string calldata tag2,
        string calldata endpoint,
        string calldata feedbackURI,
        bytes32 feedbackHash
    ) external;
    function revokeFeedback(uint256 agentId, uint64 feedbackIndex) external;
    function appendResponse(
        uint256 agentId,
        address clientAddress,
        uint64 feedbackIndex,
        string calldata responseURI,
        bytes32 responseHash
    ) external;
    function getLastIndex(uint256 agentId, address clientAddress) external view returns (uint64);
    function readFeedback(uint256 agentId, address clientAddress, uint64 feedbackIndex)
        external
        view
        returns (int128 value, uint8 valueDecimals, string memory tag1, string memory tag2, bool isRevoked);
    /// @notice The mean of what these clients gave and did not revoke, in the decimals most of it was given in
    /// (the fewest of those, in a tie). An empty tag matches all. Its cost grows with the feedback: call it off chain.
    function getSummary(
        uint256 agentId,
        address[] calldata clientAddresses,
        string calldata tag1,
        string calldata tag2
    ) external view returns (uint64 count, int128 summaryValue, uint8 summaryValueDecimals);
    /// @param clientAddresses empty: all
    function readAllFeedback(
        uint256 agentId,
        address[] calldata clientAddresses,
        string calldata tag1,
        string calldata tag2,
        bool includeRevoked
    )
        external
        view
        returns (
            address[] memory clients,
            uint64[] memory feedbackIndexes,
            int128[] memory values,
            uint8[] memory valueDecimals,
            string[] memory tag1s,
            string[] memory tag2s,
            bool[] memory revokedStatuses
        );
    /// @param clientAddress zero: all; then `feedbackIndex` is not read
    /// @param feedbackIndex zero: all of that client
    /// @param responders empty: all
    function getResponseCount(
        uint256 agentId,
        address clientAddress,
        uint64 feedbackIndex,
        address[] calldata responders
    ) external view returns (uint64 count);
    function getClients(uint256 agentId) external view returns (address[] memory);
}
