// The items of a group as the client sees them, with their last values. Guarded by the group's lock.
#pragma once

#include <windows.h>

#include <deque>
#include <string>
#include <vector>

#include "../common/com/task_memory.h"
#include <opcda.h>

namespace understudy {

struct Item {
  // missing: the client has it, but the server that is active now refused it.
  enum class State : uint8_t { kFree, kPending, kLive, kMissing };

  State state = State::kFree;
  bool is_active = false;
  bool has_value = false;
  // Changed while it could not be told to the client.
  bool is_dirty = false;
  WORD quality = 0;
  VARTYPE requested_type = VT_EMPTY;
  VARTYPE canonical_type = VT_EMPTY;
  DWORD access_rights = 0;
  OPCHANDLE client = 0;
  HRESULT error = S_OK;
  uint64_t timestamp = 0;
  Variant value;
  std::wstring item_id;
  std::wstring access_path;
};

class ItemTable {
 public:
  // The new item's handle; its state is pending.
  uint32_t Add(Item item);
  void Remove(uint32_t handle);
  // An item that the client may name; null where the handle is wrong.
  Item* Find(uint32_t handle);
  // Pending ones too.
  Item* FindAny(uint32_t handle);
  // Handles of all that the client may name, in the order of the table.
  std::vector<uint32_t> Handles() const;
  size_t size() const { return count_; }

 private:
  std::vector<Item> items_;
  // First in, first out: a handle that was just freed is not given to another item at once.
  std::deque<uint32_t> free_;
  size_t count_ = 0;
};

}  // namespace understudy
