#include "worker/io/task/evaluator.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "common/refusal/refusal.h"
#include "common/status/status_macros.h"
#include "worker/core/eval/batch_records.h"
#include "worker/core/task/pull_plan.h"
#include "worker/io/task/pull_calls.h"

namespace paceline::worker {

struct Evaluator::Work {
  explicit Work(const v1::ModelSpec& model) : metrics(Metrics::For(model)) {}

  Metrics metrics;
  Batch batch;
  std::vector<std::vector<uint64_t>> keys;
  Parameters parameters;
  Predictions predictions;
};

Evaluator::Evaluator(Options options, Events events)
    : options_(std::move(options)),
      events_(std::move(events)),
      alive_(std::make_shared<bool>(true)),
      work_(std::make_shared<Work>(options_.job->spec.model())),
      calls_(options_.loop, options_.in_flight,
             {.drained = [this] { std::exchange(next_, nullptr)(); },
              .refused = [this](const absl::Status& status) { events_.refused(status); },
              .unreachable = [this](const absl::Status& status) { events_.unreachable(status); },
              .waiting = [](const absl::Status&) {}}),
      pins_(options_.layout->servers(), 0) {
  if (options_.pin_number != 0) {
    PinAll();
  } else {
    ReadBatch();
  }
}

Evaluator::~Evaluator() {
  *alive_ = false;
  UnpinAll();
}

void Evaluator::PinAll() {
  v1::PinRequest request;
  *request.mutable_context() = options_.context;
  request.set_number(options_.pin_number);
  next_ = [this] {
    events_.pinned();
    ReadBatch();
  };
  for (uint32_t server = 0; server < pins_.size(); ++server) {
    calls_.Add(server, 0,
               [this, server, request, client = options_.client](absl::Duration timeout,
                                                                 FrameCalls::Done done) {
                 client->Pin(server, request, timeout,
                             [this, server, done](absl::StatusOr<v1::PinResponse> response) {
                               if (!response.ok()) return done(response.status());
                               done(FrameCalls::Accept([this, server, pin = response->pin()] {
                                 pins_[server] = pin;
                                 return absl::OkStatus();
                               }));
                             });
               });
  }
  calls_.Close();
}

void Evaluator::Again() {
  *alive_ = false;
  alive_ = std::make_shared<bool>(true);
  calls_.Abandon();
  work_ = std::make_shared<Work>(options_.job->spec.model());
  has_dense_ = false;
  next_record_ = 0;
  ReadBatch();
}

void Evaluator::UnpinAll() {
  // Nobody waits for it: pins also end with the rank's next one and with its incarnation.
  for (uint32_t server = 0; server < pins_.size(); ++server) {
    if (pins_[server] == 0) continue;
    v1::UnpinRequest request;
    *request.mutable_context() = options_.context;
    request.set_pin(std::exchange(pins_[server], 0));
    options_.client->Unpin(server, request, absl::Seconds(10),
                           [](const absl::StatusOr<v1::UnpinResponse>&) {});
  }
}

void Evaluator::OnCompute(std::function<absl::Status(Work*)> work, std::function<void()> then) {
  options_.compute->Post([this, alive = alive_, loop = options_.loop, shared = work_,
                          work = std::move(work), then = std::move(then)] {
    const absl::Status status = work(shared.get());
    loop->Post([this, alive, status, then] {
      if (!*alive) return;
      if (!status.ok()) return events_.failed(status);
      then();
    });
  });
}

void Evaluator::ReadBatch() {
  const uint64_t records = options_.job->eval->records();
  if (next_record_ >= records) {
    UnpinAll();
    // The last that is done here: the evaluator may be deleted by it.
    events_.done(work_->metrics.Finish());
    return;
  }
  const uint64_t n = std::min(EvaluationBatchRecords(*options_.job->eval), records - next_record_);
  std::vector<uint64_t> numbers(n);
  std::iota(numbers.begin(), numbers.end(), next_record_);
  next_record_ += n;
  OnCompute(
      [job = options_.job, numbers = std::move(numbers)](Work* work) {
        PL_RETURN_IF_ERROR(job->eval->Read(numbers, &work->batch));
        job->model->Keys(work->batch, &work->keys);
        return absl::OkStatus();
      },
      [this] { PullRows(std::move(work_->keys)); });
}

void Evaluator::PullRows(std::vector<std::vector<uint64_t>> keys) {
  const ShardLayout& layout = *options_.layout;
  keys.resize(layout.tables());
  ShapeParameters(layout, std::move(keys), &work_->parameters);
  std::vector<TableNeeds> needs(layout.tables());
  for (uint32_t table = 0; table < layout.tables(); ++table) {
    needs[table].all = layout.sparse(table) || !has_dense_;
  }
  has_dense_ = true;
  PullHeader header;
  header.context = options_.context;
  header.exact = true;
  header.max_wait_ms = static_cast<uint32_t>(absl::ToInt64Milliseconds(options_.max_wait));
  absl::StatusOr<std::vector<PullFrame>> frames =
      PlanPull(layout, header, work_->parameters, needs);
  if (!frames.ok()) return events_.failed(frames.status());
  next_ = [this] { Predict(); };
  for (PullFrame& planned : *frames) {
    planned.header.set_pin(pins_[planned.server]);
    AddPull(&calls_, options_.client, options_.layout, std::move(planned),
            {.parameters = [this] { return &work_->parameters; }});
  }
  calls_.Close();
}

void Evaluator::Predict() {
  OnCompute(
      [job = options_.job](Work* work) {
        if (work->batch.size() == 0) return absl::OkStatus();
        PL_RETURN_IF_ERROR(
            job->eval_runner->Predict(work->batch, work->parameters, &work->predictions));
        return work->metrics.Add(work->predictions, work->batch.labels);
      },
      [this] { ReadBatch(); });
}

}  // namespace paceline::worker
