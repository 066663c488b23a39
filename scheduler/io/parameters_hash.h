// parameters_sha256: one number for the weights of a cut, whatever servers held them.
//
// SHA-256 over the tables in name order: the bytes of the name, a zero byte, the
// kind (0 dense, 1 sparse), rows (u64; sparse: number of keys), dim (u32), then the
// rows by ascending key (dense: the row's index): key (u64) and dim float32. All
// little-endian. Slots and progress do not take part. See docs/checkpoint.md.
//
// Thread-safe: functions without state.
#ifndef PACELINE_SCHEDULER_IO_PARAMETERS_HASH_H_
#define PACELINE_SCHEDULER_IO_PARAMETERS_HASH_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/cut/cut_folder.h"
#include "proto/node.pb.h"
#include "scheduler/io/cut_files.h"

namespace paceline::scheduler {

// Streams the shard files of the cut in `folder`. Memory: a buffer of at most 1 MiB, or
// one row, per bucket of a sparse table.
// Errors:  DataLoss   a file is not what the manifest says; names file and tensor.
//          Cancelled  `stop` said so.
absl::StatusOr<std::string> HashParameters(const CutFolder& folder, const v1::CutManifest& manifest,
                                           const StopRequested& stop);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_PARAMETERS_HASH_H_
