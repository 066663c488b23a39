// Writes the shard files of a cut (docs/checkpoint.md), one shard in memory at a
// time: temporary name, sync, rename, and in the end a sync of the folder. The
// manifest is the scheduler's.
//
// Thread-safe: a function without state.
#ifndef PACELINE_SERVER_IO_CUT_WRITER_H_
#define PACELINE_SERVER_IO_CUT_WRITER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "common/fs.h"
#include "proto/node.pb.h"
#include "server/core/server_job.h"

namespace paceline::server {

inline constexpr uint32_t kCutFormatVersion = 1;

// "shard-000012.safetensors"
std::string CutFileName(uint32_t shard);

// Writes a file for every shard of `job` into `cut.dir()`, which is created.
// `cancelled`, which may be null, is asked between shards.
//
// The report is done, with a file for each shard in the order of their ids, or has
// an error that names the file: a cut before its time (ServerJob::ReadyForCut), a
// full disk, cancelled. What was written by then stays: without a manifest it is
// no cut.
v1::CutReport WriteCut(FileSystem& fs, const ServerJob& job, const v1::CutOrder& cut,
                       const std::function<bool()>& cancelled);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_CUT_WRITER_H_
