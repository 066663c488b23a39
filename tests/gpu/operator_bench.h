// The rates of the operators, against the GPU's own copies.
#ifndef PACELINE_TESTS_GPU_OPERATOR_BENCH_H_
#define PACELINE_TESTS_GPU_OPERATOR_BENCH_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "tests/gpu/device_memory.h"
#include "tests/gpu/report.h"
#include "tests/gpu/timing.h"
#include "worker/gpu/ops/testing/trial.h"

namespace paceline::gpu::testing {

// Measures calls of operators and adds them to a report, with cold caches.
class OperatorBench {
 public:
  OperatorBench(Timer& timer, DeviceMemory& memory, Report* report)
      : timer_(timer), memory_(memory), report_(report) {}

  // Ends the program if the call fails.
  void Measure(const std::string& name, const std::string& size, double bytes,
               const std::function<Launched()>& call);

  // `run` draws inputs, allocates and measures; then all buffers are freed.
  void Group(const std::function<void(Trial&)>& run);

 private:
  Timer& timer_;
  DeviceMemory& memory_;
  Report* report_;
};

// Operators on matrices: the layers of 784-4096-4096-10, softmax of 10 to 100000 classes.
void MeasureDense(OperatorBench& bench, bool quick);
// Operators on sparse batches: tables of 1 and 16 columns, 39 entries per record.
void MeasureSparse(OperatorBench& bench, bool quick);
// Operators of click models: 26 fields and 13 numbers a record.
void MeasureFields(OperatorBench& bench, bool quick);
// Operators on ratings: 100000 users, 20000 items, 8 and 64 factors.
void MeasureMf(OperatorBench& bench, bool quick);
// Operators on records in clusters.
void MeasureKMeans(OperatorBench& bench, bool quick);

// Operators of a language model: windows of 512 bytes, widths of 512 and 1024.
void MeasureTransformer(OperatorBench& bench, bool quick);
// Operators on images: blocks of a convolutional network.
void MeasureImages(OperatorBench& bench, bool quick);

}  // namespace paceline::gpu::testing

#endif  // PACELINE_TESTS_GPU_OPERATOR_BENCH_H_
