#include "worker/core/models/library/user_library.h"

#include <algorithm>
#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "common/spec/utf8.h"
#include "common/status/status_macros.h"
#include "common/tables/model_tables.h"

namespace paceline::worker {
namespace {

absl::Status Wrong(const std::string& file, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("model.library.file ", file, ": ", what));
}

// Where a library writes the text of an error.
class ErrorText {
 public:
  PacelineError* error() { return &error_; }

  absl::Status ToStatus(const std::string& file, absl::string_view doing) {
    text_.back() = '\0';
    const absl::string_view text = text_.data();
    if (text.empty()) return Wrong(file, absl::StrCat(doing, " failed and did not say why"));
    return Wrong(file, IsUtf8(text) ? std::string(text) : absl::CHexEscape(text));
  }

 private:
  std::array<char, 1024> text_ = {};
  PacelineError error_ = {.text = text_.data(), .capacity = text_.size()};
};

PacelineBatch ViewOf(const Batch& batch) {
  PacelineBatch view = {};
  view.struct_size = sizeof(view);
  view.form = batch.fields != 0 ? PACELINE_BATCH_FIELDS
              : batch.dense     ? PACELINE_BATCH_DENSE
                                : PACELINE_BATCH_SPARSE;
  view.fields = batch.fields;
  view.records = batch.size();
  view.columns = view.form == PACELINE_BATCH_SPARSE ? 0 : batch.features;
  view.entries = batch.indices.size();
  view.labels = batch.labels.data();
  view.offsets = batch.offsets.data();
  view.indices = batch.indices.data();
  view.values = batch.values.data();
  view.dense = batch.dense_values.data();
  view.iteration = batch.iteration;
  view.rank = batch.rank;
  return view;
}

std::vector<PacelineRows> ViewOf(const std::vector<v1::TableSpec>& tables,
                                 const Parameters& parameters) {
  std::vector<PacelineRows> views(tables.size());
  for (size_t t = 0; t < tables.size(); ++t) {
    const bool sparse = tables[t].kind() == v1::TABLE_KIND_SPARSE;
    // A table without keys has some address too: null says that it is dense.
    static constexpr uint64_t kNoKey = 0;
    const std::vector<uint64_t>& keys = parameters[t].keys;
    views[t] = {.count = sparse ? keys.size() : tables[t].rows(),
                .keys = !sparse        ? nullptr
                        : keys.empty() ? &kNoKey
                                       : keys.data(),
                .values = parameters[t].rows.data()};
  }
  return views;
}

// What a library says of its scores.
absl::Status ReadScores(const PacelineScores& scores, const std::string& file, ScoreKind* kind) {
  const auto wrong_width = [&](absl::string_view expected) {
    return Wrong(file, absl::StrCat("scores of width ", expected, " expected, got ", scores.width));
  };
  switch (scores.kind) {
    case PACELINE_SCORE_VALUE:
    case PACELINE_SCORE_PROBABILITY:
      *kind = scores.kind == PACELINE_SCORE_VALUE ? ScoreKind::kValue : ScoreKind::kProbability;
      return scores.width == 1 ? absl::OkStatus() : wrong_width("1");
    case PACELINE_SCORE_CLASSES:
      *kind = ScoreKind::kClasses;
      if (scores.width >= 2 && scores.width <= kMaxClasses) return absl::OkStatus();
      return wrong_width(absl::StrCat("2 to ", kMaxClasses));
    default:
      return Wrong(file, absl::StrCat("scores that are values (1), probabilities (2) or classes "
                                      "(3) expected, got kind ",
                                      scores.kind));
  }
}

}  // namespace

