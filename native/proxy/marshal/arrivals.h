// The server objects that were made in this process for objects of the EXE.
#pragma once

#include <windows.h>

#include "../../common/com/com_ptr.h"

namespace understudy {

class ServerObject;

// A place in the list of those that arrived; part of the object itself, so the list owns nothing.
class Arrival {
 public:
  Arrival() = default;
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;

  void Enter(REFGUID instance, ServerObject* object);
  // Before any part of the object has ended.
  void Leave();
  // Null where none arrived of this instance, or it is about to end.
  static ComPtr<ServerObject> Find(REFGUID instance);

 private:
  GUID instance_ = {};
  ServerObject* object_ = nullptr;
  Arrival* next_ = nullptr;
};

}  // namespace understudy
