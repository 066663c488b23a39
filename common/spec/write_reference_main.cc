// Prints docs/job-spec.md.
#include <iostream>

#include "common/spec/reference.h"

int main() {
  std::cout << paceline::JobSpecMarkdown();
  return 0;
}
