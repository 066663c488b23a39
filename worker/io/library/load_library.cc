#include "worker/io/library/load_library.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "common/confined_paths.h"
#include "common/fs.h"
#include "common/hash.h"
#include "common/status/status_macros.h"
#include "worker/core/models/library/user_library.h"

namespace paceline::worker {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{1} << 30;
constexpr char kEntryPoint[] = "paceline_model";

std::string Field(const std::string& file) { return absl::StrCat("model.library.file ", file); }

absl::Status CheckName(const std::string& file) {
  if (!file.empty() && file != "." && file != ".." && file.find('/') == std::string::npos &&
      file.find('\0') == std::string::npos) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "model.library.file: the name of a file in the folder --model-dir expected, got ", file));
}

absl::StatusOr<Descriptor> OpenIn(const std::string& model_dir, const std::string& file) {
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<ConfinedPaths> paths,
                      ConfinedPaths::Create({{.dir = model_dir, .writable = false}}));
  PL_ASSIGN_OR_RETURN(
      Descriptor opened,
      paths->Open("model.library.file", JoinPath(model_dir, file), O_RDONLY | O_NONBLOCK));
  struct stat found = {};
  if (fstat(opened.get(), &found) != 0) return absl::ErrnoToStatus(errno, Field(file));
  if (!S_ISREG(found.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(Field(file), ": a file expected"));
  }
  if (static_cast<uint64_t>(found.st_size) > kMaxBytes) {
    return absl::ResourceExhaustedError(absl::StrFormat("%s: at most %d bytes expected, got %d",
                                                        Field(file), kMaxBytes, found.st_size));
  }
  return opened;
}

absl::StatusOr<uint64_t> HashOf(const Descriptor& opened, const std::string& file) {
  std::string bytes;
  while (bytes.size() <= kMaxBytes) {
    char block[1 << 16];
    const ssize_t got = read(opened.get(), block, sizeof(block));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, Field(file));
    bytes.append(block, static_cast<size_t>(got));
  }
  return HashBytes(bytes);
}

// Where an open file lies: behind all symbolic links, each of which was checked.
absl::StatusOr<std::string> PathOf(const Descriptor& opened, const std::string& file) {
  char path[4096];
  const std::string link = absl::StrCat("/proc/self/fd/", opened.get());
  const ssize_t size = readlink(link.c_str(), path, sizeof(path));
  if (size < 0) return absl::ErrnoToStatus(errno, Field(file));
  return std::string(path, static_cast<size_t>(size));
}

}  // namespace

absl::StatusOr<LoadedLibrary> LoadLibrary(const std::string& model_dir, const std::string& file) {
  if (model_dir.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(Field(file), ": the worker was started without --model-dir"));
  }
  PL_RETURN_IF_ERROR(CheckName(file));
  PL_ASSIGN_OR_RETURN(const Descriptor opened, OpenIn(model_dir, file));
  LoadedLibrary loaded;
  PL_ASSIGN_OR_RETURN(loaded.hash, HashOf(opened, file));
  PL_ASSIGN_OR_RETURN(const std::string path, PathOf(opened, file));
  const auto refused = [&](absl::string_view why) {
    return absl::FailedPreconditionError(absl::StrCat(Field(file), ": ", why));
  };
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return refused(absl::StrCat("cannot be loaded: ", dlerror()));
  using EntryPoint = const PacelineModel* (*)();
  const auto entry = reinterpret_cast<EntryPoint>(dlsym(library, kEntryPoint));
  if (entry == nullptr) {
    return refused(absl::StrCat("an entry point ", kEntryPoint,
                                " expected, which PACELINE_MODEL makes; it has none"));
  }
  loaded.api = entry();
  PL_RETURN_IF_ERROR(CheckInterface(loaded.api, file));
  return loaded;
}

}  // namespace paceline::worker
