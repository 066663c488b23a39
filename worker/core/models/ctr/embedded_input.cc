#include "worker/core/models/ctr/embedded_input.h"

#include <algorithm>

#include "worker/core/math/vector_kernels.h"

namespace paceline::worker {

void GatherInput(const CtrShape& shape, const Batch& batch, const FieldRows& rows,
                 const TableRows& factors, std::vector<float>* x) {
  const uint64_t k = shape.factors;
  x->resize(batch.size() * shape.inputs());
  auto out = x->begin();
  for (uint64_t i = 0; i < batch.size(); ++i) {
    for (const uint64_t row : rows.Of(i)) out = std::copy_n(&factors.rows[row * k], k, out);
    out = std::copy_n(batch.dense_values.data() + i * shape.numbers, shape.numbers, out);
  }
}

void ScatterInputGradient(const CtrShape& shape, const FieldRows& rows, const TableRows& factors,
                          absl::Span<const float> x_gradient, TableRows* gradient) {
  const uint64_t k = shape.factors;
  gradient->keys = factors.keys;
  gradient->rows.assign(factors.rows.size(), 0.0f);
  const absl::Span<float> sums = absl::MakeSpan(gradient->rows);
  const uint64_t n = x_gradient.size() / shape.inputs();
  for (uint64_t i = 0; i < n; ++i) {
    uint64_t at = i * shape.inputs();
    for (const uint64_t row : rows.Of(i)) {
      AddScaled(1, x_gradient.subspan(at, k), sums.subspan(row * k, k));
      at += k;
    }
  }
}

void AddProducts(const CtrShape& shape, absl::Span<const float> x, std::vector<float>* sums,
                 absl::Span<float> z) {
  const uint64_t k = shape.factors;
  sums->assign(z.size() * k, 0.0f);
  std::vector<float> squares(k);
  for (uint64_t i = 0; i < z.size(); ++i) {
    const absl::Span<float> sum = absl::MakeSpan(*sums).subspan(i * k, k);
    std::fill(squares.begin(), squares.end(), 0.0f);
    for (uint32_t field = 0; field < shape.embedded; ++field) {
      AddLatent(1, x.subspan(i * shape.inputs() + field * k, k), sum, absl::MakeSpan(squares));
    }
    float twice = 0;
    for (uint64_t f = 0; f < k; ++f) twice += sum[f] * sum[f] - squares[f];
    z[i] += 0.5f * twice;
  }
}

void AddProductsGradient(const CtrShape& shape, absl::Span<const float> x,
                         absl::Span<const float> sums, absl::Span<const float> z_gradient,
                         absl::Span<float> x_gradient) {
  const uint64_t k = shape.factors;
  for (uint64_t i = 0; i < z_gradient.size(); ++i) {
    for (uint32_t field = 0; field < shape.embedded; ++field) {
      const uint64_t at = i * shape.inputs() + field * k;
      AddLatentGradient(z_gradient[i], 1, x.subspan(at, k), sums.subspan(i * k, k),
                        x_gradient.subspan(at, k));
    }
  }
}

}  // namespace paceline::worker
