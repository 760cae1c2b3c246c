// The proxy as an out-of-process server: understudy-da-proxy.exe /class:{CLSID}, started by COM, one process for all
// clients of a class.
#include <objbase.h>

#include <cwchar>

#include "../class_factory.h"
#include "../event_log.h"
#include "../sync.h"

using namespace understudy;

namespace {

// Nobody uses the process any more: COM gives the class object to no new client from that moment.
HANDLE last_released = nullptr;

void Added() { CoAddRefServerProcess(); }

void Released() {
  if (CoReleaseServerProcess() == 0) SetEvent(last_released);
}

std::optional<CLSID> ClassOf(const wchar_t* command_line) {
  const wchar_t* at = wcsstr(command_line, L"/class:");
  if (!at) return std::nullopt;
  const std::wstring text(at + 7, wcsnlen(at + 7, 38));
  CLSID clsid;
  if (FAILED(CLSIDFromString(text.c_str(), &clsid))) return std::nullopt;
  return clsid;
}

int Serve(const ClassSettings& about) {
  const Handle quit = ManualEvent();
  last_released = quit.get();
  DWORD cookie = 0;
  {
    const auto factory = ComPtr<ClassFactory>::Adopt(new ClassFactory(about));
    // The factory itself keeps no process alive; only what clients make with it does.
    Module::OnCount(Added, Released);
    const HRESULT result =
        CoRegisterClassObject(about.clsid, factory.get(), CLSCTX_LOCAL_SERVER, REGCLS_MULTIPLEUSE | REGCLS_SUSPENDED, &cookie);
    if (FAILED(result) || FAILED(CoResumeClassObjects())) return 3;
    WaitForSingleObject(quit.get(), INFINITE);
    CoRevokeClassObject(cookie);
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
