#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/spec/rules.h"
#include "common/tables/cnn_tables.h"

namespace paceline::spec_rules {
namespace {

constexpr double kMaxTableBytes = 1099511627776.0;  // 1 TiB

// "FIELD: what is wrong" as a problem of FIELD.
Problem ToProblem(const absl::Status& status) {
  const std::string message(status.message());
  const size_t colon = message.find(": ");
  return colon == std::string::npos
             ? Complaint("model.cnn", message)
             : Complaint(message.substr(0, colon), message.substr(colon + 2));
}

bool OfModel(const Problem& problem) { return absl::StartsWith(problem.path, "model"); }

// All three say what an image is, or none.
bool HasShape(const v1::CnnSpec& cnn, std::vector<Problem>* problems) {
  const bool some = cnn.image_channels() != 0 || cnn.image_height() != 0 || cnn.image_width() != 0;
  const bool all = cnn.image_channels() != 0 && cnn.image_height() != 0 && cnn.image_width() != 0;
  if (some && !all) {
    problems->push_back(Expected("model.cnn",
                                 "image_channels, image_height and image_width, or none of them",
                                 absl::StrFormat("%d, %d and %d", cnn.image_channels(),
                                                 cnn.image_height(), cnn.image_width())));
  }
  return all;
}

// What the shape of the images alone decides.
void CheckShape(const v1::JobSpec& spec, bool shaped, std::vector<Problem>* problems) {
  const v1::ModelSpec& model = spec.model();
  const uint64_t given = spec.data().features();
  const uint64_t features = given != 0 ? given : SomeCnnFeatures(model.cnn());
  const uint32_t classes = spec.data().classes() == 0 ? 2 : spec.data().classes();
  const auto tables = CnnTables(model, features, classes);
  if (!tables.ok()) {
    problems->push_back(ToProblem(tables.status()));
    return;
  }
  if (given == 0 && !shaped) return;
  double bytes = 0;
  for (const auto& table : *tables) {
    bytes += sizeof(float) * static_cast<double>(table.rows()) * table.dim();
  }
  if (bytes > kMaxTableBytes) {
    problems->push_back(Expected("model", "tables of at most 1 TiB in all",
                                 absl::StrFormat("%.4g TiB", bytes / kMaxTableBytes)));
  }
}

}  // namespace

void CheckCnn(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const v1::ModelSpec& model = spec.model();
  if (model.kind() != v1::MODEL_KIND_CNN) {
    RefuseIf(model.has_cnn(), "model.cnn", "model.kind cnn", problems);
    return;
  }
  const v1::CnnSpec& cnn = model.cnn();
  if (model.table() == v1::TABLE_KIND_SPARSE) {
    problems->push_back(Expected("model.table", "dense (model.kind cnn)", "sparse"));
  }
  RefuseIf(cnn.dropout() != 0 && model.hidden_size() == 0, "model.cnn.dropout", "model.hidden",
           problems);
  if (cnn.conv_size() == 0 || cnn.conv_size() > kMaxConvBlocks) {
    problems->push_back(Expected("model.cnn.conv",
                                 absl::StrCat("a list of 1 to ", kMaxConvBlocks, " blocks"),
                                 cnn.conv_size() == 0 ? "none" : absl::StrCat(cnn.conv_size())));
    return;
  }
  for (int i = 0; i < cnn.conv_size(); ++i) {
    if (cnn.conv(i).channels() == 0) {
      problems->push_back(Expected(absl::StrCat("model.cnn.conv[", i, "].channels"),
                                   "a number of channels from 1 to 4096", "none"));
    }
  }
  const bool shaped = HasShape(cnn, problems);
  // Of numbers that are within their ranges.
  if (std::none_of(problems->begin(), problems->end(), OfModel)) {
    CheckShape(spec, shaped, problems);
  }
}

}  // namespace paceline::spec_rules
