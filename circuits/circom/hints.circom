pragma circom 2.1.6;

// Values that the prover computes and the circuit then checks.
//
// NOTE: nothing in this file constrains anything. Every function here is called on the right of a `<--`,
// and the template that calls it proves the result. A prover may replace this whole file: the test
// "lying hints" does, and every lie must break a constraint.

// floor(sqrt(x)) for x < 2^62, by fixing the root's bits from the highest.
function floorSqrt(x) {
    var root = 0;
    for (var bit = 30; bit >= 0; bit--) {
        var candidate = root + (1 << bit);
        if (candidate * candidate <= x) {
            root = candidate;
        }
    }
    return root;
}

// floor(numerator / divisor).
function floorQuotient(numerator, divisor) {
    return numerator \ divisor;
}

// 1 / x in the field, and 0 for 0.
function inverseOrZero(x) {
    return x == 0 ? 0 : 1 / x;
}

// The lower median of values[i] over the rows with present[i] == 1; 0 without any.
function lowerMedianOf(n, present, values) {
    var count = 0;
    for (var i = 0; i < n; i++) {
        count += present[i];
    }
    var median = 0;
    for (var i = 0; i < n; i++) {
        var below = 0;
        var notAbove = 0;
        for (var j = 0; j < n; j++) {
            if (present[j] == 1 && values[j] < values[i]) {
                below++;
            }
            if (present[j] == 1 && values[j] <= values[i]) {
                notAbove++;
            }
        }
        if (present[i] == 1 && 2 * below < count && 2 * notAbove >= count) {
            median = values[i];
        }
    }
    return median;
}
