#include "scheduler/core/state/start.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/spec/cut_name.h"

namespace paceline::scheduler {
namespace {

bool SameTable(const v1::TableSpec& a, const v1::TableSpec& b) {
  return a.name() == b.name() && a.kind() == b.kind() && a.rows() == b.rows() && a.dim() == b.dim();
}

std::string TableText(const v1::TaskFacts& facts) {
  return absl::StrJoin(facts.tables(), ", ", [](std::string* out, const v1::TableSpec& table) {
    absl::StrAppend(out, table.name(), " [", table.rows(), ", ", table.dim(), "]");
  });
}

}  // namespace

std::string CutText(const v1::StartPoint& start) {
  if (start.job_id() == 0) return absl::StrCat("cut ", start.cut().dir());
  return absl::StrCat("cut ", CutNameText(start.job_id(), start.cut().cut_id()));
}

absl::Status TakenOtherwise(const v1::StartPoint& start, absl::string_view what,
                            absl::string_view was, absl::string_view is) {
  return absl::FailedPreconditionError(absl::StrCat(
      "start.cut: ", CutText(start), " was taken with ", what, " ", was, ", this job has ", is,
      "; give the same, or take the weights alone (start.weights_only, --weights-only)"));
}

absl::Status CheckStartFacts(const v1::JobRecord& job, const v1::TaskFacts& facts) {
  if (job.start().cut().part() != v1::RestoreOrder::UNFINISHED) return absl::OkStatus();
  const v1::TaskFacts& was = job.start().facts();
  if (was.records() != facts.records()) {
    return TakenOtherwise(job.start(), "training records", absl::StrCat(was.records()),
                          absl::StrCat(facts.records()));
  }
  if (!std::equal(was.tables().begin(), was.tables().end(), facts.tables().begin(),
                  facts.tables().end(), SameTable)) {
    return TakenOtherwise(job.start(), "tables", TableText(was), TableText(facts));
  }
  return absl::OkStatus();
}

std::optional<v1::RestoreOrder> RestoreOf(const v1::JobRecord& job) {
  v1::RestoreOrder restore;
  for (const v1::CutRecord& cut : job.cuts()) {
    if (cut.cut_id() != job.restore_cut()) continue;
    restore.set_cut_id(cut.cut_id());
    restore.set_dir(cut.dir());
    restore.set_manifest_xxh3(cut.manifest_xxh3());
    for (const v1::ShardServer& holder : cut.holders()) restore.add_holders(holder.address());
    return restore;
  }
  if (job.has_start()) return job.start().cut();
  if (job.spec().start().weights().empty()) return std::nullopt;
  restore.set_part(v1::RestoreOrder::WEIGHTS);
  restore.set_weights_file(job.spec().start().weights());
  return restore;
}

std::string StartText(const v1::JobRecord& job) {
  if (job.restore_cut() != 0) return absl::StrCat("cut ", job.restore_cut());
  if (!job.has_start()) return job.spec().start().weights();
  return absl::StrCat(job.spec().start().weights_only() ? "the weights of " : "",
                      CutText(job.start()));
}

}  // namespace paceline::scheduler
