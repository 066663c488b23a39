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
#include "common/tables/cnn_tables.h"
#include "common/tables/ctr_tables.h"
#include "common/tables/library_tables.h"
#include "common/tables/lm_tables.h"
#include "common/tables/sharding.h"
#include "common/tables/table_parts.h"

namespace paceline {
namespace {

using Tables = std::vector<v1::TableSpec>;

// Largest feature count: a dense table of it is within the limits of sharding.
constexpr uint64_t kMaxFeatures = kMaxRows;

// A table with a row per feature, or per key, of kind `kind`.
v1::TableSpec Keyed(v1::TableKind kind, std::string name, uint64_t rows, uint32_t dim) {
  return KeyedTable(kind, DenseTable(std::move(name), rows, dim));
}

v1::TableSpec Bias(std::string name, uint32_t dim) {
  v1::TableSpec table = DenseTable(std::move(name), 1, dim);
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
                                : DenseTable(name, inputs, units));
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

absl::StatusOr<Tables> Mf(const v1::ModelSpec& model, uint64_t features) {
  PL_RETURN_IF_ERROR(Between("model.factors", model.factors(), 1, kMaxFactors));
  v1::TableSpec item = Keyed(model.table(), "mf/item", features, model.factors());
  v1::TableSpec user = Keyed(model.table(), "mf/user", features, model.factors());
  *item.mutable_initializer() = model.initializer();
  *user.mutable_initializer() = model.initializer();
  return Tables{Bias("mf/bias", 1), std::move(item),
                Keyed(model.table(), "mf/item_bias", features, 1), std::move(user),
                Keyed(model.table(), "mf/user_bias", features, 1)};
}

absl::StatusOr<Tables> KMeans(const v1::ModelSpec& model, uint64_t features) {
  PL_RETURN_IF_ERROR(Between("model.clusters", model.clusters(), 2, kMaxClusters));
  PL_RETURN_IF_ERROR(Between("number of features (kmeans)", features, 1, kMaxDim - 1));
  return Tables{DenseTable("kmeans/sums", model.clusters(), static_cast<uint32_t>(features) + 1)};
}

absl::StatusOr<Tables> Layers(const v1::ModelSpec& model) {
  const int count = model.layer_sizes_size();
  PL_RETURN_IF_ERROR(Between("model.layer_sizes: number of layers", count, 1, kMaxLayers));
  Tables tables;
  for (int layer = 0; layer < count; ++layer) {
    PL_RETURN_IF_ERROR(Between(absl::StrCat("model.layer_sizes[", layer, "]"),
                               model.layer_sizes(layer), 1, kMaxRows));
    tables.push_back(
        DenseTable(Numbered("layer", layer, count, "/values"), model.layer_sizes(layer), 1));
    *tables.back().mutable_initializer() = model.initializer();
  }
  return tables;
}

absl::StatusOr<Tables> TablesOf(const v1::JobSpec& spec, uint64_t features, uint32_t classes) {
  const v1::ModelSpec& model = spec.model();
  const std::string kind = v1::ModelKind_Name(model.kind());
  switch (model.kind()) {
    case v1::MODEL_KIND_COUNTING:
      PL_RETURN_IF_ERROR(Between("model.rows", model.rows(), 1, kMaxRows));
      return Tables{Keyed(model.table(), "counting/values", model.rows(), model.dim())};
    case v1::MODEL_KIND_LAYERS:
      return Layers(model);
    case v1::MODEL_KIND_LM:
      return LmTables(model);
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
    case v1::MODEL_KIND_CNN:
      PL_RETURN_IF_ERROR(Between("number of classes", classes, 2, kMaxClasses));
      return CnnTables(model, features, classes);
    case v1::MODEL_KIND_MF:
      return Mf(model, features);
    case v1::MODEL_KIND_KMEANS:
      return KMeans(model, features);
    case v1::MODEL_KIND_WIDE_DEEP:
    case v1::MODEL_KIND_DEEPFM:
    case v1::MODEL_KIND_DCN:
      return CtrTables(spec, features);
    case v1::MODEL_KIND_LIBRARY:
      return LibraryTables(model, features, classes);
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("model.kind: linear, logistic, softmax, mlp, fm, cnn, lm, mf, kmeans, "
                       "wide_deep, deepfm, dcn, counting, layers or library expected, got ",
                       kind.empty() ? absl::StrCat(model.kind()) : kind));
  }
}

// Whether a table of TablesOf has an update rule of its own, beside those that descend: such
// values are not rounded.
bool IsExact(const v1::TableSpec& table) {
  return table.optimizer().kind() == v1::OPTIMIZER_KIND_ADD;
}

// How a table travels, as `path` of the spec says.
std::optional<CodecProblem> SetCodecs(const v1::CompressionSpec& compression,
                                      const std::string& path, v1::Codec push, v1::Codec pull,
                                      v1::TableSpec* table) {
  if (IsExact(*table) && (push != v1::CODEC_FLOAT32 || pull != v1::CODEC_FLOAT32)) {
    return CodecProblem{absl::StrCat(path, push != v1::CODEC_FLOAT32 ? ".push" : ".pull"),
                        absl::StrCat("float32 expected for ", table->name(),
                                     ", which is a statistic, not a weight")};
  }
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
    const bool exact = IsExact((*tables)[t]);
    auto problem =
        SetCodecs(compression, "compression", exact ? v1::CODEC_FLOAT32 : compression.push(),
                  exact ? v1::CODEC_FLOAT32 : compression.pull(), &(*tables)[t]);
    if (problem.has_value()) return problem;
  }
  return std::nullopt;
}

