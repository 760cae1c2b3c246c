#include "group_link.h"

#include "../common/text/utf.h"
#include "data_callback.h"

namespace understudy::helper {

using understudy::WideOf;

HRESULT GroupLink::Add(IOPCServer& server, const wire::AddGroup& request, wire::RevisedGroup& answer) {
  LONG bias = request.time_bias_minutes;
  FLOAT deadband = request.deadband_percent;
  // The requester's handle of the group is the client handle, so callbacks need no table.
  const HRESULT result = server.AddGroup(WideOf(request.name).c_str(), request.active, request.update_rate_ms, group_,
                                         &bias, &deadband, request.locale, &server_group_,
                                         reinterpret_cast<DWORD*>(&answer.update_rate_ms), __uuidof(IOPCItemMgt),
                                         items_com_.OutUnknown());
  if (FAILED(result)) return result;
  if (!items_com_) return E_NOINTERFACE;
  state_ = items_com_.As<IOPCGroupStateMgt>();
  sync_ = items_com_.As<IOPCSyncIO>();
  async_ = items_com_.As<IOPCAsyncIO2>();
  if (const auto container = items_com_.As<IConnectionPointContainer>()) {
    if (SUCCEEDED(container->FindConnectionPoint(__uuidof(IOPCDataCallback), point_.Out()))) {
      const auto callback = ComPtr<DataCallback>::Adopt(new DataCallback(weak_from_this()));
      const HRESULT advised = point_->Advise(callback.get(), &cookie_);
      if (FAILED(advised)) {
        server.RemoveGroup(server_group_, FALSE);
        return advised;
      }
    }
  }
  if (request.keep_alive_ms > 0) SetKeepAlive(request.keep_alive_ms, answer.keep_alive_ms);
  return result;
}

HRESULT GroupLink::Remove(IOPCServer& server) {
  pending_.FailAll(E_ABORT);
  if (point_ && cookie_) point_->Unadvise(cookie_);
  cookie_ = 0;
  point_.Reset();
  items_com_.Reset();
  state_.Reset();
  sync_.Reset();
  ComPtr<IOPCAsyncIO2> async;
  {
    std::lock_guard lock(mutex_);
    std::swap(async, async_);
  }
  async.Reset();
  const HRESULT result = server.RemoveGroup(server_group_, FALSE);
  // A reference that the server still holds is no business of the requester.
  return result == static_cast<HRESULT>(OPC_S_INUSE) ? S_OK : result;
}

HRESULT GroupLink::SetKeepAlive(uint32_t wanted_ms, uint32_t& revised_ms) {
  const auto state = items_com_.As<IOPCGroupStateMgt2>();
  revised_ms = 0;
  if (!state) return S_FALSE;
  DWORD revised = 0;
  const HRESULT result = state->SetKeepAlive(wanted_ms, &revised);
  if (SUCCEEDED(result)) keep_alive_ms_ = revised_ms = revised;
  return result;
}

HRESULT GroupLink::SetState(const wire::SetGroupState& request, wire::RevisedGroup& answer) {
  if (!state_) return E_NOINTERFACE;
  const auto changes = [&](int bit) { return (request.change & bit) != 0; };
  DWORD rate = request.update_rate_ms;
  DWORD revised = 0;
  BOOL active = request.active;
  LONG bias = request.time_bias_minutes;
  FLOAT deadband = request.deadband_percent;
  DWORD locale = request.locale;
  HRESULT result = state_->SetState(changes(1) ? &rate : nullptr, &revised, changes(2) ? &active : nullptr,
                                    changes(4) ? &bias : nullptr, changes(8) ? &deadband : nullptr,
                                    changes(16) ? &locale : nullptr, nullptr);
  answer.update_rate_ms = revised;
  answer.keep_alive_ms = keep_alive_ms_;
  if (SUCCEEDED(result) && changes(32)) {
    const HRESULT kept = SetKeepAlive(request.keep_alive_ms, answer.keep_alive_ms);
    if (FAILED(kept)) result = kept;
  }
  return result;
}

void GroupLink::OnDataChange(DWORD transaction, HRESULT master_quality, HRESULT master_error, DWORD count,
                             const OPCHANDLE* items, const VARIANT* values, const WORD* qualities,
                             const FILETIME* times, const HRESULT* errors) {
  wire::DataChange change;
  change.server = server_;
  change.group = group_;
  change.transaction = transaction;
  change.master_quality = master_quality;
  change.master_error = master_error;
  change.items.assign(items, items + count);
  StatesBuilder builder(count);
  for (DWORD row = 0; row < count; ++row) builder.Add(errors[row], qualities[row], times[row], values[row]);
  change.states = builder.Finish();
  outbox_.DataChange(change);
}

void GroupLink::OnReadComplete(DWORD transaction, DWORD count, const OPCHANDLE* items, const VARIANT* values,
                               const WORD* qualities, const FILETIME* times, const HRESULT* errors) {
  pending_.Completed(transaction, count, items, values, qualities, times, errors);
}

void GroupLink::OnWriteComplete(DWORD transaction, DWORD count, const OPCHANDLE* items, const HRESULT* errors) {
  pending_.Completed(transaction, count, items, nullptr, nullptr, nullptr, errors);
}

void GroupLink::OnCancelComplete(DWORD transaction) { pending_.Cancelled(transaction); }

}  // namespace understudy::helper
