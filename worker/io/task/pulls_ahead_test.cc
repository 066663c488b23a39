#include "worker/io/task/pulls_ahead.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/refusal/refusal.h"
#include "proto/job.pb.h"
#include "worker/core/task/layout_fixture.h"
#include "worker/core/tensor_memory.h"

namespace paceline::worker {
namespace {

class FloatPayload final : public ReceivedPayload {
 public:
  explicit FloatPayload(std::vector<float> values) : values_(std::move(values)) {}
  uint64_t size() const override { return values_.size() * sizeof(float); }
  bool Read(void* to, size_t size) override {
    std::memcpy(to, reinterpret_cast<const char*>(values_.data()) + at_, size);
    at_ += size;
    return true;
  }

 private:
  const std::vector<float> values_;
  size_t at_ = 0;
};

// Takes pulls, and answers them when the test says so.
class HeldPulls final : public DataClient {
 public:
  struct Asked {
    PullFrame frame;
    Done<PullReply> done;
  };

  void Pull(const PullFrame& frame, absl::Duration, Done<PullReply> done) override {
    asked.push_back({frame, std::move(done)});
  }
  void Answer(size_t i, std::vector<float> values) {
    PullReply reply;
    for (const PullTarget& target : asked[i].frame.targets) {
      v1::PulledBlock* block = reply.header.add_blocks();
      block->set_shard(target.shard);
      block->set_rows(target.rows);
      block->set_codec(v1::CODEC_FLOAT32);
    }
    reply.payload = std::make_unique<FloatPayload>(std::move(values));
    asked[i].done(std::move(reply));
  }
  void Refuse(size_t i, v1::Refusal::Kind kind) {
    v1::Refusal refusal;
    refusal.set_kind(kind);
    asked[i].done(RefusalStatus(refusal, v1::Refusal::Kind_Name(kind)));
  }

  void OpenRank(uint32_t, const v1::RequestContext&, absl::Duration,
                Done<v1::OpenRankResponse>) override {}
  void Push(const PushFrame&, absl::Duration, Done<v1::PushResponse>) override {}
  void Pin(uint32_t, const v1::PinRequest&, absl::Duration, Done<v1::PinResponse>) override {}
  void Unpin(uint32_t, const v1::UnpinRequest&, absl::Duration, Done<v1::UnpinResponse>) override {}
  void CancelAll() override {}

  // Of the loop's thread.
  std::vector<Asked> asked;
};

// Two dense tables of two values each, and a sparse one, if nothing is said. Everything runs
// on the loop.
struct Fixture {
  std::vector<v1::TableSpec> tables;
  std::shared_ptr<const ShardLayout> layout =
      std::make_shared<const ShardLayout>(*ShardLayout::Create(MapOf(tables, 1), tables));
  std::shared_ptr<HeldPulls> client = std::make_shared<HeldPulls>();
  std::shared_ptr<Parameters> parameters = std::make_shared<Parameters>();
  std::vector<std::string> events;
  // What was told of each table, with its values then.
  struct Told {
    uint32_t table;
    const float* at;
    std::vector<float> values;
  };
  std::vector<Told> came;
  std::vector<std::shared_ptr<Parameters>> left;
  RealClock clock;
  EventLoop loop{&clock, "test"};
  PullsAhead ahead{&loop,
                   {},
                   {.drained = nullptr,
                    .refused = [this](const absl::Status& s) { Note("refused", s); },
                    .unreachable = [this](const absl::Status& s) { Note("unreachable", s); },
                    .waiting = [this](const absl::Status& s) { Note("waiting", s); }},
                   {.came = [this](uint32_t table, TableRows* rows) { Came(table, rows); },
                    .left = [this](std::shared_ptr<Parameters> rows) { left.push_back(rows); }}};

  Fixture() : Fixture({DenseTable("a", 2, 1), DenseTable("b", 2, 1), SparseTable("s", 1)}) {
    (*parameters)[0].rows = {1, 2};
    (*parameters)[1].rows = {3, 4};
  }
  explicit Fixture(std::vector<v1::TableSpec> specs) : tables(std::move(specs)) {
    ShapeParameters(*layout, std::vector<std::vector<uint64_t>>(tables.size()), parameters.get());
  }
  ~Fixture() { loop.Stop(); }

