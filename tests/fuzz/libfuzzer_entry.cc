// libFuzzer's entry to a fuzz target.
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  paceline::fuzz::FuzzOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
