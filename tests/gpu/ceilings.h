// What the machine can do at best, measured in the same run as the operators.
#ifndef PACELINE_TESTS_GPU_CEILINGS_H_
#define PACELINE_TESTS_GPU_CEILINGS_H_

#include "tests/gpu/gemm.h"
#include "tests/gpu/report.h"
#include "tests/gpu/timing.h"

namespace paceline::gpu::testing {

// The name of the figures of copies within the GPU: the ceiling of what moves bytes.
inline constexpr char kDeviceCopy[] = "device copy";

// Copies within the GPU (bytes are read and written: counted twice), from and to pinned
// host memory, and both ways at once.
void MeasureCopies(Timer& timer, cudaStream_t stream, Report* report);

// Square products of several sizes in each precision ("Gemm bf16"), then those of a
// network of 784-4096-4096-10 at batch 1024 and 8192 against the best square one. One
// that the GPU does not know is left out, and named.
void MeasureProducts(Timer& timer, Gemm& gemm, bool quick, Report* report);

}  // namespace paceline::gpu::testing

#endif  // PACELINE_TESTS_GPU_CEILINGS_H_
