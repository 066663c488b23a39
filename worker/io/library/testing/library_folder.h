// A folder with copies of libraries that Bazel built: its own are symbolic links that lead out.
#ifndef PACELINE_WORKER_IO_LIBRARY_TESTING_LIBRARY_FOLDER_H_
#define PACELINE_WORKER_IO_LIBRARY_TESTING_LIBRARY_FOLDER_H_

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace paceline::worker::testing {

// Removed with all that is in it.
class LibraryFolder {
 public:
  // `files`: paths in the test's runfiles.
  explicit LibraryFolder(const std::vector<std::string>& files) {
    std::string made = (std::filesystem::temp_directory_path() / "libraries-XXXXXX").string();
    path_ = mkdtemp(made.data());
    for (const std::string& file : files) {
      std::filesystem::copy_file(file, path_ / std::filesystem::path(file).filename());
    }
  }
  ~LibraryFolder() { std::filesystem::remove_all(path_); }
  LibraryFolder(const LibraryFolder&) = delete;
  LibraryFolder& operator=(const LibraryFolder&) = delete;

  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace paceline::worker::testing

#endif  // PACELINE_WORKER_IO_LIBRARY_TESTING_LIBRARY_FOLDER_H_
