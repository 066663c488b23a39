// A rank against servers that are a few lines each, over a network that drops,
// delays, duplicates and reorders, with rollbacks and a second incarnation. One
// thread, virtual time; a failure names its seed.
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/random.h"
#include "worker/core/task/in_flight.h"
#include "worker/core/task/rank_machine.h"

namespace paceline::worker {
namespace {

constexpr uint32_t kServers = 3;
constexpr uint32_t kShardsEach = 4;
constexpr uint64_t kIterations = 12;

struct Frame {
  uint64_t timeline = 0;
  uint64_t incarnation = 0;
  uint64_t iteration = 0;
  std::vector<uint32_t> shards;
  bool last = false;
  bool finish = false;
  std::set<uint32_t> touched;
};

// What a server answers; KIND_UNSPECIFIED is yes.
struct Reply {
  v1::Refusal::Kind refusal = v1::Refusal::KIND_UNSPECIFIED;
  uint64_t progress = 0;
  bool finished = false;
};

struct Shard {
  uint64_t progress = 0;
  bool finished = false;
  // How often each iteration's gradient counted.
  std::map<uint64_t, int> counted;
};

// The rules of DESIGN for one rank, without rows.
struct Server {
  uint64_t timeline = 1;
  uint64_t incarnation = 0;
  std::vector<Shard> shards = std::vector<Shard>(kShardsEach);
  std::vector<Shard> cut = shards;

  v1::Refusal::Kind Fence(uint64_t of_timeline, uint64_t of_incarnation) const {
    if (of_timeline != timeline) return v1::Refusal::STALE_TIMELINE;
    if (of_incarnation < incarnation) return v1::Refusal::STALE_INCARNATION;
    if (of_incarnation > incarnation) return v1::Refusal::RANK_NOT_OPEN;
    return v1::Refusal::KIND_UNSPECIFIED;
  }

  Reply Open(uint64_t of_timeline, uint64_t of_incarnation) {
    if (of_timeline != timeline) return {v1::Refusal::STALE_TIMELINE};
    if (of_incarnation < incarnation) return {v1::Refusal::STALE_INCARNATION};
    incarnation = of_incarnation;
    Reply reply{v1::Refusal::KIND_UNSPECIFIED, shards[0].progress, true};
    for (const Shard& shard : shards) {
      reply.progress = std::min(reply.progress, shard.progress);
      reply.finished = reply.finished && shard.finished;
    }
    return reply;
  }

  Reply Push(const Frame& frame) {
    if (const auto kind = Fence(frame.timeline, frame.incarnation)) return {kind};
    for (const uint32_t s : frame.shards) {
      if (shards[s].progress < frame.iteration) return {v1::Refusal::OUT_OF_ORDER};
    }
    for (uint32_t s = 0; frame.last && s < kShardsEach; ++s) {
      if (!frame.touched.contains(s) && shards[s].progress < frame.iteration) {
        return {v1::Refusal::OUT_OF_ORDER};
      }
    }
    for (const uint32_t s : frame.shards) Advance(s, frame.iteration);
    for (uint32_t s = 0; frame.last && s < kShardsEach; ++s) {
      if (frame.finish) {
        shards[s].finished = true;
      } else if (!frame.touched.contains(s)) {
        Advance(s, frame.iteration);
      }
    }
    return {};
  }

  void Advance(uint32_t s, uint64_t iteration) {
    if (shards[s].progress != iteration) return;
    ++shards[s].counted[iteration];
    ++shards[s].progress;
  }
};

// Time, chance and the servers.
struct World {
  uint64_t seed;
  uint64_t drawn = 0;
  absl::Duration now = absl::ZeroDuration();
  std::multimap<absl::Duration, std::function<void()>> queue;
  std::vector<Server> servers = std::vector<Server>(kServers);

  explicit World(uint64_t of_seed) : seed(of_seed) {}
  uint64_t Below(uint64_t n) { return RandomBelow(n, seed, 7, drawn++); }
  void At(absl::Duration delay, std::function<void()> what) {
    queue.emplace(now + delay, std::move(what));
  }
  absl::Duration Delay() { return absl::Microseconds(1 + Below(Below(10) == 0 ? 200000 : 2000)); }

