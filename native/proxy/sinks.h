// The sinks that a client has advised of one callback interface, and the connection point that fills the list.
#pragma once

#include <ocidl.h>
#include <olectl.h>

#include <functional>
#include <memory>
#include <vector>

#include "../common/com/com_object.h"
#include "agile_pointer.h"
#include "guard.h"
#include "sync.h"

namespace understudy {

inline constexpr size_t kMostSinks = 64;

template <class Sink>
class Sinks {
 public:
  struct Entry {
    DWORD cookie = 0;
    // What the adviser asked for beside the interface (DA 1.0: a clipboard format).
    DWORD kind = 0;
    AgilePointer<Sink> pointer;
  };
  using Entries = std::vector<std::shared_ptr<Entry>>;

  HRESULT Add(IUnknown* sink, DWORD kind, DWORD* cookie) {
    ComPtr<Sink> typed;
    if (FAILED(sink->QueryInterface(__uuidof(Sink), typed.OutVoid())) || !typed) return CONNECT_E_CANNOTCONNECT;
    auto entry = std::make_shared<Entry>();
    entry->kind = kind;
    if (FAILED(entry->pointer.Hold(typed))) return CONNECT_E_CANNOTCONNECT;
    const Lock lock(mutex_);
    if (entries_.size() >= kMostSinks) return CONNECT_E_ADVISELIMIT;
    *cookie = entry->cookie = ++last_cookie_;
    entries_.push_back(std::move(entry));
    return S_OK;
  }
  bool Remove(DWORD cookie) {
    std::shared_ptr<Entry> removed;  // let go outside the lock
    {
      const Lock lock(mutex_);
      for (auto each = entries_.begin(); each != entries_.end() && !removed; ++each) {
        if ((*each)->cookie != cookie) continue;
        removed = *each;
        entries_.erase(each);
        break;
      }
    }
    return removed != nullptr;
  }
  void Clear() {
    Entries removed;
    {
      const Lock lock(mutex_);
      removed.swap(entries_);
    }
  }
  Entries All() {
    const Lock lock(mutex_);
    return entries_;
  }
  bool IsEmpty() {
    const Lock lock(mutex_);
    return entries_.empty();
  }
  bool Has(DWORD cookie) {
    const Lock lock(mutex_);
    for (const auto& each : entries_) {
      if (each->cookie == cookie) return true;
    }
    return false;
  }

  // Calls every sink from the delivery thread. A sink whose client is gone is dropped; false if that happened.
  template <class Call>
  bool Each(Call call) {
    bool all_there = true;
    for (const auto& entry : All()) {
      const ComPtr<Sink> sink = entry->pointer.Get();
      const HRESULT result = sink ? call(*sink.get(), *entry) : CO_E_OBJNOTCONNECTED;
      if (!IsClientGone(result)) continue;
      Remove(entry->cookie);
      all_there = false;
    }
    return all_there;
  }

 private:
  Mutex mutex_;
  Entries entries_;
  DWORD last_cookie_ = 0;
};

// The enumeration of a connection point's connections is optional and of no use across apartments.
template <class Sink>
class SinkConnectionPoint : public ComObject<IConnectionPoint> {
 public:
  // `on_advised` runs after a sink was added.
  SinkConnectionPoint(IConnectionPointContainer* container, std::shared_ptr<Sinks<Sink>> sinks,
                      std::function<void()> on_advised)
      : container_(container), sinks_(std::move(sinks)), on_advised_(std::move(on_advised)) {}

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
    if (cookie) *cookie = 0;
    if (!sink || !cookie) return E_POINTER;
    return Safely([&] {
      const HRESULT result = sinks_->Add(sink, 0, cookie);
      if (SUCCEEDED(result) && on_advised_) on_advised_();
      return result;
    });
  }
  STDMETHODIMP Unadvise(DWORD cookie) override {
    return Safely([&] { return sinks_->Remove(cookie) ? S_OK : CONNECT_E_NOCONNECTION; });
  }
  STDMETHODIMP EnumConnections(IEnumConnections** out) override {
    if (!out) return E_POINTER;
    *out = nullptr;
    return E_NOTIMPL;
  }

 private:
  const ComPtr<IConnectionPointContainer> container_;
  const std::shared_ptr<Sinks<Sink>> sinks_;
  const std::function<void()> on_advised_;
};

}  // namespace understudy
