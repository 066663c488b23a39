#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/spec/enum_names.h"
#include "common/spec/rules.h"

namespace paceline::spec_rules {
namespace {

void CheckShape(const v1::LmSpec& lm, std::vector<Problem>* problems) {
  if (lm.heads() == 0 || lm.width() % lm.heads() != 0) {
    problems->push_back(Expected("model.lm.heads",
                                 absl::StrCat("a divisor of model.lm.width (", lm.width(), ")"),
                                 absl::StrCat(lm.heads())));
  } else if (lm.positions() == v1::POSITIONS_ROTARY && lm.width() / lm.heads() % 2 != 0) {
    problems->push_back(Expected("model.lm.heads",
                                 "heads of an even width (model.lm.positions rotary)",
                                 absl::StrCat(lm.heads(), " of width ", lm.width() / lm.heads())));
  }
}

// Bytes are read by language models, and nothing else is.
void CheckFormat(const v1::DataFile& file, const std::string& path, bool is_lm,
                 std::vector<Problem>* problems) {
  if (file.format() == v1::DATA_FORMAT_UNSPECIFIED) return;
  const bool text = file.format() == v1::DATA_FORMAT_TEXT;
  RefuseIf(text && !is_lm, absl::StrCat(path, ".format"), "model.kind lm", problems);
  if (is_lm && !text) {
    problems->push_back(
        Expected(absl::StrCat(path, ".format"), "text (model.kind lm)", EnumWord(file.format())));
  }
}

}  // namespace

void CheckLm(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const v1::ModelSpec& model = spec.model();
  const v1::DataSpec& data = spec.data();
  const bool is_lm = model.kind() == v1::MODEL_KIND_LM;
  if (data.has_train()) CheckFormat(data.train(), "data.train", is_lm, problems);
  if (data.has_eval()) CheckFormat(data.eval(), "data.eval", is_lm, problems);
  RefuseIf(!is_lm && model.has_lm(), "model.lm", "model.kind lm", problems);
  if (!is_lm) return;
  CheckShape(model.lm(), problems);
  if (model.table() == v1::TABLE_KIND_SPARSE) {
    problems->push_back(Expected("model.table", "dense (model.kind lm)", "sparse"));
  }
  // CheckData asks for them.
  if (!spec.has_data()) return;
  if (data.scale() != 1) {
    problems->push_back(
        Expected("data.scale", "1 (bytes are not scaled)", absl::StrCat(data.scale())));
  }
  const uint64_t window = uint64_t{model.lm().context()} + 1;
  if (data.features() != window) {
    problems->push_back(Expected(
        "data.features", absl::StrCat("model.lm.context + 1, that is ", window, ", or none"),
        absl::StrCat(data.features())));
  }
}

}  // namespace paceline::spec_rules
