// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {G1Point, G2Point} from "../libraries/Bn254.sol";

/// @title Verifier of the proof of contribution, for committees of up to 16 trainers
/// @notice A proof shows that weights, shares and aggregate follow from the committed vectors by one aggregation rule;
/// each rule has its own verifier. Its cost depends neither on the size of the model nor on anyone's honesty; it rests
/// on the knowledge soundness of KZG and Groth16 over BN254 under their two setups.
/// What is not shown: that a vector was really trained, or that its entries are small.
interface IContributionVerifier {
    /// @notice What is proven, all of it known to the caller.
    struct Statement {
        /// The task contract whose round this is.
        address taskContract;
        uint256 taskId;
        uint256 round;
        /// Who may send this proof: it is worth nothing to anybody else.
        address prover;
        /// d, the number of entries of each vector.
        uint256 dimension;
        /// Four leading rows, then the 16 trainers; (0, 0) for a trainer that takes no part. Leading rows of a rule with
        /// groups: the sums of the references of groups 0, 1 and 2, then the novelty. Of a rule without: the sum of all
        /// references, then three times (0, 0).
        G1Point[20] commitments;
        /// As in `Settlement`.
        uint256[2] weights;
        uint256[3] shares;
        /// C_A.
        G1Point aggregate;
    }

    struct Groth16Proof {
        G1Point a;
        G2Point b;
        G1Point c;
    }

    /// @notice The prover's messages. Field elements are below the order of BN254's scalar field.
    struct ContributionProof {
        /// h, the Poseidon hash of the Gram matrix.
        uint256 gramHash;
        /// c = sum over i, j of alpha^i * beta^j * G_ij.
        uint256 innerProduct;
        /// C_S.
        G1Point cross;
        /// C_W.
        G1Point quotient;
        /// v(z), v(1/z), w(z), w(1/z), S(z), S(1/z).
        uint256[6] evaluations;
        Groth16Proof groth16;
    }

    /// @notice The part of the structured reference string that verification needs.
    struct Srs {
        /// [tau]1, [tau]2, [tau^2]2.
        G1Point tau1;
        G2Point tau2;
        G2Point tauSquared2;
        /// Generated on one machine, whose owner could know tau: for development chains only.
        bool insecureDev;
    }

    /// @notice The points of the structured reference string are not powers of one secret.
    error InvalidSrs();
    /// @notice An `insecure-dev` structured reference string on a chain other than 31337 and 1337.
    error InsecureSrs();
    /// @notice A field element is not below the order of the scalar field.
    error NonCanonicalField();
    /// @notice Bits beyond the last weight or share are set.
    error NonCanonicalWords();
    /// @notice A point of the proof is not on its curve, not in its group, or not in canonical coordinates.
    error PointNotOnCurve();
    /// @notice The challenge z is 0, 1 or -1 (chance about 2^-252).
    error DegenerateChallenge();
    /// @notice The rule has one leading row, and the statement more than one.
    error UnusedRow(uint256 row);
    /// @notice v(z) w(1/z) + w(z) v(1/z) != 2c + z S(z) + S(1/z) / z.
    error InnerProductMismatch();
    /// @notice The aggregate is not the weighted sum of the commitments.
    error WrongAggregate();
    /// @notice The claimed evaluations are not those of the committed polynomials.
    error OpeningFailed();
    /// @notice Weights and shares do not follow from the Gram matrix by the rule.
    error RuleProofFailed();

    /// @notice Reverts with the check that failed; returns where all hold.
    function verify(Statement calldata statement, ContributionProof calldata proof) external view;

    /// @notice Leading rows of the rule's Gram matrix: 1, the sum of the references; or 4, their sums by group and the
    /// novelty, whose commitment the settlement then brings.
    function headRows() external view returns (uint256);

    function srs() external view returns (Srs memory);

    /// @notice keccak256 of the Groth16 verifying key's numbers, in the order of
    /// alpha, beta, gamma, delta, IC_0..IC_9; G2 coordinates as (c0, c1).
    function verifyingKeyHash() external view returns (bytes32);
}
