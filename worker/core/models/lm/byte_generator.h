// Text from a language model, byte by byte, with the forward pass that training has.
//
//   ByteGenerator generator(model.lm(), parameters);
//   text.push_back(generator.Next(text, {.temperature = 0.8}, RandomUniformDouble(...)));
#ifndef PACELINE_WORKER_CORE_MODELS_LM_BYTE_GENERATOR_H_
#define PACELINE_WORKER_CORE_MODELS_LM_BYTE_GENERATOR_H_

#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "proto/job.pb.h"
#include "worker/core/model.h"

namespace paceline::worker {

struct ByteChoice {
  // Logits are divided by this: below 1 the likely become likelier. 0: always the likeliest.
  double temperature = 1;
  // Only so many of the likeliest. 0: all.
  uint32_t top_k = 0;
};

// The byte that `uniform`, in [0, 1), chooses by 256 logits. Of equal logits the smaller
// byte comes first. Pure function.
uint8_t ChooseByte(absl::Span<const float> logits, const ByteChoice& choice, double uniform);

// Owned by one thread.
class ByteGenerator {
 public:
  // `parameters` are all rows of the tables of common/tables/lm_tables.h, in order. `lm` has
  // its defaults.
  ByteGenerator(const v1::LmSpec& lm, Parameters parameters);
  ~ByteGenerator();

  // The byte that follows `text`, of which the model sees the last `context` bytes. `text`
  // is not empty.
  uint8_t Next(absl::string_view text, const ByteChoice& choice, double uniform);

 private:
  // The network and its parameters.
  struct State;

  const std::unique_ptr<State> state_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LM_BYTE_GENERATOR_H_
