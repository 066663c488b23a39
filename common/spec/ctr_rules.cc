// Click models: wide_deep, deepfm and dcn.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/spec/enum_names.h"
#include "common/spec/rules.h"
#include "common/tables/ctr_tables.h"

namespace paceline::spec_rules {
namespace {

constexpr double kMaxTableBytes = 1099511627776.0;  // 1 TiB

// Their records are by fields: only columns of categories make those.
void CheckFile(v1::ModelKind kind, const v1::DataFile& file, const std::string& path,
               std::vector<Problem>* problems) {
  if (file.format() == v1::DATA_FORMAT_UNSPECIFIED || file.format() == v1::DATA_FORMAT_CRITEO) {
    return;
  }
  const bool csv = file.format() == v1::DATA_FORMAT_CSV;
  if (csv && !file.categories().empty()) return;
  problems->push_back(
      Expected(absl::StrCat(path, ".format"),
               absl::StrCat("criteo, or csv with categories (model.kind ", EnumWord(kind), ")"),
               csv ? "csv without categories" : EnumWord(file.format())));
}

// What can be said before the columns of numbers of a csv file are known, which are few.
void CheckTables(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const absl::StatusOr<std::vector<v1::TableSpec>> tables =
      CtrTables(spec, SomeCtrFeatures(spec.data()));
  if (!tables.ok()) {
    problems->push_back(Complaint("model", std::string(tables.status().message())));
    return;
  }
  double bytes = 0;
  for (const v1::TableSpec& table : *tables) {
    bytes += sizeof(float) * static_cast<double>(table.rows()) * table.dim();
  }
  if (bytes > kMaxTableBytes) {
    problems->push_back(Expected("model", "tables of at most 1 TiB in all",
                                 absl::StrFormat("%.4g TiB", bytes / kMaxTableBytes)));
  }
}

}  // namespace

void CheckCtr(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const v1::ModelSpec& model = spec.model();
  RefuseIf(model.kind() != v1::MODEL_KIND_DCN && model.cross_layers() != 0, "model.cross_layers",
           "model.kind dcn", problems);
  if (!IsCtrModel(model.kind())) return;
  // Evaluation data have categories where training data have (CheckCategories).
  CheckFile(model.kind(), spec.data().train(), "data.train", problems);
  // Of numbers that are within their ranges.
  const auto of_tables = [](const Problem& problem) {
    return absl::StartsWith(problem.path, "model") || absl::StartsWith(problem.path, "data");
  };
  if (std::none_of(problems->begin(), problems->end(), of_tables)) CheckTables(spec, problems);
}

}  // namespace paceline::spec_rules
