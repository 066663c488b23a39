#include "common/xxh3/xxh3.h"

#include <xxhash.h>

#include "absl/strings/escaping.h"
#include "common/check.h"

namespace paceline {
namespace {

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

std::string HexOf(XXH128_hash_t hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(canonical.digest), sizeof(canonical.digest)));
}

}  // namespace

struct Xxh3Stream::State {
  std::unique_ptr<XXH3_state_t, FreeState> xxh{XXH3_createState()};
};

Xxh3Stream::Xxh3Stream() : state_(std::make_unique<State>()) {
  PL_CHECK(state_->xxh != nullptr);
  PL_CHECK_EQ(XXH3_128bits_reset(state_->xxh.get()), XXH_OK);
}

Xxh3Stream::~Xxh3Stream() = default;

void Xxh3Stream::Update(absl::string_view bytes) {
  PL_CHECK_EQ(XXH3_128bits_update(state_->xxh.get(), bytes.data(), bytes.size()), XXH_OK);
}

std::string Xxh3Stream::Hex() const { return HexOf(XXH3_128bits_digest(state_->xxh.get())); }

std::string Xxh3Hex(absl::string_view bytes) {
  return HexOf(XXH3_128bits(bytes.data(), bytes.size()));
}

}  // namespace paceline
