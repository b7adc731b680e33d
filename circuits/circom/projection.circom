pragma circom 2.1.6;

include "arithmetic.circom";

// `coefficient` is, up to rounding, the non-negative combination of the eligible vectors that is nearest to a target:
// 2^48 times the one minimiser over a >= 0 of
//
//     a'(G + diag(G) / 256) a / 2 - dot'a          (a_i = 0 if vector i is not eligible).
//
// The problem is strictly convex, so only the minimum meets the optimality conditions: they are all that is checked. With
//
//     s_i = 256 sum_j G_ij X_j + G_ii X_i - 256 2^48 dot_i         (2^48 256 times the derivative)
//
// they are: X_i >= 0 and s_i >= 0, and s_i = 0 if X_i > 0. X is rounded to integers, which moves s_i by at most
// (256 sum_j |G_ij| + G_ii) / 2 <= 128.5 (r_i + 1) sum_j (r_j + 1), as |G_ij| <= |u_i| |u_j| and |u_i| < r_i + 1: so
// an honest prover always meets the conditions within tolerance_i = 129 (r_i + 1) sum_j (r_j + 1).
//
// NOTE: a prover may choose among the X within the tolerance. By strong convexity they differ by little: README, "What a
// prover may choose", says by how much, and what it can do to a share.
//
// Caller: gram symmetric, |gram| <= 2^(2 rootBits - 1), gram_ii >= 0; dot in [0, 2^dotBits); eligible is 0 or 1;
// norm in [0, 2^rootBits).
//
// Bit budget: |sum| < 2^9 2^logN 2^(2 rootBits - 1) 2^xBits + 2^8 2^48 2^dotBits < 2^135 for n = 64: no equation wraps
// around p. For vectors of integers, s_i <= 2^56 r_i |target| fits sBits by Cauchy and Schwarz; a matrix that no
// vectors have may be refused here.
template Projection(n, logN, rootBits, dotBits, xBits, sBits) {
    signal input gram[n][n];
    signal input dot[n];
    signal input norm[n];
    signal input eligible[n];
    signal input coefficient[n];

    assert(9 + logN + 2 * rootBits - 1 + xBits < 200 && 56 + dotBits < 200 && sBits < 200);
    // 2 tolerance_i <= 258 2^rootBits n 2^rootBits.
    var toleranceBits = 9 + logN + 2 * rootBits;

    var reach = 0;
    for (var j = 0; j < n; j++) {
        reach += norm[j] + 1;
    }

    signal product[n][n];
    signal isZero[n];
    signal tolerance[n];
    signal slack[n];
    signal positiveSlack[n];
    for (var i = 0; i < n; i++) {
        InRange(xBits)(coefficient[i]);
        (1 - eligible[i]) * coefficient[i] === 0;

        var sum = 0;
        for (var j = 0; j < n; j++) {
            product[i][j] <== gram[i][j] * coefficient[j];
            sum += 256 * product[i][j];
        }
        sum += product[i][i] - 256 * (1 << 48) * dot[i];

        tolerance[i] <== 129 * (norm[i] + 1) * reach;
        slack[i] <== eligible[i] * sum;
        InRange(sBits)(slack[i] + tolerance[i]);
        isZero[i] <== ZeroTest()(coefficient[i]);
        positiveSlack[i] <== (1 - isZero[i]) * slack[i];
        InRange(toleranceBits)(tolerance[i] - positiveSlack[i]);
    }
}
