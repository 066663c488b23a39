#include "scheduler/core/observed/history.h"

#include <utility>

#include "common/check.h"

namespace paceline::scheduler {

void ThinHistory(int limit, History* history) {
  PL_CHECK_GE(limit, 1);
  while (history->size() > limit) {
    History kept;
    kept.Reserve((history->size() + 1) / 2);
    for (int i = (history->size() - 1) % 2; i < history->size(); i += 2) {
      *kept.Add() = std::move((*history)[i]);
    }
    history->Swap(&kept);
  }
}

bool AppendPoint(v1::HistoryPoint point, History* history) {
  const bool full = history->size() >= kMaxHistoryPoints;
  if (full) ThinHistory(kMaxHistoryPoints / 2, history);
  *history->Add() = std::move(point);
  return full;
}

}  // namespace paceline::scheduler
