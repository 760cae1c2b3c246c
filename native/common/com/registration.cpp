#include "registration.h"

namespace understudy {
namespace {

const std::wstring kClasses = L"Software\\Classes\\";

HRESULT SetText(const std::wstring& key, const wchar_t* name, const std::wstring& text) {
  HKEY handle;
  LSTATUS status = RegCreateKeyExW(HKEY_LOCAL_MACHINE, (kClasses + key).c_str(), 0, nullptr, 0, KEY_WRITE, nullptr,
                                   &handle, nullptr);
  if (status == ERROR_SUCCESS) {
    status = RegSetValueExW(handle, name, 0, REG_SZ, reinterpret_cast<const BYTE*>(text.c_str()),
                            static_cast<DWORD>((text.size() + 1) * sizeof(wchar_t)));
    RegCloseKey(handle);
  }
  return HRESULT_FROM_WIN32(static_cast<DWORD>(status));
}

HRESULT DeleteTree(const std::wstring& key) {
  const LSTATUS status = RegDeleteTreeW(HKEY_LOCAL_MACHINE, (kClasses + key).c_str());
  return status == ERROR_FILE_NOT_FOUND ? S_OK : HRESULT_FROM_WIN32(static_cast<DWORD>(status));
}

}  // namespace

std::wstring TextOf(REFGUID guid) {
  wchar_t text[40];
  StringFromGUID2(guid, text, 40);
  return text;
}

std::wstring ProgramPath() {
  wchar_t path[MAX_PATH * 4];
  const DWORD size = GetModuleFileNameW(nullptr, path, MAX_PATH * 4);
  return std::wstring(path, size);
}

HRESULT RegisterExeServer(const ExeServer& server) {
  const std::wstring clsid = TextOf(server.clsid);
  const std::wstring key = L"CLSID\\" + clsid;
  struct Entry {
    std::wstring key;
    std::wstring text;
  };
  std::vector<Entry> entries = {
      {key, server.description},
      {key + L"\\ProgID", server.prog_id},
      {key + L"\\LocalServer32", server.command},
      {server.prog_id, server.description},
      {server.prog_id + L"\\CLSID", clsid},
      // By this DA 1.0 clients recognise OPC servers.
      {server.prog_id + L"\\OPC", L""},
  };
  if (!server.version_independent_prog_id.empty()) {
    entries.push_back({key + L"\\VersionIndependentProgID", server.version_independent_prog_id});
  }
  for (const CATID& category : server.categories) {
    entries.push_back({key + L"\\Implemented Categories\\" + TextOf(category), L""});
  }
  for (const Entry& entry : entries) {
    const HRESULT result = SetText(entry.key, nullptr, entry.text);
    if (FAILED(result)) return result;
  }
  return S_OK;
}

HRESULT UnregisterExeServer(const ExeServer& server) {
  const HRESULT first = DeleteTree(L"CLSID\\" + TextOf(server.clsid));
  const HRESULT second = DeleteTree(server.prog_id);
  return FAILED(first) ? first : second;
}

}  // namespace understudy
