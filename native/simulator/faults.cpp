#include "faults.h"

#include <algorithm>
#include <chrono>

namespace understudy::simulator {

void Faults::Pass() {
  WaitWhileHanging();
  if (const DWORD delay_ms = slow_ms_) Sleep(delay_ms);
}

void Faults::WaitWhileHanging() {
  std::unique_lock lock(mutex_);
  while (hanging_) {
    if (hang_until_ == 0) {
      released_.wait(lock);
      continue;
    }
    const ULONGLONG now = GetTickCount64();
    if (now >= hang_until_) hanging_ = false;
    else released_.wait_for(lock, std::chrono::milliseconds(hang_until_ - now));
  }
}

void Faults::Hang(DWORD for_ms) {
  std::lock_guard lock(mutex_);
  hanging_ = true;
  hang_until_ = for_ms == 0xFFFFFFFF ? 0 : GetTickCount64() + for_ms;
  released_.notify_all();
}

void Faults::Release() {
  std::lock_guard lock(mutex_);
  hanging_ = false;
  released_.notify_all();
}

void Faults::FreezeWatchdog(bool frozen, int64_t now_ms) {
  if (!frozen) frozen_at_ms_ = 0;
  else if (frozen_at_ms_ == 0) frozen_at_ms_ = now_ms;
}

int64_t Faults::WatchdogTime(int64_t now_ms) const {
  const int64_t frozen_at_ms = frozen_at_ms_;
  return frozen_at_ms == 0 ? now_ms : std::min(now_ms, frozen_at_ms);
}

void Faults::Reset(int64_t now_ms) {
  slow_ms_ = 0;
  all_quality_ = -1;
  state_ = 1;
  refuse_clients_ = false;
  FreezeWatchdog(false, now_ms);
  Release();
}

}  // namespace understudy::simulator
