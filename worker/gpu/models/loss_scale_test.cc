#include "worker/gpu/models/loss_scale.h"

#include <catch2/catch.hpp>

namespace paceline::worker {
namespace {

LossScale Of(v1::Precision precision, double given = 0) {
  v1::TrainSpec train;
  train.set_precision(precision);
  train.set_loss_scale(given);
  return LossScale(train);
}

TEST_CASE("only fp16 scales the loss") {
  for (const v1::Precision precision :
       {v1::PRECISION_UNSPECIFIED, v1::PRECISION_FLOAT32, v1::PRECISION_TF32, v1::PRECISION_BF16}) {
    CHECK(Of(precision, 128).first() == 1);
    CHECK_FALSE(Of(precision).can_overflow());
    CHECK_FALSE(Of(precision).After(1).has_value());
  }
}

TEST_CASE("it halves until there is no use in it") {
  const LossScale scale = Of(v1::PRECISION_FP16);
  CHECK(scale.can_overflow());
  CHECK(scale.first() == 65536);
  int steps = 0;
  float at = scale.first();
  while (scale.After(at).has_value()) {
    CHECK(*scale.After(at) == at / 2);
    at = *scale.After(at);
    ++steps;
  }
  CHECK(steps == 32);
  CHECK(at == 1.0f / 65536);
}

TEST_CASE("a given one stays") {
  const LossScale scale = Of(v1::PRECISION_FP16, 1024);
  CHECK(scale.first() == 1024);
  CHECK_FALSE(scale.can_overflow());
  CHECK_FALSE(scale.After(1024).has_value());
}

}  // namespace
}  // namespace paceline::worker
