#include "worker/core/node/device_flag.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/spec/enum_names.h"
#include "google/protobuf/generated_enum_reflection.h"

namespace paceline::worker {

absl::StatusOr<DeviceFlag> ParseDeviceFlag(absl::string_view text) {
  if (absl::string_view number = text; absl::ConsumePrefix(&number, "cuda:")) {
    uint32_t gpu = 0;
    // SimpleAtoi takes signs and blanks too.
    if (std::all_of(number.begin(), number.end(), absl::ascii_isdigit) &&
        absl::SimpleAtoi(number, &gpu)) {
      return DeviceFlag{.kind = v1::DEVICE_KIND_CUDA, .gpu = gpu};
    }
  } else if (const auto* const value =
                 FindEnumWord(*google::protobuf::GetEnumDescriptor<v1::DeviceKind>(), text)) {
    return DeviceFlag{.kind = static_cast<v1::DeviceKind>(value->number()), .gpu = std::nullopt};
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--device: auto, cpu, cuda, cuda:N (a GPU's number) or emulated expected, got ", text));
}

std::string DeviceFlagText(const DeviceFlag& flag) {
  return absl::StrCat(EnumWord(flag.kind),
                      flag.gpu.has_value() ? absl::StrCat(":", *flag.gpu) : "");
}

}  // namespace paceline::worker
