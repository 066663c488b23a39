#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/spec/enum_names.h"
#include "common/spec/rules.h"

namespace paceline::spec_rules {
namespace {

constexpr size_t kMaxPathBytes = 4096;

void CheckPath(const std::string& path, const std::string& value, std::vector<Problem>* problems) {
  if (value.empty()) {
    problems->push_back(Expected(path, "a path", "none"));
  } else if (value.size() > kMaxPathBytes || absl::StrContains(value, '\0')) {
    problems->push_back(
        Expected(path, absl::StrCat("a path of at most ", kMaxPathBytes, " bytes"), value));
  } else if (value.front() != '/') {
    problems->push_back(Expected(path, "an absolute path", value));
  }
}

void CheckFile(const v1::DataFile& file, const std::string& path, std::vector<Problem>* problems) {
  CheckPath(absl::StrCat(path, ".path"), file.path(), problems);
  if (file.format() == v1::DATA_FORMAT_UNSPECIFIED) {
    problems->push_back(Expected(absl::StrCat(path, ".format"),
                                 absl::StrJoin(EnumWords(*v1::DataFormat_descriptor()), " | "),
                                 "none"));
    return;
  }
  const bool idx = file.format() == v1::DATA_FORMAT_IDX;
  if (idx) {
    CheckPath(absl::StrCat(path, ".labels"), file.labels(), problems);
  }
  RefuseIf(!idx && !file.labels().empty(), absl::StrCat(path, ".labels"), "format idx", problems);
  CheckFormat(file, path, problems);
}

// Ratings are what mf learns from, and whatever a library makes of them.
void CheckRatings(v1::ModelKind kind, const v1::DataFile& file, const std::string& path,
                  std::vector<Problem>* problems) {
  if (file.format() == v1::DATA_FORMAT_UNSPECIFIED) return;
  const bool ratings = file.format() == v1::DATA_FORMAT_RATINGS;
  const bool mf = kind == v1::MODEL_KIND_MF;
  if (mf && !ratings) {
    problems->push_back(Expected(absl::StrCat(path, ".format"), "ratings (model.kind mf)",
                                 EnumWord(file.format())));
  }
  RefuseIf(ratings && !mf && kind != v1::MODEL_KIND_LIBRARY, absl::StrCat(path, ".format ratings"),
           "model.kind mf or library", problems);
}

}  // namespace

void CheckData(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const v1::ModelKind kind = spec.model().kind();
  const v1::DataSpec& data = spec.data();
  if (!spec.checkpoint().dir().empty()) {
    CheckPath("checkpoint.dir", spec.checkpoint().dir(), problems);
  }
  if (IsDataless(kind)) {
    RefuseIf(data.has_train() || data.has_eval(), "data",
             absl::StrCat("a model that trains on data, not with ", EnumWord(kind)), problems);
    return;
  }
  if (!data.has_train()) {
    problems->push_back(Expected("data.train", "the data to train on", "none"));
  } else {
    CheckFile(data.train(), "data.train", problems);
  }
  if (data.has_eval()) {
    CheckFile(data.eval(), "data.eval", problems);
  }
  CheckRatings(kind, data.train(), "data.train", problems);
  CheckRatings(kind, data.eval(), "data.eval", problems);
  CheckCategories(data, problems);
  if (data.has_eval() && data.holdout() != 0) {
    problems->push_back(Complaint(
        "data.holdout", "data.eval and data.holdout are both given; one of them expected"));
  }
  if (data.has_scale() && data.scale() == 0) {
    problems->push_back(Expected("data.scale", "a number other than 0", "0"));
  }
  const bool classes = kind == v1::MODEL_KIND_SOFTMAX || kind == v1::MODEL_KIND_MLP ||
                       kind == v1::MODEL_KIND_CNN || kind == v1::MODEL_KIND_LIBRARY;
  RefuseIf(!classes && data.classes() != 0, "data.classes",
           "model.kind softmax, mlp, cnn or library", problems);
  RefuseIf(data.on_bad_record() != v1::BAD_RECORD_POLICY_SKIP && data.has_max_bad_records(),
           "data.max_bad_records", "data.on_bad_record skip", problems);
  RefuseIf(data.has_shuffle() && !data.shuffle() && data.shuffle_block() != 0, "data.shuffle_block",
           "data.shuffle true", problems);
}

}  // namespace paceline::spec_rules
