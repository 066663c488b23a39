// Data sets in every format, plain and gzipped: opened, indexed, and all records read.
#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/fs_memory.h"
#include "tests/fuzz/fuzz_target.h"
#include "worker/io/data/gzip_fixture.h"
#include "worker/io/data/open_dataset.h"

namespace paceline::fuzz {
namespace {

struct Form {
  v1::DataFormat format;
  bool gzip;
  bool header;
  v1::BadRecordPolicy on_bad_record;
  // csv: columns 0 and 1 are categories, column 2 is left out; with a cross.
  bool categories = false;
};

// By the first byte of the input.
constexpr Form kForms[] = {
    {v1::DATA_FORMAT_LIBSVM, false, false, v1::BAD_RECORD_POLICY_SKIP},
    {v1::DATA_FORMAT_LIBSVM, true, false, v1::BAD_RECORD_POLICY_FAIL},
    {v1::DATA_FORMAT_CSV, false, true, v1::BAD_RECORD_POLICY_SKIP},
    {v1::DATA_FORMAT_CSV, true, false, v1::BAD_RECORD_POLICY_SKIP},
    {v1::DATA_FORMAT_IDX, false, false, v1::BAD_RECORD_POLICY_FAIL},
    {v1::DATA_FORMAT_CSV, false, true, v1::BAD_RECORD_POLICY_SKIP, /*categories=*/true},
    {v1::DATA_FORMAT_CRITEO, false, false, v1::BAD_RECORD_POLICY_SKIP},
    {v1::DATA_FORMAT_CRITEO, true, false, v1::BAD_RECORD_POLICY_SKIP},
    {v1::DATA_FORMAT_RATINGS, false, true, v1::BAD_RECORD_POLICY_SKIP},
    {v1::DATA_FORMAT_CIFAR10, false, false, v1::BAD_RECORD_POLICY_FAIL},
};

std::string Idx(uint32_t records) {
  std::string bytes("\0\0\x08\x03", 4);
  for (const uint32_t size : {records, 2U, 2U}) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(size >> shift));
  }
  return bytes + std::string(records * 4, '\x7f');
}

}  // namespace

std::vector<std::string> Seeds() {
  const std::string libsvm = "1 3:0.5 17:1e-3 # comment\n-1 1:1\r\n0\n+1 2:nan\n";
  const std::string csv = "a,\"b,c\",label\n1,2,0\n3,\"4\",1\n5;6;1\n";
  const std::string avazu = "site,app,id,hour,click\na,b,7,14,1\n\"a,\",,x,,0\nb,a,7,y,1\n";
  const std::string criteo =
      absl::StrCat("1\t5\t-1\t\t2.5", std::string(10, '\t'), "68fd1e64\t80e26c9b",
                   std::string(24, '\t'), "\n0", std::string(39, '\t'), "\n2\t1\n");
  const std::string ratings = "user,item,rating\n1,2,3.5\n0,1099511627775,-1,9\n1,-2,3\n4,4\n";
  return {absl::StrCat(std::string(1, '\0'), libsvm),
          absl::StrCat("\1", worker::testing::Gzip(libsvm)),
          absl::StrCat("\2", csv),
          absl::StrCat("\3", worker::testing::Gzip(csv)),
          absl::StrCat("\4", Idx(3)),
          absl::StrCat("\5", avazu),
          absl::StrCat("\6", criteo),
          absl::StrCat("\7", worker::testing::Gzip(criteo)),
          absl::StrCat("\10", ratings),
          absl::StrCat("\11", std::string(2 * 3073, '\7'))};
}

void FuzzOne(absl::string_view input) {
  if (input.empty()) return;
  const Form& form = kForms[static_cast<uint8_t>(input[0]) % std::size(kForms)];
  MemoryFileSystem fs;
  const std::string path = form.gzip ? "/data.gz" : "/data";
  PL_CHECK(WriteFileDurably(fs, path, input.substr(1)).ok());
  v1::DataFile file;
  file.set_path(path);
  file.set_format(form.format);
  file.set_header(form.header);
  v1::DataSpec spec;
  if (form.categories) {
    const std::string first = "0";
    const std::string second = "1";
    const std::string third = "2";
    file.add_categories(first);
    file.add_categories(second);
    file.add_ignore(third);
    spec.add_crosses()->add_columns(first);
    spec.mutable_crosses(0)->add_columns(second);
    spec.set_hash_buckets(7);
  }
  spec.set_on_bad_record(form.on_bad_record);
  spec.set_max_bad_records(3);
  if (form.format == v1::DATA_FORMAT_IDX) {
    const std::string labels = std::string("\0\0\x08\x01\0\0\0\x03", 8) + "\1\2\3";
    PL_CHECK(WriteFileDurably(fs, "/labels", labels).ok());
    file.set_labels("/labels");
  }
  // The second time by the index that the first has written.
  for (int time = 0; time < 2; ++time) {
    auto data = worker::OpenDataset(file, spec, &fs, "/index");
    if (!data.ok()) continue;
    std::vector<uint64_t> records(std::min<uint64_t>((*data)->records(), 64));
    std::iota(records.begin(), records.end(), 0);
    worker::Batch batch;
    (void)(*data)->Read(records, &batch);
  }
}

}  // namespace paceline::fuzz
