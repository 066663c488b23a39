// The rules of convolutional networks; validate_test has those of the others.
#include <catch2/catch.hpp>
#include <string>

#include "common/spec/defaults.h"
#include "common/spec/parse.h"
#include "common/spec/problem.h"
#include "common/spec/validate.h"

namespace paceline {
namespace {

constexpr char kCnn[] = R"(
name: a
model: {kind: cnn, hidden: [8], cnn: {conv: [{channels: 4}, {channels: 8, kernel: 5}]}}
data: {train: {path: /d, format: idx, labels: /l}}
train: {epochs: 1}
)";

v1::JobSpec Parse(const std::string& yaml) {
  const ParsedSpec parsed = ParseSpec(yaml, SpecFormat::kYaml);
  INFO(yaml);
  REQUIRE(ToStatus(parsed.problems).message() == "");
  return parsed.spec;
}

// `kCnn` with the fields of `patch` merged in; lists grow.
std::string Patched(const std::string& patch) {
  v1::JobSpec spec = Parse(kCnn);
  spec.MergeFrom(Parse(patch));
  CHECK(ToStatus(Validate(spec)) == ToStatus(Validate(WithDefaults(spec))));
  return std::string(ToStatus(Validate(spec)).message());
}

TEST_CASE("defaults of blocks and of images") {
  const v1::ModelSpec model = WithDefaults(Parse(kCnn)).model();
  CHECK(model.activation() == v1::ACTIVATION_RELU);
  CHECK(model.initializer().kind() == v1::INITIALIZER_KIND_HE);
  CHECK(model.cnn().conv(0).kernel() == 3);
  CHECK(model.cnn().conv(1).kernel() == 5);
  CHECK(model.cnn().conv(1).stride() == 1);
  CHECK(model.cnn().conv(1).pool() == 2);
  CHECK(model.cnn().image_channels() == 0);
  v1::JobSpec cifar = Parse(kCnn);
  cifar.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_CIFAR10);
  CHECK(WithDefaults(cifar).model().cnn().image_channels() == 3);
  CHECK(WithDefaults(cifar).model().cnn().image_width() == 32);
  cifar.mutable_model()->mutable_cnn()->set_image_channels(1);
  CHECK(WithDefaults(cifar).model().cnn().image_width() == 0);
}

TEST_CASE("each rule names the field and what is allowed") {
  struct Case {
    const char* patch;
    const char* problem;
  };
  const Case cases[] = {
      {"name: a", ""},
      {"data: {features: 784, classes: 10}", ""},
      {"model: {cnn: {image_channels: 3, image_height: 8, image_width: 6, dropout: 0.5}}", ""},
      {"resources: {device: cpu}", ""},
      {"model: {cnn: {conv: [{channels: 4097}]}}",
       "model.cnn.conv[2].channels: a whole number from 1 to 4096 expected, got 4097"},
      {"model: {cnn: {conv: [{channels: 4, stride: 9}]}}",
       "model.cnn.conv[2].stride: a whole number from 1 to 8 expected, got 9"},
      {"model: {cnn: {conv: [{kernel: 3}]}}",
       "model.cnn.conv[2].channels: a number of channels from 1 to 4096 expected, got none"},
      {"model: {cnn: {conv: [{channels: 4, kernel: 2}]}}",
       "model.cnn.conv[2].kernel: an odd number expected, got 2"},
      {"model: {cnn: {dropout: 1}}",
       "model.cnn.dropout: a number of at least 0 and less than 1 expected, got 1"},
      {"model: {cnn: {image_height: 7}}",
       "model.cnn: image_channels, image_height and image_width, or none of them expected, got 0, "
       "7 and 0"},
      {"model: {cnn: {image_channels: 1, image_height: 8, image_width: 3}}",
       "model.cnn.conv[1].pool: windows within images of 4 x 1 expected, got 2 x 2"},
      {"data: {features: 785}",
       "model.cnn: image_channels, image_height and image_width expected for records of 785 "
       "features, which are no square plane"},
      {"model: {cnn: {image_channels: 3, image_height: 8, image_width: 6}}\n"
       "data: {features: 145}",
       "model.cnn: records of 144 features expected (images of 3 x 8 x 6), got 145"},
      {"model: {table: sparse}", "model.table: dense (model.kind cnn) expected, got sparse"},
      {"resources: {device: cuda}", ""},
      {"model: {cnn: {image_channels: 1, image_height: 65536, image_width: 65536, "
       "conv: [{channels: 4096, pool: 1}]}}",
       "model: tables of at most 1 TiB in all expected, got 32 TiB"},
      {"model: {kind: mlp}", "model.cnn: allowed only with model.kind cnn"},
      {"compression: {tables: [{table: conv1/weight, push: bf16}]}", ""},
      {"compression: {tables: [{table: conv2/weight, push: bf16}]}",
       "compression.tables[0].table: one of conv0/bias, conv0/weight, conv1/bias, conv1/weight, "
       "layer0/bias, layer0/weight, layer1/bias, layer1/weight expected, got conv2/weight"},
  };
  for (const Case& c : cases) {
    INFO(c.patch);
    CHECK(Patched(c.patch) == c.problem);
  }
}

TEST_CASE("blocks are needed, hidden layers are not, but dropout needs them") {
  v1::JobSpec spec = Parse(kCnn);
  spec.mutable_model()->clear_hidden();
  CHECK(Validate(spec).empty());
  spec.mutable_model()->mutable_cnn()->set_dropout(0.25);
  CHECK(ToStatus(Validate(spec)).message() == "model.cnn.dropout: allowed only with model.hidden");
  spec.mutable_model()->clear_cnn();
  CHECK(ToStatus(Validate(spec)).message() ==
        "model.cnn.conv: a list of 1 to 64 blocks expected, got none");
}

}  // namespace
}  // namespace paceline
