#include "delivery.h"

#include <objbase.h>

#include "module.h"

namespace understudy {

std::shared_ptr<Delivery> Delivery::Start() {
  const auto delivery = std::make_shared<Delivery>();
  return Module::StartThread([delivery] { delivery->Run(); }) ? delivery : nullptr;
}

void Delivery::Post(std::function<void()> task) {
  const Lock lock(mutex_);
  if (is_stopped_) return;
  tasks_.push_back(std::move(task));
  SetEvent(wake_.get());
}

void Delivery::Stop() {
  std::deque<std::function<void()>> dropped;  // destroyed after the lock is free
  const Lock lock(mutex_);
  is_stopped_ = true;
  dropped.swap(tasks_);
  SetEvent(wake_.get());
}

void Delivery::Run() {
  if (FAILED(CoInitializeEx(nullptr, COINIT_MULTITHREADED))) return;
  while (true) {
    std::function<void()> task;
    bool is_stopped = false;
    {
      const Lock lock(mutex_);
      is_stopped = is_stopped_;
      if (!is_stopped && !tasks_.empty()) {
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
    }
    if (is_stopped) break;
    if (task) task();
    else WaitForSingleObject(wake_.get(), INFINITE);
  }
  CoUninitialize();
}

}  // namespace understudy
