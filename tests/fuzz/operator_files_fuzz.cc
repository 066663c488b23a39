// Files that operators write or copy, and curves that are gone on with: limits, contexts,
// certificates, TensorBoard's event files.
#include <string>

#include "absl/time/time.h"
#include "cli/context/context_file.h"
#include "common/check.h"
#include "common/security/certificate_facts.h"
#include "common/tensorboard/tf_record.h"
#include "scheduler/io/limits_file.h"
#include "tests/fuzz/fuzz_target.h"

namespace paceline::fuzz {

std::vector<std::string> Seeds() {
  cli::ContextFile contexts;
  contexts.current = "lab";
  contexts.contexts["lab"] = {.address = "10.0.0.1:7070", .tls_dir = "/pki/user-me"};
  return {"default: {max_active_jobs: 4, max_workers: 8}\nusers:\n  alice: {max_workers: 16}\n",
          cli::ContextFileText(contexts),
          tensorboard::EncodeRecord("first") + tensorboard::EncodeRecord(std::string(300, 'x')),
          "-----BEGIN CERTIFICATE-----\nMIIBazCCARKgAwIBAgIUQ==\n-----END CERTIFICATE-----\n"};
}

void FuzzOne(absl::string_view input) {
  (void)scheduler::ParseLimits(input, "limits.yaml");
  if (const auto file = cli::ParseContextFile(input, "/home/me/config.yaml"); file.ok()) {
    const auto again = cli::ParseContextFile(cli::ContextFileText(*file), "/home/me/config.yaml");
    PL_CHECK(again.ok());
    PL_CHECK(*again == *file);
  }
  const tensorboard::Records records = tensorboard::DecodeRecords(input);
  PL_CHECK(records.valid_bytes <= input.size());
  if (const auto certificate = ReadCertificate(input); certificate.ok()) {
    (void)CoversHost(input, "localhost");
    (void)CheckIssuedBy(input, input, absl::UnixEpoch());
  }
  (void)SplitBundle(input);
  (void)CheckKeyMatches(input, input);
}

}  // namespace paceline::fuzz
