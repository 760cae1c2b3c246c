// IConnectionPointContainer with one connection point per callback interface. For objects of a multi-threaded apartment:
// sinks are called on any of its threads.
#pragma once

#include <windows.h>

#include <ocidl.h>
#include <olectl.h>

#include <memory>
#include <mutex>
#include <vector>

#include "com_object.h"
#include "com_ptr.h"

namespace understudy {

// The sinks that are advised of one callback interface.
template <class Sink>
class SinkList {
 public:
  struct Entry {
    DWORD cookie;
    ComPtr<Sink> sink;
  };

  DWORD Add(ComPtr<Sink> sink) {
    std::lock_guard lock(mutex_);
    entries_.push_back({++last_cookie_, std::move(sink)});
    return last_cookie_;
  }
  bool Remove(DWORD cookie) {
    ComPtr<Sink> removed;  // released outside the lock
    std::lock_guard lock(mutex_);
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->cookie != cookie) continue;
      removed = std::move(entry->sink);
      entries_.erase(entry);
      return true;
    }
    return false;
  }
  std::vector<Entry> Snapshot() const {
    std::lock_guard lock(mutex_);
    return entries_;
  }
  bool empty() const {
    std::lock_guard lock(mutex_);
    return entries_.empty();
  }
  void Clear() {
    std::vector<Entry> removed;
    std::lock_guard lock(mutex_);
    removed.swap(entries_);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  DWORD last_cookie_ = 0;
};

// Whether a call to a client failed because the client is gone.
inline bool IsClientGone(HRESULT result) {
  switch (HRESULT_CODE(result)) {
    case RPC_S_SERVER_UNAVAILABLE:
    case RPC_S_CALL_FAILED:
    case RPC_S_CALL_FAILED_DNE:
      return FAILED(result) && HRESULT_FACILITY(result) == FACILITY_WIN32;
  }
  return result == RPC_E_DISCONNECTED || result == RPC_E_SERVER_DIED || result == RPC_E_SERVER_DIED_DNE ||
         result == CO_E_OBJNOTCONNECTED;
}

template <class Sink>
class ConnectionPoint : public ComObject<IConnectionPoint> {
 public:
  ConnectionPoint(IConnectionPointContainer* container, std::shared_ptr<SinkList<Sink>> sinks)
      : container_(container), sinks_(std::move(sinks)) {}

  STDMETHODIMP GetConnectionInterface(IID* iid) override {
    if (!iid) return E_POINTER;
    *iid = __uuidof(Sink);
    return S_OK;
  }
  STDMETHODIMP GetConnectionPointContainer(IConnectionPointContainer** container) override {
    if (!container) return E_POINTER;
    *container = ComPtr<IConnectionPointContainer>(container_).Detach();
    return S_OK;
  }
  STDMETHODIMP Advise(IUnknown* sink, DWORD* cookie) override {
    if (!sink || !cookie) return E_POINTER;
    *cookie = 0;
    ComPtr<Sink> typed;
    if (FAILED(sink->QueryInterface(__uuidof(Sink), typed.OutVoid()))) return CONNECT_E_CANNOTCONNECT;
    *cookie = sinks_->Add(std::move(typed));
    return S_OK;
  }
  STDMETHODIMP Unadvise(DWORD cookie) override { return sinks_->Remove(cookie) ? S_OK : CONNECT_E_NOCONNECTION; }
  STDMETHODIMP EnumConnections(IEnumConnections** out) override {
    if (!out) return E_POINTER;
    *out = nullptr;
    return E_NOTIMPL;
  }

 private:
  // Keeps the container alive, as the specification of connection points has it.
  const ComPtr<IConnectionPointContainer> container_;
  const std::shared_ptr<SinkList<Sink>> sinks_;
};

}  // namespace understudy
