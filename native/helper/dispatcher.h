// Runs requests on threads of the multi-threaded apartment: those of one lane one after another, lanes beside each other.
#pragma once

#include <windows.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace understudy::helper {

class Dispatcher {
 public:
  using Task = std::function<void()>;
  using Lane = uint64_t;

  // The order in which requests about one thing are carried out.
  static Lane LaneOf(uint32_t server, uint32_t group) { return (uint64_t{server} << 32) | group; }
  // Of requests that no order binds.
  static constexpr Lane kFree = ~uint64_t{0};

  void Post(Lane lane, Task task);

  // A slow server may block as many calls as this before others wait.
  static constexpr int kMostThreads = 128;

 private:
  struct Queue {
    std::deque<Task> tasks;
    bool running = false;
  };

  void Run();
  void Enqueue(Task task);
  void RunLane(Lane lane);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<Lane, Queue> lanes_;
  std::deque<Task> ready_;
  int threads_ = 0;
  int idle_ = 0;
};

}  // namespace understudy::helper
