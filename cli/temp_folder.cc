#include "cli/temp_folder.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace paceline::cli {

TempFolder::TempFolder(std::string path, bool kept) : path_(std::move(path)), kept_(kept) {}

TempFolder::TempFolder(TempFolder&& other) noexcept
    : path_(std::exchange(other.path_, "")), kept_(other.kept_) {}

absl::StatusOr<TempFolder> TempFolder::Create(const std::string& base) {
  // mkdtemp replaces six X by what makes the name unique.
  std::string path = absl::StrCat(base, "/paceline-", std::string(6, 'X'));
  if (mkdtemp(path.data()) == nullptr) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot create a folder in ", base));
  }
  return TempFolder(std::move(path), /*kept=*/false);
}

absl::StatusOr<TempFolder> TempFolder::Keep(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  const bool empty = !error && std::filesystem::is_empty(path, error);
  if (error) {
    return absl::InvalidArgumentError(absl::StrCat("--keep ", path, ": ", error.message()));
  }
  if (!empty) {
    return absl::FailedPreconditionError(
        absl::StrCat("--keep ", path, ": an empty folder expected"));
  }
  return TempFolder(std::filesystem::absolute(path).lexically_normal().string(), /*kept=*/true);
}

TempFolder::~TempFolder() {
  if (!path_.empty() && !kept_) {
    // Nothing can be done about an error here, and nothing depends on it.
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
}

}  // namespace paceline::cli
