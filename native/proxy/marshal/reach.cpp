#include "reach.h"

#include <string>
#include <vector>

#include "../text.h"

namespace understudy {
namespace {

bool IsFile(const std::wstring& path) {
  const DWORD attributes = GetFileAttributesW(path.c_str());
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
}

bool IsRegistered(REFCLSID clsid, REGSAM view) {
  const std::wstring path = L"SOFTWARE\\Classes\\CLSID\\" + GuidText(clsid) + L"\\InprocServer32";
  HKEY key = nullptr;
  if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, KEY_READ | view, &key) != ERROR_SUCCESS) return false;
  std::vector<wchar_t> file(32768);
  auto size = static_cast<DWORD>(file.size() * sizeof(wchar_t));
  // RRF_RT_REG_SZ also admits REG_EXPAND_SZ, expanded.
  const LSTATUS status = RegGetValueW(key, nullptr, nullptr, RRF_RT_REG_SZ, nullptr, file.data(), &size);
  RegCloseKey(key);
  return status == ERROR_SUCCESS && IsFile(file.data());
}

bool Runs64Bit() {
  BOOL is_emulated = FALSE;
  return sizeof(void*) == 8 || (IsWow64Process(GetCurrentProcess(), &is_emulated) && is_emulated);
}

bool Runs32Bit() {
  if (sizeof(void*) == 4) return true;
  wchar_t folder[MAX_PATH] = {};
  const UINT size = GetSystemWow64DirectoryW(folder, MAX_PATH);
  return size > 0 && size < MAX_PATH && IsFile(std::wstring(folder) + L"\\kernel32.dll");
}

}  // namespace

bool CanClientsLoadProxy(REFCLSID clsid, LocalClients policy) {
  if (policy == LocalClients::kInExe) return false;
  if (Runs64Bit() && !IsRegistered(clsid, KEY_WOW64_64KEY)) return false;
  return policy == LocalClients::kInClientOf64Bit || !Runs32Bit() || IsRegistered(clsid, KEY_WOW64_32KEY);
}

}  // namespace understudy
