// Which labels the records of a model have, by its kind.
//
//   binary   0 or 1                        logistic, fm with logistic loss, wide_deep, deepfm, dcn
//   classes  whole numbers below           softmax, mlp, cnn; library with a table as wide as
//            data.classes                  there are classes (dim 0)
//   any      finite numbers, or ignored    all others
//
// Pure functions.
#ifndef PACELINE_COMMON_SPEC_LABEL_KIND_H_
#define PACELINE_COMMON_SPEC_LABEL_KIND_H_

#include <cstdint>

#include "proto/job.pb.h"

namespace paceline {

enum class LabelKind { kAny, kBinary, kClasses };

// `model` has its defaults.
LabelKind LabelKindOf(const v1::ModelSpec& model);

// Sets data.classes to what limits labels when the data are read (0: nothing does): 2 of
// binary labels; of classes those that the job gives, else `found`, the classes of its
// training data (0: not known yet); of any labels what the job gives, never `found`.
void LimitLabels(const v1::ModelSpec& model, uint32_t found, v1::DataSpec* data);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_LABEL_KIND_H_
