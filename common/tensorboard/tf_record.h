// TFRecord, the frame of TensorFlow's files. A record is
//
//   length   uint64, little-endian
//   crc      uint32, little-endian: masked CRC-32C of the 8 bytes of the length
//   data     length bytes
//   crc      uint32, little-endian: masked CRC-32C of the data
//
// where masked(c) = rotate_right(c, 15) + 0xa282ead8 (mod 2^32).
//
// Source: tensorflow/core/lib/io/record_writer.cc. Thread-safe: pure functions.
#ifndef PACELINE_COMMON_TENSORBOARD_TF_RECORD_H_
#define PACELINE_COMMON_TENSORBOARD_TF_RECORD_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace paceline::tensorboard {

// The record that holds `data`.
std::string EncodeRecord(absl::string_view data);

struct Records {
  // The data of each, inside the bytes that were decoded.
  std::vector<absl::string_view> data;
  // Bytes of whole, undamaged records; what follows is the rest of one that was being
  // written.
  size_t valid_bytes = 0;
};

// The records at the beginning of `bytes`, up to the first that is torn or damaged.
Records DecodeRecords(absl::string_view bytes);

}  // namespace paceline::tensorboard

#endif  // PACELINE_COMMON_TENSORBOARD_TF_RECORD_H_
