#include "worker/gpu/ops/reference/fields.h"

namespace paceline::gpu::reference {

Doubles EmbedFields(const Fields& records, uint32_t k, uint32_t number_count, const Floats& factors,
                    const Floats& numbers) {
  Doubles x;
  for (uint64_t i = 0; i < records.n; ++i) {
    for (uint64_t f = 0; f < records.fields; ++f) {
      const uint64_t row = records.rows[i * records.fields + f];
      for (uint64_t j = 0; j < k; ++j) x.push_back(factors[row * k + j]);
    }
    for (uint64_t m = 0; m < number_count; ++m) x.push_back(numbers[i * number_count + m]);
  }
  return x;
}

Doubles FieldSums(const Fields& records, const Floats& weights, const Floats& z) {
  Doubles sums(z.begin(), z.end());
  for (uint64_t i = 0; i < records.rows.size(); ++i) {
    sums[i / records.fields] += weights[records.rows[i]];
  }
  return sums;
}

Doubles FieldGradient(const Fields& records, uint32_t k, uint32_t stride, uint32_t step,
                      uint64_t row_count, const Floats& gradient, float factor) {
  Doubles out(row_count * k);
  for (uint64_t i = 0; i < records.n; ++i) {
    for (uint64_t f = 0; f < records.fields; ++f) {
      const uint64_t row = records.rows[i * records.fields + f];
      for (uint64_t j = 0; j < k; ++j) {
        out[row * k + j] += double{factor} * gradient[i * stride + f * step + j];
      }
    }
  }
  return out;
}

Interaction FieldProducts(uint64_t n, uint32_t fields, uint32_t k, uint32_t stride, const Floats& x,
                          const Floats& z) {
  Interaction result{Doubles(n * k), Doubles(z.begin(), z.end())};
  for (uint64_t i = 0; i < n; ++i) {
    const float* const record = x.data() + i * stride;
    for (uint64_t f = 0; f < fields; ++f) {
      for (uint64_t j = 0; j < k; ++j) {
        const double value = record[f * k + j];
        result.sums[i * k + j] += value;
        for (uint64_t g = f + 1; g < fields; ++g) result.z[i] += value * record[g * k + j];
      }
    }
  }
  return result;
}

Doubles FieldProductsGradient(uint64_t n, uint32_t fields, uint32_t k, uint32_t stride,
                              const Floats& z_gradient, const Floats& sums, const Floats& x,
                              const Floats& x_gradient) {
  Doubles result(x_gradient.begin(), x_gradient.end());
  for (uint64_t i = 0; i < n; ++i) {
    for (uint64_t c = 0; c < uint64_t{fields} * k; ++c) {
      const uint64_t at = i * stride + c;
      result[at] += double{z_gradient[i]} * (double{sums[i * k + c % k]} - x[at]);
    }
  }
  return result;
}

Crossed CrossLayer(uint64_t n, uint64_t width, const Floats& bias, const Floats& x,
                   const Floats& in, const Floats& u) {
  Crossed result;
  for (uint64_t i = 0; i < n * width; ++i) {
    result.u.push_back(double{u[i]} + bias[i % width]);
    result.out.push_back(x[i] * result.u.back() + in[i]);
  }
  return result;
}

CrossedGradient CrossLayerGradient(bool first, const Floats& gradient, const Floats& x,
                                   const Floats& u, const Floats& x_gradient) {
  CrossedGradient result;
  for (uint64_t i = 0; i < gradient.size(); ++i) {
    result.u_gradient.push_back(double{gradient[i]} * x[i]);
    result.x_gradient.push_back(x_gradient[i] + double{gradient[i]} * (u[i] + (first ? 1.0 : 0.0)));
  }
  return result;
}

}  // namespace paceline::gpu::reference
