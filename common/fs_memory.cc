#include "common/fs_memory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/random.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

using Inode = MemoryFileSystem::Inode;

absl::Status PathError(int error, absl::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(error, absl::StrCat(what, " ", path));
}

std::string Clean(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

class MemoryWritableFile final : public WritableFile {
 public:
  explicit MemoryWritableFile(std::shared_ptr<Inode> inode) : inode_(std::move(inode)) {}
  absl::Status Append(absl::string_view bytes) override {
    MutexLock lock(&inode_->mu);
    inode_->bytes.append(bytes.data(), bytes.size());
    ++inode_->changes;
    return absl::OkStatus();
  }
  absl::Status Sync() override {
    MutexLock lock(&inode_->mu);
    inode_->synced = inode_->bytes;
    return absl::OkStatus();
  }
  absl::Status Close() override { return absl::OkStatus(); }

 private:
  const std::shared_ptr<Inode> inode_;
};

class MemoryReadableFile final : public ReadableFile {
 public:
  MemoryReadableFile(std::string path, std::shared_ptr<Inode> inode)
      : path_(std::move(path)), inode_(std::move(inode)) {}
  absl::Status ReadAt(std::uint64_t offset, absl::Span<char> out) const override {
    MutexLock lock(&inode_->mu);
    const std::uint64_t size = inode_->bytes.size();
    if (offset > size || out.size() > size - offset) {
      return absl::OutOfRangeError(absl::StrCat("read ", path_, ": ", out.size(), " bytes at ",
                                                offset, " expected, file has ", size));
    }
    if (!out.empty()) std::memcpy(out.data(), inode_->bytes.data() + offset, out.size());
    return absl::OkStatus();
  }
  absl::StatusOr<std::uint64_t> Size() const override {
    MutexLock lock(&inode_->mu);
    return inode_->bytes.size();
  }
  absl::StatusOr<std::int64_t> ModifiedNs() const override {
    MutexLock lock(&inode_->mu);
    return inode_->changes;
  }

 private:
  const std::string path_;
  const std::shared_ptr<Inode> inode_;
};

}  // namespace

MemoryFileSystem::MemoryFileSystem() : dirs_({"/", "."}) {}

absl::StatusOr<std::shared_ptr<Inode>> MemoryFileSystem::Create(const std::string& path) {
  MutexLock lock(&mu_);
  if (!dirs_.contains(DirName(path))) return PathError(ENOENT, "open for writing", path);
  if (dirs_.contains(path)) return PathError(EISDIR, "open for writing", path);
  std::shared_ptr<Inode>& inode = live_[path];
  if (inode == nullptr) {
    inode = std::make_shared<Inode>();
    unsynced_.push_back({.come = path, .inode = inode});
  }
  return inode;
}

absl::StatusOr<std::shared_ptr<Inode>> MemoryFileSystem::Find(const std::string& path) {
  MutexLock lock(&mu_);
  if (dirs_.contains(path)) return PathError(EISDIR, "open", path);
  const auto it = live_.find(path);
  if (it == live_.end()) return PathError(ENOENT, "open", path);
  return it->second;
}

absl::StatusOr<std::unique_ptr<WritableFile>> MemoryFileSystem::OpenForWrite(
    const std::string& path) {
  PL_ASSIGN_OR_RETURN(std::shared_ptr<Inode> inode, Create(Clean(path)));
  {
    MutexLock lock(&inode->mu);
    inode->bytes.clear();
    ++inode->changes;
  }
  return std::make_unique<MemoryWritableFile>(std::move(inode));
}

absl::StatusOr<std::unique_ptr<WritableFile>> MemoryFileSystem::OpenForAppend(
    const std::string& path) {
  PL_ASSIGN_OR_RETURN(std::shared_ptr<Inode> inode, Create(Clean(path)));
  return std::make_unique<MemoryWritableFile>(std::move(inode));
}

absl::StatusOr<std::unique_ptr<ReadableFile>> MemoryFileSystem::OpenForRead(
    const std::string& path) {
  PL_ASSIGN_OR_RETURN(std::shared_ptr<Inode> inode, Find(Clean(path)));
  return std::make_unique<MemoryReadableFile>(path, std::move(inode));
}

