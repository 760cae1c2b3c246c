#include "outbox.h"

namespace understudy::helper {

void Outbox::DataChange(wire::DataChange& change) {
  const auto key = std::make_pair(change.server, change.group);
  std::lock_guard lock(mutex_);
  if (!writer_.TrySend(wire::EncodeEvent(change))) {
    dropped_[key] += change.items.size();
    return;
  }
  const auto dropped = dropped_.find(key);
  if (dropped == dropped_.end()) return;
  wire::Overflow overflow;
  overflow.server = change.server;
  overflow.group = change.group;
  overflow.values = dropped->second;
  dropped_.erase(dropped);
  writer_.Send(wire::EncodeEvent(overflow));
}

}  // namespace understudy::helper
