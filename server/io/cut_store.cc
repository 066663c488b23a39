#include "server/io/cut_store.h"

#include <algorithm>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/block_crc32c.h"
#include "common/cut/manifest.h"
#include "common/cut/verified_file.h"
#include "common/failpoint/failpoint.h"
#include "common/log.h"
#include "common/status/status_macros.h"

namespace paceline::server {
namespace {

// Cuts that wait to be copied or removed.
constexpr size_t kMaxQueued = 4096;

// Numbers that folders in `dir` are named by.
std::vector<std::pair<uint64_t, std::string>> NumberedFolders(FileSystem& fs,
                                                              const std::string& dir) {
  std::vector<std::pair<uint64_t, std::string>> found;
  const absl::StatusOr<std::vector<std::string>> names = fs.List(dir);
  if (!names.ok()) return found;
  for (const std::string& name : *names) {
    uint64_t number = 0;
    if (absl::SimpleAtoi(name, &number) && number > 0) found.emplace_back(number, name);
  }
  return found;
}

// Writes the file under a temporary name, block by verified block, syncs and renames it.
absl::Status CopyFile(const VerifiedFile& from, uint64_t bytes, FileSystem& fs,
                      const std::string& path, const StopRequested& stop) {
  const std::string temporary = absl::StrCat(path, ".tmp");
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> to, fs.OpenForWrite(temporary));
  std::string block;
  for (uint64_t offset = 0; offset < bytes; offset += block.size()) {
    if (stop()) return absl::CancelledError(absl::StrCat(path, ": given up"));
    block.resize(std::min(kCrcBlockBytes, bytes - offset));
    PL_RETURN_IF_ERROR(from.ReadAt(offset, absl::MakeSpan(block)));
    PL_RETURN_IF_ERROR(to->Append(block));
  }
  PL_RETURN_IF_ERROR(to->Sync());
  PL_RETURN_IF_ERROR(to->Close());
  return fs.Rename(temporary, path);
}

}  // namespace

CutStore::CutStore(Options options) : options_(std::move(options)), work_(kMaxQueued) {}

CutStore::~CutStore() { Stop(); }

void CutStore::Stop() {
  stop_ = true;
  work_.Shutdown();
}

std::vector<v1::HeldCut> CutStore::Reports() const {
  std::vector<v1::HeldCut> reports;
  MutexLock lock(&mu_);
  for (const auto& [key, held] : held_) reports.push_back(held);
  return reports;
}

void CutStore::Heed(const v1::HeartbeatResponse& response) {
  FindCuts(response.scheduler().cluster_id());
  for (const v1::ServerJobOrder& order : response.jobs()) Expect(order);
  for (const v1::HoldOrder& order : response.holds()) Hold(order);
  for (const v1::DropOrder& order : response.drops()) Drop(order);
}

void CutStore::FindCuts(const std::string& cluster_id) {
  if (cluster_id == cluster_id_ || cluster_id.empty()) return;
  cluster_id_ = cluster_id;
  FileSystem& fs = *options_.cuts->options().fs;
  const std::string root = options_.cuts->PathOf(absl::StrCat("cuts/", cluster_id));
  MutexLock lock(&mu_);
  held_.clear();
  for (const auto& [job_id, job] : NumberedFolders(fs, root)) {
    for (const auto& [cut_id, cut] : NumberedFolders(fs, JoinPath(root, job))) {
      v1::HeldCut& held = held_[{job_id, cut_id}];
      held.set_job_id(job_id);
      held.set_cut_id(cut_id);
    }
  }
}

void CutStore::Expect(const v1::ServerJobOrder& order) {
  if (!order.has_cut() || !IsHeld(order.cut().dir())) return;
  MutexLock lock(&mu_);
  v1::HeldCut& held = held_[{order.job_id(), order.cut().cut_id()}];
  held.set_job_id(order.job_id());
  held.set_cut_id(order.cut().cut_id());
}

