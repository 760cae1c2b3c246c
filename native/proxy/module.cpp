#include "module.h"

#include <atomic>
#include <memory>

namespace understudy {
namespace {

// Zero-initialized before any code runs; the counters of a module are its only global state.
std::atomic<long> references;
std::atomic<long> threads;
void (*on_added)() = nullptr;
void (*on_released)() = nullptr;

struct Start {
  std::function<void()> body;
  HMODULE module = nullptr;
};

DWORD WINAPI Run(void* argument) {
  HMODULE module = nullptr;
  {
    const std::unique_ptr<Start> start(static_cast<Start*>(argument));
    module = start->module;
    try {
      start->body();
    } catch (...) {
      // Out of memory in a thread of ours must not end the client's process.
    }
  }
  --threads;
  FreeLibraryAndExitThread(module, 0);
}

}  // namespace

void Module::AddRef() {
  ++references;
  if (on_added) on_added();
}

void Module::Release() {
  --references;
  if (on_released) on_released();
}

long Module::Count() { return references.load(); }

void Module::OnCount(void (*added)(), void (*released)()) {
  on_added = added;
  on_released = released;
}

bool Module::IsProgram() { return on_added != nullptr; }

bool Module::StartThread(std::function<void()> body) {
  auto start = std::make_unique<Start>();
  start->body = std::move(body);
  if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, reinterpret_cast<LPCWSTR>(&references), &start->module)) {
    return false;
  }
  ++threads;
  HANDLE thread = CreateThread(nullptr, 0, Run, start.get(), 0, nullptr);
  if (!thread) {
    --threads;
    FreeLibrary(start->module);
    return false;
  }
  start.release();
  CloseHandle(thread);
  return true;
}

long Module::Threads() { return threads.load(); }

}  // namespace understudy
