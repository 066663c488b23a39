// Where the tables of a click model are among those in name order.
#ifndef PACELINE_WORKER_CORE_MODELS_CTR_CTR_PLACES_H_
#define PACELINE_WORKER_CORE_MODELS_CTR_CTR_PLACES_H_

#include <vector>

#include "proto/node.pb.h"

namespace paceline::worker {

// A table that the model does not have: -1.
struct CtrPlaces {
  int factors = -1;
  int weight = -1;
  int numbers = -1;
  int output = -1;
  // Bias of the first layer; its weight and the other layers follow. `layers` and
  // `cross_layers` count pairs.
  int layer = -1;
  int layers = 0;
  int cross = -1;
  int cross_layers = 0;

  // `tables` as CtrTables made them.
  static CtrPlaces Of(const std::vector<v1::TableSpec>& tables);
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CTR_CTR_PLACES_H_
