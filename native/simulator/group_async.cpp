#include <algorithm>

#include "group.h"

namespace understudy::simulator {

// Carried out by the group's thread, after the delay of slow calls.
DWORD Group::Enqueue(DWORD transaction, std::function<void(DWORD)> run) {
  DWORD cancel_id;
  {
    std::lock_guard lock(mutex_);
    cancel_id = ++last_cancel_id_;
    tasks_.push_back({cancel_id, transaction, NowMs() + world_->faults.slow_ms(), std::move(run)});
  }
  wake_.notify_all();
  return cancel_id;
}

HRESULT Group::QueueRead(DWORD count, OPCHANDLE* handles, HRESULT** errors,
                         const std::function<void(std::vector<GroupItem>)>& enqueue) {
  std::vector<GroupItem> items;
  const HRESULT result = ForEachItem(count, handles, errors, [&](GroupItem& item, DWORD) {
    items.push_back(item);
    return S_OK;
  }, Pace::kAtOnce);
  if (SUCCEEDED(result) && !items.empty()) enqueue(std::move(items));
  return result;
}

Rows Group::ReadItems(const std::vector<GroupItem>& items, bool from_cache) const {
  Rows rows;
  std::lock_guard lock(mutex_);
  for (const GroupItem& item : items) {
    Sample sample;
    const HRESULT error = SampleOf(item, from_cache, sample);
    if (FAILED(error)) sample.quality = OPC_QUALITY_BAD;
    rows.Add(item.client_handle, std::move(sample), error);
  }
  return rows;
}

HRESULT Group::AsyncRead(DWORD count, OPCHANDLE* handles, DWORD transaction, DWORD* cancel_id, HRESULT** errors) {
  if (errors) *errors = nullptr;
  if (!cancel_id) return E_INVALIDARG;
  *cancel_id = 0;
  if (!HasCallback()) return CONNECT_E_NOCONNECTION;
  return QueueRead(count, handles, errors, [&](std::vector<GroupItem> items) {
    *cancel_id = Enqueue(transaction, [this, transaction, items = std::move(items)](DWORD) {
      Rows rows = ReadItems(items, false);
      const OPCHANDLE group = client_handle();
      CallSinks([&](IOPCDataCallback& sink) {
        return sink.OnReadComplete(transaction, group, rows.HasBadQuality() ? S_FALSE : S_OK,
                                   rows.HasErrors() ? S_FALSE : S_OK, static_cast<DWORD>(rows.handles.size()),
                                   rows.handles.data(), rows.values.data(), rows.qualities.data(), rows.times.data(),
                                   rows.errors.data());
      });
    });
  });
}

STDMETHODIMP Group::Read(DWORD count, OPCHANDLE* handles, DWORD transaction, DWORD* cancel_id, HRESULT** errors) {
  return AsyncRead(count, handles, transaction, cancel_id, errors);
}

STDMETHODIMP Group::ReadMaxAge(DWORD count, OPCHANDLE* handles, DWORD* max_ages, DWORD transaction, DWORD* cancel_id,
                               HRESULT** errors) {
  if (!max_ages) return E_INVALIDARG;
  return AsyncRead(count, handles, transaction, cancel_id, errors);
}

HRESULT Group::QueueWrite(DWORD count, OPCHANDLE* handles, const VARIANT* values, const OPCITEMVQT* vqts,
                          HRESULT** errors,
                          const std::function<void(std::shared_ptr<std::vector<PendingWrite>>)>& enqueue) {
  if (errors) *errors = nullptr;
  if (!values && !vqts) return E_INVALIDARG;
  const auto writes = std::make_shared<std::vector<PendingWrite>>();
  const HRESULT result = ForEachItem(count, handles, errors, [&](GroupItem& item, DWORD index) -> HRESULT {
    if (!(item.item->access_rights() & OPC_WRITEABLE)) return OPC_E_BADRIGHTS;
    PendingWrite write{item.client_handle, item.item, {}, {}, {}};
    const VARIANT& value = values ? values[index] : vqts[index].vDataValue;
    if (FAILED(VariantCopy(write.value.Out(), const_cast<VARIANT*>(&value)))) return OPC_E_BADTYPE;
    if (vqts && vqts[index].bQualitySpecified) write.quality = vqts[index].wQuality;
    if (vqts && vqts[index].bTimeStampSpecified) write.time = vqts[index].ftTimeStamp;
    writes->push_back(std::move(write));
    return S_OK;
  }, Pace::kAtOnce);
  if (SUCCEEDED(result) && !writes->empty()) enqueue(writes);
  return result;
}

HRESULT Group::AsyncWrite(DWORD count, OPCHANDLE* handles, const VARIANT* values, const OPCITEMVQT* vqts,
                          DWORD transaction, DWORD* cancel_id, HRESULT** errors) {
  if (errors) *errors = nullptr;
  if (!cancel_id) return E_INVALIDARG;
  *cancel_id = 0;
  if (!HasCallback()) return CONNECT_E_NOCONNECTION;
  return QueueWrite(count, handles, values, vqts, errors, [&](std::shared_ptr<std::vector<PendingWrite>> writes) {
    *cancel_id = Enqueue(transaction, [this, transaction, writes](DWORD) {
      std::vector<OPCHANDLE> client_handles;
      std::vector<HRESULT> outcome;
      for (PendingWrite& write : *writes) {
        client_handles.push_back(write.client_handle);
        outcome.push_back(write.item->Write(write.value.get(), write.quality ? &*write.quality : nullptr,
                                            write.time ? &*write.time : nullptr));
      }
      const bool failed = std::any_of(outcome.begin(), outcome.end(), [](HRESULT each) { return each != S_OK; });
      const OPCHANDLE group = client_handle();
      CallSinks([&](IOPCDataCallback& sink) {
        return sink.OnWriteComplete(transaction, group, failed ? S_FALSE : S_OK, static_cast<DWORD>(outcome.size()),
                                    client_handles.data(), outcome.data());
      });
    });
  });
}

STDMETHODIMP Group::Write(DWORD count, OPCHANDLE* handles, VARIANT* values, DWORD transaction, DWORD* cancel_id,
                          HRESULT** errors) {
  return AsyncWrite(count, handles, values, nullptr, transaction, cancel_id, errors);
}

STDMETHODIMP Group::WriteVQT(DWORD count, OPCHANDLE* handles, OPCITEMVQT* vqts, DWORD transaction, DWORD* cancel_id,
                             HRESULT** errors) {
  return AsyncWrite(count, handles, nullptr, vqts, transaction, cancel_id, errors);
}

Rows Group::ReadAll(bool from_cache, bool active_only) {
  std::vector<GroupItem> items;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [handle, item] : items_) {
      if (item.active || !active_only) items.push_back(item);
    }
  }
  return ReadItems(items, from_cache);
}

