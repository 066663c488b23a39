// Writes a server's part of a cut as its copies come, one at a time; in the end
// the folder is synced. The manifest is the scheduler's.
//
// What was written before an error stays: without a manifest it is no cut.
#ifndef PACELINE_SERVER_IO_CUT_WRITER_H_
#define PACELINE_SERVER_IO_CUT_WRITER_H_

#include <memory>

#include "common/cut/verified_file.h"
#include "common/fs.h"
#include "proto/node.pb.h"
#include "server/core/job_cut.h"

namespace paceline::server {

// Thread-compatible.
class CutWriter {
 public:
  // `fs` outlives the writer.
  CutWriter(FileSystem* fs, std::unique_ptr<JobCut> cut);

  // Writes what is ready. True: the cut has ended on this server, well or badly, and
  // report() says how. `stop`, which may be null, is asked between shards.
  bool Work(const StopRequested& stop);

  // Done, with a file for each shard in the order of their ids; or an error that
  // names the file: a full disk, a cut before its time, cancelled.
  const v1::CutReport& report() const { return report_; }
  const JobCut& cut() const { return *cut_; }

 private:
  absl::Status WriteReady(const StopRequested& stop);

  FileSystem* const fs_;
  const std::unique_ptr<JobCut> cut_;
  v1::CutReport report_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_CUT_WRITER_H_
