// Entries of COM classes in the registry (HKEY_LOCAL_MACHINE\Software\Classes).
#pragma once

#include <windows.h>

#include <objbase.h>
#include <comcat.h>

#include <string>
#include <vector>

namespace understudy {

struct ExeServer {
  CLSID clsid;
  std::wstring prog_id;
  std::wstring version_independent_prog_id;  // empty = none
  std::wstring description;
  std::wstring command;  // of LocalServer32
  std::vector<CATID> categories;
};

HRESULT RegisterExeServer(const ExeServer& server);
// Takes away what RegisterExeServer wrote. S_OK also where nothing was there.
HRESULT UnregisterExeServer(const ExeServer& server);

// In braces.
std::wstring TextOf(REFGUID guid);
// The full path of the running program.
std::wstring ProgramPath();

}  // namespace understudy
