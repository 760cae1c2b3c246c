// The thread on which a client's callbacks are made, so that a client that is slow in them holds up nobody else.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "sync.h"

namespace understudy {

class Delivery {
 public:
  // False where no thread could be started.
  static std::shared_ptr<Delivery> Start();

  // Runs on the thread, in the order of posting; dropped after Stop.
  void Post(std::function<void()> task);
  // Does not wait: the client's thread may be the one a callback is waiting for.
  void Stop();

 private:
  void Run();

  Handle wake_ = AutoEvent();
  Mutex mutex_;
  std::deque<std::function<void()>> tasks_;
  bool is_stopped_ = false;
};

}  // namespace understudy