// Names and kinds of tables do not depend on sizes that the data have.
absl::StatusOr<Tables> TablesOfAnyData(const v1::JobSpec& spec) {
  uint64_t features = 1;
  if (spec.model().kind() == v1::MODEL_KIND_CNN) features = SomeCnnFeatures(spec.model().cnn());
  if (IsCtrModel(spec.model().kind())) features = SomeCtrFeatures(spec.data());
  return TablesOf(spec, features, /*classes=*/2);
}

}  // namespace

absl::StatusOr<Tables> ModelTables(const v1::JobSpec& spec, uint64_t features, uint32_t classes) {
  PL_ASSIGN_OR_RETURN(Tables tables, TablesOf(spec, features, classes));
  if (const auto problem = SetAllCodecs(spec.compression(), &tables); problem.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(problem->field, ": ", problem->message));
  }
  for (v1::TableSpec& table : tables) {
    if (spec.model().kind() == v1::MODEL_KIND_COUNTING) {
      table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADD);
    } else if (!table.has_optimizer()) {
      const bool own = table.kind() == v1::TABLE_KIND_SPARSE && spec.train().has_sparse_optimizer();
      *table.mutable_optimizer() = own ? spec.train().sparse_optimizer() : spec.train().optimizer();
    }
    PL_RETURN_IF_ERROR(ValidateTable(table));
  }
  if (spec.model().has_sparse()) {
    if (const auto problem = SetSparseLimits(spec.model().sparse(), &tables); problem.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(problem->field, ": ", problem->message));
    }
  }
  return tables;
}

std::optional<SparseProblem> FindSparseProblem(const v1::JobSpec& spec) {
  absl::StatusOr<Tables> tables = TablesOfAnyData(spec);
  if (!tables.ok()) return std::nullopt;
  return SetSparseLimits(spec.model().sparse(), &*tables);
}

std::optional<CodecProblem> FindCodecProblem(const v1::JobSpec& spec) {
  absl::StatusOr<Tables> tables = TablesOfAnyData(spec);
  if (!tables.ok()) return std::nullopt;
  return SetAllCodecs(spec.compression(), &*tables);
}

}  // namespace paceline
