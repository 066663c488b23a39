#include "common/tables/cnn_tables.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "common/status/status_macros.h"
#include "common/tables/table_parts.h"

namespace paceline {
namespace {

using Tables = std::vector<v1::TableSpec>;

constexpr uint32_t kMaxChannels = 4096;
constexpr uint32_t kMaxSide = 65536;
constexpr uint32_t kMaxKernel = 31;
constexpr uint32_t kMaxStep = 8;
constexpr int kMaxHidden = 64;

v1::TableSpec Table(std::string name, uint64_t rows, uint32_t dim, uint64_t fan_out,
                    const v1::InitializerSpec& initializer) {
  v1::TableSpec table = DenseTable(std::move(name), rows, dim, initializer);
  table.set_fan_out(static_cast<uint32_t>(std::min<uint64_t>(fan_out, UINT32_MAX)));
  return table;
}

// One value of each channel or unit, never decayed.
v1::TableSpec Row(std::string name, uint32_t dim, float initial) {
  v1::InitializerSpec initializer;
  initializer.set_kind(initial == 0 ? v1::INITIALIZER_KIND_ZEROS : v1::INITIALIZER_KIND_CONSTANT);
  initializer.set_scale(initial);
  v1::TableSpec table = Table(std::move(name), 1, dim, dim, initializer);
  table.set_no_decay(true);
  return table;
}

v1::TableSpec Statistic(std::string name, uint32_t dim, float initial) {
  v1::TableSpec table = Row(std::move(name), dim, initial);
  table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADD);
  return table;
}

// Padded so that the names of `count` of them are in order.
std::string Numbered(absl::string_view prefix, int number, int count) {
  const int digits = static_cast<int>(absl::StrCat(count - 1).size());
  return absl::StrFormat("%s%0*d", prefix, digits, number);
}

absl::Status CheckConv(const v1::ConvSpec& conv, const std::string& path) {
  PL_RETURN_IF_ERROR(Between(path + ".channels", conv.channels(), 1, kMaxChannels));
  PL_RETURN_IF_ERROR(Between(path + ".kernel", conv.kernel(), 1, kMaxKernel));
  PL_RETURN_IF_ERROR(Between(path + ".stride", conv.stride(), 1, kMaxStep));
  PL_RETURN_IF_ERROR(Between(path + ".pool", conv.pool(), 1, kMaxStep));
  if (conv.kernel() % 2 == 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, ".kernel: an odd number expected, got ", conv.kernel()));
}

}  // namespace

absl::StatusOr<ImageShape> ImageShapeOf(const v1::CnnSpec& cnn, uint64_t features) {
  ImageShape shape{cnn.image_channels(), cnn.image_height(), cnn.image_width()};
  if (shape.values() == 0) {
    const auto side = static_cast<uint64_t>(std::llround(std::sqrt(static_cast<double>(features))));
    if (side == 0 || side > kMaxSide || side * side != features) {
      return absl::InvalidArgumentError(absl::StrCat(
          "model.cnn: image_channels, image_height and image_width expected for records of ",
          features, " features, which are no square plane"));
    }
    return ImageShape{1, static_cast<uint32_t>(side), static_cast<uint32_t>(side)};
  }
  PL_RETURN_IF_ERROR(Between("model.cnn.image_channels", shape.channels, 1, kMaxChannels));
  PL_RETURN_IF_ERROR(Between("model.cnn.image_height", shape.height, 1, kMaxSide));
  PL_RETURN_IF_ERROR(Between("model.cnn.image_width", shape.width, 1, kMaxSide));
  if (shape.values() == features) return shape;
  return absl::InvalidArgumentError(
      absl::StrFormat("model.cnn: records of %d features expected (images of %d x %d x %d), got %d",
                      shape.values(), shape.channels, shape.height, shape.width, features));
}

absl::StatusOr<std::vector<ConvBlock>> ConvBlocks(const v1::CnnSpec& cnn, const ImageShape& image) {
  PL_RETURN_IF_ERROR(
      Between("model.cnn.conv: number of blocks", cnn.conv_size(), 1, kMaxConvBlocks));
  std::vector<ConvBlock> blocks;
  ImageShape in = image;
  for (int i = 0; i < cnn.conv_size(); ++i) {
    const v1::ConvSpec& conv = cnn.conv(i);
    const std::string path = absl::StrCat("model.cnn.conv[", i, "]");
    PL_RETURN_IF_ERROR(CheckConv(conv, path));
    ConvBlock block{.in = in,
                    .convolved = {conv.channels(), (in.height - 1) / conv.stride() + 1,
                                  (in.width - 1) / conv.stride() + 1},
                    .kernel = conv.kernel(),
                    .stride = conv.stride(),
                    .pool = conv.pool()};
    block.out = {conv.channels(), block.convolved.height / block.pool,
                 block.convolved.width / block.pool};
    if (block.out.values() == 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s.pool: windows within images of %d x %d expected, got %d x %d", path,
                          block.convolved.height, block.convolved.width, block.pool, block.pool));
    }
    in = block.out;
    blocks.push_back(block);
  }
  return blocks;
}

uint64_t SomeCnnFeatures(const v1::CnnSpec& cnn) {
  const ImageShape given{cnn.image_channels(), cnn.image_height(), cnn.image_width()};
  if (given.values() != 0) return given.values();
  uint64_t side = 1;
  for (const v1::ConvSpec& conv : cnn.conv()) {
    side = std::min<uint64_t>(kMaxSide,
                              side * std::max(1u, conv.stride()) * std::max(1u, conv.pool()));
  }
  return side * side;
}

absl::StatusOr<Tables> CnnTables(const v1::ModelSpec& model, uint64_t features, uint32_t classes) {
  const v1::CnnSpec& cnn = model.cnn();
  PL_ASSIGN_OR_RETURN(const ImageShape image, ImageShapeOf(cnn, features));
  PL_ASSIGN_OR_RETURN(const std::vector<ConvBlock> blocks, ConvBlocks(cnn, image));
  Tables tables;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const ConvBlock& block = blocks[i];
    const std::string name = Numbered("conv", static_cast<int>(i), cnn.conv_size());
    const uint32_t channels = block.convolved.channels;
    if (cnn.batch_norm()) {
      tables.push_back(Statistic(name + "/mean", channels, 0));
      tables.push_back(Row(name + "/scale", channels, 1));
      tables.push_back(Row(name + "/shift", channels, 0));
      tables.push_back(Statistic(name + "/variance", channels, 1));
    } else {
      tables.push_back(Row(name + "/bias", channels, 0));
    }
    tables.push_back(Table(name + "/weight", block.weight_rows(), channels,
                           uint64_t{block.kernel} * block.kernel * channels, model.initializer()));
  }
  const int hidden = model.hidden_size();
  PL_RETURN_IF_ERROR(Between("model.hidden: number of layers", hidden, 0, kMaxHidden));
  uint64_t inputs = blocks.back().out.values();
  for (int layer = 0; layer <= hidden; ++layer) {
    const uint32_t units = layer < hidden ? model.hidden(layer) : classes;
    if (layer < hidden) {
      PL_RETURN_IF_ERROR(Between(absl::StrCat("model.hidden[", layer, "]"), units, 1, kMaxSide));
    }
    const std::string name = Numbered("layer", layer, hidden + 1);
    tables.push_back(Row(name + "/bias", units, 0));
    tables.push_back(Table(name + "/weight", inputs, units, units, model.initializer()));
    inputs = units;
  }
  return tables;
}

}  // namespace paceline
