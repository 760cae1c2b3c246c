// The service control manager: making, changing, asking and removing the service. Each function but ReadCommand returns
// the program's exit code.
#pragma once

#include <windows.h>

#include <string>

namespace understudy::service {

int Install(const std::wstring& name, const std::wstring& command);
int Uninstall(const std::wstring& name);
int Query(const std::wstring& name);
int Control(const std::wstring& name, const std::wstring& action);
/** The command line the service was installed with. ERROR_SUCCESS or why not. */
DWORD ReadCommand(const std::wstring& name, std::wstring& command);
/** Says on standard error what failed and why. */
int Complain(const wchar_t* what, DWORD error);

}  // namespace understudy::service
