// What a subscriber received: values lost or duplicated, counted by the ticks that Ramp items carry, and silences.
#pragma once

#include <windows.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "../common/text/json.h"

namespace understudy::testclient {

class Tally {
 public:
  // `stride` ticks lie between two values that an item should deliver.
  Tally(size_t items, int64_t stride) : last_tick_(items, kNone), stride_(stride) {}

  // One callback begins now.
  void Callback(size_t rows) {
    std::lock_guard lock(mutex_);
    const ULONGLONG now = GetTickCount64();
    if (last_callback_ != 0) longest_silence_ms_ = std::max(longest_silence_ms_, now - last_callback_);
    last_callback_ = now;
    ++callbacks_;
    if (rows == 0) ++keep_alives_;
  }

  // The value of Ramp `item` (from 0).
  void Value(size_t item, const VARIANT& value, WORD quality, HRESULT error) {
    std::lock_guard lock(mutex_);
    ++values_;
    if (FAILED(error)) ++errors_;
    if ((quality & 0xC0) != 0xC0) {
      ++not_good_;
      last_quality_ = quality;
      return;
    }
    last_quality_ = quality;
    if (item >= last_tick_.size() || V_VT(&value) != VT_R8) return;
    const auto tick = static_cast<int64_t>(V_R8(&value)) - static_cast<int64_t>(item);
    int64_t& last = last_tick_[item];
    if (last != kNone) {
      const int64_t steps = tick - last;
      if (steps <= 0) ++duplicated_;
      else lost_ += static_cast<uint64_t>((steps - 1) / stride_);
    }
    last = std::max(last, tick);
  }

  void Reset() {
    std::lock_guard lock(mutex_);
    callbacks_ = keep_alives_ = values_ = errors_ = not_good_ = lost_ = duplicated_ = 0;
    longest_silence_ms_ = 0;
    last_callback_ = GetTickCount64();
  }

  void Report(json::Writer& out) const {
    std::lock_guard lock(mutex_);
    const ULONGLONG silence = last_callback_ == 0 ? 0 : GetTickCount64() - last_callback_;
    out.Number("callbacks", static_cast<double>(callbacks_))
        .Number("keepAlives", static_cast<double>(keep_alives_))
        .Number("values", static_cast<double>(values_))
        .Number("lost", static_cast<double>(lost_))
        .Number("duplicated", static_cast<double>(duplicated_))
        .Number("errors", static_cast<double>(errors_))
        .Number("notGood", static_cast<double>(not_good_))
        .Number("lastQuality", last_quality_)
        .Number("longestSilenceMs", static_cast<double>(std::max(longest_silence_ms_, silence)))
        .Number("silenceMs", static_cast<double>(silence));
  }

 private:
  static constexpr int64_t kNone = INT64_MIN;

  mutable std::mutex mutex_;
  std::vector<int64_t> last_tick_;
  const int64_t stride_;
  uint64_t callbacks_ = 0;
  uint64_t keep_alives_ = 0;
  uint64_t values_ = 0;
  uint64_t errors_ = 0;
  uint64_t not_good_ = 0;
  uint64_t lost_ = 0;
  uint64_t duplicated_ = 0;
  WORD last_quality_ = 0;
  ULONGLONG last_callback_ = 0;
  ULONGLONG longest_silence_ms_ = 0;
};

}  // namespace understudy::testclient
