#include "common/tables/cnn_tables.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "common/tables/model_tables.h"

namespace paceline {
namespace {

using Code = absl::StatusCode;
using Lines = std::vector<std::string>;

v1::JobSpec Spec(int blocks, uint32_t channels) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_CNN);
  for (int i = 0; i < blocks; ++i) {
    spec.mutable_model()->mutable_cnn()->add_conv()->set_channels(channels << i);
  }
  spec.mutable_train()->mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADAM);
  return spec;
}

// "name 3x4 he adam": what a test compares.
std::string Describe(const v1::TableSpec& table) {
  std::string text =
      table.name() + " " + std::to_string(table.rows()) + "x" + std::to_string(table.dim());
  switch (table.initializer().kind()) {
    case v1::INITIALIZER_KIND_ZEROS:
      text += " zeros";
      break;
    case v1::INITIALIZER_KIND_CONSTANT:
      text += " " + std::to_string(static_cast<int>(table.initializer().scale()));
      break;
    case v1::INITIALIZER_KIND_HE:
      text += " he";
      break;
    default:
      text += " xavier";
  }
  text += table.optimizer().kind() == v1::OPTIMIZER_KIND_ADD ? " add" : " adam";
  CHECK(table.no_decay() == (table.rows() == 1));
  CHECK(table.kind() == v1::TABLE_KIND_DENSE);
  return text;
}

Lines Described(const v1::JobSpec& spec, uint64_t features, uint32_t classes) {
  REQUIRE_OK_AND_ASSIGN(const std::vector<v1::TableSpec> tables,
                        ModelTables(WithDefaults(spec), features, classes));
  CHECK(std::is_sorted(tables.begin(), tables.end(),
                       [](const auto& a, const auto& b) { return a.name() < b.name(); }));
  Lines described;
  for (const v1::TableSpec& table : tables) described.push_back(Describe(table));
  return described;
}

TEST_CASE("a square plane, kernels of 3 and windows of 2 unless said otherwise") {
  v1::JobSpec spec = Spec(2, 8);
  spec.mutable_model()->add_hidden(32);
  CHECK(Described(spec, 784, 10) ==
        Lines{"conv0/bias 1x8 zeros adam", "conv0/weight 9x8 he adam", "conv1/bias 1x16 zeros adam",
              "conv1/weight 72x16 he adam", "layer0/bias 1x32 zeros adam",
              "layer0/weight 784x32 he adam", "layer1/bias 1x10 zeros adam",
              "layer1/weight 32x10 he adam"});
}

TEST_CASE("batch norm has scale and shift, and statistics that only add") {
  v1::JobSpec spec = Spec(1, 4);
  spec.mutable_model()->set_activation(v1::ACTIVATION_TANH);
  spec.mutable_model()->mutable_cnn()->set_batch_norm(true);
  CHECK(Described(spec, 25, 3) ==
        Lines{"conv0/mean 1x4 zeros add", "conv0/scale 1x4 1 adam", "conv0/shift 1x4 zeros adam",
              "conv0/variance 1x4 1 add", "conv0/weight 9x4 xavier adam",
              "layer0/bias 1x3 zeros adam", "layer0/weight 16x3 xavier adam"});
  // Weights may be rounded on their way, statistics are not.
  spec.mutable_compression()->set_push(v1::CODEC_BF16);
  spec.mutable_compression()->set_pull(v1::CODEC_FP16);
  REQUIRE_OK_AND_ASSIGN(const auto tables, ModelTables(WithDefaults(spec), 25, 3));
  for (const v1::TableSpec& table : tables) {
    const bool statistic = table.optimizer().kind() == v1::OPTIMIZER_KIND_ADD;
    CHECK(table.push_codec() == (statistic ? v1::CODEC_FLOAT32 : v1::CODEC_BF16));
    CHECK(table.pull_codec() == (statistic ? v1::CODEC_FLOAT32 : v1::CODEC_FP16));
  }
  spec.mutable_compression()->add_tables()->set_table("conv0/mean");
  const auto problem = FindCodecProblem(WithDefaults(spec));
  REQUIRE(problem.has_value());
  CHECK(problem->field == "compression.tables[0].push");
  CHECK(problem->message == "float32 expected for conv0/mean, which is a statistic, not a weight");
}

