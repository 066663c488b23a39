// What a click model's deep part gets of a record: the vectors of its embedded fields, one
// behind the other, then its numbers; and the products of these vectors, as in a factorization
// machine (Guo et al., "DeepFM", IJCAI 2017).
//
// Sums run in the order of records, then of fields. Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MODELS_CTR_EMBEDDED_INPUT_H_
#define PACELINE_WORKER_CORE_MODELS_CTR_EMBEDDED_INPUT_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "common/tables/ctr_tables.h"
#include "worker/core/model.h"
#include "worker/core/models/ctr/field_rows.h"

namespace paceline::worker {

// x [n, shape.inputs()] of the batch; `rows` were found in `factors`.
void GatherInput(const CtrShape& shape, const Batch& batch, const FieldRows& rows,
                 const TableRows& factors, std::vector<float>* x);

// gradient, with the keys and shape of `factors`: of each vector, the sum of what
// x_gradient [n, shape.inputs()] has where it stood in x.
void ScatterInputGradient(const CtrShape& shape, const FieldRows& rows, const TableRows& factors,
                          absl::Span<const float> x_gradient, TableRows* gradient);

// z [n] += sum over pairs of fields f < g of <v_f, v_g>, v the vectors in x. Writes their sums
// over the fields to `sums` [n, factors].
void AddProducts(const CtrShape& shape, absl::Span<const float> x, std::vector<float>* sums,
                 absl::Span<float> z);

// Adds their gradient to that of x: z_gradient * (sum - v_f) for each vector.
void AddProductsGradient(const CtrShape& shape, absl::Span<const float> x,
                         absl::Span<const float> sums, absl::Span<const float> z_gradient,
                         absl::Span<float> x_gradient);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CTR_EMBEDDED_INPUT_H_
