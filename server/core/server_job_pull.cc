// Pulls: admitted shard by shard, then read at once. A waiting pull is parked at
// the first shard that does not admit it; admission never turns back, so the
// shards before need not be asked again.
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/codec/codec.h"
#include "common/refusal/refusal.h"
#include "common/status/status_macros.h"
#include "server/core/coded_values.h"
#include "server/core/key_lists.h"
#include "server/core/server_job.h"
#include "server/core/server_job_ticket.h"

namespace paceline::server {
namespace {

using v1::Refusal;

absl::Status Limit(absl::string_view what) {
  Refusal refusal;
  refusal.set_kind(Refusal::LIMIT);
  return RefusalStatus(refusal, what);
}

// All rows of a shard, or what of them the rank does not have.
absl::Status ReadDelta(const v1::RequestContext& context, Shard* shard, uint64_t base,
                       PullReply* reply) {
  PL_ASSIGN_OR_RETURN(Shard::DeltaRows read,
                      shard->ReadForDelta(context.rank(), context.iteration(), base));
  v1::PulledBlock* pulled = reply->header.add_blocks();
  pulled->set_shard(shard->spec().shard());
  pulled->set_rows(read.rows.rows);
  pulled->set_version(read.rows.version);
  pulled->set_state(read.state);
  std::optional<Changes> changes;
  if (read.base.has_value()) {
    PL_ASSIGN_OR_RETURN(changes, EncodeChanges(*read.base, read.rows.bytes));
  }
  if (changes.has_value()) {
    pulled->set_codec(v1::CODEC_DELTA);
    pulled->set_changed(changes->count);
    reply->payload.Append(std::move(changes->bytes));
  } else {
    pulled->set_codec(v1::CODEC_FLOAT32);
    reply->payload.Append(std::move(read.rows.bytes));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServerJob::TicketRef> ServerJob::NewTicket(const v1::PullRequest& header,
                                                          const Payload& payload) {
  PL_RETURN_IF_ERROR(Check(header.context()));
  if (header.blocks().empty()) return InvalidStatus("pull: at least one block expected");
  auto ticket = std::make_shared<Ticket>();
  ticket->context = header.context();
  ticket->pin = header.pin();
  absl::flat_hash_set<uint32_t> seen;
  uint64_t offset = 0;
  // The reply's header: its own fields, then a few numbers for each block.
  uint64_t reply_bytes = 64 + uint64_t{32} * header.blocks_size();
  for (const v1::PullBlock& block : header.blocks()) {
    PL_ASSIGN_OR_RETURN(Shard * shard, FindShard(block.shard()));
    const bool dense = shard->table().kind() == v1::TABLE_KIND_DENSE;
    PL_RETURN_IF_ERROR(CheckPullCodec(block.codec(), dense, block.shard()));
    if (block.codec() == v1::CODEC_DELTA && header.pin() != 0) {
      return InvalidStatus(
          absl::StrCat("shard ", block.shard(), ": codec delta is for pulls without a pin"));
    }
    if (!seen.insert(block.shard()).second) {
      return InvalidStatus(absl::StrCat("shard ", block.shard(), ": twice in one pull"));
    }
    const BlockKeys named = BlockKeys::Of(block);
    if (!named.held && named.count > (payload.size() - offset) / sizeof(uint64_t)) {
      return InvalidStatus(absl::StrCat("shard ", block.shard(), ": ", named.count,
                                        " keys expected, got ", payload.size() - offset, " bytes"));
    }
    PL_ASSIGN_OR_RETURN(SharedKeys keys,
                        key_lists_.Take(header.context().rank(), shard->table(), shard->spec(),
                                        named, payload.Slice(offset, named.bytes())));
    offset += named.bytes();
    const uint64_t rows = dense ? shard->spec().rows() : keys.size();
    reply_bytes += EncodedBytes(WholeCodec(block.codec()), rows * shard->table().dim());
    if (reply_bytes > kMaxFrameBytes) {
      return Limit(absl::StrCat("pull: a reply of at most ", kMaxFrameBytes,
                                " bytes expected, ask for fewer shards"));
    }
    ticket->blocks.push_back(Ticket::Block{
        .shard = shard, .keys = std::move(keys), .codec = block.codec(), .base = block.base()});
  }
  if (offset != payload.size()) {
    return InvalidStatus(
        absl::StrCat("payload: ", offset, " bytes expected after the keys, got ", payload.size()));
  }
  return ticket;
}

std::optional<uint64_t> ServerJob::Pull(const v1::PullRequest& header, const Payload& payload,
                                        PullDone done) {
  absl::StatusOr<TicketRef> ticket = NewTicket(header, payload);
  if (!ticket.ok()) {
    done(ticket.status());
    return std::nullopt;
  }
  if ((*ticket)->pin != 0) {
    absl::StatusOr<PullReply> reply = ReadAll(**ticket);
    if (reply.ok()) counters_.bytes_pulled += reply->payload.size();
    done(std::move(reply));
    return std::nullopt;
  }
  absl::Status refused;
  uint64_t id = 0;
  {
    MutexLock lock(&mu_);
    // Again: a ticket in the list is one that OpenRank and Close can see.
    refused = CheckOpen(header.context());
    if (refused.ok()) refused = fence_.Check(header.context());
    if (refused.ok() && tickets_.size() >= max_parked_pulls_) {
      refused = Limit(absl::StrCat("job ", job_id_, ": at most ", max_parked_pulls_,
                                   " pulls may wait for admission"));
    }
    if (refused.ok()) {
      id = next_ticket_++;
      (*ticket)->id = id;
      (*ticket)->done = std::move(done);
      tickets_[id] = *ticket;
    }
  }
  if (!refused.ok()) {
    done(std::move(refused));
    return std::nullopt;
  }
  Advance(*ticket);
  MutexLock lock(&mu_);
  return tickets_.contains(id) ? std::optional<uint64_t>(id) : std::nullopt;
}

void ServerJob::Advance(const TicketRef& ticket) {
  const uint64_t id = ticket->id;
  while (ticket->next < ticket->blocks.size()) {
    Shard* const shard = ticket->blocks[ticket->next].shard;
    ticket->parked_at = ticket->next;
    const absl::StatusOr<bool> admitted =
        shard->AdmitOrPark(ticket->context.rank(), ticket->context.iteration(), id);
    if (!admitted.ok()) {
      if (TakeTicket(id) != nullptr) ticket->done(admitted.status());
      return;
    }
    if (!*admitted) {
      // Another thread may have it by now. If it was ended before it was parked,
      // nobody else will take it out of the shard.
      bool ended;
      {
        MutexLock lock(&mu_);
        ended = !tickets_.contains(id);
      }
      if (ended) shard->Unpark(id);
      return;
    }
    ++ticket->next;
  }
  if (TakeTicket(id) == nullptr) return;
  absl::StatusOr<PullReply> reply = ReadAll(*ticket);
  if (reply.ok()) counters_.bytes_pulled += reply->payload.size();
  ticket->done(std::move(reply));
}

absl::StatusOr<PullReply> ServerJob::ReadAll(const Ticket& ticket) {
  const v1::RequestContext& context = ticket.context;
  PullReply reply;
  for (const Ticket::Block& block : ticket.blocks) {
    if (block.codec == v1::CODEC_DELTA) {
      PL_RETURN_IF_ERROR(ReadDelta(context, block.shard, block.base, &reply));
      continue;
    }
    PL_ASSIGN_OR_RETURN(Shard::Rows rows,
                        ticket.pin != 0 ? block.shard->ReadPinned(ticket.pin, block.keys.span())
                                        : block.shard->Read(context.rank(), context.iteration(),
                                                            block.keys.span()));
    v1::PulledBlock* pulled = reply.header.add_blocks();
    pulled->set_shard(block.shard->spec().shard());
    pulled->set_rows(rows.rows);
    pulled->set_version(rows.version);
    pulled->set_codec(block.codec);
    PL_ASSIGN_OR_RETURN(Piece values, EncodeValues(block.codec, std::move(rows.bytes)));
    reply.payload.Append(std::move(values));
  }
  return reply;
}

void ServerJob::Resume(const std::vector<uint64_t>& tickets) {
  for (const uint64_t id : tickets) {
    TicketRef ticket;
    {
      MutexLock lock(&mu_);
      const auto found = tickets_.find(id);
      if (found == tickets_.end()) continue;
      ticket = found->second;
    }
    Advance(ticket);
  }
}

ServerJob::TicketRef ServerJob::TakeTicket(uint64_t id) {
  MutexLock lock(&mu_);
  const auto found = tickets_.find(id);
  if (found == tickets_.end()) return nullptr;
  TicketRef ticket = std::move(found->second);
  tickets_.erase(found);
  return ticket;
}

void ServerJob::Expire(uint64_t id) {
  const TicketRef ticket = TakeTicket(id);
  if (ticket == nullptr) return;
  Shard* const shard = ticket->blocks[ticket->parked_at].shard;
  shard->Unpark(id);
  ticket->done(shard->WhyNot(ticket->context.rank(), ticket->context.iteration()));
}

void ServerJob::Cancel(uint64_t id) {
  const TicketRef ticket = TakeTicket(id);
  if (ticket == nullptr) return;
  ticket->blocks[ticket->parked_at].shard->Unpark(id);
  ticket->done(absl::CancelledError("the caller has gone"));
}

void ServerJob::EndTickets(const std::vector<TicketRef>& tickets, const absl::Status& status) {
  for (const TicketRef& ticket : tickets) {
    if (TakeTicket(ticket->id) == nullptr) continue;
    ticket->blocks[ticket->parked_at].shard->Unpark(ticket->id);
    ticket->done(status);
  }
}

}  // namespace paceline::server