TEST_CASE("images of CIFAR-10 have their shape, and fans count the kernel") {
  v1::JobSpec spec = Spec(1, 16);
  spec.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_CIFAR10);
  spec.mutable_model()->mutable_cnn()->mutable_conv(0)->set_kernel(5);
  REQUIRE_OK_AND_ASSIGN(const auto tables, ModelTables(WithDefaults(spec), 3072, 10));
  CHECK(Describe(tables[1]) == "conv0/weight 75x16 he adam");
  CHECK(tables[1].fan_in() == 75);
  CHECK(tables[1].fan_out() == 400);
  CHECK(Describe(tables[3]) == "layer0/weight 4096x10 he adam");
  CHECK_STATUS(ModelTables(WithDefaults(spec), 784, 10), Code::kInvalidArgument,
               "model.cnn: records of 3072 features expected (images of 3 x 32 x 32), got 784");
}

TEST_CASE("sizes of what a block makes") {
  struct Case {
    ImageShape image;
    uint32_t kernel, stride, pool;
    uint32_t convolved_height, convolved_width, height, width;
  };
  const Case cases[] = {
      {{1, 28, 28}, 5, 1, 2, 28, 28, 14, 14}, {{3, 7, 9}, 3, 1, 2, 7, 9, 3, 4},
      {{3, 7, 8}, 3, 2, 1, 4, 4, 4, 4},       {{2, 1, 5}, 31, 8, 1, 1, 1, 1, 1},
      {{1, 9, 9}, 1, 3, 3, 3, 3, 1, 1},
  };
  for (const Case& c : cases) {
    v1::CnnSpec cnn;
    v1::ConvSpec* const conv = cnn.add_conv();
    conv->set_channels(6);
    conv->set_kernel(c.kernel);
    conv->set_stride(c.stride);
    conv->set_pool(c.pool);
    REQUIRE_OK_AND_ASSIGN(const auto blocks, ConvBlocks(cnn, c.image));
    REQUIRE(blocks.size() == 1);
    CHECK(blocks[0].convolved.height == c.convolved_height);
    CHECK(blocks[0].convolved.width == c.convolved_width);
    CHECK(blocks[0].out.height == c.height);
    CHECK(blocks[0].out.width == c.width);
    CHECK(blocks[0].out.channels == 6);
    CHECK(blocks[0].weight_rows() == uint64_t{c.kernel} * c.kernel * c.image.channels);
  }
}

TEST_CASE("what cannot be is refused by name") {
  CHECK_STATUS(ModelTables(WithDefaults(Spec(1, 4)), 785, 10), Code::kInvalidArgument,
               "records of 785 features, which are no square plane");
  CHECK_STATUS(ModelTables(WithDefaults(Spec(3, 4)), 25, 10), Code::kInvalidArgument,
               "model.cnn.conv[2].pool: windows within images of 1 x 1 expected, got 2 x 2");
  CHECK_STATUS(ModelTables(WithDefaults(Spec(0, 4)), 25, 10), Code::kInvalidArgument,
               "model.cnn.conv: number of blocks: 1 to 64 expected, got 0");
  CHECK_STATUS(ModelTables(WithDefaults(Spec(1, 0)), 25, 10), Code::kInvalidArgument,
               "model.cnn.conv[0].channels: 1 to 4096 expected, got 0");
  v1::JobSpec even = Spec(1, 4);
  even.mutable_model()->mutable_cnn()->mutable_conv(0)->set_kernel(4);
  CHECK_STATUS(ModelTables(WithDefaults(even), 25, 10), Code::kInvalidArgument,
               "model.cnn.conv[0].kernel: an odd number expected, got 4");
  CHECK_STATUS(ModelTables(WithDefaults(Spec(1, 4)), 25, 1), Code::kInvalidArgument,
               "number of classes");
}

TEST_CASE("names of tables are known without the data") {
  v1::JobSpec spec = Spec(12, 1);
  spec.mutable_model()->mutable_cnn()->mutable_conv(3)->set_pool(1);
  for (int i = 4; i < 12; ++i) spec.mutable_model()->mutable_cnn()->mutable_conv(i)->set_pool(1);
  spec.mutable_compression()->add_tables()->set_table("conv11/weight");
  CHECK_FALSE(FindCodecProblem(WithDefaults(spec)).has_value());
  spec.mutable_compression()->mutable_tables(0)->set_table("conv1/weight");
  const auto problem = FindCodecProblem(WithDefaults(spec));
  REQUIRE(problem.has_value());
  CHECK(problem->field == "compression.tables[0].table");
}

}  // namespace
}  // namespace paceline
