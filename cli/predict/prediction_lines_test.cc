#include "cli/predict/prediction_lines.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "common/spec/defaults.h"

namespace paceline::cli {
namespace {

v1::ModelSpec ModelOf(v1::ModelKind kind, v1::Loss loss = v1::LOSS_UNSPECIFIED) {
  v1::JobSpec job;
  job.mutable_model()->set_kind(kind);
  job.mutable_model()->set_loss(loss);
  return WithDefaults(job).model();
}

std::string Lines(const v1::ModelSpec& model, bool json, const worker::Predictions& predictions,
                  const std::vector<uint64_t>& numbers) {
  std::string text;
  PredictionLines(model, json).Append(numbers, predictions, &text);
  return text;
}

TEST_CASE("every kind of answer has its columns") {
  const worker::Predictions one = {
      .width = 1, .scores = {0.25f, 1e-7f}, .losses = {0.5f, 2.0f * std::log(2.0f)}};
  const std::vector<uint64_t> numbers = {7, 9};
  const auto csv = [&](const v1::ModelSpec& model) { return Lines(model, false, one, numbers); };
  const auto json = [&](const v1::ModelSpec& model) { return Lines(model, true, one, numbers); };
  const auto linear = ModelOf(v1::MODEL_KIND_LINEAR);
  CHECK(csv(linear) == "index,value\n7,0.25\n9,1e-07\n");
  CHECK(json(linear) == "{\"index\": 7, \"value\": 0.25}\n{\"index\": 9, \"value\": 1e-07}\n");
  CHECK(csv(ModelOf(v1::MODEL_KIND_MF)) == "index,rating\n7,0.25\n9,1e-07\n");
  CHECK(csv(ModelOf(v1::MODEL_KIND_FM)) == "index,probability\n7,0.25\n9,1e-07\n");
  CHECK(csv(ModelOf(v1::MODEL_KIND_FM, v1::LOSS_SQUARED)) == "index,value\n7,0.25\n9,1e-07\n");
  const worker::Predictions cluster = {.width = 1, .scores = {3}, .losses = {0.5f}};
  const auto kmeans = ModelOf(v1::MODEL_KIND_KMEANS);
  CHECK(Lines(kmeans, false, cluster, {0}) == "index,cluster,squared_distance\n0,3,0.5\n");
  CHECK(Lines(kmeans, true, cluster, {0}) ==
        "{\"index\": 0, \"cluster\": 3, \"squared_distance\": 0.5}\n");
  const worker::Predictions many = {.width = 1, .scores = {100000}, .losses = {1e9f}};
  CHECK(Lines(kmeans, false, many, {0}) == "index,cluster,squared_distance\n0,100000,1e+09\n");
  const auto lm = ModelOf(v1::MODEL_KIND_LM);
  const worker::Predictions window = {.width = 1, .scores = {0.1f}, .losses = {2 * std::log(2.0f)}};
  CHECK(Lines(lm, false, window, {4}) == "index,loss,bits_per_byte\n4,1.3862944,2\n");
}

TEST_CASE("classes have the number of the largest probability, the first of equals") {
  const auto mlp = ModelOf(v1::MODEL_KIND_MLP);
  const worker::Predictions two = {
      .width = 3, .scores = {0.25f, 0.5f, 0.25f, 0.375f, 0.25f, 0.375f}, .losses = {1, 1}};
  CHECK(Lines(mlp, false, two, {0, 1}) ==
        "index,class,p0,p1,p2\n0,1,0.25,0.5,0.25\n1,0,0.375,0.25,0.375\n");
  CHECK(Lines(mlp, true, two, {0, 1}) ==
        "{\"index\": 0, \"class\": 1, \"probabilities\": [0.25, 0.5, 0.25]}\n"
        "{\"index\": 1, \"class\": 0, \"probabilities\": [0.375, 0.25, 0.375]}\n");
}

TEST_CASE("a user's model says with its scores what they are") {
  const auto library = ModelOf(v1::MODEL_KIND_LIBRARY);
  const auto csv = [&](worker::ScoreKind kind, uint64_t width, std::vector<float> scores) {
    return Lines(library, false,
                 {.width = width, .scores = std::move(scores), .losses = {1}, .score_kind = kind},
                 {3});
  };
  CHECK(csv(worker::ScoreKind::kValue, 1, {0.5f}) == "index,value\n3,0.5\n");
  CHECK(csv(worker::ScoreKind::kProbability, 1, {0.5f}) == "index,probability\n3,0.5\n");
  CHECK(csv(worker::ScoreKind::kClasses, 2, {0.25f, 0.75f}) ==
        "index,class,p0,p1\n3,1,0.25,0.75\n");
}

TEST_CASE("a model that no metric knows gives its scores") {
  const auto counting = ModelOf(v1::MODEL_KIND_COUNTING);
  const worker::Predictions two = {.width = 2, .scores = {1, -2.5f}, .losses = {0}};
  CHECK(Lines(counting, false, two, {5}) == "index,score0,score1\n5,1,-2.5\n");
  CHECK(Lines(counting, true, two, {5}) == "{\"index\": 5, \"scores\": [1, -2.5]}\n");
}

TEST_CASE("a float32 is read back as it was") {
  const float third = 1.0f / 3;
  const worker::Predictions one = {.width = 1, .scores = {third}, .losses = {0}};
  const std::string text = Lines(ModelOf(v1::MODEL_KIND_LINEAR), false, one, {0});
  CHECK(std::stof(text.substr(text.rfind(',') + 1)) == third);
}

TEST_CASE("JSON has no numbers that are not finite") {
  const worker::Predictions three = {
      .width = 1, .scores = {NAN, INFINITY, -INFINITY}, .losses = {0, 0, 0}};
  const auto linear = ModelOf(v1::MODEL_KIND_LINEAR);
  CHECK(Lines(linear, false, three, {0, 1, 2}) == "index,value\n0,nan\n1,inf\n2,-inf\n");
  CHECK(Lines(linear, true, three, {0, 1, 2}) ==
        "{\"index\": 0, \"value\": null}\n{\"index\": 1, \"value\": null}\n"
        "{\"index\": 2, \"value\": null}\n");
}

TEST_CASE("the header comes once, before the first batch") {
  PredictionLines lines(ModelOf(v1::MODEL_KIND_LINEAR), false);
  std::string text;
  lines.Append({0}, {.width = 1, .scores = {1}, .losses = {0}}, &text);
  lines.Append({1}, {.width = 1, .scores = {2}, .losses = {0}}, &text);
  CHECK(text == "index,value\n0,1\n1,2\n");
}

}  // namespace
}  // namespace paceline::cli
