#include "item_table.h"

namespace understudy {
namespace {

constexpr size_t kFreeBeforeReuse = 1000;

}  // namespace

uint32_t ItemTable::Add(Item item) {
  uint32_t handle = 0;
  item.state = Item::State::kPending;
  if (free_.size() > kFreeBeforeReuse) {
    handle = free_.front();
    free_.pop_front();
    items_[handle - 1] = std::move(item);
  } else {
    items_.push_back(std::move(item));
    handle = static_cast<uint32_t>(items_.size());
  }
  ++count_;
  return handle;
}

void ItemTable::Remove(uint32_t handle) {
  Item* item = FindAny(handle);
  if (!item) return;
  *item = Item();
  free_.push_back(handle);
  --count_;
}

Item* ItemTable::FindAny(uint32_t handle) {
  if (handle == 0 || handle > items_.size()) return nullptr;
  Item& item = items_[handle - 1];
  return item.state == Item::State::kFree ? nullptr : &item;
}

Item* ItemTable::Find(uint32_t handle) {
  Item* item = FindAny(handle);
  return item && item->state != Item::State::kPending ? item : nullptr;
}

std::vector<uint32_t> ItemTable::Handles() const {
  std::vector<uint32_t> handles;
  for (size_t index = 0; index < items_.size(); ++index) {
    const Item::State state = items_[index].state;
    if (state == Item::State::kLive || state == Item::State::kMissing) handles.push_back(static_cast<uint32_t>(index + 1));
  }
  return handles;
}

}  // namespace understudy
