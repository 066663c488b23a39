#include "common/tables/slots.h"

namespace paceline {
namespace {

constexpr std::string_view kMomentum[] = {"momentum"};
constexpr std::string_view kAdagrad[] = {"sum"};
constexpr std::string_view kRmsprop[] = {"mean_square"};
constexpr std::string_view kAdam[] = {"m", "v"};
constexpr std::string_view kFtrl[] = {"z", "n"};

}  // namespace

absl::Span<const std::string_view> SlotNames(v1::OptimizerKind kind) {
  switch (kind) {
    case v1::OPTIMIZER_KIND_MOMENTUM:
      return kMomentum;
    case v1::OPTIMIZER_KIND_ADAGRAD:
      return kAdagrad;
    case v1::OPTIMIZER_KIND_RMSPROP:
      return kRmsprop;
    case v1::OPTIMIZER_KIND_ADAM:
    case v1::OPTIMIZER_KIND_ADAMW:
      return kAdam;
    case v1::OPTIMIZER_KIND_FTRL:
      return kFtrl;
    default:
      return {};
  }
}

bool CountsSteps(v1::OptimizerKind kind) {
  return kind == v1::OPTIMIZER_KIND_ADAM || kind == v1::OPTIMIZER_KIND_ADAMW;
}

}  // namespace paceline
