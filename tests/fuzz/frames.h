// An input that is a sequence of messages, each with a kind: what a peer says, one after
// the other.
//
//   input      frame frame ...
//   frame      kind (1 byte), length (2 bytes, little-endian), bytes
#ifndef PACELINE_TESTS_FUZZ_FRAMES_H_
#define PACELINE_TESTS_FUZZ_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace paceline::fuzz {

struct Frame {
  uint8_t kind = 0;
  absl::string_view bytes;
};

// What is cut off at the end is as long as it is. At most 64: more say nothing new.
inline std::vector<Frame> SplitFrames(absl::string_view input) {
  std::vector<Frame> frames;
  while (input.size() >= 3 && frames.size() < 64) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(input[i]); };
    const size_t length = byte(1) | byte(2) << 8;
    frames.push_back({byte(0), input.substr(3, length)});
    input.remove_prefix(3 + frames.back().bytes.size());
  }
  return frames;
}

inline void AppendFrame(uint8_t kind, absl::string_view bytes, std::string* input) {
  input->push_back(static_cast<char>(kind));
  input->push_back(static_cast<char>(bytes.size() & 0xff));
  input->push_back(static_cast<char>(bytes.size() >> 8 & 0xff));
  input->append(bytes.data(), bytes.size());
}

}  // namespace paceline::fuzz

#endif  // PACELINE_TESTS_FUZZ_FRAMES_H_
