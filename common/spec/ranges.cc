#include "common/spec/ranges.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"

namespace paceline {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kExp2To40 = 1099511627776.0;
constexpr bool kOpen = true;
constexpr bool kClosed = false;

constexpr NumberRange kRanges[] = {
    {"InitializerSpec.scale", -1e6, 1e6},
    {"ModelSpec.hidden", 1, 65536},
    {"ModelSpec.factors", 1, 1024},
    {"ModelSpec.rows", 1, kExp2To40},
    {"ModelSpec.dim", 1, 1 << 20},
    {"ModelSpec.layer_sizes", 1, kExp2To40},
    {"ModelSpec.clusters", 2, 65536},
    {"ModelSpec.cross_layers", 1, 16},
    {"ConvSpec.channels", 1, 4096},
    {"ConvSpec.kernel", 1, 31},
    {"ConvSpec.stride", 1, 8},
    {"ConvSpec.pool", 1, 8},
    {"CnnSpec.image_channels", 1, 4096},
    {"CnnSpec.image_height", 1, 65536},
    {"CnnSpec.image_width", 1, 65536},
    {"CnnSpec.dropout", 0, 1, kClosed, kOpen},
    {"LmSpec.context", 2, 4096},
    {"LmSpec.layers", 1, 64},
    {"LmSpec.heads", 1, 8192},
    {"LmSpec.width", 2, 8192},
    {"LmSpec.dropout", 0, 1, kClosed, kOpen},
    {"LibraryTableSpec.rows", 1, kExp2To40},
    {"LibraryTableSpec.dim", 1, 1 << 20},
    {"SparseSpec.admit_after", 1, 255},
    {"SparseSpec.evict_after_iterations", 0, 1LL << 31},
    {"SparseSpec.memory", 0, 1LL << 32},
    {"TableSparseSpec.admit_after", 1, 255},
    {"TableSparseSpec.evict_after_iterations", 0, 1LL << 31},
    {"TableSparseSpec.memory", 0, 1LL << 32},
    {"DataSpec.scale", -1e12, 1e12},
    {"DataSpec.features", 1, kExp2To40},
    {"DataSpec.classes", 2, 1 << 20},
    {"DataSpec.holdout", 0, 1, kClosed, kOpen},
    {"DataSpec.shuffle_block", 1, 1LL << 32},
    {"DataSpec.hash_buckets", 1, kExp2To40},
    {"ScheduleSpec.warmup_iterations", 0, kExp2To40},
    {"ScheduleSpec.step_iterations", 1, kExp2To40},
    {"ScheduleSpec.gamma", 0, 1, kOpen, kClosed},
    {"ScheduleSpec.total_iterations", 1, kExp2To40},
    {"ScheduleSpec.min_factor", 0, 1},
    {"OptimizerSpec.learning_rate", 0, 1e6, kOpen, kClosed},
    {"OptimizerSpec.momentum", 0, 1, kClosed, kOpen},
    {"OptimizerSpec.beta1", 0, 1, kClosed, kOpen},
    {"OptimizerSpec.beta2", 0, 1, kClosed, kOpen},
    {"OptimizerSpec.rho", 0, 1, kClosed, kOpen},
    {"OptimizerSpec.epsilon", 0, 1e6, kOpen, kClosed},
    {"OptimizerSpec.l1", 0, 1e6},
    {"OptimizerSpec.l2", 0, 1e6},
    {"OptimizerSpec.weight_decay", 0, 1e6},
    {"OptimizerSpec.clip_value", 0, kInfinity, kClosed, kOpen},
    {"OptimizerSpec.clip_norm", 0, kInfinity, kClosed, kOpen},
    {"TrainSpec.global_batch", 1, 1 << 20},
    {"TrainSpec.epochs", 1, 1e6},
    {"TrainSpec.iterations", 1, kExp2To40},
    {"TrainSpec.eval_every_iterations", 0, kExp2To40},
    {"TrainSpec.emulated_step_ms", 0, 3.6e6},
    {"TrainSpec.emulated_jitter", 0, 10},
    {"TrainSpec.loss_scale", 0, 1 << 24},
    {"EvaluationSpec.min_delta", 0, kInfinity, kClosed, kOpen},
    {"EvaluationSpec.patience", 0, 1e6},
    {"ConsistencySpec.staleness", 0, 1 << 20},
    {"ResourceSpec.workers", 1, 1024},
    {"ResourceSpec.servers", 1, 1024},
    {"ResourceSpec.gpu_memory", 0, 1 << 24},
    {"CheckpointSpec.every_iterations", 0, kExp2To40},
    {"CheckpointSpec.every_seconds", 0, 1e8},
    {"CheckpointSpec.keep", 1, 1000},
    {"CheckpointSpec.replicas", 0, 16},
    {"CompressionSpec.topk_ratio", 0, 1, kOpen, kClosed},
    {"CompressionSpec.topk_momentum", 0, 1, kClosed, kOpen},
};

// Whole numbers plainly, great ones too: 1099511627776, not 1.1e+12.
std::string Number(double value) {
  if (value == std::floor(value) && std::abs(value) <= 9007199254740992.0) {
    return absl::StrCat(static_cast<int64_t>(value));
  }
  return absl::StrCat(value);
}

}  // namespace

bool NumberRange::Holds(double value) const {
  return std::isfinite(value) && (open_low ? value > low : value >= low) &&
         (open_high ? value < high : value <= high);
}

std::string NumberRange::Allowed(bool whole) const {
  const std::string number = whole ? "a whole number" : "a number";
  const std::string from = absl::StrCat(open_low ? " greater than " : " of at least ", Number(low));
  if (std::isinf(high)) {
    return number + from;
  }
  if (!open_low && !open_high) {
    return absl::StrCat(number, " from ", Number(low), " to ", Number(high));
  }
  return absl::StrCat(number, from, " and ", open_high ? "less than " : "at most ", Number(high));
}

const NumberRange* RangeOf(const google::protobuf::FieldDescriptor& field) {
  const std::string name = absl::StrCat(field.containing_type()->name(), ".", field.name());
  for (const NumberRange& range : kRanges) {
    if (name == range.field) {
      return &range;
    }
  }
  return nullptr;
}

absl::Span<const NumberRange> AllRanges() { return kRanges; }

}  // namespace paceline
