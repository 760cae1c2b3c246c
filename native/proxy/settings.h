// What the registry tells the proxy; native/wire/PROTOCOL.md, "The proxy leg".
#pragma once

#include <windows.h>

#include <optional>
#include <string>

namespace understudy {

struct BrokerSettings {
  std::wstring endpoint;
  std::optional<std::wstring> token;
  DWORD call_deadline_ms = 10000;
  DWORD connect_timeout_ms = 2000;
};

struct ClassSettings {
  CLSID clsid = {};
  std::wstring target;
  std::optional<CLSID> original;
  // Empty: this machine.
  std::wstring original_machine;
  bool is_original_forbidden = false;
};

BrokerSettings ReadBrokerSettings();

// Nothing where the class is none of ours.
std::optional<ClassSettings> ReadClassSettings(REFCLSID clsid);

}  // namespace understudy
