// One item of the address space.
#pragma once

#include <opcda.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

#include "../common/com/task_memory.h"
#include "clock.h"
#include "faults.h"

namespace understudy::simulator {

// What an item has at one moment. Equal versions and qualities mean that nothing changed.
struct Sample {
  uint64_t version = 0;
  WORD quality = OPC_QUALITY_GOOD;
  FILETIME time = {};
  Variant value;
};

class Item {
 public:
  enum class Source { kRamp, kSine, kDateTime, kWatchdog, kStored };

  Item(std::wstring id, std::wstring name, Source source, VARTYPE type, int index, const Faults& faults,
       int64_t period_ms);

  const std::wstring& id() const { return id_; }
  const std::wstring& name() const { return name_; }
  VARTYPE type() const { return type_; }
  DWORD access_rights() const { return source_ == Source::kStored ? OPC_READABLE | OPC_WRITEABLE : OPC_READABLE; }
  bool is_analog() const { return source_ == Source::kSine; }
  double low_eu() const { return -1; }
  double high_eu() const { return 1; }

  uint64_t Version(int64_t now_ms) const;
  WORD Quality() const;
  Sample SampleAt(int64_t now_ms) const;

  // Sets a stored item, converting to its type. `quality` and `time` may be null.
  HRESULT Write(const VARIANT& value, const WORD* quality, const FILETIME* time);
  // Called with the converted value after each write by a client.
  std::function<void(const VARIANT&)> on_write;

  // -1 = good.
  void SetFault(int quality) { fault_quality_ = quality; }
  // Items that are switches stay good whatever happens.
  bool faultable = true;

 private:
  const std::wstring id_;
  const std::wstring name_;
  const Source source_;
  const VARTYPE type_;
  const int index_;
  const Faults& faults_;
  const int64_t period_ms_;
  std::atomic<int> fault_quality_{-1};

  mutable std::mutex mutex_;  // guards what is stored
  Variant stored_;
  WORD stored_quality_ = OPC_QUALITY_GOOD;
  FILETIME stored_time_;
  std::atomic<uint64_t> stored_version_{1};
};

// Converts to the type a client asked for; VT_EMPTY = as it is. DISP_E_* become the codes of OPC DA.
HRESULT ConvertTo(VARTYPE wanted, VARIANT& value);

}  // namespace understudy::simulator