absl::Status MemoryFileSystem::Rename(const std::string& from, const std::string& to) {
  MutexLock lock(&mu_);
  const std::string source = Clean(from);
  const std::string target = Clean(to);
  const auto it = live_.find(source);
  if (it == live_.end() || !dirs_.contains(DirName(target))) {
    return PathError(ENOENT, "rename", absl::StrCat(from, " to ", to));
  }
  if (dirs_.contains(target)) return PathError(EISDIR, "rename", absl::StrCat(from, " to ", to));
  if (source == target) return absl::OkStatus();
  std::shared_ptr<Inode> inode = std::move(it->second);
  live_.erase(it);
  unsynced_.push_back({.gone = source, .come = target, .inode = inode});
  live_[target] = std::move(inode);
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::SyncDir(const std::string& dir) {
  MutexLock lock(&mu_);
  const std::string folder = Clean(dir);
  if (!dirs_.contains(folder)) return PathError(ENOENT, "fsync folder", dir);
  const auto inside = [&](const auto& entry) { return DirName(entry.first) == folder; };
  std::erase_if(durable_, inside);
  for (const auto& entry : live_) {
    if (inside(entry)) durable_.insert(entry);
  }
  // The other folder's half of a move stays open.
  for (NameChange& change : unsynced_) {
    if (DirName(change.gone) == folder) change.gone.clear();
    if (DirName(change.come) == folder) change.come.clear();
  }
  std::erase_if(unsynced_, [](const NameChange& change) {
    return change.gone.empty() && change.come.empty();
  });
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::Remove(const std::string& path) {
  MutexLock lock(&mu_);
  const std::string name = Clean(path);
  if (live_.erase(name) > 0) {
    unsynced_.push_back({.gone = name});
    return absl::OkStatus();
  }
  if (!dirs_.contains(name)) return PathError(ENOENT, "remove", path);
  const auto inside = [&](const std::string& other) {
    return other != name && DirName(other) == name;
  };
  const bool used =
      std::any_of(dirs_.begin(), dirs_.end(), inside) ||
      std::any_of(live_.begin(), live_.end(), [&](const auto& e) { return inside(e.first); });
  if (used) return PathError(ENOTEMPTY, "remove", path);
  dirs_.erase(name);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> MemoryFileSystem::List(const std::string& dir) {
  MutexLock lock(&mu_);
  const std::string folder = Clean(dir);
  if (!dirs_.contains(folder)) return PathError(ENOENT, "list", dir);
  std::vector<std::string> names;
  const auto add = [&](const std::string& path) {
    if (path != folder && path != "/" && path != "." && DirName(path) == folder) {
      names.push_back(path.substr(path.rfind('/') + 1));
    }
  };
  for (const auto& [path, inode] : live_) add(path);
  for (const std::string& path : dirs_) add(path);
  std::sort(names.begin(), names.end());
  return names;
}

bool MemoryFileSystem::Exists(const std::string& path) {
  MutexLock lock(&mu_);
  const std::string name = Clean(path);
  return live_.contains(name) || dirs_.contains(name);
}

absl::StatusOr<std::uint64_t> MemoryFileSystem::Size(const std::string& path) {
  PL_ASSIGN_OR_RETURN(const std::shared_ptr<Inode> inode, Find(Clean(path)));
  MutexLock lock(&inode->mu);
  return inode->bytes.size();
}

absl::Status MemoryFileSystem::CreateDirs(const std::string& dir) {
  MutexLock lock(&mu_);
  for (std::string name = Clean(dir); !dirs_.contains(name); name = DirName(name)) {
    if (live_.contains(name)) return PathError(ENOTDIR, "create folder", name);
    dirs_.insert(name);
  }
  return absl::OkStatus();
}

void MemoryFileSystem::ForgetUnsynced() {
  MutexLock lock(&mu_);
  live_ = durable_;
  unsynced_.clear();
  for (const auto& [path, inode] : live_) {
    MutexLock inode_lock(&inode->mu);
    inode->bytes = inode->synced;
    ++inode->changes;
  }
}

void MemoryFileSystem::ForgetUnsynced(std::uint64_t seed) {
  MutexLock lock(&mu_);
  std::uint64_t draw = 0;
  const auto below = [&](std::uint64_t bound) { return RandomBelow(bound, seed, 0, draw++); };
  for (const NameChange& change : unsynced_) {
    if (below(2) == 0) continue;
    durable_.erase(change.gone);
    if (!change.come.empty()) durable_[change.come] = change.inode;
  }
  live_ = durable_;
  unsynced_.clear();
  // A file can have two names after a move of which one half was kept.
  std::set<Inode*> seen;
  for (const auto& [path, inode] : live_) {
    if (!seen.insert(inode.get()).second) continue;
    MutexLock inode_lock(&inode->mu);
    const bool appended = absl::StartsWith(inode->bytes, inode->synced);
    if (appended) {
      inode->bytes.resize(inode->synced.size() +
                          below(inode->bytes.size() - inode->synced.size() + 1));
    } else if (below(2) == 0) {
      inode->bytes = inode->synced;
    } else {
      inode->bytes.resize(below(inode->bytes.size() + 1));
    }
    inode->synced = inode->bytes;
    ++inode->changes;
  }
}

}  // namespace paceline
