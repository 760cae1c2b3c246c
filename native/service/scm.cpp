// The service control manager.
#include "scm.h"

#include <cstdio>
#include <vector>

namespace understudy::service {

namespace {

class Handle {
 public:
  explicit Handle(SC_HANDLE handle) : handle_(handle) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (handle_) CloseServiceHandle(handle_);
  }
  SC_HANDLE get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  SC_HANDLE handle_;
};

constexpr wchar_t kDisplayName[] = L"Understudy";
constexpr wchar_t kDescription[] = L"Redundancy broker between OPC clients and pairs of OPC servers.";

std::wstring KeyOf(const std::wstring& name) { return L"SYSTEM\\CurrentControlSet\\Services\\" + name + L"\\Parameters"; }

std::wstring OwnPath() {
  std::vector<wchar_t> path(32768);
  path.resize(GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size())));
  return std::wstring(path.begin(), path.end());
}

DWORD WriteCommand(const std::wstring& name, const std::wstring& command) {
  HKEY key = nullptr;
  LONG error = RegCreateKeyExW(HKEY_LOCAL_MACHINE, KeyOf(name).c_str(), 0, nullptr, 0, KEY_SET_VALUE, nullptr, &key, nullptr);
  if (error != ERROR_SUCCESS) return static_cast<DWORD>(error);
  const DWORD bytes = static_cast<DWORD>((command.size() + 1) * sizeof(wchar_t));
  error = RegSetValueExW(key, L"Command", 0, REG_SZ, reinterpret_cast<const BYTE*>(command.c_str()), bytes);
  RegCloseKey(key);
  return static_cast<DWORD>(error);
}

/** Started again after 1 s, 5 s, then each time after 1 min; also when it ends by itself with a failure. */
void SetRecovery(SC_HANDLE service) {
  SC_ACTION actions[] = {{SC_ACTION_RESTART, 1000}, {SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 60'000}};
  SERVICE_FAILURE_ACTIONSW recovery = {};
  recovery.dwResetPeriod = 24 * 60 * 60;
  recovery.cActions = 3;
  recovery.lpsaActions = actions;
  ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &recovery);
  SERVICE_FAILURE_ACTIONS_FLAG flag = {TRUE};
  ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &flag);
  SERVICE_PRESHUTDOWN_INFO preshutdown = {10'000};
  ChangeServiceConfig2W(service, SERVICE_CONFIG_PRESHUTDOWN_INFO, &preshutdown);
  std::wstring text = kDescription;
  SERVICE_DESCRIPTIONW description = {text.data()};
  ChangeServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, &description);
}

const char* StateName(DWORD state) {
  switch (state) {
    case SERVICE_STOPPED: return "stopped";
    case SERVICE_START_PENDING: return "starting";
    case SERVICE_STOP_PENDING: return "stopping";
    default: return "running";
  }
}

}  // namespace

int Complain(const wchar_t* what, DWORD error) {
  wchar_t* text = nullptr;
  FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr, error, 0,
                 reinterpret_cast<wchar_t*>(&text), 0, nullptr);
  std::wstring detail = text ? text : L"";
  LocalFree(text);
  while (!detail.empty() && (detail.back() == L'\n' || detail.back() == L'\r' || detail.back() == L' ')) detail.pop_back();
  std::fprintf(stderr, "%ls: error %lu: %ls\n", what, static_cast<unsigned long>(error), detail.c_str());
  return 1;
}

int Install(const std::wstring& name, const std::wstring& command) {
  const Handle manager(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CREATE_SERVICE | SC_MANAGER_CONNECT));
  if (!manager) return Complain(L"OpenSCManager", GetLastError());
  const std::wstring program = L"\"" + OwnPath() + L"\" --run " + name;
  SC_HANDLE made = CreateServiceW(manager.get(), name.c_str(), kDisplayName, SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                                  SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, program.c_str(), nullptr, nullptr, nullptr, nullptr,
                                  nullptr);
  const bool is_new = made != nullptr;
  if (!made && GetLastError() == ERROR_SERVICE_EXISTS) made = OpenServiceW(manager.get(), name.c_str(), SERVICE_ALL_ACCESS);
  const Handle service(made);
  if (!service) return Complain(L"CreateService", GetLastError());
  if (!is_new && !ChangeServiceConfigW(service.get(), SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL,
                                       program.c_str(), nullptr, nullptr, nullptr, nullptr, nullptr, kDisplayName)) {
    return Complain(L"ChangeServiceConfig", GetLastError());
  }
  if (const DWORD error = WriteCommand(name, command); error != ERROR_SUCCESS) {
    if (is_new) DeleteService(service.get());
    return Complain(L"Parameters", error);
  }
  SetRecovery(service.get());
  return 0;
}

int Uninstall(const std::wstring& name) {
  const Handle manager(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
  if (!manager) return Complain(L"OpenSCManager", GetLastError());
  const Handle service(OpenServiceW(manager.get(), name.c_str(), DELETE));
  if (!service) return Complain(L"OpenService", GetLastError());
  if (!DeleteService(service.get())) return Complain(L"DeleteService", GetLastError());
  return 0;
}

int Query(const std::wstring& name) {
  const Handle manager(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
  if (!manager) return Complain(L"OpenSCManager", GetLastError());
  const Handle service(OpenServiceW(manager.get(), name.c_str(), SERVICE_QUERY_STATUS));
  if (!service) {
    const DWORD error = GetLastError();
    if (error != ERROR_SERVICE_DOES_NOT_EXIST) return Complain(L"OpenService", error);
    std::puts("absent");
    return 0;
  }
  SERVICE_STATUS status = {};
  if (!QueryServiceStatus(service.get(), &status)) return Complain(L"QueryServiceStatus", GetLastError());
  std::puts(StateName(status.dwCurrentState));
  return 0;
}

int Control(const std::wstring& name, const std::wstring& action) {
  const Handle manager(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
  if (!manager) return Complain(L"OpenSCManager", GetLastError());
  const DWORD rights = SERVICE_START | SERVICE_STOP | SERVICE_PAUSE_CONTINUE | SERVICE_QUERY_STATUS;
  const Handle service(OpenServiceW(manager.get(), name.c_str(), rights));
  if (!service) return Complain(L"OpenService", GetLastError());
  SERVICE_STATUS status = {};
  const bool is_done = action == L"start"    ? StartServiceW(service.get(), 0, nullptr) != 0
                       : action == L"reload" ? ControlService(service.get(), SERVICE_CONTROL_PARAMCHANGE, &status) != 0
                       : action == L"stop"   ? ControlService(service.get(), SERVICE_CONTROL_STOP, &status) != 0
                                             : (SetLastError(ERROR_INVALID_PARAMETER), false);
  return is_done ? 0 : Complain(action.c_str(), GetLastError());
}

DWORD ReadCommand(const std::wstring& name, std::wstring& command) {
  std::vector<wchar_t> value(32768);
  DWORD bytes = static_cast<DWORD>(value.size() * sizeof(wchar_t));
  const LONG error =
      RegGetValueW(HKEY_LOCAL_MACHINE, KeyOf(name).c_str(), L"Command", RRF_RT_REG_SZ, nullptr, value.data(), &bytes);
  if (error == ERROR_SUCCESS) command = value.data();
  return static_cast<DWORD>(error);
}

}  // namespace understudy::service
