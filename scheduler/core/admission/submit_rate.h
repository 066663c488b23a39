// How often each user may submit: a bucket of tokens that fills up over a minute.
//
//   rate 60: sixty at once, then one a second.
//
// Soft state: a new scheduler begins with full buckets. At most kMaxBuckets are kept; full
// ones need not be.
//
// Thread-compatible.
#ifndef PACELINE_SCHEDULER_CORE_ADMISSION_SUBMIT_RATE_H_
#define PACELINE_SCHEDULER_CORE_ADMISSION_SUBMIT_RATE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace paceline::scheduler {

class SubmitRate {
 public:
  static constexpr size_t kMaxBuckets = 10000;

  // Takes a token of the owner's bucket of `per_minute`; false if there is none. 0: there is
  // no limit. `now` never goes back.
  bool Take(absl::string_view owner, uint64_t per_minute, absl::Duration now);

 private:
  struct Bucket {
    double tokens = 0;
    absl::Duration filled;
  };

  std::map<std::string, Bucket, std::less<>> buckets_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_ADMISSION_SUBMIT_RATE_H_
