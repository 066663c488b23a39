// Layer norm: each row gets mean 0 and variance 1, then a gain and a bias by column
// (Ba, Kiros and Hinton, 2016).
//
//   normal = (x - mean(x)) / sqrt(var(x) + 1e-5);  y = gain * normal + bias
//
// Matrices are row-major [rows, width]. At one SIMD level the result is a function of the
// values and the shape alone.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MODELS_LM_LAYER_NORM_H_
#define PACELINE_WORKER_CORE_MODELS_LM_LAYER_NORM_H_

#include <cstdint>

namespace paceline::worker {

// Writes normal and y [rows, width] and inverse_deviations [rows]; the backward pass needs
// normal and inverse_deviations.
void LayerNorm(uint64_t rows, uint64_t width, const float* x, const float* gain, const float* bias,
               float* normal, float* inverse_deviations, float* y);

// From dy, the gradient of y: adds the gradients of x, of gain and of bias to dx
// [rows, width], dgain and dbias [width], row by row.
void LayerNormGradient(uint64_t rows, uint64_t width, const float* dy, const float* normal,
                       const float* inverse_deviations, const float* gain, float* dx, float* dgain,
                       float* dbias);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LM_LAYER_NORM_H_
