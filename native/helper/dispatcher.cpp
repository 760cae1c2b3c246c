#include "dispatcher.h"

#include <objbase.h>

namespace understudy::helper {

void Dispatcher::Post(Lane lane, Task task) {
  std::lock_guard lock(mutex_);
  if (lane == kFree) return Enqueue(std::move(task));
  Queue& queue = lanes_[lane];
  queue.tasks.push_back(std::move(task));
  if (queue.running) return;
  queue.running = true;
  Enqueue([this, lane] { RunLane(lane); });
}

// With the lock held.
void Dispatcher::Enqueue(Task task) {
  ready_.push_back(std::move(task));
  if (idle_ < static_cast<int>(ready_.size()) && threads_ < kMostThreads) {
    ++threads_;
    std::thread([this] { Run(); }).detach();
  }
  wake_.notify_one();
}

// One task; then the lane queues up again, so that no lane keeps a thread for itself.
void Dispatcher::RunLane(Lane lane) {
  Task task;
  {
    std::lock_guard lock(mutex_);
    Queue& queue = lanes_[lane];
    task = std::move(queue.tasks.front());
    queue.tasks.pop_front();
  }
  task();
  std::lock_guard lock(mutex_);
  Queue& queue = lanes_[lane];
  if (queue.tasks.empty()) lanes_.erase(lane);
  else Enqueue([this, lane] { RunLane(lane); });
}

// Threads stay: their number is bounded, and the process ends as a whole.
void Dispatcher::Run() {
  CoInitializeEx(nullptr, COINIT_MULTITHREADED);
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return !ready_.empty(); });
    --idle_;
    const Task task = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace understudy::helper
