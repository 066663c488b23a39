#include "cli/predict/prediction_lines.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "worker/core/eval/metrics.h"

namespace paceline::cli {
namespace {

void AppendFloat(float value, bool json, std::string* text) {
  if (json && !std::isfinite(value)) {
    text->append("null");
    return;
  }
  // Whole numbers, as those of classes are, without an exponent as long as float32 has them all.
  if (std::trunc(value) == value && std::abs(value) < 1 << 24) {
    absl::StrAppend(text, static_cast<int32_t>(value));
    return;
  }
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  text->append(digits.data(), end.ptr);
}

}  // namespace

PredictionLines::PredictionLines(const v1::ModelSpec& model, bool json)
    : answer_(AnswerOf(model)), json_(json) {
  NameAnswer(model.kind() == v1::MODEL_KIND_MF);
}

void PredictionLines::NameAnswer(bool rating) {
  switch (answer_) {
    case ModelAnswer::kValue:
      names_ = {rating ? "rating" : "value"};
      break;
    case ModelAnswer::kProbability:
      names_ = {"probability"};
      break;
    case ModelAnswer::kClasses:
      names_ = {"class"};
      list_ = "probabilities";
      element_ = "p";
      break;
    case ModelAnswer::kDistance:
      names_ = {"cluster", "squared_distance"};
      break;
    case ModelAnswer::kBytes:
      names_ = {"loss", "bits_per_byte"};
      break;
    case ModelAnswer::kAsPredicted:
      break;
    case ModelAnswer::kNothing:
      list_ = "scores";
      element_ = "score";
      break;
  }
}

void PredictionLines::Append(const std::vector<uint64_t>& numbers,
                             const worker::Predictions& predictions, std::string* text) {
  const uint64_t width = predictions.width;
  PL_CHECK_EQ(predictions.scores.size(), numbers.size() * width);
  PL_CHECK_EQ(predictions.losses.size(), numbers.size());
  if (answer_ == ModelAnswer::kAsPredicted) {
    answer_ = worker::AnswerOfScores(predictions.score_kind);
    NameAnswer(/*rating=*/false);
  }
  if (!begun_ && !json_) AppendHeader(width, text);
  begun_ = true;
  for (size_t i = 0; i < numbers.size(); ++i) {
    Say(absl::MakeSpan(predictions.scores).subspan(i * width, width), predictions.losses[i]);
    AppendLine(numbers[i], text);
  }
}

void PredictionLines::AppendHeader(uint64_t width, std::string* text) const {
  text->append("index");
  for (const absl::string_view name : names_) absl::StrAppend(text, ",", name);
  for (uint64_t i = 0; !list_.empty() && i < width; ++i) absl::StrAppend(text, ",", element_, i);
  text->push_back('\n');
}

void PredictionLines::Say(absl::Span<const float> scores, float loss) {
  elements_ = {};
  switch (answer_) {
    case ModelAnswer::kValue:
    case ModelAnswer::kProbability:
      numbers_ = {scores[0]};
      break;
    case ModelAnswer::kClasses: {
      const auto largest = std::max_element(scores.begin(), scores.end());
      numbers_ = {static_cast<float>(largest - scores.begin())};
      elements_ = scores;
      break;
    }
    case ModelAnswer::kDistance:
      numbers_ = {scores[0], loss};
      break;
    case ModelAnswer::kBytes:
      numbers_ = {loss, static_cast<float>(loss / std::log(2.0))};
      break;
    default:
      elements_ = scores;
      break;
  }
}

void PredictionLines::AppendLine(uint64_t number, std::string* text) const {
  absl::StrAppend(text, json_ ? "{\"index\": " : "", number);
  for (size_t i = 0; i < numbers_.size(); ++i) {
    text->append(json_ ? absl::StrCat(", \"", names_[i], "\": ") : ",");
    AppendFloat(numbers_[i], json_, text);
  }
  if (json_ && !list_.empty()) absl::StrAppend(text, ", \"", list_, "\": [");
  for (size_t i = 0; i < elements_.size(); ++i) {
    text->append(!json_ ? "," : i == 0 ? "" : ", ");
    AppendFloat(elements_[i], json_, text);
  }
  if (json_) text->append(list_.empty() ? "}" : "]}");
  text->push_back('\n');
}

}  // namespace paceline::cli
