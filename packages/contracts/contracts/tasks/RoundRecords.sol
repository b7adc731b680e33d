// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ITaskManager} from "../interfaces/ITaskManager.sol";
import {RECORDS, Task} from "./TaskTypes.sol";

/// @title What the last 16 rounds paid, three words each
/// @dev Words 0 and 1 are those of the shares, 7 * 33 bits each. Word 2 begins with the last two shares (66 bits); above
/// them stand the pool (128 bits), the round's number (16) and its trainers (16). A void round leaves what is there:
/// the number tells which round a record is of.
library RoundRecords {
    uint256 private constant SHARE_BITS = 33;
    uint256 private constant SHARES_PER_WORD = 7;
    uint256 private constant POOL_AT = 2 * SHARE_BITS;
    uint256 private constant ROUND_AT = POOL_AT + 128;
    uint256 private constant INCLUDED_AT = ROUND_AT + 16;
    uint256 private constant WORD_MASK = (1 << (SHARES_PER_WORD * SHARE_BITS)) - 1;
    uint256 private constant LAST_MASK = (1 << POOL_AT) - 1;

    function write(Task storage task, uint256 round, uint256 pool, uint256 included, uint256[3] memory shares)
        internal
    {
        uint256[3] storage record = task.records[round % RECORDS];
        record[0] = shares[0] & WORD_MASK;
        record[1] = shares[1] & WORD_MASK;
        record[2] = (shares[2] & LAST_MASK) | (pool << POOL_AT) | (round << ROUND_AT) | (included << INCLUDED_AT);
    }

    function read(Task storage task, uint256 round) internal view returns (ITaskManager.RoundRecord memory result) {
        uint256[3] storage record = task.records[round % RECORDS];
        uint256 last = record[2];
        if (round == 0 || uint16(last >> ROUND_AT) != round) return result;
        result.round = round;
        result.pool = uint128(last >> POOL_AT);
        result.included = uint16(last >> INCLUDED_AT);
        result.shares = [record[0], record[1], last & LAST_MASK];
    }

    /// @dev All that a trainer was ever credited.
    function earned(Task storage task, uint256 trainer) internal view returns (uint256) {
        return uint128(task.earned[trainer / 2] >> (128 * (trainer % 2)));
    }

    /// @dev What a trainer was credited in the rounds that are still vesting, and is not released yet. After a round
    /// itself nothing of its reward is, after each of the V following ones a V-th more.
    function vesting(Task storage task, uint256 trainer) internal view returns (uint256 amount) {
        uint256 span = task.vestingRounds;
        if (span == 0 || task.status != ITaskManager.TaskStatus.Running) return 0;
        uint256 last = uint256(task.round.number) - 1;
        for (uint256 age = 0; age < span && age < last; age++) {
            uint256 reward = _reward(task, last - age, trainer);
            amount += (reward * (span - age)) / span;
        }
    }

    /// @dev Exactly what the settlement credited.
    function _reward(Task storage task, uint256 round, uint256 trainer) private view returns (uint256) {
        uint256[3] storage record = task.records[round % RECORDS];
        uint256 last = record[2];
        if (uint16(last >> ROUND_AT) != round) return 0;
        uint256 word = record[trainer / SHARES_PER_WORD];
        uint256 share = (word >> (SHARE_BITS * (trainer % SHARES_PER_WORD))) & ((1 << SHARE_BITS) - 1);
        return (uint256(uint128(last >> POOL_AT)) * share) >> 32;
    }
}
