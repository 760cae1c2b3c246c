// Memory of CoTaskMemAlloc: what crosses an interface and is freed by the other side.
#pragma once

#include <windows.h>

#include <objbase.h>
#include <oleauto.h>

#include <cstring>
#include <string>
#include <utility>

namespace understudy {

// An array that is given away with Detach or freed. VARIANTs in it are cleared, strings of structures are not.
template <class T>
class TaskArray {
 public:
  TaskArray() = default;
  explicit TaskArray(size_t count) : data_(Allocate(count)), count_(data_ ? count : 0) {}
  TaskArray(TaskArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  TaskArray(const TaskArray&) = delete;
  TaskArray& operator=(const TaskArray&) = delete;
  ~TaskArray() { Free(); }

  // For [out] parameters: takes over what the callee allocated; `count` elements of it are ours to clear.
  T** Out(size_t count) {
    Free();
    count_ = count;
    return &data_;
  }

  T* Detach() {
    count_ = 0;
    return std::exchange(data_, nullptr);
  }
  T* get() const { return data_; }
  T& operator[](size_t index) const { return data_[index]; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  static T* Allocate(size_t count) {
    const size_t size = (count > 0 ? count : 1) * sizeof(T);
    void* memory = CoTaskMemAlloc(size);
    if (memory) std::memset(memory, 0, size);
    return static_cast<T*>(memory);
  }
  void Free() {
    if constexpr (std::is_same_v<T, VARIANT>) {
      for (size_t index = 0; data_ && index < count_; ++index) VariantClear(&data_[index]);
    } else if constexpr (std::is_same_v<T, LPWSTR>) {
      for (size_t index = 0; data_ && index < count_; ++index) CoTaskMemFree(data_[index]);
    }
    CoTaskMemFree(data_);
    data_ = nullptr;
    count_ = 0;
  }

  T* data_ = nullptr;
  size_t count_ = 0;
};

// Null where memory is short.
inline LPWSTR TaskString(const std::wstring& text) {
  const size_t size = (text.size() + 1) * sizeof(wchar_t);
  auto* copy = static_cast<LPWSTR>(CoTaskMemAlloc(size));
  if (copy) std::memcpy(copy, text.c_str(), size);
  return copy;
}

// A string that came out of an interface.
class OwnedString {
 public:
  OwnedString() = default;
  OwnedString(const OwnedString&) = delete;
  OwnedString& operator=(const OwnedString&) = delete;
  ~OwnedString() { CoTaskMemFree(text_); }
  LPWSTR* Out() { return &text_; }
  LPWSTR get() const { return text_; }

 private:
  LPWSTR text_ = nullptr;
};

// A VARIANT that clears itself.
class Variant {
 public:
  Variant() { VariantInit(&value_); }
  ~Variant() { VariantClear(&value_); }
  Variant(Variant&& other) noexcept : value_(other.value_) { VariantInit(&other.value_); }
  Variant(const Variant& other) {
    VariantInit(&value_);
    VariantCopy(&value_, const_cast<VARIANT*>(&other.value_));
  }
  Variant& operator=(Variant other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  VARIANT* Out() {
    VariantClear(&value_);
    return &value_;
  }
  VARIANT& get() { return value_; }
  const VARIANT& get() const { return value_; }
  VARIANT Detach() {
    const VARIANT value = value_;
    VariantInit(&value_);
    return value;
  }

 private:
  VARIANT value_;
};

// The NULL pointer reads as an empty string.
inline std::wstring WideOf(LPCWSTR text) { return text ? std::wstring(text) : std::wstring(); }

}  // namespace understudy
