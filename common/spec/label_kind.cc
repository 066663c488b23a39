#include "common/spec/label_kind.h"

#include <algorithm>

#include "common/spec/eval_metrics.h"

namespace paceline {

LabelKind LabelKindOf(const v1::ModelSpec& model) {
  switch (AnswerOf(model)) {
    case ModelAnswer::kProbability:
      return LabelKind::kBinary;
    case ModelAnswer::kClasses:
      return LabelKind::kClasses;
    case ModelAnswer::kAsPredicted: {
      const auto& tables = model.library().tables();
      const bool classes = std::any_of(tables.begin(), tables.end(),
                                       [](const auto& table) { return table.dim() == 0; });
      return classes ? LabelKind::kClasses : LabelKind::kAny;
    }
    default:
      return LabelKind::kAny;
  }
}

void LimitLabels(const v1::ModelSpec& model, uint32_t found, v1::DataSpec* data) {
  switch (LabelKindOf(model)) {
    case LabelKind::kBinary:
      data->set_classes(2);
      return;
    case LabelKind::kClasses:
      if (data->classes() == 0) data->set_classes(found);
      return;
    case LabelKind::kAny:
      return;
  }
}

}  // namespace paceline
