#include "pending_io.h"

#include "../idl/opcerror.h"
#include "states.h"

namespace understudy::helper {

DWORD PendingTable::Begin(std::shared_ptr<Responder> responder, bool is_read, const std::vector<uint32_t>& items) {
  const auto io = std::make_shared<PendingIo>();
  io->responder = std::move(responder);
  io->is_read = is_read;
  io->items = items;
  io->errors.assign(items.size(), OPC_E_INVALIDHANDLE);
  io->qualities.assign(items.size(), 0);
  io->times.assign(items.size(), FILETIME{});
  io->values.resize(items.size());
  std::lock_guard lock(mutex_);
  if (++last_ == 0) ++last_;
  table_[last_] = io;
  return last_;
}

void PendingTable::Returned(DWORD transaction, HRESULT result, DWORD cancel_id, const std::vector<size_t>& rows,
                            const HRESULT* errors) {
  std::shared_ptr<PendingIo> ready;
  {
    std::lock_guard lock(mutex_);
    const auto found = table_.find(transaction);
    if (found == table_.end()) return;
    PendingIo& io = *found->second;
    if (FAILED(result)) {
      ready = found->second;
      table_.erase(found);
    } else {
      bool waits = false;
      for (size_t index = 0; index < rows.size(); ++index) {
        if (errors && FAILED(errors[index])) io.errors[rows[index]] = errors[index];
        else waits = true;
      }
      io.returned = true;
      io.cancel_id = cancel_id;
      if (!waits) io.completed = true;
      ready = TakeIfReady(transaction);
    }
  }
  if (!ready) return;
  if (FAILED(result)) ready->responder->Fail(result);
  else Answer(*ready);
}

void PendingTable::Completed(DWORD transaction, DWORD count, const DWORD* items, const VARIANT* values,
                             const WORD* qualities, const FILETIME* times, const HRESULT* errors) {
  std::shared_ptr<PendingIo> ready;
  {
    std::lock_guard lock(mutex_);
    const auto found = table_.find(transaction);
    if (found == table_.end()) return;
    PendingIo& io = *found->second;
    std::multimap<uint32_t, size_t> rows;
    for (size_t row = 0; row < io.items.size(); ++row) rows.emplace(io.items[row], row);
    for (DWORD index = 0; index < count; ++index) {
      const auto [begin, end] = rows.equal_range(items[index]);
      for (auto row = begin; row != end; ++row) {
        io.errors[row->second] = errors[index];
        if (!values) continue;
        io.qualities[row->second] = qualities[index];
        io.times[row->second] = times[index];
        VariantCopy(io.values[row->second].Out(), const_cast<VARIANT*>(&values[index]));
      }
    }
    io.completed = true;
    ready = TakeIfReady(transaction);
  }
  if (ready) Answer(*ready);
}

void PendingTable::Cancelled(DWORD transaction) {
  std::shared_ptr<PendingIo> cancelled;
  {
    std::lock_guard lock(mutex_);
    const auto found = table_.find(transaction);
    if (found == table_.end()) return;
    cancelled = found->second;
    table_.erase(found);
  }
  cancelled->responder->Fail(E_ABORT, u"cancelled");
}

DWORD PendingTable::CancelIdOf(uint32_t correlation) const {
  std::lock_guard lock(mutex_);
  for (const auto& [transaction, io] : table_) {
    if (io->responder->correlation() == correlation && io->returned) return io->cancel_id;
  }
  return 0;
}

void PendingTable::FailAll(HRESULT result) {
  std::map<DWORD, std::shared_ptr<PendingIo>> all;
  {
    std::lock_guard lock(mutex_);
    all.swap(table_);
  }
  for (const auto& [transaction, io] : all) io->responder->Fail(result);
}

std::shared_ptr<PendingIo> PendingTable::TakeIfReady(DWORD transaction) {
  const auto found = table_.find(transaction);
  if (!found->second->returned || !found->second->completed) return nullptr;
  std::shared_ptr<PendingIo> ready = found->second;
  table_.erase(found);
  return ready;
}

void PendingTable::Answer(PendingIo& io) {
  HRESULT overall = S_OK;
  for (const HRESULT error : io.errors) {
    if (FAILED(error)) overall = S_FALSE;
  }
  if (!io.is_read) {
    wire::Errors answer;
    answer.errors.assign(io.errors.begin(), io.errors.end());
    return io.responder->Succeed(overall, answer);
  }
  StatesBuilder builder(io.items.size());
  for (size_t row = 0; row < io.items.size(); ++row) {
    builder.Add(io.errors[row], io.qualities[row], io.times[row], io.values[row].get());
  }
  auto answer = builder.Finish();
  io.responder->Succeed(overall, answer);
}

}  // namespace understudy::helper
