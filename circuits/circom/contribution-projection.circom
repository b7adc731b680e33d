pragma circom 2.1.6;

include "arithmetic.circom";
include "gram.circom";
include "reference-projection.circom";
include "signed.circom";

// One round's proof of contribution by the rule `reference-projection`: "I know a Gram matrix with this hash and this
// random bilinear form, and by the rule it gives these weights and these shares."
//
// As Contribution (contribution.circom), with the same public inputs in the same order, but the matrix has four head
// rows (three groups of references, the novelty) before the trainers', and the prover gives the coefficients of three
// projections, which the circuit checks by their optimality conditions.
//
// Entries with a head row are signed 50-bit integers, entries of two trainers signed 54-bit ones; the hash and the
// bilinear form are those of gram.circom for rows 0..n + 3.
//
// NOTE what the circuit does not enforce: that the matrix is a Gram matrix at all (the Gram argument does), that
// alpha and beta are the transcript's (the verifier supplies them), that an entry is above -2^49 or -2^53: these values
// are let through; and, within the tolerance of rounding, which coefficients are taken.
template ContributionByProjection(n, logN) {
    // Public, in this order. innerProduct is c of the Gram argument, gramHash is h.
    signal input alpha;
    signal input beta;
    signal input innerProduct;
    signal input gramHash;
    signal input weightWords[(n + 13) \ 14];
    signal input shareWords[(n + 6) \ 7];

    // Private: the upper triangle, by rows, absent trainers having zero rows; and 2^48 times the coefficients of each
    // projection.
    var last = n + 3;
    signal input gram[triangleSize(last)];
    signal input coefficient[3][n];

    // 1. The matrix.
    component headEntry[4 * (n + 4) - 6];
    component entry[n * (n + 1) \ 2];
    component hash = GramHash(last);
    var heads = 0;
    var others = 0;
    signal isNonNegative[triangleSize(last)];
    for (var i = 0; i <= last; i++) {
        for (var j = i; j <= last; j++) {
            var k = triangleIndex(last, i, j);
            if (i < 4) {
                headEntry[heads] = SignedInRange(50);
                headEntry[heads].value <== gram[k];
                isNonNegative[k] <== headEntry[heads].isNonNegative;
                heads++;
            } else {
                entry[others] = SignedInRange(54);
                entry[others].value <== gram[k];
                isNonNegative[k] <== entry[others].isNonNegative;
                others++;
            }
            hash.shifted[k] <== gram[k] + (1 << 62);
            if (i == j) {
                isNonNegative[k] === 1;
            }
        }
    }
    gramHash === hash.out;

    component form = BilinearForm(last);
    form.alpha <== alpha;
    form.beta <== beta;
    form.gram <== gram;
    innerProduct === form.out;

    // 2. The rule.
    component rule = ReferenceProjection(n, logN);
    for (var i = 0; i < n; i++) {
        for (var j = 0; j < n; j++) {
            rule.gram[i][j] <== gram[triangleIndex(last, 4 + i, 4 + j)];
        }
        for (var k = 0; k < 3; k++) {
            rule.groupDot[k][i] <== gram[triangleIndex(last, k, 4 + i)];
            rule.coefficient[k][i] <== coefficient[k][i];
        }
        var novelty = triangleIndex(last, 3, 4 + i);
        rule.clippedNovelty[i] <== isNonNegative[novelty] * gram[novelty];
    }

    // 3. The public words.
    component packedWeights = Packed(n, 17, 14);
    packedWeights.values <== rule.weight;
    packedWeights.words === weightWords;
    component packedShares = Packed(n, 33, 7);
    packedShares.values <== rule.share;
    packedShares.words === shareWords;
}
