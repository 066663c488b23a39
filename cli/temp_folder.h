// A folder that goes away with its owner.
#ifndef PACELINE_CLI_TEMP_FOLDER_H_
#define PACELINE_CLI_TEMP_FOLDER_H_

#include <string>

#include "absl/status/statusor.h"

namespace paceline::cli {

// Thread-compatible.
class TempFolder {
 public:
  // A new folder `base`/paceline-(six characters), for its owner alone.
  // Errors: after errno.
  static absl::StatusOr<TempFolder> Create(const std::string& base);
  // A folder that stays: created if absent, and it must be empty.
  // Errors: FailedPrecondition  it is not empty.
  static absl::StatusOr<TempFolder> Keep(const std::string& path);

  // Removes a created folder with all in it.
  ~TempFolder();
  TempFolder(TempFolder&& other) noexcept;
  TempFolder& operator=(TempFolder&&) = delete;

  const std::string& path() const { return path_; }
  bool kept() const { return kept_; }

 private:
  TempFolder(std::string path, bool kept);

  std::string path_;
  bool kept_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_TEMP_FOLDER_H_
