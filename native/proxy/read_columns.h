// The four [out] arrays of reads with values, qualities, times and errors.
#pragma once

#include "../common/com/task_memory.h"
#include "../common/com/variant_codec.h"
#include "../common/wire/responses.h"
#include "group.h"

namespace understudy {

class ReadColumns {
 public:
  explicit ReadColumns(DWORD count) : values_(count), qualities_(count), times_(count), errors_(count), count_(count) {}

  bool IsAllocated() const { return values_ && qualities_ && times_ && errors_; }
  void Fail(DWORD row, HRESULT error) { errors_[row] = error; }
  void Put(DWORD row, Variant value, WORD quality, uint64_t time) {
    values_[row] = value.Detach();
    qualities_[row] = quality;
    times_[row] = FileTime(time);
  }
  // Rows of an answer go to the rows named. False where the answer does not fit the question.
  bool Put(const std::vector<DWORD>& rows, const wire::States& states) {
    if (states.errors.size() != rows.size() || states.qualities.size() != rows.size() ||
        states.timestamps.size() != rows.size() || states.values.count != rows.size()) {
      return false;
    }
    wire::ValueCursor cursor(states.values);
    for (size_t index = 0; index < rows.size(); ++index) {
      Variant value;
      if (FAILED(TakeVariant(cursor, value.Out()))) return false;
      if (FAILED(states.errors[index])) {
        Fail(rows[index], ClientResult(states.errors[index]));
        continue;
      }
      Put(rows[index], std::move(value), states.qualities[index], states.timestamps[index]);
      errors_[rows[index]] = states.errors[index];
    }
    return true;
  }
  HRESULT Give(VARIANT** values, WORD** qualities, FILETIME** times, HRESULT** errors) {
    const HRESULT result = Result();
    *values = values_.Detach();
    *qualities = qualities_.Detach();
    *times = times_.Detach();
    *errors = errors_.Detach();
    return result;
  }
  // The same rows as OPCITEMSTATE.
  HRESULT Give(const std::vector<OPCHANDLE>& clients, OPCITEMSTATE** states, HRESULT** errors) {
    TaskArray<OPCITEMSTATE> rows(count_);
    if (!rows) return E_OUTOFMEMORY;
    for (DWORD row = 0; row < count_; ++row) {
      rows[row].hClient = clients[row];
      rows[row].ftTimeStamp = times_[row];
      rows[row].wQuality = qualities_[row];
      rows[row].vDataValue = values_[row];
      VariantInit(&values_[row]);
    }
    const HRESULT result = Result();
    *states = rows.Detach();
    *errors = errors_.Detach();
    return result;
  }

 private:
  HRESULT Result() const {
    for (DWORD row = 0; row < count_; ++row) {
      if (errors_[row] != S_OK) return S_FALSE;
    }
    return S_OK;
  }

  TaskArray<VARIANT> values_;
  TaskArray<WORD> qualities_;
  TaskArray<FILETIME> times_;
  TaskArray<HRESULT> errors_;
  const DWORD count_;
};

}  // namespace understudy
