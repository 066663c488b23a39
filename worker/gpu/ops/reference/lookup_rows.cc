#include <cstddef>

#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

Found LookupRows(const std::vector<uint64_t>& features, const std::vector<uint64_t>& keys) {
  Found out;
  for (std::size_t i = 0; i < features.size(); ++i) {
    std::size_t j = 0;
    while (j < keys.size() && keys[j] != features[i]) ++j;
    if (j == keys.size() && out.first_missing == UINT32_MAX) {
      out.first_missing = static_cast<uint32_t>(i);
    }
    out.rows.push_back(j == keys.size() ? 0 : static_cast<uint32_t>(j));
  }
  return out;
}

}  // namespace paceline::gpu::reference
