// Short texts that people and peers write: addresses, names of cuts, identities, faults.
#include "absl/strings/string_view.h"
#include "cli/local/chaos_events.h"
#include "common/check.h"
#include "common/daemon/address.h"
#include "common/failpoint/test_faults.h"
#include "common/log.h"
#include "common/security/identity.h"
#include "common/spec/cut_name.h"
#include "common/spec/utf8.h"
#include "tests/fuzz/fuzz_target.h"

namespace paceline::fuzz {

std::vector<std::string> Seeds() {
  return {"127.0.0.1:7070",
          "[::1]:0",
          "host.example:65535",
          "12@3",
          "/cuts/job-12/00000003",
          "spiffe://paceline/user/alice",
          "server.push.reply=kill@100,rpc.Push=lose_reply:50+delay(20ms):100,seed=7",
          "kill-worker@50,kill-server@120",
          "\xf0\x9f\x9a\xb4",
          "debug"};
}

void FuzzOne(absl::string_view input) {
  if (const auto address = ParseHostPort(input); address.ok()) {
    const auto again = ParseHostPort(address->ToString());
    PL_CHECK(again.ok());
    PL_CHECK(*again == *address);
    (void)IsLoopback(address->host);
  }
  if (const auto identity = ParseIdentityUri(input); identity.ok()) {
    const auto uri = IdentityUri(*identity);
    PL_CHECK(uri.ok());
    PL_CHECK_EQ(*uri, input);
  }
  (void)ParseCutName(input);
  (void)ParseTestFaults(input);
  (void)cli::ParseChaosEvents(input);
  (void)ParseLogLevel(input);
  (void)IsUtf8(input);
}

}  // namespace paceline::fuzz
