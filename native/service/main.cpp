// understudy-service.exe: the Windows service that runs the broker. It starts the command line it was installed with, says
// to the service control manager that the service runs once the command prints a line with "ready":true, and ends with
// it. What the service is asked for goes to the command's standard input as a line: "stop" or "reload" (paramchange).
//   --install NAME COMMAND   makes the service, or changes it; started with Windows, started again when it fails
//   --uninstall NAME         marks it for deletion; it goes when it has ended
//   --query NAME             absent, stopped, starting, running, stopping
//   --control NAME ACTION    start, stop, reload
//   --run NAME               what the service control manager calls
// COMMAND lies in the registry below the service, Parameters\Command. Errors: one line on standard error, exit code 1.
#include <windows.h>

#include <cstdio>
#include <string>
#include <thread>

#include "child.h"
#include "scm.h"

namespace {

using understudy::service::Child;

constexpr DWORD kStartHintMs = 60'000;
/** More than the two seconds in which the broker promises to end. */
constexpr DWORD kStopPatienceMs = 8'000;

SERVICE_STATUS_HANDLE g_status_handle = nullptr;
SERVICE_STATUS g_status = {};
HANDLE g_stop_asked = nullptr;
Child* g_child = nullptr;
std::wstring g_name;

void Report(DWORD state, DWORD exit_code = NO_ERROR, DWORD specific = 0, DWORD hint_ms = 0) {
  g_status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
  g_status.dwCurrentState = state;
  const bool is_settled = state == SERVICE_RUNNING;
  g_status.dwControlsAccepted =
      is_settled ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PARAMCHANGE | SERVICE_ACCEPT_PRESHUTDOWN | SERVICE_ACCEPT_SHUTDOWN : 0;
  g_status.dwWin32ExitCode = exit_code;
  g_status.dwServiceSpecificExitCode = specific;
  g_status.dwWaitHint = hint_ms;
  g_status.dwCheckPoint = is_settled || state == SERVICE_STOPPED ? 0 : g_status.dwCheckPoint + 1;
  SetServiceStatus(g_status_handle, &g_status);
}

DWORD WINAPI OnControl(DWORD control, DWORD, void*, void*) {
  switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_SHUTDOWN:
    case SERVICE_CONTROL_PRESHUTDOWN:
      Report(SERVICE_STOP_PENDING, NO_ERROR, 0, kStopPatienceMs);
      SetEvent(g_stop_asked);
      return NO_ERROR;
    case SERVICE_CONTROL_PARAMCHANGE:
      if (g_child) g_child->Tell("reload");
      return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
      return NO_ERROR;
    default:
      return ERROR_CALL_NOT_IMPLEMENTED;
  }
}

void WINAPI ServiceMain(DWORD, wchar_t**) {
  g_status_handle = RegisterServiceCtrlHandlerExW(g_name.c_str(), OnControl, nullptr);
  if (!g_status_handle) return;
  Report(SERVICE_START_PENDING, NO_ERROR, 0, kStartHintMs);
  g_stop_asked = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  std::wstring command;
  DWORD error = understudy::service::ReadCommand(g_name, command);
  Child child;
  if (error == ERROR_SUCCESS) error = child.Start(command);
  if (error != ERROR_SUCCESS) {
    Report(SERVICE_STOPPED, error);
    return;
  }
  g_child = &child;
  std::thread reader([&] {
    child.ReadUntilEnd([](const std::string& line) {
      if (line.find("\"ready\":true") != std::string::npos && g_status.dwCurrentState == SERVICE_START_PENDING) {
        Report(SERVICE_RUNNING);
      }
    });
  });
  const HANDLE waited[] = {child.process(), g_stop_asked};
  const bool is_asked = WaitForMultipleObjects(2, waited, FALSE, INFINITE) == WAIT_OBJECT_0 + 1;
  if (is_asked) {
    child.Tell("stop");
    if (WaitForSingleObject(child.process(), kStopPatienceMs) != WAIT_OBJECT_0) child.End();
  }
  const DWORD code = child.ExitCode();
  g_child = nullptr;
  child.End();
  reader.join();
  // An end that nobody has asked for is a failure, whatever the code: the service control manager starts it again.
  if (is_asked) Report(SERVICE_STOPPED);
  else Report(SERVICE_STOPPED, ERROR_SERVICE_SPECIFIC_ERROR, code == 0 ? 1 : code);
}

int Run(const std::wstring& name) {
  g_name = name;
  const SERVICE_TABLE_ENTRYW table[] = {{g_name.data(), ServiceMain}, {nullptr, nullptr}};
  if (StartServiceCtrlDispatcherW(table)) return 0;
  return understudy::service::Complain(L"run", GetLastError());
}

int Usage() {
  std::fputs("understudy-service: --install NAME COMMAND, --uninstall NAME, --query NAME, --control NAME ACTION\n", stderr);
  return 2;
}

}  // namespace

int wmain(int count, wchar_t** arguments) {
  if (count < 3) return Usage();
  const std::wstring action = arguments[1];
  const std::wstring name = arguments[2];
  if (action == L"--run") return Run(name);
  if (action == L"--query") return understudy::service::Query(name);
  if (action == L"--uninstall") return understudy::service::Uninstall(name);
  if (action == L"--install" && count == 4) return understudy::service::Install(name, arguments[3]);
  if (action == L"--control" && count == 4) return understudy::service::Control(name, arguments[3]);
  return Usage();
}
