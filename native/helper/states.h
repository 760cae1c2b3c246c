// Rows of item data between COM and the wire.
#pragma once

#include <opcda.h>

#include "../idl/opcerror.h"

#include "../common/com/task_memory.h"
#include "../common/com/variant_codec.h"
#include "../common/wire/responses.h"

namespace understudy::helper {

inline uint64_t TicksOf(const FILETIME& time) {
  return (uint64_t{time.dwHighDateTime} << 32) | time.dwLowDateTime;
}
inline FILETIME FiletimeOf(uint64_t ticks) { return {static_cast<DWORD>(ticks), static_cast<DWORD>(ticks >> 32)}; }

// Collects rows in order. A row with an error has no data; a value that does not travel becomes an error.
class StatesBuilder {
 public:
  explicit StatesBuilder(size_t count) {
    states_.errors.reserve(count);
    states_.qualities.reserve(count);
    states_.timestamps.reserve(count);
  }
  void Add(HRESULT error, WORD quality, const FILETIME& time, const VARIANT& value) {
    if (FAILED(error)) return AddError(error);
    const HRESULT put = PutVariant(values_, value);
    states_.errors.push_back(FAILED(put) ? put : error);
    states_.qualities.push_back(FAILED(put) ? WORD{0} : quality);
    states_.timestamps.push_back(FAILED(put) ? 0 : TicksOf(time));
  }
  void AddError(HRESULT error) {
    values_.Begin(VT_EMPTY);
    states_.errors.push_back(error);
    states_.qualities.push_back(0);
    states_.timestamps.push_back(0);
  }
  wire::States Finish() {
    states_.values = values_.Finish();
    return std::move(states_);
  }

 private:
  wire::States states_;
  wire::ValuesWriter values_;
};

// The values of a request as VARIANTs, cleared at the end.
class VariantList {
 public:
  HRESULT Take(const wire::Values& values) {
    variants_.resize(values.count);
    wire::ValueCursor cursor(values);
    for (Variant& variant : variants_) {
      const HRESULT result = TakeVariant(cursor, variant.Out());
      if (FAILED(result)) return result;
    }
    return S_OK;
  }
  size_t size() const { return variants_.size(); }
  Variant& operator[](size_t index) { return variants_[index]; }

 private:
  std::vector<Variant> variants_;
};

}  // namespace understudy::helper
