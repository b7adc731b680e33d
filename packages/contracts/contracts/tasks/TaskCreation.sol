// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {IContributionVerifier} from "../interfaces/IContributionVerifier.sol";
import {IIdentityRegistry} from "../interfaces/IIdentityRegistry.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {IRoundAttestor} from "../interfaces/IRoundAttestor.sol";
import {ITaskManager} from "../interfaces/ITaskManager.sol";
import {RoundFlow} from "./RoundFlow.sol";
import {
    AGGREGATOR,
    BPS,
    Contracts,
    MAX_AGGREGATORS,
    MAX_TRAINERS,
    MAX_VALIDATORS,
    MemberRecord,
    RECORDS,
    Task,
    TaskStore,
    Tasks,
    TRAINER,
    VALIDATOR
} from "./TaskTypes.sol";
import {TokenFlow} from "./TokenFlow.sol";

/// @title Creating a task, adding to its escrow, joining it, cancelling it
library TaskCreation {
    uint256 private constant MAX_FEES_BPS = 5000;
    uint256 private constant MAX_MIN_SHARE_BPS = 5000;
    uint256 private constant MAX_ROUNDS = 4096;
    uint256 private constant MAX_DIMENSION = 2 ** 22;
    uint256 private constant MAX_PEER_ID_BYTES = 128;
    /// @dev Of slashed stake: what reporting pays at most, and what is burned at least. The rest goes back to the owner,
    /// who also appoints the validators: slashing is not to be worth it.
    uint256 private constant MAX_REPORTER_BPS = 1000;
    uint256 private constant MIN_BURN_BPS = 5000;
    /// @dev Committees of up to this many trainers share one circuit, and so one verifier.
    uint256 private constant VERIFIER_SIZE = 16;
    /// @dev Everything a task is ever given, slashed stake of up to 47 members with it (47 * 2^96), is below 2^128: no
    /// sum in it can overflow, and so stop it.
    uint256 private constant MAX_DEPOSITS = 2 ** 127 - 1;

    function create(TaskStore storage store, Contracts memory contracts, ITaskManager.TaskParams calldata params)
        external
        returns (uint256 taskId)
    {
        _checkBounds(contracts.parameters, params);
        taskId = ++store.count;
        Task storage task = store.tasks[taskId];
        task.owner = msg.sender;
        task.status = ITaskManager.TaskStatus.Joining;
        task.joinDeadline = uint40(block.timestamp + params.joinSeconds);
        task.createdBlock = uint48(block.number);
        task.budget = uint128(params.budget);
        task.deposited = uint128(params.budget);
        task.remaining = uint128(params.budget);
        task.agreement = keccak256(abi.encode(msg.sender, params));
        _writeTerms(task, params);
        _takeOver(task, contracts.parameters, params.rule);
        _appoint(task, params.validators);
        emit ITaskManager.TaskCreated(
            taskId, msg.sender, address(params.token), params.termsDigest, params.budget
        );
        TokenFlow.pull(params.token, params.budget);
    }

    function topUp(TaskStore storage store, uint256 taskId, uint256 amount) external {
        Task storage task = Tasks.get(store, taskId);
        if (task.status == ITaskManager.TaskStatus.Ended) revert ITaskManager.WrongPhase();
        _bound(amount, 1, MAX_DEPOSITS - task.deposited, "amount");
        task.deposited += uint128(amount);
        task.remaining += uint128(amount);
        emit ITaskManager.ToppedUp(taskId, msg.sender, amount);
        TokenFlow.pull(task.token, amount);
    }

    function cancel(TaskStore storage store, uint256 taskId) external {
        Task storage task = Tasks.get(store, taskId);
        if (task.owner != msg.sender) revert ITaskManager.NotOwner();
        if (task.status != ITaskManager.TaskStatus.Joining) revert ITaskManager.TaskNotJoining();
        emit ITaskManager.Cancelled(taskId);
        RoundFlow.endJoining(taskId, task);
    }

    function join(
        TaskStore storage store,
        Contracts memory contracts,
        uint256 taskId,
        bytes32 agreement,
        uint256 agentId,
        uint256 roles,
        bytes calldata peerId,
        bytes32[] calldata allowProof
    ) external {
        Task storage task = Tasks.get(store, taskId);
        if (task.agreement != agreement) revert ITaskManager.OtherTask();
        if (task.status != ITaskManager.TaskStatus.Joining) revert ITaskManager.TaskNotJoining();
        if (block.timestamp >= task.joinDeadline) revert ITaskManager.DeadlinePassed();
        if (roles == 0 || roles > (TRAINER | VALIDATOR | AGGREGATOR)) revert ITaskManager.InvalidRoles();
        if (peerId.length == 0 || peerId.length > MAX_PEER_ID_BYTES) revert ITaskManager.InvalidPeerId();
        // A validator that trains would score its own update.
        if (roles & TRAINER != 0 && roles & VALIDATOR != 0) revert ITaskManager.TrainerCannotValidate();
        if (task.members[msg.sender].roles != 0) revert ITaskManager.AlreadyJoined();
        if (!_isIdentity(contracts.identities, agentId)) revert ITaskManager.NotIdentity();
        if (task.joinedIdentities[agentId]) revert ITaskManager.IdentityAlreadyJoined();
        if (roles & (TRAINER | AGGREGATOR) != 0) _checkConditions(task, contracts.parameters, agentId, allowProof);
        _addMember(task, agentId, roles);
        emit ITaskManager.Joined(taskId, msg.sender, agentId, roles, peerId);
        if (_isComplete(task)) RoundFlow.start(taskId, task);
        contracts.stakes.lock(task.token, agentId, taskId, task.stake);
    }

    function _addMember(Task storage task, uint256 agentId, uint256 roles) private {
        task.joinedIdentities[agentId] = true;
        MemberRecord memory member;
        member.roles = uint8(roles);
        member.agentId = uint128(agentId);
        if (roles & TRAINER != 0) {
            uint256 index = task.trainerCount;
            if (index == task.maxTrainers) revert ITaskManager.TaskFull();
            task.trainers[index] = msg.sender;
            member.trainer = uint8(index);
            task.trainerCount = uint8(index + 1);
        }
        if (roles & VALIDATOR != 0) {
            uint256 index = _appointment(task, msg.sender);
            member.validator = uint8(index);
            task.joinedBits |= uint16(1 << index);
        }
        if (roles & AGGREGATOR != 0) {
            uint256 index = task.aggregatorCount;
            if (index == MAX_AGGREGATORS) revert ITaskManager.TaskFull();
            task.aggregators[index] = msg.sender;
            member.aggregator = uint8(index);
            task.aggregatorCount = uint8(index + 1);
        }
        task.members[msg.sender] = member;
    }

    /// @dev The caller owns the identity, or is the wallet that its owner set. The registry counts ids from 0: those
    /// that do not fit were never given out.
    function _isIdentity(IIdentityRegistry identities, uint256 agentId) private view returns (bool) {
        if (agentId > type(uint128).max) return false;
        try identities.ownerOf(agentId) returns (address owner) {
            return owner == msg.sender || identities.getAgentWallet(agentId) == msg.sender;
        } catch {
            return false;
        }
    }

    function _checkConditions(
        Task storage task,
        IParameters parameters,
        uint256 agentId,
        bytes32[] calldata allowProof
    ) private view {
        bytes32 root = task.allowRoot;
        if (root != 0) {
            bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(msg.sender))));
            if (!MerkleProof.verifyCalldata(allowProof, root, leaf)) revert ITaskManager.NotAllowed();
        }
        uint256 least = task.minReputation;
        if (least == 0) return;
        uint256 reputation = IRoundAttestor(parameters.attestor()).reputation(agentId);
        if (reputation < least) revert ITaskManager.ReputationTooLow(reputation);
    }

    /// @dev Everyone the task waits for is there: it need not wait for the deadline.
    function _isComplete(Task storage task) private view returns (bool) {
        return task.trainerCount == task.maxTrainers && task.aggregatorCount >= task.minAggregators
            && task.joinedBits == (1 << task.validatorCount) - 1;
    }

    function _appointment(Task storage task, address account) private view returns (uint256) {
        for (uint256 i = 0; i < task.validatorCount; i++) {
            if (task.validators[i] == account) return i;
        }
        revert ITaskManager.ValidatorNotAppointed();
    }

    function _appoint(Task storage task, address[] calldata validators) private {
        task.validatorCount = uint8(validators.length);
        for (uint256 i = 0; i < validators.length; i++) {
            address validator = validators[i];
            if (validator == address(0)) revert ITaskManager.ParameterOutOfBounds("validators");
            for (uint256 j = 0; j < i; j++) {
                if (validators[j] == validator) revert ITaskManager.ParameterOutOfBounds("validators");
            }
            task.validators[i] = validator;
        }
    }

    /// @dev What the owner fixes, in bounds by `_checkBounds`.
    function _writeTerms(Task storage task, ITaskManager.TaskParams calldata p) private {
        task.token = p.token;
        task.rounds = uint16(p.rounds);
        task.minTrainers = uint8(p.minTrainers);
        task.maxTrainers = uint8(p.maxTrainers);
        task.minAggregators = uint8(p.minAggregators);
        task.minValidators = uint8(p.minValidators);
        task.stake = uint96(p.stake);
        task.aggregatorFeeBps = uint16(p.aggregatorFeeBps);
        task.validatorFeeBps = uint16(p.validatorFeeBps);
        task.joinSeconds = uint32(p.joinSeconds);
        task.commitSeconds = uint32(p.commitSeconds);
        task.referenceSeconds = uint32(p.referenceSeconds);
        task.settleSeconds = uint32(p.settleSeconds);
        task.dimension = uint32(p.dimension);
        task.minReputation = uint40(p.minReputation);
        task.vestingRounds = uint8(p.vestingRounds);
        task.stagnationBps = uint16(p.stagnationBps);
        task.minShareBps = uint16(p.minShareBps);
        task.slashReporterBps = uint16(p.slashReporterBps);
        task.slashBurnBps = uint16(p.slashBurnBps);
        task.rule = p.rule;
        task.termsDigest = p.termsDigest;
        task.allowRoot = p.allowRoot;
    }

    /// @dev What governance fixes: read once, so that no vote reaches a running task.
    function _takeOver(Task storage task, IParameters parameters, bytes32 rule) private {
        IContributionVerifier verifier = parameters.verifier(rule, VERIFIER_SIZE);
        if (address(verifier) == address(0)) revert ITaskManager.NoVerifier();
        task.verifier = verifier;
        task.hasGroups = verifier.headRows() != 1;
        task.protocolFeeBps = uint16(parameters.protocolFeeBps());
        task.contestSeconds = uint32(parameters.contestSeconds());
        task.slashing = parameters.slashing();
    }

    function _checkBounds(IParameters parameters, ITaskManager.TaskParams calldata p) private view {
        _bound(p.budget, 1, MAX_DEPOSITS, "budget");
        _bound(p.rounds, 1, MAX_ROUNDS, "rounds");
        if (p.maxTrainers > MAX_TRAINERS) revert ITaskManager.NoVerifier();
        _bound(p.maxTrainers, 1, MAX_TRAINERS, "maxTrainers");
        _bound(p.minTrainers, 1, p.maxTrainers, "minTrainers");
        _bound(p.minAggregators, 1, MAX_AGGREGATORS, "minAggregators");
        _bound(p.stake, parameters.minimumStake(p.token), type(uint96).max, "stake");
        _bound(p.validators.length, 1, MAX_VALIDATORS, "validators");
        _bound(p.minValidators, 1, p.validators.length, "minValidators");
        _bound(p.aggregatorFeeBps, 0, MAX_FEES_BPS, "aggregatorFeeBps");
        _bound(p.validatorFeeBps, 0, MAX_FEES_BPS - p.aggregatorFeeBps, "validatorFeeBps");
        uint256 least = parameters.minPhaseSeconds();
        _bound(p.joinSeconds, least, type(uint32).max, "joinSeconds");
        _bound(p.commitSeconds, least, type(uint32).max, "commitSeconds");
        _bound(p.referenceSeconds, least, type(uint32).max, "referenceSeconds");
        _bound(p.settleSeconds, least, type(uint32).max, "settleSeconds");
        _bound(p.dimension, 1, MAX_DIMENSION, "dimension");
        _bound(p.minReputation, 0, type(uint40).max, "minReputation");
        _bound(p.vestingRounds, 0, RECORDS, "vestingRounds");
        _bound(p.stagnationBps, 0, BPS, "stagnationBps");
        _bound(p.minShareBps, 0, MAX_MIN_SHARE_BPS, "minShareBps");
        _bound(p.slashReporterBps, 0, MAX_REPORTER_BPS, "slashReporterBps");
        _bound(p.slashBurnBps, MIN_BURN_BPS, BPS - p.slashReporterBps, "slashBurnBps");
    }

    function _bound(uint256 value, uint256 least, uint256 most, string memory name) private pure {
        if (value < least || value > most) revert ITaskManager.ParameterOutOfBounds(name);
    }
}
