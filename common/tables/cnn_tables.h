// Shapes and tables of convolutional networks.
//
//   convN/weight [kernel * kernel * in_channels, channels]
//                row (ky * kernel + kx) * in_channels + c is what pixel (ky, kx) of the
//                kernel and channel c of the image add to each channel that is made
//   convN/bias   [1, channels], without batch norm
//   convN/scale, convN/shift [1, channels], with it: y = scale * normalised + shift
//   convN/mean, convN/variance [1, channels], with it: running statistics, 0 and 1 at
//                first, whose optimizer is `add`
//   layerN/weight, layerN/bias as in an mlp, whose inputs are the last block's values by
//                row, column and channel
//
// A block makes of an image [height, width, channels]
//   convolved  ceil(height / stride) x ceil(width / stride): kernel / 2 zeros lie around the
//              image
//   out        floor(. / pool) of that: what does not fill a window is left out
//
// Pure functions. Thread-safe.
#ifndef PACELINE_COMMON_TABLES_CNN_TABLES_H_
#define PACELINE_COMMON_TABLES_CNN_TABLES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"

namespace paceline {

inline constexpr int kMaxConvBlocks = 64;

struct ImageShape {
  uint32_t channels = 1;
  uint32_t height = 1;
  uint32_t width = 1;

  uint64_t pixels() const { return uint64_t{height} * width; }
  uint64_t values() const { return pixels() * channels; }
};

// One block, in numbers.
struct ConvBlock {
  ImageShape in;
  ImageShape convolved;
  ImageShape out;
  uint32_t kernel = 1;
  uint32_t stride = 1;
  uint32_t pool = 1;

  uint64_t weight_rows() const { return uint64_t{kernel} * kernel * in.channels; }
};

// The images that records of `features` values are: what `cnn` says, else one square plane.
// Errors:  InvalidArgument  naming the field, the number expected and what came.
absl::StatusOr<ImageShape> ImageShapeOf(const v1::CnnSpec& cnn, uint64_t features);

// The blocks of `cnn`, first to last. It has its defaults.
// Errors:  InvalidArgument  an image is smaller than a window of model.cnn.conv[i].pool; a
//                           number out of range.
absl::StatusOr<std::vector<ConvBlock>> ConvBlocks(const v1::CnnSpec& cnn, const ImageShape& image);

// A number of features that `cnn` can be made for, where nobody knows the data yet.
uint64_t SomeCnnFeatures(const v1::CnnSpec& cnn);

// The tables, in name order, without the optimizer of those that descend.
// Errors:  InvalidArgument  as ImageShapeOf and ConvBlocks; hidden layers out of range.
absl::StatusOr<std::vector<v1::TableSpec>> CnnTables(const v1::ModelSpec& model, uint64_t features,
                                                     uint32_t classes);

}  // namespace paceline

#endif  // PACELINE_COMMON_TABLES_CNN_TABLES_H_
