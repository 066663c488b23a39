// What a job does about records that cannot be read.
#ifndef PACELINE_WORKER_IO_DATA_BAD_RECORDS_H_
#define PACELINE_WORKER_IO_DATA_BAD_RECORDS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "proto/job.pb.h"
#include "worker/core/data/record_index.h"

namespace paceline::worker {

// Immutable.
struct BadRecordRule {
  static constexpr uint64_t kDefaultMax = 100;

  bool skip = false;
  // skip: at most this many.
  uint64_t max = 0;

  static BadRecordRule FromSpec(const v1::DataSpec& spec);

  // Whether a file with these bad records may be used.
  // Errors:  InvalidArgument    on_bad_record: fail, and there is one:
  //                             `FILE:LINE: record N: reason`.
  //          ResourceExhausted  skip, and there are more than max; names the first ten.
  absl::Status Check(const std::string& path, const RecordIndex& index) const;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_DATA_BAD_RECORDS_H_
