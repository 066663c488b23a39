// What a model says of records, a line for each: CSV with a header, or JSON.
//
//   answer         CSV                                  JSON
//   value          index,value (mf: index,rating)       {"index": 0, "value": 0.5}
//   probability    index,probability                    likewise
//   classes        index,class,p0,p1,...                {"index": 0, "class": 1,
//                                                        "probabilities": [0.2, 0.8]}
//   distance       index,cluster,squared_distance       likewise
//   bytes          index,loss,bits_per_byte             likewise
//   other models   index,score0,score1,...              {"index": 0, "scores": [0.5, 1]}
//
// class is that of the largest probability, the first of equals. loss is the mean over the
// bytes of a window. Numbers are the shortest that name a float32, whole ones below 2^24 without
// an exponent; one that is not finite is null in JSON.
#ifndef PACELINE_CLI_PREDICT_PREDICTION_LINES_H_
#define PACELINE_CLI_PREDICT_PREDICTION_LINES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/spec/eval_metrics.h"
#include "proto/job.pb.h"
#include "worker/core/model.h"

namespace paceline::cli {

// Owned by one thread.
class PredictionLines {
 public:
  // `model` has its defaults. `json`: else CSV.
  PredictionLines(const v1::ModelSpec& model, bool json);

  // Appends the lines of a batch whose records have these numbers, the header before the
  // first.
  void Append(const std::vector<uint64_t>& numbers, const worker::Predictions& predictions,
              std::string* text);

 private:
  // What `answer_` is called.
  void NameAnswer(bool rating);
  void AppendHeader(uint64_t width, std::string* text) const;
  // What is said of one record: single numbers, then a list that may be empty.
  void Say(absl::Span<const float> scores, float loss);
  void AppendLine(uint64_t number, std::string* text) const;

  // The first predictions settle kAsPredicted.
  ModelAnswer answer_;
  const bool json_;
  // Of the single numbers, and of the list: in JSON, and of its elements in CSV.
  std::vector<absl::string_view> names_;
  absl::string_view list_;
  absl::string_view element_;

  bool begun_ = false;
  // Of the current record.
  std::vector<float> numbers_;
  absl::Span<const float> elements_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_PREDICT_PREDICTION_LINES_H_
