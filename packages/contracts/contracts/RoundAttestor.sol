// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IIdentityRegistry} from "./interfaces/IIdentityRegistry.sol";
import {IParameters} from "./interfaces/IParameters.sol";
import {IReputationRegistry} from "./interfaces/IReputationRegistry.sol";
import {IRoundAttestor} from "./interfaces/IRoundAttestor.sol";
import {ITaskManager} from "./interfaces/ITaskManager.sol";
import {IValidationRegistry} from "./interfaces/IValidationRegistry.sol";
import {PackedWords} from "./libraries/PackedWords.sol";

/// @title What settled rounds say of an identity, written to the ERC-8004 registries
/// @notice Says what was settled and nothing more: an owner of many identities can pay itself for rounds among them,
/// so that a high reputation costs gas, proofs and time, not necessarily work. It holds no tokens and has no owner.
contract RoundAttestor is IRoundAttestor {
    struct History {
        uint128 rounds;
        uint128 rewarded;
    }

    struct Score {
        uint64 rounds;
        uint128 sum;
        bool given;
    }

    /// @dev As many records as a task keeps.
    uint256 private constant RECORDS = 16;
    uint256 private constant PENALTY = 10;
    /// @dev Several times what reading a request of ours costs.
    uint256 private constant STATUS_GAS = 100_000;

    IParameters private immutable _parameters;
    IIdentityRegistry private immutable _identities;
    IReputationRegistry private immutable _reputations;
    IValidationRegistry private immutable _validations;

    mapping(uint256 agentId => History) private _history;
    mapping(uint256 taskId => mapping(uint256 round => bool)) private _attested;
    mapping(uint256 taskId => mapping(address trainer => Score)) private _scores;
    mapping(uint256 taskId => mapping(uint256 agentId => bytes32)) private _chosenRequests;

    constructor(
        IParameters parameters,
        IIdentityRegistry identities_,
        IReputationRegistry reputations_,
        IValidationRegistry validations_
    ) {
        _parameters = parameters;
        _identities = identities_;
        _reputations = reputations_;
        _validations = validations_;
    }

    /// @inheritdoc IRoundAttestor
    function useRequest(uint256 taskId, uint256 agentId, bytes32 salt) external {
        bytes32 requestHash = saltedRequestHash(taskId, agentId, salt);
        if (!_asks(requestHash, agentId)) revert NoRequest();
        _chosenRequests[taskId][agentId] = requestHash;
    }

    /// @inheritdoc IRoundAttestor
    function attest(uint256 taskId, uint256 round) external {
        ITaskManager tasks = _tasks();
        ITaskManager.RoundRecord memory record = tasks.getRecord(taskId, round);
        if (round == 0 || record.round != round) revert NotRecorded();
        if (_attested[taskId][round]) revert AlreadyAttested();
        _attested[taskId][round] = true;
        bytes32 recordHash = keccak256(abi.encode(record));
        address[] memory trainers = tasks.getTask(taskId).trainers;
        uint256 largest = 0;
        for (uint256 i = 0; i < trainers.length; i++) {
            uint256 share = PackedWords.share(record.shares, i);
            if (share > largest) largest = share;
        }
        for (uint256 i = 0; i < trainers.length; i++) {
            uint256 share = PackedWords.share(record.shares, i);
            // A trainer without a share gets 0, even if no trainer has one.
            uint256 response = share == 0 ? 0 : share * 100 / largest;
            uint256 agentId = tasks.getMember(taskId, trainers[i]).agentId;
            _remember(taskId, trainers[i], agentId, response, share != 0);
            emit RoundAttested(taskId, round, trainers[i], agentId, response);
            bytes32 requestHash = requestHashOf(taskId, agentId);
            if (_asks(requestHash, agentId)) {
                _validations.validationResponse(requestHash, uint8(response), "", recordHash, "round");
            }
        }
    }

    /// @inheritdoc IRoundAttestor
    function giveFeedback(uint256 taskId, address trainer) external {
        ITaskManager tasks = _tasks();
        ITaskManager.TaskView memory task = tasks.getTask(taskId);
        if (task.status != ITaskManager.TaskStatus.Ended) revert TaskNotEnded();
        Score storage score = _scores[taskId][trainer];
        if (score.given) revert AlreadyAttested();
        // Otherwise the first caller chooses the rounds that count.
        uint256 first = task.round > RECORDS ? task.round - RECORDS + 1 : 1;
        for (uint256 round = first; round <= task.round; round++) {
            if (!_attested[taskId][round] && tasks.getRecord(taskId, round).round == round) {
                revert RoundNotAttested(round);
            }
        }
        if (score.rounds == 0) revert NotRecorded();
        score.given = true;
        _reputations.giveFeedback(
            tasks.getMember(taskId, trainer).agentId,
            int128(score.sum * 100 / score.rounds),
            2,
            "contribution",
            "task",
            "",
            "",
            keccak256(abi.encode(block.chainid, tasks, taskId, trainer))
        );
    }

    /// @inheritdoc IRoundAttestor
    function reputation(uint256 agentId) external view returns (uint256) {
        uint256 penalty = PENALTY * _tasks().stakes().slashCount(agentId);
        uint256 rewarded = _history[agentId].rewarded;
        return rewarded > penalty ? rewarded - penalty : 0;
    }

    /// @inheritdoc IRoundAttestor
    function history(uint256 agentId) external view returns (uint256 rounds, uint256 rewarded) {
        History storage h = _history[agentId];
        return (h.rounds, h.rewarded);
    }

    /// @inheritdoc IRoundAttestor
    function identities() external view returns (address) {
        return address(_identities);
    }

    /// @inheritdoc IRoundAttestor
    function reputations() external view returns (address) {
        return address(_reputations);
    }

    /// @inheritdoc IRoundAttestor
    function validations() external view returns (address) {
        return address(_validations);
    }

    /// @inheritdoc IRoundAttestor
    function requestHashOf(uint256 taskId, uint256 agentId) public view returns (bytes32) {
        bytes32 chosen = _chosenRequests[taskId][agentId];
        return chosen != 0 ? chosen : keccak256(abi.encode(block.chainid, this, taskId, agentId));
    }

    /// @inheritdoc IRoundAttestor
    function saltedRequestHash(uint256 taskId, uint256 agentId, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, this, taskId, agentId, salt));
    }

    function _remember(uint256 taskId, address trainer, uint256 agentId, uint256 response, bool rewarded) private {
        Score storage score = _scores[taskId][trainer];
        score.rounds++;
        score.sum += uint128(response);
        History storage h = _history[agentId];
        h.rounds++;
        if (rewarded) h.rewarded++;
    }

    /// @dev Whether this identity has opened this request, to us. Others can open it as well, for their own, and answer
    /// it with a tag that costs more gas to read than a caller could pay: so the gas is bounded. A caller must
    /// also bring that much, since one with little could otherwise leave a request unanswered.
    function _asks(bytes32 requestHash, uint256 agentId) private view returns (bool) {
        if (gasleft() < 2 * STATUS_GAS) revert NotEnoughGas();
        try _validations.getValidationStatus{gas: STATUS_GAS}(requestHash) returns (
            address validator, uint256 asker, uint8, bytes32, string memory, uint256
        ) {
            return validator == address(this) && asker == agentId;
        } catch {
            return false;
        }
    }

    function _tasks() private view returns (ITaskManager) {
        return ITaskManager(_parameters.taskManager());
    }
}
