#include "cli/weights/exported_rows.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/check.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

std::string ShapeText(DType dtype, const std::vector<uint64_t>& shape) {
  return absl::StrCat(DTypeName(dtype), " [", absl::StrJoin(shape, ", "), "]");
}

absl::StatusOr<const TensorInfo*> Find(const std::string& path, const SafetensorsReader& file,
                                       const std::string& name) {
  const TensorInfo* tensor = file.Find(name);
  if (tensor != nullptr) return tensor;
  return absl::InvalidArgumentError(absl::StrCat(path, ": table ", name, " is missing"));
}

absl::Status CheckShape(const std::string& path, const TensorSpec& got, DType dtype,
                        const std::vector<uint64_t>& shape) {
  if (got.dtype == dtype && got.shape == shape) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(path, ": table ", got.name, ": ",
                                                 ShapeText(dtype, shape), " expected, got ",
                                                 ShapeText(got.dtype, got.shape)));
}

absl::StatusOr<std::vector<uint64_t>> ReadKeys(const std::string& path,
                                               const SafetensorsReader& file,
                                               const TensorInfo& tensor) {
  const uint64_t count = tensor.spec.shape.size() == 1 ? tensor.spec.shape[0] : 0;
  PL_RETURN_IF_ERROR(CheckShape(path, tensor.spec, DType::kU64, {count}));
  std::vector<uint64_t> keys(count);
  PL_RETURN_IF_ERROR(
      file.Read(tensor, 0, {reinterpret_cast<char*>(keys.data()), count * sizeof(uint64_t)}));
  const auto wrong = std::adjacent_find(keys.begin(), keys.end(), std::greater_equal<>());
  if (wrong == keys.end()) return keys;
  return absl::DataLossError(absl::StrCat(path, ": ", tensor.spec.name, ": a key greater than ",
                                          *wrong, " expected, got ", *(wrong + 1)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ExportedRows>> ExportedRows::Open(const std::string& path,
                                                                 const SafetensorsReader* file,
                                                                 std::vector<v1::TableSpec> tables,
                                                                 uint64_t seed) {
  std::vector<Table> found;
  for (v1::TableSpec& spec : tables) {
    Table& table = found.emplace_back();
    table.spec = std::move(spec);
    const std::string& name = table.spec.name();
    const uint64_t dim = table.spec.dim();
    if (table.spec.kind() == v1::TABLE_KIND_DENSE) {
      PL_ASSIGN_OR_RETURN(table.rows, Find(path, *file, name));
      PL_RETURN_IF_ERROR(CheckShape(path, table.rows->spec, DType::kF32, {table.spec.rows(), dim}));
      continue;
    }
    PL_ASSIGN_OR_RETURN(const TensorInfo* keys, Find(path, *file, name + ".keys"));
    PL_ASSIGN_OR_RETURN(table.keys, ReadKeys(path, *file, *keys));
    PL_ASSIGN_OR_RETURN(table.rows, Find(path, *file, name + ".rows"));
    PL_RETURN_IF_ERROR(CheckShape(path, table.rows->spec, DType::kF32, {table.keys.size(), dim}));
    PL_ASSIGN_OR_RETURN(table.initializer, server::Initializer::Create(table.spec, seed));
  }
  return std::unique_ptr<ExportedRows>(new ExportedRows(file, std::move(found)));
}

absl::StatusOr<worker::Parameters> ExportedRows::Dense() const {
  worker::Parameters parameters(tables_.size());
  for (size_t t = 0; t < tables_.size(); ++t) {
    const v1::TableSpec& spec = tables_[t].spec;
    if (spec.kind() != v1::TABLE_KIND_DENSE) continue;
    parameters[t].rows.resize(spec.rows() * spec.dim());
    PL_RETURN_IF_ERROR(ReadRows(tables_[t], 0, spec.rows(), parameters[t].rows.data()));
  }
  return parameters;
}

absl::Status ExportedRows::ReadSparse(std::vector<std::vector<uint64_t>> keys,
                                      worker::Parameters* parameters) const {
  PL_CHECK_EQ(keys.size(), tables_.size());
  PL_CHECK_EQ(parameters->size(), tables_.size());
  for (size_t t = 0; t < tables_.size(); ++t) {
    if (tables_[t].spec.kind() == v1::TABLE_KIND_DENSE) continue;
    (*parameters)[t].keys = std::move(keys[t]);
    PL_RETURN_IF_ERROR(FillRows(tables_[t], &(*parameters)[t]));
  }
  return absl::OkStatus();
}

absl::Status ExportedRows::FillRows(const Table& table, worker::TableRows* rows) const {
  const uint64_t dim = table.spec.dim();
  const std::vector<uint64_t>& wanted = rows->keys;
  rows->rows.resize(wanted.size() * dim);
  auto place = table.keys.begin();
  for (size_t i = 0; i < wanted.size();) {
    float* out = rows->rows.data() + i * dim;
    place = std::lower_bound(place, table.keys.end(), wanted[i]);
    // Keys that lie side by side in the file are read at once.
    size_t run = 0;
    while (i + run < wanted.size() && place + run != table.keys.end() &&
           place[run] == wanted[i + run]) {
      ++run;
    }
    if (run == 0) {
      table.initializer->Fill(wanted[i], out);
      ++i;
      continue;
    }
    PL_RETURN_IF_ERROR(ReadRows(table, place - table.keys.begin(), run, out));
    i += run;
    place += run;
  }
  return absl::OkStatus();
}

absl::Status ExportedRows::ReadRows(const Table& table, uint64_t first, uint64_t count,
                                    float* out) const {
  const uint64_t row_bytes = table.spec.dim() * sizeof(float);
  return file_->Read(*table.rows, first * row_bytes,
                     {reinterpret_cast<char*>(out), count * row_bytes});
}

}  // namespace paceline::cli
