// Event files: the frame, what is new, and going on after a restart.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"
#include "common/tensorboard/job_event_file.h"
#include "common/tensorboard/job_events.h"
#include "common/tensorboard/tf_record.h"

namespace paceline::tensorboard {
namespace {

v1::Job JobWith(const std::vector<uint64_t>& iterations) {
  v1::Job job;
  job.set_job_id(7);
  job.mutable_spec()->set_name("digits");
  job.set_submitted_ms(1700000000123);
  for (const uint64_t iteration : iterations) {
    v1::HistoryPoint* point = job.add_history();
    point->set_iteration(iteration);
    point->set_time_ms(1700000000000 + static_cast<int64_t>(iteration) * 1000);
    point->set_loss(1.0 / static_cast<double>(iteration));
  }
  return job;
}

// "loss@10 samples_per_second@10 ..."
std::string Tags(const std::vector<Event>& events, const std::string& only = "") {
  std::string text;
  for (const Event& event : events) {
    for (const Summary::Value& value : event.summary().value()) {
      if (only.empty() || value.tag() == only) {
        absl::StrAppend(&text, text.empty() ? "" : " ", value.tag(), "@", event.step());
      }
    }
  }
  return text;
}

// All events of a job's file.
std::vector<Event> EventsIn(FileSystem& fs, const v1::Job& job) {
  REQUIRE_OK_AND_ASSIGN(const std::string bytes, ReadFile(fs, JobEventPath("/runs", job)));
  const Records records = DecodeRecords(bytes);
  CHECK(records.valid_bytes == bytes.size());
  std::vector<Event> events;
  for (const absl::string_view data : records.data) {
    REQUIRE(events.emplace_back().ParseFromString(std::string(data)));
  }
  return events;
}

TEST_CASE("a record has the bytes that TensorFlow writes") {
  // The record of no bytes, as tf.io.TFRecordWriter writes it.
  CHECK(absl::BytesToHexString(EncodeRecord("")) == "000000000000000029039807d8ea82a2");
  const std::string record = EncodeRecord("paceline");
  CHECK(record.size() == 8 + 12 + 4);
  CHECK(absl::BytesToHexString(record.substr(0, 8)) == "0800000000000000");
}

TEST_CASE("records are read up to the first that is torn or damaged") {
  const std::string bytes = EncodeRecord("one") + EncodeRecord("") + EncodeRecord("three");
  const Records all = DecodeRecords(bytes);
  CHECK(all.data == std::vector<absl::string_view>{"one", "", "three"});
  CHECK(all.valid_bytes == bytes.size());
  const size_t two = EncodeRecord("one").size() + EncodeRecord("").size();
  for (size_t size = two; size < bytes.size(); ++size) {
    CHECK(DecodeRecords(absl::string_view(bytes).substr(0, size)).valid_bytes == two);
  }
  for (size_t at = two; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    CHECK(DecodeRecords(damaged).data.size() == 2);
  }
}

TEST_CASE("every point of a job is an event once, in the job's own time") {
  JobEvents events;
  const std::vector<Event> first = events.New(JobWith({10, 20}), 0);
  CHECK(Tags(first) ==
        "loss@10 samples_per_second@10 staleness_mean@10 step_seconds@10 wait_seconds@10 "
        "loss@20 samples_per_second@20 staleness_mean@20 step_seconds@20 wait_seconds@20");
  CHECK(first[0].wall_time() == 1700000010);
  CHECK(first[0].summary().value(0).simple_value() == Approx(0.1));
  CHECK(events.New(JobWith({10, 20}), 0).empty());
  // Every second point has gone, and the job was rolled back meanwhile.
  CHECK(Tags(events.New(JobWith({10, 15, 30}), 0), "loss") == "loss@30");
}

TEST_CASE("evaluations have a curve for each metric") {
  JobEvents events;
  v1::Job job = JobWith({10, 20});
  v1::EvalPoint* eval = job.add_evals();
  eval->set_iteration(15);
  eval->mutable_result()->set_accuracy(0.9);
  eval->mutable_result()->set_log_loss(0.25);
  std::vector<Event> all = events.New(job, 0);
  CHECK(Tags(all, "eval/accuracy") == "eval/accuracy@15");
  CHECK(Tags(all, "eval/log_loss") == "eval/log_loss@15");
  CHECK(all.back().wall_time() == 1700000020);
  job.add_evals()->set_iteration(30);
  job.mutable_evals(1)->mutable_result()->set_accuracy(0.95);
  all = events.New(job, 1700000033000);
  REQUIRE(all.size() == 1);
  CHECK(all[0].wall_time() == 1700000033);
  // A model without a loss has no curve of zeros.
  v1::Job counting = JobWith({10});
  counting.mutable_history(0)->set_loss(0);
  CHECK(Tags(JobEvents().New(counting, 0), "loss").empty());
}

TEST_CASE("a file that is opened again holds no point twice") {
  MemoryFileSystem fs;
  {
    REQUIRE_OK_AND_ASSIGN(const auto file, JobEventFile::Open(fs, "/runs", JobWith({})));
    REQUIRE_OK(file->Write(JobWith({10}), 0));
    REQUIRE_OK(file->Write(JobWith({10, 20}), 0));
  }
  {
    REQUIRE_OK_AND_ASSIGN(const auto file, JobEventFile::Open(fs, "/runs", JobWith({})));
    REQUIRE_OK(file->Write(JobWith({10, 20, 30}), 0));
  }
  CHECK(JobEventPath("/runs", JobWith({})) ==
        "/runs/digits-7/events.out.tfevents.1700000000.paceline");
  const std::vector<Event> events = EventsIn(fs, JobWith({}));
  CHECK(events[0].file_version() == "brain.Event:2");
  CHECK(Tags(events, "loss") == "loss@10 loss@20 loss@30");
}

TEST_CASE("a record that a crash tore is cut off, and written again") {
  MemoryFileSystem fs;
  const std::string path = JobEventPath("/runs", JobWith({}));
  {
    REQUIRE_OK_AND_ASSIGN(const auto file, JobEventFile::Open(fs, "/runs", JobWith({})));
    REQUIRE_OK(file->Write(JobWith({10, 20}), 0));
  }
  REQUIRE_OK_AND_ASSIGN(const std::string whole, ReadFile(fs, path));
  REQUIRE_OK(WriteFileDurably(fs, path, absl::string_view(whole).substr(0, whole.size() - 3)));
  REQUIRE_OK_AND_ASSIGN(const auto file, JobEventFile::Open(fs, "/runs", JobWith({})));
  REQUIRE_OK(file->Write(JobWith({10, 20, 30}), 0));
  CHECK(Tags(EventsIn(fs, JobWith({})), "loss") == "loss@10 loss@20 loss@30");
}

}  // namespace
}  // namespace paceline::tensorboard
