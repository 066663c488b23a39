#include "worker/core/models/lm/byte_generator.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "common/tables/lm_tables.h"
#include "worker/core/models/lm/lm_reference.h"
#include "worker/core/models/lm/lm_shape.h"

namespace paceline::worker {
namespace {

std::vector<float> Logits(std::vector<std::pair<uint8_t, float>> of) {
  std::vector<float> logits(kByteValues, -100);
  for (const auto& [byte, logit] : of) logits[byte] = logit;
  return logits;
}

TEST_CASE("bytes are chosen in proportion to their probabilities") {
  const auto logits = Logits({{'a', std::log(0.5f)}, {'b', std::log(0.3f)}, {'c', std::log(0.2f)}});
  CHECK(ChooseByte(logits, {}, 0) == 'a');
  CHECK(ChooseByte(logits, {}, 0.499) == 'a');
  CHECK(ChooseByte(logits, {}, 0.501) == 'b');
  CHECK(ChooseByte(logits, {}, 0.799) == 'b');
  CHECK(ChooseByte(logits, {}, 0.801) == 'c');
  CHECK(ChooseByte(logits, {}, 0.999) == 'c');
  // Of the two likeliest alone: 5/8 and 3/8.
  CHECK(ChooseByte(logits, {.top_k = 2}, 0.624) == 'a');
  CHECK(ChooseByte(logits, {.top_k = 2}, 0.626) == 'b');
  CHECK(ChooseByte(logits, {.top_k = 2}, 0.999) == 'b');
  CHECK(ChooseByte(logits, {.top_k = 1}, 0.999) == 'a');
  CHECK(ChooseByte(logits, {.top_k = 1000}, 0.801) == 'c');
  // Squared and normalised: 25/38, 9/38, 4/38.
  CHECK(ChooseByte(logits, {.temperature = 0.5}, 24.9 / 38) == 'a');
  CHECK(ChooseByte(logits, {.temperature = 0.5}, 25.1 / 38) == 'b');
  CHECK(ChooseByte(logits, {.temperature = 0}, 0.999) == 'a');
  CHECK(ChooseByte(std::vector<float>(kByteValues, 3), {.temperature = 0}, 0.5) == 0);
}

TEST_CASE("the likeliest byte is that of the formulas, by the last bytes of the text") {
  v1::JobSpec job;
  job.mutable_model()->set_kind(v1::MODEL_KIND_LM);
  job.mutable_model()->mutable_lm()->set_context(6);
  job.mutable_model()->mutable_lm()->set_width(8);
  job.mutable_model()->mutable_lm()->set_heads(2);
  const v1::JobSpec spec = WithDefaults(job);
  REQUIRE_OK_AND_ASSIGN(const auto tables, LmTables(spec.model()));
  std::mt19937 random(1);
  std::uniform_real_distribution<float> value(-0.5f, 0.5f);
  Parameters parameters;
  testing::LmReference::Values values;
  for (const v1::TableSpec& table : tables) {
    TensorFloats& rows = parameters.emplace_back().rows;
    rows.resize(table.rows() * table.dim());
    for (float& x : rows) x = value(random);
    values.emplace_back(rows.begin(), rows.end());
  }
  ByteGenerator generator(spec.model().lm(), parameters);
  const testing::LmReference reference(LmShape::FromSpec(spec.model().lm()));
  std::string text = "a";
  for (int i = 0; i < 20; ++i) {
    const std::string seen = text.substr(text.size() < 6 ? 0 : text.size() - 6);
    const auto p = reference.Probabilities(values, {seen.begin(), seen.end()});
    const auto last = p.end() - kByteValues;
    const auto likeliest = static_cast<uint8_t>(std::max_element(last, p.end()) - last);
    CHECK(generator.Next(text, {.temperature = 0}, 0) == likeliest);
    text.push_back(static_cast<char>(random() % kByteValues));
  }
}

}  // namespace
}  // namespace paceline::worker
