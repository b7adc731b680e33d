// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IContributionVerifier} from "../interfaces/IContributionVerifier.sol";
import {Bn254, G1Point} from "./Bn254.sol";

/// @notice The verifier's challenges, each drawn from everything the prover had said before it.
struct Challenges {
    uint256 alpha;
    uint256 beta;
    uint256 z;
    uint256 gamma;
    // Combines the two pairing equations into one; not part of the protocol between prover and verifier.
    uint256 rho;
}

/// @dev Rows of a statement before the trainers', and all of them.
uint256 constant HEAD_ROWS = 4;
uint256 constant MAX_ROWS = 20;

/// @title The Fiat-Shamir transcript of the proof of contribution
/// @dev Hash inputs are 32-byte words. The TypeScript prover and the shared vectors hold the same transcript.
library Transcript {
    /// @dev n, the trainers a rule's circuit has rows for.
    uint256 private constant TRAINERS = MAX_ROWS - HEAD_ROWS;
    /// @dev Words of a seed before the commitments, the domain first.
    uint256 private constant HEADER_WORDS = 8;

    /// @param head leading rows of the rule: the others are not part of the transcript
    function challenges(
        bytes32 domain,
        uint256 head,
        IContributionVerifier.Statement calldata statement,
        IContributionVerifier.ContributionProof calldata proof
    ) internal view returns (Challenges memory result) {
        bytes32 seed = _matrixSeed(domain, head, statement, proof.gramHash);
        result.alpha = draw(seed, 1);
        result.beta = draw(seed, 2);
        seed = keccak256(
            abi.encode(
                seed, proof.innerProduct, proof.cross, statement.aggregate, statement.weights, statement.shares
            )
        );
        result.z = draw(seed, 1);
        seed = keccak256(abi.encode(seed, proof.evaluations));
        result.gamma = draw(seed, 1);
        result.rho = draw(keccak256(abi.encode(seed, proof.quotient, proof.groth16)), 1);
    }

    /// @dev keccak256 of the domain, chain, contract, task, round, prover, n, N, the commitments of the rule's rows in
    /// their order, and the hash of the matrix.
    function _matrixSeed(
        bytes32 domain,
        uint256 head,
        IContributionVerifier.Statement calldata statement,
        uint256 gramHash
    ) private view returns (bytes32 seed) {
        uint256[HEADER_WORDS + 2 * MAX_ROWS + 1] memory words;
        words[0] = uint256(domain);
        words[1] = block.chainid;
        words[2] = uint160(statement.taskContract);
        words[3] = statement.taskId;
        words[4] = statement.round;
        words[5] = uint160(statement.prover);
        words[6] = TRAINERS;
        words[7] = vectorLength(statement.dimension);
        G1Point[MAX_ROWS] calldata commitments = statement.commitments;
        assembly ("memory-safe") {
            let headBytes := shl(6, head)
            let target := add(words, 0x100)
            calldatacopy(target, commitments, headBytes)
            target := add(target, headBytes)
            // The trainers' 16 points, behind all four leading rows.
            calldatacopy(target, add(commitments, 0x100), 0x400)
            target := add(target, 0x400)
            mstore(target, gramHash)
            seed := keccak256(words, sub(add(target, 0x20), words))
        }
    }

    /// @dev N, the smallest power of two that is at least d, and at least 2, the shortest reference string.
    function vectorLength(uint256 dimension) internal pure returns (uint256 length) {
        length = 2;
        while (length < dimension) length <<= 1;
    }

    /// @dev keccak256(seed, index) mod p.
    function draw(bytes32 seed, uint256 index) private pure returns (uint256 challenge) {
        assembly ("memory-safe") {
            mstore(0, seed)
            mstore(0x20, index)
            challenge := keccak256(0, 0x40)
        }
        return challenge % Bn254.P;
    }
}
