#include "scheduler/io/limits_file.h"

#include <array>
#include <limits>
#include <memory>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/spec/nearest.h"
#include "common/spec/node.h"
#include "common/spec/yaml_node.h"
#include "common/status/status_macros.h"

namespace paceline::scheduler {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 20;

constexpr std::array<std::pair<absl::string_view, uint64_t TenantLimits::*>, 7> kLimits = {{
    {"max_active_jobs", &TenantLimits::max_active_jobs},
    {"max_queued_jobs", &TenantLimits::max_queued_jobs},
    {"max_workers", &TenantLimits::max_workers},
    {"max_server_memory", &TenantLimits::max_server_memory},
    {"max_job_ranks", &TenantLimits::max_job_ranks},
    {"max_tables_bytes", &TenantLimits::max_tables_bytes},
    {"max_submits_per_minute", &TenantLimits::max_submits_per_minute},
}};

constexpr std::array<std::pair<absl::string_view, int>, 4> kUnits = {
    {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}}};

absl::Status Wrong(const std::string& path, int line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ":", line, ": ", what));
}

absl::Status UnknownKey(const std::string& path, const NodeEntry& entry,
                        const std::vector<std::string>& known) {
  const std::string nearest = Nearest(entry.key, known);
  return Wrong(path, entry.line,
               absl::StrCat("unknown key ", entry.key,
                            nearest.empty() ? "" : absl::StrCat("; did you mean ", nearest, "?")));
}

// "8", "64GiB".
std::optional<uint64_t> ParseCount(absl::string_view text) {
  int shift = 0;
  for (const auto& [unit, bits] : kUnits) {
    if (absl::ConsumeSuffix(&text, unit)) shift = bits;
  }
  uint64_t count = 0;
  if (!absl::SimpleAtoi(text, &count) || count > (std::numeric_limits<uint64_t>::max() >> shift)) {
    return std::nullopt;
  }
  return count << shift;
}

absl::Status CheckMap(const std::string& path, absl::string_view name, const Node& node) {
  if (node.kind == Node::Kind::kMap) return absl::OkStatus();
  return Wrong(path, node.line, absl::StrCat(name, ": a map expected"));
}

// Changes what the map says.
absl::Status ReadLimits(const std::string& path, absl::string_view name, const Node& node,
                        TenantLimits* limits) {
  PL_RETURN_IF_ERROR(CheckMap(path, name, node));
  for (const NodeEntry& entry : node.entries) {
    uint64_t TenantLimits::*member = nullptr;
    std::vector<std::string> known;
    for (const auto& [key, limit] : kLimits) {
      known.emplace_back(key);
      if (key == entry.key) member = limit;
    }
    if (member == nullptr) return UnknownKey(path, entry, known);
    const std::optional<uint64_t> count =
        entry.value.kind == Node::Kind::kScalar ? ParseCount(entry.value.text) : std::nullopt;
    if (!count.has_value()) {
      return Wrong(path, entry.line,
                   absl::StrCat(entry.key, ": a number such as 8 or 64GiB expected, got ",
                                entry.value.text));
    }
    limits->*member = *count;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LimitTable> ParseLimits(absl::string_view text, const std::string& path) {
  const absl::StatusOr<Node> root = ParseYaml(text);
  if (!root.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", std::string(root.status().message())));
  }
  LimitTable table;
  table.file = path;
  if (root->kind == Node::Kind::kNull) return table;
  PL_RETURN_IF_ERROR(CheckMap(path, "limits", *root));
  const Node* users = nullptr;
  for (const NodeEntry& entry : root->entries) {
    if (entry.key == "defaults") {
      PL_RETURN_IF_ERROR(ReadLimits(path, entry.key, entry.value, &table.defaults));
    } else if (entry.key == "users") {
      users = &entry.value;
    } else {
      return UnknownKey(path, entry, {"defaults", "users"});
    }
  }
  // After the defaults, wherever they stand.
  if (users == nullptr || users->kind == Node::Kind::kNull) return table;
  PL_RETURN_IF_ERROR(CheckMap(path, "users", *users));
  for (const NodeEntry& entry : users->entries) {
    if (table.users.size() >= kMaxLimitedUsers) {
      return Wrong(path, entry.line, absl::StrCat("at most ", kMaxLimitedUsers, " users expected"));
    }
    const auto [user, added] = table.users.emplace(entry.key, table.defaults);
    if (!added) return Wrong(path, entry.line, absl::StrCat("user ", entry.key, " is repeated"));
    PL_RETURN_IF_ERROR(ReadLimits(path, entry.key, entry.value, &user->second));
  }
  return table;
}

std::optional<int64_t> LimitsFile::Modified() const {
  const absl::StatusOr<std::unique_ptr<ReadableFile>> file = fs_->OpenForRead(path_);
  if (!file.ok()) return std::nullopt;
  const absl::StatusOr<int64_t> modified = (*file)->ModifiedNs();
  return modified.ok() ? std::optional<int64_t>(*modified) : std::nullopt;
}

absl::StatusOr<LimitTable> LimitsFile::Read() {
  // Before the bytes: a change between shows the next time.
  read_ = Modified();
  PL_ASSIGN_OR_RETURN(const std::string text, ReadFile(*fs_, path_, kMaxFileBytes));
  return ParseLimits(text, path_);
}

std::optional<absl::StatusOr<LimitTable>> LimitsFile::ReadIfChanged() {
  if (Modified() == read_) return std::nullopt;
  return Read();
}

}  // namespace paceline::scheduler
