pragma circom 2.1.6;

include "arithmetic.circom";
include "median.circom";

// The rule `reference-trust`, version 1: from each trainer's squared norm G_ii and its dot product G_0i with the
// reference, the weights of the aggregate and the shares of the reward.
//
// Caller: squaredNorm in [0, 2^62), clippedDot = max(0, G_0i) in [0, 2^62), n <= 2^logN.
//
// A trainer is present where its update is not zero. Absent ones have norm, clip and cosine 0 and get nothing.
// The rule divides by norms, by the median cosine q and by sums; wherever such a divisor may be 0 the rule's answer
// is the quotient by 1, so max(1, divisor) is divided by:
//   norm = 0       the numerators of clip and cosine are 0 too: 0
//   q = 0          floor(2^16 min(2 cosine, 1) / 1) is 2^16 where cosine > 0, else 0, as the rule says
//   sum = 0        so is every summand: 0
// floor(2^16 min(a, b) / b) is min(2^16, floor(2^16 a / b)): numerators stay small, quotients fit in 17 bits.
//
// Bit budget (all values are integers, far below p > 2^253):
//   norm < 2^31          root of a square below 2^62
//   clip <= 2^16         2^16 min(m, norm) < 2^47
//   cosine < 2^62        clippedDot < 2^62, divided by at least 1. (< 2^31 for a true Gram matrix, by
//                        Cauchy-Schwarz; the circuit does not rely on that.)
//   trust <= 2^16        2^16 min(2 cosine, q) < 2^16 2^62 = 2^78
//   t = trust clip <= 2^32; T = sum t <= 2^(32 + logN); 2^16 t <= 2^48
//   phi = clippedDot clip < 2^78; Phi = sum phi < 2^(78 + logN); 2^32 phi < 2^110
//   weight <= 2^16       since t <= T: 17 bits;     share <= 2^32, since phi <= Phi: 33 bits
template ReferenceTrust(n, logN) {
    signal input squaredNorm[n];
    signal input clippedDot[n];
    signal output weight[n];
    signal output share[n];

    assert(n <= (1 << logN));

    // Norms, and who is present.
    signal norm[n];
    signal isAbsent[n];
    signal isPresent[n];
    for (var i = 0; i < n; i++) {
        norm[i] <== Isqrt(31)(squaredNorm[i]);
        isAbsent[i] <== ZeroTest()(squaredNorm[i]);
        isPresent[i] <== 1 - isAbsent[i];
    }

    // clip = min(1, m / norm): scaled updates gain nothing.
    component medianNorm = LowerMedian(n, 31, logN + 1);
    medianNorm.present <== isPresent;
    medianNorm.values <== norm;
    signal limitedNorm[n];
    signal clip[n];
    for (var i = 0; i < n; i++) {
        limitedNorm[i] <== Min(31)(medianNorm.median, norm[i]);
        clip[i] <== FloorDiv(17, 31)((1 << 16) * limitedNorm[i], norm[i] + isAbsent[i]);
    }

    // cosine = dot / norm: the reference's norm is common to all and left out.
    signal presentDot[n];
    signal cosine[n];
    for (var i = 0; i < n; i++) {
        presentDot[i] <== isPresent[i] * clippedDot[i];
        cosine[i] <== FloorDiv(62, 31)(presentDot[i], norm[i] + isAbsent[i]);
    }

    // trust = min(1, 2 cosine / q): full from half the median upwards, fading to nothing below.
    component medianCosine = LowerMedian(n, 62, logN + 1);
    medianCosine.present <== isPresent;
    medianCosine.values <== cosine;
    signal medianIsZero <== ZeroTest()(medianCosine.median);
    signal q <== medianCosine.median + medianIsZero;
    signal limitedCosine[n];
    signal trust[n];
    for (var i = 0; i < n; i++) {
        limitedCosine[i] <== Min(63)(2 * cosine[i], q);
        trust[i] <== FloorDiv(17, 62)((1 << 16) * limitedCosine[i], q);
    }

    // Weights: the aggregate is sum_i weight_i u_i / 2^16.
    signal trustedClip[n];
    var trustedClipSum = 0;
    for (var i = 0; i < n; i++) {
        trustedClip[i] <== trust[i] * clip[i];
        trustedClipSum += trustedClip[i];
    }
    signal nothingIsTrusted <== ZeroTest()(trustedClipSum);
    signal weightDivisor <== trustedClipSum + nothingIsTrusted;
    for (var i = 0; i < n; i++) {
        weight[i] <== FloorDiv(17, 33 + logN)((1 << 16) * trustedClip[i], weightDivisor);
    }

    // Shares: the clipped update's first-order drop in validation loss, out of everybody's.
    signal contribution[n];
    var contributionSum = 0;
    for (var i = 0; i < n; i++) {
        contribution[i] <== clippedDot[i] * clip[i];
        contributionSum += contribution[i];
    }
    signal nothingContributed <== ZeroTest()(contributionSum);
    signal shareDivisor <== contributionSum + nothingContributed;
    for (var i = 0; i < n; i++) {
        share[i] <== FloorDiv(33, 78 + logN)((1 << 32) * contribution[i], shareDivisor);
    }
}