absl::Status CheckInterface(const PacelineModel* api, const std::string& file) {
  const auto wrong = [&](absl::string_view what) {
    return absl::FailedPreconditionError(absl::StrCat("model.library.file ", file, ": ", what));
  };
  if (api == nullptr) return wrong("its paceline_model returned nothing");
  if (api->major != PACELINE_MODEL_MAJOR || api->minor > PACELINE_MODEL_MINOR) {
    return wrong(absl::StrFormat(
        "was built for version %d.%d of the interface, this worker has %d.%d: build it with this "
        "release's paceline_model.h",
        api->major, api->minor, PACELINE_MODEL_MAJOR, PACELINE_MODEL_MINOR));
  }
  if (api->struct_size < sizeof(PacelineModel)) {
    return wrong(absl::StrCat("an interface of ", sizeof(PacelineModel), " bytes expected, got ",
                              api->struct_size));
  }
  if (api->create == nullptr || api->destroy == nullptr || api->keys == nullptr ||
      api->gradient == nullptr || api->predict == nullptr) {
    return wrong("create, destroy, keys, gradient and predict expected, got not all of them");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<UserLibrary>> UserLibrary::Create(
    const PacelineModel* api, const v1::JobSpec& spec, const std::vector<v1::TableSpec>& tables,
    uint64_t features, uint32_t classes) {
  const v1::LibrarySpec& library = spec.model().library();
  std::vector<PacelineTable> table_views;
  for (const v1::TableSpec& table : tables) {
    table_views.push_back({.name = table.name().c_str(),
                           .rows = table.rows(),
                           .dim = table.dim(),
                           .sparse = table.kind() == v1::TABLE_KIND_SPARSE ? 1u : 0u});
  }
  std::vector<PacelineOption> options;
  for (const v1::OptionSpec& option : library.options()) {
    options.push_back({.name = option.name().c_str(), .value = option.value().c_str()});
  }
  PacelineJob job = {};
  job.struct_size = sizeof(job);
  job.features = features;
  job.seed = spec.train().seed();
  job.classes = classes;
  job.table_count = static_cast<uint32_t>(tables.size());
  job.tables = table_views.data();
  job.option_count = options.size();
  job.options = options.data();

  PacelineScores scores = {};
  scores.struct_size = sizeof(scores);
  ErrorText error;
  void* const model = api->create(&job, &scores, error.error());
  if (model == nullptr) return error.ToStatus(library.file(), "making its model");
  std::unique_ptr<UserLibrary> made(new UserLibrary(api, library.file(), tables, features));
  made->model_ = model;
  made->width_ = scores.width;
  PL_RETURN_IF_ERROR(ReadScores(scores, library.file(), &made->score_kind_));
  return made;
}

void UserLibrary::Keys(const Batch& batch, uint32_t table, std::vector<uint64_t>* keys) const {
  keys->clear();
  const PacelineBatch view = ViewOf(batch);
  const PacelineKeys sink = {.context = keys,
                             .add = [](void* context, const uint64_t* added, uint64_t count) {
                               auto* const out = static_cast<std::vector<uint64_t>*>(context);
                               out->insert(out->end(), added, added + count);
                             }};
  ErrorText error;
  if (api_->keys(model_, &view, table, &sink, error.error()) != 0) {
    keys->clear();
    MutexLock lock(&mu_);
    failure_.Update(
        error.ToStatus(file_, absl::StrCat("naming keys of table ", tables_[table].name())));
  }
  std::sort(keys->begin(), keys->end());
  keys->erase(std::unique(keys->begin(), keys->end()), keys->end());
}

absl::Status UserLibrary::failure() const {
  MutexLock lock(&mu_);
  return failure_;
}

absl::Status UserLibrary::Gradient(const Batch& batch, const Parameters& parameters, float scale,
                                   Gradients* gradients, double* loss) {
  const PacelineBatch view = ViewOf(batch);
  const std::vector<PacelineRows> rows = ViewOf(tables_, parameters);
  std::vector<float*> out(tables_.size());
  for (size_t t = 0; t < tables_.size(); ++t) out[t] = (*gradients)[t].rows.data();
  ErrorText error;
  if (api_->gradient(model_, &view, rows.data(), scale, out.data(), loss, error.error()) == 0) {
    return absl::OkStatus();
  }
  return error.ToStatus(file_, "its gradient");
}

absl::Status UserLibrary::Predict(const Batch& batch, const Parameters& parameters, float* scores,
                                  float* losses) {
  const PacelineBatch view = ViewOf(batch);
  const std::vector<PacelineRows> rows = ViewOf(tables_, parameters);
  ErrorText error;
  if (api_->predict(model_, &view, rows.data(), scores, losses, error.error()) != 0) {
    return error.ToStatus(file_, "its prediction");
  }
  if (score_kind_ == ScoreKind::kValue) return absl::OkStatus();
  for (uint64_t i = 0; i < batch.size() * width_; ++i) {
    // What is no number is what a model that diverged says.
    if (scores[i] < 0 || scores[i] > 1) {
      return Wrong(file_, absl::StrFormat("batch record %d: a probability expected, got %g",
                                          i / width_, scores[i]));
    }
  }
  return absl::OkStatus();
}

}  // namespace paceline::worker
