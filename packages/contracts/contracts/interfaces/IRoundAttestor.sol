// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

/// @title What settled rounds say of an identity, written to the ERC-8004 registries
/// @notice The attestor is the validator of each trainer's validation request (one per task and identity, made by the
/// identity's owner with `requestHashOf`) and its client in the reputation registry.
interface IRoundAttestor {
    event RoundAttested(uint256 indexed taskId, uint256 indexed round, address indexed trainer, uint256 agentId, uint256 response);

    error NotRecorded();
    error AlreadyAttested();

    /// @notice keccak256(abi.encode(chainid, attestor, taskId, agentId)): the request a trainer opens for a task. Only
    /// the identity's owner can open it, since the attestor counts only requests of that identity.
    function requestHashOf(uint256 taskId, uint256 agentId) external view returns (bytes32);

    /// @notice Record a settled round for its trainers: for each, its history here, and a validation response from 0
    /// to 100 where it has opened a request: 100 for the round's largest share, others in proportion, 0 for none.
    /// Anyone may, once for each round, within 16 rounds.
    function attest(uint256 taskId, uint256 round) external;

    /// @notice After a task's end: one feedback on the trainer in the reputation registry, the mean response of its
    /// attested rounds. Anyone may, once for each task and trainer.
    function giveFeedback(uint256 taskId, address trainer) external;

    /// @notice max(0, rounds with a share - 10 * times slashed).
    function reputation(uint256 agentId) external view returns (uint256);

    function history(uint256 agentId) external view returns (uint256 rounds, uint256 rewarded);

    /// @notice The ERC-8004 registries that it reads and writes: how a client that knows a task contract finds them.
    function identities() external view returns (address);

    function reputations() external view returns (address);

    function validations() external view returns (address);
}
