#include "common/tables/lm_tables.h"

#include <cmath>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "common/status/status_macros.h"
#include "common/tables/table_parts.h"

namespace paceline {
namespace {

using Tables = std::vector<v1::TableSpec>;

absl::Status CheckSizes(const v1::LmSpec& lm) {
  PL_RETURN_IF_ERROR(Between("model.lm.context", lm.context(), 2, kMaxLmContext));
  PL_RETURN_IF_ERROR(Between("model.lm.layers", lm.layers(), 1, kMaxLmLayers));
  PL_RETURN_IF_ERROR(Between("model.lm.width", lm.width(), 2, kMaxLmWidth));
  PL_RETURN_IF_ERROR(Between("model.lm.heads", lm.heads(), 1, lm.width()));
  if (lm.width() % lm.heads() != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "model.lm.heads: a divisor of width (%d) expected, got %d", lm.width(), lm.heads()));
  }
  if (lm.positions() == v1::POSITIONS_ROTARY && lm.width() / lm.heads() % 2 != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "model.lm.heads: heads of an even width expected (positions rotary), got %d of width %d",
        lm.heads(), lm.width() / lm.heads()));
  }
  return absl::OkStatus();
}

void AddBias(const std::string& name, uint32_t dim, Tables* tables) {
  tables->push_back(DenseTable(absl::StrCat(name, "/bias"), 1, dim));
  tables->back().set_no_decay(true);
}

void AddNorm(const std::string& name, uint32_t width, Tables* tables) {
  AddBias(name, width, tables);
  tables->push_back(DenseTable(absl::StrCat(name, "/gain"), 1, width));
  tables->back().set_no_decay(true);
  tables->back().mutable_initializer()->set_kind(v1::INITIALIZER_KIND_CONSTANT);
  tables->back().mutable_initializer()->set_scale(1);
}

// Bias and weight of a linear layer.
void AddLinear(const std::string& name, uint32_t inputs, uint32_t outputs,
               const v1::InitializerSpec& initializer, Tables* tables) {
  AddBias(name, outputs, tables);
  tables->push_back(DenseTable(absl::StrCat(name, "/weight"), inputs, outputs, initializer));
}

}  // namespace

absl::StatusOr<Tables> LmTables(const v1::ModelSpec& model) {
  const v1::LmSpec& lm = model.lm();
  PL_RETURN_IF_ERROR(CheckSizes(lm));
  const uint32_t width = lm.width();
  const v1::InitializerSpec& weights = model.initializer();
  v1::InitializerSpec residual = weights;
  if (weights.kind() == v1::INITIALIZER_KIND_NORMAL ||
      weights.kind() == v1::INITIALIZER_KIND_UNIFORM) {
    residual.set_scale(weights.scale() / std::sqrt(2 * static_cast<float>(lm.layers())));
  }

  Tables tables;
  const int digits = static_cast<int>(absl::StrCat(lm.layers() - 1).size());
  for (uint32_t layer = 0; layer < lm.layers(); ++layer) {
    const std::string block = absl::StrFormat("block%0*d", digits, layer);
    AddNorm(block + "/attention/norm", width, &tables);
    AddLinear(block + "/attention/out", width, width, residual, &tables);
    AddLinear(block + "/attention/qkv", width, 3 * width, weights, &tables);
    AddLinear(block + "/mlp/down", 4 * width, width, residual, &tables);
    AddNorm(block + "/mlp/norm", width, &tables);
    AddLinear(block + "/mlp/up", width, 4 * width, weights, &tables);
  }
  tables.push_back(DenseTable("embedding/bytes", 256, width));
  *tables.back().mutable_initializer() = weights;
  if (lm.positions() == v1::POSITIONS_LEARNED) {
    tables.push_back(DenseTable("embedding/positions", lm.context(), width));
    *tables.back().mutable_initializer() = weights;
  }
  AddNorm("norm", width, &tables);
  return tables;
}

}  // namespace paceline
