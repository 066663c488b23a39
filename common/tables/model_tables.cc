#include "common/tables/model_tables.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/status/status_macros.h"
#include "common/tables/sharding.h"

namespace paceline {
namespace {

using Tables = std::vector<v1::TableSpec>;

// Largest feature count: a dense table of it is within the limits of sharding.
constexpr uint64_t kMaxFeatures = kMaxRows;

absl::Status Between(absl::string_view field, uint64_t value, uint64_t low, uint64_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %d to %d expected, got %d", field, low, high, value));
}

v1::TableSpec Dense(std::string name, uint64_t rows, uint32_t dim) {
  v1::TableSpec table;
  table.set_name(std::move(name));
  table.set_kind(v1::TABLE_KIND_DENSE);
  table.set_rows(rows);
  table.set_dim(dim);
  table.set_fan_in(static_cast<uint32_t>(std::min<uint64_t>(rows, UINT32_MAX)));
  table.set_fan_out(dim);
  table.mutable_initializer()->set_kind(v1::INITIALIZER_KIND_ZEROS);
  return table;
}

// A table with a row per feature, or per key, of kind `kind`.
v1::TableSpec Keyed(v1::TableKind kind, std::string name, uint64_t rows, uint32_t dim) {
  v1::TableSpec table = Dense(std::move(name), rows, dim);
  if (kind == v1::TABLE_KIND_SPARSE) {
    table.set_kind(kind);
    table.clear_rows();
  }
  return table;
}

v1::TableSpec Bias(std::string name, uint32_t dim) {
  v1::TableSpec table = Dense(std::move(name), 1, dim);
  table.set_no_decay(true);
  return table;
}

// The name's number, padded so that the names of `count` of them are in order.
std::string Numbered(absl::string_view prefix, int number, int count, absl::string_view suffix) {
  const int digits = static_cast<int>(absl::StrCat(count - 1).size());
  return absl::StrFormat("%s%0*d%s", prefix, digits, number, suffix);
}

Tables OneLayer(const v1::ModelSpec& model, absl::string_view kind, uint64_t features,
                uint32_t outputs) {
  v1::TableSpec weight = Keyed(model.table(), absl::StrCat(kind, "/weight"), features, outputs);
  *weight.mutable_initializer() = model.initializer();
  return {Bias(absl::StrCat(kind, "/bias"), outputs), std::move(weight)};
}

absl::StatusOr<Tables> Mlp(const v1::ModelSpec& model, uint64_t features, uint32_t classes) {
  const int hidden = model.hidden_size();
  PL_RETURN_IF_ERROR(Between("model.hidden: number of layers", hidden, 1, kMaxHiddenLayers));
  Tables tables;
  uint64_t inputs = features;
  for (int layer = 0; layer <= hidden; ++layer) {
    if (layer < hidden) {
      PL_RETURN_IF_ERROR(
          Between(absl::StrCat("model.hidden[", layer, "]"), model.hidden(layer), 1, kMaxUnits));
    }
    const uint32_t units = layer < hidden ? model.hidden(layer) : classes;
    tables.push_back(Bias(Numbered("layer", layer, hidden + 1, "/bias"), units));
    const std::string name = Numbered("layer", layer, hidden + 1, "/weight");
    tables.push_back(layer == 0 ? Keyed(model.table(), name, inputs, units)
                                : Dense(name, inputs, units));
    *tables.back().mutable_initializer() = model.initializer();
    inputs = units;
  }
  return tables;
}

absl::StatusOr<Tables> Fm(const v1::ModelSpec& model, uint64_t features) {
  PL_RETURN_IF_ERROR(Between("model.factors", model.factors(), 1, kMaxFactors));
  v1::TableSpec factors = Keyed(model.table(), "fm/factors", features, model.factors());
  *factors.mutable_initializer() = model.initializer();
  return Tables{Bias("fm/bias", 1), std::move(factors),
                Keyed(model.table(), "fm/weight", features, 1)};
}

absl::StatusOr<Tables> Layers(const v1::ModelSpec& model) {
  const int count = model.layer_sizes_size();
  PL_RETURN_IF_ERROR(Between("model.layer_sizes: number of layers", count, 1, kMaxLayers));
  Tables tables;
  for (int layer = 0; layer < count; ++layer) {
    PL_RETURN_IF_ERROR(Between(absl::StrCat("model.layer_sizes[", layer, "]"),
                               model.layer_sizes(layer), 1, kMaxRows));
    tables.push_back(
        Dense(Numbered("layer", layer, count, "/values"), model.layer_sizes(layer), 1));
    *tables.back().mutable_initializer() = model.initializer();
  }
  return tables;
}

absl::StatusOr<Tables> TablesOf(const v1::ModelSpec& model, uint64_t features, uint32_t classes) {
  const std::string kind = v1::ModelKind_Name(model.kind());
  switch (model.kind()) {
    case v1::MODEL_KIND_COUNTING:
      PL_RETURN_IF_ERROR(Between("model.rows", model.rows(), 1, kMaxRows));
      return Tables{Keyed(model.table(), "counting/values", model.rows(), model.dim())};
    case v1::MODEL_KIND_LAYERS:
      return Layers(model);
    default:
      break;
  }
  PL_RETURN_IF_ERROR(Between("number of features", features, 1, kMaxFeatures));
  switch (model.kind()) {
    case v1::MODEL_KIND_LINEAR:
      return OneLayer(model, "linear", features, 1);
    case v1::MODEL_KIND_LOGISTIC:
      return OneLayer(model, "logistic", features, 1);
    case v1::MODEL_KIND_SOFTMAX:
      PL_RETURN_IF_ERROR(Between("number of classes", classes, 2, kMaxClasses));
      return OneLayer(model, "softmax", features, classes);
    case v1::MODEL_KIND_MLP:
      PL_RETURN_IF_ERROR(Between("number of classes", classes, 2, kMaxClasses));
      return Mlp(model, features, classes);
    case v1::MODEL_KIND_FM:
      return Fm(model, features);
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          "model.kind: linear, logistic, softmax, mlp, fm, counting or layers expected, got ",
          kind.empty() ? absl::StrCat(model.kind()) : kind));
  }
}

