// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

/// @title What settled rounds say of an identity, written to the ERC-8004 registries
/// @notice The attestor is the validator of each trainer's validation request (one per task and identity, made by the
/// identity's owner with `requestHashOf`) and its client in the reputation registry.
interface IRoundAttestor {
    event RoundAttested(uint256 indexed taskId, uint256 indexed round, address indexed trainer, uint256 agentId, uint256 response);

    error NotRecorded();
    error AlreadyAttested();
    error TaskNotEnded();
    /// @notice A settled round of this task that can still be attested has not been.
    error RoundNotAttested(uint256 round);
    /// @notice There is no request of this identity to this attestor under the salted hash.
    error NoRequest();
    /// @notice Too little gas to look at a request for certain.
    error NotEnoughGas();

    /// @notice The request that answers for this identity in this task: keccak256(abi.encode(chainid, attestor, taskId,
    /// agentId)), or the one chosen by `useRequest`. The attestor answers it only where this identity has opened it.
    function requestHashOf(uint256 taskId, uint256 agentId) external view returns (bytes32);

    /// @notice keccak256(abi.encode(chainid, attestor, taskId, agentId, salt)): for an identity whose request hash
    /// somebody else has used up in the registry (there, a hash belongs to the account that uses it first).
    function saltedRequestHash(uint256 taskId, uint256 agentId, bytes32 salt) external view returns (bytes32);

    /// @notice Have the request under the salted hash, which this identity has opened, answered from now on.
    /// Anyone may: only the identity can have opened it.
    function useRequest(uint256 taskId, uint256 agentId, bytes32 salt) external;

    /// @notice Record a settled round for its trainers: for each, its history here, and a validation response from 0
    /// to 100 where it has opened a request: 100 for the round's largest share, others in proportion, 0 for none.
    /// Anyone may, once for each round, within 16 rounds.
    function attest(uint256 taskId, uint256 round) external;

    /// @notice After a task's end: one feedback on the trainer in the reputation registry, the mean response of its
    /// attested rounds with 2 decimals. Anyone may, once for each task and trainer, after all rounds that can be are
    /// attested.
    function giveFeedback(uint256 taskId, address trainer) external;

    /// @notice max(0, rounds with a share - 10 * times slashed).
    function reputation(uint256 agentId) external view returns (uint256);

    function history(uint256 agentId) external view returns (uint256 rounds, uint256 rewarded);

    /// @notice The ERC-8004 registries that it reads and writes: how a client that knows a task contract finds them.
    function identities() external view returns (address);

    function reputations() external view returns (address);

    function validations() external view returns (address);
}
