// IUnknown for classes that implement several interfaces.
#pragma once

#include <windows.h>

#include <unknwn.h>

#include <atomic>
#include <tuple>

namespace understudy {

// The interface that another one extends, where it must be found by its own IID too.
template <class I>
struct ExtendedBy {
  using Base = IUnknown;
};

// Counts what is alive, so that tests can see leaks and a server knows when nobody needs it.
class LiveObjects {
 public:
  static long Count() { return count_.load(); }

  LiveObjects(const LiveObjects&) = delete;
  LiveObjects& operator=(const LiveObjects&) = delete;

 protected:
  LiveObjects() { ++count_; }
  ~LiveObjects() { --count_; }

 private:
  static inline std::atomic<long> count_{0};
};

// Born with one reference; ComPtr::Adopt takes it.
template <class... Interfaces>
class ComObject : public Interfaces..., private LiveObjects {
 public:
  using First = std::tuple_element_t<0, std::tuple<Interfaces...>>;

  STDMETHODIMP QueryInterface(REFIID iid, void** out) override {
    if (!out) return E_POINTER;
    *out = nullptr;
    if (IsEqualIID(iid, __uuidof(IUnknown))) *out = static_cast<First*>(this);
    else (Offer<Interfaces>(iid, out) || ...);
    if (!*out) return E_NOINTERFACE;
    AddRef();
    return S_OK;
  }
  STDMETHODIMP_(ULONG) AddRef() override { return ++references_; }
  STDMETHODIMP_(ULONG) Release() override {
    const ULONG left = --references_;
    if (left == 0) {
      // A method that is called while the destructor runs must not destroy again.
      references_ = kEnding;
      delete this;
    }
    return left;
  }

  // For who knows the object without owning it: false where its end has begun.
  bool TryAddRef() {
    ULONG now = references_;
    while (now != 0 && now < kEnding) {
      if (references_.compare_exchange_weak(now, now + 1)) return true;
    }
    return false;
  }

 protected:
  virtual ~ComObject() = default;

 private:
  template <class I>
  bool Offer(REFIID iid, void** out) {
    if (IsEqualIID(iid, __uuidof(I))) {
      *out = static_cast<I*>(this);
      return true;
    }
    using Base = typename ExtendedBy<I>::Base;
    if constexpr (!std::is_same_v<Base, IUnknown>) {
      if (IsEqualIID(iid, __uuidof(Base))) {
        *out = static_cast<Base*>(static_cast<I*>(this));
        return true;
      }
    }
    return false;
  }

  static constexpr ULONG kEnding = 0x40000000;

  std::atomic<ULONG> references_{1};
};

}  // namespace understudy
