#include "common/safetensors.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

constexpr std::uint64_t kLengthBytes = 8;

absl::Status AtPath(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(std::string path, std::unique_ptr<WritableFile> file,
                                     std::vector<TensorInfo> tensors)
    : path_(std::move(path)), file_(std::move(file)), tensors_(std::move(tensors)) {}

absl::StatusOr<std::unique_ptr<SafetensorsWriter>> SafetensorsWriter::Create(
    FileSystem& fs, const std::string& path, std::vector<TensorSpec> tensors,
    const TensorMetadata& metadata) {
  PL_ASSIGN_OR_RETURN(std::vector<TensorInfo> infos, LayOutTensors(std::move(tensors)));
  PL_ASSIGN_OR_RETURN(const std::string header, EncodeSafetensorsHeader(infos, metadata));
  PL_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, fs.OpenForWrite(path));
  std::unique_ptr<SafetensorsWriter> writer(
      new SafetensorsWriter(path, std::move(file), std::move(infos)));
  PL_RETURN_IF_ERROR(writer->Write(header));
  writer->SkipComplete();
  return writer;
}

absl::Status SafetensorsWriter::Write(absl::string_view bytes) {
  PL_RETURN_IF_ERROR(file_->Append(bytes));
  file_bytes_ += bytes.size();
  crc32c_.Update(bytes);
  file_xxh3_.Update(bytes);
  return absl::OkStatus();
}

void SafetensorsWriter::SkipComplete() {
  while (current_ < tensors_.size() && current_bytes_ == tensors_[current_].bytes) {
    ++current_;
    current_bytes_ = 0;
  }
}

absl::Status SafetensorsWriter::Append(absl::string_view name, absl::string_view bytes) {
  if (bytes.empty()) return absl::OkStatus();
  const std::string turn = current_ < tensors_.size() ? tensors_[current_].spec.name : "";
  if (current_ == tensors_.size() || turn != name) {
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ": bytes of tensor \"", turn, "\" expected, got of \"", name, "\""));
  }
  const std::uint64_t left = tensors_[current_].bytes - current_bytes_;
  if (bytes.size() > left) {
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ": tensor \"", name, "\": ", left, " bytes left, got ", bytes.size()));
  }
  PL_RETURN_IF_ERROR(Write(bytes));
  current_bytes_ += bytes.size();
  SkipComplete();
  return absl::OkStatus();
}

absl::Status SafetensorsWriter::Finish() {
  if (current_ < tensors_.size()) {
    return absl::FailedPreconditionError(
        absl::StrCat(path_, ": tensor \"", tensors_[current_].spec.name,
                     "\": ", tensors_[current_].bytes, " bytes expected, got ", current_bytes_));
  }
  PL_RETURN_IF_ERROR(file_->Sync());
  return file_->Close();
}

SafetensorsReader::SafetensorsReader(std::string path, std::unique_ptr<ReadableFile> file,
                                     std::uint64_t data_begin, std::vector<TensorInfo> tensors,
                                     TensorMetadata metadata)
    : path_(std::move(path)),
      file_(std::move(file)),
      data_begin_(data_begin),
      tensors_(std::move(tensors)),
      metadata_(std::move(metadata)) {
  for (std::size_t i = 0; i < tensors_.size(); ++i) by_name_.emplace(tensors_[i].spec.name, i);
}

absl::StatusOr<std::unique_ptr<SafetensorsReader>> SafetensorsReader::Open(
    FileSystem& fs, const std::string& path) {
  PL_ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, fs.OpenForRead(path));
  return Open(std::move(file), path);
}

absl::StatusOr<std::unique_ptr<SafetensorsReader>> SafetensorsReader::Open(
    std::unique_ptr<ReadableFile> file, const std::string& path) {
  PL_ASSIGN_OR_RETURN(const std::uint64_t file_bytes, file->Size());
  if (file_bytes < kLengthBytes) {
    return absl::DataLossError(absl::StrCat(path, ": no safetensors file: ", file_bytes, " bytes"));
  }
  char length[kLengthBytes];
  PL_RETURN_IF_ERROR(file->ReadAt(0, absl::MakeSpan(length)));
  std::uint64_t header_bytes = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    header_bytes |= std::uint64_t{static_cast<unsigned char>(length[i])} << (8 * i);
  }
  if (header_bytes > kMaxSafetensorsHeaderBytes || header_bytes > file_bytes - kLengthBytes) {
    return absl::DataLossError(
        absl::StrCat(path, ": a header of ", header_bytes, " bytes in a file of ", file_bytes));
  }
  std::string json(header_bytes, '\0');
  PL_RETURN_IF_ERROR(file->ReadAt(kLengthBytes, absl::MakeSpan(json)));
  const std::uint64_t data_begin = kLengthBytes + header_bytes;
  absl::StatusOr<SafetensorsHeader> header = DecodeSafetensorsHeader(json, file_bytes - data_begin);
  if (!header.ok()) return AtPath(path, header.status());
  return std::unique_ptr<SafetensorsReader>(new SafetensorsReader(
      path, std::move(file), data_begin, std::move(header->tensors), std::move(header->metadata)));
}

const TensorInfo* SafetensorsReader::Find(absl::string_view name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : &tensors_[it->second];
}

absl::Status SafetensorsReader::Read(const TensorInfo& tensor, std::uint64_t offset,
                                     absl::Span<char> out) const {
  if (offset > tensor.bytes || out.size() > tensor.bytes - offset) {
    return absl::OutOfRangeError(absl::StrCat(path_, ": tensor \"", tensor.spec.name,
                                              "\": ", out.size(), " bytes at ", offset, " of ",
                                              tensor.bytes));
  }
  return file_->ReadAt(data_begin_ + tensor.begin + offset, out);
}

}  // namespace paceline
