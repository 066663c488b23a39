#include "cli/top/top_view.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "cli/bytes_text.h"
#include "cli/job_views.h"
#include "cli/table.h"
#include "cli/text_width.h"
#include "common/spec/enum_names.h"

namespace paceline::cli {
namespace {

// A line and what it is sorted by.
struct Row {
  double key = 0;
  std::vector<std::string> cells;
};

std::string Percent(double share) {
  return share < 0 ? "" : absl::StrFormat("%.0f%%", share * 100);
}

// The rows as a table of at most `most` lines.
void AddTable(std::vector<std::string> header, std::vector<Row> rows, size_t most,
              const std::string& what, std::vector<std::string>* lines) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.key > b.key; });
  TextTable table(std::move(header));
  for (Row& row : rows) table.Add(std::move(row.cells));
  std::vector<std::string> all = absl::StrSplit(table.ToString(), '\n');
  all.pop_back();
  if (all.size() > most) {
    const size_t missing = all.size() - most + 1;
    all.resize(most - 1);
    all.push_back(absl::StrCat("and ", missing, " more ", what));
  }
  lines->insert(lines->end(), all.begin(), all.end());
}

double Key(TopSort sort, double cpu, uint64_t bytes, double rate) {
  return sort == TopSort::kCpu ? cpu : sort == TopSort::kMemory ? static_cast<double>(bytes) : rate;
}

}  // namespace

double TopView::Share(const Process& process, absl::Duration at, double cpu_seconds,
                      std::map<Process, Use>* now) const {
  Use use = {.at = at, .cpu_seconds = cpu_seconds};
  if (const auto before = uses_.find(process); before != uses_.end()) {
    const double seconds = absl::ToDoubleSeconds(at - before->second.at);
    if (cpu_seconds == before->second.cpu_seconds || seconds <= 0) {
      use = before->second;  // not heard since
    } else {
      use.share = std::max(cpu_seconds - before->second.cpu_seconds, 0.0) / seconds;
    }
  }
  now->emplace(process, use);
  return use.share;
}

std::vector<std::string> TopView::Lines(const TopSample& sample, TopSort sort,
                                        const ScreenStyle& style) {
  std::map<Process, Use> now;
  std::vector<Row> nodes;
  for (const v1::NodeStatus& node : sample.cluster.nodes()) {
    const v1::HostStatus& host = node.host();
    const double share = Share({0, node.node_id(), node.incarnation()}, sample.at,
                               host.cpu_user_seconds() + host.cpu_system_seconds(), &now);
    nodes.push_back({.key = Key(sort, share, host.resident_bytes(), host.load()),
                     .cells = {absl::StrCat(node.node_id()), EnumWord(node.role()),
                               Printable(node.address()), Printable(node.hostname()),
                               Percent(share), Bytes(static_cast<double>(host.resident_bytes())),
                               absl::StrFormat("%.2f/%d", host.load(), host.processors()),
                               Bytes(static_cast<double>(host.memory_available_bytes())),
                               !node.live()      ? "silent"
                               : node.draining() ? "draining"
                                                 : "live"}});
  }
  std::vector<Row> ranks;
  for (const v1::Job& job : sample.jobs.jobs()) {
    for (const v1::RankStatus& rank : job.ranks()) {
      const double share = Share({job.job_id(), rank.rank() + 1, rank.incarnation()}, sample.at,
                                 rank.cpu_user_seconds() + rank.cpu_system_seconds(), &now);
      ranks.push_back(
          {.key = Key(sort, share, rank.resident_bytes(), rank.samples_per_second()),
           .cells = {absl::StrCat(job.job_id()), absl::StrCat(rank.rank()),
                     Printable(rank.hostname().empty() ? rank.worker_address() : rank.hostname()),
                     Percent(share), Bytes(static_cast<double>(rank.resident_bytes())),
                     absl::StrFormat("%.4g", rank.samples_per_second()),
                     absl::StrCat(rank.iteration()), Printable(RankStateText(rank))}});
    }
  }
  uses_ = std::move(now);
  // Half of the place for nodes, if ranks need the other half.
  const size_t rows = static_cast<size_t>(std::max(style.size.rows - 1, 4));
  const size_t for_nodes = std::max(rows / 2, rows - std::min(rows, ranks.size() + 2));
  std::vector<std::string> lines;
  AddTable({"NODE", "ROLE", "ADDRESS", "HOST", "CPU", "MEMORY", "LOAD", "FREE", "STATE"},
           std::move(nodes), for_nodes, "nodes", &lines);
  if (!ranks.empty()) {
    lines.push_back("");
    AddTable({"JOB", "RANK", "HOST", "CPU", "MEMORY", "SAMPLES/S", "ITERATION", "STATE"},
             std::move(ranks), rows - lines.size(), "ranks", &lines);
  }
  return FitLines(std::move(lines), "lines", style.size);
}

}  // namespace paceline::cli