  // A call that loses, repeats and delays; `done` gets the reply, or nothing after `timeout`.
  void Call(uint32_t server, const std::function<Reply(Server&)>& serve, absl::Duration timeout,
            std::function<void(const Reply*)> done) {
    auto answered = std::make_shared<bool>(false);
    const auto finish = [answered, done](const Reply* reply) {
      if (!std::exchange(*answered, true)) done(reply);
    };
    const int copies = Below(8) == 0 ? 0 : Below(8) == 0 ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      At(Delay(), [this, server, serve, finish] {
        const Reply reply = serve(servers[server]);
        if (Below(8) != 0) At(Delay(), [finish, reply] { finish(&reply); });
      });
    }
    At(timeout, [finish] { finish(nullptr); });
  }

  void Run() {
    int steps = 0;
    while (!queue.empty()) {
      PL_CHECK(++steps < 200000) << "seed " << seed << ": no end";
      const auto first = queue.begin();
      now = first->first;
      const std::function<void()> what = std::move(first->second);
      queue.erase(first);
      what();
    }
  }
};

// A task: runs the commands of a machine.
struct Task : std::enable_shared_from_this<Task> {
  World* world;
  uint64_t incarnation;
  RankMachine machine;
  InFlight in_flight;
  std::map<InFlight::FrameId, Frame> frames;
  uint64_t timeline = 1;
  bool exited = false;
  bool fenced = false;
  std::string cause;

  Task(World* of_world, uint64_t of_incarnation)
      : world(of_world), incarnation(of_incarnation), in_flight(Options(of_world->seed)) {}

  static InFlightOptions Options(uint64_t seed) {
    InFlightOptions options;
    options.seed = seed;
    options.deadline.least = absl::Milliseconds(50);
    options.attempts = 3;
    return options;
  }

  void Start() {
    Do(DesiredChanged{v1::SyncTaskResponse::RUN});
    Do(MapChanged{world->servers[0].timeline, 1, kServers});
    timeline = world->servers[0].timeline;
  }

  void Do(const RankEvent& event) {
    for (const RankCommand& command : machine.Handle(event)) Run(command);
  }

  void Run(const RankCommand& command) {
    const uint64_t attempt = command.attempt;
    const auto later = [this, self = shared_from_this()](absl::Duration wait, RankEvent event) {
      world->At(wait, [self, event] { self->Do(event); });
    };
    switch (command.kind) {
      case RankCommand::Kind::kPrepare:
        later(world->Delay(), IterationsKnown{kIterations, true});
        later(absl::Seconds(1), Prepared{});
        return;
      case RankCommand::Kind::kOpen:
        for (uint32_t s = 0; s < kServers; ++s) OpenOn(s, attempt);
        return;
      case RankCommand::Kind::kPull:
        return later(world->Delay(), Pulled{attempt});
      case RankCommand::Kind::kCompute:
        // Everything before has been counted by every shard of every server.
        for (const Server& server : world->servers) {
          if (server.timeline != timeline) continue;
          for (const Shard& shard : server.shards) {
            PL_CHECK(shard.progress >= command.iteration) << "seed " << world->seed;
          }
        }
        return later(world->Delay(), Computed{attempt});
      case RankCommand::Kind::kPush:
        return Push(command, false);
      case RankCommand::Kind::kFinish:
        return Push(command, true);
      case RankCommand::Kind::kAbandon:
        in_flight.Clear();
        frames.clear();
        return;
      case RankCommand::Kind::kRetryLater:
        return later(absl::Milliseconds(20), RetryDue{attempt});
      case RankCommand::Kind::kExit:
        exited = true;
        fenced = command.fenced;
        cause = command.cause;
        return;
      case RankCommand::Kind::kSync:
      case RankCommand::Kind::kEvaluate:
        return;
    }
  }

  void OpenOn(uint32_t server, uint64_t attempt) {
    world->Call(
        server, [t = timeline, i = incarnation](Server& s) { return s.Open(t, i); },
        absl::Milliseconds(50),
        [this, self = shared_from_this(), server, attempt](const Reply* r) {
          if (r == nullptr) {
            Do(Unreachable{attempt, "timeout"});
          } else if (r->refusal != v1::Refusal::KIND_UNSPECIFIED) {
            Do(Refused{attempt, r->refusal, "refused"});
          } else {
            Do(Opened{attempt, server, r->progress, r->finished});
          }
        });
  }

  void Push(const RankCommand& command, bool finish) {
    for (uint32_t s = 0; s < kServers; ++s) {
      Frame last{timeline, incarnation, command.iteration, {}, true, finish, {}};
      for (uint32_t shard = 0; !finish && shard < kShardsEach; ++shard) {
        // The same every time: (iteration, shard).
        if (RandomBelow(3, world->seed, command.iteration, s * kShardsEach + shard) == 0) continue;
        last.touched.insert(shard);
        frames[in_flight.Add(s, 10)] = {timeline, incarnation, command.iteration, {shard}};
      }
      frames[in_flight.Add(s, 10)] = last;
    }
    Pump(command.attempt, finish);
  }

