// Mathematical functions whose results are the same on every machine: sums, products and
// quotients alone, which IEEE 754 fixes, and moving of exponents, which is exact. What
// generators write depends on no mathematical library.
//
// Thread-safe: pure functions.
#ifndef PACELINE_CLI_DATAGEN_PORTABLE_MATH_H_
#define PACELINE_CLI_DATAGEN_PORTABLE_MATH_H_

namespace paceline::cli {

// Natural logarithm of a finite x above 0; relative error below 1e-14 (near 1: absolute).
double PortableLog(double x);

// e^x, relative error below 1e-14; x is taken as at least -700 and at most 700.
double PortableExp(double x);

// 1 / (1 + e^-x).
double PortableSigmoid(double x);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DATAGEN_PORTABLE_MATH_H_
