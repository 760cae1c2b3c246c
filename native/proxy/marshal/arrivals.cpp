#include "arrivals.h"

#include "../server_object.h"

namespace understudy {
namespace {

// Needs no destructor: threads may still run when the process ends.
SRWLOCK lock = SRWLOCK_INIT;
Arrival* first = nullptr;

class Locked {
 public:
  Locked() { AcquireSRWLockExclusive(&lock); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  ~Locked() { ReleaseSRWLockExclusive(&lock); }
};

}  // namespace

void Arrival::Enter(REFGUID instance, ServerObject* object) {
  const Locked locked;
  instance_ = instance;
  object_ = object;
  next_ = first;
  first = this;
}

void Arrival::Leave() {
  const Locked locked;
  for (Arrival** at = &first; *at; at = &(*at)->next_) {
    if (*at != this) continue;
    *at = next_;
    return;
  }
}

ComPtr<ServerObject> Arrival::Find(REFGUID instance) {
  const Locked locked;
  for (const Arrival* each = first; each; each = each->next_) {
    if (IsEqualGUID(each->instance_, instance) && each->object_->TryAddRef()) return ComPtr<ServerObject>::Adopt(each->object_);
  }
  return nullptr;
}

}  // namespace understudy
