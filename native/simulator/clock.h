// Time as the simulators share it: every value is a pure function of the wall clock, so two servers that have never met
// give the same value and timestamp for the same tick (as tools/simulator/clock.ts does for OPC UA).
#pragma once

#include <windows.h>

#include <cmath>
#include <cstdint>

namespace understudy::simulator {

// 2026-01-01 in ms of the Unix epoch: the origin of the ticks.
inline constexpr int64_t kEpochMs = 1767225600000;
inline constexpr int64_t kFiletimeOfUnixEpoch = 116444736000000000;

inline int64_t NowMs() {
  FILETIME now;
  GetSystemTimeAsFileTime(&now);
  const int64_t ticks = (int64_t{now.dwHighDateTime} << 32) | now.dwLowDateTime;
  return (ticks - kFiletimeOfUnixEpoch) / 10000;
}

inline FILETIME FiletimeOf(int64_t unix_ms) {
  const uint64_t ticks = static_cast<uint64_t>(unix_ms * 10000 + kFiletimeOfUnixEpoch);
  return {static_cast<DWORD>(ticks), static_cast<DWORD>(ticks >> 32)};
}

inline int64_t UnixMsOf(const FILETIME& time) {
  const int64_t ticks = (int64_t{time.dwHighDateTime} << 32) | time.dwLowDateTime;
  return (ticks - kFiletimeOfUnixEpoch) / 10000;
}

inline int64_t TickAt(int64_t now_ms, int64_t period_ms) {
  const int64_t since = now_ms - kEpochMs;
  return since >= 0 ? since / period_ms : -((-since + period_ms - 1) / period_ms);
}

inline int64_t TickTimeMs(int64_t tick, int64_t period_ms) { return kEpochMs + tick * period_ms; }

// Days since 1899-12-30, the DATE of OLE Automation.
inline double DateOf(int64_t unix_ms) { return 25569.0 + static_cast<double>(unix_ms) / 86400000.0; }

}  // namespace understudy::simulator