void CutStore::Queue(const Key& key, std::function<absl::Status()> work) {
  const auto ended = [this, key](const absl::Status& status) {
    {
      MutexLock lock(&mu_);
      const auto held = held_.find(key);
      if (held != held_.end()) {
        held->second.set_done(status.ok());
        held->second.set_error(std::string(status.message()));
      }
    }
    options_.changed();
  };
  if (!work_.Add([ended, work = std::move(work)] { ended(work()); })) {
    ended(absl::ResourceExhaustedError(
        absl::StrCat("at most ", kMaxQueued, " cuts may wait to be copied or removed")));
  }
}

void CutStore::Hold(const v1::HoldOrder& order) {
  const Key key = {order.job_id(), order.cut_id()};
  {
    MutexLock lock(&mu_);
    v1::HeldCut& held = held_[key];
    if (held.manifest_xxh3() == order.manifest_xxh3()) return;
    held.set_job_id(order.job_id());
    held.set_cut_id(order.cut_id());
    held.set_manifest_xxh3(order.manifest_xxh3());
    held.set_done(false);
    held.clear_error();
  }
  Queue(key, [this, order] {
    const absl::Status kept = Keep(order);
    if (kept.ok()) {
      LogInfo("cut held", {{"job", order.job_id()}, {"cut", order.cut_id()}});
    } else {
      LogWarning("cut not held",
                 {{"job", order.job_id()}, {"cut", order.cut_id()}, {"cause", kept}});
    }
    return kept;
  });
}

void CutStore::Drop(const v1::DropOrder& order) {
  const Key key = {order.job_id(), order.cut_id()};
  {
    MutexLock lock(&mu_);
    if (held_.erase(key) == 0) return;
  }
  Queue(key, [this, order] {
    FileSystem& fs = *options_.cuts->options().fs;
    const std::string path = options_.cuts->PathOf(order.dir());
    const absl::Status removed = fs.Exists(path) ? RemoveCut(fs, path) : absl::OkStatus();
    if (!removed.ok()) LogWarning("cut not removed", {{"dir", path}, {"cause", removed}});
    return removed;
  });
}

absl::Status CutStore::Keep(const v1::HoldOrder& order) {
  PL_RETURN_IF_ERROR(Failpoint("server.cut.hold"));
  FileSystem& fs = *options_.cuts->options().fs;
  const std::string path = options_.cuts->PathOf(order.dir());
  PL_ASSIGN_OR_RETURN(const std::string json,
                      options_.cuts->ManifestBytes(order.dir(), order.manifest_xxh3(), {}));
  PL_ASSIGN_OR_RETURN(const v1::CutManifest manifest, ParseManifest(path, json));
  PL_RETURN_IF_ERROR(fs.CreateDirs(path));
  const std::unique_ptr<CutFolder> folder = options_.cuts->Open(order.dir(), manifest);
  const std::string self = options_.address();
  for (const v1::CutFile& file : manifest.files()) {
    const bool holds =
        std::any_of(file.holders().begin(), file.holders().end(), [&](uint32_t server) {
          return server < static_cast<uint32_t>(manifest.servers_size()) &&
                 manifest.servers(static_cast<int>(server)) == self;
        });
    if (holds) PL_RETURN_IF_ERROR(KeepFile(*folder, path, file));
  }
  PL_RETURN_IF_ERROR(fs.SyncDir(path));
  return WriteFileDurably(fs, JoinPath(path, kManifestName), json);
}

absl::Status CutStore::KeepFile(const CutFolder& folder, const std::string& path,
                                const v1::CutFile& file) const {
  const StopRequested stop = [this] { return stop_.load(); };
  FileSystem& fs = *options_.cuts->options().fs;
  const SharedCutFolder own(&fs, path);
  const auto verify = [&]() -> absl::Status {
    PL_ASSIGN_OR_RETURN(const std::unique_ptr<VerifiedFile> here, VerifiedFile::Open(own, file));
    return here->VerifyAll(stop);
  };
  if (const absl::Status whole = verify(); !absl::IsDataLoss(whole)) return whole;
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<VerifiedFile> from, VerifiedFile::Open(folder, file));
  PL_RETURN_IF_ERROR(CopyFile(*from, file.bytes(), fs, JoinPath(path, file.name()), stop));
  return verify();
}

}  // namespace paceline::server
