#include "common/tensorboard/job_events.h"

#include <algorithm>
#include <utility>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace paceline::tensorboard {
namespace {

double Seconds(int64_t ms) { return static_cast<double>(ms) / 1000; }

// When the job was first seen beyond the iteration.
double TimeOf(const v1::Job& job, uint64_t iteration, int64_t now_ms) {
  for (const v1::HistoryPoint& point : job.history()) {
    if (point.iteration() >= iteration) return Seconds(point.time_ms());
  }
  return Seconds(job.ended_ms() > 0 ? job.ended_ms() : now_ms);
}

}  // namespace

void JobEvents::Add(const std::string& tag, int64_t step, double value, Event* event) {
  const auto [last, is_first] = written_.emplace(tag, step);
  if (!is_first && step <= last->second) return;
  last->second = step;
  Summary::Value* out = event->mutable_summary()->add_value();
  out->set_tag(tag);
  out->set_simple_value(static_cast<float>(value));
}

std::vector<Event> JobEvents::New(const v1::Job& job, int64_t now_ms) {
  std::vector<Event> events;
  for (const v1::HistoryPoint& point : job.history()) {
    Event event;
    const auto step = static_cast<int64_t>(point.iteration());
    event.set_wall_time(Seconds(point.time_ms()));
    event.set_step(step);
    // A model without a loss has none that is worth a curve.
    if (point.loss() != 0) Add("loss", step, point.loss(), &event);
    Add("samples_per_second", step, point.samples_per_second(), &event);
    Add("staleness_mean", step, point.staleness_mean(), &event);
    Add("step_seconds", step, point.step_seconds(), &event);
    Add("wait_seconds", step, point.wait_seconds(), &event);
    if (event.has_summary()) events.push_back(std::move(event));
  }
  for (const v1::EvalPoint& point : job.evals()) {
    Event event;
    const auto step = static_cast<int64_t>(point.iteration());
    event.set_wall_time(TimeOf(job, point.iteration(), now_ms));
    event.set_step(step);
    // All metrics are optional doubles.
    const v1::EvalResult& result = point.result();
    std::vector<const google::protobuf::FieldDescriptor*> metrics;
    result.GetReflection()->ListFields(result, &metrics);
    for (const google::protobuf::FieldDescriptor* metric : metrics) {
      Add("eval/" + metric->name(), step, result.GetReflection()->GetDouble(result, metric),
          &event);
    }
    if (event.has_summary()) events.push_back(std::move(event));
  }
  return events;
}

void Remember(const Event& event, JobEvents::Steps* steps) {
  for (const Summary::Value& value : event.summary().value()) {
    const auto [last, is_first] = steps->emplace(value.tag(), event.step());
    last->second = std::max(last->second, event.step());
  }
}

}  // namespace paceline::tensorboard
