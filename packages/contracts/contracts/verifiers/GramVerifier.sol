// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IContributionVerifier} from "../interfaces/IContributionVerifier.sol";
import {Bn254, G1Point, G2Point} from "../libraries/Bn254.sol";
import {PackedWords} from "../libraries/PackedWords.sol";
import {Challenges, HEAD_ROWS, MAX_ROWS, Transcript} from "../libraries/Transcript.sol";

/// @title Gram argument and Groth16, checked together
/// @dev Both checks are products of pairings that must be one. Raised to a random power of each other (rho) they
/// become one product, and the pairs that share a G2 point merge: six pairs in one precompile call instead of
/// seven in two. A wrong one of the two passes with probability 1/p.
/// What a rule brings: its number of leading rows, the name in its transcript, and its Groth16 key.
abstract contract GramVerifier is IContributionVerifier {
    uint256 private constant P = Bn254.P;

    uint256 private immutable _tau1X;
    uint256 private immutable _tau1Y;
    uint256 private immutable _tau2X0;
    uint256 private immutable _tau2X1;
    uint256 private immutable _tau2Y0;
    uint256 private immutable _tau2Y1;
    uint256 private immutable _tauSquared2X0;
    uint256 private immutable _tauSquared2X1;
    uint256 private immutable _tauSquared2Y0;
    uint256 private immutable _tauSquared2Y1;
    bool private immutable _insecureDev;

    /// @dev The G1 side of the opening equation, each point times rho.
    struct Opening {
        // C_F - [r(tau)]1 - C_W, paired with [1]2.
        G1Point combined;
        // (z + 1/z) C_W, paired with [tau]2.
        G1Point quotientTimesSum;
        // -C_W, paired with [tau^2]2.
        G1Point negatedQuotient;
    }

    /// @param srs_ must consist of powers of one secret, and be of public origin outside development chains
    constructor(Srs memory srs_) {
        if (srs_.insecureDev && block.chainid != 31337 && block.chainid != 1337) revert InsecureSrs();
        if (!Bn254.isFinitePoint(srs_.tau1)) revert InvalidSrs();
        G1Point memory negatedTau1 = Bn254.negate(srs_.tau1);
        G1Point memory one1 = Bn254.generator1();
        // e([tau]1, [1]2) == e([1]1, [tau]2), then e([tau]1, [tau]2) == e([1]1, [tau^2]2)
        uint256[12] memory input;
        Bn254.setPair(_pointer(input), 0, negatedTau1, Bn254.generator2());
        Bn254.setPair(_pointer(input), 1, one1, srs_.tau2);
        if (Bn254.pairing(_pointer(input), 2) != Bn254.PairingResult.One) revert InvalidSrs();
        Bn254.setPair(_pointer(input), 0, negatedTau1, srs_.tau2);
        Bn254.setPair(_pointer(input), 1, one1, srs_.tauSquared2);
        if (Bn254.pairing(_pointer(input), 2) != Bn254.PairingResult.One) revert InvalidSrs();
        _tau1X = srs_.tau1.x;
        _tau1Y = srs_.tau1.y;
        _tau2X0 = srs_.tau2.x[0];
        _tau2X1 = srs_.tau2.x[1];
        _tau2Y0 = srs_.tau2.y[0];
        _tau2Y1 = srs_.tau2.y[1];
        _tauSquared2X0 = srs_.tauSquared2.x[0];
        _tauSquared2X1 = srs_.tauSquared2.x[1];
        _tauSquared2Y0 = srs_.tauSquared2.y[0];
        _tauSquared2Y1 = srs_.tauSquared2.y[1];
        _insecureDev = srs_.insecureDev;
    }

    /// @inheritdoc IContributionVerifier
    function verify(Statement calldata statement, ContributionProof calldata proof) external view {
        _checkEncoding(statement, proof);
        uint256 head = _headRows();
        for (uint256 i = head; i < HEAD_ROWS; i++) {
            if (statement.commitments[i].x | statement.commitments[i].y != 0) revert UnusedRow(i);
        }
        Challenges memory challenges = Transcript.challenges(_domain(), head, statement, proof);
        uint256 z = challenges.z;
        if (z == 0 || z == 1 || z == P - 1) revert DegenerateChallenge();
        // 1 / (z (z^2 - 1)) gives both inverses that are needed.
        uint256 zSquaredMinusOne = addmod(mulmod(z, z, P), P - 1, P);
        uint256 inverse = Bn254.inverse(mulmod(z, zSquaredMinusOne, P));
        uint256 zInverse = mulmod(inverse, zSquaredMinusOne, P);
        _checkInnerProduct(proof, z, zInverse);
        Opening memory opening =
            _opening(statement, proof, challenges, zInverse, mulmod(mulmod(z, z, P), inverse, P));
        _checkPairings(statement, proof, challenges, opening);
    }

    /// @inheritdoc IContributionVerifier
    function headRows() external pure returns (uint256) {
        return _headRows();
    }

    /// @inheritdoc IContributionVerifier
    function srs() external view returns (Srs memory) {
        return Srs(G1Point(_tau1X, _tau1Y), _tau2(), _tauSquared2(), _insecureDev);
    }

    /// @inheritdoc IContributionVerifier
    function verifyingKeyHash() external pure returns (bytes32) {
        return _keyHash();
    }

    /// @dev 1 or `HEAD_ROWS`.
    function _headRows() internal pure virtual returns (uint256);

    /// @dev Separates the transcripts of rules.
    function _domain() internal pure virtual returns (bytes32);

    // The Groth16 key: gamma is the generator of G2 (asserted when the key is generated into code).
    function _keyHash() internal pure virtual returns (bytes32);
    function _keyAlpha1() internal pure virtual returns (G1Point memory);
    function _keyBeta2() internal pure virtual returns (G2Point memory);
    function _keyDelta2() internal pure virtual returns (G2Point memory);
    /// @dev IC_0 + sum of inputs[i] * IC_(i + 1).
    function _combineInputs(uint256[9] memory inputs) internal view virtual returns (G1Point memory);

    /// @dev One encoding for each value, and every point in its group. B of the Groth16 proof is checked by the
    /// pairing precompile, the commitments by the contract that stored them.
    function _checkEncoding(Statement calldata statement, ContributionProof calldata proof) private pure {
        if (!PackedWords.isCanonical(statement.weights, statement.shares)) revert NonCanonicalWords();
        if (proof.gramHash >= P || proof.innerProduct >= P) revert NonCanonicalField();
        for (uint256 i = 0; i < 6; i++) {
            if (proof.evaluations[i] >= P) revert NonCanonicalField();
        }
        if (
            !Bn254.isPoint(proof.cross) || !Bn254.isPoint(proof.quotient) || !Bn254.isPoint(statement.aggregate)
                || !Bn254.isPoint(proof.groth16.a) || !Bn254.isPoint(proof.groth16.c)
        ) revert PointNotOnCurve();
    }

    /// @dev v(z) w(1/z) + w(z) v(1/z) == 2c + z S(z) + S(1/z) / z
    function _checkInnerProduct(ContributionProof calldata proof, uint256 z, uint256 zInverse) private pure {
        uint256[6] calldata e = proof.evaluations;
        uint256 left = addmod(mulmod(e[0], e[3], P), mulmod(e[2], e[1], P), P);
        uint256 right = addmod(proof.innerProduct, proof.innerProduct, P);
        right = addmod(right, mulmod(z, e[4], P), P);
        right = addmod(right, mulmod(zInverse, e[5], P), P);
        if (left != right) revert InnerProductMismatch();
    }

    /// @param differenceInverse 1 / (z - 1/z)
    function _opening(
        Statement calldata statement,
        ContributionProof calldata proof,
        Challenges memory challenges,
        uint256 zInverse,
        uint256 differenceInverse
    ) private view returns (Opening memory opening) {
        G1Point memory sum = opening.combined;
        _addCommitments(sum, statement, proof, challenges);
        (uint256 slope, uint256 offset) = _remainder(proof, challenges, differenceInverse);
        uint256 negatedRho = P - challenges.rho;
        Bn254.addMul(sum, _tau1X, _tau1Y, mulmod(slope, negatedRho, P));
        Bn254.addMul(sum, 1, 2, mulmod(offset, negatedRho, P));
        G1Point calldata quotient = proof.quotient;
        Bn254.addMul(opening.negatedQuotient, quotient.x, quotient.y, negatedRho);
        opening.combined = Bn254.add(sum, opening.negatedQuotient);
        uint256 factor = mulmod(challenges.rho, addmod(challenges.z, zInverse, P), P);
        Bn254.addMul(opening.quotientTimesSum, quotient.x, quotient.y, factor);
    }

    /// @dev Adds rho * C_F, C_F = sum of (alpha^i + gamma beta^i + gamma^3 w_i) C_i + gamma^2 C_S - gamma^3 C_A, over the
    /// rows of the rule's matrix; leading rows have no weight.
    /// The terms in gamma^3 commit to E = sum of w_i u_i - A, claimed to be zero at z and 1/z: that is what ties
    /// the aggregate to the weights, without a second sum over the commitments.
    function _addCommitments(
        G1Point memory sum,
        Statement calldata statement,
        ContributionProof calldata proof,
        Challenges memory challenges
    ) private view {
        uint256 rho = challenges.rho;
        uint256 gamma = challenges.gamma;
        uint256 alphaPower = rho;
        uint256 betaPower = mulmod(rho, gamma, P);
        uint256 gammaSquared = mulmod(betaPower, gamma, P);
        uint256 gammaCubed = mulmod(gammaSquared, gamma, P);
        uint256[16] memory weights = PackedWords.unpackWeights(statement.weights);
        uint256 head = _headRows();
        unchecked {
            for (uint256 row = 0; row < MAX_ROWS; row++) {
                // Of a rule with one leading row, the others are no rows of its matrix.
                if (row >= head && row < HEAD_ROWS) continue;
                G1Point calldata commitment = statement.commitments[row];
                (uint256 x, uint256 y) = (commitment.x, commitment.y);
                // A trainer that takes no part is infinity: nothing to add.
                if (x | y != 0) {
                    uint256 scalar = addmod(alphaPower, betaPower, P);
                    if (row >= HEAD_ROWS) {
                        scalar = addmod(scalar, mulmod(gammaCubed, weights[row - HEAD_ROWS], P), P);
                    }
                    Bn254.addMul(sum, x, y, scalar);
                }
                alphaPower = mulmod(alphaPower, challenges.alpha, P);
                betaPower = mulmod(betaPower, challenges.beta, P);
            }
        }
        Bn254.addMul(sum, proof.cross.x, proof.cross.y, gammaSquared);
        Bn254.addMul(sum, statement.aggregate.x, statement.aggregate.y, P - gammaCubed);
    }

    /// @dev r(X) = slope X + offset, the line through F's claimed values at z and 1/z.
    function _remainder(ContributionProof calldata proof, Challenges memory challenges, uint256 differenceInverse)
        private
        pure
        returns (uint256 slope, uint256 offset)
    {
        uint256[6] calldata e = proof.evaluations;
        uint256 gamma = challenges.gamma;
        uint256 gammaSquared = mulmod(gamma, gamma, P);
        uint256 atZ = addmod(addmod(e[0], mulmod(gamma, e[2], P), P), mulmod(gammaSquared, e[4], P), P);
        uint256 atInverse = addmod(addmod(e[1], mulmod(gamma, e[3], P), P), mulmod(gammaSquared, e[5], P), P);
        slope = mulmod(addmod(atZ, P - atInverse, P), differenceInverse, P);
        offset = addmod(atZ, P - mulmod(slope, challenges.z, P), P);
    }

    /// @dev rho times the opening equation plus the Groth16 equation, whose gamma is [1]2.
    function _checkPairings(
        Statement calldata statement,
        ContributionProof calldata proof,
        Challenges memory challenges,
        Opening memory opening
    ) private view {
        G1Point memory inputs = _combineInputs(
            [
                challenges.alpha,
                challenges.beta,
                proof.innerProduct,
                proof.gramHash,
                statement.weights[0],
                statement.weights[1],
                statement.shares[0],
                statement.shares[1],
                statement.shares[2]
            ]
        );
        uint256[36] memory input;
        uint256 pointer = _pointer(input);
        _setOpening(pointer, Bn254.add(opening.combined, inputs), opening);
        Bn254.setPair(pointer, 3, Bn254.negate(proof.groth16.a), proof.groth16.b);
        Bn254.setPair(pointer, 4, proof.groth16.c, _keyDelta2());
        Bn254.setPair(pointer, 5, _keyAlpha1(), _keyBeta2());
        Bn254.PairingResult result = Bn254.pairing(pointer, 6);
        if (result == Bn254.PairingResult.One) return;
        // Refused, whatever follows: only the reason is looked for, so its gas is of no interest.
        if (result == Bn254.PairingResult.InvalidInput) revert PointNotOnCurve();
        _checkAggregate(statement);
        _setOpening(pointer, opening.combined, opening);
        if (Bn254.pairing(pointer, 3) != Bn254.PairingResult.One) revert OpeningFailed();
        revert RuleProofFailed();
    }

    function _setOpening(uint256 pointer, G1Point memory combined, Opening memory opening) private view {
        Bn254.setPair(pointer, 0, combined, Bn254.generator2());
        Bn254.setPair(pointer, 1, opening.quotientTimesSum, _tau2());
        Bn254.setPair(pointer, 2, opening.negatedQuotient, _tauSquared2());
    }

    /// @dev Names a wrong C_A, which otherwise shows as a failed opening.
    function _checkAggregate(Statement calldata statement) private view {
        G1Point memory sum;
        uint256[16] memory weights = PackedWords.unpackWeights(statement.weights);
        for (uint256 i = 0; i < 16; i++) {
            G1Point calldata commitment = statement.commitments[HEAD_ROWS + i];
            Bn254.addMul(sum, commitment.x, commitment.y, weights[i]);
        }
        if (!Bn254.equal(sum, statement.aggregate)) revert WrongAggregate();
    }

    function _tau2() private view returns (G2Point memory) {
        return G2Point([_tau2X0, _tau2X1], [_tau2Y0, _tau2Y1]);
    }

    function _tauSquared2() private view returns (G2Point memory) {
        return G2Point([_tauSquared2X0, _tauSquared2X1], [_tauSquared2Y0, _tauSquared2Y1]);
    }

    function _pointer(uint256[12] memory words) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := words
        }
    }

    function _pointer(uint256[36] memory words) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := words
        }
    }
}
