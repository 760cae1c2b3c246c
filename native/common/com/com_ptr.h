// A COM pointer that releases itself.
#pragma once

#include <windows.h>

#include <unknwn.h>

#include <utility>

namespace understudy {

template <class T>
class ComPtr {
 public:
  ComPtr() = default;
  ComPtr(std::nullptr_t) {}
  // Shares: takes a reference of its own.
  explicit ComPtr(T* pointer) : pointer_(pointer) {
    if (pointer_) pointer_->AddRef();
  }
  ComPtr(const ComPtr& other) : ComPtr(other.pointer_) {}
  ComPtr(ComPtr&& other) noexcept : pointer_(std::exchange(other.pointer_, nullptr)) {}
  ~ComPtr() { Reset(); }

  ComPtr& operator=(ComPtr other) noexcept {
    std::swap(pointer_, other.pointer_);
    return *this;
  }

  // Adopts the reference that a new object is born with, or that an [out] parameter handed over.
  static ComPtr Adopt(T* pointer) {
    ComPtr owner;
    owner.pointer_ = pointer;
    return owner;
  }

  // For [out] parameters; what was held is released first.
  T** Out() {
    Reset();
    return &pointer_;
  }
  void** OutVoid() { return reinterpret_cast<void**>(Out()); }
  IUnknown** OutUnknown() { return reinterpret_cast<IUnknown**>(Out()); }

  template <class U>
  ComPtr<U> As() const {
    ComPtr<U> other;
    if (pointer_) pointer_->QueryInterface(__uuidof(U), other.OutVoid());
    return other;
  }

  void Reset() {
    if (T* old = std::exchange(pointer_, nullptr)) old->Release();
  }
  T* Detach() { return std::exchange(pointer_, nullptr); }
  T* get() const { return pointer_; }
  T* operator->() const { return pointer_; }
  explicit operator bool() const { return pointer_ != nullptr; }

 private:
  T* pointer_ = nullptr;
};

}  // namespace understudy
