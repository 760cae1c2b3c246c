// Locks and handles on Windows' own primitives: the DLL lives in other people's processes and brings no thread runtime.
#pragma once

#include <windows.h>

#include <utility>

namespace understudy {

class Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

 private:
  friend class Lock;
  SRWLOCK lock_ = SRWLOCK_INIT;
};

// Never held while a call goes out to the broker or to the client.
class Lock {
 public:
  explicit Lock(Mutex& mutex) : mutex_(mutex) { AcquireSRWLockExclusive(&mutex_.lock_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() { ReleaseSRWLockExclusive(&mutex_.lock_); }

 private:
  Mutex& mutex_;
};

class Handle {
 public:
  Handle() = default;
  explicit Handle(HANDLE handle) : handle_(handle == INVALID_HANDLE_VALUE ? nullptr : handle) {}
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Handle() {
    if (handle_) CloseHandle(handle_);
  }
  HANDLE get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  HANDLE handle_ = nullptr;
};

inline Handle ManualEvent() { return Handle(CreateEventW(nullptr, TRUE, FALSE, nullptr)); }
inline Handle AutoEvent() { return Handle(CreateEventW(nullptr, FALSE, FALSE, nullptr)); }

}  // namespace understudy
