// Asynchronous reads and writes that wait for the server's callback.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "../common/com/task_memory.h"
#include "outbox.h"

namespace understudy::helper {

struct PendingIo {
  std::shared_ptr<Responder> responder;
  bool is_read = false;
  std::vector<uint32_t> items;  // of the request, in its order
  DWORD cancel_id = 0;
  bool returned = false;   // the call that began it came back
  bool completed = false;  // the callback came
  // By row of the request.
  std::vector<HRESULT> errors;
  std::vector<WORD> qualities;
  std::vector<FILETIME> times;
  std::vector<Variant> values;
};

// The callback may come before the call that began the transaction has returned.
class PendingTable {
 public:
  // Begins a transaction; its id is never 0.
  DWORD Begin(std::shared_ptr<Responder> responder, bool is_read, const std::vector<uint32_t>& items);
  // Notes what the beginning call said and answers if nothing more will come. `waiting` = rows a callback will tell of.
  void Returned(DWORD transaction, HRESULT result, DWORD cancel_id, const std::vector<size_t>& rows,
                const HRESULT* errors);
  // Rows of the callback by the items' handles.
  void Completed(DWORD transaction, DWORD count, const DWORD* items, const VARIANT* values, const WORD* qualities,
                 const FILETIME* times, const HRESULT* errors);
  void Cancelled(DWORD transaction);
  // 0 where no transaction answers this request.
  DWORD CancelIdOf(uint32_t correlation) const;
  // Answers everything that waits; the group is gone.
  void FailAll(HRESULT result);

 private:
  // With the lock held: takes the transaction out if it is ready, to be answered outside the lock.
  std::shared_ptr<PendingIo> TakeIfReady(DWORD transaction);
  static void Answer(PendingIo& io);

  mutable std::mutex mutex_;
  std::map<DWORD, std::shared_ptr<PendingIo>> table_;
  DWORD last_ = 0;
};

}  // namespace understudy::helper