  void Pump(uint64_t attempt, bool finish) {
    for (const InFlight::Call& call : in_flight.Take(world->now)) {
      const Frame frame = frames.at(call.frame);
      world->Call(
          call.server, [frame](Server& s) { return s.Push(frame); }, call.timeout,
          [this, self = shared_from_this(), attempt, finish, id = call.frame](const Reply* r) {
            // Its push may have been abandoned.
            if (attempt == machine.attempt() && frames.contains(id)) Done(attempt, finish, id, r);
          });
    }
    const absl::Duration next = in_flight.NextSend();
    if (next != absl::InfiniteDuration()) {
      world->At(next - world->now, [this, self = shared_from_this(), attempt, finish] {
        if (attempt == machine.attempt()) Pump(attempt, finish);
      });
    }
  }

  void Done(uint64_t attempt, bool finish, InFlight::FrameId id, const Reply* reply) {
    if (reply == nullptr) {
      if (in_flight.Failed(id, world->now) == InFlight::Verdict::kGiveUp) {
        return Do(Unreachable{attempt, "gave up"});
      }
    } else if (reply->refusal != v1::Refusal::KIND_UNSPECIFIED) {
      return Do(Refused{attempt, reply->refusal, "refused"});
    } else {
      in_flight.Acked(id);
      frames.erase(id);
      if (in_flight.empty()) {
        return finish ? Do(FinishAcked{attempt}) : Do(PushAcked{attempt});
      }
    }
    Pump(attempt, finish);
  }
};

void CheckExactlyOnce(const World& world) {
  for (const Server& server : world.servers) {
    for (const Shard& shard : server.shards) {
      CHECK(shard.finished);
      CHECK(shard.progress == kIterations);
      CHECK(shard.counted.size() == kIterations);
      for (const auto& [iteration, times] : shard.counted) CHECK(times == 1);
    }
  }
}

TEST_CASE("Every shard counts every iteration exactly once, in order") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    World world(seed);
    auto task = std::make_shared<Task>(&world, 1);
    task->Start();
    world.Run();
    CHECK(task->machine.finished());
    CHECK(task->machine.iteration() == kIterations);
    CHECK_FALSE(task->exited);
    CheckExactlyOnce(world);
  }
}

TEST_CASE("Rollbacks repeat what they undid, and nothing else") {
  for (uint64_t seed = 100; seed < 160; ++seed) {
    INFO("seed " << seed);
    World world(seed);
    auto task = std::make_shared<Task>(&world, 1);
    task->Start();
    for (int i = 0; i < 3; ++i) {
      const absl::Duration cut_at =
          absl::Seconds(1) + absl::Milliseconds(world.Below(400) + 400 * i);
      // A fuzzy cut: each server at its own moment.
      for (uint32_t s = 0; s < kServers; ++s) {
        world.At(cut_at + absl::Milliseconds(world.Below(50)),
                 [&world, s] { world.servers[s].cut = world.servers[s].shards; });
      }
      world.At(cut_at + absl::Milliseconds(50 + world.Below(300)), [&world, task] {
        for (Server& server : world.servers) {
          server.shards = server.cut;
          ++server.timeline;
        }
        // The task learns of it some time later.
        world.At(absl::Milliseconds(world.Below(100)), [&world, task] {
          task->timeline = world.servers[0].timeline;
          task->Do(MapChanged{task->timeline, 1, kServers});
        });
      });
    }
    world.Run();
    CHECK(task->machine.finished());
    CheckExactlyOnce(world);
  }
}

TEST_CASE("A second incarnation takes over, and the first one stops") {
  for (uint64_t seed = 200; seed < 260; ++seed) {
    INFO("seed " << seed);
    World world(seed);
    auto first = std::make_shared<Task>(&world, 1);
    auto second = std::make_shared<Task>(&world, 2);
    first->Start();
    world.At(absl::Milliseconds(world.Below(300)), [second] { second->Start(); });
    world.Run();
    CHECK(second->machine.finished());
    CheckExactlyOnce(world);
    // Unless the first was through before the second came.
    if (!first->machine.finished()) {
      CHECK(first->exited);
      CHECK(first->fenced);
    }
  }
}

}  // namespace
}  // namespace paceline::worker
