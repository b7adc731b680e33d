pragma circom 2.1.6;

include "arithmetic.circom";
include "median.circom";
include "projection.circom";
include "signed.circom";

// The rule `reference-projection`, version 3: from the trainers' Gram matrix, their dot products with three groups of
// references and with the novelty row, and the coefficients that the prover gives, the weights of the aggregate and
// the shares of the reward.
//
// Caller: gram symmetric, |gram| <= 2^53, 0 <= gram_ii; groupDot in [-2^49, 2^49); clippedNovelty = max(0, G_3i) in
// [0, 2^49); n <= 2^logN.
//
// Target k is the sum of the two groups other than k. An update is present if its squared norm is at least 2^16, and
// eligible if it is present and its dot product with every target is positive. What is not gets no coefficient
// (Projection), so no pay and no weight. If a divisor may be 0, the rule's answer for 0 is the quotient by 1.
//
// Bit budget (all values are integers, far below p > 2^253):
//   norm < 2^27            root of a square below 2^53
//   clip <= 2^16           2^16 min(m, norm) < 2^43
//   |t| < 2^51, |b| <= 2^50    three and two dot products
//   cosine < 2^24          t / norm; below 2^22 for up to 15 references of norm 2^18; other matrices may be refused
//   beta = min(3 b, 4 q norm) < 2^53, in thirds
//   X < 2^67               InRange in Projection
//   phi = min_k X beta < 2^120
//   gate <= 2^8            256 min(6 novelty, t) < 2^60
//   pay = phi gate^4 < 2^152; sum < 2^(152 + logN); 2^32 pay < 2^184
//   length = floor(norm (X_0 + X_1 + X_2) / 2^48): the product is below 2^27 3 2^67 < 2^96
//   fading <= 2^16         2^16 min(length, Q) < 2^64
//   mass = fading clip <= 2^32; sum <= 2^(32 + logN); 2^16 mass <= 2^48
//   weight <= 2^16: 17 bits;  share <= 2^32: 33 bits
template ReferenceProjection(n, logN) {
    signal input gram[n][n];
    signal input groupDot[3][n];
    signal input clippedNovelty[n];
    signal input coefficient[3][n];
    signal output weight[n];
    signal output share[n];

    assert(n <= (1 << logN));

    // Norms, and who is present.
    signal norm[n];
    signal isPresent[n];
    signal presentNorm[n];
    signal normDivisor[n];
    component isSmall[n];
    for (var i = 0; i < n; i++) {
        norm[i] <== Isqrt(27)(gram[i][i]);
        isSmall[i] = LessThan(53);
        isSmall[i].in[0] <== gram[i][i];
        isSmall[i].in[1] <== 1 << 16;
        isPresent[i] <== 1 - isSmall[i].out;
        presentNorm[i] <== isPresent[i] * norm[i];
        normDivisor[i] <== presentNorm[i] + isSmall[i].out;
    }

    // clip = min(1, m / norm): scaled updates gain no weight.
    component medianNorm = LowerMedian(n, 27, logN + 1);
    medianNorm.present <== isPresent;
    medianNorm.values <== norm;
    signal limitedNorm[n];
    signal clip[n];
    for (var i = 0; i < n; i++) {
        limitedNorm[i] <== Min(27)(medianNorm.median, presentNorm[i]);
        clip[i] <== FloorDiv(17, 27)((1 << 16) * limitedNorm[i], normDivisor[i]);
    }

    // Who is eligible: b >= 1 for all three targets.
    signal isPositive[3][n];
    signal positiveInTwo[n];
    signal positiveInAll[n];
    signal eligible[n];
    for (var i = 0; i < n; i++) {
        for (var k = 0; k < 3; k++) {
            isPositive[k][i] <== SignedInRange(52)(groupDot[(k + 1) % 3][i] + groupDot[(k + 2) % 3][i] - 1);
        }
        positiveInTwo[i] <== isPositive[0][i] * isPositive[1][i];
        positiveInAll[i] <== positiveInTwo[i] * isPositive[2][i];
        eligible[i] <== isPresent[i] * positiveInAll[i];
    }

    // cosine = t / norm, t the dot product with all references, and the cap at twice the median.
    signal eligibleDot[n];
    signal cosine[n];
    for (var i = 0; i < n; i++) {
        eligibleDot[i] <== eligible[i] * (groupDot[0][i] + groupDot[1][i] + groupDot[2][i]);
        cosine[i] <== FloorDiv(24, 27)(eligibleDot[i], normDivisor[i]);
    }
    component medianCosine = LowerMedian(n, 24, logN + 1);
    medianCosine.present <== eligible;
    medianCosine.values <== cosine;
    signal cap[n];
    signal eligibleGroupDot[3][n];
    signal cappedDot[3][n];
    for (var i = 0; i < n; i++) {
        cap[i] <== 4 * medianCosine.median * norm[i];
        for (var k = 0; k < 3; k++) {
            eligibleGroupDot[k][i] <== eligible[i] * groupDot[k][i];
        }
        for (var k = 0; k < 3; k++) {
            cappedDot[k][i] <== Min(53)(3 * (eligibleDot[i] - eligibleGroupDot[k][i]), cap[i]);
        }
    }

    // The projections, and the smallest of what they give.
    component projection[3];
    signal explained[3][n];
    signal smallerOfTwo[n];
    signal smallest[n];
    for (var k = 0; k < 3; k++) {
        projection[k] = Projection(n, logN, 27, 53, 67, 114);
        projection[k].gram <== gram;
        projection[k].dot <== cappedDot[k];
        projection[k].norm <== norm;
        projection[k].eligible <== eligible;
        projection[k].coefficient <== coefficient[k];
        for (var i = 0; i < n; i++) {
            explained[k][i] <== coefficient[k][i] * cappedDot[k][i];
        }
    }
    for (var i = 0; i < n; i++) {
        smallerOfTwo[i] <== Min(120)(explained[0][i], explained[1][i]);
        smallest[i] <== Min(120)(smallerOfTwo[i], explained[2][i]);
    }

    // gate = min(1, 6 novelty / t)^4: who points along public vectors only is not paid.
    signal limitedNovelty[n];
    signal gate[n];
    signal gateSquare[n];
    signal gatePower[n];
    signal pay[n];
    var paySum = 0;
    for (var i = 0; i < n; i++) {
        limitedNovelty[i] <== Min(52)(6 * clippedNovelty[i], eligibleDot[i]);
        gate[i] <== FloorDiv(9, 51)(256 * limitedNovelty[i], eligibleDot[i] + 1 - eligible[i]);
        gateSquare[i] <== gate[i] * gate[i];
        gatePower[i] <== gateSquare[i] * gateSquare[i];
        pay[i] <== smallest[i] * gatePower[i];
        paySum += pay[i];
    }
    signal nothingIsPaid <== ZeroTest()(paySum);
    signal shareDivisor <== paySum + nothingIsPaid;
    for (var i = 0; i < n; i++) {
        share[i] <== FloorDiv(33, 152 + logN)((1 << 32) * pay[i], shareDivisor);
    }

    // Weights: lengths of the projections, flattened at their median, times the clip.
    signal normTimesX[n];
    signal length[n];
    for (var i = 0; i < n; i++) {
        normTimesX[i] <== norm[i] * (coefficient[0][i] + coefficient[1][i] + coefficient[2][i]);
        length[i] <== ShiftRight(96, 48)(normTimesX[i]);
    }
    component medianLength = LowerMedian(n, 48, logN + 1);
    medianLength.present <== isPresent;
    medianLength.values <== length;
    signal medianIsZero <== ZeroTest()(medianLength.median);
    signal fullLength <== medianLength.median + medianIsZero;
    signal limitedLength[n];
    signal fading[n];
    signal mass[n];
    var massSum = 0;
    for (var i = 0; i < n; i++) {
        limitedLength[i] <== Min(48)(length[i], fullLength);
        fading[i] <== FloorDiv(17, 48)((1 << 16) * limitedLength[i], fullLength);
        mass[i] <== fading[i] * clip[i];
        massSum += mass[i];
    }
    signal nothingHasMass <== ZeroTest()(massSum);
    signal weightDivisor <== massSum + nothingHasMass;
    for (var i = 0; i < n; i++) {
        weight[i] <== FloorDiv(17, 33 + logN)((1 << 16) * mass[i], weightDivisor);
    }
}
