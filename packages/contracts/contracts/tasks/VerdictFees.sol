// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {RoundFlow} from "./RoundFlow.sol";
import {BPS, Round, Task, TaskStore, Tasks} from "./TaskTypes.sol";

/// @title What a candidate pays for verdicts on chain, and who has it
/// @dev Half of what settling the round pays it: a candidate that needs them still earns by settling, and one that asks
/// without need pays those whom it makes send transactions. In a task that pays its aggregators nothing it is nothing.
library VerdictFees {
    using Tasks for Task;

    /// @return fee of each validator that takes part
    /// @return total what the caller owes
    function set(Task storage task, uint256 round) internal returns (uint256 fee, uint256 total) {
        uint256 budget = task.remaining / (uint256(task.rounds) - round + 1);
        uint256 validators = Tasks.countBits(task.presentValidators());
        fee = (budget * task.aggregatorFeeBps) / BPS / 2 / validators;
        total = fee * validators;
        task.verdictFee = uint128(fee);
    }

    /// @dev A validator has posted its verdict.
    function pay(TaskStore storage store, Task storage task, address validator) internal {
        uint256 fee = task.verdictFee;
        if (fee != 0) store.fees[task.token][validator] += fee;
    }

    /// @dev The round is over: what no validator has earned is the candidate's again.
    function giveBack(TaskStore storage store, Task storage task, Round memory state) internal {
        if (!state.verdictsRequested) return;
        uint256 silent = Tasks.countBits(task.presentValidators() & ~uint256(state.verdictsPosted));
        if (silent == 0) return;
        address candidate = task.aggregators[RoundFlow.candidateAt(task, state, state.requestedTurn)];
        store.fees[task.token][candidate] += task.verdictFee * silent;
    }
}