STDMETHODIMP Group::Refresh2(OPCDATASOURCE source, DWORD transaction, DWORD* cancel_id) {
  world_->faults.WaitWhileHanging();
  if (!cancel_id || (source != OPC_DS_CACHE && source != OPC_DS_DEVICE)) return E_INVALIDARG;
  *cancel_id = 0;
  if (!HasCallback()) return CONNECT_E_NOCONNECTION;
  {
    std::lock_guard lock(mutex_);
    const bool any = std::any_of(items_.begin(), items_.end(), [](const auto& each) { return each.second.active; });
    if (!settings_.active || !any) return E_FAIL;
  }
  *cancel_id = Enqueue(transaction, [this, transaction, source](DWORD) {
    SendChanges(transaction, ReadAll(source == OPC_DS_CACHE, true));
  });
  return S_OK;
}

STDMETHODIMP Group::RefreshMaxAge(DWORD max_age_ms, DWORD transaction, DWORD* cancel_id) {
  DWORD rate_ms;
  {
    std::lock_guard lock(mutex_);
    rate_ms = settings_.rate_ms;
  }
  return Refresh2(max_age_ms >= rate_ms ? OPC_DS_CACHE : OPC_DS_DEVICE, transaction, cancel_id);
}

STDMETHODIMP Group::Cancel2(DWORD cancel_id) {
  world_->faults.WaitWhileHanging();
  DWORD transaction;
  OPCHANDLE group;
  {
    std::lock_guard lock(mutex_);
    const auto found =
        std::find_if(tasks_.begin(), tasks_.end(), [&](const Task& task) { return task.cancel_id == cancel_id; });
    if (found == tasks_.end()) return E_FAIL;
    transaction = found->transaction;
    group = settings_.client_handle;
    tasks_.erase(found);
    // Told by the group's thread, as every callback.
    tasks_.push_back({0, transaction, NowMs(), [this, transaction, group](DWORD) {
                        CallSinks([&](IOPCDataCallback& sink) { return sink.OnCancelComplete(transaction, group); });
                      }});
  }
  wake_.notify_all();
  return S_OK;
}

STDMETHODIMP Group::SetEnable(BOOL enable) {
  world_->faults.Pass();
  if (!HasCallback()) return CONNECT_E_NOCONNECTION;
  std::lock_guard lock(mutex_);
  enabled_ = enable != FALSE;
  return S_OK;
}

STDMETHODIMP Group::GetEnable(BOOL* enable) {
  world_->faults.Pass();
  if (!enable) return E_INVALIDARG;
  if (!HasCallback()) return CONNECT_E_NOCONNECTION;
  std::lock_guard lock(mutex_);
  *enable = enabled_;
  return S_OK;
}

}  // namespace understudy::simulator
