// Where the files of one cut lie: in one folder that all see, or on the disks of
// several holders.
#ifndef PACELINE_COMMON_CUT_CUT_FOLDER_H_
#define PACELINE_COMMON_CUT_CUT_FOLDER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/fs.h"
#include "proto/node.pb.h"

namespace paceline {

// Thread-safe.
class CutFolder {
 public:
  virtual ~CutFolder() = default;

  // How many copies of a file there may be, at least 1, and the one of that index.
  // Errors:  NotFound     it is not there.
  //          Unavailable  who keeps it does not answer; and those of the file system.
  virtual int Copies(const v1::CutFile& file) const = 0;
  virtual absl::StatusOr<std::unique_ptr<ReadableFile>> OpenCopy(const v1::CutFile& file,
                                                                 int copy) const = 0;

  // For messages.
  virtual std::string PathOf(const std::string& name) const = 0;
};

class SharedCutFolder final : public CutFolder {
 public:
  // `fs` outlives the folder and the files it opens.
  SharedCutFolder(FileSystem* fs, std::string dir) : fs_(fs), dir_(std::move(dir)) {}

  int Copies(const v1::CutFile& /*file*/) const override { return 1; }
  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenCopy(const v1::CutFile& file,
                                                         int /*copy*/) const override {
    return fs_->OpenForRead(PathOf(file.name()));
  }
  std::string PathOf(const std::string& name) const override { return JoinPath(dir_, name); }

 private:
  FileSystem* const fs_;
  const std::string dir_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_CUT_CUT_FOLDER_H_
