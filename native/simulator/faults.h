// What is wrong with the simulator at the moment; the server and its items look here and obey.
#pragma once

#include <windows.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

#include "../idl/opcerror.h"

namespace understudy::simulator {

class Faults {
 public:
  // Every COM method goes through here first: it waits while the server hangs, and as long as calls are slow.
  void Pass();
  // Waits while the server hangs; the threads that call clients do so too.
  void WaitWhileHanging();

  // Stops answering for `for_ms`, or until Release where it is 0xFFFFFFFF.
  void Hang(DWORD for_ms);
  void Release();
  void Slow(DWORD delay_ms) { slow_ms_ = delay_ms; }
  DWORD slow_ms() const { return slow_ms_; }
  void FreezeWatchdog(bool frozen, int64_t now_ms);
  // The time the watchdog believes it is.
  int64_t WatchdogTime(int64_t now_ms) const;
  // -1 = good; else the quality of every item.
  void SetAllQuality(int quality) { all_quality_ = quality; }
  int all_quality() const { return all_quality_; }
  void SetState(DWORD state) { state_ = state; }
  DWORD state() const { return state_; }
  void RefuseClients(bool refuse) { refuse_clients_ = refuse; }
  bool refuses_clients() const { return refuse_clients_; }
  void Reset(int64_t now_ms);

 private:
  std::mutex mutex_;
  std::condition_variable released_;
  bool hanging_ = false;
  ULONGLONG hang_until_ = 0;  // of GetTickCount64; 0 = without end
  std::atomic<DWORD> slow_ms_{0};
  std::atomic<int64_t> frozen_at_ms_{0};  // 0 = not frozen
  std::atomic<int> all_quality_{-1};
  std::atomic<DWORD> state_{1};
  std::atomic<bool> refuse_clients_{false};
};

}  // namespace understudy::simulator
