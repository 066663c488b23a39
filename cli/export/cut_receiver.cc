#include "cli/export/cut_receiver.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/json/proto_json.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

constexpr char kManifest[] = "manifest.json";
constexpr uint32_t kFormatVersion = 1;
constexpr size_t kMaxManifestBytes = 256 << 20;

}  // namespace

absl::Status CutReceiver::Add(const v1::CutChunk& chunk) {
  if (chunk.file() != name_) {
    PL_RETURN_IF_ERROR(EndFile());
    PL_RETURN_IF_ERROR(Begin(chunk.file()));
  }
  if (chunk.offset() != bytes_) {
    return absl::DataLossError(absl::StrCat(name_, ": a piece at byte ", bytes_,
                                            " expected, got one at ", chunk.offset()));
  }
  bytes_ += chunk.data().size();
  if (file_ != nullptr) {
    hash_->Update(chunk.data());
    return file_->Append(chunk.data());
  }
  if (bytes_ > kMaxManifestBytes) {
    return absl::DataLossError(
        absl::StrCat(kManifest, ": at most ", kMaxManifestBytes, " bytes expected"));
  }
  absl::StrAppend(&manifest_text_, chunk.data());
  return absl::OkStatus();
}

absl::Status CutReceiver::Begin(const std::string& name) {
  name_ = name;
  bytes_ = 0;
  if (!has_manifest_) {
    if (name != kManifest) {
      return absl::DataLossError(absl::StrCat(kManifest, " expected first, got ", name));
    }
    return absl::OkStatus();
  }
  if (expected_.count(name) == 0) {
    return absl::DataLossError(absl::StrCat(name, ": not a file of the manifest, or come twice"));
  }
  hash_ = std::make_unique<Xxh3Stream>();
  PL_ASSIGN_OR_RETURN(file_, fs_.OpenForWrite(JoinPath(folder_, name)));
  return absl::OkStatus();
}

absl::Status CutReceiver::ReadManifest() {
  if (absl::Status status = JsonToProto(manifest_text_, &manifest_); !status.ok()) {
    return absl::DataLossError(absl::StrCat(kManifest, ": ", status.message()));
  }
  if (manifest_.format_version() > kFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(kManifest, ": format version ", manifest_.format_version(),
                     "; this program reads up to ", kFormatVersion));
  }
  for (const v1::CutFile& file : manifest_.files()) {
    // A name is joined to our folder: it must not lead out of it.
    if (file.name().empty() || absl::StrContains(file.name(), '/') || file.name()[0] == '.') {
      return absl::DataLossError(
          absl::StrCat(kManifest, ": a plain file name expected, got \"", file.name(), "\""));
    }
    expected_[file.name()] = file;
  }
  has_manifest_ = true;
  return absl::OkStatus();
}

absl::Status CutReceiver::EndFile() {
  if (name_.empty()) {
    return absl::OkStatus();
  }
  if (!has_manifest_) {
    return ReadManifest();
  }
  PL_RETURN_IF_ERROR(file_->Close());
  file_ = nullptr;
  const auto found = expected_.find(name_);
  const v1::CutFile& expected = found->second;
  if (bytes_ != expected.bytes() || hash_->Hex() != expected.xxh3()) {
    return absl::DataLossError(absl::StrCat(name_, ": ", expected.bytes(), " bytes with XXH3 ",
                                            expected.xxh3(), " expected, got ", bytes_, " with ",
                                            hash_->Hex()));
  }
  expected_.erase(found);
  return absl::OkStatus();
}

absl::StatusOr<v1::CutManifest> CutReceiver::Finish() {
  PL_RETURN_IF_ERROR(EndFile());
  name_.clear();
  if (!has_manifest_) {
    return absl::DataLossError(absl::StrCat(kManifest, " has not come"));
  }
  if (!expected_.empty()) {
    return absl::DataLossError(absl::StrCat(expected_.begin()->first, " has not come"));
  }
  return manifest_;
}

}  // namespace paceline::cli