  void Note(const std::string& event, const absl::Status& status) {
    events.push_back(event + " " + std::string(status.message()));
  }
  // Names are given from 1.
  void Came(uint32_t table, TableRows* rows) {
    rows->version = came.size() + 1;
    came.push_back({table, rows->rows.data(), {rows->rows.begin(), rows->rows.end()}});
  }
  void On(const std::function<void()>& what) {
    std::promise<void> done;
    loop.Post([&] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }
  v1::PushRequest PushOf(const std::vector<uint32_t>& of_tables) const {
    v1::PushRequest push;
    for (const uint32_t table : of_tables) {
      push.add_blocks()->set_shard(layout->shards(table)[0].shard);
    }
    return push;
  }
  void Begin(uint64_t iteration) {
    PullHeader header;
    header.context.set_iteration(iteration);
    ahead.Begin(layout, client, header);
  }
  std::vector<float> Rows(uint32_t table) const {
    const auto& rows = (*parameters)[table].rows;
    return std::vector<float>(rows.begin(), rows.end());
  }
};

TEST_CASE("what a server did not answer comes to other memory the next time") {
  TensorMemory::Get().Share();
  constexpr uint64_t kRows = TensorMemory::kLeastBytes / sizeof(float);
  Fixture f({DenseTable("a", kRows, 1)});
  const float* first = nullptr;
  f.On([&] {
    f.Begin(8);
    CHECK(f.ahead.Ask(f.PushOf({0})).ok());
    REQUIRE(f.client->asked.at(0).frame.places.size() == 1);
    first = f.client->asked[0].frame.places[0].data();
    // As the client does when a call ends without an answer.
    TensorMemory::Get().Find(first, kRows * sizeof(float))->Retire();
    f.client->asked[0].done(absl::DeadlineExceededError("late"));
  });
  size_t asked = 1;
  while (asked < 2) f.On([&] { asked = f.client->asked.size(); });
  f.On([&] {
    const absl::Span<float> place = f.client->asked.at(1).frame.places.at(0);
    CHECK(place.data() != first);
    CHECK(place.size() == kRows);
    f.client->Answer(1, std::vector<float>(kRows, 7));
  });
  std::promise<void> done;
  f.On([&] {
    f.ahead.Take(f.parameters);
    f.ahead.Await([&] { done.set_value(); });
  });
  done.get_future().wait();
  CHECK(f.Rows(0) == std::vector<float>(kRows, 7));
  CHECK((*f.parameters)[0].rows.data() != first);
}

TEST_CASE("rows that come ahead are kept apart until the iteration begins") {
  Fixture f;
  f.On([&] {
    f.Begin(8);
    CHECK(f.ahead.Ask(f.PushOf({1, 2})).ok());
    CHECK(f.ahead.Ask(f.PushOf({0})).ok());
    REQUIRE(f.client->asked.size() == 2);
    CHECK(f.client->asked[0].frame.header.context().iteration() == 8);
    // The sparse shard waits for the keys of the next batch.
    CHECK(f.client->asked[0].frame.header.blocks_size() == 1);
    f.client->Answer(0, {30, 40});
  });
  bool done = false;
  f.On([&] {
    CHECK(f.Rows(1) == std::vector<float>{3, 4});
    const std::vector<TableNeeds> needs = f.ahead.Take(f.parameters);
    REQUIRE(needs.size() == 3);
    CHECK((!needs[0].all && needs[0].missing.empty()));
    CHECK((!needs[1].all && needs[1].missing.empty()));
    CHECK(needs[2].all);
    CHECK(f.Rows(1) == std::vector<float>{30, 40});
    f.ahead.Await([&] { done = true; });
    CHECK_FALSE(done);
    // The other comes later, and goes where the iteration reads.
    f.client->Answer(1, {10, 20});
  });
  f.On([&] {
    CHECK(done);
    CHECK(f.Rows(0) == std::vector<float>{10, 20});
    // Over: what is sent before the next Begin is followed by nothing.
    CHECK(f.ahead.Ask(f.PushOf({0})).ok());
    CHECK(f.client->asked.size() == 2);
  });
  CHECK(f.events.empty());
}

TEST_CASE("without a beginning everything is left to pull") {
  Fixture f;
  bool done = false;
  f.On([&] {
    CHECK(f.ahead.Ask(f.PushOf({0})).ok());
    CHECK(f.client->asked.empty());
    CHECK(f.ahead.Take(f.parameters).empty());
    f.ahead.Await([&] { done = true; });
    CHECK(done);
  });
  CHECK(f.Rows(0) == std::vector<float>{1, 2});
}

TEST_CASE("what was not pushed is left to pull") {
  Fixture f;
  f.On([&] {
    f.Begin(1);
    CHECK(f.ahead.Ask(f.PushOf({1})).ok());
    f.client->Answer(0, {30, 40});
  });
  f.On([&] {
    const std::vector<TableNeeds> needs = f.ahead.Take(f.parameters);
    REQUIRE(needs.size() == 3);
    CHECK(needs[0].missing == std::vector<uint32_t>{0});
    CHECK(needs[1].missing.empty());
  });
}

TEST_CASE("why rows have not come is told when somebody awaits them") {
  Fixture f;
  f.On([&] {
    f.Begin(1);
    CHECK(f.ahead.Ask(f.PushOf({0})).ok());
    f.client->Refuse(0, v1::Refusal::NOT_YET);
  });
  f.On([&] {
    CHECK(f.events.empty());
    f.ahead.Take(f.parameters);
    f.ahead.Await([] {});
    CHECK(f.events == std::vector<std::string>{"waiting NOT_YET"});
  });
}

TEST_CASE("a refusal is told at once, and what was abandoned is heard of no more") {
  Fixture f;
  f.On([&] {
    f.Begin(1);
    CHECK(f.ahead.Ask(f.PushOf({0})).ok());
    CHECK(f.ahead.Ask(f.PushOf({1})).ok());
    f.client->Refuse(0, v1::Refusal::STALE_EPOCH);
  });
  f.On([&] {
    CHECK(f.events == std::vector<std::string>{"refused STALE_EPOCH"});
    f.ahead.Abandon();
    f.client->Answer(1, {30, 40});
  });
  f.On([&] { CHECK(f.ahead.Take(f.parameters).empty()); });
  CHECK(f.Rows(1) == std::vector<float>{3, 4});
}

TEST_CASE("a table is told of when all of it has come, and its name goes with its rows") {
  // Two shards, each with a frame of its own.
  constexpr uint64_t kRows = (uint64_t{6} << 20) / sizeof(float);
  Fixture f({DenseTable("a", kRows, 1), DenseTable("b", 2, 1)});
  REQUIRE(f.layout->shards(0).size() == 2);
  v1::PushRequest push;
  for (const LayoutShard& shard : f.layout->shards(0)) push.add_blocks()->set_shard(shard.shard);
  std::vector<std::vector<float>> values;
  for (const LayoutShard& shard : f.layout->shards(0)) {
    values.emplace_back(shard.rows, static_cast<float>(7 + values.size()));
  }
  f.On([&] {
    (*f.parameters)[0].version = 77;
    f.Begin(8);
    CHECK(f.ahead.Ask(push).ok());
    // What was asked for is not asked for again.
    CHECK(f.ahead.Ask(push).ok());
    REQUIRE(f.client->asked.size() == 2);
    f.client->Answer(0, values[0]);
  });
  f.On([&] {
    CHECK(f.came.empty());
    CHECK(f.ahead.Ask(f.PushOf({1})).ok());
    REQUIRE(f.client->asked.size() == 3);
    f.client->Answer(1, values[1]);
  });
  f.On([&] {
    REQUIRE(f.came.size() == 1);
    CHECK(f.came[0].table == 0);
    CHECK(f.came[0].values.front() == 7);
    CHECK(f.came[0].values.back() == 8);
    f.ahead.Take(f.parameters);
    // The same memory and the same values, under their name.
    CHECK((*f.parameters)[0].rows.data() == f.came[0].at);
    CHECK(f.Rows(0) == f.came[0].values);
    CHECK((*f.parameters)[0].version == 1);
    // It has not come.
    CHECK((*f.parameters)[1].version == 0);
    f.client->Answer(2, {10, 20});
  });
  bool done = false;
  f.On([&] {
    f.ahead.Await([&] { done = true; });
    REQUIRE(f.came.size() == 2);
    CHECK(f.came[1].table == 1);
    CHECK(f.came[1].at == (*f.parameters)[1].rows.data());
    CHECK((*f.parameters)[1].version == 2);
    const PullsAhead::Transfer transfer = f.ahead.TakeTransfer();
    CHECK(transfer.bytes == (kRows + 2) * sizeof(float));
    CHECK(transfer.first_asked <= transfer.last_came);
    CHECK(f.ahead.TakeTransfer().bytes == 0);
  });
  CHECK(done);
  CHECK(f.left.empty());
}

TEST_CASE("rows of an iteration before have no name") {
  Fixture f;
  for (const uint64_t iteration : {8, 9, 10}) {
    const size_t asked = f.client->asked.size();
    f.On([&] {
      f.Begin(iteration);
      CHECK(f.ahead.Ask(f.PushOf({0, 1})).ok());
      REQUIRE(f.client->asked.size() == asked + 1);
    });
    f.On([&] {
      f.ahead.Take(f.parameters);
      CHECK((*f.parameters)[0].version == 0);
      CHECK((*f.parameters)[1].version == 0);
      f.client->Answer(asked, {1, 2, 3, 4});
    });
    f.On([&] {
      f.ahead.Await([] {});
      CHECK((*f.parameters)[0].version == f.came.size() - 1);
      CHECK((*f.parameters)[1].version == f.came.size());
    });
  }
  CHECK(f.came.size() == 6);
}

TEST_CASE("what was abandoned is left to whoever may read it") {
  Fixture f;
  f.On([&] {
    f.Begin(1);
    CHECK(f.ahead.Ask(f.PushOf({0})).ok());
    f.client->Answer(0, {30, 40});
  });
  f.On([&] {
    REQUIRE(f.came.size() == 1);
    f.ahead.Abandon();
    REQUIRE(f.left.size() == 1);
    CHECK((*f.left[0])[0].rows.data() == f.came[0].at);
    // What is begun now comes to other memory.
    f.Begin(1);
    CHECK(f.ahead.Ask(f.PushOf({0})).ok());
    f.client->Answer(1, {50, 60});
  });
  f.On([&] {
    REQUIRE(f.came.size() == 2);
    CHECK(f.came[1].at != f.came[0].at);
    CHECK((*f.left[0])[0].rows[0] == 30);
  });
}

}  // namespace
}  // namespace paceline::worker
