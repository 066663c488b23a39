#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

double SumLosses(const Floats& losses) {
  double sum = 0;
  for (const float loss : losses) sum += loss;
  return sum;
}

}  // namespace paceline::gpu::reference
