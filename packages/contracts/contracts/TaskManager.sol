// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IIdentityRegistry} from "./interfaces/IIdentityRegistry.sol";
import {IParameters} from "./interfaces/IParameters.sol";
import {IStakeManager} from "./interfaces/IStakeManager.sol";
import {ITaskManager} from "./interfaces/ITaskManager.sol";
import {G1Point} from "./libraries/Bn254.sol";
import {TaskClaims} from "./tasks/TaskClaims.sol";
import {TaskCreation} from "./tasks/TaskCreation.sol";
import {TaskDisputes} from "./tasks/TaskDisputes.sol";
import {TaskRounds} from "./tasks/TaskRounds.sol";
import {TaskSettlement} from "./tasks/TaskSettlement.sol";
import {Contracts} from "./tasks/TaskTypes.sol";
import {TaskViews} from "./tasks/TaskViews.sol";

/// @title Tasks, their rounds and the money behind them
/// @notice This contract has no owner and nothing in it can be changed or stopped.
/// @dev The doors alone: the work is done by linked libraries on this contract's storage. Every door that writes is
/// closed while another is open, and what moves tokens does so last.
contract TaskManager is TaskViews, EIP712, ReentrancyGuardTransient {
    IParameters private immutable _parameters;
    IStakeManager private immutable _stakes;
    IIdentityRegistry private immutable _identities;

    constructor(IParameters parameters_, IStakeManager stakes_, IIdentityRegistry identities_) EIP712("Chorus", "1") {
        if (address(parameters_).code.length == 0) revert ParameterOutOfBounds("parameters");
        if (address(stakes_).code.length == 0) revert ParameterOutOfBounds("stakes");
        if (address(identities_).code.length == 0) revert ParameterOutOfBounds("identities");
        _parameters = parameters_;
        _stakes = stakes_;
        _identities = identities_;
    }

    /// @inheritdoc ITaskManager
    function createTask(TaskParams calldata params) external nonReentrant returns (uint256 taskId) {
        return TaskCreation.create(_store, _contracts(), params);
    }

    /// @inheritdoc ITaskManager
    function topUp(uint256 taskId, uint256 amount) external nonReentrant {
        TaskCreation.topUp(_store, taskId, amount);
    }

    /// @inheritdoc ITaskManager
    function cancel(uint256 taskId) external nonReentrant {
        TaskCreation.cancel(_store, taskId);
    }

    /// @inheritdoc ITaskManager
    function join(
        uint256 taskId,
        bytes32 agreement,
        uint256 agentId,
        uint256 roles,
        bytes calldata peerId,
        bytes32[] calldata allowProof
    ) external nonReentrant {
        TaskCreation.join(_store, _contracts(), taskId, agreement, agentId, roles, peerId, allowProof);
    }

    /// @inheritdoc ITaskManager
    function commitUpdate(uint256 taskId, uint256 round, G1Point calldata commitment, bytes32 digest)
        external
        nonReentrant
    {
        TaskRounds.commitUpdate(_store, taskId, round, commitment, digest);
    }

    /// @inheritdoc ITaskManager
    function sealReference(uint256 taskId, uint256 round, bytes32 seal) external nonReentrant {
        TaskRounds.sealReference(_store, taskId, round, seal);
    }

    /// @inheritdoc ITaskManager
    function openReference(
        uint256 taskId,
        uint256 round,
        G1Point calldata commitment,
        bytes32 digest,
        bytes32 salt
    ) external nonReentrant {
        TaskRounds.openReference(_store, taskId, round, commitment, digest, salt);
    }

    /// @inheritdoc ITaskManager
    function settle(uint256 taskId, uint256 round, Settlement calldata settlement) external nonReentrant {
        TaskSettlement.settle(_store, _stakes, _domainSeparatorV4(), taskId, round, settlement);
    }

    /// @inheritdoc ITaskManager
    function requestVerdicts(uint256 taskId, uint256 round) external nonReentrant {
        TaskRounds.requestVerdicts(_store, taskId, round);
    }

    /// @inheritdoc ITaskManager
    function postVerdict(
        uint256 taskId,
        uint256 round,
        uint256 unavailable,
        uint256 rejected,
        G1Point calldata novelty,
        Vote calldata vote
    ) external nonReentrant {
        TaskRounds.postVerdict(_store, _domainSeparatorV4(), taskId, round, unavailable, rejected, novelty, vote);
    }

    /// @inheritdoc ITaskManager
    function advance(uint256 taskId) external nonReentrant {
        TaskRounds.advance(_store, _stakes, taskId);
    }

    /// @inheritdoc ITaskManager
    /// @dev The payload stays where it is: in the calldata of the transaction that the event is found by.
    function publishPayload(uint256 taskId, uint256 round, bytes calldata) external nonReentrant {
        TaskDisputes.publishPayload(_store, taskId, round);
    }

    /// @inheritdoc ITaskManager
    function contest(uint256 taskId, uint256 round, uint256 trainer, AvailableVote[] calldata votes)
        external
        nonReentrant
    {
        TaskDisputes.contest(_store, _domainSeparatorV4(), taskId, round, trainer, votes);
    }

    /// @inheritdoc ITaskManager
    function resolveCase(uint256 taskId, uint256 round, uint256 trainer) external nonReentrant {
        TaskDisputes.resolveCase(_store, _stakes, taskId, round, trainer);
    }

    /// @inheritdoc ITaskManager
    function claim(IERC20 token, uint256[] calldata taskIds) external nonReentrant returns (uint256 amount) {
        return TaskClaims.claim(_store, msg.sender, token, taskIds, msg.sender);
    }

    /// @inheritdoc ITaskManager
    function claimTo(IERC20 token, uint256[] calldata taskIds, address to)
        external
        nonReentrant
        returns (uint256 amount)
    {
        return TaskClaims.claim(_store, msg.sender, token, taskIds, to);
    }

    /// @inheritdoc ITaskManager
    function claimBySignature(
        address account,
        IERC20 token,
        uint256[] calldata taskIds,
        address to,
        uint256 deadline,
        bytes calldata signature
    ) external nonReentrant returns (uint256 amount) {
        return TaskClaims.claimBySignature(
            _store, _domainSeparatorV4(), account, token, taskIds, to, deadline, signature
        );
    }

    /// @inheritdoc ITaskManager
    function collectFees(uint256 taskId) external nonReentrant returns (uint256 amount) {
        return TaskClaims.collectFees(_store, _parameters, taskId);
    }

    /// @inheritdoc ITaskManager
    function leaveTask(uint256 taskId) external nonReentrant {
        TaskRounds.leaveTask(_store, taskId);
    }

    /// @inheritdoc ITaskManager
    function releaseStake(uint256 taskId, address member) external nonReentrant {
        TaskDisputes.releaseStake(_store, _stakes, taskId, member);
    }

    /// @inheritdoc ITaskManager
    function refund(uint256 taskId) external nonReentrant returns (uint256 amount) {
        return TaskClaims.refund(_store, taskId);
    }

    /// @inheritdoc ITaskManager
    function parameters() external view returns (IParameters) {
        return _parameters;
    }

    /// @inheritdoc ITaskManager
    function stakes() external view returns (IStakeManager) {
        return _stakes;
    }

    function _contracts() private view returns (Contracts memory) {
        return Contracts(_parameters, _stakes, _identities);
    }
}
