// A library that was built for an interface to come.
#include "worker/api/paceline_model_abi.h"

const PacelineModel* paceline_model() {
  static const PacelineModel model = {.major = PACELINE_MODEL_MAJOR + 1,
                                      .minor = 4,
                                      .struct_size = 16,
                                      .create = nullptr,
                                      .destroy = nullptr,
                                      .keys = nullptr,
                                      .gradient = nullptr,
                                      .predict = nullptr};
  return &model;
}
