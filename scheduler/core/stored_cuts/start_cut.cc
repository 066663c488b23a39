#include "scheduler/core/stored_cuts/start_cut.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/cut/held_cuts.h"
#include "common/json/proto_json.h"
#include "common/spec/cut_name.h"
#include "common/spec/enum_names.h"
#include "common/status/status_macros.h"
#include "scheduler/core/state/start.h"
#include "scheduler/core/stored_cuts/best_cut.h"

namespace paceline::scheduler {
namespace {

// What must be as it was, in the words of the job file.
struct Trained {
  std::string field;
  std::string value;
};

std::string Json(const google::protobuf::Message& message) {
  return ProtoToJson(message, JsonLayout::kOneLine);
}

// The update rule of sparse tables.
const v1::OptimizerSpec& SparseOptimizer(const v1::TrainSpec& train) {
  return train.has_sparse_optimizer() ? train.sparse_optimizer() : train.optimizer();
}

// What decides which samples an iteration trains on, and what a table holds.
std::vector<Trained> TrainedAs(const v1::JobSpec& spec) {
  // Where the data lie may change; what was found in them is compared later.
  v1::DataSpec data = spec.data();
  data.clear_train();
  data.clear_eval();
  const bool bsp = spec.consistency().policy() == v1::POLICY_BSP;
  return {{"model", Json(spec.model())},
          {"data", Json(data)},
          {"train.global_batch", absl::StrCat(spec.train().global_batch())},
          {"train.seed", absl::StrCat(spec.train().seed())},
          {"train.optimizer.kind", EnumWord(spec.train().optimizer().kind())},
          {"train.sparse_optimizer.kind", EnumWord(SparseOptimizer(spec.train()).kind())},
          {"consistency.policy", bsp ? "bsp" : "ssp or asp"},
          {"resources.workers", absl::StrCat(spec.resources().workers())}};
}

}  // namespace

absl::StatusOr<std::optional<NamedCut>> FindStartCut(const ClusterState& state,
                                                     const v1::JobSpec& spec) {
  if (spec.start().cut().empty()) return std::nullopt;
  PL_ASSIGN_OR_RETURN(const CutName name, ParseCutName(spec.start().cut()));
  NamedCut cut = {.job_id = name.job_id, .cut_id = name.cut_id, .dir = name.dir};
  if (name.job_id == 0) return cut;
  const v1::JobRecord* job = state.FindJob(name.job_id);
  if (job == nullptr) {
    return absl::NotFoundError(absl::StrCat("start.cut: job ", name.job_id, " does not exist"));
  }
  const uint64_t wanted = name.best ? BestCut(*job) : name.cut_id;
  const auto found =
      wanted == 0 && !name.best && !job->cuts().empty()
          ? job->cuts().end() - 1
          : std::find_if(job->cuts().begin(), job->cuts().end(),
                         [&](const v1::CutRecord& one) { return one.cut_id() == wanted; });
  if (found == job->cuts().end()) {
    const std::string there = absl::StrJoin(
        job->cuts(), ", ",
        [](std::string* out, const v1::CutRecord& one) { absl::StrAppend(out, one.cut_id()); });
    return absl::NotFoundError(absl::StrCat("start.cut: job ", name.job_id, " has no cut ",
                                            name.best          ? "of its best evaluation "
                                            : name.cut_id == 0 ? ""
                                                               : absl::StrCat(name.cut_id, " "),
                                            "(it has ", there.empty() ? "none" : there, ")"));
  }
  cut.cut_id = found->cut_id();
  cut.dir = found->dir();
  cut.manifest_xxh3 = found->manifest_xxh3();
  for (const v1::ShardServer& holder : found->holders()) *cut.holders.Add() = holder.address();
  return cut;
}

absl::StatusOr<v1::StartPoint> PlanStart(const v1::JobSpec& spec, const StartCut& from) {
  const bool weights_only = spec.start().weights_only();
  const v1::CutManifest& manifest = from.manifest;
  v1::StartPoint start;
  start.set_job_id(from.name.job_id);
  v1::RestoreOrder* cut = start.mutable_cut();
  cut->set_cut_id(manifest.cut_id());
  cut->set_dir(from.name.dir);
  cut->set_manifest_xxh3(from.name.manifest_xxh3);
  *cut->mutable_holders() = from.name.holders;
  cut->set_part(weights_only ? v1::RestoreOrder::WEIGHTS : v1::RestoreOrder::UNFINISHED);
  const auto& progress = manifest.progress();
  if (!progress.empty()) {
    start.set_iteration(*std::min_element(progress.begin(), progress.end()));
  }
  if (weights_only) return start;
  const std::vector<Trained> was = TrainedAs(manifest.spec());
  const std::vector<Trained> is = TrainedAs(spec);
  for (size_t i = 0; i < was.size(); ++i) {
    if (was[i].value != is[i].value) {
      return TakenOtherwise(start, was[i].field, was[i].value, is[i].value);
    }
  }
  *start.mutable_facts() = manifest.facts();
  *start.mutable_grants() = manifest.grants();
  start.set_grant_epoch(manifest.grant_epoch());
  start.set_grant_next(manifest.grant_next());
  return start;
}

bool IsCutOf(absl::string_view path, const v1::JobRecord& job) {
  if (path.empty() || job.checkpoint_dir().empty()) return false;
  const std::string inside =
      absl::StrCat(std::filesystem::path(std::string(path)).lexically_normal().string(), "/");
  const std::string cuts = absl::StrCat(job.checkpoint_dir(), "/");
  // Of a replicated cut it is what follows some data dir.
  return IsHeld(job.checkpoint_dir()) ? absl::StrContains(inside, absl::StrCat("/", cuts))
                                      : absl::StartsWith(inside, cuts);
}

std::vector<uint64_t> JobsStartingFrom(const ClusterState& state, const v1::JobRecord& job) {
  std::vector<uint64_t> jobs;
  for (const uint64_t id : state.active_jobs()) {
    const v1::JobRecord& other = *state.FindJob(id);
    if (!other.has_start() || !other.cuts().empty()) continue;
    const bool same = other.start().job_id() != 0 ? other.start().job_id() == job.job_id()
                                                  : IsCutOf(other.start().cut().dir(), job);
    if (same) jobs.push_back(id);
  }
  return jobs;
}

bool IsPinned(const ClusterState& state, uint64_t job_id, uint64_t cut_id) {
  return std::any_of(state.active_jobs().begin(), state.active_jobs().end(), [&](uint64_t id) {
    const v1::JobRecord& job = *state.FindJob(id);
    return job.cuts().empty() && job.start().job_id() == job_id &&
           job.start().cut().cut_id() == cut_id && cut_id != 0 && job_id != 0;
  });
}

}  // namespace paceline::scheduler
