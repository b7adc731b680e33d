// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

/// @title ERC-8004 validation registry (draft of August 2026)
/// @notice An identity asks a validator to judge its work; the validator answers from 0 to 100, as often as it likes.
/// A request's hash is its key and belongs to the account that uses it first, with any identity: put the chain, the
/// validator, the identity and a salt into it, and read a status together with its `agentId`.
interface IValidationRegistry {
    event ValidationRequest(
        address indexed validatorAddress, uint256 indexed agentId, string requestURI, bytes32 indexed requestHash
    );
    event ValidationResponse(
        address indexed validatorAddress,
        uint256 indexed agentId,
        bytes32 indexed requestHash,
        uint8 response,
        string responseURI,
        bytes32 responseHash,
        string tag
    );

    /// @notice The caller neither owns the identity nor is approved for it.
    error NotAuthorized();
    error InvalidValidator();
    error RequestExists();
    error UnknownRequest();
    error NotValidator();
    /// @notice More than 100.
    error ResponseOutOfBounds();

    function getIdentityRegistry() external view returns (address);
    function validationRequest(
        address validatorAddress,
        uint256 agentId,
        string calldata requestURI,
        bytes32 requestHash
    ) external;
    function validationResponse(
        bytes32 requestHash,
        uint8 response,
        string calldata responseURI,
        bytes32 responseHash,
        string calldata tag
    ) external;
    function getValidationStatus(bytes32 requestHash)
        external
        view
        returns (
            address validatorAddress,
            uint256 agentId,
            uint8 response,
            bytes32 responseHash,
            string memory tag,
            uint256 lastUpdate
        );
    /// @notice The mean of the last responses, rounded down.
    /// @param validatorAddresses empty: all, which anyone can be
    /// @param tag empty: all
    function getSummary(uint256 agentId, address[] calldata validatorAddresses, string calldata tag)
        external
        view
        returns (uint64 count, uint8 averageResponse);
    function getAgentValidations(uint256 agentId) external view returns (bytes32[] memory requestHashes);
    function getValidatorRequests(address validatorAddress) external view returns (bytes32[] memory requestHashes);
}
