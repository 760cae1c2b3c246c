// The class of the original server where a ProgID leads to the proxy (the hook keeps it, src/opc/da/hook).
#pragma once

#include <windows.h>

#include <objbase.h>

#include <string>

namespace understudy {

inline bool FindOriginalClass(const std::wstring& prog_id, CLSID& clsid) {
  HKEY key = nullptr;
  if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Understudy\\Originals", 0, KEY_READ | KEY_WOW64_64KEY, &key) != ERROR_SUCCESS) {
    return false;
  }
  wchar_t text[64] = {};
  DWORD size = sizeof text;
  const LSTATUS status = RegGetValueW(key, nullptr, prog_id.c_str(), RRF_RT_REG_SZ, nullptr, text, &size);
  RegCloseKey(key);
  return status == ERROR_SUCCESS && SUCCEEDED(CLSIDFromString(text, &clsid));
}

}  // namespace understudy
