#include "worker/core/data/libsvm_parser.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "worker/core/data/number.h"

namespace paceline::worker {

namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

const char* SkipSpaces(const char* p, const char* end) {
  while (p < end && IsSpace(*p)) ++p;
  return p;
}

// The text up to the next space.
absl::string_view Token(const char* p, const char* end) {
  const char* stop = p;
  while (stop < end && !IsSpace(*stop)) ++stop;
  return absl::string_view(p, static_cast<size_t>(stop - p));
}

absl::Status WithContext(absl::string_view context, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(context, ": ", status.message()));
}

// Why the token does not start with `index:`.
absl::Status IndexError(absl::string_view token) {
  return absl::InvalidArgumentError(
      absl::StrCat("index:value expected, with an index from 1 to 2^64 - 2, got ", Quoted(token)));
}

}  // namespace

absl::Status LibsvmParser::Append(absl::string_view text, Batch* batch) const {
  const char* p = text.data();
  const char* end = p + text.size();
  if (const void* comment = std::memchr(p, '#', text.size())) {
    end = static_cast<const char*>(comment);
  }
  p = SkipSpaces(p, end);
  float label = 0;
  const char* rest = ReadNumber(p, end, &label);
  if (rest == nullptr || (rest < end && !IsSpace(*rest))) {
    return WithContext("label", NumberError(Token(p, end)));
  }
  if (absl::Status status = CheckLabel(label, limits_); !status.ok()) return status;

  const size_t before = batch->indices.size();
  absl::Status status = AppendFeatures(rest, end, batch);
  if (!status.ok()) {
    batch->indices.resize(before);
    batch->values.resize(before);
    return status;
  }
  batch->labels.push_back(label);
  batch->offsets.push_back(batch->indices.size());
  return absl::OkStatus();
}

absl::Status LibsvmParser::AppendFeatures(const char* p, const char* end, Batch* batch) const {
  uint64_t last = 0;  // as in the file: 0 is below every valid index
  for (p = SkipSpaces(p, end); p < end; p = SkipSpaces(p, end)) {
    uint64_t index = 0;
    const auto [colon, error] = std::from_chars(p, end, index);
    if (error != std::errc() || colon == end || *colon != ':' ||
        index == std::numeric_limits<uint64_t>::max()) {
      return IndexError(Token(p, end));
    }
    if (index == 0) return absl::InvalidArgumentError("index 0: libsvm indices count from 1");
    if (index <= last) {
      return absl::InvalidArgumentError(
          absl::StrCat("index ", index, " after ", last, ": ascending indices expected"));
    }
    if (limits_.features != 0 && index > limits_.features) {
      return absl::InvalidArgumentError(
          absl::StrCat("index ", index, ": at most ", limits_.features, " features expected"));
    }
    float value = 0;
    const char* rest = ReadNumber(colon + 1, end, &value);
    if (rest == nullptr || (rest < end && !IsSpace(*rest))) {
      return WithContext(absl::StrCat("value of index ", index),
                         NumberError(Token(colon + 1, end)));
    }
    value *= limits_.scale;
    if (!std::isfinite(value)) {
      return absl::InvalidArgumentError(
          absl::StrCat("value of index ", index, ": not finite after scaling by ", limits_.scale));
    }
    batch->indices.push_back(index - 1);
    batch->values.push_back(value);
    last = index;
    p = rest;
  }
  return absl::OkStatus();
}

}  // namespace paceline::worker