// How a table travels, as `path` of the spec says.
std::optional<CodecProblem> SetCodecs(const v1::CompressionSpec& compression,
                                      const std::string& path, v1::Codec push, v1::Codec pull,
                                      v1::TableSpec* table) {
  if (table->kind() == v1::TABLE_KIND_SPARSE) {
    const bool part = push == v1::CODEC_TOPK || push == v1::CODEC_ONEBIT;
    if (part || pull == v1::CODEC_DELTA) {
      return CodecProblem{
          absl::StrCat(path, part ? ".push" : ".pull"),
          absl::StrCat("float32, bf16, fp16 or int8 expected for ", table->name(),
                       ", which is sparse: topk, onebit and delta are for dense tables")};
    }
  }
  table->set_push_codec(push);
  table->set_pull_codec(pull);
  if (push == v1::CODEC_TOPK) {
    table->set_topk_ratio(compression.topk_ratio());
    table->set_topk_momentum(compression.topk_momentum());
  }
  return std::nullopt;
}

std::optional<CodecProblem> SetAllCodecs(const v1::CompressionSpec& compression, Tables* tables) {
  std::vector<bool> own_codecs(tables->size(), false);
  for (int i = 0; i < compression.tables_size(); ++i) {
    const v1::TableCompressionSpec& own = compression.tables(i);
    const auto named = std::find_if(tables->begin(), tables->end(),
                                    [&](const auto& table) { return table.name() == own.table(); });
    if (named == tables->end()) {
      const auto name = [](std::string* out, const v1::TableSpec& table) { *out += table.name(); };
      return CodecProblem{absl::StrCat("compression.tables[", i, "].table"),
                          absl::StrCat("one of ", absl::StrJoin(*tables, ", ", name),
                                       " expected, got ", own.table())};
    }
    own_codecs[named - tables->begin()] = true;
    auto problem = SetCodecs(compression, absl::StrCat("compression.tables[", i, "]"), own.push(),
                             own.pull(), &*named);
    if (problem.has_value()) return problem;
  }
  for (size_t t = 0; t < tables->size(); ++t) {
    if (own_codecs[t]) continue;
    auto problem = SetCodecs(compression, "compression", compression.push(), compression.pull(),
                             &(*tables)[t]);
    if (problem.has_value()) return problem;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<Tables> ModelTables(const v1::JobSpec& spec, uint64_t features, uint32_t classes) {
  PL_ASSIGN_OR_RETURN(Tables tables, TablesOf(spec.model(), features, classes));
  for (v1::TableSpec& table : tables) {
    if (spec.model().kind() == v1::MODEL_KIND_COUNTING) {
      table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADD);
    } else {
      *table.mutable_optimizer() = spec.train().optimizer();
    }
    PL_RETURN_IF_ERROR(ValidateTable(table));
  }
  if (const auto problem = SetAllCodecs(spec.compression(), &tables); problem.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(problem->field, ": ", problem->message));
  }
  return tables;
}

std::optional<CodecProblem> FindCodecProblem(const v1::JobSpec& spec) {
  // Names and kinds of tables do not depend on sizes that the data have.
  absl::StatusOr<Tables> tables = TablesOf(spec.model(), /*features=*/1, /*classes=*/2);
  if (!tables.ok()) return std::nullopt;
  return SetAllCodecs(spec.compression(), &*tables);
}

}  // namespace paceline
