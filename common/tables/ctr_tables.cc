#include "common/tables/ctr_tables.h"

#include <algorithm>
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

constexpr uint32_t kCriteoNumbers = 13;
constexpr uint32_t kCriteoCategories = 26;
constexpr uint32_t kMaxFactors = 1024;
constexpr uint32_t kMaxUnits = 65536;
constexpr int kMaxHidden = 64;

v1::InitializerSpec Initializer(v1::InitializerKind kind) {
  v1::InitializerSpec initializer;
  initializer.set_kind(kind);
  return initializer;
}

// Bias and weight of `prefix` `number` of `count`, padded so that names are in order.
void AddLayer(absl::string_view prefix, int number, int count, uint64_t inputs, uint32_t units,
              v1::InitializerKind initializer, Tables* tables) {
  const int digits = static_cast<int>(absl::StrCat(count - 1).size());
  const std::string name = absl::StrFormat("%s%0*d", prefix, digits, number);
  tables->push_back(DenseTable(name + "/bias", 1, units, Initializer(v1::INITIALIZER_KIND_ZEROS)));
  tables->back().set_no_decay(true);
  tables->push_back(DenseTable(name + "/weight", inputs, units, Initializer(initializer)));
}

absl::Status AddDeepPart(const v1::ModelSpec& model, uint64_t inputs, Tables* tables) {
  const int hidden = model.hidden_size();
  PL_RETURN_IF_ERROR(Between("model.hidden: number of layers", hidden, 1, kMaxHidden));
  const v1::InitializerKind initializer = model.activation() == v1::ACTIVATION_RELU
                                              ? v1::INITIALIZER_KIND_HE
                                              : v1::INITIALIZER_KIND_XAVIER;
  for (int layer = 0; layer <= hidden; ++layer) {
    const uint32_t units = layer < hidden ? model.hidden(layer) : 1;
    PL_RETURN_IF_ERROR(Between(absl::StrCat("model.hidden[", layer, "]"), units, 1, kMaxUnits));
    AddLayer("layer", layer, hidden + 1, inputs, units, initializer, tables);
    inputs = units;
  }
  return absl::OkStatus();
}

absl::string_view NameOf(v1::ModelKind kind) {
  switch (kind) {
    case v1::MODEL_KIND_WIDE_DEEP:
      return "wide_deep";
    case v1::MODEL_KIND_DEEPFM:
      return "deepfm";
    default:
      return "dcn";
  }
}

uint32_t CategoriesOf(const v1::DataSpec& data) {
  return data.train().format() == v1::DATA_FORMAT_CRITEO
             ? kCriteoCategories
             : static_cast<uint32_t>(data.train().categories_size());
}

}  // namespace

bool IsCtrModel(v1::ModelKind kind) {
  return kind == v1::MODEL_KIND_WIDE_DEEP || kind == v1::MODEL_KIND_DEEPFM ||
         kind == v1::MODEL_KIND_DCN;
}

uint64_t SomeCtrFeatures(const v1::DataSpec& data) {
  if (data.features() != 0) return data.features();
  const bool criteo = data.train().format() == v1::DATA_FORMAT_CRITEO;
  return data.hash_buckets() + (criteo ? kCriteoNumbers : 1);
}

absl::StatusOr<CtrShape> CtrShapeOf(const v1::JobSpec& spec, uint64_t features) {
  const v1::DataSpec& data = spec.data();
  const uint32_t categories = CategoriesOf(data);
  if (categories == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.train: columns of categories expected (model.kind ",
                     NameOf(spec.model().kind()), "), got none"));
  }
  PL_RETURN_IF_ERROR(Between("model.factors", spec.model().factors(), 1, kMaxFactors));
  PL_RETURN_IF_ERROR(Between("number of features", features, data.hash_buckets(),
                             data.hash_buckets() + kMaxCtrInputs));
  const uint32_t fields = categories + static_cast<uint32_t>(data.crosses_size());
  const CtrShape shape = {
      .fields = fields,
      .embedded = spec.model().kind() == v1::MODEL_KIND_WIDE_DEEP ? categories : fields,
      .numbers = static_cast<uint32_t>(features - data.hash_buckets()),
      .factors = spec.model().factors()};
  PL_RETURN_IF_ERROR(
      Between("values of the embedded fields and numbers", shape.inputs(), 1, kMaxCtrInputs));
  return shape;
}

absl::StatusOr<Tables> CtrTables(const v1::JobSpec& spec, uint64_t features) {
  const v1::ModelSpec& model = spec.model();
  PL_ASSIGN_OR_RETURN(const CtrShape shape, CtrShapeOf(spec, features));
  const std::string kind(NameOf(model.kind()));
  const uint64_t buckets = spec.data().hash_buckets();
  const auto inputs = static_cast<uint32_t>(shape.inputs());
  Tables tables;
  tables.push_back(KeyedTable(
      model.table(), DenseTable(kind + "/factors", buckets, shape.factors, model.initializer())));
  if (model.kind() == v1::MODEL_KIND_DCN) {
    const auto layers = static_cast<int>(model.cross_layers());
    PL_RETURN_IF_ERROR(Between("model.cross_layers", model.cross_layers(), 1, kMaxCrossLayers));
    for (int layer = 0; layer < layers; ++layer) {
      AddLayer("cross", layer, layers, inputs, inputs, v1::INITIALIZER_KIND_XAVIER, &tables);
    }
    tables.push_back(DenseTable("dcn/output", inputs, 1, Initializer(v1::INITIALIZER_KIND_XAVIER)));
  } else {
    const v1::InitializerSpec zeros = Initializer(v1::INITIALIZER_KIND_ZEROS);
    tables.push_back(KeyedTable(model.table(), DenseTable(kind + "/weight", buckets, 1, zeros)));
    if (shape.numbers > 0) tables.push_back(DenseTable(kind + "/numbers", shape.numbers, 1, zeros));
  }
  PL_RETURN_IF_ERROR(AddDeepPart(model, inputs, &tables));
  std::sort(tables.begin(), tables.end(),
            [](const v1::TableSpec& a, const v1::TableSpec& b) { return a.name() < b.name(); });
  return tables;
}

}  // namespace paceline
