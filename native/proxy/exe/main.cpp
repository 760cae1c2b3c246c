// The proxy as an out-of-process server: understudy-da-proxy.exe /class:{CLSID}, started by COM, one process for all
// clients of a class.
#include <objbase.h>

#include <atomic>
#include <cwchar>

#include "../class_factory.h"
#include "../event_log.h"
#include "../sync.h"

using namespace understudy;

namespace {

// Clients come in crowds, and one that gets its object into its own process needs this one for a moment only.
constexpr DWORD kLingerMs = 2000;
// COM started it for somebody, who may be slow to come.
constexpr DWORD kFirstLingerMs = 30000;
constexpr DWORD kStepMs = 50;

// Something was let go.
HANDLE released = nullptr;
std::atomic<bool> was_used;

void Added() {
  was_used = true;
  CoAddRefServerProcess();
}

void Released() {
  CoReleaseServerProcess();
  SetEvent(released);
}

std::optional<CLSID> ClassOf(const wchar_t* command_line) {
  const wchar_t* at = wcsstr(command_line, L"/class:");
  if (!at) return std::nullopt;
  const std::wstring text(at + 7, wcsnlen(at + 7, 38));
  CLSID clsid;
  if (FAILED(CLSIDFromString(text.c_str(), &clsid))) return std::nullopt;
  return clsid;
}

// Returns when clients have held nothing beyond `own` for a while.
void WaitUntilUnused(long own, DWORD first_linger_ms, DWORD linger_ms) {
  ULONGLONG unused_since_ms = GetTickCount64();
  while (true) {
    const bool is_used = Module::Count() > own;
    WaitForSingleObject(released, is_used ? INFINITE : kStepMs);
    const ULONGLONG now_ms = GetTickCount64();
    if (is_used || Module::Count() > own) unused_since_ms = now_ms;
    else if (now_ms - unused_since_ms >= (was_used ? linger_ms : first_linger_ms)) return;
  }
}

int Serve(const ClassSettings& about) {
  const Handle event = AutoEvent();
  released = event.get();
  {
    const auto factory = ComPtr<ClassFactory>::Adopt(new ClassFactory(about));
    // The factory itself keeps no process alive; only what clients make with it does.
    const long own = Module::Count();
    Module::OnCount(Added, Released);
    // Of this process itself, so that COM gives the class object to new clients until it wants to end.
    CoAddRefServerProcess();
    DWORD cookie = 0;
    const HRESULT result =
        CoRegisterClassObject(about.clsid, factory.get(), CLSCTX_LOCAL_SERVER, REGCLS_MULTIPLEUSE | REGCLS_SUSPENDED, &cookie);
    if (FAILED(result) || FAILED(CoResumeClassObjects())) return 3;
    WaitUntilUnused(own, kFirstLingerMs, kLingerMs);
    // From now on COM starts another process for new clients; who came in at this moment is still served.
    CoReleaseServerProcess();
    CoRevokeClassObject(cookie);
    WaitUntilUnused(own, 0, 0);
    Module::OnCount(nullptr, nullptr);
  }
  // The last session's threads say goodbye to the broker.
  for (int round = 0; round < 100 && Module::Threads() > 0; ++round) Sleep(20);
  return 0;
}

}  // namespace

int WINAPI wWinMain(HINSTANCE, HINSTANCE, wchar_t* command_line, int) {
  const auto clsid = ClassOf(command_line);
  const auto about = clsid ? ReadClassSettings(*clsid) : std::nullopt;
  if (!about) {
    Report(Severity::kError, L"The proxy was started for a class that is not registered with Understudy.");
    return 2;
  }
  if (FAILED(CoInitializeEx(nullptr, COINIT_MULTITHREADED))) return 1;
  const int code = Serve(*about);
  CoUninitialize();
  return code;
}
