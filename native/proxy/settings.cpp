#include "settings.h"

#include <objbase.h>

#include <algorithm>

#include "text.h"

namespace understudy {
namespace {

class Key {
 public:
  explicit Key(const std::wstring& path) {
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, KEY_READ | KEY_WOW64_64KEY, &key_) != ERROR_SUCCESS) key_ = nullptr;
  }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key() {
    if (key_) RegCloseKey(key_);
  }
  explicit operator bool() const { return key_ != nullptr; }

  std::optional<std::wstring> Text(LPCWSTR name) const {
    DWORD size = 0;
    if (!key_ || RegGetValueW(key_, nullptr, name, RRF_RT_REG_SZ, nullptr, nullptr, &size) != ERROR_SUCCESS) return std::nullopt;
    std::wstring text(size / sizeof(wchar_t), L'\0');
    if (RegGetValueW(key_, nullptr, name, RRF_RT_REG_SZ, nullptr, text.data(), &size) != ERROR_SUCCESS) return std::nullopt;
    text.resize(wcslen(text.c_str()));
    return text;
  }

  DWORD Number(LPCWSTR name, DWORD otherwise) const {
    DWORD number = 0;
    DWORD size = sizeof number;
    const bool found = key_ && RegGetValueW(key_, nullptr, name, RRF_RT_REG_DWORD, nullptr, &number, &size) == ERROR_SUCCESS;
    return found ? number : otherwise;
  }

 private:
  HKEY key_ = nullptr;
};

std::optional<std::wstring> Environment(LPCWSTR name) {
  const DWORD size = GetEnvironmentVariableW(name, nullptr, 0);
  if (size == 0) return std::nullopt;
  std::wstring text(size, L'\0');
  text.resize(GetEnvironmentVariableW(name, text.data(), size));
  return text;
}

}  // namespace

BrokerSettings ReadBrokerSettings() {
  const Key key(L"SOFTWARE\\Understudy\\Broker");
  BrokerSettings settings;
  const auto endpoint = Environment(L"UNDERSTUDY_DA_ENDPOINT");
  settings.endpoint = endpoint ? *endpoint : key.Text(L"Endpoint").value_or(L"pipe:understudy-da");
  settings.token = Environment(L"UNDERSTUDY_DA_TOKEN");
  if (!settings.token) settings.token = key.Text(L"Token");
  settings.call_deadline_ms = std::clamp<DWORD>(key.Number(L"CallDeadlineMs", settings.call_deadline_ms), 100, 600000);
  settings.connect_timeout_ms = std::min<DWORD>(key.Number(L"ConnectTimeoutMs", settings.connect_timeout_ms), 60000);
  const DWORD local_clients = key.Number(L"LocalClientsInProcess", static_cast<DWORD>(settings.local_clients));
  // An unknown number is taken as the careful one.
  settings.local_clients = local_clients <= 2 ? static_cast<LocalClients>(local_clients) : LocalClients::kInExe;
  return settings;
}

std::optional<ClassSettings> ReadClassSettings(REFCLSID clsid) {
  const Key key(L"SOFTWARE\\Understudy\\Proxy\\" + GuidText(clsid));
  const auto target = key.Text(L"Target");
  if (!target) return std::nullopt;
  ClassSettings settings;
  settings.clsid = clsid;
  settings.target = *target;
  CLSID original;
  const auto text = key.Text(L"Original");
  if (text && SUCCEEDED(CLSIDFromString(text->c_str(), &original))) settings.original = original;
  settings.original_machine = key.Text(L"OriginalMachine").value_or(L"");
  if (_wcsicmp(settings.original_machine.c_str(), L"localhost") == 0) settings.original_machine.clear();
  settings.is_original_forbidden = key.Number(L"ForbidOriginal", 0) == 1;
  return settings;
}

}  // namespace understudy
