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

  // Calls every sink from the delivery thread. A sink that is gone is dropped; false where its process is gone.
  template <class Call>
  bool Each(Call call) {
    bool all_there = true;
    for (const auto& entry : All()) {
      const ComPtr<Sink> sink = entry->pointer.Get();
      const HRESULT result = sink ? call(*sink.get(), *entry) : CO_E_OBJNOTCONNECTED;
      if (!IsClientGone(result)) continue;
      Remove(entry->cookie);
      if (IsProcessGone(result)) all_there = false;
    }
    return all_there;
  }

 private:
  Mutex mutex_;
  Entries entries_;
  DWORD last_cookie_ = 0;
};

// The connection points of an object, for IConnectionPointContainer.
class ConnectionPoints : public ComObject<IEnumConnectionPoints> {
 public:
  explicit ConnectionPoints(std::vector<ComPtr<IConnectionPoint>> points, size_t at = 0) : points_(std::move(points)), at_(at) {}

  STDMETHODIMP Next(ULONG wanted, IConnectionPoint** out, ULONG* fetched) override {
    if (fetched) *fetched = 0;
    if (!out || (!fetched && wanted != 1)) return E_POINTER;
    ULONG given = 0;
    for (; given < wanted && at_ < points_.size(); ++given) out[given] = ComPtr<IConnectionPoint>(points_[at_++]).Detach();
    if (fetched) *fetched = given;
    return given == wanted ? S_OK : S_FALSE;
  }
  STDMETHODIMP Skip(ULONG count) override {
    const size_t left = points_.size() - at_;
    at_ += count < left ? count : left;
    return count <= left ? S_OK : S_FALSE;
  }
  STDMETHODIMP Reset() override {
    at_ = 0;
    return S_OK;
  }
  STDMETHODIMP Clone(IEnumConnectionPoints** out) override {
    if (!out) return E_POINTER;
    *out = nullptr;
    return Safely([&]() -> HRESULT {
      *out = new ConnectionPoints(points_, at_);
      return S_OK;
    });
  }

 private:
  const std::vector<ComPtr<IConnectionPoint>> points_;
  size_t at_;
};

// All connection points of a container, of which each has one.
inline HRESULT EnumerateOne(IConnectionPointContainer& container, REFIID iid, IEnumConnectionPoints** out) {
  if (!out) return E_POINTER;
  *out = nullptr;
  return Safely([&]() -> HRESULT {
    ComPtr<IConnectionPoint> point;
    const HRESULT found = container.FindConnectionPoint(iid, point.Out());
    if (FAILED(found)) return found;
    *out = new ConnectionPoints({point});
    return S_OK;
  });
}

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
