#include "common/daemon/process.h"

#include <unistd.h>

#include <random>

namespace paceline {

std::string Hostname() {
  char name[256] = {};
  const bool known = gethostname(name, sizeof(name) - 1) == 0 && name[0] != '\0';
  return known ? name : "unknown";
}

uint64_t RandomNonce() {
  std::random_device random;
  return uint64_t{random()} << 32 | random() | 1;
}

}  // namespace paceline
