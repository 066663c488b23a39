// Callers that wait for an answer, one per key, without a thread each.
//
// Thread-compatible.
#ifndef PACELINE_SCHEDULER_IO_LONG_POLLS_H_
#define PACELINE_SCHEDULER_IO_LONG_POLLS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace paceline::scheduler {

// `Poll` has a member `ticket`, distinct for every call.
template <typename Key, typename Poll>
class LongPolls {
 public:
  // Parks a poll. Returns the one of the same caller whose place it takes.
  std::optional<Poll> Park(const Key& key, Poll poll) {
    std::optional<Poll> before;
    if (const auto it = polls_.find(key); it != polls_.end()) before = Remove(it);
    tickets_[poll.ticket] = key;
    polls_.emplace(key, std::move(poll));
    return before;
  }

  // Takes the poll with this ticket out, if it is still parked.
  std::optional<Poll> Take(uint64_t ticket) {
    const auto it = tickets_.find(ticket);
    if (it == tickets_.end()) return std::nullopt;
    return Remove(polls_.find(it->second));
  }

  // Takes out all polls for which `wanted(key, poll)`.
  template <typename Wanted>
  std::vector<Poll> TakeIf(Wanted wanted) {
    std::vector<Poll> taken;
    for (auto it = polls_.begin(); it != polls_.end();) {
      const auto here = it++;
      if (wanted(here->first, here->second)) taken.push_back(Remove(here));
    }
    return taken;
  }

  size_t size() const { return polls_.size(); }

 private:
  Poll Remove(typename std::map<Key, Poll>::iterator it) {
    Poll poll = std::move(it->second);
    tickets_.erase(poll.ticket);
    polls_.erase(it);
    return poll;
  }

  std::map<Key, Poll> polls_;
  std::map<uint64_t, Key> tickets_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_LONG_POLLS_H_
