#include "scheduler/core/lifecycle/facts.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/spec/library_class.h"
#include "common/status/status_macros.h"
#include "common/tables/sharding.h"
#include "google/protobuf/util/message_differencer.h"
#include "scheduler/core/lifecycle/end_job.h"
#include "scheduler/core/ranks/waiting.h"
#include "scheduler/core/state/start.h"

namespace paceline::scheduler {
namespace {

template <typename T>
absl::Status Same(absl::string_view what, const T& first, uint32_t rank, const T& other) {
  if (first == other) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("ranks disagree on ", what, ": rank ", rank,
                                                    " has ", other, ", the first had ", first));
}

}  // namespace

absl::Status CheckSameFacts(const v1::TaskFacts& first, uint32_t rank, const v1::TaskFacts& facts,
                            v1::Policy policy) {
  PL_RETURN_IF_ERROR(Same("training records", first.records(), rank, facts.records()));
  PL_RETURN_IF_ERROR(Same("evaluation records", first.eval_records(), rank, facts.eval_records()));
  PL_RETURN_IF_ERROR(Same("features", first.features(), rank, facts.features()));
  PL_RETURN_IF_ERROR(Same("classes", first.classes(), rank, facts.classes()));
  PL_RETURN_IF_ERROR(Same("the number of tables", first.tables_size(), rank, facts.tables_size()));
  for (int i = 0; i < first.tables_size(); ++i) {
    using google::protobuf::util::MessageDifferencer;
    if (!MessageDifferencer::Equals(first.tables(i), facts.tables(i))) {
      return Same(absl::StrCat("table ", first.tables(i).name()),
                  first.tables(i).ShortDebugString(), rank, facts.tables(i).ShortDebugString());
    }
  }
  PL_RETURN_IF_ERROR(Same("the model's library", LibraryOf(first.numeric_class()), rank,
                          LibraryOf(facts.numeric_class())));
  if (policy != v1::POLICY_BSP) return absl::OkStatus();
  PL_RETURN_IF_ERROR(Same("the device", first.device(), rank, facts.device()));
  return Same("the numeric class", first.numeric_class(), rank, facts.numeric_class());
}

void PlanFacts(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (job.state() != v1::JOB_STATE_PLACING || job.has_facts()) return;
  if (!RanksWithoutFacts(view, job).empty()) return;
  const auto facts_of = [&](uint32_t rank) -> const v1::TaskFacts& {
    return view.seen.FindTask(job.job_id(), rank, job.ranks(rank).incarnation())->report.facts();
  };
  const v1::TaskFacts& first = facts_of(0);
  for (uint32_t rank = 1; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    const absl::Status same =
        CheckSameFacts(first, rank, facts_of(rank), job.spec().consistency().policy());
    if (!same.ok()) {
      EndJob(view, job, JobTrigger::kFail, std::string(same.message()), out);
      return;
    }
  }
  const std::vector<v1::TableSpec> tables(first.tables().begin(), first.tables().end());
  const auto shards = CutTables(tables);
  if (!shards.ok() || shards->empty()) {
    EndJob(view, job, JobTrigger::kFail,
           shards.ok() ? "the model has no tables" : std::string(shards.status().message()), out);
    return;
  }
  if (const absl::Status same = CheckStartFacts(job, first); !same.ok()) {
    EndJob(view, job, JobTrigger::kFail, std::string(same.message()), out);
    return;
  }
  v1::FactsRecorded* recorded = out->Add(view.now).mutable_facts_recorded();
  recorded->set_job_id(job.job_id());
  *recorded->mutable_facts() = first;
}

void PlanLateFacts(const View& view, const v1::JobRecord& job, uint32_t rank, Decisions* out) {
  if (!job.has_facts()) return;
  const v1::TaskFacts& found =
      view.seen.FindTask(job.job_id(), rank, job.ranks(rank).incarnation())->report.facts();
  const absl::Status same =
      CheckSameFacts(job.facts(), rank, found, job.spec().consistency().policy());
  if (same.ok()) return;
  EndJob(view, job, JobTrigger::kFail, std::string(same.message()), out);
}

}  // namespace paceline::scheduler
