#include "worker/core/data/idx_header.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

using Code = absl::StatusCode;

std::string Header(char type, const std::vector<uint32_t>& dimensions) {
  std::string bytes{'\0', '\0', type, static_cast<char>(dimensions.size())};
  for (const uint32_t size : dimensions) {
    for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(size >> shift));
  }
  return bytes;
}

TEST_CASE("headers") {
  REQUIRE_OK_AND_ASSIGN(const IdxHeader images, ParseIdxHeader(Header(8, {8000, 28, 28}) + "xyz"));
  CHECK(images.records == 8000);
  CHECK(images.record_bytes == 784);
  CHECK(images.header_bytes == 16);
  CHECK(images.dimensions == std::vector<uint32_t>{8000, 28, 28});
  CHECK(images.file_bytes() == 16 + 8000 * 784);

  REQUIRE_OK_AND_ASSIGN(const IdxHeader labels, ParseIdxHeader(Header(8, {0xffffffff})));
  CHECK(labels.records == 0xffffffff);
  CHECK(labels.record_bytes == 1);
  CHECK(labels.header_bytes == 8);

  REQUIRE_OK_AND_ASSIGN(const IdxHeader none, ParseIdxHeader(Header(8, {0, 28, 28})));
  CHECK(none.records == 0);
}

TEST_CASE("bad headers") {
  struct Case {
    std::string bytes;
    Code code;
    std::string error;
  };
  const Case cases[] = {
      {"", Code::kInvalidArgument, "not an IDX file"},
      {std::string("\0\0\x08", 3), Code::kInvalidArgument, "not an IDX file"},
      {"1 2:3\n", Code::kInvalidArgument, "got \"1 2:\""},
      {Header(0x0D, {5, 5}), Code::kInvalidArgument,
       "IDX type 0x08 (unsigned byte) expected, got 0x0d"},
      {Header(8, {}), Code::kInvalidArgument, "1 to 8 dimensions expected, got 0"},
      {Header(8, std::vector<uint32_t>(9, 2)), Code::kInvalidArgument,
       "1 to 8 dimensions expected, got 9"},
      {Header(8, {5, 28, 28}).substr(0, 15), Code::kDataLoss,
       "an IDX header of 16 bytes expected, the file has 15"},
      {Header(8, {5, 28, 0}), Code::kInvalidArgument, "dimension 2 is 0"},
      {Header(8, {5, 1u << 24, 2}), Code::kInvalidArgument, "dimension 2 is 2"},
      {Header(8, {5, 0xffffffff, 0xffffffff}), Code::kInvalidArgument, "dimension 1 is 4294967295"},
  };
  for (const Case& c : cases) CHECK_STATUS(ParseIdxHeader(c.bytes), c.code, c.error);
}

}  // namespace
}  // namespace paceline::worker
