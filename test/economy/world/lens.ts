/** Reads all the money at once: what the contracts hold, and what they say that they owe. */
export const LENS = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IStakeManager} from "./interfaces/IStakeManager.sol";
import {ITaskManager} from "./interfaces/ITaskManager.sol";

contract Lens {
    struct Money {
        uint256 tasksHold;
        // remaining + protocol fees + earned and not claimed, over the tasks that pay in this token
        uint256 tasksOwe;
        // fees of aggregators and validators
        uint256 feesOwed;
        uint256 stakesHold;
        uint256 pools;
        uint256 reports;
        uint256 burned;
        // in other accounts
        uint256 elsewhere;
    }

    struct TaskMoney {
        uint256 status;
        uint256 round;
        uint256 phase;
        uint256 deadline;
        uint256 remaining;
        uint256 protocolFees;
        uint256 earned;
        uint256 claimed;
        uint256 vesting;
        uint256 openCases;
        uint256 lockedStake;
    }

    function _count(uint256 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) count++;
    }

    function money(ITaskManager tasks, IStakeManager stakes, IERC20[] calldata tokens, address[] calldata accounts, uint256 taskCount, uint256 agents)
        external view returns (Money[] memory result, TaskMoney[] memory details)
    {
        result = new Money[](tokens.length);
        details = new TaskMoney[](taskCount);
        uint256[] memory none = new uint256[](0);
        for (uint256 t = 0; t < tokens.length; t++) {
            Money memory m = result[t];
            IERC20 token = tokens[t];
            m.tasksHold = token.balanceOf(address(tasks));
            m.stakesHold = token.balanceOf(address(stakes));
            m.burned = token.balanceOf(0x000000000000000000000000000000000000dEaD);
            m.reports = stakes.reportRewards(token, 0x000000000000000000000000000000000000dEaD);
            for (uint256 i = 0; i < accounts.length; i++) {
                m.feesOwed += tasks.claimable(token, accounts[i], none);
                m.reports += stakes.reportRewards(token, accounts[i]);
                m.elsewhere += token.balanceOf(accounts[i]);
            }
            for (uint256 a = 0; a < agents; a++) {
                IStakeManager.Pool memory p = stakes.pool(token, a);
                m.pools += p.tokens;
                require(p.locked <= p.tokens, "locked more than there is");
                require(p.unbondingShares <= p.shares, "more unbonding than shares");
                // Reverts where a lock could not be slashed in full.
                stakes.freeStake(token, a);
                uint256 locked = 0;
                for (uint256 k = 1; k <= taskCount; k++) locked += stakes.lockOf(token, a, k);
                require(locked == p.locked, "locks do not add up");
            }
        }
        for (uint256 k = 1; k <= taskCount; k++) {
            TaskMoney memory d = details[k - 1];
            ITaskManager.TaskView memory task = tasks.getTask(k);
            ITaskManager.RoundView memory round = tasks.getRound(k);
            d.status = uint256(task.status);
            d.round = task.round;
            d.phase = uint256(round.phase);
            d.deadline = task.status == ITaskManager.TaskStatus.Joining ? task.joinDeadline : round.deadline;
            d.remaining = task.remaining;
            d.protocolFees = task.protocolFees;
            d.openCases = task.openCases;
            for (uint256 i = 0; i < task.trainers.length; i++) {
                ITaskManager.MemberView memory member = tasks.getMember(k, task.trainers[i]);
                require(member.claimed + member.vesting <= member.earned, "claimed more than was released");
                d.earned += member.earned;
                d.claimed += member.claimed;
                d.vesting += member.vesting;
            }
            // What a candidate paid for verdicts that are still to be posted.
            uint256 asked = 0;
            if (round.phase == ITaskManager.Phase.Settle) {
                uint256 silent = task.activeValidators.length - _count(task.departedValidators | round.verdictsPosted);
                asked = round.verdictFee * silent;
            }
            for (uint256 a = 0; a < agents; a++) d.lockedStake += stakes.lockOf(task.params.token, a, k);
            for (uint256 t = 0; t < tokens.length; t++) {
                if (address(tokens[t]) == address(task.params.token)) result[t].tasksOwe += task.remaining + task.protocolFees + d.earned - d.claimed + asked;
            }
        }
    }
}`;
