#include "worker/core/data/record_index.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/hash.h"

namespace paceline::worker {

namespace {

constexpr absl::string_view kMagic = "PLINDEX2";
// Integers up to here are exact in float32.
constexpr float kMaxClassLabel = 16777216.0f;

static_assert(std::endian::native == std::endian::little, "index files are little-endian");

void PutNumber(uint64_t value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void PutText(absl::string_view text, std::string* out) {
  PutNumber(text.size(), out);
  out->append(text.data(), text.size());
}

void PutNumbers(const std::vector<uint64_t>& values, std::string* out) {
  PutNumber(values.size(), out);
  out->append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(uint64_t));
}

// Takes values off the front; once something is missing, ok() is false and the
// rest reads as zero or empty.
class Reader {
 public:
  explicit Reader(absl::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

  absl::string_view Take(uint64_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const absl::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  uint64_t Number() {
    uint64_t value = 0;
    const absl::string_view bytes = Take(sizeof(value));
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
  }
  absl::string_view Text() { return Take(Number()); }
  std::vector<uint64_t> Numbers() {
    const uint64_t count = Number();
    if (count > rest_.size() / sizeof(uint64_t)) {
      ok_ = false;
      return {};
    }
    std::vector<uint64_t> values(count);
    const absl::string_view bytes = Take(count * sizeof(uint64_t));
    if (count > 0) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

 private:
  absl::string_view rest_;
  bool ok_ = true;
};

// What a correct index cannot violate, whoever wrote it.
bool Consistent(const RecordIndex& index) {
  if (index.stride == 0 || !std::has_single_bit(index.stride)) return false;
  const uint64_t groups = index.records / index.stride + (index.records % index.stride != 0);
  if (index.offsets.size() != groups) return false;
  if (!std::is_sorted(index.offsets.begin(), index.offsets.end())) return false;
  if (!index.offsets.empty() && index.offsets.back() > index.file_bytes) return false;
  if (!std::is_sorted(index.bad.begin(), index.bad.end())) return false;
  if (!index.bad.empty() && index.bad.back() >= index.records) return false;
  return index.shown_bad.size() == std::min<uint64_t>(index.bad.size(), RecordIndex::kMaxShownBad);
}

}  // namespace

bool RecordIndex::IsBad(uint64_t record) const {
  return std::binary_search(bad.begin(), bad.end(), record);
}

uint64_t RecordIndex::GroupEnd(uint64_t record) const {
  const uint64_t next = record / stride + 1;
  return next < offsets.size() ? offsets[next] : file_bytes;
}

void RecordIndexBuilder::AddGood(uint64_t offset, float label, uint64_t features) {
  AddOffset(offset);
  index_.features = std::max(index_.features, features);
  if (label < 0 || label > kMaxClassLabel || std::trunc(label) != label) class_labels_ = false;
  largest_label_ = std::max(largest_label_, label);
}

void RecordIndexBuilder::AddBad(uint64_t offset, uint64_t line, absl::string_view reason) {
  if (index_.bad.size() < RecordIndex::kMaxShownBad) {
    index_.shown_bad.push_back({index_.records, line, std::string(reason)});
  }
  index_.bad.push_back(index_.records);
  AddOffset(offset);
}

void RecordIndexBuilder::AddOffset(uint64_t offset) {
  const uint64_t record = index_.records++;
  if (record % index_.stride != 0) return;
  if (index_.offsets.size() == max_offsets_) {
    // Twice the stride: every second offset goes.
    for (size_t i = 0; 2 * i < index_.offsets.size(); ++i) {
      index_.offsets[i] = index_.offsets[2 * i];
    }
    index_.offsets.resize((index_.offsets.size() + 1) / 2);
    index_.stride *= 2;
    if (record % index_.stride != 0) return;
  }
  index_.offsets.push_back(offset);
}

RecordIndex RecordIndexBuilder::Finish(uint64_t file_bytes) {
  index_.file_bytes = file_bytes;
  const bool any_good = index_.bad.size() < index_.records;
  index_.classes = class_labels_ && any_good ? static_cast<uint32_t>(largest_label_) + 1 : 0;
  return std::move(index_);
}

std::string EncodeRecordIndex(const RecordIndex& index, absl::string_view key) {
  std::string out(kMagic);
  PutText(key, &out);
  PutNumber(index.stride, &out);
  PutNumber(index.records, &out);
  PutNumber(index.file_bytes, &out);
  PutNumber(index.features, &out);
  PutNumber(index.classes, &out);
  PutNumbers(index.offsets, &out);
  PutNumbers(index.bad, &out);
  PutNumber(index.shown_bad.size(), &out);
  for (const BadRecord& bad : index.shown_bad) {
    PutNumber(bad.record, &out);
    PutNumber(bad.line, &out);
    PutText(bad.reason, &out);
  }
  PutNumber(HashBytes(out), &out);
  return out;
}

absl::StatusOr<RecordIndex> DecodeRecordIndex(absl::string_view bytes, absl::string_view key) {
  constexpr size_t kChecksumBytes = sizeof(uint64_t);
  if (bytes.size() < kMagic.size() + kChecksumBytes || bytes.substr(0, kMagic.size()) != kMagic) {
    return absl::DataLossError(absl::StrCat("not a record index: ", bytes.size(), " bytes"));
  }
  const absl::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  const uint64_t stored = Reader(bytes.substr(body.size())).Number();
  if (const uint64_t hash = HashBytes(body); hash != stored) {
    return absl::DataLossError(absl::StrCat("record index: checksum ", absl::Hex(stored),
                                            " expected, got ", absl::Hex(hash)));
  }
  Reader reader(body.substr(kMagic.size()));
  if (const absl::string_view built_for = reader.Text(); built_for != key) {
    return absl::FailedPreconditionError(
        absl::StrCat("record index for ", key, " expected, got one for ", built_for));
  }
  RecordIndex index;
  index.stride = reader.Number();
  index.records = reader.Number();
  index.file_bytes = reader.Number();
  index.features = reader.Number();
  index.classes = static_cast<uint32_t>(reader.Number());
  index.offsets = reader.Numbers();
  index.bad = reader.Numbers();
  const uint64_t shown = reader.Number();
  for (uint64_t i = 0; i < shown && reader.ok(); ++i) {
    const uint64_t record = reader.Number();
    const uint64_t line = reader.Number();
    index.shown_bad.push_back({record, line, std::string(reader.Text())});
  }
  if (!reader.ok() || !reader.at_end() || !Consistent(index)) {
    return absl::DataLossError("record index: inconsistent contents");
  }
  return index;
}

}  // namespace paceline::worker
