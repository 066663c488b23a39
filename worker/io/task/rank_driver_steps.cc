// Iterations: batch, gradient, push, acknowledgement. Pulls: rank_driver_pulls.cc.
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/spec/flush_schedule.h"
#include "common/status/status_macros.h"
#include "worker/core/models/clip.h"
#include "worker/io/net/send_together.h"
#include "worker/io/task/rank_driver.h"
#include "worker/io/task/rank_driver_step.h"

namespace paceline::worker {
namespace {

// With fewer iterations left than this the scheduler is asked for more at once.
constexpr uint64_t kFewIterations = 2;

}  // namespace

void RankDriver::AddSpan(TraceTrack track, absl::string_view name, uint64_t iteration,
                         absl::Duration begin, absl::Duration end, uint64_t bytes) {
  if (job_->tracer == nullptr) return;
  job_->tracer->Add({track, name, iteration, begin, end, bytes});
}

void RankDriver::ReadBatch(uint64_t attempt, uint64_t iteration) {
  auto step = std::make_shared<Step>();
  step->iteration = iteration;
  step->began = loop_->Now();
  {
    MutexLock lock(&selection_mu_);
    const std::optional<IterationBatch> selected = selection_->At(iteration);
    if (!selected.has_value()) {
      return Fail(absl::InternalError(absl::StrCat("iteration ", iteration, " has no batch")));
    }
    step->selected = *selected;
  }
  step_ = step;
  compute_->Post([this, attempt, step] {
    absl::Status status;
    if (prefetcher_ != nullptr) {
      status = prefetcher_->Next(step->iteration, &step->batch);
      step->empty = step->batch.size() == 0;
    } else {
      step->batch.rank = options_.rank;
      step->batch.iteration = step->iteration;
    }
    if (status.ok() && !step->empty) job_->model->Keys(step->batch, &step->keys);
    loop_->Post([this, attempt, step, status] {
      if (step != step_) return;
      if (!status.ok()) return Fail(status);
      PullRows(attempt);
    });
  });
}

std::shared_ptr<Gradients> RankDriver::TakeGradients() {
  for (const std::shared_ptr<Gradients>& buffer : gradients_) {
    if (buffer.use_count() > 1) continue;
    // Nobody else can take a reference meanwhile; what others read of it came before.
    std::atomic_thread_fence(std::memory_order_acquire);
    // A server may still read what it did not acknowledge.
    for (TableRows& gradient : *buffer) MoveIfRetired(&gradient.rows);
    return buffer;
  }
  gradients_.push_back(std::make_shared<Gradients>());
  return gradients_.back();
}

void RankDriver::Compute(uint64_t attempt) {
  const std::shared_ptr<Step> step = step_;
  BeginResiduals(step->iteration);
  push_ = std::make_unique<PushPlan>(layout_.get(), Context(step->iteration), FrameLimits{},
                                     PushCoding{.residuals = &residuals_,
                                                .auto_codec = auto_push_.codec(),
                                                .flush = step->selected.flush});
  step->compute.began = loop_->Now();
  step->added.resize(layout_->tables(), false);
  if (step->empty) return Computed(attempt, step, absl::OkStatus());
  step->parameters = parameters_;
  step->gradients = TakeGradients();
  if (PullsNextAhead(step->iteration)) {
    ahead_.Begin(layout_, client_, Header(step->iteration + 1));
  }
  const bool early = job_->spec.train().optimizer().clip_norm() <= 0 &&
                     job_->spec.train().on_non_finite() != v1::NON_FINITE_POLICY_SKIP;
  compute_->Post([this, attempt, step, early] {
    const uint64_t divisor = step->selected.divisor;
    const float scale = divisor == 0 ? 1.0f : 1.0f / static_cast<float>(divisor);
    absl::Status status = job_->runner->Gradient(
        step->batch, *step->parameters, scale, step->gradients.get(), &step->loss, [&](int table) {
          if (!early) return;
          loop_->Post([this, attempt, step, table] { AddTable(attempt, step, table); });
        });
    if (status.ok() && !early) status = ComputeStep(step.get());
    loop_->Post([this, attempt, step, status] { Computed(attempt, step, status); });
  });
}

void RankDriver::BeginResiduals(uint64_t iteration) {
  if (!layout_->leaves_residuals() || !residuals_.Begin(map_.timeline(), iteration)) return;
  // A job that flushes goes back to where nothing was left.
  if (FlushSchedule(job_->spec).flushes()) return;
  LogWarning("what compression left behind of earlier gradients is lost",
             {{"job", options_.job_id},
              {"rank", options_.rank},
              {"iteration", iteration},
              {"cause", "a new task or a rollback starts with residuals of zero"}});
}

// What is decided over the whole gradient. Compute loop.
absl::Status RankDriver::ComputeStep(Step* step) {
  const v1::TrainSpec& train = job_->spec.train();
  const std::vector<v1::TableSpec>& tables = job_->model->tables();
  if (train.on_non_finite() == v1::NON_FINITE_POLICY_SKIP) {
    const std::optional<NonFiniteValue> bad = FindNonFinite(tables, *step->gradients);
    if (bad.has_value()) {
      LogWarning("iteration skipped", {{"job", options_.job_id},
                                       {"rank", options_.rank},
                                       {"iteration", step->iteration},
                                       {"cause", bad->ToString()}});
      step->skipped = true;
      return absl::OkStatus();
    }
  }
  if (train.optimizer().clip_norm() > 0) {
    const uint64_t own = step->selected.share.positions.size();
    const double to_mean =
        own == 0 ? 1.0 : static_cast<double>(step->selected.divisor) / static_cast<double>(own);
    ClipByNorm(train.optimizer().clip_norm(), to_mean, tables, step->gradients.get());
  }
  return absl::OkStatus();
}

void RankDriver::AddTable(uint64_t attempt, const std::shared_ptr<Step>& step, uint32_t table) {
  if (attempt != machine_.attempt() || step != step_ || step->added[table]) return;
  step->added[table] = true;
  std::vector<PushFrame> frames;
  const absl::Status added =
      push_->Add(table, {step->gradients, &(*step->gradients)[table]}, &frames);
  {
    const SendTogether together;
    for (PushFrame& frame : frames) AddPush(std::move(frame));
  }
  if (!added.ok()) Fail(added);
}

void RankDriver::AddRemains(uint32_t table) {
  // A table before it may have failed.
  if (push_ == nullptr) return;
  std::vector<PushFrame> frames;
  const absl::Status added = push_->AddRemains(table, &frames);
  for (PushFrame& frame : frames) AddPush(std::move(frame));
  if (!added.ok()) Fail(added);
}

void RankDriver::AddPush(PushFrame planned) {
  auto frame = std::make_shared<const PushFrame>(std::move(planned));
  if (step_ != nullptr) {
    step_->push.bytes += frame->payload_bytes;
    if (!step_->first_push.has_value()) step_->first_push = loop_->Now();
  }
  calls_.Add(frame->server, frame->payload_bytes,
             [frame, client = client_](absl::Duration timeout, FrameCalls::Done done) {
               client->Push(*frame, timeout, [done](absl::StatusOr<v1::PushResponse> response) {
                 if (!response.ok()) return done(response.status());
                 done(FrameCalls::Accept());
               });
             });
  // Right behind it.
  if (const absl::Status asked = ahead_.Ask(frame->header); !asked.ok()) Fail(asked);
}

void RankDriver::Computed(uint64_t attempt, const std::shared_ptr<Step>& step,
                          const absl::Status& status) {
  if (attempt != machine_.attempt() || step != step_) return;
  if (!status.ok()) return Fail(status);
  for (uint32_t table = 0; table < layout_->tables(); ++table) {
    // What has left in an earlier attempt may have arrived: it leaves again.
    const uint32_t first_shard = layout_->shards(table)[0].shard;
    if (step->empty || (step->skipped && !residuals_.Holds(first_shard, step->iteration))) {
      AddRemains(table);
    } else {
      AddTable(attempt, step, table);
    }
  }
  Handle(worker::Computed{attempt});
}

void RankDriver::FinishPush(uint64_t attempt) {
  // A table may have failed on its way into the push.
  if (push_ == nullptr) return;
  step_->push.began = loop_->Now();
  step_->compute.time = step_->push.began - step_->compute.began;
  std::vector<PushFrame> frames;
  push_->Finish(&frames);
  when_drained_ = [this, attempt] { PushAcked(attempt); };
  {
    const SendTogether together;
    for (PushFrame& frame : frames) AddPush(std::move(frame));
  }
  calls_.Close();
}

void RankDriver::PushAcked(uint64_t attempt) {
  Step& step = *step_;
  parked_.clear();
  const absl::Duration now = loop_->Now();
  step.push.time = now - step.push.began;
  AddSpan(TraceTrack::kPush, "push", step.iteration, step.first_push.value_or(step.push.began), now,
          step.push.bytes);
  AddSpan(TraceTrack::kWait, "wait for acknowledgement", step.iteration, step.push.began, now);
  if (!step.empty && !step.skipped) ChooseCodecs(step);
  if (step.skipped) ++skipped_iterations_;
  meter_.Add(now, step.selected.share.epoch, step.selected.share.positions.size(),
             step.skipped ? LossSum() : step.loss);
  {
    MutexLock lock(&report_mu_);
    step_times_.Add(now, now - step.began, step.pull.time + step.push.time);
  }
  bool few = false;
  {
    MutexLock lock(&selection_mu_);
    few = !selection_->complete() &&
          selection_->available() <= machine_.iteration() + 1 + kFewIterations;
  }
  push_.reset();
  step_.reset();
  Handle(worker::PushAcked{attempt});
  if (few) events_.sync();
}

void RankDriver::ChooseCodecs(const Step& step) {
  const absl::Duration compute = step.compute.time;
  if (layout_->pushes_auto()) {
    ChooseCodec("push", step.iteration, step.push.bytes, step.push.time, compute, &auto_push_);
  }
  if (layout_->pulls_auto()) {
    ChooseCodec("pull", step.iteration, step.pull.bytes, step.pull.time, compute, &auto_pull_);
  }
}

void RankDriver::ChooseCodec(const char* direction, uint64_t iteration, uint64_t bytes,
                             absl::Duration transfer, absl::Duration compute, AutoCodec* codec) {
  const v1::Codec before = codec->chosen();
  if (!codec->Add(bytes, transfer, compute)) return;
  // The first decision of all is said, too.
  if (codec->chosen() == before && codec->decisions() > 1) return;
  LogInfo("compression chosen",
          {{"job", options_.job_id},
           {"rank", options_.rank},
           {"iteration", iteration},
           {"direction", direction},
           {"codec", codec->chosen() == v1::CODEC_BF16 ? "bf16" : "float32"},
           {"float32_ms", absl::ToDoubleMilliseconds(codec->float32_transfer())},
           {"bf16_ms", absl::ToDoubleMilliseconds(codec->bf16_transfer())},
           {"bytes_per_second", codec->rate()}});
}

void RankDriver::SendFinish(uint64_t attempt, uint64_t iteration) {
  {
    // Only now it is known that no batch of the epoch comes after the last.
    MutexLock lock(&selection_mu_);
    if (iteration > 0 && selection_->EndsPass(iteration - 1)) meter_.EndPass();
  }
  ahead_.Abandon();
  when_drained_ = [this, attempt] { Handle(FinishAcked{attempt}); };
  for (PushFrame& frame : PushPlan::FinishRank(layout_->servers(), Context(iteration))) {
    AddPush(std::move(frame));
  }
  calls_.Close();
}

}  // namespace paceline::worker
