#include "worker/core/models/ctr/ctr_places.h"

#include <cstddef>
#include <string>

#include "absl/strings/match.h"

namespace paceline::worker {

CtrPlaces CtrPlaces::Of(const std::vector<v1::TableSpec>& tables) {
  CtrPlaces places;
  for (size_t t = 0; t < tables.size(); ++t) {
    const std::string& name = tables[t].name();
    const int at = static_cast<int>(t);
    if (absl::StartsWith(name, "layer")) {
      if (places.layer < 0) places.layer = at;
      if (absl::EndsWith(name, "/weight")) ++places.layers;
    } else if (absl::StartsWith(name, "cross")) {
      if (places.cross < 0) places.cross = at;
      if (absl::EndsWith(name, "/weight")) ++places.cross_layers;
    } else if (absl::EndsWith(name, "/factors")) {
      places.factors = at;
    } else if (absl::EndsWith(name, "/weight")) {
      places.weight = at;
    } else if (absl::EndsWith(name, "/numbers")) {
      places.numbers = at;
    } else if (absl::EndsWith(name, "/output")) {
      places.output = at;
    }
  }
  return places;
}

}  // namespace paceline::worker
